package hls

import (
	"fmt"
	"hash/crc32"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

// dumper writes the model down, a line for each thing, and what is zero not at all.
type dumper struct {
	strings.Builder
	urls bool // with the URLs, else with the names alone
}

// dump is all that a document gives, with its URLs.
func dump(d *Document) string {
	w := dumper{urls: true}
	w.document(d)
	return w.String()
}

// outline is dump without URLs, and with a digest in place of the middle of a long list.
func outline(d *Document) string {
	var w dumper
	w.document(d)
	lines := strings.Split(strings.TrimSuffix(w.String(), "\n"), "\n")
	const head, tail = 26, 4
	if len(lines) <= head+tail+2 {
		return w.String()
	}
	cut := lines[head : len(lines)-tail]
	sum := crc32.ChecksumIEEE([]byte(strings.Join(cut, "\n")))
	lines = slices.Concat(lines[:head], []string{fmt.Sprintf("… %d lines, CRC %08x", len(cut), sum)}, lines[len(lines)-tail:])
	return strings.Join(lines, "\n") + "\n"
}

func (w *dumper) document(d *Document) {
	if p := d.Presentation; p != nil {
		for i := range p.Renditions {
			w.rendition(d, "rendition", &p.Renditions[i])
		}
		for i := range p.Others {
			w.rendition(d, "other", &p.Others[i])
		}
		if s := p.Steering; s != nil {
			fmt.Fprintf(w, "steering url=%v data=%q prefix=%s pathway=%q\n", s.URL, s.Data, s.Prefix, s.Pathway)
		}
		for _, s := range p.Data {
			fmt.Fprintf(w, "data %+v\n", s)
		}
		for i := range p.Keys {
			w.key("session key", &p.Keys[i])
		}
		if b := d.begin; b != nil {
			fmt.Fprintf(w, "begin %v precise=%v\n", b.offset, b.precise)
		}
		return
	}
	w.playlist(d.Playlist)
}

func (w *dumper) rendition(d *Document, what string, r *manifest.Rendition) {
	fmt.Fprintf(w, "%s peak=%d", what, r.Bitrate)
	w.ifSet(" average=%d", r.Average)
	w.ifSet(" codecs=%q", r.Codecs)
	w.ifSet(" name=%q", r.Name)
	w.ifSet(" language=%s", r.Language)
	w.ifSet(" channels=%d", r.Channels)
	w.ifSet(" rate=%d", r.SampleRate)
	if len(r.Roles) > 0 {
		fmt.Fprintf(w, " roles=%q", r.Roles)
	}
	w.ifSet(" variant=%q", r.VariantID)
	w.ifSet(" stable=%q", r.RenditionID)
	if len(r.Pathways) > 0 {
		fmt.Fprintf(w, " pathways=%q", r.Pathways)
	}
	w.WriteByte('\n')
	for _, u := range append([]*url.URL{r.URL}, r.Mirrors...) {
		w.place(manifest.Resource{URL: u, Name: d.Name(u)})
	}
}

// ifSet writes a value that isn't zero.
func (w *dumper) ifSet(format string, v any) {
	if !reflect.ValueOf(v).IsZero() {
		fmt.Fprintf(w, format, v)
	}
}

func (w *dumper) place(r manifest.Resource) {
	if w.urls {
		fmt.Fprintf(w, "  url  %s (%d+%d)\n", r.URL, r.Offset, r.Length)
	}
	fmt.Fprintf(w, "  name %s\n", r.Name)
}

func (w *dumper) playlist(p *manifest.Playlist) {
	fmt.Fprintf(w, "playlist ended=%v target=%v segments=%d duration=%v", p.Ended, p.Target, len(p.Segments), p.Duration())
	w.ifSet(" breaks=%d", p.Breaks)
	if p.Begin != nil {
		fmt.Fprintf(w, " begin=%v", *p.Begin)
	}
	if p.Trim != nil {
		fmt.Fprintf(w, " trim=%d+%d/%d", p.Trim.Start, p.Trim.Length, p.TrimRate)
	}
	w.WriteByte('\n')
	if l := p.Live; l != nil {
		w.live(l)
	}
	for _, r := range p.Ranges {
		fmt.Fprintf(w, "range %q %s to %s", r.ID, stamp(r.Start), stamp(r.End))
		if r.From >= 0 {
			fmt.Fprintf(w, " from=%v", r.From)
		}
		w.ifSet(" class=%s", r.Class)
		for _, k := range slices.Sorted(maps.Keys(r.Attributes)) {
			fmt.Fprintf(w, " %s=%.60s", k, r.Attributes[k])
		}
		w.WriteByte('\n')
	}
	var init *manifest.Resource
	for i := range p.Segments {
		s := &p.Segments[i]
		if s.Init != init {
			if init = s.Init; init != nil {
				w.WriteString("init\n")
				w.place(*init)
				w.key("  key", s.InitKey)
			}
		}
		w.segment(s)
	}
}

func (w *dumper) live(l *manifest.Live) {
	fmt.Fprintf(w, "live reload=%v sliding=%v hold=%v", l.Reload, l.Sliding, l.HoldBack)
	w.ifSet(" part=%v", l.PartTarget)
	w.ifSet(" part-hold=%v", l.PartHoldBack)
	w.ifSet(" blocks=%v", l.Blocks)
	w.ifSet(" skips=%v", l.Skips)
	w.ifSet(" skips-ranges=%v", l.SkipsRanges)
	if l.Next != nil {
		fmt.Fprintf(w, " next=%s", l.Next.Name)
	}
	for _, r := range l.Reports {
		fmt.Fprintf(w, " report=%s@%d.%d", r.URL, r.Sequence, r.Part)
	}
	w.WriteByte('\n')
}

func (w *dumper) segment(s *manifest.Segment) {
	fmt.Fprintf(w, "segment %d %v+%v", s.Sequence, s.Start, s.Duration)
	w.ifSet(" discontinuity=%v", s.Discontinuity)
	w.ifSet(" gap=%v", s.Gap)
	if !s.Time.IsZero() {
		w.WriteString(" at " + stamp(s.Time))
	}
	if s.URL == nil {
		w.WriteString(" of parts alone\n")
	} else if w.urls {
		w.WriteByte('\n')
		w.place(s.Resource)
	} else {
		w.WriteString(" " + s.Name + "\n")
	}
	for _, p := range s.Parts {
		fmt.Fprintf(w, "  part %v %s", p.Duration, p.Name)
		w.ifSet(" independent=%v", p.Independent)
		w.ifSet(" gap=%v", p.Gap)
		w.WriteByte('\n')
	}
	w.key("  key", s.Key)
}

func (w *dumper) key(what string, k *manifest.Key) {
	if k == nil {
		return
	}
	fmt.Fprintf(w, "%s %s iv=%x", what, k.Method, k.IV)
	if k.URL != nil {
		fmt.Fprintf(w, " %s", k.Name)
		if w.urls {
			fmt.Fprintf(w, " %s", k.URL)
		}
	}
	w.WriteByte('\n')
	for _, s := range k.Systems {
		fmt.Fprintf(w, "    %s url=%.60v data=%.40q kid=%x\n", s.Format, s.URL, s.Data, s.KID)
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "…"
	}
	return t.Format(time.RFC3339Nano)
}
