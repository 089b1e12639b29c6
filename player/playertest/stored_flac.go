package playertest

import (
	"encoding/binary"

	"github.com/segue-audio/segue/player/media"
)

// blockSize of the FLAC frames: no divisor of a segment's length, so that nothing fits by luck.
const blockSize = 4096

// storedFLAC makes FLAC frames of stereo 16-bit music, keeping the upper bits (8, 12 or 16) of each
// sample as they are (RFC 9639, 9.2.2: a verbatim subframe). An encoder would take a hundred times
// as long, and the bit rate would not be known beforehand.
func storedFLAC(pcm []int16, bits int) (media.Format, []media.Packet) {
	var packets []media.Packet
	n := len(pcm) / 2
	for at := 0; at < n; at += blockSize {
		k := min(blockSize, n-at)
		packets = append(packets, media.Packet{
			Data: storedFrame(pcm[2*at:2*(at+k)], at/blockSize, bits),
			Time: media.Frames(at), Duration: media.Frames(k),
		})
	}
	return media.Format{Codec: media.CodecFLAC, SampleRate: Rate, Channels: 2, BitDepth: bits, Config: streamInfo(n, bits)}, packets
}

// FLACFile makes a native FLAC file of stereo 16-bit music.
func FLACFile(pcm []int16) []byte {
	format, packets := storedFLAC(pcm, 16)
	file := append([]byte("fLaC\x80\x00\x00\x22"), format.Config...)
	for _, p := range packets {
		file = append(file, p.Data...)
	}
	return file
}

// streamInfo is the body of STREAMINFO (RFC 9639, 8.2), without the sum over the samples.
func streamInfo(frames, bits int) []byte {
	b := make([]byte, 34)
	binary.BigEndian.PutUint16(b[0:], blockSize)
	binary.BigEndian.PutUint16(b[2:], blockSize)
	binary.BigEndian.PutUint64(b[10:], uint64(Rate)<<44|uint64(2-1)<<41|uint64(bits-1)<<36|uint64(frames))
	return b
}

// storedFrame is one frame (RFC 9639, 9): blocking strategy fixed, block size in 16 bits, rate of
// 44.1 kHz, channels left and right.
//
//go:norace
func storedFrame(pcm []int16, number, bits int) []byte {
	depth := map[int]byte{8: 1, 12: 2, 16: 4}[bits]
	b := make([]byte, 0, len(pcm)*2+32)
	b = append(b, 0xff, 0xf8, 0x79, 0x10|depth<<1)
	b = appendNumber(b, number)
	b = binary.BigEndian.AppendUint16(b, uint16(len(pcm)/2-1))
	b = append(b, crc8(b))
	for c := range 2 {
		b = append(b, 0x02) // verbatim, no wasted bits
		b = appendSamples(b, pcm[c:], bits)
	}
	return binary.BigEndian.AppendUint16(b, crc16(b))
}

// appendNumber codes a frame's number as UTF-8 codes a character (RFC 9639, 9.1.5).
func appendNumber(b []byte, n int) []byte {
	if n < 0x80 {
		return append(b, byte(n))
	}
	if n < 0x800 {
		return append(b, 0xc0|byte(n>>6), 0x80|byte(n&0x3f))
	}
	return append(b, 0xe0|byte(n>>12), 0x80|byte(n>>6&0x3f), 0x80|byte(n&0x3f))
}

// appendSamples stores every second sample, the upper bits of each. An odd count of 12-bit ones ends
// in half a byte of the next subframe, so music here comes in even blocks at that width.
//
//go:norace
func appendSamples(b []byte, pcm []int16, bits int) []byte {
	for i := 0; i < len(pcm); i += 2 {
		s := uint16(pcm[i])
		switch bits {
		case 8:
			b = append(b, byte(s>>8))
		case 16:
			b = append(b, byte(s>>8), byte(s))
		case 12:
			var next uint16
			if i+2 < len(pcm) {
				next = uint16(pcm[i+2])
			}
			b = append(b, byte(s>>8), byte(s&0xf0)|byte(next>>12), byte(next>>4))
			i += 2
		}
	}
	return b
}

// crc8 protects a frame's header, with the polynomial x⁸+x²+x+1 (RFC 9639, 9.1.8).
//
//go:norace
func crc8(b []byte) (sum byte) {
	for _, v := range b {
		sum ^= v
		for range 8 {
			sum = sum<<1 ^ sum>>7*0x07
		}
	}
	return sum
}

// crc16 protects a whole frame, with x¹⁶+x¹⁵+x²+1 (RFC 9639, 9.3). The table pays within one frame.
//
//go:norace
func crc16(b []byte) (sum uint16) {
	var table [256]uint16
	for i := range table {
		v := uint16(i) << 8
		for range 8 {
			v = v<<1 ^ v>>15*0x8005
		}
		table[i] = v
	}
	for _, v := range b {
		sum = sum<<8 ^ table[byte(sum>>8)^v]
	}
	return sum
}
