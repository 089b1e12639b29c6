package mp3_test

import (
	"math"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec/codectest"
)

// bend is the largest second difference of one channel: what a step would stand out in.
func bend(pcm []float32) (most float64) {
	for i := 4; i < len(pcm); i += 2 {
		most = max(most, math.Abs(float64(pcm[i]-2*pcm[i-2]+pcm[i-4])))
	}
	return most
}

func power(pcm []float32) (sum float64) {
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return sum / float64(len(pcm))
}

// TestConceal loses each packet in turn: what is heard instead has no step at either end, is as loud as the
// music but for its fade, and the same however it is asked for.
func TestConceal(t *testing.T) {
	const packet = 1152 * 2
	info, all := demux(t, testFile(t, "tone.mp3"))
	want := codectest.Decode(t, newDecoder(t, info.Format), all)
	d := newDecoder(t, info.Format)
	for lost := 4; lost < len(all)-3; lost++ {
		d.Reset()
		pcm := codectest.Decode(t, d, all[:lost])
		gap := make([]float32, packet)
		d.Conceal(gap, 1152)
		pcm = append(append(pcm, gap...), codectest.Decode(t, d, all[lost+1:lost+3])...)
		at := lost * packet
		if got, music := bend(pcm[at-packet:]), bend(want[at-2*packet:at+3*packet]); got > 1.5*music {
			t.Errorf("packet %d: a step of %.4f, the music bends by %.4f", lost, got, music)
		}
		if got, before := power(gap), power(want[at-packet:at]); got < before/10 || got > before {
			t.Errorf("packet %d: concealed at %.1f dB against the music", lost, 10*math.Log10(got/before))
		}

		d.Reset()
		codectest.Decode(t, d, all[:lost])
		for part := gap[:]; len(part) > 0; {
			n := min(2*100, len(part))
			piece := make([]float32, n)
			d.Conceal(piece, n/2)
			if !slices.Equal(piece, part[:n]) {
				t.Fatalf("packet %d: a hundred frames at a time it is another sound", lost)
			}
			part = part[n:]
		}
	}
}

// TestConcealFades wants every lost packet more silent than the one before.
func TestConcealFades(t *testing.T) {
	info, all := demux(t, testFile(t, "tone.mp3"))
	d := newDecoder(t, info.Format)
	codectest.Decode(t, d, all[:15])
	gap := make([]float32, 1152*2)
	before := math.Inf(1)
	for lost := range 20 {
		d.Conceal(gap, 1152)
		now := power(gap)
		if now > before*0.9 && now > 0 {
			t.Fatalf("lost packet %d: %.1f dB after %.1f", lost, 10*math.Log10(now), 10*math.Log10(before))
		}
		before = now
	}
	if before != 0 {
		t.Errorf("after 20 lost packets %.1f dB are left", 10*math.Log10(before))
	}
}
