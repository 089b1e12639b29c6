package main

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/cache"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
)

// session is one run of the player.
type session struct {
	o   options
	std streams
	log *slog.Logger

	store   *cache.Store // nil for none
	library *library
	player  *player.Player
	sound   *sound
	limit   *limitedSink // nil without --duration
	choices *recording   // nil without --record-abr
	leave   func()       // remembers where the player is left; nil where nothing is remembered

	mu     sync.Mutex // guards what follows: events come from several goroutines
	report reporter
	tally  tally
	rate   int // of the output, as last seen

	asleep    chan struct{} // closed when the sleep timer has run out
	sleepOnce sync.Once

	seekOnce sync.Once
	tasks    sync.WaitGroup // --seek and what is read for the events
}

// playCommand plays what o names. It returns the exit status.
func playCommand(ctx context.Context, o options, std streams) int {
	log := slog.New(slog.DiscardHandler)
	if o.Sink.kind == "speaker" {
		real, restore := quietStderr(std.err, func() *slog.Logger { return log })
		defer restore()
		std.err = real
	}
	interactive := o.interactive(std)
	if o.Verbose && !interactive { // on the screen there is no room for it
		log = slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	s := &session{o: o, std: std, log: log, asleep: make(chan struct{})}
	switch {
	case interactive:
		s.report = newScreenReport()
	case o.JSON:
		s.report = &jsonReport{out: std.out, errors: std.err, started: std.started, state: s.state}
	default:
		s.report = &plainReport{out: std.out, err: std.err}
	}
	if err := s.open(ctx); err != nil {
		printNotice(std.err, err.Error())
		return exitUsage
	}
	defer s.closeStorage()
	defer func() {
		if err := s.choices.close(); err != nil {
			s.notice("the recording of choices is not whole: " + err.Error())
		}
	}()
	if interactive {
		return s.runScreen(ctx)
	}
	return s.runLines(ctx)
}

// open makes the parts that the command line can get wrong.
func (s *session) open(ctx context.Context) (err error) {
	if s.store, err = openStorage(ctx, s.o, s.log, s.notice); err != nil {
		return err
	}
	if s.choices, err = newRecording(s.o); err != nil {
		return err
	}
	var kept notes
	if s.store != nil {
		kept = s.store
	}
	s.library, err = newLibrary(s.o, kept, s.log, func(err error) {
		s.log.Info("server away", "err", err)
		s.notice("the server can't be reached: playing what is kept here")
	})
	return err
}

func (s *session) closeStorage() {
	if s.store == nil {
		return
	}
	if err := s.store.Close(); err != nil {
		s.log.Warn("closing the cache", "err", err)
	}
}

// newPlayer makes the player and subscribes to its events, which go to the report until the
// returned function is called; that waits for the last of them.
func (s *session) newPlayer() (finishEvents func()) {
	out := openSink(s.o, func(err error) {
		s.log.Info("no audio device", "err", err)
		s.notice("no audio device: playing in silence")
	})
	if s.o.Duration > 0 {
		s.limit = &limitedSink{Sink: out, length: time.Duration(s.o.Duration)}
		out = s.limit
	}
	volume, interactive := float64(s.o.Volume), s.o.interactive(s.std)
	s.player = player.New(player.Config{
		Sink: out, SampleRate: s.o.Rate, Buffer: time.Duration(s.o.Buffer), BufferMost: time.Duration(s.o.BufferMost), Cache: s.store,
		Selection: player.Selection(s.o.Rendition), Rule: s.o.Rule.rule, Observer: s.choices.observer(), MaxBitrate: media.Bitrate(s.o.MaxBitrate),
		Network: s.network(), Allowed: s.o.allowed(), Languages: s.o.Language, Roles: s.o.Role,
		Crossfade: time.Duration(s.o.Crossfade), CrossfadeCurve: s.o.curve(), Loudness: s.o.loudness(),
		SkipSilence: s.o.SkipSilence, Volume: &volume, Speed: s.o.Speed, Decoders: s.o.decoders(), Logger: s.log,
		LyricLines: interactive || s.o.JSON, Waveforms: interactive,
	})
	s.sound = &sound{install: s.player.SetProcessors}
	s.sound.set(s.o.sound())
	ctx, cancel := context.WithCancel(context.Background())
	events := s.player.Events(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range events {
			s.event(ctx, e)
		}
	}()
	return func() {
		// Close ends the events; a reader that hangs on a full pipe must not hold the program.
		select {
		case <-done:
		case <-time.After(time.Second):
		}
		cancel()
		s.tasks.Wait()
	}
}

// event takes one event of the player, or one made here, into account.
func (s *session) event(ctx context.Context, e player.Event) {
	if _, started := e.What.(player.TrackStarted); started {
		if rate := s.player.State().SampleRate; rate > 0 {
			s.mu.Lock()
			s.rate = rate
			s.mu.Unlock()
		}
	}
	s.mu.Lock()
	track, ended := s.tally.event(e)
	s.report.event(e)
	if ended {
		s.report.ended(e.Time, track)
	}
	s.mu.Unlock()
	if what, changed := e.What.(player.StateChanged); changed && what.Intent == player.Paused && what.Reason == player.ReasonSleep {
		s.sleepOnce.Do(func() { close(s.asleep) })
	}
	if what, started := e.What.(player.TrackStarted); started {
		if s.o.Seek > 0 {
			s.seekOnce.Do(func() { s.tasks.Go(func() { s.seek(ctx, time.Duration(s.o.Seek)) }) })
		}
		s.tasks.Go(func() { s.sing(e.Entry, what.Item) })
	}
}

// seek carries out --seek.
func (s *session) seek(ctx context.Context, to time.Duration) {
	s.mu.Lock()
	s.report.seeking(to)
	s.mu.Unlock()
	if err := s.player.Seek(ctx, to); err != nil && !errors.Is(err, player.KindCanceled) && !errors.Is(err, player.ErrSuperseded) && ctx.Err() == nil {
		s.failed(asPlayerError(err))
	}
}

// failed reports an error that did not come as an event of the player.
func (s *session) failed(err *player.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tally.add(err) {
		s.report.event(player.Event{Time: time.Now(), Entry: err.Entry, What: player.Failed{Err: err}})
	}
}

func (s *session) notice(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report.notice(text)
}

// gather makes the items of the command line; --start counts for the first.
func (s *session) gather(ctx context.Context) []player.Item {
	items := gather(ctx, s.o, s.library, func(e *player.Error) {
		if ctx.Err() == nil {
			s.failed(e)
		}
	})
	if len(items) > 0 {
		items[0].Start = time.Duration(s.o.Start)
	}
	return items
}

// manyItems is how many leave so much garbage that it is worth while to clear it away before playing.
const manyItems = 5_000

// runLines plays without a screen.
func (s *session) runLines(ctx context.Context) int {
	items := s.gather(ctx)
	finishEvents := s.newPlayer()
	s.begin()
	count := len(items)
	if count > 0 {
		s.player.Append(items...)
		if count > manyItems {
			items = nil
			debug.FreeOSMemory() // what it took to read so many is not needed to play them
		}
	}
	var err error
	if count+s.player.State().Queue.Len() > 0 && ctx.Err() == nil {
		s.player.Play()
		err = s.wait(ctx)
	}
	return s.end(ctx.Err() != nil, finishEvents, err)
}

// begin brings a new player to where --resume, and in which order the command line, want it.
func (s *session) begin() {
	if !s.o.Resume {
		s.order()
	} else if err := s.resume(); err != nil {
		s.failed(asPlayerError(err))
	}
	if !s.o.Resume && !s.o.interactive(s.std) {
		return // a script's run is nothing to come back to
	}
	mark, err := s.newBookmark()
	if err != nil {
		s.notice("nothing is remembered for --resume: " + err.Error())
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { mark.run(ctx) })
	s.leave = func() {
		cancel()
		running.Wait()
		mark.finish()
	}
}

// wait returns when the queue or --duration is over, the sleep timer has run out or ctx is done.
func (s *session) wait(ctx context.Context) error {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	var over sync.WaitGroup
	var reached atomic.Bool
	over.Go(func() {
		select {
		case <-s.asleep:
			reached.Store(true)
			cancel()
		case <-limited.Done():
		}
	})
	if s.limit != nil {
		over.Go(func() {
			if s.limit.wait(limited) {
				reached.Store(true)
			}
			cancel()
		})
	}
	err := s.player.Wait(limited)
	cancel()
	over.Wait()
	if reached.Load() {
		if s.leave == nil { // to stop is to go back to the beginning, which is not what is to be remembered
			s.player.Stop()
		}
		return nil
	}
	return err
}

// end closes the player, tells the summary and gives the exit status. failure is what Wait gave.
func (s *session) end(interrupted bool, finishEvents func(), failure error) int {
	if s.leave != nil {
		s.leave()
	}
	s.learn()
	closing := s.player.Close()
	state := s.player.State()
	finishEvents()
	if failure != nil && !interrupted {
		s.failedAll(failure)
	}
	if closing != nil {
		s.failed(outputError(closing))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := summary{stats: state.Stats, tally: &s.tally, usage: resourceUsage(), exit: s.tally.exit()}
	if s.rate > 0 {
		sum.played = media.Frames(state.Stats.FramesPlayed).Duration(s.rate)
	}
	if interrupted {
		sum.exit = exitInterrupted
	}
	s.report.finish(sum)
	return sum.exit
}

func (s *session) failedAll(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			s.failedAll(e)
		}
		return
	}
	s.failed(asPlayerError(err))
}

// outputError is for what closing the output gave: a WAV file on a full disk, say.
func outputError(err error) *player.Error {
	var known *player.Error
	if errors.As(err, &known) {
		return known
	}
	return &player.Error{Kind: player.KindOutput, Op: "close the output", Fatal: true, Err: err}
}

// state is the player's, for reports.
func (s *session) state() player.State { return s.player.State() }
