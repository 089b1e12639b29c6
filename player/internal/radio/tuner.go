package radio

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/container/ogg"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// errForgotten: a demuxer goes back to what it has read long ago.
var errForgotten = errors.New("no longer held")

// errAstray: there is nothing to decode in what came last.
var errAstray = errors.New("no frames in what comes in")

const (
	// openReach is how much of a stream is looked through for its first frames.
	openReach = 256 << 10
	// frameReach is how much is looked through for the next one: what doesn't go on within it is taken for
	// another coding, which begins anew. Frames of lossless coding are long.
	frameReach, longReach = 32 << 10, 1 << 20
	// maxRetunes bounds the attempts to make sense of a stream that gives nothing.
	maxRetunes = 8
)

// reception is what all of a radio's demuxers share. The decoder's goroutine writes it.
type reception struct {
	music atomic.Int64 // ns that were given to the decoder
	bytes atomic.Int64 // that they took
	upTo  atomic.Int64 // of the tape at hand: what is in front was given
	tuned atomic.Pointer[Tape]
}

// passage is the tape from a place on, as a demuxer reads it.
type passage struct {
	*Tape
	base  int64
	last  int64 // end of the packet before; the demuxer's goroutine only
	reach int64
}

// ReadAt reads no further than a packet can reach.
func (s *passage) ReadAt(p []byte, off int64) (int, error) {
	if off > s.last+s.reach {
		return 0, errAstray
	}
	return s.Tape.ReadAt(p, s.base+off)
}

// Held implements container.Arriving.
func (s *passage) Held(off int64) int64 { return s.Tape.Held(s.base + off) }

// Tuner is a demuxer of a live stream: it gives the packets of one coding, and where another begins it comes
// to its end and says so to Options.Recoded. Its methods are for one goroutine, the decoder's.
type Tuner struct {
	container.Demuxer
	of     *Receiver
	from   *passage
	rate   int
	given  int // packets
	barren int // tuners in a row, up to this one, that gave none
	told   []metadata.Metadata
}

// tune opens a tape from a place on.
func (r *Receiver) tune(t *Tape, base int64) (*Tuner, error) {
	from := &passage{Tape: t, base: base, reach: openReach}
	d, err := detect.Open(from, container.Unknown)
	if err != nil {
		return nil, err
	}
	info := d.Info()
	from.reach = frameReach
	if info.Format.Codec != media.CodecMP3 && info.Format.Codec != media.CodecAAC {
		from.reach = longReach
	}
	return &Tuner{Demuxer: d, of: r, from: from, rate: info.Format.SampleRate}, nil
}

// Next gives the next packet.
func (t *Tuner) Next(p *media.Packet) error {
	err := t.Demuxer.Next(p)
	if err != nil {
		return t.ended(err)
	}
	t.given++
	t.barren = 0
	at := int64(0)
	if placed, ok := t.Demuxer.(container.Placed); ok {
		at = placed.Offset()
	}
	t.from.last = max(t.from.last, at+int64(len(p.Data)))
	c := &t.of.got
	if c.tuned.Swap(t.from.Tape) != t.from.Tape {
		c.upTo.Store(t.from.base)
	}
	here := t.from.base + t.from.last
	c.bytes.Add(max(0, here-c.upTo.Swap(here)))
	if t.rate > 0 {
		c.music.Add(int64(p.Duration.Duration(t.rate)))
	}
	for _, k := range t.from.due(t.from.base + at) {
		t.told = append(t.told, k.of)
	}
	if says, ok := t.Demuxer.(container.Saying); ok {
		if m, ok := says.Says(); ok {
			t.told = append(t.told, m)
		}
	}
	return nil
}

// Titles takes out what the stream says from the packet on that Next gave last.
func (t *Tuner) Titles() (m []metadata.Metadata) {
	m, t.told = t.told, nil
	return m
}

// ended is the end of what the demuxer can give: of the tape, or where another one has to go on.
func (t *Tuner) ended(err error) error {
	if t.from.ctx.Err() != nil {
		return context.Cause(t.from.ctx)
	}
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	at := t.from.base + t.from.last
	var other *ogg.FormatError
	if errors.As(err, &other) {
		at = t.from.base + other.Offset
	}
	if t.given == 0 {
		if t.barren++; t.barren >= maxRetunes {
			return err
		}
		at += frameReach
	}
	barren := t.barren
	t.of.opt.Logger.Info("the stream goes on in another coding, or is damaged", "err", err)
	t.of.opt.Recoded(func() (container.Demuxer, error) {
		for at := at; ; at += frameReach {
			d, err := t.of.tune(t.from.Tape, at)
			if err == nil {
				d.barren = barren
				return d, nil
			}
			if end, _ := t.from.length(); at >= end && t.from.IsOver() || t.from.ctx.Err() != nil {
				return silent{}, nil
			}
			if barren++; barren >= maxRetunes {
				return nil, err
			}
		}
	})
	return io.EOF
}

// silent is a demuxer of nothing.
type silent struct{}

// Info is that of nothing.
func (silent) Info() container.Info { return container.Info{} }

// Next gives io.EOF.
func (silent) Next(*media.Packet) error { return io.EOF }
