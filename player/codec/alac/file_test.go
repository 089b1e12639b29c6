package alac

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/media"
)

// fragments has ffmpeg write what input names as fragmented MP4, and gives its packets.
func fragments(t testing.TB, input []string, args ...string) (f media.Format, all []media.Packet) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.mp4")
	args = append(append(append([]string{"-v", "error"}, input...), args...), "-f", "mp4",
		"-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "500000", path)
	containertest.Tool(t, "ffmpeg", args...)
	data := containertest.File(t, path)
	in, err := fmp4.ParseInit(data)
	if err != nil {
		t.Fatal(err)
	}
	s, err := in.OpenSegment(data)
	if err != nil {
		t.Fatal(err)
	}
	all = containertest.Rest(t, s)
	all[len(all)-1].Duration = 0 // ffmpeg repeats that of the one before
	return in.Info().Format, all
}

// decode gives samples as ffmpeg's s32le has them: at the high end of 32 bits. They are exact up to 24
// bits.
func decode(t testing.TB, f media.Format, all []media.Packet) (raw []byte) {
	t.Helper()
	d := newDecoder(t, f)
	for pcm := codectest.Decode(t, d, all); len(pcm) > 0; pcm = pcm[d.Channels():] {
		for c := range d.Channels() {
			if d.Channels() == 7 { // ffmpeg has the rear centre last
				c = [7]int{0, 1, 2, 3, 5, 6, 4}[c]
			}
			raw = binary.LittleEndian.AppendUint32(raw, uint32(int64(float64(pcm[c])*(1<<31))))
		}
	}
	return raw
}

// TestFiles decodes what ffmpeg's encoder makes of sound of all rates, depths and counts of channels,
// and wants what it was made of.
func TestFiles(t *testing.T) {
	rates := []int{8000, 11_025, 22_050, 44_100, 48_000, 88_200, 96_000, 192_000}
	trials := containertest.Sweep(4, 64)
	for i := range trials {
		rng := rand.New(rand.NewPCG(uint64(i), 9))
		channels, depth, rate := 1+i%8, 16+8*(i/8%2), rates[(i*5+i/8)%len(rates)]
		n := 3000 + rng.IntN(20_000)
		var raw []byte
		parts := [][][]int32{noise(rng, channels, depth, n/2), noise(rng, channels, depth, n-n/2)}
		for _, s := range parts {
			for k := range s[0] {
				for c := range s {
					raw = binary.LittleEndian.AppendUint32(raw, uint32(s[c][k]<<(32-depth)))
				}
			}
		}
		path := containertest.Store(t, "raw", raw)
		layout := []string{"", "mono", "stereo", "3.0", "4.0", "5.0", "5.1", "6.1(back)", "7.1(wide)"}[channels]
		input := []string{"-f", "s32le", "-ar", strconv.Itoa(rate), "-ac", strconv.Itoa(channels), "-channel_layout", layout, "-i", path}
		lo := 1 + rng.IntN(30)
		args := []string{"-c:a", "alac", "-min_prediction_order", strconv.Itoa(lo), "-max_prediction_order", strconv.Itoa(lo + rng.IntN(31-lo)),
			"-compression_level", strconv.Itoa(rng.IntN(3)), "-sample_fmt", map[int]string{16: "s16p", 24: "s32p"}[depth]}
		f, all := fragments(t, input, args...)
		if f.Channels != channels || f.SampleRate != rate || f.BitDepth != depth {
			t.Errorf("%d channels at %d Hz, %d bits, are labelled %+v", channels, rate, depth, f)
		}
		if got := decode(t, f, all); !bytes.Equal(got, raw) {
			t.Errorf("%d channels at %d Hz, %d bits, %v: %d bytes, want %d or others", channels, rate, depth, args, len(got), len(raw))
		}
	}
	t.Logf("%d files are bit-exact", trials)
}

// TestCorpus decodes files of others as ffmpeg does.
func TestCorpus(t *testing.T) {
	for _, path := range containertest.Corpus(t, "media3/mp4/sample_alac*.mp4") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f, all := fragments(t, []string{"-i", path}, "-c:a", "copy", "-map", "0:a")
			want := containertest.Tool(t, "ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-f", "s32le", "-")
			if got := decode(t, f, all); !bytes.Equal(got, want) {
				t.Errorf("%+v: %d bytes, ffmpeg gives %d, or others", f, len(got), len(want))
			}
			t.Logf("%d packets of %d bits are bit-exact", len(all), f.BitDepth)
		})
	}
}

// TestSeeks decodes from packets drawn by lot on, and wants the samples of uninterrupted decoding.
func TestSeeks(t *testing.T) {
	s := randomStream(7, 60)
	d := newDecoder(t, s.format)
	dst := make([]float32, codec.MaxFrames*d.Channels())
	rng := rand.New(rand.NewPCG(1, 6))
	trials := containertest.Sweep(100, 1000)
	for range trials {
		at := rng.IntN(len(s.packets) - 2)
		d.Reset()
		for i := at; i < at+3; i++ {
			n, err := d.Decode(dst, &s.packets[i])
			if err != nil {
				t.Fatal(err)
			}
			for c, want := range s.samples[i] {
				for k, v := range want[:n] {
					if got := dst[k*d.Channels()+int(slots[d.Channels()][c])]; got != nearest(v, d.config.depth) {
						t.Fatalf("started at %d, packet %d: frame %d is %v", at, i, k, got)
					}
				}
			}
		}
	}
	t.Logf("%d starts gave the samples of uninterrupted decoding", trials)
}

func BenchmarkDecode(b *testing.B) {
	for _, depth := range []int{16, 24} {
		b.Run(fmt.Sprintf("%d bits", depth), func(b *testing.B) {
			input := []string{"-f", "lavfi", "-i", "aevalsrc=0.4*sin(2*PI*(200+500*t)*t)+0.1*(random(0)-0.5)|0.5*sin(2*PI*331*t):d=4:s=44100"}
			f, all := fragments(b, input, "-c:a", "alac", "-sample_fmt", map[int]string{16: "s16p", 24: "s32p"}[depth])
			codectest.Benchmark(b, newDecoder(b, f), all)
		})
	}
}
