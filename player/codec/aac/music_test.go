package aac

import (
	"math"
	"math/rand/v2"
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
