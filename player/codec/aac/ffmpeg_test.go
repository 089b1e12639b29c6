package aac_test

import (
	"encoding/binary"
	"math"
	"os"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac"
)

func TestTry(t *testing.T) {
	data, err := os.ReadFile(os.Getenv("IN"))
	if err != nil {
		t.Skip()
	}
	f, packets := splitADTS(t, data)
	d, err := aac.New(f)
	if err != nil {
		t.Fatal(err)
	}
	ref, _ := os.ReadFile(os.Getenv("REF"))
	dst := make([]float32, codec.MaxFrames*d.Channels())
	pos := 0
	worst, sum := 0.0, 0.0
	n := 0
	for i := range packets {
		k, err := d.Decode(dst, &packets[i])
		if err != nil {
			t.Fatal(i, err)
		}
		w := 0.0
		for _, v := range dst[:k*d.Channels()] {
			if pos+4 > len(ref) {
				break
			}
			r := math.Float32frombits(binary.LittleEndian.Uint32(ref[pos:]))
			pos += 4
			e := math.Abs(float64(v-r)) * 32768
			w = max(w, e)
			sum += e * e
			n++
		}
		if w > 0.5 && worst < 0.5 {
			t.Logf("packet %d: %v", i, w)
		}
		worst = max(worst, w)
	}
	t.Logf("%d packets, %d of %d bytes, worst %v LSB, rms %v", len(packets), pos, len(ref), worst, math.Sqrt(sum/float64(n)))
}
