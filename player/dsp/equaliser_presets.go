package dsp

import "github.com/segue-audio/segue/player/media"

// EqualiserPreset is a curve with a name.
type EqualiserPreset struct {
	Name     string
	Settings EqualiserSettings
}

// EqualiserPresets gives the curves that are built in, flat first. None makes any frequency louder
// (see Unclipped), so that going through them compares sound and not loudness alone.
func EqualiserPresets() []EqualiserPreset {
	type gains = [EqualiserBands]media.Decibels
	//                            31.5  63  125  250  500   1k   2k   4k   8k  16k
	list := []struct {
		name  string
		gains gains
	}{
		{"Flat", gains{}},
		{"Deep bass", gains{6, 5, 3, 1, 0, 0, 0, 0, 0, 0}},
		{"Less bass", gains{-8, -6, -4, -2, 0, 0, 0, 0, 0, 0}},
		{"Bright", gains{0, 0, 0, 0, 0, 0, 1, 2.5, 4, 5}},
		{"Soft treble", gains{0, 0, 0, 0, 0, 0, -1, -2.5, -4, -5}},
		{"Warm", gains{1, 2, 2.5, 2, 1, 0, -1, -1.5, -2, -2.5}},
		{"At low volume", gains{7, 5.5, 3.5, 1.5, 0, 0, 0.5, 1.5, 3, 4.5}},
		{"Voices", gains{-6, -4, -1.5, 0, 1.5, 3, 3.5, 2.5, 0, -2}},
		{"Spoken word", gains{-12, -9, -4, 0, 1, 2, 3, 3, 0, -4}},
		{"Acoustic", gains{1, 2, 2, 1, 0, 0.5, 1, 2, 2, 1}},
		{"Classical", gains{1.5, 1, 0, 0, 0, 0, -0.5, 0, 1, 2}},
		{"Jazz", gains{2, 2, 1, 1.5, -1, -1, 0, 1, 2, 2.5}},
		{"Rock", gains{4, 3, 1.5, 0, -1.5, -0.5, 1, 2.5, 3, 3}},
		{"Electronic", gains{5, 4.5, 2, 0, -1.5, 0, 0.5, 1.5, 3.5, 4}},
		{"Small speakers", gains{-12, -6, 2, 4, 2, 0, 0.5, 2, 2.5, 1}},
		{"In a noisy place", gains{-3, -1, 1, 1.5, 1.5, 2, 3, 3, 1.5, 0}},
	}
	presets := make([]EqualiserPreset, len(list))
	for i, p := range list {
		presets[i] = EqualiserPreset{p.name, EqualiserSettings{Gains: p.gains}.Unclipped()}
	}
	return presets
}
