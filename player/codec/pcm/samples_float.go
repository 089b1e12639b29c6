package pcm

import (
	"encoding/binary"
	"math"
)

func fromF32LE(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = finite(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:])))
	}
}

func fromF32BE(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = finite(math.Float32frombits(binary.BigEndian.Uint32(src[4*i:])))
	}
}

func fromF64LE(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = finite(float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:]))))
	}
}

func fromF64BE(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = finite(float32(math.Float64frombits(binary.BigEndian.Uint64(src[8*i:]))))
	}
}

// finite makes silence of what isn't a number: one NaN would stay in every filter behind for ever.
func finite(v float32) float32 {
	if v-v != 0 {
		return 0
	}
	return v
}
