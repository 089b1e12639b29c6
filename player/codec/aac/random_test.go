package aac

import (
	"fmt"
	"testing"

	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// TestRandom compares with ffmpeg what random streams give: the tools that no encoder at hand uses
// (pulses, coupling channels) are there, and all others in combinations without end.
func TestRandom(t *testing.T) {
	programs := []*program{
		{front: []tagged{{kindSingle, 0}, {kindPair, 0}}, lfe: []tagged{{kindLFE, 0}}},
		{front: []tagged{{kindSingle, 0}, {kindPair, 0}}, coupling: []tagged{{kindCoupling, 0}, {kindCoupling, 5}}},
	}
	layouts := [][]speaker{{frontLeft, frontRight, frontCentre, lowFrequency}, {frontLeft, frontRight, frontCentre}}
	worst := 0.0
	for seed := range containertest.Sweep(2, 60) {
		for i, p := range programs {
			frameLength := []int{1024, 960}[seed%2]
			c := Config{SampleRate: rates[(4+seed)%len(rates)], FrameLength: frameLength, program: p}
			w := newStreamWriter(uint64(2*seed+i), newBandTables(c.SampleRate, frameLength))
			var packets []media.Packet
			for range 20 {
				w.block()
				s := w.next()
				if p.coupling != nil {
					w.coupling(0, s)
					w.coupling(5, s)
				}
				w.others(p, c.SampleRate)
				w.single(kindSingle, 0, s)
				w.others(p, c.SampleRate)
				w.pair(0, s)
				if p.lfe != nil {
					w.single(kindLFE, 0, s)
				}
				w.others(p, c.SampleRate)
				packets = append(packets, media.Packet{Data: w.end()})
			}
			name := fmt.Sprintf("%d Hz, frames of %d, program %d, seed %d", c.SampleRate, frameLength, i, seed)
			f := media.Format{Config: c.Append(nil)}
			d, err := New(f)
			if err != nil {
				t.Fatal(err)
			}
			d.noise = sequentialNoise()
			got, want := codectest.Decode(t, d, packets), relaid(reference(t, f, packets), layouts[i])
			peak := float32(0)
			for _, v := range want {
				peak = max(peak, v, -v)
			}
			// What is louder than full scale has a coarser last bit.
			rms, largest := codectest.Difference(t, got, want)
			largest /= float64(1 + peak)
			worst = max(worst, largest)
			t.Logf("%s: peak %.2f, max %.4f LSB of it, rms %.4f", name, peak, largest, rms)
			if largest > 1 {
				t.Errorf("%s: %v LSB from ffmpeg", name, largest)
			}
		}
	}
	t.Logf("max %.4f LSB", worst)
}
