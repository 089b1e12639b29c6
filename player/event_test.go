package player_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// causal checks what must hold of any player's events: times never go back, a track ends before it starts
// again, what belongs to a track lies between, and waits come in pairs.
func causal(t testing.TB, events []player.Event) {
	t.Helper()
	open := map[player.EntryID]int{}
	dry, lost := 0, 0
	var last time.Time
	for i, e := range events {
		if e.Time.Before(last) {
			t.Errorf("event %d, %T, lies %v before the one before it", i, e.What, last.Sub(e.Time))
		}
		last = e.Time
		switch w := e.What.(type) {
		case player.TrackStarted:
			open[e.Entry]++
			if open[e.Entry] > 2 { // an entry that repeats may fade into itself
				t.Errorf("event %d: entry %d starts again before its end", i, e.Entry)
			}
		case player.TrackEnded:
			open[e.Entry]--
			if open[e.Entry] < 0 {
				t.Errorf("event %d: entry %d ends without a start", i, e.Entry)
			}
		case player.Seeked, player.SpeedChanged, player.SilenceSkipped:
			if open[e.Entry] == 0 {
				t.Errorf("event %d: %T %+v outside its track", i, w, w)
			}
		case player.Rebuffering:
			dry++
		case player.Rebuffered:
			dry--
		case player.OutputLost:
			lost++
		case player.OutputRestored:
			lost--
		case player.StateChanged:
			if w.Intent == player.Paused && w.Reason == player.ReasonFocus && w.Holds.Has(player.HoldFocus) {
				t.Errorf("event %d: a hold looks like a pause: %+v", i, w)
			}
		}
		if dry < 0 || dry > 1 || lost < 0 || lost > 1 {
			t.Errorf("event %d, %T: %d waits and %d losses are open", i, e.What, dry, lost)
		}
	}
}

// TestEventsAreCausal drives a player through everything at once.
func TestEventsAreCausal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, 6*playertest.Rate, 7*playertest.Rate, 5*playertest.Rate, 8*playertest.Rate)
		link := &playertest.Link{Handler: s, RTT: 30 * time.Millisecond, Rate: func(at time.Duration) media.Bitrate {
			switch { // commands fall into the first of the two, and plain play into the second
			case at > 20*time.Second && at < 30*time.Second, at > 40*time.Second && at < 50*time.Second:
				return media.Kbps(200)
			}
			return media.Kbps(5000)
		}}
		d := newDevice()
		r := withDevice(t, d, player.Config{HTTP: link.Client(), Buffer: 4 * time.Second}, urls[0], host+"/nothing.m3u8", urls[1], urls[2], urls[3])
		ctx := context.Background()
		seek := func(to time.Duration) {
			if err := r.Seek(ctx, to); err != nil && !errors.Is(err, player.ErrSuperseded) {
				t.Error(err)
			}
		}
		r.SetRepeat(player.RepeatAll)
		r.Play()
		for i := range 12 {
			time.Sleep(2300 * time.Millisecond)
			switch i {
			case 0:
				r.SetCrossfade(2*time.Second, dsp.EqualPower)
			case 1:
				seek(time.Second)
			case 2:
				r.SetSpeed(1.5)
			case 3:
				r.SetFocus(player.FocusHold)
			case 4:
				r.SetFocus(player.FocusFull)
				r.Next()
			case 5:
				d.unplug(sink.ErrNoDevice)
			case 6:
				d.set(false, false)
				r.OutputChanged()
			case 7:
				r.Previous()
				seek(3 * time.Second)
			case 8:
				r.SetSpeed(1)
				r.Pause()
			case 9:
				r.Play()
			case 10:
				seek(time.Hour)
			}
		}
		time.Sleep(30 * time.Second)
		r.Stop()
		r.Close()
		<-r.read
		causal(t, r.events)
		kinds := map[string]int{}
		for _, e := range r.events {
			kinds[fmt.Sprintf("%T", e.What)]++
		}
		for _, want := range []any{player.TrackStarted{}, player.TrackEnded{}, player.Seeked{}, player.SpeedChanged{}, player.OutputLost{}, player.OutputRestored{}, player.Failed{}, player.Rebuffered{}} {
			if kinds[fmt.Sprintf("%T", want)] == 0 {
				t.Errorf("no %T among %v", want, kinds)
			}
		}
	})
}

// TestEventsAreStampedWhenHeard: a track's start lies where its first frame is heard, not where it was
// noticed.
func TestEventsAreStampedWhenHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		lengths := []int{3*playertest.Rate + 1234, 2*playertest.Rate + 777, 4*playertest.Rate + 1, playertest.Rate}
		urls, _ := album(t, s, lengths...)
		r := start(t, &playertest.Link{Handler: s, RTT: 10 * time.Millisecond}, player.Config{}, sink.RealTime, urls...)
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		var first time.Time
		at, n := 0, 0
		for _, e := range r.events {
			if _, ok := e.What.(player.TrackStarted); !ok {
				continue
			}
			if first.IsZero() {
				first = e.Time
			}
			want := media.Frames(at).Duration(playertest.Rate)
			if off := e.Time.Sub(first) - want; off.Abs() > 12*time.Millisecond { // the sink takes 10 ms at a time
				t.Errorf("track %d starts %v off", n, off)
			}
			at += lengths[n]
			n++
		}
		if n != len(lengths) {
			t.Errorf("%d tracks started", n)
		}
	})
}

// TestReadersThatAreLetGo: an iteration that nobody holds any more costs nothing, begun or not; one that
// was broken off ends at once when it is tried again.
func TestReadersThatAreLetGo(t *testing.T) {
	p := player.New(player.Config{})
	defer p.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	kept := p.Events(ctx)
	for range 100 {
		p.Events(ctx)
	}
	for i := 0; p.Readers() > 1; i++ {
		if i == 100 {
			t.Fatalf("%d readers are kept", p.Readers())
		}
		runtime.GC()
		p.Mute() // an event, at which those who are gone are noticed
		p.Unmute()
		if err := p.Seek(ctx, 0); !errors.Is(err, player.KindArgument) { // so that both are told
			t.Fatal(err)
		}
	}
	n := 0
	for range kept {
		if n++; n == 2 {
			break
		}
	}
	for range kept {
		t.Error("a reader that was let go hears something")
	}
	if n != 2 || p.Readers() != 0 {
		t.Errorf("%d events, %d readers", n, p.Readers())
	}
}

// TestPublishDoesNotLookAtTheQueue: what is done after every event allocates the same with 20,000 entries.
func TestPublishDoesNotLookAtTheQueue(t *testing.T) {
	cost := func(entries int) float64 {
		p, done := occupied(entries)
		defer done()
		return testing.AllocsPerRun(100, p.Publish)
	}
	if few, many := cost(10), cost(20_000); many > few || many > 4 {
		t.Errorf("%v allocations with 10 entries, %v with 20,000", few, many)
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, entries := range []int{10, 20_000} {
		b.Run(fmt.Sprint(entries), func(b *testing.B) {
			p, done := occupied(entries)
			defer done()
			b.ReportAllocs()
			for b.Loop() {
				p.Publish()
			}
		})
	}
}

// occupied makes a player with a queue whose control goroutine stands still.
func occupied(entries int) (p *player.Player, done func()) {
	p = player.New(player.Config{})
	items := make([]player.Item, entries)
	for i := range items {
		items[i].URL = fmt.Sprint(host, "/", i)
	}
	p.Append(items...)
	gate, busy := make(chan struct{}), make(chan struct{})
	p.Occupied(busy, gate)
	<-busy
	return p, func() { close(gate); p.Close() }
}
