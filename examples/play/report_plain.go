package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/telemetry"
)

// plainReport writes a line for what people care about: tracks and seeks on out, trouble on err.
type plainReport struct {
	out, err io.Writer
	held     string // what was said of what holds the music back
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
	case player.Seeked:
		r.say("playing  from " + clock(w.Position))
	case player.Failed:
		printError(r.err, w.Err)
	default:
		r.condition(e)
	}
}

// condition tells what is not about a track but about the way it is heard.
func (r *plainReport) condition(e player.Event) {
	switch w := e.What.(type) {
	case player.StateChanged:
		if words := holdWords(w.Holds); words != r.held {
			if r.held = words; words != "" {
				r.say("waiting  " + words)
			}
		}
		if w.Intent == player.Paused && w.Reason == player.ReasonSleep {
			r.say("asleep   by the timer")
		}
	case player.SilenceSkipped:
		r.say(fmt.Sprintf("skipped  %.1f s of silence at %s", (w.To - w.From).Seconds(), clock(w.From)))
	case player.LiveMoved:
		r.say(fmt.Sprintf("live     goes on at %s, not at %s: %s", clock(w.To), clock(w.From), w.Reason))
	case player.MusicMissing:
		r.say(fmt.Sprintf("missing  %.1f s at %s: %s", w.Length.Seconds(), clock(w.Position), w.Reason))
	case player.ChapterChanged:
		if w.Index >= 0 {
			r.say("chapter  " + printable(w.Chapter.Title))
		}
	case player.TimedMetadata:
		if words := timedWords(&w.Metadata); words != "" {
			r.say("now      " + words)
		}
	case player.OutputRestored:
		r.say(fmt.Sprintf("output   back after %.1f s", w.After.Seconds()))
	}
}

// holdWords says what holds the music back; empty for nothing.
func holdWords(h player.Hold) string {
	var words []string
	for _, k := range []struct {
		hold player.Hold
		text string
	}{
		{player.HoldOutput, "output lost: trying again"},
		{player.HoldNetwork, "for the network"},
		{player.HoldFocus, "for another sound to end"},
	} {
		if h.Has(k.hold) {
			words = append(words, k.text)
		}
	}
	return strings.Join(words, ", ")
}

func (r *plainReport) ended(time.Time, telemetry.Track) {}

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
