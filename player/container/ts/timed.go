package ts

import (
	"errors"
	"slices"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/id3"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// maxMoments bounds the timed metadata of one segment.
const maxMoments = 1024

// Timed gives the ID3 tags that a stream of the segment carries ("Timed Metadata for HTTP Live Streaming"),
// each at its time stamp; see container.Timed. What is damaged is left out.
func (g *Segment) Timed() (all []metadata.Timed) {
	if g.meta == noPID || !g.timed {
		return nil
	}
	e := elementary{p: segmentPackets(g.data), pid: g.meta, counter: -1}
	var err error
	for weight := 0; err == nil && len(all) < maxMoments && weight < container.MaxTimedBytes; {
		known := len(all)
		if err = e.pull(); errors.Is(err, errHole) {
			e.clear()
			err = nil
		}
		all = g.tags(&e, all, err != nil)
		for _, m := range all[known:] {
			weight += m.Metadata.Weight()
		}
	}
	slices.SortStableFunc(all, func(a, b metadata.Timed) int { return int(max(-1, min(1, a.Time-b.Time))) })
	return all
}

// tags takes the tags that are here as a whole.
func (g *Segment) tags(e *elementary, all []metadata.Timed, final bool) []metadata.Timed {
	for len(e.marks) > 0 {
		m := e.marks[0]
		e.skip(int(max(0, m.at-e.at())))
		n := id3.Bytes(e.rest())
		switch {
		case n > 0 && n <= int64(len(e.rest())):
			if tag, _ := metadata.ParseID3v2(e.rest()[:n]); !tag.Empty() {
				all = append(all, metadata.Timed{Time: g.at(m.pts), Metadata: tag})
			}
			e.skip(int(n))
		case !final && len(e.marks) == 1:
			return all // more of it may come
		}
		e.marks = e.marks[1:]
	}
	return all
}

// at puts a time stamp on the segment's clock.
func (g *Segment) at(pts int64) media.Frames {
	rate := int64(g.s.info.Format.SampleRate)
	return max(0, g.base+g.s.anchor.t+media.Frames(media.Rescale(since(g.s.anchor.pts, pts), clock, rate)))
}

// isOurs tells whether an error is of the bytes and not of reading them.
func isOurs(err error) bool {
	return errors.Is(err, container.ErrFormat) || errors.Is(err, container.ErrUnsupported) || errors.Is(err, container.ErrLimit)
}
