package packager

import (
	"time"

	"github.com/segue-audio/segue/player/media"
)

const (
	segmentTime = 4 * time.Second
	// A last segment shorter than this joins the one before: it would be one more request for next
	// to nothing.
	shortestTail = time.Second
)

// grid says where a rendition is cut. The places are multiples of segmentTime in heard time, so
// that they are the same in every rendition, but for less than one coded frame.
type grid struct {
	start media.Frames // raw time of the first frame to be heard
	step  media.Frames
	next  media.Frames // the coming place, in heard time
	last  media.Frames // no place is later than this
}

// newGrid is for a stream of which trim is to be heard, at rate frames a second.
func newGrid(trim media.Trim, rate int) *grid {
	step := media.FramesIn(segmentTime, rate)
	return &grid{trim.Start, step, step, trim.Length - media.FramesIn(shortestTail, rate)}
}

// crosses tells whether a segment ends before the coded frame that ends at raw time end: the first one
// to go past a place. A rendition cut so has ended, at each place, when one that is cut by `cut` has,
// so that a player that changes from that to this needs no segment twice. It is asked as cut is.
func (g *grid) crosses(end media.Frames) bool {
	reached := false
	for g.next <= g.last && end-g.start > g.next {
		g.next += g.step
		reached = true
	}
	return reached
}

// cut tells whether a segment ends with the coded frame that ends at raw time end: the first one
// to reach a place. It is asked once for each frame, in order.
func (g *grid) cut(end media.Frames) bool {
	reached := false
	for g.next <= g.last && end-g.start >= g.next {
		g.next += g.step
		reached = true
	}
	return reached
}
