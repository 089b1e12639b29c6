package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/media"
)

// maxGap is the longest hole in a stream's timeline that is played as silence. A longer one is a
// broken timestamp and is stepped over.
const maxGap = 10 * time.Second

// decoderStage turns runs into blocks. It owns the trimming: encoder delay, padding, what a seek
// must skip, what two renditions overlap. No other stage cuts.
type decoderStage struct {
	e   *Entry
	dec codec.Decoder
	fmt media.Format
	mix *dsp.Remix
	pcm []float32 // one packet, as decoded
	two []float32 // one packet, in stereo

	outRate int          // frames a second that come out of dec, for a stream of fmt
	rate    int          // frames a second of the timeline below: outRate of the run before, or 0
	next    media.Frames // of the timeline: the next frame to give out
	end     media.Frames // of the timeline: where to stop; negative where unknown
	rawNext media.Frames // of the stream: where the last packet ended
	base    media.Frames // of the stream: what its timestamps begin with
	start   media.Frames // of the stream: where what is heard of it begins, by the run's trimming

	place   placing
	segment *loader.SegmentID // whose packets came last
	given   int               // how many of them

	stamps stamps
	last   *loader.Run     // whose music the decoder holds back
	broke  *loader.Run     // a run whose discontinuity is not heard yet
	missed bool            // silence stood for the run before
	mark   Mark            // for the next block
	over   media.Frames    // of the last packet: what came of it that lies behind its end
	packed *container.Info // of the first segment of packed audio
	counts bool            // the trimming has the decoder's own delay in it
	block  *Block
	runs   *loader.Queue
	begun  int // runs so far
	warned bool
	told   bool // what the init section says
	level  measuring
}

var errEndReached = errors.New("end reached")

func newDecoderStage(e *Entry) *decoderStage {
	return &decoderStage{e: e, runs: e.loader.Runs(), end: -1}
}

// run decodes until the loader's last run (drained tells), the end of the timeline, or an error.
func (d *decoderStage) run(ctx context.Context) (drained bool, err error) {
	defer d.close()
	d.e.restoreOutline(ctx)
	for {
		r, ok, err := d.runs.Pop(ctx)
		if err != nil {
			return false, err
		}
		if !ok {
			if err := d.drain(ctx); err != nil {
				return false, err
			}
			d.outlined(ctx)
			d.level.done(ctx, d)
			return true, d.flush(ctx)
		}
		err = d.decodeRun(ctx, r)
		r.Done()
		if errors.Is(err, errEndReached) {
			d.outlined(ctx)
			d.level.done(ctx, d)
			return false, d.flush(ctx)
		}
		if err != nil {
			return false, loader.Stage(fmt.Sprintf("decode segment %d", r.Index), err)
		}
		if n, _ := d.runs.Waiting(); n == 0 { // the mixer may be waiting for just this
			if err := d.flush(ctx); err != nil {
				return false, err
			}
		}
	}
}

func (d *decoderStage) decodeRun(ctx context.Context, r *loader.Run) error {
	if done, err := d.discontinue(ctx, r); done || err != nil {
		return err
	}
	demux, err := r.Open()
	if err != nil {
		return err
	}
	d.stamps.begin(demux, r)
	info := d.keepTrim(demux.Info(), demux)
	var p media.Packet
	for n := 0; n < r.Packets || r.Packets == 0; n++ {
		err := demux.Next(&p)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		first := n == 0
		if first {
			if !d.fmt.SameDecoder(info.Format) && !d.covers(r, info) {
				if err := d.drain(ctx); err != nil {
					return err
				}
			}
			if err := d.prepare(&info, p.Data, r); err != nil {
				return err
			}
		}
		d.rescale(&p.Time)
		d.rescale(&p.Duration)
		if first && (r.Segment == nil || d.segment != r.Segment) {
			if r.Origin != nil {
				if err := d.alignOrigin(ctx, &p, info, r); err != nil {
					return err
				}
			} else {
				d.align(&p, r)
			}
			d.stamps.note(p.Time+d.base, d.rate)
			d.arrive(&p, r)
			d.segment, d.given = r.Segment, 0
		}
		if first && r.Packets == 0 {
			d.tell(demux, info, r)
		}
		if n < d.given && r.Segment != nil {
			continue // the part before had it
		}
		d.given = n + 1
		if t, ok := demux.(loader.Titled); ok {
			d.tellMoments(t.Titles(), p.Time+d.base-d.trim(info, r).Start)
		}
		if err := d.decode(ctx, &p, info, r); err != nil {
			return err
		}
	}
	d.stamps.finish(r)
	d.begun++
	return nil
}

// prepare makes the decoder fit the run's format, and puts the timeline and info into the sample rate
// that comes out of it.
func (d *decoderStage) prepare(info *container.Info, first []byte, r *loader.Run) error {
	f := info.Format
	if f.SampleRate <= 0 || f.Channels <= 0 || f.Channels > codec.MaxChannels {
		return fmt.Errorf("%w: %d channels at %d Hz", codec.ErrUnsupported, f.Channels, f.SampleRate)
	}
	if d.dec == nil || !d.fmt.SameDecoder(f) {
		if err := d.open(f, first); err != nil {
			return err
		}
	}
	info.Format.SampleRate = d.outRate
	d.rescale(&info.Trim.Start)
	d.rescale(&info.Trim.Length)
	d.rescale(&info.Preroll)
	f = info.Format
	if d.rate == 0 {
		d.next = media.FramesIn(d.e.From(), f.SampleRate)
	} else if d.rate != f.SampleRate {
		d.next = media.Frames(media.Rescale(int64(d.next), int64(d.rate), int64(f.SampleRate)))
	}
	d.rate = f.SampleRate
	d.end = d.endOf(*info, r)
	d.start = d.trim(*info, r).Start
	d.counts = d.countsDelay(d.start)
	return nil
}

// open makes the decoder for f.
func (d *decoderStage) open(f media.Format, first []byte) error {
	dec, err := newDecoder(f, first, d.e.env.Decoders)
	if err != nil {
		return err
	}
	mix, err := dsp.NewRemix(dec.Channels(), Channels)
	if err != nil {
		return fmt.Errorf("%w: %w", codec.ErrUnsupported, err)
	}
	d.close()
	d.dec, d.mix, d.fmt = dec, mix, f
	d.outRate = dec.SampleRate()
	if d.outRate <= 0 {
		d.outRate = f.SampleRate
	}
	d.pcm = make([]float32, codec.MaxFrames*dec.Channels())
	d.two = make([]float32, codec.MaxFrames*Channels)
	d.rawNext = -1
	return nil
}

// rescale puts a count of the stream's frames into the decoder's output rate.
func (d *decoderStage) rescale(n *media.Frames) {
	if d.outRate != d.fmt.SampleRate {
		*n = media.Frames(media.Rescale(int64(*n), int64(d.fmt.SampleRate), int64(d.outRate)))
	}
}

// endOf finds where the timeline ends, in the run's rate.
func (d *decoderStage) endOf(info container.Info, r *loader.Run) media.Frames {
	end := media.Frames(-1)
	if t := d.trim(info, r); t.Length > 0 && r.Origin == nil {
		end = t.Length
	}
	if stop := d.e.Spec.Stop; stop > 0 {
		if s := media.FramesIn(stop, d.rate); end < 0 || s < end {
			end = s
		}
	}
	return end
}

// trim is the run's trimming in its own sample rate; the manifest's word counts before the container's.
func (d *decoderStage) trim(info container.Info, r *loader.Run) media.Trim {
	if !r.Trim.Known {
		return info.Trim
	}
	from, to := int64(r.Trim.Rate), int64(info.Format.SampleRate)
	return media.Trim{
		Start:  media.Frames(media.Rescale(int64(r.Trim.Trim.Start), from, to)),
		Length: media.Frames(media.Rescale(int64(r.Trim.Trim.Length), from, to)),
	}
}

// align finds where on the stream's raw timeline the run's packets lie: base + packet.Time.
func (d *decoderStage) align(p *media.Packet, r *loader.Run) {
	if r.IsFile() { // a file: its times are true
		d.base = 0
		return
	}
	if (d.broke == r || d.missed) && d.alignDiscontinuity(p, r) {
		return
	}
	if d.alignStamped(p, r) {
		return
	}
	start := d.listed(p, r)
	if p.Time == 0 { // packed audio without a time stamp: times begin with the segment
		d.base = start
		return
	}
	// fMP4 counts from the beginning of the stream, or from an origin of its own.
	if near(p.Time, start, media.Frames(d.rate/2)) {
		d.base = 0
	} else {
		d.base = start - p.Time
	}
}

// rounding is how far a packet may be from where the one before ended and yet follow it: a millisecond, in which
// some containers count.
func (d *decoderStage) rounding() media.Frames { return media.Frames(d.rate/1000 + 2) }

func near(a, b, within media.Frames) bool { return a-b < within && b-a < within }

// decode gives out what of a packet is to be heard.
func (d *decoderStage) decode(ctx context.Context, p *media.Packet, info container.Info, r *loader.Run) error {
	raw := p.Time + d.base
	if d.rawNext >= 0 && !d.fmt.Lossless() && near(raw, d.rawNext, d.rounding()) {
		raw = d.rawNext // times are rounded where a segment begins; the decoder need not begin anew
	}
	at := raw - d.trim(info, r).Start
	if d.end >= 0 && d.next >= d.end {
		return errEndReached
	}
	if p.Duration > 0 && at+p.Duration+info.Preroll <= d.next && raw != d.rawNext || d.past(at) {
		return nil // too early even to warm up with, or too late
	}
	if d.rawNext >= 0 && raw != d.rawNext {
		d.dec.Reset()
	}
	p.Time = raw // some decoders go by where in the stream a packet lies
	n, err := d.dec.Decode(d.pcm, p)
	if err != nil {
		if !errors.Is(err, codec.ErrCorrupt) {
			return err
		}
		n = d.conceal(p, at, r, err)
	}
	n = d.cut(n, p.Duration)
	d.rawNext = raw + media.Frames(n)
	if p.Duration > 0 {
		d.rawNext = raw + min(media.Frames(n), p.Duration)
	}
	d.mix.Process(d.two, d.pcm[:n*d.dec.Channels()])
	d.last = r
	return d.give(ctx, d.two[:n*Channels], at-d.lag(), r)
}

// close gives back what the decoder holds outside of Go's memory.
func (d *decoderStage) close() {
	if c, ok := d.dec.(io.Closer); ok {
		_ = c.Close() // nothing was written that could be lost
	}
}

// conceal puts what hides the loss in place of a packet, silence if need be, and returns its length in frames.
func (d *decoderStage) conceal(p *media.Packet, at media.Frames, r *loader.Run, err error) int {
	n := min(int(p.Duration), codec.MaxFrames)
	if c, ok := d.dec.(codec.Concealer); ok {
		c.Conceal(d.pcm, n)
	} else {
		clear(d.pcm[:n*d.dec.Channels()])
	}
	if at+p.Duration <= d.next {
		return n // warming up: nobody would have heard it
	}
	d.e.env.Counters.Concealed.Add(1)
	if r.Forget != nil {
		r.Forget()
	}
	if !d.warned {
		d.warned = true
		d.e.env.Note(Note{d.e, Concealed{loader.Stage(fmt.Sprintf("decode segment %d", r.Index), err)}})
	}
	return n
}

// give puts frames that lie at a moment of the timeline into blocks: the part before what is due
// next was heard already (or skipped by a seek), a hole is filled with silence.
func (d *decoderStage) give(ctx context.Context, pcm []float32, at media.Frames, r *loader.Run) error {
	n := media.Frames(len(pcm) / Channels)
	if at+n <= d.next {
		return nil
	}
	if at < d.next {
		pcm = pcm[(d.next-at)*Channels:]
	} else if gap := at - d.next; gap > 0 {
		if gap.Duration(d.rate) <= maxGap && d.next > 0 {
			if err := d.silence(ctx, gap, r); err != nil {
				return err
			}
		} else if d.next > 0 {
			if err := d.flush(ctx); err != nil {
				return err
			}
			d.move(at, loader.WhyTimes)
		} else {
			d.next = at
		}
	}
	if stop := d.limit(at + n); stop >= 0 && media.Frames(len(pcm)/Channels) > stop-d.next {
		pcm = pcm[:max(0, stop-d.next)*Channels]
	}
	return d.emit(ctx, pcm, r)
}

func (d *decoderStage) silence(ctx context.Context, n media.Frames, r *loader.Run) error {
	var zero [512 * Channels]float32
	for n > 0 {
		k := min(n, 512)
		if err := d.emit(ctx, zero[:k*Channels], r); err != nil {
			return err
		}
		n -= k
	}
	return nil
}

// emit appends to the block at hand and sends it when it is full or of another kind.
func (d *decoderStage) emit(ctx context.Context, pcm []float32, r *loader.Run) error {
	d.level.heard(ctx, d, pcm, r.Rendition)
	for len(pcm) > 0 {
		if b := d.block; b != nil && (b.Rate != d.rate || b.Rendition != r.Rendition || len(b.PCM) == cap(b.PCM)) {
			if err := d.flush(ctx); err != nil {
				return err
			}
		}
		if d.block == nil {
			if d.block = d.e.blocks.reuse(); d.block == nil {
				d.block = d.e.env.newBlock()
			}
			d.block.PCM = d.block.PCM[:0]
			d.block.Rate, d.block.At, d.block.Rendition, d.block.Reason = d.rate, d.next, r.Rendition, r.Reason
			d.block.Mark, d.mark = d.mark, Mark{}
		}
		k := min(len(pcm), cap(d.block.PCM)-len(d.block.PCM))
		d.block.PCM = append(d.block.PCM, pcm[:k]...)
		d.outline(pcm[:k])
		d.next += media.Frames(k / Channels)
		pcm = pcm[k:]
	}
	return nil
}

func (d *decoderStage) flush(ctx context.Context) error {
	if d.block == nil {
		return nil
	}
	if err := d.e.blocks.send(ctx, d.block); err != nil {
		return err
	}
	d.block = nil
	return nil
}
