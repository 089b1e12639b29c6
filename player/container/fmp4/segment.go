package fmp4

import (
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// Segment gives the samples of one media segment.
type Segment struct {
	info    container.Info
	data    []byte
	samples []sample
	base    media.Frames
	next    int
}

var _ container.Demuxer = (*Segment)(nil)

// sample is one packet: where it lies in the segment, and when.
type sample struct {
	at, size       int
	time, duration media.Frames
}

// flags of tfhd and trun (ISO 14496-12 sections 8.8.7 and 8.8.8)
const (
	tfhdBaseOffset  = 0x01
	tfhdDescription = 0x02
	tfhdDuration    = 0x08
	tfhdSize        = 0x10
	tfhdFlags       = 0x20

	trunDataOffset  = 0x001
	trunFirstFlags  = 0x004
	trunDuration    = 0x100
	trunSize        = 0x200
	trunFlags       = 0x400
	trunComposition = 0x800
)

// OpenSegment starts on a media segment: any number of moof and mdat pairs, with other boxes between
// them; none at all only behind a styp. All of its structure is checked here, so that Next can't fail. Packets are slices of data.
// The error wraps container.ErrFormat, container.ErrLimit or container.ErrUnsupported.
func (i *Init) OpenSegment(data []byte) (*Segment, error) {
	if len(data) > container.MaxSegmentBytes {
		return nil, fmt.Errorf("fmp4: segment of %d bytes: %w", len(data), container.ErrLimit)
	}
	s := &Segment{info: i.info, data: data}
	p := fragmentParser{init: i, out: s}
	moofs, headed := 0, false
	err := boxes(data, 0, func(b box) (bool, error) {
		if b.kind != cc("moof") {
			headed = headed || b.kind == cc("styp")
			return true, nil
		}
		moofs++
		p.moofAt = b.at - 8 // a moof never needs the 64-bit size
		return true, p.moof(b.body)
	})
	if err != nil {
		return nil, err
	}
	// Some packagers end a stream with a segment of headers alone.
	if moofs == 0 && !headed {
		return nil, fmt.Errorf("fmp4: no moof box: %w", container.ErrFormat)
	}
	if len(s.samples) > 0 {
		s.base = s.samples[0].time
	} else {
		s.base = p.frames(p.clock)
	}
	return s, nil
}

// Info is the same for every segment: that of the Init.
func (s *Segment) Info() container.Info { return s.info }

// BaseTime is the raw time of the segment's first frame.
func (s *Segment) BaseTime() media.Frames { return s.base }

// Next gives the next sample. Its Time counts from the start of the track.
func (s *Segment) Next(p *media.Packet) error {
	if s.next == len(s.samples) {
		return io.EOF
	}
	m := s.samples[s.next]
	s.next++
	*p = media.Packet{Data: s.data[m.at : m.at+m.size : m.at+m.size], Time: m.time, Duration: m.duration}
	return nil
}

// fragmentParser walks the fragments of one segment.
type fragmentParser struct {
	init   *Init
	out    *Segment
	moofAt int
	clock  uint64 // decode time of the next sample, in ticks
	claims int    // samples that runs have claimed
}

// frames converts track time to frames. Each is rounded from the absolute time, so that errors of
// rounding don't add up.
func (p *fragmentParser) frames(ticks uint64) media.Frames {
	return media.Frames(media.Rescale(int64(min(ticks, 1<<62)), int64(p.init.Timescale), int64(p.init.info.Format.SampleRate)))
}

func (p *fragmentParser) moof(body []byte) error {
	// Where tfhd says nothing, the data of the first track start at the moof, that of the others
	// where the data before end. Nearly every writer is explicit, so the latter isn't followed.
	return boxes(body, 0, func(b box) (bool, error) {
		if b.kind != cc("traf") {
			return true, nil
		}
		return true, p.traf(b.body)
	})
}

func (p *fragmentParser) traf(body []byte) error {
	tfhd, err := descend(body, "tfhd")
	if err != nil {
		return err
	}
	r := reader{b: tfhd}
	_, flags := r.full()
	if r.u32() != p.init.TrackID {
		return r.err("tfhd")
	}
	base, def := int64(p.moofAt), p.init.trex
	if flags&tfhdBaseOffset != 0 {
		// Offsets from the start of a file mean nothing in a segment of it, unless it is the file.
		base = int64(min(r.u64(), 1<<40))
	}
	if flags&tfhdDescription != 0 {
		r.u32()
	}
	if flags&tfhdDuration != 0 {
		def.duration = r.u32()
	}
	if flags&tfhdSize != 0 {
		def.size = r.u32()
	}
	if err := r.err("tfhd"); err != nil {
		return err
	}
	next := base // of data, for runs without an offset of their own
	return boxes(body, 0, func(b box) (bool, error) {
		switch b.kind {
		case cc("tfdt"):
			return true, p.tfdt(b.body)
		case cc("trun"):
			next, err = p.trun(b.body, base, next, def)
			return true, err
		case cc("senc"):
			return false, fmt.Errorf("fmp4: encrypted samples: %w", container.ErrUnsupported)
		}
		return true, nil
	})
}

func (p *fragmentParser) tfdt(body []byte) error {
	r := reader{b: body}
	if version, _ := r.full(); version == 1 {
		p.clock = r.u64()
	} else {
		p.clock = uint64(r.u32())
	}
	if p.clock > 1<<62 { // durations added to it must not wrap
		return fmt.Errorf("fmp4: decode time %d: %w", p.clock, container.ErrFormat)
	}
	return r.err("tfdt")
}

// trun adds the samples of one run and gives the offset behind their data.
func (p *fragmentParser) trun(body []byte, base, next int64, def defaults) (int64, error) {
	r := reader{b: body}
	_, flags := r.full()
	count := int(r.u32())
	if p.claims += count; count > container.MaxPackets || p.claims > container.MaxPackets {
		return 0, fmt.Errorf("fmp4: run of %d samples: %w", count, container.ErrLimit)
	}
	if flags&trunDataOffset != 0 {
		next = base + int64(int32(r.u32()))
	}
	if flags&trunFirstFlags != 0 {
		r.u32()
	}
	for range count {
		duration, size := def.duration, def.size
		if flags&trunDuration != 0 {
			duration = r.u32()
		}
		if flags&trunSize != 0 {
			size = r.u32()
		}
		if flags&trunFlags != 0 {
			r.u32()
		}
		if flags&trunComposition != 0 {
			r.u32() // audio is presented in the order it is decoded
		}
		if r.short {
			break
		}
		if size > container.MaxPacketBytes {
			return 0, fmt.Errorf("fmp4: sample of %d bytes: %w", size, container.ErrLimit)
		}
		if next < 0 || next+int64(size) > int64(len(p.out.data)) {
			return 0, fmt.Errorf("fmp4: sample of %d bytes at %d in a segment of %d: %w",
				size, next, len(p.out.data), container.ErrFormat)
		}
		t := p.frames(p.clock)
		p.clock += uint64(duration)
		if size == 0 {
			continue // time without sound
		}
		p.out.samples = join(p.out.samples, sample{
			at: int(next), size: int(size), time: t, duration: p.frames(p.clock) - t,
		}, p.init.info.Format.Codec == media.CodecPCM)
		next += int64(size)
	}
	return next, r.err("trun")
}
