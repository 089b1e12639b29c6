package aac

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// music is what the encoders get: chords that glide, a noise that swells, clicks, with parts that
// channels share, share out of phase and have alone, so that all tools find work.
func music(rate, channels, frames int) []int16 {
	rng := rand.New(rand.NewPCG(uint64(rate), uint64(channels)))
	pcm := make([]int16, frames*channels)
	phases := make([]float64, 12)
	var noise float64
	clicks := make([]float64, channels)
	for n := range frames {
		time := float64(n) / float64(rate)
		chord := 0.0
		for i := range phases {
			f := 110 * math.Pow(2, float64(i)*7/12) * (1 + 0.03*math.Sin(time*float64(i+1)))
			if f < 0.45*float64(rate) {
				phases[i] += f / float64(rate)
				chord += math.Sin(2*math.Pi*phases[i]) / float64(i+2)
			}
		}
		noise = 0.6*noise + 0.4*rng.NormFloat64()
		shared := 0.25*chord + 0.08*noise*(1+math.Sin(3*time))
		for c := range channels {
			if rng.IntN(rate/3) == 0 {
				clicks[c] = 1
			}
			clicks[c] *= 0.995
			pan := math.Cos(time + float64(c))
			own := 0.05*rng.NormFloat64()*math.Abs(pan) + clicks[c]*0.6*rng.NormFloat64()
			if c == 3 && channels >= 6 { // the LFE channel
				own, shared = 0, 0.3*math.Sin(2*math.Pi*60*time)
			}
			v := 0.6*shared*pan + 0.4*own
			pcm[n*channels+c] = int16(32000 * max(-1, min(1, v)))
		}
	}
	return pcm
}

// writeWAV writes a file of 16-bit samples with the channels in WAV's order.
func writeWAV(t testing.TB, rate, channels int, pcm []int16) string {
	t.Helper()
	masks := []uint32{0, 0x4, 0x3, 0x7, 0x33, 0x37, 0x3f, 0x70f, 0x63f}
	const head = 68
	b := make([]byte, head, head+2*len(pcm))
	le := binary.LittleEndian
	copy(b, "RIFF")
	le.PutUint32(b[4:], uint32(head-8+2*len(pcm)))
	copy(b[8:], "WAVEfmt ")
	le.PutUint32(b[16:], 40)
	le.PutUint16(b[20:], 0xfffe)
	le.PutUint16(b[22:], uint16(channels))
	le.PutUint32(b[24:], uint32(rate))
	le.PutUint32(b[28:], uint32(rate*channels*2))
	le.PutUint16(b[32:], uint16(channels*2))
	le.PutUint16(b[34:], 16)
	le.PutUint16(b[36:], 22)
	le.PutUint16(b[38:], 16)
	le.PutUint32(b[40:], masks[channels])
	copy(b[44:], "\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71")
	copy(b[60:], "data")
	le.PutUint32(b[64:], uint32(2*len(pcm)))
	for _, v := range pcm {
		b = le.AppendUint16(b, uint16(v))
	}
	path := filepath.Join(t.TempDir(), "in.wav")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
