package wav

import (
	"encoding/binary"
	"math"

	"github.com/segue-audio/segue/player/sink"
)

// Encoding is how samples are stored.
type Encoding int

// The encodings. The integer ones clip at full scale; what is not a whole step already is rounded with
// dither.
const (
	Float32 Encoding = iota // IEEE float; the default
	Int16
	Int24
)

func (e Encoding) bytes() int {
	switch e {
	case Int16:
		return 2
	case Int24:
		return 3
	default:
		return 4
	}
}

// Format tags of the fmt chunk.
const (
	tagPCM        = 1
	tagFloat      = 3
	tagExtensible = 0xfffe
)

// ds64Bytes is the size of a ds64 chunk without a table (EBU Tech 3306). A file begins with a JUNK
// chunk of that size, which becomes the ds64 chunk when the file outgrows 32-bit sizes.
const ds64Bytes = 28

// header is the start of the file up to the samples.
func header(format sink.Format, e Encoding, dataBytes int64) []byte {
	le := binary.LittleEndian
	fmtChunk := fmtChunk(format, e)
	frameBytes := int64(e.bytes() * format.Channels)
	size := 12 + 8 + ds64Bytes + len(fmtChunk) + 12 + 8
	riffBytes := int64(size) - 8 + dataBytes + dataBytes%2
	large := riffBytes > math.MaxUint32

	b := make([]byte, 0, size)
	if large {
		b = le.AppendUint32(append(b, "RF64"...), math.MaxUint32)
		b = le.AppendUint32(append(b, "WAVEds64"...), ds64Bytes)
		b = le.AppendUint64(b, uint64(riffBytes))
		b = le.AppendUint64(b, uint64(dataBytes))
		b = le.AppendUint64(b, uint64(dataBytes/frameBytes))
		b = le.AppendUint32(b, 0) // no table
	} else {
		b = le.AppendUint32(append(b, "RIFF"...), uint32(riffBytes))
		b = le.AppendUint32(append(b, "WAVEJUNK"...), ds64Bytes)
		b = append(b, make([]byte, ds64Bytes)...)
	}
	b = append(b, fmtChunk...)
	b = le.AppendUint32(append(b, "fact"...), 4)
	b = le.AppendUint32(b, clamp32(dataBytes/frameBytes, large))
	b = append(b, "data"...)
	return le.AppendUint32(b, clamp32(dataBytes, large))
}

// clamp32 is n, or all ones where the ds64 chunk holds the truth.
func clamp32(n int64, large bool) uint32 {
	if large {
		return math.MaxUint32
	}
	return uint32(n)
}

func fmtChunk(format sink.Format, e Encoding) []byte {
	le := binary.LittleEndian
	bits, block := 8*e.bytes(), e.bytes()*format.Channels
	tag := uint16(tagPCM)
	if e == Float32 {
		tag = tagFloat
	}
	body := func(tag uint16) []byte {
		b := le.AppendUint16(nil, tag)
		b = le.AppendUint16(b, uint16(format.Channels))
		b = le.AppendUint32(b, uint32(format.SampleRate))
		b = le.AppendUint32(b, uint32(format.SampleRate*block))
		b = le.AppendUint16(b, uint16(block))
		return le.AppendUint16(b, uint16(bits))
	}
	var b []byte
	switch {
	case format.Channels > 2:
		// More than two channels want to say which speakers they are for. Two channels stay with the
		// plain form, also at 24 bits: every reader knows it.
		b = le.AppendUint16(body(tagExtensible), 22)
		b = le.AppendUint16(b, uint16(bits))
		b = le.AppendUint32(b, speakers(format.Channels))
		b = le.AppendUint16(b, tag) // the rest of KSDATAFORMAT_SUBTYPE's GUID is the same for all
		b = append(b, "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"...)
	case tag == tagFloat:
		b = le.AppendUint16(body(tag), 0) // no extension, but its size is compulsory
	default:
		b = body(tag)
	}
	return append(le.AppendUint32([]byte("fmt "), uint32(len(b))), b...)
}

// speakers is the mask for a count of channels in the order of RFC 9639, 9.1.3.
func speakers(channels int) uint32 {
	masks := []uint32{3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3f, 7: 0x70f, 8: 0x63f}
	if channels < len(masks) {
		return masks[channels]
	}
	return 0
}
