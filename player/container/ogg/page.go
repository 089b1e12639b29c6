// Package ogg takes Ogg files (RFC 3533) apart that hold Opus (RFC 7845), Vorbis (Vorbis I, annex A)
// or FLAC (RFC 9639, 10.1). It finds pages by their checksums, so that damage costs no more than the
// pages it lies in, keeps time across what is lost, joins chained streams of one format without a
// seam, and passes over whatever else is multiplexed in. It refuses other codings, the FLAC mapping
// from before version 1, and chains that change their format on the way. Of a chain's comments it reads the
// first link's.
package ogg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/window"
)

// Sizes of a page (RFC 3533, 6): the fixed part of its header, and all of it at most.
const (
	pageHeaderBytes = 27
	maxPageBytes    = pageHeaderBytes + 255 + 255*255
)

// Flags of a page.
const (
	flagContinued = 1 << iota // its first segments go on with the packet of the page before
	flagFirst                 // of its logical stream
	flagLast
)

// noGranule stands where no packet ends on a page.
const noGranule = -1

// maxWaste bounds the bytes that are checksummed in vain, over a whole file: without it a file of
// page headers alone would cost thousands of times its length.
const maxWaste = 64 << 20

const (
	searchBytes = 32 << 10
	// tailBytes are read first in search of a last page: pages of 4 to 8 KiB are usual.
	tailBytes = 12 << 10
)

// page is one sound page. Its slices stay valid until more is read.
type page struct {
	off     int64 // in the file
	size    int   // in bytes, header and all
	flags   byte
	granule int64 // position at the end of the last packet that ends here
	serial  uint32
	seq     uint32
	lacing  []byte // lengths of the segments; one below 255 ends a packet
	body    []byte
}

func (p page) end() int64 { return p.off + int64(p.size) }

// source gives pages.
type source struct {
	window.Window
	inOrder bool // see container.Arriving
	wasted  int64
}

// at gives the page that stands at off; ok is false where there is none, or none that is whole and
// sound.
func (s *source) at(off int64) (p page, ok bool, err error) {
	b, err := s.At(off, pageHeaderBytes+255)
	if err != nil || len(b) < pageHeaderBytes || string(b[:4]) != "OggS" || b[4] != 0 {
		return p, false, err
	}
	segments := int(b[26])
	head := pageHeaderBytes + segments
	if len(b) < head {
		return p, false, nil
	}
	size := head
	for _, n := range b[pageHeaderBytes:head] {
		size += int(n)
	}
	if b, err = s.At(off, size); err != nil || len(b) < size {
		return p, false, err
	}
	if checksum(b) != binary.LittleEndian.Uint32(b[22:]) {
		s.wasted += int64(size)
		if s.wasted > maxWaste {
			return p, false, fmt.Errorf("ogg: too much damage before %d: %w", off, container.ErrLimit)
		}
		return p, false, nil
	}
	s.wasted = max(0, s.wasted-int64(size)) // so that a stream without an end may be damaged for ever
	return page{
		off: off, size: size, flags: b[5],
		granule: int64(binary.LittleEndian.Uint64(b[6:])),
		serial:  binary.LittleEndian.Uint32(b[14:]),
		seq:     binary.LittleEndian.Uint32(b[18:]),
		lacing:  b[pageHeaderBytes:head], body: b[head:size],
	}, true, nil
}

// next gives the first sound page that begins at or behind off and before limit. io.EOF tells that
// there is none; an error that wraps container.ErrLimit, that there is too much rubbish.
func (s *source) next(off, limit int64) (page, error) {
	far := off + container.MaxResyncBytes
	for off < limit {
		p, ok, err := s.at(off)
		if err != nil || ok {
			return p, err
		}
		if off, err = s.capture(off+1, far); err != nil {
			return page{}, err
		}
	}
	return page{}, io.EOF
}

// capture gives the offset of the next capture pattern. It searches up to far.
func (s *source) capture(off, far int64) (int64, error) {
	for off < far {
		b, err := s.At(off, searchBytes)
		if err != nil {
			return 0, err
		}
		if i := bytes.Index(b, []byte("OggS")); i >= 0 {
			return off + int64(i), nil
		}
		if len(b) < searchBytes {
			return 0, io.EOF
		}
		off += int64(len(b) - 3)
	}
	return 0, fmt.Errorf("ogg: no page within %d bytes before %d: %w", container.MaxResyncBytes, off, container.ErrLimit)
}

// lastOf gives the last page in front of limit that wanted tells of, found by reading back from
// there, but not beyond from. ok is false where none is.
func (s *source) lastOf(from, limit int64, wanted func(page) bool) (last page, ok bool, err error) {
	for span := int64(tailBytes); ; span *= 4 {
		start := max(from, limit-span)
		for off := start; ; {
			p, err := s.next(off, limit)
			if errors.Is(err, io.EOF) || errors.Is(err, container.ErrLimit) {
				break
			}
			if err != nil {
				return last, false, err
			}
			if wanted(p) {
				p.lacing, p.body = nil, nil // they don't outlast the reading
				last, ok = p, true
			}
			off = p.end()
		}
		if ok || start == from || span > container.MaxResyncBytes {
			return last, ok, nil
		}
	}
}

// checksum is the CRC-32 of RFC 3533, 6, over a page whose checksum field counts as zeros.
func checksum(page []byte) (crc uint32) {
	crc = crc32(0, page[:22])
	crc = crc32(crc, []byte{0, 0, 0, 0})
	return crc32(crc, page[26:])
}

// crcTables serve the polynomial 0x04c11db7, its highest power first, eight bytes at a time. They
// are never written again.
var crcTables = func() (t [8][256]uint32) {
	for i := range t[0] {
		crc := uint32(i) << 24
		for range 8 {
			crc = crc<<1 ^ crc>>31*0x04c1_1db7
		}
		t[0][i] = crc
	}
	for i := range t[0] {
		for k := 1; k < len(t); k++ {
			t[k][i] = t[k-1][i]<<8 ^ t[0][t[k-1][i]>>24]
		}
	}
	return t
}()

// crc32 goes on from crc over b.
func crc32(crc uint32, b []byte) uint32 {
	t := &crcTables
	for ; len(b) >= 8; b = b[8:] {
		crc ^= binary.BigEndian.Uint32(b)
		crc = t[7][crc>>24] ^ t[6][crc>>16&0xff] ^ t[5][crc>>8&0xff] ^ t[4][crc&0xff] ^
			t[3][b[4]] ^ t[2][b[5]] ^ t[1][b[6]] ^ t[0][b[7]]
	}
	for _, c := range b {
		crc = crc<<8 ^ t[0][byte(crc>>24)^c]
	}
	return crc
}
