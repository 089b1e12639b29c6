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
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/manifest"
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
	facts  facts
	done   chan struct{} // closed when the actor has ended
	mixing sync.WaitGroup
	once   sync.Once

	choice atomic.Pointer[choice]
	skips  atomic.Int64 // that were asked for
	shown  atomic.Pointer[snapshot]
	head   atomic.Pointer[headEntry]      // for the loaders: what is heard before them
	last   atomic.Pointer[pipeline.Entry] // for them too: what nothing follows; nil where something does

	reporter *reporter // of CMCD; nil for none

	actor // the actor goroutine's own
}

// New makes a Player and starts its goroutines. It is idle until Append and Play.
func New(cfg Config) *Player {
	cfg = cfg.withDefaults()
	p := &Player{cfg: cfg, log: cfg.Logger, done: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	p.mail.wake = make(chan struct{}, 1)
	p.choice.Store(p.firstChoice())
	p.env = p.newEnv()
	p.expect(cfg.Network)
	p.mixer = pipeline.NewMixer(cfg.Sink, pipeline.MixerOptions{
		SampleRate: cfg.SampleRate, Limit: cfg.Loudness.Mode != 0, Crossfade: cfg.Crossfade,
	})
	p.actor = newActor(cfg)
	p.mixer.SetSpeed(p.speed)
	p.mixer.SetSkipSilence(p.skipSilence)
	p.mixer.SetProcessors(cfg.Processors)
	p.steer()
	p.setGain(0)
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

// newEnv makes what all entries share.
func (p *Player) newEnv() *pipeline.Env {
	cfg := &p.cfg
	once := cfg.Retry
	once.Attempts = 1
	counters := &loader.Counters{}
	client := fetch.New(fetch.Options{HTTP: cfg.HTTP, Retry: cfg.Retry, Logger: cfg.Logger, Arrived: &counters.Arrived})
	var decorate func(*http.Request, loader.RequestInfo)
	if cfg.CMCD != nil {
		p.reporter = newReporter(p, *cfg.CMCD)
		decorate = p.reporter.decorate
	}
	return &pipeline.Env{
		Env: &loader.Env{
			Decorate: decorate,
			Fetch:    client, Probe: client.WithRetry(once), Cache: cfg.Cache, Link: &loader.Link{Observer: cfg.Observer, Arrived: &counters.Arrived}, Observer: cfg.Observer,
			Choice: p.chosen, Stay: p.stay, Buffer: cfg.Buffer, BufferMost: cfg.BufferMost, BufferBytes: cfg.BufferBytes, Patience: cfg.NetworkPatience,
			Counters: counters, Logger: cfg.Logger,
			Prefer: manifest.Selection{Languages: slices.Clone(cfg.Languages), Roles: slices.Clone(cfg.Roles)},
		},
		Decoders: cfg.Decoders,
		Note:     func(n pipeline.Note) { p.mail.post(func() { p.onNote(n) }) },
	}
}

// Close ends all goroutines and closes the sink, whose error it returns. Calls in flight get
// ErrClosed, later commands do nothing, and iterations over Events end. Twice is fine. Where something
// that the player was given holds it up for longer than Limits.Answer, it gives an Error of
// KindUnanswered and leaves that behind.
func (p *Player) Close() error {
	var err error
	p.once.Do(func() {
		p.cancel(ErrClosed)
		if err = p.awaitEnd(); err != nil {
			p.subs.close()
			return
		}
		err = p.cfg.Sink.Close()
		p.subs.close()
		p.env.Fetch.CloseIdle()
	})
	return err
}

// awaitEnd waits for all goroutines.
func (p *Player) awaitEnd() error {
	ended := make(chan struct{})
	go func() {
		<-p.done
		p.mixing.Wait()
		close(ended)
	}()
	var late <-chan time.Time
	if limit := p.cfg.Limits.Answer; limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-ended:
		return nil
	case <-late:
		return p.unanswered("close")
	}
}
