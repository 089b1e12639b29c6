package player_test

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// reasons lists why the state changed, in order.
func reasons(r *rig) (list []player.Reason) {
	for _, c := range count[player.StateChanged](r) {
		list = append(list, c.Reason)
	}
	return list
}

// TestFocusHoldIsNoPause: a phone call holds the music back and lets it go on, without a frame lost and
// without a word of a pause.
func TestFocusHoldIsNoPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 5*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime, urls...)
		r.Play()
		time.Sleep(2 * time.Second)
		r.SetFocus(player.FocusHold)
		time.Sleep(100 * time.Millisecond)
		at := r.State().Position
		time.Sleep(time.Minute)
		if st := r.State(); st.Intent != player.Playing || st.Phase != player.Ready || st.Holds != player.HoldFocus || st.Audible() || st.Position != at {
			t.Errorf("held: %v, %v, holds %q at %v, was %v", st.Intent, st.Phase, st.Holds, st.Position, at)
		}
		r.SetFocus(player.FocusFull)
		time.Sleep(time.Second)
		if st := r.State(); !st.Audible() || st.Position < at+900*time.Millisecond {
			t.Errorf("after the call: holds %q at %v", st.Holds, st.Position)
		}
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if got := len(r.out.Music()); got != len(whole) {
			t.Errorf("%d frames were heard of %d", got/2, len(whole)/2)
		}
		want := []player.Reason{player.ReasonPlay, player.ReasonStart, player.ReasonFocus, player.ReasonFocus, player.ReasonEnd}
		if got := reasons(r); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	})
}

// TestFocusAndIntent: what the user does while something holds the music back counts when it is over.
func TestFocusAndIntent(t *testing.T) {
	tests := []struct {
		name    string
		do      func(*player.Player)
		intent  player.Intent
		audible bool
		reason  player.Reason // of the last change but the hold's end
	}{
		{"nothing", func(*player.Player) {}, player.Playing, true, player.ReasonFocus},
		{"pause", (*player.Player).Pause, player.Paused, false, player.ReasonPause},
		{"pause and play", func(p *player.Player) { p.Pause(); p.Play() }, player.Playing, true, player.ReasonPlay},
		{"headphones pulled", (*player.Player).BecomingNoisy, player.Paused, false, player.ReasonNoisy},
		{"focus lost", func(p *player.Player) { p.SetFocus(player.FocusLost) }, player.Paused, false, player.ReasonFocusLost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := playertest.NewService()
				urls, _ := album(t, s, 20*playertest.Rate)
				r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime, urls...)
				r.Play()
				time.Sleep(time.Second)
				r.SetFocus(player.FocusHold)
				time.Sleep(time.Second)
				before := len(r.out.Music())
				tt.do(r.Player)
				time.Sleep(time.Second)
				if n := len(r.out.Music()); n != before {
					t.Errorf("%d frames were heard while held", (n-before)/2)
				}
				r.SetFocus(player.FocusFull)
				time.Sleep(time.Second)
				st := r.State()
				if st.Intent != tt.intent || st.Holds != 0 || st.Audible() != tt.audible || (len(r.out.Music()) > before) != tt.audible {
					t.Errorf("%v, holds %q, audible %v", st.Intent, st.Holds, st.Audible())
				}
				r.Close()
				<-r.read
				if got := reasons(r); !slices.Contains(got, tt.reason) {
					t.Errorf("%q", got)
				}
			})
		})
	}
}

// level is by which factor a stretch of what was heard is lower than the music there.
func level(heard []float32, whole []int16, from int) float64 {
	var a, b float64
	for i, v := range heard {
		a += float64(v) * float64(v)
		w := float64(whole[2*from+i]) / 32768
		b += w * w
	}
	return math.Sqrt(a / b)
}

// TestListenerGain: volume, mute and ducking come together in one factor, reached in a ramp.
func TestListenerGain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 30*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{Duck: -20, Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime, urls...)
		r.Play()
		time.Sleep(time.Second)
		for _, step := range []struct {
			name string
			do   func()
			want float64
		}{
			{"as it is", func() {}, 1},
			{"ducked", func() { r.SetFocus(player.FocusDuck) }, 0.1},
			{"ducked at half", func() { r.SetVolume(0.5) }, 0.1 * 0.125},
			{"muted", r.Mute, 0},
			{"muted and louder", func() { r.SetVolume(1) }, 0},
			{"unmuted", r.Unmute, 0.1},
			{"focus again", func() { r.SetFocus(player.FocusFull) }, 1},
		} {
			step.do()
			time.Sleep(time.Second)
			before := len(r.out.Music()) / 2
			time.Sleep(time.Second)
			heard := r.out.Music()[2*before:]
			if got := level(heard, whole, before); math.Abs(got-step.want) > 1e-4 {
				t.Errorf("%s: factor %.5f, want %.5f", step.name, got, step.want)
			}
		}
		if st := r.State(); st.Volume != 1 || st.Muted || st.Ducked {
			t.Errorf("%+v", st)
		}
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		// No step between neighbours is larger than the music's own: nothing clicks.
		heard, worst := r.out.Music(), 0.0
		for i := 2; i < len(heard); i += 2 {
			own := math.Abs(float64(whole[i])-float64(whole[i-2])) / 32768
			worst = max(worst, math.Abs(float64(heard[i])-float64(heard[i-2]))-own)
		}
		if worst > 0.01 {
			t.Errorf("a step of %.4f that the music doesn't have", worst)
		}
		if got := len(count[player.VolumeChanged](r)); got != 6 {
			t.Errorf("%d changes of the level were told", got)
		}
		if got, want := len(heard)/2, media.Frames(len(whole)/2); media.Frames(got) != want {
			t.Errorf("%d frames of %d", got, want)
		}
	})
}
