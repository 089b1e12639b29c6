package mp3_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	mp3file "github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/media"
)

// seeks goes to places all over a file, with the pre-roll that the demuxer asks for, and wants the samples
// of uninterrupted decoding: those of the frame sought and of the two behind it.
func seeks(t *testing.T, data []byte, count int) {
	t.Helper()
	info, want, _ := decodeFile(t, data)
	d, err := mp3file.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	dec := newDecoder(t, info.Format)
	dst := make([]float32, 1152*2)
	rng := rand.New(rand.NewPCG(21, 22))
	channels := info.Format.Channels
	for range count {
		to := media.Frames(rng.IntN(len(want) / channels))
		if err := d.Seek(to); err != nil {
			t.Fatal(err)
		}
		dec.Reset()
		heard := 0
		for heard < 3 {
			var p media.Packet
			err := d.Next(&p)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			n, err := dec.Decode(dst, &p)
			if err != nil {
				t.Fatalf("to %d: %v", to, err)
			}
			if p.Time+p.Duration <= to {
				continue // pre-roll
			}
			heard++
			at := int(p.Time) * channels
			if !slices.Equal(dst[:n*channels], want[at:at+n*channels]) {
				t.Fatalf("to %d: the frame at %d isn't as in uninterrupted decoding", to, p.Time)
			}
		}
		if heard == 0 {
			t.Fatalf("to %d: nothing decoded", to)
		}
	}
}

func TestSeeks(t *testing.T) {
	seconds, count := containertest.Sweep(1.5, 12), containertest.Sweep(40, 1000)
	for _, name := range []string{"tone.mp3", "tone-lowrate.mp3"} {
		t.Run(name, func(t *testing.T) { seeks(t, testFile(t, name), count) })
	}
	// At low bit rates the reservoir spans most frames; in free format headers say nothing of them.
	for _, e := range []encode{
		{44_100, "lame", []string{"-b", "32"}},
		{48_000, "lame", []string{"-b", "40", "-p"}},
		{44_100, "lame", []string{"-V", "2"}},
		{24_000, "lame", []string{"-b", "8", "-m", "s"}},
		{24_000, "lame", []string{"--abr", "16"}},
		{8000, "lame", []string{"-V", "7"}},
		{32_000, "lame", []string{"--freeformat", "-b", "40"}},
	} {
		t.Run(e.String(), func(t *testing.T) {
			wav := containertest.Store(t, "a.wav", codectest.WAV16(e.rate, 2, music(e.rate, seconds)))
			_, data := e.file(t, wav, t.TempDir())
			seeks(t, data, count)
		})
	}
}
