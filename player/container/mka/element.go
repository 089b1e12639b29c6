package mka

import (
	"fmt"
	"io"
	"math"
	"math/bits"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/window"
)

// IDs of elements, marker bits and all (RFC 9559, section 5).
const (
	idEBML        = 0x1a45dfa3
	idSegment     = 0x18538067
	idInfo        = 0x1549a966
	idScale       = 0x2ad7b1
	idDuration    = 0x4489
	idSeekHead    = 0x114d9b74
	idSeek        = 0x4dbb
	idSeekID      = 0x53ab
	idSeekAt      = 0x53ac
	idTracks      = 0x1654ae6b
	idTrack       = 0xae
	idNumber      = 0xd7
	idType        = 0x83
	idEnabled     = 0xb9
	idCodec       = 0x86
	idPrivate     = 0x63a2
	idDelay       = 0x56aa
	idEach        = 0x23e383 // DefaultDuration
	idAudio       = 0xe1
	idRate        = 0xb5
	idChannels    = 0x9f
	idDepth       = 0x6264
	idEncodings   = 0x6d80
	idEncoding    = 0x6240
	idCompression = 0x5034
	idAlgorithm   = 0x4254
	idSettings    = 0x4255
	idEncryption  = 0x5035
	idCues        = 0x1c53bb6b
	idCue         = 0xbb
	idCueTime     = 0xb3
	idCuePlaces   = 0xb7
	idCueTrack    = 0xf7
	idCueAt       = 0xf1
	idCluster     = 0x1f43b675
	idTime        = 0xe7
	idSimple      = 0xa3
	idGroup       = 0xa0
	idBlock       = 0xa1
	idLasts       = 0x9b // BlockDuration
	idDiscard     = 0x75a2
)

const (
	headBytes = 12 // of an element at most
	unknown   = -1 // size of an element whose end shows in what follows
	maxMaster = 16 << 20
)

// element is the head of one: what it is, and where its body lies.
type element struct {
	id   uint32
	at   int64 // of the body
	size int64 // of the body; unknown for none told
}

// end is the offset behind it.
func (e element) end() int64 { return e.at + e.size }

// parseHead reads the head of an element that b begins with (RFC 8794, section 4 and 5); n is its length, zero
// where it is none.
func parseHead(b []byte) (id uint32, size int64, n int) {
	if len(b) < 2 {
		return 0, 0, 0
	}
	idBytes := bits.LeadingZeros8(b[0]) + 1
	if idBytes > 4 || len(b) <= idBytes {
		return 0, 0, 0
	}
	for _, c := range b[:idBytes] {
		id = id<<8 | uint32(c)
	}
	size, n = parseSize(b[idBytes:])
	if n == 0 {
		return 0, 0, 0
	}
	return id, size, idBytes + n
}

// parseSize reads a number of variable length without its marker; n is zero where there is none.
func parseSize(b []byte) (v int64, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	n = bits.LeadingZeros8(b[0]) + 1
	if n > 8 || len(b) < n {
		return 0, 0
	}
	v = int64(b[0]) & (1<<(8-n) - 1)
	for _, c := range b[1:n] {
		v = v<<8 | int64(c)
	}
	if v == 1<<(7*n)-1 {
		return unknown, n
	}
	return v, n
}

// readHead reads the head of the element at an offset. io.EOF tells that the file ends there; ok is false
// for what is no element.
func readHead(w *window.Window, at int64) (e element, ok bool, err error) {
	b, err := w.At(at, headBytes)
	if err != nil {
		return e, false, err
	}
	if len(b) < 2 {
		return e, false, io.EOF
	}
	id, size, n := parseHead(b)
	if n == 0 {
		return e, false, nil
	}
	return element{id, at + int64(n), size}, true, nil
}

// readBody gives the whole body of an element that is kept in memory; cut short where the file is.
func readBody(w *window.Window, e element) ([]byte, error) {
	if e.size > maxMaster {
		return nil, fmt.Errorf("mka: element %#x of %d bytes: %w", e.id, e.size, container.ErrLimit)
	}
	if e.size == unknown {
		return nil, fmt.Errorf("mka: element %#x of unknown size: %w", e.id, container.ErrFormat)
	}
	return w.At(e.at, int(e.size))
}

// each walks over the elements of a body; what is cut at its end is left out. fn returns false to stop.
func each(b []byte, fn func(id uint32, body []byte) bool) {
	for len(b) > 0 {
		id, size, n := parseHead(b)
		if n == 0 || size == unknown || size > int64(len(b)-n) {
			return
		}
		if !fn(id, b[n:n+int(size)]) {
			return
		}
		b = b[n+int(size):]
	}
}

// number reads an unsigned integer; more than 63 bits are as many as there are.
func number(b []byte) int64 {
	v := uint64(0)
	for _, c := range b[:min(8, len(b))] {
		v = v<<8 | uint64(c)
	}
	return int64(min(v, math.MaxInt64))
}

// signed reads a signed integer.
func signed(b []byte) int64 {
	if len(b) == 0 || len(b) > 8 {
		return 0
	}
	v := int64(int8(b[0]))
	for _, c := range b[1:] {
		v = v<<8 | int64(c)
	}
	return v
}

// float reads a floating-point number.
func float(b []byte) float64 {
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(uint32(number(b))))
	case 8:
		v := uint64(0)
		for _, c := range b {
			v = v<<8 | uint64(c)
		}
		return math.Float64frombits(v)
	}
	return 0
}
