package dsp

import (
	"math"
	"testing"

	"github.com/segue-audio/segue/player/media"
)

func decibels(d media.Decibels) *media.Decibels { return &d }

func TestLoudnessGain(t *testing.T) {
	both := media.Tags{TrackGain: decibels(-6), AlbumGain: decibels(-9), TrackPeak: 0.9, AlbumPeak: 1}
	quiet := media.Tags{TrackGain: decibels(12), TrackPeak: 0.5}
	loud := Level{Integrated: -8, TruePeak: 1.1}.Tags()
	none := media.Tags{}
	const fits = 0.8912509 // −1 dB
	for name, c := range map[string]struct {
		tags media.Tags
		l    Loudness
		want float64
	}{
		"off":                          {both, Loudness{}, 1},
		"track":                        {both, Loudness{Mode: LoudnessTrack}, 0.501187},
		"album":                        {both, Loudness{Mode: LoudnessAlbum}, 0.354813},
		"auto alone":                   {both, Loudness{Mode: LoudnessAuto}, 0.501187},
		"auto in an album":             {both, Loudness{Mode: LoudnessAuto, InAlbum: true}, 0.354813},
		"track inside an album":        {both, Loudness{Mode: LoudnessTrack, InAlbum: true}, 0.501187},
		"album where only track":       {quiet, Loudness{Mode: LoudnessAlbum, MayClip: true}, 3.981072},
		"the peak just fits":           {quiet, Loudness{Mode: LoudnessTrack}, fits / 0.5},
		"a target":                     {both, Loudness{Mode: LoudnessTrack, Target: -23}, 0.281838},
		"a louder target":              {both, Loudness{Mode: LoudnessTrack, Target: -14}, 0.794328},
		"a target of nonsense":         {both, Loudness{Mode: LoudnessTrack, Target: 50, MayClip: true}, 2.238721},
		"measured":                     {loud, Loudness{Mode: LoudnessTrack}, 0.316228},
		"measured, a target":           {loud, Loudness{Mode: LoudnessTrack, Target: -9, MayClip: true}, 0.891251},
		"measured, and it fits":        {loud, Loudness{Mode: LoudnessTrack, Target: -8}, fits / 1.1},
		"tags before what is measured": {FillGains(quiet, loud), Loudness{Mode: LoudnessTrack, MayClip: true}, 3.981072},
		"what tags leave out is filled": {FillGains(media.Tags{AlbumGain: decibels(-3)}, loud), Loudness{Mode: LoudnessTrack},
			0.316228},
		"pre-amp":                      {both, Loudness{Mode: LoudnessTrack, PreAmp: 3}, 0.707946},
		"pre-amp and peak":             {both, Loudness{Mode: LoudnessAlbum, PreAmp: 20}, fits},
		"no tags":                      {none, Loudness{Mode: LoudnessTrack, PreAmp: 6, Target: -10}, 1},
		"no tags, a gain":              {none, Loudness{Mode: LoudnessTrack, Untagged: -20}, 0.1},
		"silence":                      {Level{LUFS(math.Inf(-1)), 0}.Tags(), Loudness{Mode: LoudnessTrack}, 1},
		"a tag of nonsense is clamped": {media.Tags{TrackGain: decibels(-1e9)}, Loudness{Mode: LoudnessTrack}, 0.002818},
		"a tag that is no number":      {media.Tags{TrackGain: decibels(media.Decibels(math.NaN()))}, Loudness{Mode: LoudnessTrack}, 1},
	} {
		if got := LoudnessGain(c.tags, c.l); math.Abs(got-c.want) > 1e-5 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
