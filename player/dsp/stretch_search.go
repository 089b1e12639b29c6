package dsp

import "math"

// thin is how many frames apart the coarse search looks, in both the candidates and the samples
// that it compares. At 44.1 kHz that is the band below 5.5 kHz, where music has its energy.
const thin = 4

// choose gives the input frame whose overlap resembles the natural continuation most, within the
// search range around the ideal position. A continuation that lies in the range is taken as it is:
// nothing fits better, and a segment without a seam is the best there is.
//
// First every fourth candidate is judged by every fourth frame, then the neighbours of the best by
// all frames: a sixteenth of the work of judging all by all.
func (s *Stretcher) choose(want int) int64 {
	lo := max(int64(math.Round(s.ideal))-int64(s.search), s.start)
	hi := max(lo, int64(math.Round(s.ideal))+int64(s.search))
	if s.ended {
		// The last segments must not run into the silence after the end.
		hi = min(hi, s.end()-int64(want))
		lo = max(min(lo, hi), s.start)
		hi = max(lo, hi)
	}
	if s.next >= lo && s.next <= hi {
		return s.next
	}
	length := min(s.overlap, want, int(s.end()-max(s.next, hi)))
	if length < 2*thin {
		return hi
	}
	ref := s.mono[s.next-s.start:][:length]
	best := s.scan(ref, lo, hi, thin)
	return s.scan(ref, max(lo, best-thin+1), min(hi, best+thin-1), 1)
}

// scan judges the candidates from lo to hi, every step-th by every step-th frame.
func (s *Stretcher) scan(ref []float32, lo, hi int64, step int) int64 {
	best, bestScore := lo, math.Inf(-1)
	for c := lo; c <= hi; c += int64(step) {
		x := s.mono[c-s.start:][:len(ref)]
		var dot, energy float32
		for i := 0; i < len(ref); i += step {
			dot += ref[i] * x[i]
			energy += x[i] * x[i]
		}
		// The cosine of the angle between the two but for the reference's length, which is the
		// same for all. In silence everything fits.
		score := float64(dot) / math.Sqrt(float64(energy)+1e-9)
		if score > bestScore {
			best, bestScore = c, score
		}
	}
	return best
}
