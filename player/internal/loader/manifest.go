package loader

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/hls"
)

// errNotManifest: the URL gives something else, perhaps media.
var errNotManifest = errors.New("not a manifest")

// openManifest reads the topmost manifest, where that isn't known from before, and says what there is.
func (l *Loader) openManifest(ctx context.Context) error {
	if !l.opened {
		if err := l.open(ctx); err != nil {
			return err
		}
		l.known.settle(l.location, l.presentation)
	}
	if l.progress.opened.Swap(true) && l.current >= 0 {
		return nil // after a wait
	}
	// The length comes with the first media playlist; it is the same in all.
	if l.current < 0 {
		d, err := l.decide(ctx)
		if err != nil {
			return err
		}
		l.noteLength(l.playlist(d.Index))
		l.settle(l.playlist(d.Index))
		l.showWindow()
	}
	l.announce()
	return nil
}

// announce tells what there is.
func (l *Loader) announce() {
	var shown []Rendition
	for _, s := range l.sources {
		shown = append(shown, Rendition{Bitrate: s.Bitrate, Codecs: s.Codecs, Name: s.Name, Lossless: lossless(s.Codecs)})
	}
	l.task.Note(Opened{shown, l.progress.Length()})
}

// open reads the topmost manifest.
func (l *Loader) open(ctx context.Context) error {
	doc, err := l.manifestText(ctx, topName, l.top, l.otherPlace())
	if err != nil {
		if errors.Is(err, fetch.ErrTooLarge) && !strings.HasSuffix(l.top.Path, ".m3u8") {
			return errNotManifest
		}
		return err
	}
	if looksLikeMPD([]byte(doc.Body)) {
		return l.openMPD(ctx, doc)
	}
	if places, ok, err := listed(doc); err != nil {
		return err
	} else if ok {
		return &expanded{places}
	}
	if !looksLikePlaylist([]byte(doc.Body)) {
		switch filepath.Ext(l.top.Path) {
		case ".m3u8", ".m3u", ".mpd", ".pls", ".xspf", ".asx":
			return fmt.Errorf("%w: neither HLS nor DASH, nor a list", manifest.ErrFormat)
		}
		return errNotManifest
	}
	base, err := url.Parse(doc.URL)
	if err != nil {
		return err
	}
	h, err := hls.Parse([]byte(doc.Body), base, nil)
	if err != nil {
		return err
	}
	p := l.presentation
	l.opener = true
	if h.Presentation != nil {
		p.master, p.sources = h, playable(h.Presentation.Select(l.env.Prefer))
		p.using = make([]int, len(p.sources))
		l.steerBy(h.Presentation.Steering)
	} else {
		p.using = make([]int, 1)
		p.sources = []manifest.Rendition{{URL: base}}
		if err := l.take(target{}, h.Playlist, h); err != nil {
			return err
		}
	}
	p.describe()
	return nil
}

// describe makes known to the rule what the sources are: the presentation is open.
func (p *presentation) describe() {
	p.renditions = nil
	for _, s := range p.sources {
		p.renditions = append(p.renditions, abr.Rendition{Bitrate: s.Bitrate, Lossless: lossless(s.Codecs), Codecs: s.Codecs, SampleRate: s.SampleRate})
	}
	p.opened = true
}

// playable leaves out the renditions that no decoder is at hand for, unless none would be left: then
// the first packet says better what is missing.
func playable(all []manifest.Rendition) []manifest.Rendition {
	some := slices.DeleteFunc(slices.Clone(all), func(r manifest.Rendition) bool { return undecodable(r.Codecs) })
	if len(some) == 0 {
		return all
	}
	return some
}

// undecodable tells whether a CODECS attribute names a coding of sound that is known and not built in,
// and no other.
func undecodable(codecsAttr string) bool {
	foreign := false
	for name := range strings.SplitSeq(codecsAttr, ",") {
		family, _, _ := strings.Cut(strings.TrimSpace(name), ".")
		switch family {
		case "ac-3", "ec-3", "ac-4", "mha1", "mhm1", "dtsc", "dtse", "dtsh", "dtsl", "dtsx", "iamf":
			foreign = true
		default:
			return false
		}
	}
	return foreign
}

// lossless tells whether a CODECS attribute names a coding that loses nothing.
func lossless(codecsAttr string) bool {
	for _, p := range []string{"fLaC", "flac", "alac", "ipcm", "fpcm"} {
		if strings.HasPrefix(codecsAttr, p) {
			return true
		}
	}
	return false
}

// list gives the media playlist of rendition i.
func (l *Loader) list(ctx context.Context, i int) (*manifest.Playlist, error) {
	if list := l.playlist(i); list != nil {
		if !l.outdated(i) {
			return l.indexed(ctx, i)
		}
		if err := l.reload(ctx, i, -1, -1); err != nil {
			return nil, err
		}
		if list := l.playlist(i); list != nil {
			return l.indexed(ctx, i)
		}
	}
	t := l.at(i)
	doc, err := l.manifestText(ctx, l.relative(l.urlOf(t)), l.urlOf(t), l.elsewhere(i))
	if err != nil {
		return nil, Stage("load playlist", err)
	}
	if err := l.setList(t, doc); err != nil {
		return nil, Stage("load playlist", err)
	}
	return l.playlist(i), nil
}

// setList reads the media playlist of one of a rendition's URLs.
func (l *Loader) setList(t target, doc document) error {
	base, err := url.Parse(doc.URL)
	if err != nil {
		return err
	}
	var before *hls.Document
	if g := l.grows[t]; g != nil {
		before = g.doc
	}
	h, err := hls.ParseUpdate([]byte(doc.Body), base, l.master, before)
	if err != nil {
		return err
	}
	if h.Playlist == nil {
		return fmt.Errorf("%w: a master playlist within a master playlist", manifest.ErrFormat)
	}
	return l.take(t, h.Playlist, h)
}

// usable refuses what can't be played yet.
func usable(p *manifest.Playlist) error {
	switch {
	case len(p.Segments) == 0:
		return fmt.Errorf("%w: no segments", manifest.ErrFormat)
	case p.Live == nil && !p.Segments[len(p.Segments)-1].Whole():
		return fmt.Errorf("%w: the last segment is in parts", manifest.ErrUnsupported)
	}
	return clearable(p)
}

// clearable refuses encryption that nothing here can take off.
func clearable(p *manifest.Playlist) error {
	for i := range p.Segments {
		for _, k := range [...]*manifest.Key{p.Segments[i].Key, p.Segments[i].InitKey} {
			if k == nil || k.Method == "AES-128" && k.URL != nil {
				continue
			}
			var ways []string
			for _, system := range k.Systems {
				ways = append(ways, system.Format)
			}
			return fmt.Errorf("%w: encryption %.40s by %.200s", manifest.ErrUnsupported, k.Method, strings.Join(ways, ", "))
		}
	}
	return nil
}

func (l *Loader) noteLength(p *manifest.Playlist) {
	if live(p) != nil {
		l.progress.SetLength(0)
		return
	}
	d := p.Duration()
	if p.Trim != nil && p.Trim.Length > 0 {
		d = p.Trim.Length.Duration(p.TrimRate)
	}
	if stop := l.task.Spec.Stop; stop > 0 {
		d = min(d, stop)
	}
	l.progress.SetLength(d)
}
