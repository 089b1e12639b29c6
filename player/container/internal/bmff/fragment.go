package bmff

import (
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// Sample is one packet: where it lies, and when.
type Sample struct {
	At             int64 // offset of its first byte
	Size           int
	Time, Duration media.Frames
}

// flags of tfhd and trun (ISO 14496-12 sections 8.8.7 and 8.8.8)
const (
	tfhdBaseOffset  = 0x01
	tfhdDescription = 0x02
	tfhdDuration    = 0x08
	tfhdSize        = 0x10

	trunDataOffset  = 0x001
	trunFirstFlags  = 0x004
	trunDuration    = 0x100
	trunSize        = 0x200
	trunFlags       = 0x400
	trunComposition = 0x800
)

// maxSamples bounds the samples that are kept at a time, less than those that may be claimed: of uncompressed
// sound, thousands become one. As many packets of AAC last an hour and a half. A sample takes 32 bytes
// here and may take one in a file.
const maxSamples = 1 << 18

// Fragments takes moof boxes apart, one after the other.
type Fragments struct {
	Track *Track
	End   int64  // nothing at or behind it is data
	Clock uint64 // decode time of the next sample, in counts

	// Samples are those of all moofs that were read, in order, at most maxSamples; the caller may take them out.
	Samples []Sample

	// Claims counts the samples that runs have claimed, up to Limit in all and container.MaxPackets at a time.
	Claims, Limit int64
}

// Moof reads the body of a moof that begins, with its head, at offset at. The error wraps
// container.ErrFormat, container.ErrLimit or container.ErrUnsupported.
func (p *Fragments) Moof(body []byte, at int64) error {
	// Where tfhd says nothing, the data of the first track start at the moof, that of the others
	// where the data before end. Nearly every writer is explicit, so the latter isn't followed.
	return Boxes(body, 0, func(b Box) (bool, error) {
		if b.Kind != CC("traf") {
			return true, nil
		}
		return true, p.traf(b.Body, at)
	})
}

func (p *Fragments) traf(body []byte, base int64) error {
	tfhd, err := Descend(body, "tfhd")
	if err != nil {
		return err
	}
	r := Reader{B: tfhd}
	_, flags := r.Full()
	if r.U32() != p.Track.ID {
		return r.Err("tfhd")
	}
	def := p.Track.Default
	if flags&tfhdBaseOffset != 0 {
		// Offsets from the start of a file mean nothing in a segment of it, unless it is the file.
		base = int64(min(r.U64(), 1<<40))
	}
	if flags&tfhdDescription != 0 {
		r.U32()
	}
	if flags&tfhdDuration != 0 {
		def.Duration = r.U32()
	}
	if flags&tfhdSize != 0 {
		def.Size = r.U32()
	}
	if err := r.Err("tfhd"); err != nil {
		return err
	}
	next := base // of data, for runs without an offset of their own
	return Boxes(body, 0, func(b Box) (bool, error) {
		switch b.Kind {
		case CC("tfdt"):
			return true, p.tfdt(b.Body)
		case CC("trun"):
			next, err = p.trun(b.Body, base, next, def)
			return true, err
		case CC("senc"):
			return false, fmt.Errorf("mp4: encrypted samples: %w", container.ErrProtected)
		}
		return true, nil
	})
}

func (p *Fragments) tfdt(body []byte) error {
	r := Reader{B: body}
	n := 4
	if version, _ := r.Full(); version == 1 {
		n = 8
	}
	at := r.Uint(n)
	if at > 1<<62 { // durations added to it must not wrap
		return fmt.Errorf("mp4: decode time %d: %w", at, container.ErrFormat)
	}
	at = p.Track.At(at)
	if off, slack := int64(at)-int64(p.Clock), int64(p.Track.packet/2); p.Clock == 0 || off > slack || off < -slack {
		p.Clock = at
	}
	return r.Err("tfdt")
}

// trun adds the samples of one run and gives the offset behind their data.
func (p *Fragments) trun(body []byte, base, next int64, def Defaults) (int64, error) {
	r := Reader{B: body}
	_, flags := r.Full()
	count := int(r.U32())
	if p.Claims += int64(count); count > container.MaxPackets || p.Claims > p.Limit {
		return 0, fmt.Errorf("mp4: run of %d samples: %w", count, container.ErrLimit)
	}
	if flags&(trunDuration|trunSize|trunFlags|trunComposition) == 0 && def.Size == 0 {
		p.Clock = min(p.Clock+uint64(count)*p.Track.Count(def.Duration), 1<<62) // time without sound, and no field to read
		return next, r.Err("trun")
	}
	if flags&trunDataOffset != 0 {
		next = base + int64(int32(r.U32()))
	}
	if flags&trunFirstFlags != 0 {
		r.U32()
	}
	for range count {
		duration, size := def.Duration, def.Size
		if flags&trunDuration != 0 {
			duration = r.U32()
		}
		if flags&trunSize != 0 {
			size = r.U32()
		}
		if flags&trunFlags != 0 {
			r.U32()
		}
		if flags&trunComposition != 0 {
			r.U32() // audio is presented in the order it is decoded
		}
		if r.Short {
			break
		}
		if size > container.MaxPacketBytes {
			return 0, fmt.Errorf("mp4: sample of %d bytes: %w", size, container.ErrLimit)
		}
		if next < 0 || next+int64(size) > p.End {
			return 0, fmt.Errorf("mp4: sample of %d bytes at %d, where all ends at %d: %w",
				size, next, p.End, container.ErrFormat)
		}
		t := p.Track.Frames(p.Clock)
		p.Clock += p.Track.Count(duration)
		if size == 0 {
			continue // time without sound
		}
		p.Samples = join(p.Samples, Sample{
			At: next, Size: int(size), Time: t, Duration: p.Track.Frames(p.Clock) - t,
		}, p.Track.Info.Format.Codec == media.CodecPCM)
		if len(p.Samples) > maxSamples {
			return 0, fmt.Errorf("mp4: more than %d samples: %w", maxSamples, container.ErrLimit)
		}
		next += int64(size)
	}
	return next, r.Err("trun")
}

// join appends a sample to those before it: uncompressed sound that goes on where the last sample ends,
// in the file and in time, makes one packet with it.
func join(all []Sample, s Sample, pcm bool) []Sample {
	if n := len(all) - 1; pcm && n >= 0 {
		last := &all[n]
		if last.At+int64(last.Size) == s.At && last.Time+last.Duration == s.Time && last.Duration+s.Duration <= PacketFrames {
			last.Size += s.Size
			last.Duration += s.Duration
			return all
		}
	}
	return append(all, s)
}
