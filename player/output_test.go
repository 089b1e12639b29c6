package player_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// device is a capture that can be unplugged, stopped dead or busy when it is wanted.
type device struct {
	*playertest.Capture
	failed chan error

	mu     sync.Mutex
	gone   bool
	dead   bool // starts, and takes nothing
	starts []time.Time
}

func newDevice() *device {
	return &device{Capture: &playertest.Capture{}, failed: make(chan error, 1)}
}

func (d *device) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.starts = append(d.starts, time.Now())
	if d.gone {
		return sink.Format{}, fmt.Errorf("device: %w", sink.ErrNoDevice)
	}
	if d.dead {
		return want, nil
	}
	return d.Capture.Start(want, src)
}

func (d *device) Failed() <-chan error { return d.failed }

// set changes what the next Start finds.
func (d *device) set(gone, dead bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone, d.dead = gone, dead
}

// Close may come from the player while the test takes the device away.
func (d *device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.Capture.Close()
}

// unplug takes the device away while it plays.
func (d *device) unplug(why error) {
	d.set(true, false)
	d.Close()
	d.failed <- why
}

func (d *device) startTimes() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]time.Time(nil), d.starts...)
}

// withDevice makes a player over a device.
func withDevice(t testing.TB, d *device, cfg player.Config, urls ...string) *rig {
	t.Helper()
	r := &rig{out: d.Capture, read: make(chan struct{})}
	cfg.Sink = d
	r.Player = player.New(cfg)
	events := r.Events(context.Background())
	go func() {
		defer close(r.read)
		for e := range events {
			r.events = append(r.events, e)
		}
	}()
	for _, u := range urls {
		r.Append(player.Item{URL: u})
	}
	return r
}

// TestOutputComesBack: a device that is unplugged holds the music, is tried ever more rarely, and the
// music goes on with the frame it stopped at.
func TestOutputComesBack(t *testing.T) {
	tests := []struct {
		name string
		back func(r *rig) // after the device is there again
		most time.Duration
	}{
		{"by itself", func(*rig) {}, 5 * time.Second},
		{"told so", func(r *rig) { r.OutputChanged() }, 50 * time.Millisecond},
		{"play", func(r *rig) { r.Play() }, 50 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := playertest.NewService()
				urls, whole := album(t, s, 20*playertest.Rate)
				d := newDevice()
				r := withDevice(t, d, player.Config{HTTP: (&playertest.Link{Handler: s}).Client(), Selection: player.Selection{Mode: player.ModeHighest}}, urls...)
				r.Play()
				time.Sleep(3 * time.Second)
				at, lost := r.State().Position, time.Now()
				d.unplug(fmt.Errorf("pulled: %w", sink.ErrNoDevice))
				time.Sleep(28 * time.Second)
				st := r.State()
				if st.Intent != player.Playing || st.Holds != player.HoldOutput || (st.Position-at).Abs() > 20*time.Millisecond {
					t.Errorf("gone: %v, %v, holds %q, at %v, was %v", st.Intent, st.Phase, st.Holds, st.Position, at)
				}
				for i, after := range []time.Duration{0, 500, 1500, 3500, 7500, 12500, 17500, 22500, 27500} {
					tries := d.startTimes()[1:]
					if i >= len(tries) || (tries[i].Sub(lost)-after*time.Millisecond).Abs() > 20*time.Millisecond {
						t.Fatalf("try %d is not after %v: %v since %v", i, after*time.Millisecond, tries, lost)
					}
				}
				d.set(false, false)
				tt.back(r)
				time.Sleep(tt.most)
				if st := r.State(); !st.Audible() {
					t.Errorf("back: %v, holds %q", st.Phase, st.Holds)
				}
				if err := r.finish(t); err != nil {
					t.Fatal(err)
				}
				sameButFade(t, r.out.Music(), whole, 3*playertest.Rate)
				gone, restored := count[player.OutputLost](r), count[player.OutputRestored](r)
				if len(gone) != 1 || len(restored) != 1 || !errors.Is(gone[0].Err, player.KindNoDevice) || restored[0].After < 28*time.Second {
					t.Errorf("lost %+v, restored %+v", gone, restored)
				}
			})
		})
	}
}

// sameButFade compares music with its source, of which a few frames, from about a frame on, may be
// faded in.
func sameButFade(t testing.TB, got []float32, whole []int16, near int) {
	t.Helper()
	if len(got) != len(whole) {
		t.Errorf("%d frames were heard of %d", len(got)/2, len(whole)/2)
		return
	}
	from, to := 2*(near-playertest.Rate/50), 2*(near+playertest.Rate/50)
	if _, err := playertest.Same(got[:from], whole[:from]); err != nil {
		t.Errorf("before: %v", err)
	}
	if _, err := playertest.Same(got[to:], whole[to:]); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	for i := from; i < to; i++ {
		if w := float64(whole[i]) / 32768; math.Abs(float64(got[i])) > math.Abs(w)+1e-6 || float64(got[i])*w < 0 {
			t.Errorf("frame %d is %v, the music %v", i/2, got[i], w)
			return
		}
	}
}

// TestOutputGoneWhilePaused: nobody listens, so nothing is tried until Play; a seek in between counts.
func TestOutputGoneWhilePaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 20*playertest.Rate)
		d := newDevice()
		r := withDevice(t, d, player.Config{HTTP: (&playertest.Link{Handler: s}).Client(), Selection: player.Selection{Mode: player.ModeHighest}}, urls...)
		r.Play()
		time.Sleep(3 * time.Second)
		r.Pause()
		time.Sleep(time.Second)
		d.unplug(sink.ErrNoDevice)
		time.Sleep(time.Minute)
		if n := len(d.startTimes()); n != 1 {
			t.Errorf("%d starts while paused", n)
		}
		if err := r.Seek(context.Background(), 10*time.Second); err != nil {
			t.Fatal(err)
		}
		d.set(false, false)
		mark := len(r.out.Music())
		r.Play()
		time.Sleep(time.Second)
		at := int(media.FramesIn(10*time.Second, playertest.Rate))
		if find(r.out.Music()[mark+2*fadeFrames:], whole, at, at+playertest.Rate/2) < 0 {
			t.Error("something else is heard")
		}
		r.Close()
		<-r.read
	})
}

// TestOutputAtTheStart: a device that is not there at the first Play ends in Broken, and the next Play, or
// the word that there is one, tries anew.
func TestOutputAtTheStart(t *testing.T) {
	for _, again := range []func(*player.Player){(*player.Player).Play, (*player.Player).OutputChanged} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, whole := album(t, s, 3*playertest.Rate)
			d := newDevice()
			d.set(true, false)
			r := withDevice(t, d, player.Config{HTTP: (&playertest.Link{Handler: s}).Client(), Selection: player.Selection{Mode: player.ModeHighest}}, urls...)
			r.Play()
			if err := r.Wait(context.Background()); !errors.Is(err, player.KindNoDevice) {
				t.Errorf("got %v", err)
			}
			if st := r.State(); st.Phase != player.Broken || st.Holds != 0 {
				t.Errorf("%v, holds %q", st.Phase, st.Holds)
			}
			r.Play()
			time.Sleep(time.Second)
			if st := r.State(); st.Phase != player.Broken || len(d.startTimes()) != 2 {
				t.Errorf("%v after %d starts", st.Phase, len(d.startTimes()))
			}
			d.set(false, false)
			again(r.Player)
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			if _, err := playertest.Same(r.out.Music(), whole); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestOutputBeyondRepair: an output that fails in another way than devices do ends the playing.
func TestOutputBeyondRepair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, 20*playertest.Rate)
		d := newDevice()
		r := withDevice(t, d, player.Config{HTTP: (&playertest.Link{Handler: s}).Client()}, urls...)
		r.Play()
		time.Sleep(3 * time.Second)
		d.unplug(errors.New("disk full"))
		if err := r.Wait(context.Background()); !errors.Is(err, player.KindOutput) {
			t.Errorf("got %v", err)
		}
		if st := r.State(); st.Phase != player.Broken || st.Holds != 0 || len(d.startTimes()) != 1 {
			t.Errorf("%v, holds %q, %d starts", st.Phase, st.Holds, len(d.startTimes()))
		}
		r.Close()
		<-r.read
	})
}

// TestOutputThatTakesNothing: a device that stands still is opened anew, and given up when that is in
// vain.
func TestOutputThatTakesNothing(t *testing.T) {
	for _, mended := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, whole := album(t, s, 10*playertest.Rate)
			d := newDevice()
			r := withDevice(t, d, player.Config{HTTP: (&playertest.Link{Handler: s}).Client(), Selection: player.Selection{Mode: player.ModeHighest}}, urls...)
			r.Play()
			time.Sleep(3 * time.Second)
			d.set(false, !mended)
			d.Close() // without a word
			time.Sleep(7 * time.Second)
			if mended {
				if st := r.State(); !st.Audible() {
					t.Errorf("%v, holds %q", st.Phase, st.Holds)
				}
				if err := r.finish(t); err != nil {
					t.Fatal(err)
				}
				sameButFade(t, r.out.Music(), whole, 3*playertest.Rate)
			} else {
				err := r.finish(t)
				if st := r.State(); !errors.Is(err, player.KindOutputStuck) || st.Phase != player.Broken {
					t.Errorf("%v, %v", err, st.Phase)
				}
			}
			told := count[player.Failed](r)
			if len(told) == 0 || !errors.Is(told[0].Err, player.KindOutputStuck) || told[0].Err.Fatal {
				t.Errorf("%+v", told)
			}
		})
	}
}
