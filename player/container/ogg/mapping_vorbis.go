package ogg

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// Kinds of Vorbis header packets; an audio packet's first bit is zero (Vorbis I, 4.2.1).
const (
	vorbisIdentification = 1
	vorbisComment        = 3
	vorbisSetup          = 5
)

const vorbisHeadSize = 30

// emptyComment stands in Config for the comment header, of which a decoder needs nothing: so links
// of a chain that differ in their titles alone are of one format, and cover art isn't carried along.
const emptyComment = "\x03vorbis\x00\x00\x00\x00\x00\x00\x00\x00\x01"

// vorbisMapping is annex A of Vorbis I.
type vorbisMapping struct {
	head, setup []byte
	block       [2]int // frames of a short and a long block
	long        []bool // of each mode
	modeBits    int
}

func (m *vorbisMapping) header(packet []byte) (done bool, err error) {
	if len(packet) < 7 || string(packet[1:7]) != "vorbis" {
		return false, fmt.Errorf("ogg: Vorbis header missing: %w", container.ErrFormat)
	}
	switch {
	case m.head == nil && packet[0] == vorbisIdentification:
		return false, m.identification(packet)
	case m.head != nil && packet[0] == vorbisComment:
		return false, nil
	case m.head != nil && packet[0] == vorbisSetup:
		m.setup = bytes.Clone(packet)
		if m.long = vorbisModes(packet); m.long == nil {
			return false, fmt.Errorf("ogg: Vorbis setup header without modes: %w", container.ErrFormat)
		}
		for n := len(m.long) - 1; n > 0; n >>= 1 {
			m.modeBits++
		}
		return true, nil
	}
	return false, fmt.Errorf("ogg: Vorbis header of kind %d out of order: %w", packet[0], container.ErrFormat)
}

// identification reads the header of Vorbis I, 4.2.2.
func (m *vorbisMapping) identification(packet []byte) error {
	if len(packet) < vorbisHeadSize || packet[29]&1 == 0 {
		return fmt.Errorf("ogg: broken Vorbis identification header: %w", container.ErrFormat)
	}
	if v := binary.LittleEndian.Uint32(packet[7:]); v != 0 {
		return fmt.Errorf("ogg: Vorbis version %d: %w", v, container.ErrUnsupported)
	}
	short, long := packet[28]&15, packet[28]>>4
	rate := binary.LittleEndian.Uint32(packet[12:])
	if packet[11] == 0 || rate == 0 || rate > 1<<24 || short < 6 || long > 13 || short > long {
		return fmt.Errorf("ogg: Vorbis of %d channels at %d Hz in blocks of 2^%d and 2^%d: %w",
			packet[11], rate, short, long, container.ErrFormat)
	}
	m.head = bytes.Clone(packet[:vorbisHeadSize])
	m.block = [2]int{1 << short, 1 << long}
	return nil
}

// vorbisModes tells which modes are of long blocks. They stand at the end of the setup header
// (Vorbis I, 4.2.4), behind what only a decoder can measure, so they are read from the end: a framing
// bit, then modes of 41 bits whose middle 32 are zeros, then their count, less one, in six bits. A
// count that fits a few modes by chance is passed over for the highest that fits.
func vorbisModes(setup []byte) (long []bool) {
	bit := func(i int) int { return int(setup[i>>3]) >> (i & 7) & 1 }
	field := func(at, n int) (v int) { // the lowest bit first
		for i := range n {
			v |= bit(at+i) << i
		}
		return v
	}
	const modeSize, countSize, headSize, most = 41, 6, 8 * 7, 64
	at := 8*len(setup) - 1
	for at > headSize && bit(at) == 0 {
		at--
	}
	var flags []bool // from the last mode to the first
	for len(flags) < most {
		at -= modeSize
		if at-countSize < headSize || field(at+1, 32) != 0 || field(at+33, 8) >= most {
			break
		}
		flags = append(flags, bit(at) != 0)
		if field(at-countSize, countSize) == len(flags)-1 {
			long = long[:0]
			for i := range flags {
				long = append(long, flags[len(flags)-1-i])
			}
		}
	}
	return long
}

func (m *vorbisMapping) info() container.Info {
	// Xiph lacing: the count of headers less one, the lengths of all but the last.
	config := []byte{2}
	for _, n := range []int{len(m.head), len(emptyComment)} {
		for ; n >= 255; n -= 255 {
			config = append(config, 255)
		}
		config = append(config, byte(n))
	}
	config = append(config, m.head...)
	config = append(config, emptyComment...)
	return container.Info{
		Format: media.Format{Codec: media.CodecVorbis, SampleRate: int(binary.LittleEndian.Uint32(m.head[12:])),
			Channels: int(m.head[11]), Config: append(config, m.setup...)},
		// A packet overlaps with the one before; at half a long block back, that has begun.
		Preroll: media.Frames(m.block[1] / 2),
	}
}

func (m *vorbisMapping) sameAs(other mapping) bool {
	o, ok := other.(*vorbisMapping)
	return ok && bytes.Equal(m.head[:16], o.head[:16]) && m.head[28] == o.head[28] && bytes.Equal(m.setup, o.setup)
}

func (m *vorbisMapping) audio(packet []byte) bool { return packet[0]&1 == 0 }

// duration is a quarter of the block before and a quarter of this one (Vorbis I, 1.3.2); the first
// block of a stream gives nothing. The shape is the block's size.
func (m *vorbisMapping) duration(packet []byte, before int) (frames media.Frames, shape int) {
	mode := int(packet[0]) >> 1 & (1<<m.modeBits - 1)
	if mode >= len(m.long) {
		return 0, 0
	}
	shape = m.block[0]
	if m.long[mode] {
		shape = m.block[1]
	}
	if before == 0 {
		return 0, shape
	}
	return media.Frames(before+shape) / 4, shape
}

func (m *vorbisMapping) overlaps() bool { return true }
