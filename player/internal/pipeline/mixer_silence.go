package pipeline

import (
	"time"

	"github.com/segue-audio/segue/player/media"
)

// What counts as silence to be skipped, and what is left of it: pauses that belong to the music are
// shorter, and the ends are kept so that a note dies away and an attack is not cut into.
const (
	silenceLevel   = 0.001 // −60 dB of full scale
	silenceLongest = time.Second
	silenceKept    = 200 * time.Millisecond // at each end
	silenceSeam    = 5 * time.Millisecond   // crossfaded, since −60 dB is not nothing
)

// skipper takes long silence out of a signal. What it gives is what it takes, bit for bit, but for the
// frames that it leaves out and those of the seam. It holds back what may have to be left out: up to
// silenceLongest − silenceKept.
type skipper struct {
	quiet   int64 // frames of the silence that goes on
	kept    int   // frames at each end
	longest int   // frames of silence that are not too long

	held    []float32 // a circle of frames
	from, n int       // where its oldest lies, and how many there are
	dropped int64     // frames left out before the oldest
	free    bool      // the silence is over: what is held goes out

	seam    []float32 // the frames that came after what was given, before others were left out
	seamed  int       // of them, those there are
	seamOut int       // of them, those that were crossfaded
}

func newSkipper(rate int) *skipper {
	s := &skipper{
		kept:    int(media.FramesIn(silenceKept, rate)),
		longest: int(media.FramesIn(silenceLongest, rate)),
		seam:    make([]float32, int(media.FramesIn(silenceSeam, rate))*Channels),
	}
	s.held = make([]float32, (s.longest-s.kept)*Channels)
	return s
}

// process takes frames from src and writes frames to dst, as many of each as it can; dropped frames
// were left out before the first of those written. All zero means that it wants more of either.
func (s *skipper) process(dst, src []float32) (consumed, produced int, dropped int64) {
	for len(dst) >= Channels {
		if s.free {
			if s.dropped > 0 && produced > 0 {
				return consumed, produced, 0 // what was left out comes before the next call's
			}
			dropped, s.dropped = dropped+s.dropped, 0
			k := s.give(dst)
			dst, produced = dst[k*Channels:], produced+k
			s.free = s.n > 0
			continue
		}
		if len(src) < Channels {
			break
		}
		loud := src[0] > silenceLevel || src[0] < -silenceLevel || src[1] > silenceLevel || src[1] < -silenceLevel
		if loud && s.n > 0 {
			s.quiet, s.free = 0, true
			continue
		}
		if s.quiet++; loud {
			s.quiet = 0
		}
		if s.quiet > int64(s.kept) {
			s.hold(src)
		} else {
			dst[0], dst[1] = src[0], src[1]
			dst, produced = dst[Channels:], produced+1
		}
		src, consumed = src[Channels:], consumed+1
	}
	return consumed, produced, dropped
}

// hold keeps a frame back. Once the silence is too long, only its end stays.
func (s *skipper) hold(frame []float32) {
	if s.quiet > int64(s.longest) {
		for s.n >= s.kept {
			s.drop()
		}
	}
	at := (s.from + s.n) * Channels % len(s.held)
	s.held[at], s.held[at+1] = frame[0], frame[1]
	s.n++
}

// drop leaves out the oldest frame that is held.
func (s *skipper) drop() {
	if s.dropped == 0 {
		s.seamed, s.seamOut = 0, 0
	}
	if at := s.seamed * Channels; at < len(s.seam) {
		copy(s.seam[at:], s.held[s.from*Channels:][:Channels])
		s.seamed++
	}
	s.advance(1)
	s.dropped++
}

func (s *skipper) advance(n int) {
	s.from = (s.from + n) % (len(s.held) / Channels)
	s.n -= n
}

// give moves held frames to dst.
func (s *skipper) give(dst []float32) int {
	n := 0
	for s.n > 0 && len(dst) >= Channels {
		copy(dst[:Channels], s.held[s.from*Channels:])
		if s.seamOut < s.seamed {
			g := (float32(s.seamOut) + 0.5) / float32(s.seamed)
			for c := range Channels {
				before := s.seam[s.seamOut*Channels+c]
				dst[c] = before + (dst[c]-before)*g
			}
			s.seamOut++
		}
		s.advance(1)
		dst, n = dst[Channels:], n+1
	}
	return n
}

// release lets what is held go out with the next calls; the silence counts from here anew.
func (s *skipper) release() {
	if s.n > 0 {
		s.quiet, s.free = 0, true
	}
}

// waiting counts the frames that are held.
func (s *skipper) waiting() int { return s.n }

// reset forgets all frames taken so far.
func (s *skipper) reset() {
	s.quiet, s.from, s.n, s.dropped, s.free, s.seamed, s.seamOut = 0, 0, 0, 0, false, 0, 0
}
