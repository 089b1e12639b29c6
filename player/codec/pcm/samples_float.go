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

// loudest bounds what is music: 240 dB above full scale. Filters behind would turn more into infinities.
const loudest = 1 << 40

// finite makes silence of what isn't a number or can't be music: one NaN would stay in every filter
// behind for ever.
func finite(v float32) float32 {
	if !(v >= -loudest && v <= loudest) {
		return 0
	}
	return v
}
