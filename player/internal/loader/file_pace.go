package loader

import (
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// unknownRate is what music is believed to take before some of it was seen, in bytes a second.
const unknownRate = 16_000

// pacer is a demuxer that takes note of how many bytes its music takes, so that it can be said how far
// those reach that are here. Next is the decoder's, reaches anybody's.
type pacer struct {
	container.Demuxer
	rate  int // frames a second
	begun bool
	first pace // the first packet
	now   atomic.Pointer[pace]
}

// pace is a place in a file and on its timeline.
type pace struct {
	at   int64
	time media.Frames
}

// paceEvery is how much music lies between two looks at it.
const paceEvery = 250 * time.Millisecond

// Next gives the next packet.
func (p *pacer) Next(k *media.Packet) error {
	if err := p.Demuxer.Next(k); err != nil {
		return err
	}
	placed, ok := p.Demuxer.(container.Placed)
	if !ok {
		return nil
	}
	was := p.now.Load()
	if was != nil && k.Time >= was.time && (k.Time-was.time).Duration(p.rate) < paceEvery {
		return nil
	}
	here := &pace{placed.Offset(), k.Time}
	if !p.begun || here.at < p.first.at {
		p.begun, p.first = true, *here
	}
	p.now.Store(here)
	return nil
}

// reaches is the moment that the byte at off is of, as far as can be told.
func (p *pacer) reaches(off int64) time.Duration {
	now := p.now.Load()
	if now == nil {
		return time.Duration(float64(off) / unknownRate * float64(time.Second))
	}
	perSecond := float64(unknownRate)
	if music := (now.time - p.first.time).Duration(p.rate); music > 0 && now.at > p.first.at {
		perSecond = float64(now.at-p.first.at) / music.Seconds()
	}
	return now.time.Duration(p.rate) + time.Duration(float64(max(0, off-now.at))/perSecond*float64(time.Second))
}
