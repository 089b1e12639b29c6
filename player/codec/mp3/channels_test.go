package mp3

import (
	"math"
	"testing"

	"github.com/segue-audio/segue/player/media"
)

// written decodes frames of the writer.
func written(t *testing.T, channels int, frames [][]byte) (pcm []float32) {
	t.Helper()
	d, err := New(media.Format{Codec: media.CodecMP3, Channels: channels})
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 1152*2)
	for i, f := range frames {
		n, err := d.Decode(dst, &media.Packet{Data: f})
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		pcm = append(pcm, dst[:n*channels]...)
	}
	return pcm
}

// TestChannels changes between mono and stereo in mid-stream. One channel of output is at all times the
// mean of the two, and mono frames, their overlap with others past, are the same on both.
func TestChannels(t *testing.T) {
	for _, rateIndex := range []int{0, 4} {
		stereo, mono := newWriter(1, header{rateIndex: rateIndex}), newWriter(2, header{rateIndex: rateIndex, mono: true})
		var frames [][]byte
		for i := range 24 {
			if i/3%2 == 0 {
				frames = append(frames, stereo.frame())
			} else {
				frames = append(frames, mono.frame())
			}
		}
		two, one := written(t, 2, frames), written(t, 1, frames)
		for i, v := range one {
			if mean := (two[2*i] + two[2*i+1]) / 2; math.Abs(float64(v-mean)) > 2e-6 {
				t.Fatalf("sample %d: %v, the mean of both channels is %v", i, v, mean)
			}
		}
		frame := len(one) / len(frames)
		same := two[2*5*frame : 2*6*frame] // the third mono frame in a row
		loudest := float32(0)
		for i := 0; i < len(same); i += 2 {
			loudest = max(loudest, same[i])
			if math.Abs(float64(same[i]-same[i+1])) > 1e-7 {
				t.Fatalf("mono differs on both channels: %v, %v", same[i], same[i+1])
			}
		}
		if loudest < 0.001 {
			t.Fatalf("nothing is heard: %v", loudest)
		}
	}
}
