package aac

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/segue-audio/segue/player/codec"
)

func readFloats(t testing.TB, data []byte) []float32 {
	out := make([]float32, len(data)/4)
	if err := binary.Read(bytes.NewReader(data), binary.LittleEndian, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTry(t *testing.T) {
	for _, file := range []string{os.Getenv("TRY")} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Skip(err)
		}
		f, packets := splitADTS(t, data)
		f = Inspect(f, packets[0].Data)
		d, err := New(f)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := exec.Command("ffmpeg", "-v", "error", "-flags", "+bitexact", "-c:a", "aac", "-i", file, "-f", "f32le", "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		want := readFloats(t, raw)
		buf := make([]float32, codec.MaxFrames*8)
		var got []float32
		for i := range packets {
			n, err := d.Decode(buf, &packets[i])
			if err != nil {
				t.Fatal(i, err)
			}
			got = append(got, buf[:n*d.Channels()]...)
		}
		t.Log(filepath.Base(file), d.Channels(), d.SampleRate(), len(got), len(want))
		n := min(len(got), len(want))
		frame := 2048 * d.Channels()
		var sig, noise, worst float64
		for at := 0; at+frame <= n; at += frame {
			var s, e float64
			for i := at; i < at+frame; i++ {
				dd := float64(got[i] - want[i])
				s += float64(want[i]) * float64(want[i])
				e += dd * dd
				worst = max(worst, math.Abs(dd))
			}
			if at/frame < 24 {
				t.Logf("frame %d: %.1f dB (level %.1f)", at/frame, 10*math.Log10(s/e), 10*math.Log10(s/float64(frame)))
			}
			sig += s
			noise += e
		}
		t.Logf("SNR %.1f dB, worst %g", 10*math.Log10(sig/noise), worst)
	}
}
