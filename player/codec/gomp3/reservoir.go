package gomp3

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
)

// reservoirBytes is the farthest that main_data_begin points back (nine bits of it).
const reservoirBytes = 511

// frame is what the reservoir's keeping needs to know of a packet.
type frame struct {
	header        [4]byte
	lowRate       bool // MPEG-2
	samples       int
	sideInfoBytes int
	mainDataBegin int
	mainData      []byte // what is behind the side information
}

// parseFrame reads the header and the start of the side information (ISO 11172-3 2.4.1).
func parseFrame(b []byte) (f frame, err error) {
	if len(b) < 6 || b[0] != 0xff || b[1]&0xe6 != 0xe2 || b[1]>>3&3 == 1 || b[2]>>4 == 15 || b[2]>>2&3 == 3 {
		return f, fmt.Errorf("gomp3: packet isn't a Layer III frame: %w", codec.ErrCorrupt)
	}
	if b[2]>>4 == 0 {
		return f, fmt.Errorf("gomp3: free format: %w", codec.ErrCorrupt)
	}
	f.header = [4]byte(b)
	mono := b[3]>>6 == 3
	switch b[1] >> 3 & 3 {
	case 3:
		f.samples, f.sideInfoBytes = 1152, 32
		if mono {
			f.sideInfoBytes = 17
		}
	case 2:
		f.lowRate, f.samples, f.sideInfoBytes = true, 576, 17
		if mono {
			f.sideInfoBytes = 9
		}
	default:
		return f, fmt.Errorf("gomp3: MPEG-2.5 in a stream of another version: %w", codec.ErrCorrupt)
	}
	at := len(f.header)
	if b[1]&1 == 0 {
		at += 2 // checksum
	}
	if len(b) < at+f.sideInfoBytes {
		return f, fmt.Errorf("gomp3: packet of %d bytes: %w", len(b), codec.ErrCorrupt)
	}
	f.mainDataBegin = int(b[at])
	if !f.lowRate {
		f.mainDataBegin = f.mainDataBegin<<1 | int(b[at+1]>>7)
	}
	f.mainData = b[at+f.sideInfoBytes:]
	return f, nil
}

// reservoir keeps the last main data of the packets so far, across rebuilds of the library's
// decoder, which keeps its own only while nothing goes wrong.
type reservoir struct {
	b [reservoirBytes]byte // the newest byte is the last
	n int                  // valid ones, at the end
}

func (r *reservoir) clear() { r.n = 0 }

// push appends a packet's main data.
func (r *reservoir) push(data []byte) {
	if keep := len(r.b) - len(data); keep > 0 {
		copy(r.b[:keep], r.b[len(data):])
	}
	data = data[max(0, len(data)-len(r.b)):]
	copy(r.b[len(r.b)-len(data):], data)
	r.n = min(len(r.b), r.n+len(data))
}

// appendSeed appends a frame that decodes to silence and whose main data ends as the reservoir
// does: side information of nothing but zeros, at the highest bitrate of f's stream, where a frame
// has room for all that main_data_begin can reach.
func (r *reservoir) appendSeed(dst []byte, f frame) []byte {
	rate := [3]int{44_100, 48_000, 32_000}[f.header[2]>>2&3]
	size := 144 * 320_000 / rate
	if f.lowRate {
		size = 144 * 160_000 / (rate / 2) / 2
	}
	start := len(dst)
	dst = append(dst, make([]byte, size)...)
	seed := dst[start:]
	seed[0], seed[1] = f.header[0], f.header[1]|1 // no checksum
	seed[2] = 14<<4 | f.header[2]&0x0c            // no padding
	seed[3] = f.header[3]
	if seed[3]>>6 == 1 {
		seed[3] &^= 0x30 // nothing joint about silence
	}
	tail := seed[len(f.header)+f.sideInfoBytes:]
	valid := r.b[len(r.b)-min(r.n, len(tail)):]
	copy(tail[len(tail)-len(valid):], valid)
	return dst
}
