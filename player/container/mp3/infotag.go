package mp3

import (
	"encoding/binary"

	"github.com/segue-audio/segue/player/media"
)

// decoderDelay is what every Layer III decoder adds in front: the filter bank's 528 samples and
// one, as LAME counts it.
const decoderDelay = 529

// infoTag is what an encoder tells of the stream in a frame of silence in front of it.
type infoTag struct {
	frames         int64 // audio frames, this one not counted; zero where it isn't told
	delay, padding media.Frames
	lame           bool // delay and padding are set

	gain *media.Decibels // ReplayGain of the track, by LAME; nil where it didn't measure
	peak float64         // 1 is full scale; zero where unknown
}

// parseInfoTag reads the Xing, Info (with LAME's extension) or VBRI header in a whole frame.
func parseInfoTag(h Header, frame []byte) (t infoTag, ok bool) {
	at := HeaderBytes + h.SideInfoBytes()
	for range 2 {
		if len(frame) >= at+8 && (string(frame[at:at+4]) == "Xing" || string(frame[at:at+4]) == "Info") {
			return parseXing(frame[at:]), true
		}
		if !h.CRC {
			break
		}
		at += 2 // some writers count the checksum, LAME doesn't
	}
	const vbri = HeaderBytes + 32 // wherever the side information ends
	if len(frame) >= vbri+18 && string(frame[vbri:vbri+4]) == "VBRI" {
		return infoTag{frames: int64(binary.BigEndian.Uint32(frame[vbri+14:]))}, true
	}
	return t, false
}

func parseXing(b []byte) (t infoTag) {
	flags, b := b[7], b[8:]
	if flags&1 != 0 {
		if len(b) < 4 {
			return t
		}
		t.frames = int64(binary.BigEndian.Uint32(b))
	}
	skip := 0
	for i, n := range [4]int{4, 4, 100, 4} { // frames, bytes, table of contents, quality
		if flags>>i&1 != 0 {
			skip += n
		}
	}
	const delays = 21 // within LAME's extension
	if len(b) < skip+delays+3 {
		return t
	}
	b = b[skip:]
	switch string(b[:4]) {
	case "LAME":
		t.loudness(b[lamePeak:delays])
		fallthrough
	case "Lavf", "Lavc", "L3.9":
		d := b[delays:]
		t.lame = true
		t.delay = media.Frames(d[0])<<4 | media.Frames(d[1]>>4)
		t.padding = media.Frames(d[1]&0xf)<<8 | media.Frames(d[2])
	}
	return t
}

// Offsets within LAME's extension, and what its gain fields hold: whose they are, who set them, a sign, and
// tenths of a decibel.
const (
	lamePeak      = 11
	lameTrackGain = 4 // behind the peak
	gainKind      = 0xe000
	gainOfTrack   = 0x2000
	gainSetBy     = 0x1c00
	gainNegative  = 0x0200
	gainTenths    = 0x01ff
)

// loudness reads the peak, in 2^23 for full scale, and the gain of the track, which LAME measures as it
// encodes.
func (t *infoTag) loudness(b []byte) {
	if peak := binary.BigEndian.Uint32(b); peak < 1<<25 {
		t.peak = float64(peak) / (1 << 23)
	}
	v := binary.BigEndian.Uint16(b[lameTrackGain:])
	if v&gainKind != gainOfTrack || v&gainSetBy == 0 {
		return
	}
	gain := media.Decibels(v&gainTenths) / 10
	if v&gainNegative != 0 {
		gain = -gain
	}
	t.gain = &gain
}

// trim says what is heard of a stream of frames of samples each.
func (t infoTag) trim(samples int) media.Trim {
	if !t.lame {
		return media.Trim{}
	}
	trim := media.Trim{Start: t.delay + decoderDelay}
	if n := media.Frames(t.frames)*media.Frames(samples) - t.delay - t.padding; t.frames > 0 && n > 0 {
		trim.Length = n
	}
	return trim
}
