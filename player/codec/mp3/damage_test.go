package mp3_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	mp3file "github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/media"
)

// mutate changes a copy of data as disks and networks do, and as those who mean harm.
func mutate(rng *rand.Rand, data []byte) []byte {
	b := bytes.Clone(data)
	for range 1 + rng.IntN(20) {
		at := rng.IntN(len(b))
		switch rng.IntN(5) {
		case 0:
			b[at] ^= 1 << rng.IntN(8)
		case 1:
			b[at] = byte(rng.Uint32())
		case 2:
			for i := at; i < min(len(b), at+rng.IntN(60)); i++ {
				b[i] = byte(rng.Uint32())
			}
		case 3:
			b = slices.Delete(b, at, min(len(b), at+rng.IntN(300)))
		case 4:
			b = slices.Insert(b, at, b[:rng.IntN(min(len(b), 300))]...)
		}
		if len(b) < 10 {
			break
		}
	}
	return b
}

// TestMutated decodes damaged files to their end, as a player does, and then a sound one: nothing panics,
// no sample is beyond numbers, and the damage leaves nothing behind.
func TestMutated(t *testing.T) {
	count := containertest.Sweep(120, 20_000)
	rng := rand.New(rand.NewPCG(31, 32))
	files := [][]byte{testFile(t, "tone.mp3")[:6000], testFile(t, "tone-lowrate.mp3")}
	_, sound := demux(t, testFile(t, "tone-lowrate.mp3"))
	dst := make([]float32, 1152*2)
	damaged, opened := 0, 0
	for i := range count {
		data := mutate(rng, files[i%2])
		d, err := mp3file.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			continue
		}
		opened++
		format := d.Info().Format
		if i%3 == 0 {
			format.SampleRate = 0 // takes frames of all rates
		}
		dec := newDecoder(t, format)
		want := codectest.Decode(t, newDecoder(t, media.Format{Codec: media.CodecMP3, Channels: format.Channels}), sound)
		for {
			var p media.Packet
			if err := d.Next(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Logf("round %d: %v", i, err)
				break
			}
			n, err := dec.Decode(dst, &p)
			if errors.Is(err, codec.ErrCorrupt) {
				damaged++
				n = int(p.Duration)
				dec.Conceal(dst, n)
			} else if err != nil {
				t.Fatalf("round %d: %v", i, err)
			}
			for _, v := range dst[:n*dec.Channels()] {
				if v-v != 0 {
					t.Fatalf("round %d: a sample is %v", i, v)
				}
			}
		}
		if format.SampleRate != 0 {
			continue
		}
		settled := 10 * 576 * format.Channels
		if got := codectest.Decode(t, dec, sound); !slices.Equal(got[settled:], want[settled:]) {
			t.Fatalf("round %d: a sound stream behind the damaged one decodes otherwise", i)
		}
	}
	t.Logf("%d damaged files, %d taken for MP3, %d packets thought damaged", count, opened, damaged)
	if damaged == 0 {
		t.Error("no damage was noticed")
	}
}
