package player

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/pipeline"
)

// actor is the state that only the control goroutine touches. Everything arrives through the
// mailbox: commands, notes of the loaders and decoders, notes of the mixer; and what the mixer has
// marked comes true when its frame is heard.
type actor struct {
	queue   []Entry
	current EntryID // heard, or about to be
	intent  Intent
	phase   Phase
	broken  error
	volume  float64
	speed   float64

	mixingEntry *pipeline.Entry            // what the mixer is at, as far as is known
	following   *pipeline.Entry            // what it was told to go on with
	settled     bool                       // it was told that nothing follows
	head        atomic.Pointer[headEntry]  // for the loaders: what is heard before them
	live        map[*pipeline.Entry]*track // not ended yet
	heardEntry  *pipeline.Entry            // audible
	map0        mapping

	seeking   chan error // who waits for the position of mixingEntry
	waiting   []chan error
	failures  []error
	stats     Stats
	playedAt  time.Time // of the first Play
	dryAt     time.Duration
	idCounter atomic.Int64
}

// seeking is the reason of a begin within the track that is heard.
const seeking = "seek"

// headEntry is the entry that the mixer is at.
type headEntry struct{ e *pipeline.Entry }

// track is what is known of a live pipeline entry.
type track struct {
	id         EntryID
	item       Item
	renditions []Rendition
	rendition  int // audible; −1 before
	loading    int
	duration   time.Duration
	began      bool
}

// mapping turns a frame index of the mixer into a position on an entry's timeline.
type mapping struct {
	frame    int64
	position time.Duration
	speed    float64
	running  bool // false until the first frame of the entry is heard
}

// run is the control loop.
func (p *Player) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		for _, f := range p.mail.take() {
			f()
		}
		next := p.hear()
		p.publish()
		if next < 0 {
			next = time.Hour
		}
		timer.Reset(next)
		select {
		case <-p.ctx.Done():
			p.shutDown()
			return
		case <-p.mail.wake:
		case <-p.mixer.Changed():
		case <-timer.C:
		}
	}
}

func (p *Player) shutDown() {
	p.supersede(ErrClosed)
	for e := range p.live {
		e.Stop()
	}
	for e := range p.live {
		e.Wait()
	}
	for _, w := range p.waiting {
		w <- ErrClosed
	}
}

func (p *Player) play() {
	if p.playedAt.IsZero() {
		p.playedAt = time.Now()
	}
	was := p.intent
	p.intent = Playing
	p.mixer.SetPaused(false)
	switch {
	case p.phase == Broken:
	case len(p.queue) == 0:
		p.finish()
	case p.mixingEntry == nil || p.phase == Ended:
		first := p.queue[0]
		if i := p.indexOf(p.current); i >= 0 && p.phase != Ended {
			first = p.queue[i]
		}
		p.begin(first.ID, first.Item.Start, "play")
		return
	}
	if was != Playing {
		p.changed("play")
	}
}

func (p *Player) pause() {
	if p.intent == Paused {
		return
	}
	p.intent = Paused
	p.mixer.SetPaused(true)
	p.changed("pause")
}

func (p *Player) stop(reason string) {
	p.intent = Paused
	p.mixer.SetPaused(true)
	p.leave(reason)
	p.mixer.Cut(nil)
	p.phase = Idle
	p.current = 0
	if len(p.queue) > 0 {
		p.current = p.queue[0].ID
	}
	p.map0 = mapping{}
	p.changed(reason)
}

// leave ends all pipelines: what is heard of them ends with the next Cut.
func (p *Player) leave(reason string) {
	p.supersede(nil)
	if t := p.live[p.heardEntry]; t != nil && reason != seeking {
		p.emit(t.id, TrackEnded{p.position(), reason})
	}
	p.heardEntry = nil
	for e := range p.live {
		p.end(e)
	}
	p.mixingEntry, p.following, p.settled = nil, nil, false
}

// end stops a pipeline entry without waiting for it.
func (p *Player) end(e *pipeline.Entry) {
	e.Stop()
	delete(p.live, e)
	p.mixing.Go(e.Wait)
}

// supersede answers whoever waits for a seek.
func (p *Player) supersede(err error) {
	if p.seeking != nil {
		p.seeking <- err
		p.seeking = nil
	}
}

// begin goes to a moment of an entry, wherever the music is.
func (p *Player) begin(id EntryID, at time.Duration, reason string) {
	i := p.indexOf(id)
	if i < 0 || p.phase == Broken {
		return
	}
	heard := p.live[p.heardEntry]
	p.leave(reason)
	p.current = id
	e := p.launch(p.queue[i], max(0, at))
	if reason == seeking && heard != nil && heard.id == id {
		// The same track goes on elsewhere.
		heard.loading = -1
		p.live[e] = heard
	}
	p.mixingEntry = e
	p.head.Store(&headEntry{e})
	p.map0 = mapping{position: max(0, at)}
	p.phase = Buffering
	p.mixer.Cut(e)
	p.follow()
	p.changed(reason)
}

// launch starts a pipeline for an entry.
func (p *Player) launch(entry Entry, at time.Duration) *pipeline.Entry {
	it := entry.Item
	spec := pipeline.Spec{
		URL: it.URL, Header: it.Header, ContentID: it.ContentID, Stop: it.Stop,
		Gain: dsp.LoudnessGain(it.Tags, p.loudnessFor(entry.ID)),
	}
	if it.Resolve != nil {
		spec.Resolve = func(ctx context.Context) (string, http.Header, error) {
			loc, err := it.Resolve(ctx)
			return loc.URL, loc.Header, err
		}
	}
	var e *pipeline.Entry
	var self atomic.Pointer[pipeline.Entry]
	e = pipeline.Start(p.ctx, p.env, int64(entry.ID), spec, at, func() time.Duration {
		head := p.head.Load()
		if head == nil || head.e == self.Load() || self.Load() == nil {
			return 0
		}
		return head.e.Ahead()
	})
	self.Store(e)
	p.live[e] = &track{id: entry.ID, item: it, rendition: -1, loading: -1, duration: it.Duration}
	return e
}

func (p *Player) loudnessFor(id EntryID) dsp.Loudness {
	l := p.cfg.Loudness
	if i := p.indexOf(id); i >= 0 && p.queue[i].Item.Album != "" {
		it := &p.queue[i].Item
		l.InAlbum = i > 0 && p.queue[i-1].Item.Album == it.Album ||
			i+1 < len(p.queue) && p.queue[i+1].Item.Album == it.Album
	}
	return l
}

// follow sees to it that the mixer knows what comes after what it is at. The next entry is begun
// once the current one is all in, so that the two don't compete for the link.
func (p *Player) follow() {
	if p.mixingEntry == nil {
		return
	}
	at := p.indexOf(EntryID(p.mixingEntry.Key))
	if at < 0 || at+1 >= len(p.queue) {
		if p.following != nil {
			p.end(p.following)
			p.following = nil
		}
		if !p.settled {
			p.settled = true
			p.mixer.Follow(p.mixingEntry, nil, pipeline.Join{Last: true})
		}
		return
	}
	next := p.queue[at+1]
	if p.following != nil {
		if EntryID(p.following.Key) == next.ID {
			return
		}
		p.end(p.following)
		p.following = nil
	}
	if p.settled {
		p.settled = false
		p.mixer.Follow(p.mixingEntry, nil, pipeline.Join{})
	}
	if !p.mixingEntry.AllIn() {
		return
	}
	p.following = p.launch(next, next.Item.Start)
	p.mixer.Follow(p.mixingEntry, p.following, pipeline.Join{Fade: p.fadeBetween(p.queue[at].Item, next.Item)})
}

// fadeBetween is how long two neighbours overlap: tracks that follow each other on one album don't.
func (p *Player) fadeBetween(a, b Item) time.Duration {
	if a.Album != "" && a.Album == b.Album && b.TrackNumber == a.TrackNumber+1 {
		return 0
	}
	return p.cfg.Crossfade
}

func (p *Player) skip(by int) {
	i := p.indexOf(p.current)
	if i < 0 {
		return
	}
	if by < 0 && p.position() > 3*time.Second {
		by = 0
	}
	i += by
	switch {
	case i < 0:
		i = 0
	case i >= len(p.queue):
		p.leave("skip")
		p.mixer.Cut(nil)
		p.finish()
		return
	}
	p.begin(p.queue[i].ID, p.queue[i].Item.Start, "skip")
}

func (p *Player) seek(to time.Duration, reached chan error) {
	i := p.indexOf(p.current)
	if i < 0 || p.phase == Broken {
		reached <- &Error{Kind: KindArgument, Op: "seek", Err: errors.New("nothing is playing")}
		return
	}
	if d := p.duration(); d > 0 {
		to = min(to, d)
	}
	p.begin(p.current, max(0, to), seeking)
	p.seeking = reached
}

func (p *Player) setVolume(v float64) {
	p.volume = v
	p.mixer.SetGain(dsp.VolumeCurve(v), 0)
}

func (p *Player) choose(s Selection, limit bitrate) {
	p.choice.Store(p.chooser(s, limit))
	for e := range p.live {
		e.Reconsider()
	}
}

func (p *Player) await(ended chan error) {
	if p.phase == Ended || p.phase == Broken {
		ended <- p.outcome()
		return
	}
	p.waiting = append(p.waiting, ended)
}

func (p *Player) outcome() error {
	return errors.Join(append(p.failures[:len(p.failures):len(p.failures)], p.broken)...)
}

// finish is the end of the queue.
func (p *Player) finish() {
	p.phase = Ended
	p.changed("end")
	p.answer()
}

func (p *Player) answer() {
	for _, w := range p.waiting {
		w <- p.outcome()
	}
	p.waiting = nil
}

func (p *Player) fail(e *pipeline.Entry, err error, fatal bool) {
	t := p.live[e]
	fault := *classify(err)
	fault.Fatal = fatal
	if t != nil {
		fault.Entry, fault.Title = t.id, t.item.name()
	}
	p.stats.Errors++
	if fatal {
		p.failures = append(p.failures, &fault)
	}
	p.log.Warn("playback error", "kind", int(fault.Kind), "err", &fault, "fatal", fatal)
	p.emit(fault.Entry, Failed{&fault})
}
