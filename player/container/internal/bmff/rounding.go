package bmff

import (
	"encoding/binary"

	"github.com/segue-audio/segue/player/media"
)

// Times add up the durations of samples. A time scale that can't hold a packet's length to the frame rounds
// each of them, and the sum drifts away from what the decoder gives. So where all packets of a coding are of
// one length, and a duration is that length but for the rounding, it is taken for just that, and times are
// counted in frames; else in ticks. A count is in whichever unit the track has.

// round makes the track count frames where its time scale doesn't do for them.
func (t *Track) round() {
	p := packetFrames(t)
	if p > 0 && int64(t.Timescale)%int64(t.Info.Format.SampleRate) != 0 {
		t.packet = p
	}
}

// packetFrames is the length of all of a track's packets but the last, where its coding has one; else zero.
func packetFrames(t *Track) media.Frames {
	f := t.Info.Format
	switch f.Codec {
	case media.CodecAAC:
		if core := coreRate(f.Config); core > 0 && f.SampleRate == 2*core {
			return 2048
		}
		return 1024
	case media.CodecMP3:
		if f.SampleRate < 32_000 {
			return 576
		}
		return 1152
	case media.CodecALAC:
		return media.Frames(min(binary.BigEndian.Uint32(f.Config), 1<<16))
	case media.CodecFLAC:
		if least, most := binary.BigEndian.Uint16(f.Config), binary.BigEndian.Uint16(f.Config[2:]); least == most {
			return media.Frames(most)
		}
	}
	return 0
}

// slack is how many frames a duration can be off by rounding: those of a tick, and one.
func (t *Track) slack() media.Frames {
	return min(media.Frames(int64(t.Info.Format.SampleRate)/int64(t.Timescale)+2), t.packet/4)
}

// Count puts the duration of a sample from ticks into counts.
func (t *Track) Count(ticks uint32) uint64 {
	if t.packet == 0 {
		return uint64(ticks)
	}
	n := t.Media(uint64(ticks))
	if off := n - t.packet; off <= t.slack() && off >= -t.slack() {
		n = t.packet
	}
	return uint64(n)
}

// At puts a time from ticks into counts. Where packets follow each other from zero on, it is on their grid.
func (t *Track) At(ticks uint64) uint64 {
	if t.packet == 0 {
		return ticks
	}
	n := t.Media(ticks)
	grid := (n + t.packet/2) / t.packet * t.packet
	if off := n - grid; off <= t.slack() && off >= -t.slack() {
		n = grid
	}
	return uint64(n)
}

// Frames converts counts to frames. Each time is to be rounded from the absolute one, so that errors of
// rounding don't add up.
func (t *Track) Frames(count uint64) media.Frames {
	if t.packet > 0 {
		return media.Frames(min(count, 1<<62))
	}
	return t.Media(count)
}

// Media converts ticks to frames.
func (t *Track) Media(ticks uint64) media.Frames {
	return media.Frames(media.Rescale(int64(min(ticks, 1<<62)), int64(t.Timescale), int64(t.Info.Format.SampleRate)))
}
