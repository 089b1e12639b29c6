package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
)

// defaultFade is the crossfade that x switches on where the command line named none.
const defaultFade = 6 * time.Second

// sleepSteps are what t goes through.
var sleepSteps = [...]player.Sleep{
	{}, {End: player.SleepTrack}, {After: 15 * time.Minute}, {After: 30 * time.Minute}, {After: time.Hour},
}

// modeKey changes how the music is played. done is false for other keys.
func (m *model) modeKey(pressed string) (done bool) {
	e, s := m.engine, &m.state
	switch pressed {
	case "s":
		e.SetShuffle(player.Shuffle{Mode: (s.Shuffle.Mode + 1) % (player.ShuffleAlbums + 1)})
	case "z":
		e.SetRepeat(nextRepeat(s.Repeat))
	case "m":
		if s.Muted {
			e.Unmute()
		} else {
			e.Mute()
		}
	case "x":
		m.toggleFade()
	case "i":
		e.SetSkipSilence(!s.SkipSilence)
	case "t":
		e.SetSleep(nextSleep(s.Sleep.Sleep))
	case "v":
		l := s.Loudness
		l.Mode = (l.Mode + 1) % (dsp.LoudnessAuto + 1)
		e.SetLoudness(l)
		m.say("even loudness: " + loudnessNames[l.Mode])
	default:
		return m.soundKey(pressed)
	}
	return true
}

// soundKey changes what is done to the music.
func (m *model) soundKey(pressed string) (done bool) {
	now := m.sound.settings()
	switch pressed {
	case "e":
		now = now.step(1)
		m.say("equaliser: " + now.Preset)
	case "E":
		now = now.step(-1)
		m.say("equaliser: " + now.Preset)
	case "o":
		now = now.otherWidth()
	case ",":
		now = now.lean(-0.1)
	case ".":
		now = now.lean(0.1)
	default:
		return false
	}
	m.sound.set(now)
	return true
}

// nextRepeat goes from off to all to one.
func nextRepeat(r player.Repeat) player.Repeat {
	switch r {
	case player.RepeatOff:
		return player.RepeatAll
	case player.RepeatAll:
		return player.RepeatOne
	}
	return player.RepeatOff
}

// nextSleep goes to the step that ends later; from what is none of the steps, to off.
func nextSleep(now player.Sleep) player.Sleep {
	now.Fade = 0
	for i, step := range sleepSteps {
		if step == now {
			return sleepSteps[(i+1)%len(sleepSteps)]
		}
	}
	return player.Sleep{}
}

func (m *model) toggleFade() {
	if m.state.Crossfade > 0 {
		m.engine.SetCrossfade(0, m.curve)
		m.say("no crossfade")
		return
	}
	m.engine.SetCrossfade(m.fade, m.curve)
	m.say(fmt.Sprintf("crossfade %g s, but within albums", m.fade.Seconds()))
}

// modes names what is set beyond the usual, what matters most first.
func (m *model) modes() (words []string) {
	s := &m.state
	if until := sleepText(s.Sleep); until != "" {
		words = append(words, "sleep "+until)
	}
	switch s.Shuffle.Mode {
	case player.ShuffleTracks:
		words = append(words, "shuffle")
	case player.ShuffleAlbums:
		words = append(words, "shuffle albums")
	}
	if s.Repeat != player.RepeatOff {
		words = append(words, "repeat "+repeatNames[s.Repeat])
	}
	words = append(words, m.sound.settings().words()...)
	if s.Crossfade > 0 {
		words = append(words, fmt.Sprintf("crossfade %g s", s.Crossfade.Seconds()))
	}
	if s.SkipSilence {
		words = append(words, "no silence")
	}
	if s.Loudness.Mode != dsp.LoudnessOff {
		words = append(words, "loudness "+loudnessNames[s.Loudness.Mode])
	}
	if s.Speed > 0 && s.Speed != 1 {
		words = append(words, fmt.Sprintf("speed %g×", s.Speed))
	}
	return words
}

// header is the first line: the name, and what is set. Where there are many modes the words at the
// right get shorter, and the modes that don't fit give way to a sign.
func (m *model) header(width int) string {
	const name, sep, gap = "segue", " · ", 2
	t := m.theme
	quality, volume, style := "quality "+m.selectionName(), "volume "+percent(m.state.Volume), t.dim
	modes := m.modes()
	all := ansi.StringWidth(name + strings.Join(modes, sep) + quality + sep + volume)
	if all+2*gap > width && len(modes) > 0 {
		quality, volume = m.selectionName(), percent(m.state.Volume)
	}
	switch {
	case m.state.Muted:
		volume, style = "muted", t.warn
	case m.state.Ducked:
		volume, style = "lowered", t.warn
	}
	room := width - ansi.StringWidth(name+quality+sep+volume) - 2*gap
	line := ""
	for i, word := range modes {
		if i > 0 {
			word = sep + word
		}
		last := i == len(modes)-1
		if w := ansi.StringWidth(line + word); w > room || !last && w > room-2 {
			line += " …"
			break
		}
		line += word
	}
	left := t.accent.Render(name)
	if line = strings.TrimSpace(line); line != "" && room > 2 {
		left += spaces(gap) + t.good.Render(line)
	}
	return ends(left, t.dim.Render(quality+sep)+style.Render(volume), width)
}

// holdLine says what holds the music back, for the line on the state; empty for nothing.
func holdLine(h player.Hold) string {
	switch {
	case h.Has(player.HoldOutput):
		return "output lost: trying again"
	case h.Has(player.HoldNetwork):
		return "waiting for the network"
	case h.Has(player.HoldFocus):
		return "waiting: another app has the sound"
	}
	return ""
}
