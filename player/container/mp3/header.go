// Package mp3 takes MPEG audio Layer III apart: whole files with their tags and their Xing, LAME
// or VBRI headers, and the packed-audio segments of HLS (RFC 8216 section 3.4). It refuses the
// other layers; it reads tags only as far as it must to step over them and to find a segment's
// timestamp. Streams in free format, whose headers don't tell how long a frame is, are measured.
package mp3

import (
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// HeaderBytes is the length of a frame header.
const HeaderBytes = 4

const (
	// maxFrameBytes is the longest frame that isn't free format: 320 kbps at 32 kHz or 160 kbps at
	// 8 kHz, and a byte of padding.
	maxFrameBytes = 1441
	// maxFreeBytes is the longest that is: 640 kbps, the most that encoders write, at 8 kHz.
	maxFreeBytes = 72*640_000/8000 + 1
)

// Header is what the four bytes in front of every frame say (ISO 11172-3 2.4.1.3, ISO 13818-3).
type Header struct {
	Version    int           // 1, 2, or 25 for MPEG-2.5
	SampleRate int           // frames (PCM) a second
	Channels   int           // 1 or 2
	Bitrate    media.Bitrate // of this frame; it may differ from the next one's
	FrameBytes int           // from this header's first byte to the next one's
	Samples    int           // PCM frames in this frame: 1152 or 576
	CRC        bool          // 16 bits of checksum follow the header
	Padding    bool          // the frame is a byte longer to keep the rate
	Mode       int           // 0 stereo, 1 joint stereo, 2 dual channel, 3 mono

	free bool // free format: Bitrate and FrameBytes aren't told
}

// SideInfoBytes is the length of the side information behind the header and the checksum.
func (h Header) SideInfoBytes() int {
	switch {
	case h.Version == 1 && h.Channels == 2:
		return 32
	case h.Version == 1 || h.Channels == 2:
		return 17
	}
	return 9
}

// matches tells whether two headers can belong to one stream. Bitrate, mode and padding may change
// from frame to frame; what the decoder's output clock hangs on may not, nor may free format.
func (h Header) matches(g Header) bool {
	return h.Version == g.Version && h.SampleRate == g.SampleRate && h.free == g.free
}

// leastBytes is the length of a frame without padding at the lowest bit rate that a frame of h's stream
// can have; in free format all have the same.
func (h Header) leastBytes() int {
	if !h.free {
		return h.Samples / 8 * 1000 * kbps(h.Version, 1) / h.SampleRate
	}
	if h.Padding {
		return h.FrameBytes - 1
	}
	return h.FrameBytes
}

// kbps lists the bitrates of Layer III by index, MPEG-1 first and then both low-rate versions.
func kbps(version int, index byte) int {
	if version == 1 {
		return [15]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}[index]
	}
	return [15]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}[index]
}

// ParseHeader reads the frame header that b starts with. The error wraps container.ErrFormat when
// it isn't one, and container.ErrUnsupported for the other layers and for free format, where one header
// can't tell all of this.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderBytes {
		return Header{}, fmt.Errorf("mp3: header of %d bytes: %w", len(b), container.ErrFormat)
	}
	h, verdict := parseHeader(b)
	switch verdict {
	case notHeader:
		return Header{}, fmt.Errorf("mp3: no frame header in % x: %w", b[:HeaderBytes], container.ErrFormat)
	case otherLayer:
		return Header{}, fmt.Errorf("mp3: MPEG audio of another layer than III: %w", container.ErrCoding)
	case freeFormat:
		return Header{}, fmt.Errorf("mp3: free format: %w", container.ErrUnsupported)
	}
	return h, nil
}

type verdict int

const (
	isHeader verdict = iota
	notHeader
	otherLayer
	freeFormat
)

// parseHeader is ParseHeader without the cost of errors, for searching; b has four bytes or more.
func parseHeader(b []byte) (Header, verdict) {
	version, layer := b[1]>>3&3, b[1]>>1&3
	rate, index, rateIndex := b[2]>>2&3, b[2]>>4, int(b[2]>>2&3)
	// Reserved values: they are what tells a header from chance, so that emphasis 2 counts too.
	if b[0] != 0xff || b[1]&0xe0 != 0xe0 || version == 1 || layer == 0 || rate == 3 || index == 15 || b[3]&3 == 2 {
		return Header{}, notHeader
	}
	if layer != 1 {
		return Header{}, otherLayer
	}
	h := Header{Version: 1, Samples: 1152, Channels: 2, CRC: b[1]&1 == 0, Padding: b[2]&2 != 0, Mode: int(b[3] >> 6)}
	h.SampleRate = [3]int{44_100, 48_000, 32_000}[rateIndex]
	switch version {
	case 2:
		h.Version, h.Samples, h.SampleRate = 2, 576, h.SampleRate/2
	case 0:
		h.Version, h.Samples, h.SampleRate = 25, 576, h.SampleRate/4
	}
	if h.Mode == 3 {
		h.Channels = 1
	}
	if index == 0 {
		h.free = true
		return h, freeFormat
	}
	h.Bitrate = media.Kbps(int64(kbps(h.Version, index)))
	h.FrameBytes = h.Samples / 8 * int(h.Bitrate) / h.SampleRate
	if h.Padding {
		h.FrameBytes++
	}
	return h, isHeader
}
