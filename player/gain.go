package player

import (
	"math"
	"time"

	"github.com/segue-audio/segue/player/dsp"
)

// listener is all that moves the level for the one who listens; the music's own gains aside.
type listener struct {
	volume float64 // of the control
	muted  bool
	ducked bool
	duck   float64 // factor while ducked
	sleep  float64 // what the sleep timer has left of the volume control's way
}

// How fast the level moves.
const (
	volumeRamp = 20 * time.Millisecond  // by hand: small steps run together
	duckRamp   = 200 * time.Millisecond // out of another sound's way
	unduckRamp = 600 * time.Millisecond
	sleepRamp  = 200 * time.Millisecond // one step of the fade
)

// factor is the one place where it all comes together.
func (l *listener) factor() float64 {
	if l.muted {
		return 0
	}
	g := dsp.VolumeCurve(l.volume) * dsp.VolumeCurve(l.sleep)
	if l.ducked {
		g *= l.duck
	}
	return g
}

// setGain has the listener's level heard, after a ramp.
func (p *Player) setGain(over time.Duration) { p.mixer.SetGain(p.listener.factor(), over) }

// SetVolume takes 0 (silence) to 1 (as recorded). The factor on the samples follows a perceptual
// curve; see dsp.VolumeCurve.
func (p *Player) SetVolume(v float64) {
	p.mail.post(func() {
		p.listener.volume = clamp(v, 0, 1)
		p.levelChanged(volumeRamp)
	})
}

// Mute silences the music, which goes on, and keeps the volume.
func (p *Player) Mute() { p.mail.post(func() { p.mute(true) }) }

// Unmute takes Mute back.
func (p *Player) Unmute() { p.mail.post(func() { p.mute(false) }) }

func (p *Player) mute(muted bool) {
	if p.listener.muted != muted {
		p.listener.muted = muted
		p.levelChanged(volumeRamp)
	}
}

// levelChanged has a new level heard and told.
func (p *Player) levelChanged(over time.Duration) {
	l := &p.listener
	p.setGain(over)
	p.emit(p.current, VolumeChanged{l.volume, l.muted, l.ducked})
}

func clamp(v, lo, hi float64) float64 {
	if math.IsNaN(v) {
		return lo
	}
	return min(max(v, lo), hi)
}
