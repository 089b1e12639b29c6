package player_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// TestSilenceIsSkipped: of four seconds of silence 0.4 s are heard, the event says from where to where, and
// the position counts them all.
func TestSilenceIsSkipped(t *testing.T) {
	const rate = playertest.Rate
	music := playertest.Music(31, 6*rate)
	pcm := slices.Concat(music[:2*3*rate], make([]int16, 2*4*rate), music[2*3*rate:])
	paths := localFiles(t, pcm)
	for _, skip := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, &playertest.Link{}, player.Config{}, sink.RealTime, paths...)
			r.SetSkipSilence(skip)
			r.Play()
			time.Sleep(5 * time.Second)
			if st := r.State(); st.SkipSilence != skip || skip != (st.Position > 8*time.Second) {
				t.Errorf("skipping %v: %v, at %v after 5 s", skip, st.SkipSilence, st.Position)
			}
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			want := 10 * rate
			skipped := count[player.SilenceSkipped](r)
			if skip {
				want -= 4*rate - 4*rate/10
				if len(skipped) != 1 || (skipped[0].From-3200*time.Millisecond).Abs() > 15*time.Millisecond ||
					(skipped[0].To-6800*time.Millisecond).Abs() > 15*time.Millisecond {
					t.Errorf("told: %v", skipped)
				}
			} else if len(skipped) != 0 {
				t.Errorf("told: %v", skipped)
			}
			if n := len(r.out.Music()) / 2; abs(n-want) > rate/50 {
				t.Errorf("skipping %v: %d frames were heard, want %d", skip, n, want)
			}
			if e := count[player.TrackEnded](r); len(e) != 1 || (e[0].Position-10*time.Second).Abs() > time.Millisecond {
				t.Errorf("%+v", e)
			}
		})
	}
}

// inverter is a processor that turns the sound over, or refuses to.
type inverter struct{ refuses error }

func (p inverter) Prepare(int, int) error { return p.refuses }

func (p inverter) Process(frames []float32) {
	for i := range frames {
		frames[i] = -frames[i]
	}
}

func (p inverter) Reset() {}

// TestProcessorsAreExchanged: a chain is heard from when it is set until it is taken away; one in it that
// can't do the rate is left out.
func TestProcessorsAreExchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := playertest.Music(32, 8*playertest.Rate)
		r := start(t, &playertest.Link{}, player.Config{}, sink.RealTime, localFiles(t, whole)...)
		defer r.Close()
		r.Play()
		// From what is heard a second later on, so that the ring is through.
		turned := func() (share float64) {
			time.Sleep(time.Second)
			from := len(r.out.Music())
			time.Sleep(500 * time.Millisecond)
			heard, opposite := r.out.Music()[from:], 0
			for i, v := range heard {
				if w := float32(whole[from+i]) / 32768; v*w < 0 {
					opposite++
				}
			}
			return float64(opposite) / float64(len(heard))
		}
		if got := turned(); got != 0 {
			t.Errorf("without: %.3f of it is turned over", got)
		}
		r.SetProcessors(inverter{}, inverter{errors.New("never")}, inverter{}, inverter{})
		if got := turned(); got < 0.95 {
			t.Errorf("with three: %.3f of it is turned over", got)
		}
		r.SetProcessors()
		if got := turned(); got != 0 {
			t.Errorf("without again: %.3f of it is turned over", got)
		}
		if at := media.FramesIn(r.State().Position, playertest.Rate); abs(int(at)-len(r.out.Music())/2) > playertest.Rate/50 {
			t.Errorf("at frame %d, %d were heard", at, len(r.out.Music())/2)
		}
	})
}
