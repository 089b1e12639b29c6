package pcm

import "encoding/binary"

// Each loop scales by a power of two, which is exact. Up to 24 bits the integer is too.

func fromU8(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(int(src[i])-128) / (1 << 7)
	}
}

func fromS8(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(int8(src[i])) / (1 << 7)
	}
}

func fromS16LE(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(int16(binary.LittleEndian.Uint16(src[2*i:]))) / (1 << 15)
	}
}

func fromS16BE(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(int16(binary.BigEndian.Uint16(src[2*i:]))) / (1 << 15)
	}
}

func fromS24LE(dst []float32, src []byte) {
	for i := range dst {
		b := src[3*i : 3*i+3]
		dst[i] = float32(int32(b[0])|int32(b[1])<<8|int32(int8(b[2]))<<16) / (1 << 23)
	}
}

func fromS24BE(dst []float32, src []byte) {
	for i := range dst {
		b := src[3*i : 3*i+3]
		dst[i] = float32(int32(b[2])|int32(b[1])<<8|int32(int8(b[0]))<<16) / (1 << 23)
	}
}

func fromS32LE(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(int32(binary.LittleEndian.Uint32(src[4*i:]))) / (1 << 31)
	}
}

func fromS32BE(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(int32(binary.BigEndian.Uint32(src[4*i:]))) / (1 << 31)
	}
}
