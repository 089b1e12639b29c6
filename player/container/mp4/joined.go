package mp4

import (
	"io"

	"github.com/segue-audio/segue/player/container/internal/bmff"
	"github.com/segue-audio/segue/player/media"
)

// joined gives the samples of a file whose first ones stand in moov's tables and whose others in fragments, as
// a recorder leaves it that began with a moov of some.
type joined struct {
	table     *sampleTable
	fragments *fragments
	inTable   bool
}

// next implements source.
func (j *joined) next() (bmff.Sample, error) {
	if j.inTable {
		s, err := j.table.next()
		if err != io.EOF {
			return s, err
		}
		j.inTable = false
	}
	return j.fragments.next()
}

// seek implements source.
func (j *joined) seek(t, back media.Frames) error {
	table, fragments := j.table.c, j.fragments.snapshot()
	err := j.seekTo(t, back)
	if err != nil {
		j.table.c = table
		j.fragments.restore(fragments)
	}
	return err
}

func (j *joined) seekTo(t, back media.Frames) error {
	border := j.table.track.Frames(j.table.end)
	if t >= border {
		if err := j.fragments.seek(t, max(0, min(back, t-border))); err != nil {
			return err
		}
		if t-back >= border || j.fragments.ended() {
			j.inTable = false
			return nil
		}
		t, back = max(0, t-back), 0
	}
	if err := j.table.seek(t, back); err != nil {
		return err
	}
	if err := j.fragments.seek(border, 0); err != nil {
		return err
	}
	j.inTable = true
	return nil
}
