package demo

import (
	"bytes"
	"crypto/md5"
	"errors"
	"io"
	"math"
	"os/exec"
	"testing"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/meta"
)

// decodeFrom reads a FLAC stream whole and checks its MD5 against its STREAMINFO.
func decodeFrom(t *testing.T, r io.Reader) []int16 {
	t.Helper()
	stream, err := flac.New(r)
	if err != nil {
		t.Fatal(err)
	}
	sum := md5.New()
	var out []int16
	for {
		f, err := stream.ParseNext()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Hash(sum)
		for i := range f.Subframes[0].Samples {
			out = append(out, int16(f.Subframes[0].Samples[i]), int16(f.Subframes[1].Samples[i]))
		}
	}
	if !bytes.Equal(sum.Sum(nil), stream.Info.MD5sum[:]) {
		t.Error("the MD5 in STREAMINFO is not that of the samples")
	}
	if int(stream.Info.NSamples) != len(out)/2 {
		t.Errorf("STREAMINFO promises %d frames, there are %d", stream.Info.NSamples, len(out)/2)
	}
	return out
}

func TestFLACIsLossless(t *testing.T) {
	random := noise(7)
	shapes := map[string]func(i int) (l, r int16){
		"silence":    func(int) (int16, int16) { return 0, 0 },
		"offset":     func(int) (int16, int16) { return -32768, 32767 },
		"noise":      func(int) (int16, int16) { return int16(random.next()), int16(random.next()) },
		"opposed":    func(i int) (int16, int16) { return int16(32767 - 65535*(i/50%2)), int16(-32768 + 65535*(i/50%2)) },
		"sine":       func(i int) (int16, int16) { s := int16(32000 * math.Sin(float64(i)/9)); return s, s },
		"one side":   func(i int) (int16, int16) { return int16(12000 * math.Sin(float64(i)/40)), 0 },
		"rare click": func(i int) (int16, int16) { return int16(i % 4000 / 3999 * 32767), 0 },
	}
	for name, shape := range shapes {
		for _, frames := range []int{1, 2, 15, 4095, 4096, 4097, 3*4096 + 1000} {
			track, err := newFlacTrack()
			if err != nil {
				t.Fatal(err)
			}
			var want []int16
			for i := range frames {
				l, r := shape(i)
				want = append(want, l, r)
			}
			half := len(want) / 4 * 2
			for _, part := range [][]int16{want[:half], want[half:]} {
				if err := track.write(part); err != nil {
					t.Fatal(err)
				}
			}
			if err := track.flush(); err != nil {
				t.Fatal(err)
			}
			file := save(t, track)
			got := decodeFrom(t, bytes.NewReader(file))
			if len(got) != len(want) {
				t.Fatalf("%s: %d samples of %d", name, len(got), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%s of %d frames: sample %d is %d, want %d", name, frames, i, got[i], want[i])
				}
			}
			if frames > 2*4096 {
				checkReference(t, name, file)
			}
		}
	}
}

func save(t *testing.T, track *flacTrack) []byte {
	t.Helper()
	var file bytes.Buffer
	comment := &meta.VorbisComment{Vendor: "test", Tags: [][2]string{{"TITLE", "Ä test"}}}
	if err := track.save(&file, comment, &meta.Picture{Type: 3, MIME: "image/png", Data: []byte{1, 2, 3}}); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func checkReference(t *testing.T, name string, file []byte) {
	t.Helper()
	if _, err := exec.LookPath("flac"); err != nil {
		t.Log("no flac here to test with")
		return
	}
	cmd := exec.Command("flac", "-t", "-s", "-w", "-")
	cmd.Stdin = bytes.NewReader(file)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%s: flac -t: %v\n%s", name, err, out)
	}
}

// TestPredictorEarnsItsKeep holds the fitted predictor against the encoder's own choice on a tone
// that fixed predictors do badly on.
func TestPredictorEarnsItsKeep(t *testing.T) {
	track, err := newFlacTrack()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 * flacBlock {
		s := int16(9000*math.Sin(float64(i)*1.9) + 9000*math.Sin(float64(i)*0.7))
		if err := track.write([]int16{s, s}); err != nil {
			t.Fatal(err)
		}
	}
	if ratio := float64(track.body.Len()) / (8 * flacBlock * 4); ratio > 0.25 {
		t.Errorf("two tones take %.3f of PCM; the predictor doesn't predict", ratio)
	}
	if len(track.points) != 1 || track.points[0].Offset != 0 {
		t.Errorf("seek points %v", track.points)
	}
}
