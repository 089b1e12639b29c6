package packager

import (
	"time"

	"github.com/segue-audio/segue/api/server/encoder"
	"github.com/segue-audio/segue/player/media"
)

const (
	segmentTime = 4 * time.Second
	// longestStep bounds how far the places of cuts may lie apart where they have to suit two codings.
	longestStep = 6 * time.Second
	// A last segment shorter than this joins the one before: it would be one more request for next
	// to nothing.
	shortestTail = time.Second
	// flacBlock is how many PCM frames a FLAC frame that we make holds: a multiple of AAC's 1024.
	flacBlock = 4096
)

// plan says where all renditions of a track are cut: at multiples of a step of about segmentTime. Where the
// source's FLAC blocks allow it, and most do, the step is a whole number of them and of AAC's access units,
// so that all renditions are cut at the very same frames of the music.
type plan struct {
	lossless, lossy place
	cuts            int // how many
}

// place counts the same step at a rendition's rate.
type place struct {
	rate int
	step media.Frames
}

// newPlan is for renditions in AAC whose encoder puts delay in front.
func newPlan(s Source, delay media.Frames) plan {
	from, to := int64(s.Format.SampleRate), int64(aacRate(s.Format.SampleRate))
	p := plan{
		lossless: place{int(from), media.FramesIn(segmentTime, int(from))},
		lossy:    place{int(to), media.FramesIn(segmentTime, int(to))},
	}
	block := s.Block
	if s.Kind != FLAC {
		block = flacBlock
	}
	if block > 0 && delay%encoder.UnitFrames == 0 {
		// n blocks last as long as a whole number of access units: n × block × to is a multiple of 1024 × from.
		units := encoder.UnitFrames * from
		n := units / gcd(int64(block)*to, units)
		step := n * int64(block)
		if wanted := int64(p.lossless.step); step > 0 {
			k := max(1, (wanted+step/2)/step)
			if long := k * step; media.Frames(long).Duration(int(from)) <= longestStep {
				p.lossless.step, p.lossy.step = media.Frames(long), media.Frames(long*to/from)
			}
		}
	}
	if last := s.Frames - media.FramesIn(shortestTail, int(from)); last > 0 {
		p.cuts = int(last / p.lossless.step)
	}
	return p
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// grid walks over the places of one rendition, of which start is the raw time of the first frame to be heard.
func (p plan) grid(at place, start media.Frames) *grid {
	return &grid{start: start, step: at.step, next: at.step, left: p.cuts}
}

// grid says where a rendition is cut.
type grid struct {
	start media.Frames
	step  media.Frames
	next  media.Frames // the coming place, in heard time
	left  int          // how many are to come
}

// crosses tells whether a segment ends before the coded frame that ends at raw time end: the first one
// to go past a place. A rendition cut so has ended, at each place, when one that is cut by `cut` has,
// so that a player that changes from that to this needs no segment twice. It is asked as cut is.
func (g *grid) crosses(end media.Frames) bool {
	reached := false
	for g.left > 0 && end-g.start > g.next {
		g.pass()
		reached = true
	}
	return reached
}

// cut tells whether a segment ends with the coded frame that ends at raw time end: the first one
// to reach a place. It is asked once for each frame, in order.
func (g *grid) cut(end media.Frames) bool {
	reached := false
	for g.left > 0 && end-g.start >= g.next {
		g.pass()
		reached = true
	}
	return reached
}

func (g *grid) pass() {
	g.next += g.step
	g.left--
}
