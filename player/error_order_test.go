package player_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// TestErrorsComeBeforeTheEnd: what breaks a track off is told before its end, which says that an error was
// why.
func TestErrorsComeBeforeTheEnd(t *testing.T) {
	nothing := func(*device) {}
	tests := []struct {
		name  string
		fault playertest.Fault
		then  func(*device)
		kind  player.Kind
	}{
		{"broken segment", playertest.Fault{Match: playertest.On("/2.m4s"), Serve: scrambled}, nothing, player.KindWrongKey},
		{"missing segment", playertest.Fault{Match: playertest.On("/2.m4s"), Serve: playertest.Status(404)}, nothing, player.KindNotFound},
		{"broken output", playertest.Fault{Match: playertest.On("nothing")}, func(d *device) {
			d.unplug(errors.New("broken pipe"))
		}, player.KindOutput},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, _ := album(t, s, 30*playertest.Rate)
			s.Fail(tt.fault)
			d := newDevice()
			r := withDevice(t, d, player.Config{HTTP: (&playertest.Link{Handler: s}).Client(), NetworkPatience: -1}, urls...)
			r.Play()
			time.Sleep(2 * time.Second)
			tt.then(d)
			time.Sleep(time.Minute)
			r.Close()
			<-r.read
			failed, ended := -1, -1
			for i, e := range r.events {
				switch w := e.What.(type) {
				case player.Failed:
					if w.Err.Fatal && errors.Is(w.Err, tt.kind) {
						failed = i
					}
				case player.TrackEnded:
					ended = i
					if w.Reason != player.ReasonError {
						t.Errorf("%s: ended for %v", tt.name, w.Reason)
					}
				}
			}
			if failed < 0 || ended <= failed {
				t.Errorf("%s: event %d tells of the error, event %d of the end", tt.name, failed, ended)
			}
		})
	}
}

// TestSeekAndTheOutput: a seek that is under way when the output goes is answered: nothing can come true
// before it is back, and then the music is where it was sought.
func TestSeekAndTheOutput(t *testing.T) {
	for _, fault := range []error{sink.ErrNoDevice, errors.New("broken pipe")} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			urls, _ := album(t, s, 30*playertest.Rate)
			d := newDevice()
			r := withDevice(t, d, player.Config{Buffer: 4 * time.Second, HTTP: (&playertest.Link{Handler: s, RTT: 100 * time.Millisecond}).Client()}, urls...)
			defer r.Close()
			r.Play()
			time.Sleep(2 * time.Second)
			answer := make(chan error, 1)
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				answer <- r.Seek(ctx, 20*time.Second)
			}()
			time.Sleep(20 * time.Millisecond)
			d.unplug(fault)
			begun := time.Now()
			err := <-answer
			if lost := errors.Is(fault, sink.ErrNoDevice); lost && err != nil || !lost && !errors.Is(err, player.KindOutput) || time.Since(begun) > 0 {
				t.Errorf("%v: %v after %v", fault, err, time.Since(begun))
			}
			if !errors.Is(fault, sink.ErrNoDevice) {
				return
			}
			d.set(false, false)
			r.OutputChanged()
			time.Sleep(time.Second)
			if st := r.State(); !st.Audible() || st.Position < 20*time.Second || st.Position > 21100*time.Millisecond {
				t.Errorf("%v at %v", st.Phase, st.Position)
			}
		})
	}
}
