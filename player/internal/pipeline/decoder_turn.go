package pipeline

import (
	"context"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Why says why a live stream goes on elsewhere.
type Why string

// The reasons of a Mark and a Marker.
const (
	WhyWindow  Why = "window"    // what follows has left the list
	WhyRestart Why = "restarted" // the server began anew
	WhyGap     Why = "gap"       // the list says that the segment doesn't exist
	WhyFailed  Why = "failed"    // the segment couldn't be had
	WhyTimes   Why = "times"     // the stream's own clock goes on elsewhere
)

// Mark is something to tell when a block's first frame is heard. The zero Mark is nothing.
type Mark struct {
	Kind   MarkerKind    // Moved or Missing
	From   time.Duration // of Moved: where the timeline broke off
	Length time.Duration // of Missing
	Why    Why
}

// turn is what changes before a run.
type turn struct {
	moves  Why           // the timeline goes on at the run's start, wherever it was; "" for no such thing
	again  bool          // a part of it was played, so that its clock is known
	fresh  bool          // its timestamps are no continuation of those before, but its music is
	silent time.Duration // there is nothing to open: so much of the music is missing, for why
	why    Why
}

// takeTurn does what is to be done before a run is opened. done: there is nothing to open.
func (d *decoderStage) takeTurn(ctx context.Context, r *run) (done bool, err error) {
	t := r.turn
	if t == (turn{}) {
		return false, nil
	}
	d.turned = r
	if t == (turn{again: true}) {
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
	if t.fresh {
		d.packed = nil
	}
	if t.silent <= 0 {
		return false, nil
	}
	return true, d.miss(ctx, r)
}

// missRate is the rate of silence in a stream that nothing has been heard of yet.
const missRate = 44100

// miss gives silence in place of a run's music.
func (d *decoderStage) miss(ctx context.Context, r *run) error {
	if d.rate == 0 {
		d.rate = missRate
		d.next = media.FramesIn(time.Duration(d.e.from.Load()), d.rate)
	}
	end := d.next + media.FramesIn(r.turn.silent, d.rate)
	if r.turn.moves != "" {
		d.move(media.FramesIn(r.start, d.rate), r.turn.moves)
		end = d.next + media.FramesIn(r.turn.silent, d.rate)
	} else if at := media.FramesIn(r.start+r.turn.silent, d.rate) - d.trimmed(r); d.runs == 0 || !r.continues {
		end = at // a part of it may have been heard, or lies before where the listener began
	}
	if end <= d.next {
		return nil
	}
	if d.mark == (Mark{}) {
		d.mark = Mark{Kind: Missing, Length: (end - d.next).Duration(d.rate), Why: r.turn.why}
	}
	if d.rawNext >= 0 {
		d.rawNext += end - d.next
	}
	d.missed = true
	d.runs++
	return d.silence(ctx, end-d.next, r)
}

// trimmed is how much of the raw timeline lies before the heard one, as far as the playlist tells.
func (d *decoderStage) trimmed(r *run) media.Frames {
	if !r.trim.known {
		return 0
	}
	return media.Frames(media.Rescale(int64(r.trim.trim.Start), int64(r.trim.rate), int64(d.rate)))
}

// move makes the timeline go on elsewhere with the next frame that is given out.
func (d *decoderStage) move(to media.Frames, why Why) {
	d.mark = Mark{Kind: Moved, From: d.next.Duration(d.rate), Why: why}
	d.next = max(0, to)
}

// alignTurn finds where a run lies that turns: its packets count from elsewhere than those before, but the
// music goes on where it stopped. False where the list's word is to be taken, as ever.
func (d *decoderStage) alignTurn(p *media.Packet, r *run) bool {
	start := media.FramesIn(r.start, d.rate)
	missed := d.missed
	d.missed = false
	switch {
	case r.turn.fresh && r.turn.moves != "", r.turn.fresh && !r.continues:
		d.base = start - p.Time
		return true
	case r.turn.fresh:
		d.base = d.next - max(0, p.Time-d.start)
		return true
	case (missed || r.turn.again || r.turn.moves != "") && d.rawNext >= 0 && p.Time > 0 && near(p.Time+d.base, start, media.Frames(d.rate)):
		return true // the same stream, only later: its own clock is truer than the list
	}
	return false
}

// arrive moves the timeline to the first packet of a run that goes on elsewhere.
func (d *decoderStage) arrive(p *media.Packet, r *run) {
	turned := d.turned
	d.turned = nil
	switch {
	case turned != r:
		return
	case r.turn.moves == "" && r.turn.why != "":
		d.mark = Mark{Kind: Moved, From: d.next.Duration(d.rate), Why: r.turn.why}
		return
	case r.turn.moves == "":
		return
	}
	d.rawNext = -1
	d.move(p.Time+d.base-d.start, r.turn.moves)
}
