package main

import (
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/segue-audio/segue/player"
)

// plainReport writes a line for what people care about: tracks and seeks on out, trouble on err.
type plainReport struct {
	out, err io.Writer
}

func (r *plainReport) event(e player.Event) {
	switch w := e.What.(type) {
	case player.TrackStarted:
		line := "playing  " + itemLine(w.Item)
		if w.Duration > 0 {
			line += "  " + clock(w.Duration)
		}
		r.say(line)
	case player.RenditionChanged:
		if w.From < 0 {
			r.say(fmt.Sprintf("quality  %s %s", w.Bitrate, codecName(w.Codecs)))
			return
		}
		r.say(fmt.Sprintf("quality  %s %s from %s on (%s)", w.Bitrate, codecName(w.Codecs), clock(w.Position), w.Reason))
	case player.Rebuffering:
		r.say("waiting  at " + clock(w.Position) + " for more music")
	case player.Rebuffered:
		r.say(fmt.Sprintf("playing  again after %.1f s", w.Length.Seconds()))
	case player.ChapterChanged:
		if w.Index >= 0 {
			r.say("chapter  " + printable(w.Chapter.Title))
		}
	case player.TimedMetadata:
		if tags := w.Metadata.Tags; tags.Title != "" {
			r.say("now      " + itemLine(player.Item{Title: tags.Title, Artist: tags.Artist}))
		}
	case player.Seeked:
		r.say("playing  from " + clock(w.Position))
	case player.Failed:
		printError(r.err, w.Err)
	}
}

func (r *plainReport) say(line string) {
	_, _ = fmt.Fprintln(r.out, line) // a reader that has gone away ends nothing but the reports
}

func (r *plainReport) seeking(time.Duration) {}

func (r *plainReport) notice(text string) { printNotice(r.err, text) }

func (r *plainReport) finish(summary) {}

// printError gives an error its one line on standard error, code first.
func printError(w io.Writer, e *player.Error) {
	word := "error"
	if !e.Fatal {
		word = "warning"
	}
	_, _ = fmt.Fprintf(w, "play: %s %s\n", word, printable(e.Error()))
}

func printNotice(w io.Writer, text string) { _, _ = fmt.Fprintf(w, "play: %s\n", printable(text)) }

// itemLine is an item in a line: Title · Artist · Album, as far as they are known.
func itemLine(it player.Item) string {
	line := itemTitle(it)
	if it.Artist != "" {
		line += " · " + printable(it.Artist)
	}
	if it.Album != "" {
		line += " · " + printable(it.Album)
	}
	return line
}

func itemTitle(it player.Item) string {
	if it.Title != "" {
		return printable(it.Title)
	}
	return printable(shownURL(it.URL))
}

// shownURL is a URL without the secrets that it may hold: user and password, query and fragment. A
// path stays as it is.
func shownURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return raw
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// clock is a position as m:ss or h:mm:ss.
func clock(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
