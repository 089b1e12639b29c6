package dsp

import (
	"math"

	"github.com/segue-audio/segue/player/media"
)

// LoudnessMode says which of a track's gains is followed.
type LoudnessMode int

// The modes of loudness normalisation. Where a track has only the other value, that one is used.
const (
	LoudnessOff   LoudnessMode = iota // gain 1
	LoudnessTrack                     // every track equally loud
	LoudnessAlbum                     // every album equally loud; tracks keep their relation
	LoudnessAuto                      // album inside an album played in order, else track
)

const (
	// ReplayGainReference is the loudness that ReplayGain 2.0's gains bring music to. Those of R 128,
	// as Opus carries them (RFC 7845, 5.2.1), bring it to −23 LUFS and are 5 dB less.
	ReplayGainReference LUFS = -18

	// Ceiling is the highest true peak that levelled music is to have (EBU R 128, recommendation k).
	Ceiling media.Decibels = -1
)

// Loudness is how tracks are brought to one level.
type Loudness struct {
	Mode    LoudnessMode
	InAlbum bool // for LoudnessAuto: the neighbours in the queue are of the same album

	// Target is the loudness that music is brought to. Zero means ReplayGainReference, −18 LUFS: what
	// tagged gains are made for, and what nearly all music can be brought to without being limited.
	// Streaming services use −14 LUFS, at which music with strong dynamics meets the limiter; R 128's
	// −23 LUFS is for broadcasting. It is kept within −40 and −5 LUFS.
	Target LUFS

	PreAmp   media.Decibels // added to every known gain
	Untagged media.Decibels // the gain of a track whose loudness isn't known; zero leaves it as it is

	// MayClip lets a gain raise the peak above Ceiling, and the Limiter that follows takes it down
	// again: every track reaches the target. Otherwise the gain is lowered until the known peak just
	// fits: nothing is limited, and some music stays softer than the target.
	MayClip bool

	// Measure says what is done for tracks whose loudness nothing tells.
	Measure Measuring
}

// Measuring says when a player measures loudness itself (EBU R 128, with a Meter), for tracks that
// carry no gains.
type Measuring int

// The ways of measuring. What was measured is remembered, in the cache where there is one. It is the
// gain of the track; albums keep their relation only where all say theirs.
const (
	// MeasureAhead measures what is played from beginning to end, so that it is levelled the next time,
	// and decodes a next track that is here in full once ahead of its turn, so that it is levelled
	// already the first time. That second decoding takes a fifth of a core at most.
	MeasureAhead Measuring = iota
	// MeasureWhilePlaying measures only what is played anyway.
	MeasureWhilePlaying
	// MeasureNever measures nothing.
	MeasureNever
)

// Level is how loud a piece of music was found to be.
type Level struct {
	Integrated LUFS    // of all of it; −∞ for silence
	TruePeak   float64 // 1 is full scale
}

// Tags gives the level as a track's gain and peak; none for silence.
func (v Level) Tags() (t media.Tags) {
	if v.TruePeak > 0 && v.Integrated > loudestSilence && !math.IsInf(float64(v.Integrated), 1) {
		gain := media.Decibels(ReplayGainReference - v.Integrated)
		t.TrackGain, t.TrackPeak = &gain, v.TruePeak
	}
	return t
}

// FillGains gives tags that have, of from, the track's and the album's gain where tags have none, and
// the peak with it. The order of trust is: what the app says, what the file or manifest says, what was
// measured.
func FillGains(tags, from media.Tags) media.Tags {
	if tags.TrackGain == nil && from.TrackGain != nil {
		tags.TrackGain, tags.TrackPeak = from.TrackGain, from.TrackPeak
	}
	if tags.AlbumGain == nil && from.AlbumGain != nil {
		tags.AlbumGain, tags.AlbumPeak = from.AlbumGain, from.AlbumPeak
	}
	return tags
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
		gain = min(max(*first, -51), 51) + l.PreAmp + media.Decibels(l.target()-ReplayGainReference)
	}
	if gain != gain { // not a number: a broken tag
		gain = 0
	}
	factor := gain.Amplitude()
	if ceiling := Ceiling.Amplitude(); !l.MayClip && peak > 0 && factor*peak > ceiling {
		factor = ceiling / peak
	}
	return factor
}

func (l Loudness) target() LUFS {
	if l.Target == 0 {
		return ReplayGainReference
	}
	return min(max(l.Target, -40), -5)
}
