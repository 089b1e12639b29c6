package dsp

import "github.com/segue-audio/segue/player/media"

// LoudnessMode says which of a track's ReplayGain values is followed.
type LoudnessMode int

// The modes of loudness normalisation. Where a track has only the other value, that one is used.
const (
	LoudnessOff   LoudnessMode = iota // gain 1
	LoudnessTrack                     // every track equally loud
	LoudnessAlbum                     // every album equally loud; tracks keep their relation
	LoudnessAuto                      // album inside an album played in order, else track
)

// Loudness is how tracks are brought to one level.
type Loudness struct {
	Mode    LoudnessMode
	InAlbum bool // for LoudnessAuto: the neighbours in the queue are of the same album

	PreAmp   media.Decibels // added to every tagged gain
	Untagged media.Decibels // the gain of a track that has no value; zero leaves it as it is

	// MayClip lets a gain raise the peak above full scale: a Limiter follows. Otherwise the gain is
	// lowered until the tagged peak just fits.
	MayClip bool
}

// LoudnessGain is the factor for a track with the given tags; exactly 1 with LoudnessOff. Tagged
// gains beyond ±51 dB, more than any music needs and as far as ReplayGain 1.0 could write, are
// clamped.
func LoudnessGain(tags media.Tags, l Loudness) float64 {
	if l.Mode == LoudnessOff {
		return 1
	}
	first, second := tags.TrackGain, tags.AlbumGain
	peak, other := tags.TrackPeak, tags.AlbumPeak
	if l.Mode == LoudnessAlbum || l.Mode == LoudnessAuto && l.InAlbum {
		first, second, peak, other = second, first, other, peak
	}
	if first == nil {
		first, peak = second, other
	}
	gain := l.Untagged
	if first != nil {
		gain = min(max(*first, -51), 51) + l.PreAmp
	}
	if gain != gain { // not a number: a broken tag
		gain = 0
	}
	factor := gain.Amplitude()
	if !l.MayClip && peak > 0 && factor*peak > 1 {
		factor = 1 / peak
	}
	return factor
}
