package flac

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	flacfile "github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/media"
)

// sound makes frames of music-like sound, interleaved integers of depth bits: tones that rise, some
// noise, now and then full scale, and in stereo channels that are akin.
func sound(rng *rand.Rand, channels, depth, frames int) []int32 {
	full := float64(int64(1)<<(depth-1) - 1)
	out := make([]int32, 0, frames*channels)
	phase, step := 0.0, 0.01+rng.Float64()/10
	level := 0.2 + 0.75*rng.Float64()
	for range frames {
		phase += step
		step *= 1.00003
		tone := 0.8 * level * triangle(phase)
		for c := range channels {
			v := tone*float64(c+2)/float64(c+3) + 0.1*level*(rng.Float64()-0.5)
			if rng.IntN(3000) == 0 {
				v = float64(2*rng.IntN(2) - 1)
			}
			out = append(out, int32(v*full))
		}
	}
	return out
}

func triangle(phase float64) float64 {
	_, f := int(phase), phase-float64(int(phase))
	if f < 0.5 {
		return 4*f - 1
	}
	return 3 - 4*f
}

// wave writes samples to a WAVE file, which says by its valid bits what odd depth they have.
func wave(t testing.TB, samples []int32, f media.Format) string {
	t.Helper()
	bytesEach := (f.BitDepth + 7) / 8
	var data []byte
	for _, v := range samples {
		if v <<= 8*bytesEach - f.BitDepth; bytesEach == 1 {
			v += 0x80 // bytes have no sign
		}
		for b := range bytesEach {
			data = append(data, byte(v>>(8*b)))
		}
	}
	return containertest.Store(t, "a.wav", codectest.WAV(f, data))
}

// TestGenerated has flac and ffmpeg encode sound of every shape with every sort of option, and wants
// each sample back.
func TestGenerated(t *testing.T) {
	containertest.Tool(t, "flac", "--version")
	containertest.Tool(t, "ffmpeg", "-version")
	rates := []int{1, 8000, 11_025, 22_050, 35_467, 44_100, 48_000, 65_535, 88_200, 96_000, 134_560, 176_400, 192_000, 384_000, 655_350, 768_000, 1_048_575}
	depths, broken := map[int]int{}, 0
	trials := containertest.Sweep(10, 140)
	for i := range trials {
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		f := media.Format{SampleRate: rates[i%len(rates)], Channels: 1 + (i/2+rng.IntN(2))%8, BitDepth: 4 + (i*5)%29}
		if i%3 == 0 {
			f.Channels = 2
		}
		byFFmpeg := i%5 == 4
		if byFFmpeg {
			f.BitDepth = 16 + 8*rng.IntN(2)
			f.SampleRate = []int{8000, 35_467, 44_100, 96_000, 192_000}[rng.IntN(5)]
		}
		samples := sound(rng, f.Channels, f.BitDepth, 6000+rng.IntN(20_000))
		data, args := encoded(t, rng, wave(t, samples, f), byFFmpeg)
		raw, failed := decode(t, data)
		if byFFmpeg && failed > 0 && rejected(t, data) {
			broken++ // its encoder overflows now and then at 24 bits
			continue
		}
		var want []byte
		for _, v := range samples {
			for b := 0; b < f.BitDepth; b += 8 {
				want = append(want, byte(v>>b))
			}
		}
		d, _ := demux(t, data)
		if failed > 0 || !bytes.Equal(raw, want) || md5.Sum(raw) != d.StreamInfo().MD5 {
			t.Errorf("%d channels of %d bits at %d Hz, %v: %d packets failed, %d bytes, want %d or others",
				f.Channels, f.BitDepth, f.SampleRate, args, failed, len(raw), len(want))
		}
		depths[d.Info().Format.BitDepth]++
	}
	t.Logf("%d files are bit-exact, %d weren't sound; of each depth: %v", trials-broken, broken, depths)
	if broken > trials/50 {
		t.Errorf("%d of %d files aren't sound", broken, trials)
	}
}

// rejected tells whether flac finds a file broken too.
func rejected(t testing.TB, data []byte) bool {
	t.Helper()
	return exec.Command("flac", "-t", "-s", containertest.Store(t, "a.flac", data)).Run() != nil
}

// encoded has a WAVE file encoded with options that are drawn by lot.
func encoded(t testing.TB, rng *rand.Rand, wav string, byFFmpeg bool) (data []byte, args []string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "a.flac")
	number := func(from, to int) string { return strconv.Itoa(from + rng.IntN(to-from+1)) }
	if byFFmpeg {
		args = []string{"-compression_level", number(0, 12), "-strict", "-2", "-frame_size", number(100, 9000),
			"-lpc_type", number(0, 3), "-prediction_order_method", number(0, 5)}
		containertest.Tool(t, "ffmpeg", append(append([]string{"-v", "error", "-i", wav}, args...), out)...)
		return containertest.File(t, out), args
	}
	args = []string{"-" + number(0, 8), "--lax", "-b", number(16, 65_535)}
	if rng.IntN(2) == 0 {
		args[3] = number(16, 5000)
	}
	if rng.IntN(2) == 0 {
		args = append(args, "-l", number(0, 32))
	}
	if rng.IntN(2) == 0 {
		args = append(args, "-r", "0,"+number(0, 15))
	}
	if rng.IntN(3) == 0 {
		args = append(args, "-q", number(5, 15))
	}
	switch rng.IntN(6) {
	case 0:
		args = append(args, "--disable-constant-subframes", "--disable-fixed-subframes")
	case 1:
		args = append(args, "-e", "-p")
		args[3], args[0] = number(500, 5000), "-4"
	}
	containertest.Tool(t, "flac", append(append([]string{"-s", "-f"}, args...), wav, "-o", out)...)
	return containertest.File(t, out), args
}

// TestSeeks moves to frames drawn by lot and wants the samples of uninterrupted decoding.
func TestSeeks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	f := media.Format{SampleRate: 44_100, Channels: 2, BitDepth: 16}
	path := filepath.Join(t.TempDir(), "a.flac")
	containertest.Tool(t, "flac", "-s", "-3", "-b", "1152", "-o", path, wave(t, sound(rng, 2, 16, 20*44_100), f))
	d, all := demux(t, containertest.File(t, path))
	dec, err := New(d.Info().Format)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, codec.MaxFrames*2)
	whole := codectest.Decode(t, dec, all)
	trials := containertest.Sweep(100, 1000)
	for range trials {
		at := rng.IntN(len(whole) / 2)
		if err := seekTo(d, dec, dst, whole, media.Frames(at)); err != nil {
			t.Fatalf("seek to %d: %v", at, err)
		}
	}
	t.Logf("%d seeks in %d packets gave the samples of uninterrupted decoding", trials, len(all))
}

// seekTo compares what comes after a seek, up to 4096 frames, with the whole.
func seekTo(d *flacfile.Demuxer, dec *Decoder, dst, whole []float32, at media.Frames) error {
	if err := d.Seek(at); err != nil {
		return err
	}
	dec.Reset()
	var p media.Packet
	for first := true; ; first = false {
		err := d.Next(&p)
		if err == io.EOF && !first {
			return nil
		} else if err != nil {
			return err
		}
		if first && (p.Time > at || p.Time+p.Duration <= at) {
			return fmt.Errorf("packet of %d frames at %d", p.Duration, p.Time)
		}
		n, err := dec.Decode(dst, &p)
		if err != nil {
			return err
		}
		for i, v := range dst[:2*n] {
			if v != whole[2*int(p.Time)+i] {
				return fmt.Errorf("sample %d behind %d differs", i, p.Time)
			}
		}
		if p.Time+p.Duration > at+4096 {
			return nil
		}
	}
}
