package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// table writes lines of a name and what it is. Its first error is kept, and nothing is written after it.
type table struct {
	w   *tabwriter.Writer
	err error
}

func (t *table) row(name, format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, "%s\t%s\n", name, printable(fmt.Sprintf(format, args...)))
	}
}

// text writes a row unless there is nothing to tell.
func (t *table) text(name, value string) {
	if value != "" {
		t.row(name, "%s", value)
	}
}

// printable keeps what files and servers say of themselves from moving the terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, s)
}

// printReport writes a report for people; further says that one stands in front of it.
func printReport(w io.Writer, r *report, further bool) error {
	t := &table{w: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	if further {
		_, t.err = fmt.Fprintln(w)
	}
	verdict := "can be played"
	if !r.Playable {
		verdict = "can't be played"
	} else if r.List != nil {
		verdict = "a list: give me its places"
	}
	if t.err == nil { // beside the table, which it would make as wide as itself
		_, t.err = fmt.Fprintf(w, "%s: %s\n", printable(r.What), verdict)
	}
	t.place(r)
	for i, place := range r.List {
		t.row(fmt.Sprintf("  %d", i+1), "%s", place)
	}
	if r.Radio != nil {
		t.text("  station", r.Radio.Name)
		t.text("  genre", r.Radio.Genre)
		t.text("  on now", r.Radio.Title)
	}
	t.stream("  ", r.Stream)
	t.about(r.About)
	if m := r.Manifest; m != nil {
		t.manifest(m)
	}
	t.problem("  ", r.Problem)
	if t.err != nil {
		return t.err
	}
	return t.w.Flush()
}

func (t *table) place(r *report) {
	t.text("  protocol", r.Protocol)
	t.text("  type", r.Type)
	if r.Bytes > 0 {
		t.row("  size", "%d bytes", r.Bytes)
	}
	if r.Ranges != nil && !*r.Ranges {
		t.row("  ranges", "none: a seek waits for all that lies before it")
	}
}

func (t *table) problem(indent string, p *problem) {
	if p != nil {
		t.row(indent+"reason", "%d %s: %s", p.Code, p.Reason, p.Error)
		t.row(indent+"what to do", "%s", p.Advice)
	}
}

func (t *table) stream(indent string, s *streamReport) {
	if s == nil {
		return
	}
	coding := s.Codec
	if s.Profile != "" {
		coding += " " + s.Profile
	}
	if s.Lossless {
		coding += ", lossless"
	}
	t.row(indent+"sound", "%s in %s", coding, s.Container)
	format := fmt.Sprintf("%d Hz, %s", s.SampleRate, count(s.Channels, "channel"))
	if s.BitDepth > 0 && s.Lossless {
		format += fmt.Sprintf(", %d bits", s.BitDepth)
	}
	t.row(indent+"format", "%s", format)
	if s.Bitrate > 0 {
		t.row(indent+"bit rate", "%v on average", media.Bitrate(s.Bitrate))
	}
	if s.Duration > 0 {
		t.row(indent+"duration", "%s", s.Duration)
	}
	if s.Trim != nil && s.Trim.Length > 0 {
		t.row(indent+"trimming", "%d frames left out in front, %d heard", s.Trim.Start, s.Trim.Length)
	} else if s.Trim != nil {
		t.row(indent+"trimming", "%d frames left out in front", s.Trim.Start)
	}
	if s.Packets > 0 {
		t.row(indent+"packets", "%d", s.Packets)
	}
	if d := s.Decoded; d != nil {
		t.row(indent+"decoded", "%d frames heard, %s damaged", d.Heard, count(d.Damaged, "packet"))
		t.text(indent+"damage", d.Error)
	}
}

func (t *table) about(a *aboutReport) {
	if a == nil {
		return
	}
	for _, row := range [][2]string{{"title", a.Title}, {"artist", a.Artist}, {"album", a.Album}, {"album artist", a.AlbumArtist},
		{"composer", a.Composer}, {"genre", a.Genre}, {"year", number(a.Year)}, {"track", number(a.Track)}, {"disc", number(a.Disc)}} {
		t.text("  "+row[0], row[1])
	}
	for _, gain := range []struct {
		name string
		db   *float64
	}{{"track gain", a.TrackGain}, {"album gain", a.AlbumGain}} {
		if gain.db != nil {
			t.row("  "+gain.name, "%+.2f dB", *gain.db)
		}
	}
	for _, p := range a.Pictures {
		t.row("  picture", "%s, %d bytes", p.Type, p.Bytes)
	}
	for _, c := range a.Chapters {
		t.row("  chapter", "%s %s", c.Start, c.Title)
	}
	if a.Lyrics > 0 {
		t.row("  lyrics", "%s", count(a.Lyrics, "line"))
	}
}

func (t *table) manifest(m *manifestReport) {
	kind := m.Kind
	if m.Live {
		kind += ", live"
	}
	t.row("  manifest", "%s, %s", kind, count(len(m.Renditions), "rendition"))
	if m.Duration > 0 {
		t.row("  duration", "%s", m.Duration)
	}
	for _, r := range m.Renditions {
		var of []string
		if r.Bitrate > 0 {
			of = append(of, media.Bitrate(r.Bitrate).String())
		}
		for _, s := range []string{r.Codecs, r.Name, r.Language} {
			if s != "" {
				of = append(of, s)
			}
		}
		if r.Segments > 0 {
			of = append(of, fmt.Sprintf("%s of up to %s", count(r.Segments, "segment"), r.Target))
		}
		if len(r.Encryption) > 0 {
			of = append(of, "encrypted: "+strings.Join(r.Encryption, " "))
		}
		t.row("  rendition", "%s", strings.Join(of, ", "))
		t.stream("    ", r.Stream)
		t.problem("    ", r.Problem)
	}
}

// String gives a time as people write it.
func (s seconds) String() string {
	return time.Duration(float64(s) * float64(time.Second)).Round(time.Millisecond).String()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
