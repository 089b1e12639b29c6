package player_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// piecewise is what an ear notes of padded music: frames of one rendition, or of silence (-1).
type piecewise struct{ rendition, frames int }

// ear is a sink in real time that notes which rendition is heard when.
type ear struct {
	stop  context.CancelFunc
	done  chan struct{}
	begun time.Time     // when it was asked for music
	first time.Duration // until it heard some
	all   []piecewise
}

func (e *ear) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	ctx, stop := context.WithCancel(context.Background())
	e.stop, e.done = stop, make(chan struct{})
	go func() {
		defer close(e.done)
		const period = 20 * time.Millisecond
		ticker := time.NewTicker(period)
		defer ticker.Stop()
		pcm := make([]float32, 2*int(media.FramesIn(period, want.SampleRate)))
		for ctx.Err() == nil {
			<-ticker.C
			n := src.Pull(pcm)
			e.hear(pcm[:2*n], len(pcm)/2-n)
		}
	}()
	return want, nil
}

func (e *ear) hear(pcm []float32, silent int) {
	if len(e.all) == 0 && len(pcm) == 0 {
		return
	} else if len(e.all) == 0 {
		e.first = time.Since(e.begun)
	}
	for i := 0; i < len(pcm); i += 2 {
		e.note(int(pcm[i]*256+0.5)-1, 1)
	}
	e.note(-1, silent)
}

func (e *ear) note(rendition, frames int) {
	if n := len(e.all); n > 0 && e.all[n-1].rendition == rendition {
		e.all[n-1].frames += frames
	} else if frames > 0 {
		e.all = append(e.all, piecewise{rendition, frames})
	}
}

func (e *ear) Latency() media.Frames       { return 0 }
func (e *ear) Drain(context.Context) error { return nil }
func (e *ear) Close() error                { e.stop(); <-e.done; return nil }

// heard is a session as a listener notes it.
type heard struct {
	waited, stalled time.Duration
	stalls          int
	rendition       []int // of each segment
}

// heard is the session as an ear noted it. Ramps of the player's at a stall are shorter than half a second, and
// are taken for what surrounds them.
func (e *ear) heard(segment int) (h heard) {
	h.waited = e.first
	frame, votes := 0, map[int]int{}
	take := func(rendition, n int) {
		for n > 0 {
			k := min(n, segment-frame%segment)
			votes[rendition] += k
			if frame, n = frame+k, n-k; frame%segment == 0 {
				best := 0
				for r, v := range votes {
					if v > votes[best] {
						best = r
					}
				}
				h.rendition = append(h.rendition, best)
				clear(votes)
			}
		}
	}
	for i, s := range e.all {
		length := media.Frames(s.frames).Duration(playertest.Rate)
		switch {
		case s.rendition >= 0:
			take(s.rendition, s.frames)
		case i < len(e.all)-1:
			h.stalled += length
			h.stalls++
		}
	}
	return h
}

// hear plays padded music to its end, and notes what is heard.
func hear(t *testing.T, cfg player.Config, urls ...string) heard {
	t.Helper()
	out := &ear{begun: time.Now()}
	cfg.Sink = out
	p := player.New(cfg)
	for _, u := range urls {
		p.Append(player.Item{URL: u})
	}
	p.Play()
	if err := p.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	return out.heard(4 * playertest.Rate)
}

// carried puts a trace into a link's place.
func carried(t *abrtest.Trace, origin *playertest.Service) *playertest.Link {
	at := func(since time.Duration) abrtest.Period { return t.At(float64(since) / 1e6) }
	return &playertest.Link{
		Handler: origin,
		Latency: func(since time.Duration) time.Duration { return time.Duration(at(since).Latency * 1e6) },
		Rate:    func(since time.Duration) media.Bitrate { return media.Bitrate(max(1, at(since).Kbps*1000)) },
	}
}

// TestAdaptsAsForetold plays over links, recorded ones where they are at hand, and compares with what the
// simulator says that the rule will come to.
func TestAdaptsAsForetold(t *testing.T) {
	traces, err := abrtest.Made()
	if err != nil {
		t.Fatal(err)
	}
	traces = traces[:2]
	dir := filepath.Join("..", "..", "shared", "abr", "traces", "dev", "3g")
	if recorded, err := abrtest.ReadTraces(os.DirFS(dir), "3g"); err == nil && len(recorded) >= 12 {
		traces = append(traces, recorded[:containertest.Sweep(2, 12)]...)
	}
	rates := []media.Bitrate{}
	for _, kbps := range abrtest.Rungs() {
		rates = append(rates, media.Kbps(int64(kbps)))
	}
	music := abrtest.Music{Tracks: 2, Track: 120e3}
	origin := playertest.NewService()
	item := host + origin.Padded(t, "a", rates, 120*time.Second)
	rule := new(abr.Tempo)
	for _, trace := range traces {
		list, err := music.Playlist()
		if err != nil {
			t.Fatal(err)
		}
		foretold, err := abrtest.Client{Trace: trace, Playlist: list, Buffer: 34e3, Finishes: true}.Run(&abrtest.Driver{Rule: rule, Target: 30 * time.Second, ByTrack: true})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			h := hear(t, player.Config{
				HTTP: carried(trace, origin).Client(), Rule: rule, Network: player.Network{Kind: abr.Network(trace.Network)},
			}, item, item+"?2")
			same := 0
			for i := range h.rendition {
				if i < len(foretold.Rendition) && h.rendition[i] == foretold.Rendition[i] {
					same++
				}
			}
			t.Logf("%s: %d of %d segments as foretold; waited %v (%.2f s), %d stalls (%d) of %v (%.2f s)", trace.Name, same, len(h.rendition),
				h.waited, foretold.Waited/1e3, h.stalls, foretold.Stalls, h.stalled, foretold.Stalled/1e3)
			if len(h.rendition) != len(list.Segments) || same < len(h.rendition)/2 {
				t.Errorf("heard    %v\nforetold %v", h.rendition, foretold.Rendition)
			}
		})
	}
}
