package dsp

import (
	"math"
	"testing"

	"github.com/segue-audio/segue/player/media"
)

func TestLoudnessGain(t *testing.T) {
	gain := func(d media.Decibels) *media.Decibels { return &d }
	both := media.Tags{TrackGain: gain(-6), AlbumGain: gain(-9), TrackPeak: 0.9, AlbumPeak: 1}
	quiet := media.Tags{TrackGain: gain(12), TrackPeak: 0.5}
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
		"the peak just fits":           {quiet, Loudness{Mode: LoudnessTrack}, 2},
		"pre-amp":                      {both, Loudness{Mode: LoudnessTrack, PreAmp: 6}, 1},
		"pre-amp and peak":             {both, Loudness{Mode: LoudnessAlbum, PreAmp: 20}, 1},
		"no tags":                      {media.Tags{}, Loudness{Mode: LoudnessTrack, PreAmp: 6}, 1},
		"no tags, a gain for them":     {media.Tags{}, Loudness{Mode: LoudnessTrack, Untagged: -20}, 0.1},
		"a tag of nonsense is clamped": {media.Tags{TrackGain: gain(-1e9)}, Loudness{Mode: LoudnessTrack}, 0.002818},
		"a tag that is no number":      {media.Tags{TrackGain: gain(media.Decibels(math.NaN()))}, Loudness{Mode: LoudnessTrack}, 1},
	} {
		if got := LoudnessGain(c.tags, c.l); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
