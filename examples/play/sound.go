package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/segue-audio/segue/player/dsp"
)

// sound is what is done to the music on its way to the output: the equaliser, the balance and the
// width. Its methods may be called from any goroutine.
type sound struct {
	install func(chain ...dsp.Processor) // takes the processors once they are needed

	mu        sync.Mutex // guards what follows
	now       soundSettings
	equaliser *dsp.Equaliser
	stereo    *dsp.Stereo
}

// soundSettings is how a sound is set. The zero value is not neutral: its width is mono.
type soundSettings struct {
	Preset  string    `json:"preset"` // empty where the gains are set by hand
	Gains   gainsSpec `json:"gains"`
	Balance float64   `json:"balance"`
	Width   float64   `json:"width"`
}

const flatPreset = "Flat"

// neutral lets every bit pass.
func neutral() soundSettings { return soundSettings{Preset: flatPreset, Width: 1} }

// sound gives the settings of the command line.
func (o *options) sound() soundSettings {
	s := soundSettings{Preset: string(o.Equaliser), Gains: o.Gains, Balance: float64(o.Balance), Width: float64(o.Width)}
	if s.Preset == "" && s.Gains == (gainsSpec{}) {
		s.Preset = flatPreset
	}
	if o.Mono {
		s.Width = 0
	}
	return s
}

// over gives the settings that were saved, but for what the command line names.
func (s soundSettings) over(saved soundSettings, given map[string]bool) soundSettings {
	if given["eq"] || given["eq-gains"] {
		saved.Preset, saved.Gains = s.Preset, s.Gains
	}
	if given["balance"] {
		saved.Balance = s.Balance
	}
	if given["width"] || given["mono"] {
		saved.Width = s.Width
	}
	return saved
}

// curve gives the equaliser's settings: those of the preset, or the gains by hand.
func (s soundSettings) curve() dsp.EqualiserSettings {
	presets := dsp.EqualiserPresets()
	if i := slices.IndexFunc(presets, func(p dsp.EqualiserPreset) bool { return p.Name == s.Preset }); i >= 0 {
		return presets[i].Settings
	}
	return dsp.EqualiserSettings{Gains: s.Gains}.Unclipped()
}

// settings gives what was set last.
func (s *sound) settings() soundSettings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// set makes settings heard. As long as nothing is changed in the music there are no processors: what
// measures the player measures the player alone.
func (s *sound) set(settings soundSettings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = settings
	curve := settings.curve()
	changes := curve != (dsp.EqualiserSettings{}) || settings.Balance != 0 || settings.Width != 1
	first := s.equaliser == nil
	if first && !changes {
		return
	}
	if first {
		s.equaliser, s.stereo = dsp.NewEqualiser(curve), dsp.NewStereo()
	}
	s.equaliser.Set(curve)
	s.stereo.SetBalance(settings.Balance)
	s.stereo.SetWidth(settings.Width)
	if first {
		s.install(s.equaliser, s.stereo)
	}
}

// step gives the settings with the next preset, or the one before. From gains by hand it goes to the
// first or the last one.
func (s soundSettings) step(by int) soundSettings {
	names := presetNames()
	at := slices.Index(names, s.Preset)
	if at < 0 && by < 0 {
		at = 0
	}
	s.Preset = names[(at+by+len(names))%len(names)]
	return s
}

// otherWidth goes to one channel, and from there to the width as recorded.
func (s soundSettings) otherWidth() soundSettings {
	if s.Width == 0 {
		s.Width = 1
	} else {
		s.Width = 0
	}
	return s
}

// lean moves the balance by a step to the right.
func (s soundSettings) lean(by float64) soundSettings {
	s.Balance = min(max(math.Round((s.Balance+by)*10)/10, -1), 1) // whole steps, so that errors don't add up
	return s
}

// words lists what is not neutral.
func (s soundSettings) words() (list []string) {
	switch s.Preset {
	case flatPreset:
	case "":
		list = append(list, "eq by hand")
	default:
		list = append(list, "eq "+strings.ToLower(s.Preset))
	}
	switch {
	case s.Width == 0:
		list = append(list, "mono")
	case s.Width < 1:
		list = append(list, "narrow")
	case s.Width > 1:
		list = append(list, "wide")
	}
	switch {
	case s.Balance < 0:
		list = append(list, "left "+percent(-s.Balance))
	case s.Balance > 0:
		list = append(list, "right "+percent(s.Balance))
	}
	return list
}

func percent(v float64) string { return fmt.Sprintf("%.0f%%", math.Round(100*v)) }
