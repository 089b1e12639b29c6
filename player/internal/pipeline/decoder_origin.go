package pipeline

import (
	"context"
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/media"
)

// clockSlack is how far apart two periods may put the zero of one clock: MPDs write microseconds at best.
const clockSlack = 2 * time.Microsecond

// placing is where on the timeline the period that is being decoded lies, where the manifest says so
// exactly (manifest.Origin).
type placing struct {
	known bool
	at    time.Duration // of the period's beginning, by the manifest
	zero  time.Duration // where the media's clock is zero, by the manifest
	media string        // names the init section: what has the same one counts on the same clock
	shift time.Duration // how much later it is played than the manifest says, because that rounds
	until media.Frames  // of the timeline: where the period ends; negative where its packets do
	slack media.Frames  // packets that go beyond until by no more are played to their end
}

// alignOrigin finds where a run lies whose manifest ties its clock to the timeline. Within a period the
// packets' own times tell all. Where a period begins, what the manifest rounded is made good: the music
// goes on with neither a cut nor a hole.
func (d *decoderStage) alignOrigin(ctx context.Context, p *media.Packet, info container.Info, r *loader.Run) error {
	o := r.Origin
	trim := d.trim(info, r)
	zero := o.At - time.Duration(media.Rescale(o.From, o.Scale, int64(time.Second)))
	goesOn := d.place.known && d.place.at != o.At && r.Discontinuity.Moves == ""
	same := goesOn && r.InitName != "" && r.InitName == d.place.media && (zero-d.place.zero).Abs() <= max(o.Slack, clockSlack)
	if same { // one stream under two periods: its clock is truer than their beginnings
		d.place.shift += d.place.zero - zero
	}
	d.base = media.FramesIn(zero+d.place.shift, d.rate)
	if goesOn && !same {
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
	d.place.known, d.place.at, d.place.zero, d.place.media = true, o.At, zero, r.InitName
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
