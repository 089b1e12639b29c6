package pcm

import "sync"

// ITU-T G.711 spends its 256 codes so that quiet samples get small steps and loud ones large.

func fromALaw(dst []float32, src []byte) { lookUp(dst, src, alawTable()) }

func fromULaw(dst []float32, src []byte) { lookUp(dst, src, ulawTable()) }

func lookUp(dst []float32, src []byte, table *[256]float32) {
	for i := range dst {
		dst[i] = table[src[i]]
	}
}

var (
	alawTable = sync.OnceValue(func() *[256]float32 { return expand(alaw) })
	ulawTable = sync.OnceValue(func() *[256]float32 { return expand(ulaw) })
)

func expand(law func(byte) int16) *[256]float32 {
	table := new([256]float32)
	for i := range table {
		table[i] = float32(law(byte(i))) / (1 << 15)
	}
	return table
}

// alaw expands one byte (ITU-T G.711 table 1) to 16 bits, of which 13 are used.
func alaw(b byte) int16 {
	b ^= 0x55 // every other bit is inverted on the wire
	v := int16(b&0x0f)<<4 + 8
	if exponent := b >> 4 & 7; exponent > 0 {
		v = (v + 0x100) << (exponent - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

// ulaw expands one byte (ITU-T G.711 table 2) to 16 bits, of which 14 are used.
func ulaw(b byte) int16 {
	b = ^b
	const bias = 0x84
	v := (int16(b&0x0f)<<3+bias)<<(b>>4&7) - bias
	if b&0x80 != 0 {
		return -v
	}
	return v
}
