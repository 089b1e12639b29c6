package hls

import (
	"errors"
	"net/url"
	"testing"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/address"
)

// checkDocument holds what must be true of every document.
func checkDocument(t testing.TB, doc *Document) {
	t.Helper()
	if (doc.Presentation == nil) == (doc.Playlist == nil) {
		t.Fatalf("not exactly one of presentation and playlist: %+v", doc)
	}
	if p := doc.Presentation; p != nil {
		if len(p.Renditions) == 0 {
			t.Fatal("no renditions")
		}
		for _, list := range [][]manifest.Rendition{p.Renditions, p.Others} {
			for i, r := range list {
				if r.URL == nil || i > 0 && r.Bitrate < list[i-1].Bitrate || r.VariantID != "" && r.RenditionID != "" {
					t.Fatalf("rendition %d: %+v", i, r)
				}
				if n := len(r.Pathways); n > 0 && n != 1+len(r.Mirrors) || (n > 0) != (p.Steering != nil) {
					t.Fatalf("rendition %d: %d pathways, %d mirrors, steering %v", i, n, len(r.Mirrors), p.Steering)
				}
			}
		}
		return
	}
	checkPlaylist(t, doc.Playlist)
}

func checkPlaylist(t testing.TB, p *manifest.Playlist) {
	t.Helper()
	if p.Ended != (p.Live == nil) || p.Ended && len(p.Segments) == 0 || p.Live != nil && (p.Live.Reload <= 0 || p.Live.HoldBack <= 0) {
		t.Fatalf("ended %v, live %+v", p.Ended, p.Live)
	}
	names := map[string]string{}
	once := func(r *manifest.Resource) {
		u := *r.URL
		u.User = nil
		id := address.Part(u.String(), r.Offset, r.Length)
		if other, ok := names[r.Name]; ok && other != id {
			t.Fatalf("%q names both %s and %s", r.Name, other, id)
		}
		names[r.Name] = id
	}
	dated := len(p.Segments) > 0 && !p.Segments[0].Time.IsZero()
	for i := range p.Segments {
		s := &p.Segments[i]
		if i > 0 {
			before := &p.Segments[i-1]
			if s.Start != before.Start+before.Duration || s.Sequence != before.Sequence+1 {
				t.Fatalf("segment %d: start %v, sequence %d", i, s.Start, s.Sequence)
			}
		}
		if s.Duration < 0 || s.Duration.Seconds() > p.Target.Seconds()+0.5 || s.Length < 0 || s.Offset < 0 ||
			s.Sequence < 0 || s.Time.IsZero() == dated {
			t.Fatalf("segment %d: %+v, target %v", i, s, p.Target)
		}
		for _, k := range []*manifest.Key{s.Key, s.InitKey} {
			if k != nil && (k.Method == "" || k.URL == nil && len(k.Systems) == 0) {
				t.Fatalf("segment %d: key %+v", i, k)
			}
		}
		for k := range s.Parts {
			once(&s.Parts[k].Resource)
		}
		switch {
		case s.URL != nil:
			once(&s.Resource)
		case i < len(p.Segments)-1 || len(s.Parts) == 0:
			t.Fatalf("segment %d has neither a URL nor parts", i)
		}
	}
	for _, r := range p.Ranges {
		if r.ID == "" && r.Start.IsZero() || r.From < -1 {
			t.Fatalf("range %+v", r)
		}
	}
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// errorIs is errors.Is for which nil is an error too.
func errorIs(err, want error) bool {
	if want == nil {
		return err == nil
	}
	return errors.Is(err, want)
}

// checkError: every error has a kind, and is short enough to be shown.
func checkError(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, manifest.ErrFormat) && !errors.Is(err, manifest.ErrUnsupported) && !errors.Is(err, manifest.ErrLimit) {
		t.Fatalf("an error without a kind: %v", err)
	}
	if n := len(err.Error()); n > 500 {
		t.Fatalf("an error of %d bytes", n)
	}
}
