package player

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/metadata"
	"github.com/segue-audio/segue/player/waveform"
)

// factsKept is for how many entries is kept what their files said of themselves: those that were opened last.
const factsKept = 16

// facts is what is known of entries beside their items. Its methods may be called from any goroutine.
type facts struct {
	mu    sync.Mutex
	by    map[EntryID]*fact
	order []EntryID // the one that was opened last at the end
}

// fact is what is known of one entry.
type fact struct {
	metadata *metadata.Metadata // what the file says; nil before
	lyrics   *metadata.Lyrics   // what the app gave
	shown    *metadata.Metadata // both together; nil where there is neither
	outline  *waveform.Builder
}

// of gives what is known of an entry, made where nothing is. f.mu is held.
func (f *facts) of(id EntryID) *fact {
	if f.by == nil {
		f.by = map[EntryID]*fact{}
	}
	k := f.by[id]
	if k == nil {
		k = &fact{}
		f.by[id] = k
	}
	if n := len(f.order); n == 0 || f.order[n-1] != id {
		f.order = append(slices.DeleteFunc(f.order, func(o EntryID) bool { return o == id }), id)
	}
	if len(f.order) > factsKept {
		delete(f.by, f.order[0])
		f.order = slices.Delete(f.order, 0, 1)
	}
	return k
}

// outline is what an entry's outline is made in.
func (f *facts) outline(id EntryID) *waveform.Builder {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.of(id)
	if k.outline == nil {
		k.outline = &waveform.Builder{}
	}
	return k.outline
}

// learn keeps what a file says of itself and gives what an app is to see of it.
func (f *facts) learn(id EntryID, m metadata.Metadata) *metadata.Metadata {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.of(id)
	k.metadata = &m
	return k.show()
}

// sing gives an entry lyrics of the app's.
func (f *facts) sing(id EntryID, l metadata.Lyrics) *metadata.Metadata {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.of(id)
	k.lyrics = &l
	return k.show()
}

// metadata gives what an app is to see of an entry; nil where nothing is known.
func (f *facts) metadata(id EntryID) *metadata.Metadata {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k := f.by[id]; k != nil {
		return k.shown
	}
	return nil
}

// show puts the app's lyrics in front of what is in the file.
func (k *fact) show() *metadata.Metadata {
	m := metadata.Metadata{}
	if k.metadata != nil {
		m = *k.metadata
	}
	if k.lyrics != nil {
		m.Lyrics = append([]metadata.Lyrics{*k.lyrics}, m.Lyrics...)
	}
	k.shown = &m
	return k.shown
}

// Metadata is what an entry's file says of itself, as far as that is known: from when it was opened on, for
// the last 16 entries. Long pictures lack their Data; see ReadMetadata. Titles that the app gave in Item stand
// beside it.
func (p *Player) Metadata(id EntryID) (m metadata.Metadata, ok bool) {
	known := p.facts.metadata(id)
	if known == nil {
		return m, false
	}
	return *known, true
}

// SetLyrics gives an entry lyrics that go before those of its file: see metadata.ParseLRC and ParseWebVTT.
// They are kept as long as Metadata is.
func (p *Player) SetLyrics(id EntryID, l metadata.Lyrics) {
	p.mail.post(func() {
		p.emit(id, MetadataChanged{*p.facts.sing(id, l)})
		p.telling.stale = true
	})
}

// Waveform is an entry's outline as far as it was decoded; ok is false where nothing was, or
// Config.Waveforms is not set. It is kept as long as Metadata is, and in the cache once it is complete.
func (p *Player) Waveform(id EntryID) (w waveform.Waveform, ok bool) {
	p.facts.mu.Lock()
	var b *waveform.Builder
	if k := p.facts.by[id]; k != nil {
		b = k.outline
	}
	p.facts.mu.Unlock()
	if b == nil {
		return w, false
	}
	w = b.Waveform()
	return w, len(w.Points) > 0
}

// specOf is what a pipeline is told of an item, whatever the settings of the moment.
func specOf(it Item) pipeline.Spec {
	spec := pipeline.Spec{Spec: loader.Spec{URL: it.URL, Header: it.Header, ContentID: it.ContentID, Stop: it.Stop}}
	for _, a := range it.Alternatives {
		spec.Alternatives = append(spec.Alternatives, loader.Location(a))
	}
	if it.Resolve != nil {
		spec.Resolve = func(ctx context.Context) (string, http.Header, error) {
			loc, err := it.Resolve(ctx)
			return loc.URL, loc.Header, err
		}
	}
	return spec
}
