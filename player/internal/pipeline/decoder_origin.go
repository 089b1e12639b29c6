package pipeline

import (
	"context"
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// placing is where on the timeline the period that is being decoded lies, where the manifest says so
// exactly (manifest.Origin).
type placing struct {
	known bool
	at    time.Duration // of the period's beginning, by the manifest
	shift time.Duration // how much later it is played than the manifest says, because that rounds
	until media.Frames  // of the timeline: where the period ends; negative where its packets do
	slack media.Frames  // packets that go beyond until by no more are played to their end
}

// alignOrigin finds where a run lies whose manifest ties its clock to the timeline. Within a period the
// packets' own times tell all. Where a period begins, what the manifest rounded is made good: the music
// goes on with neither a cut nor a hole.
func (d *decoderStage) alignOrigin(ctx context.Context, p *media.Packet, info container.Info, r *run) error {
	o := r.origin
	trim := d.trim(info, r)
	offset := o.At - time.Duration(media.Rescale(o.From, o.Scale, int64(time.Second)))
	fresh := !d.place.known || d.place.at != o.At
	goesOn := fresh && d.place.known && r.turn.moves == ""
	d.base = media.FramesIn(offset+d.place.shift, d.rate)
	if goesOn {
		if by := d.joint(p, o.At, trim.Start); media.FramesIn(o.Slack, d.rate) >= max(by, -by) {
			d.place.shift -= by.Duration(d.rate)
			d.base -= by
		}
		if p.Time+d.base != d.rawNext {
			if err := d.drain(ctx); err != nil {
				return err
			}
		}
	}
	d.place.known, d.place.at = true, o.At
	d.place.until, d.place.slack = -1, media.FramesIn(o.Slack, d.rate)
	if o.Until > 0 {
		d.place.until = media.FramesIn(o.Until+d.place.shift, d.rate)
	}
	if trim.Length > 0 { // the edit list's word, which counts from its own beginning
		end := trim.Length + d.base
		if d.place.until < 0 || end < d.place.until {
			d.place.until, d.place.slack = end, 0
		}
	}
	return nil
}

// joint is how far apart the end of what was decoded and the beginning of a period are: positive for a hole.
func (d *decoderStage) joint(p *media.Packet, at time.Duration, lead media.Frames) media.Frames {
	if by := p.Time + d.base - d.rawNext; d.rawNext >= 0 && by > -p.Duration/2 && by < p.Duration/2 {
		return by // the same stream goes on
	}
	begins := max(media.FramesIn(at+d.place.shift, d.rate), p.Time+d.base-lead)
	return begins - d.next
}

// past tells whether a packet lies behind its period's end.
func (d *decoderStage) past(at media.Frames) bool {
	return d.place.known && d.place.until >= 0 && at-d.lag() >= d.place.until
}

// limit is where to cut what was decoded of a packet that ends at a moment of the timeline; negative for nowhere.
func (d *decoderStage) limit(end media.Frames) media.Frames {
	stop := d.end
	if u := d.place.until; d.place.known && u >= 0 && end > u+d.place.slack && (stop < 0 || u < stop) {
		stop = u
	}
	return stop
}
