// Package player plays music over adaptive bitrate: it takes manifests or files and turns them into
// gapless sound on a sink. It knows HLS and plain files, the cache and the decryption, and nothing
// of any service: an app gives it URLs, or functions that find them.
//
//	p := player.New(player.Config{Sink: speaker.New(speaker.Options{})})
//	p.Append(player.Item{URL: "https://…/master.m3u8"})
//	p.Play()
//	err := p.Wait(ctx)
//	p.Close()
//
// A Player's methods may be called from any goroutine. None of them waits for the network or the
// disk but those that take a context.
package player

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/media"
)

// Defaults of Config.
const (
	DefaultBuffer      = 30 * time.Second
	DefaultBufferBytes = 32 << 20
)

// ErrClosed is what calls in flight get when the Player is closed.
var ErrClosed = errors.New("player is closed")

// Player plays a queue of items into a sink. Make one with New and end it with Close.
type Player struct {
	cfg   Config
	env   *pipeline.Env
	mixer *pipeline.Mixer
	log   *slog.Logger

	cancel context.CancelCauseFunc
	ctx    context.Context
	mail   mailbox
	subs   subscribers
	done   chan struct{} // closed when the actor has ended
	mixing sync.WaitGroup
	once   sync.Once

	choice atomic.Pointer[choice]
	shown  atomic.Pointer[snapshot]

	actor // the actor goroutine's own
}

// choice is what the loaders may choose from.
type choice struct {
	selection Selection
	rule      abr.Rule
	limit     media.Bitrate
}

// New makes a Player and starts its goroutines. It is idle until Append and Play.
func New(cfg Config) *Player {
	if cfg.Buffer <= 0 {
		cfg.Buffer = DefaultBuffer
	}
	if cfg.BufferBytes <= 0 {
		cfg.BufferBytes = DefaultBufferBytes
	}
	if cfg.Sink == nil {
		cfg.Sink = noSink{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Crossfade = min(max(0, cfg.Crossfade), MaxCrossfade)
	p := &Player{cfg: cfg, log: cfg.Logger, done: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	p.mail.wake = make(chan struct{}, 1)

	once := cfg.Retry
	once.Attempts = 1
	options := fetch.Options{HTTP: cfg.HTTP, Retry: cfg.Retry, Logger: cfg.Logger}
	probe := options
	probe.Retry = once
	p.env = &pipeline.Env{
		Fetch: fetch.New(options), Probe: fetch.New(probe), Cache: cfg.Cache, Link: &pipeline.Link{},
		Decoders: cfg.Decoders, Choice: p.chosen, Buffer: cfg.Buffer, BufferBytes: cfg.BufferBytes,
		Note:     func(n pipeline.Note) { p.mail.post(func() { p.onNote(n) }) },
		Counters: &pipeline.Counters{}, Logger: cfg.Logger,
	}
	p.mixer = pipeline.NewMixer(cfg.Sink, pipeline.MixerOptions{
		SampleRate: cfg.SampleRate, Limit: cfg.Loudness.Mode != 0, Crossfade: cfg.Crossfade,
	})

	p.volume, p.speed, p.live = 1, 1, map[*pipeline.Entry]*track{}
	p.choice.Store(p.chooser(cfg.Selection, cfg.MaxBitrate))
	if cfg.Volume != nil {
		p.volume = clamp(*cfg.Volume, 0, 1)
	}
	if cfg.Speed != 0 {
		p.speed = clamp(cfg.Speed, MinSpeed, MaxSpeed)
	}
	p.mixer.SetPaused(true)
	p.mixer.SetGain(dsp.VolumeCurve(p.volume), 0)
	p.mixer.SetSpeed(p.speed)
	p.publish()
	mixCtx, stopMixing := context.WithCancel(p.ctx)
	p.mixing.Go(func() { p.mixer.Run(mixCtx) })
	go func() {
		defer close(p.done)
		p.run()
		stopMixing()
	}()
	return p
}

func clamp(v, lo, hi float64) float64 {
	if math.IsNaN(v) {
		return lo
	}
	return min(max(v, lo), hi)
}

func (p *Player) chosen() (abr.Rule, media.Bitrate) {
	c := p.choice.Load()
	return c.rule, c.limit
}

func (p *Player) chooser(s Selection, limit media.Bitrate) *choice {
	rule := p.cfg.Rule
	switch s.Mode {
	case ModeLowest:
		rule = abr.Lowest{}
	case ModeHighest:
		rule = abr.Highest{}
	case ModeFixed:
		rule = abr.Fixed{Index: s.Index}
	default:
		if rule == nil {
			rule = abr.ThroughputBuffer{}
		}
	}
	return &choice{s, rule, limit}
}

// Append adds items at the end of the queue and returns their ids. Nothing starts to play by it.
func (p *Player) Append(items ...Item) []EntryID {
	return p.add(items, func() int { return len(p.queue) })
}

// InsertNext adds items right behind the current entry and returns their ids.
func (p *Player) InsertNext(items ...Item) []EntryID {
	return p.add(items, func() int { return p.indexOf(p.current) + 1 })
}

// Remove takes an entry out of the queue; where it is the current one, the next one plays.
func (p *Player) Remove(id EntryID) { p.mail.post(func() { p.remove(id) }) }

// Clear empties the queue and stops.
func (p *Player) Clear() { p.mail.post(p.clear) }

// Play plays, or goes on after Pause. At the end of the queue it begins again from the start.
func (p *Player) Play() { p.mail.post(p.play) }

// Pause stops at once and keeps the place; loading goes on up to the buffer's bound.
func (p *Player) Pause() { p.mail.post(p.pause) }

// Stop stops and goes back to the beginning of the queue.
func (p *Player) Stop() { p.mail.post(func() { p.stop("stop") }) }

// Next skips to the following entry; on the last one it plays out nothing more.
func (p *Player) Next() { p.mail.post(func() { p.skip(+1) }) }

// Previous goes back to the beginning of the entry, or, within its first three seconds, to the
// entry before.
func (p *Player) Previous() { p.mail.post(func() { p.skip(-1) }) }

// SkipTo goes to an entry of the queue. An unknown id does nothing.
func (p *Player) SkipTo(id EntryID) {
	p.mail.post(func() {
		if i := p.indexOf(id); i >= 0 {
			p.begin(id, p.queue[i].Item.Start, "skip")
		}
	})
}

// Seek goes to a moment of the current entry. It returns nil when that is audible (or, while paused,
// ready to be), or when another command has superseded it; an error where it can't be reached.
func (p *Player) Seek(ctx context.Context, to time.Duration) error {
	reached := make(chan error, 1)
	p.mail.post(func() { p.seek(to, reached) })
	select {
	case err := <-reached:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-p.done:
		return ErrClosed
	}
}

// SetVolume takes 0 (silence) to 1 (as recorded). The factor on the samples follows a perceptual
// curve; see dsp.VolumeCurve.
func (p *Player) SetVolume(v float64) { p.mail.post(func() { p.setVolume(clamp(v, 0, 1)) }) }

// SetSpeed takes 0.5 to 2; the pitch stays.
func (p *Player) SetSpeed(speed float64) {
	p.mail.post(func() {
		p.speed = clamp(speed, MinSpeed, MaxSpeed)
		p.mixer.SetSpeed(p.speed)
	})
}

// SetRendition chooses the rendition of what is not decoded yet.
func (p *Player) SetRendition(s Selection) {
	p.mail.post(func() { p.choose(s, p.choice.Load().limit) })
}

// SetMaxBitrate caps what may be chosen; zero means no cap.
func (p *Player) SetMaxBitrate(limit media.Bitrate) {
	p.mail.post(func() { p.choose(p.choice.Load().selection, limit) })
}

// Wait waits until the queue has been played and heard, and returns the errors of the entries that
// could not be played, joined; nil where all were. An output that can't be had ends it too.
func (p *Player) Wait(ctx context.Context) error {
	ended := make(chan error, 1)
	p.mail.post(func() { p.await(ended) })
	select {
	case err := <-ended:
		if !errors.Is(err, KindNoDevice) && !errors.Is(err, KindOutput) {
			if derr := p.cfg.Sink.Drain(ctx); derr != nil {
				return errors.Join(err, derr)
			}
		}
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-p.done:
		return ErrClosed
	}
}

// Close ends all goroutines and closes the sink, whose error it returns. Calls in flight get
// ErrClosed, later commands do nothing, and iterations over Events end. Twice is fine.
func (p *Player) Close() error {
	var err error
	p.once.Do(func() {
		p.cancel(ErrClosed)
		<-p.done
		p.mixing.Wait()
		err = p.cfg.Sink.Close()
		p.subs.close()
		p.env.Fetch.CloseIdle()
		p.env.Probe.CloseIdle()
	})
	return err
}

// mailbox holds what the actor has to do. Posting never waits.
type mailbox struct {
	mu    sync.Mutex
	items []func()
	wake  chan struct{}
}

func (m *mailbox) post(f func()) {
	m.mu.Lock()
	m.items = append(m.items, f)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *mailbox) take() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	items := m.items
	m.items = nil
	return items
}
