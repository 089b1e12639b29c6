package dsp_test

import (
	"fmt"
	"math"
	"sync/atomic"

	"github.com/segue-audio/segue/player/dsp"
)

// Tremolo is a Processor of one's own: it swells the loudness up and down.
type Tremolo struct {
	depth atomic.Uint64 // bits of a float64: any goroutine may set it

	channels int
	step     float64 // radians a frame
	glide    float64
	phase    float64
	now      float64 // the depth on its way
}

// SetDepth takes 0, nothing, to 1, down to silence. Any goroutine.
func (t *Tremolo) SetDepth(d float64) { t.depth.Store(math.Float64bits(min(max(d, 0), 1))) }

// Prepare has all that takes time or memory.
func (t *Tremolo) Prepare(rate, channels int) error {
	t.channels = channels
	t.step = 2 * math.Pi * 5 / float64(rate)        // 5 Hz
	t.glide = 1 - math.Exp(-1/(0.02*float64(rate))) // a new depth is reached in about 20 ms
	t.Reset()
	return nil
}

// Process runs on the thread that must not wait: it reads an atomic and counts.
func (t *Tremolo) Process(frames []float32) {
	depth := math.Float64frombits(t.depth.Load())
	for ; len(frames) >= t.channels; frames = frames[t.channels:] {
		t.now += (depth - t.now) * t.glide
		gain := float32(1 - t.now*(1-math.Cos(t.phase))/2)
		for i := range frames[:t.channels] {
			frames[i] *= gain
		}
		if t.phase += t.step; t.phase > 2*math.Pi {
			t.phase -= 2 * math.Pi
		}
	}
}

// Reset forgets the music, not the parameters.
func (t *Tremolo) Reset() { t.phase, t.now = 0, math.Float64frombits(t.depth.Load()) }

func ExampleProcessor() {
	tremolo := &Tremolo{}
	tremolo.SetDepth(0.5)
	chain := dsp.Chain{dsp.NewEqualiser(dsp.EqualiserSettings{}), tremolo}
	if err := chain.Prepare(1000*48, 2); err != nil {
		fmt.Println(err)
		return
	}
	frames := make([]float32, 2*48000/5) // one swell
	for i := range frames {
		frames[i] = 0.8
	}
	chain.Process(frames)
	fmt.Printf("%.2f %.2f\n", frames[0], frames[len(frames)/2])
	// Output: 0.80 0.40
}

func ExampleMeter() {
	meter, err := dsp.NewMeter(48000, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	tone := make([]float32, 2*48000)
	for i := range tone {
		tone[i] = float32(0.1 * math.Sin(2*math.Pi*1000*float64(i/2)/48000))
	}
	for range 5 { // seconds
		meter.Process(tone)
	}
	fmt.Printf("%.1f LUFS, true peak %.1f dB\n", meter.Integrated(), 20*math.Log10(meter.TruePeak()))
	// Output: -20.0 LUFS, true peak -20.0 dB
}

func ExampleLoudnessGain() {
	level := dsp.Level{Integrated: -9, TruePeak: 1.1} // as a Meter found it
	gain := dsp.LoudnessGain(level.Tags(), dsp.Loudness{Mode: dsp.LoudnessTrack, Target: -14})
	fmt.Printf("%.1f dB\n", 20*math.Log10(gain))
	// Output: -5.0 dB
}
