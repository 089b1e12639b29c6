package pipeline

import (
	"context"
	"time"

	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/media"
)

// Mark is something to tell when a block's first frame is heard. The zero Mark is nothing.
type Mark struct {
	Kind   MarkerKind    // Moved or Missing
	From   time.Duration // of Moved: where the timeline broke off
	Length time.Duration // of Missing
	Why    loader.Why
}

// discontinue does what is to be done before a run is opened. done: there is nothing to open.
func (d *decoderStage) discontinue(ctx context.Context, r *loader.Run) (done bool, err error) {
	t := r.Discontinuity
	if t == (loader.Discontinuity{}) {
		return false, nil
	}
	d.broke = r
	if t == (loader.Discontinuity{Resumed: true}) {
		return false, nil
	}
	if err := d.drain(ctx); err != nil {
		return false, err
	}
	if err := d.flush(ctx); err != nil {
		return false, err
	}
	if d.dec != nil {
		d.dec.Reset()
	}
	if t.NewClock {
		d.packed = nil
	}
	if t.Gap <= 0 {
		return false, nil
	}
	return true, d.miss(ctx, r)
}

// missRate is the rate of silence in a stream that nothing has been heard of yet.
const missRate = 44100

// miss gives silence in place of a run's music.
func (d *decoderStage) miss(ctx context.Context, r *loader.Run) error {
	if d.rate == 0 {
		d.rate = missRate
		d.next = media.FramesIn(d.e.From(), d.rate)
	}
	end := d.next + media.FramesIn(r.Discontinuity.Gap, d.rate)
	if r.Discontinuity.Moves != "" {
		d.move(media.FramesIn(r.Start, d.rate), r.Discontinuity.Moves)
		end = d.next + media.FramesIn(r.Discontinuity.Gap, d.rate)
	} else if at := media.FramesIn(r.Start+r.Discontinuity.Gap, d.rate) - d.trimmed(r); d.begun == 0 || !r.Continues {
		end = at // a part of it may have been heard, or lies before where the listener began
	}
	if end <= d.next {
		return nil
	}
	if d.mark == (Mark{}) {
		d.mark = Mark{Kind: Missing, Length: (end - d.next).Duration(d.rate), Why: r.Discontinuity.Why}
	}
	if d.rawNext >= 0 {
		d.rawNext += end - d.next
	}
	d.missed = true
	d.begun++
	return d.silence(ctx, end-d.next, r)
}

// trimmed is how much of the raw timeline lies before the heard one, as far as the playlist tells.
func (d *decoderStage) trimmed(r *loader.Run) media.Frames {
	if !r.Trim.Known {
		return 0
	}
	return media.Frames(media.Rescale(int64(r.Trim.Trim.Start), int64(r.Trim.Rate), int64(d.rate)))
}

// move makes the timeline go on elsewhere with the next frame that is given out.
func (d *decoderStage) move(to media.Frames, why loader.Why) {
	d.mark = Mark{Kind: Moved, From: d.next.Duration(d.rate), Why: why}
	d.next = max(0, to)
}

// alignDiscontinuity finds where a run lies that has a Discontinuity: its packets count from elsewhere than those before, but the
// music goes on where it stopped. False where the list's word is to be taken, as ever.
func (d *decoderStage) alignDiscontinuity(p *media.Packet, r *loader.Run) bool {
	start := media.FramesIn(r.Start, d.rate)
	missed := d.missed
	d.missed = false
	switch {
	case r.Discontinuity.NewClock && r.Discontinuity.Moves != "", r.Discontinuity.NewClock && !r.Continues:
		d.base = start - p.Time
		return true
	case r.Discontinuity.NewClock:
		d.base = d.next - max(0, p.Time-d.start)
		return true
	case (missed || r.Discontinuity.Resumed || r.Discontinuity.Moves != "") && d.rawNext >= 0 && p.Time > 0 && near(p.Time+d.base, start, media.Frames(d.rate)):
		return true // the same stream, only later: its own clock is truer than the list
	}
	return false
}

// arrive moves the timeline to the first packet of a run that goes on elsewhere.
func (d *decoderStage) arrive(p *media.Packet, r *loader.Run) {
	broke := d.broke
	d.broke = nil
	switch {
	case broke != r:
		return
	case r.Discontinuity.Moves == "" && r.Discontinuity.Why != "":
		d.mark = Mark{Kind: Moved, From: d.next.Duration(d.rate), Why: r.Discontinuity.Why}
		return
	case r.Discontinuity.Moves == "":
		return
	}
	d.rawNext = -1
	d.move(p.Time+d.base-d.start, r.Discontinuity.Moves)
}
