package mp3_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
)

// music is a stereo signal that uses what an encoder has: gliding tones with overtones, a hiss that comes
// and goes, clicks between silences (for short blocks), and sides that are now alike and now not.
func music(rate int, seconds float64) []int16 {
	rng := rand.New(rand.NewPCG(11, 12))
	n := int(seconds * float64(rate))
	pcm := make([]int16, 0, 2*n)
	for i := range n {
		x := float64(i) / float64(rate)
		tone := 0.0
		for k := 1.0; k < 9; k++ {
			tone += math.Sin(2*math.Pi*k*(180+90*x)*x) / k
		}
		hiss := (2*rng.Float64() - 1) * max(0, math.Sin(5*x)) * 0.2
		click := (2*rng.Float64() - 1) * math.Exp(-400*math.Mod(x, 0.21))
		side := 0.1 * math.Sin(2*math.Pi*730*x) * max(0, math.Sin(7*x))
		left := 0.15*tone + hiss + 0.5*click + side
		right := 0.15*tone + 0.6*hiss + 0.3*click - side
		pcm = append(pcm, int16(20_000*left), int16(20_000*right))
	}
	return pcm
}

// encode is a way to code a WAV.
type encode struct {
	rate int
	tool string
	args []string
}

func (e encode) String() string { return fmt.Sprintf("%d %s %v", e.rate, e.tool, e.args) }

// file codes the WAV into dir and gives what came out.
func (e encode) file(t testing.TB, wav, dir string) (path string, data []byte) {
	t.Helper()
	path = filepath.Join(dir, "coded.mp3")
	args := slices.Concat([]string{"--quiet"}, e.args, []string{wav, path})
	if e.tool == "ffmpeg" {
		args = slices.Concat([]string{"-v", "error", "-y", "-i", wav}, e.args, []string{path})
	}
	containertest.Tool(t, e.tool, args...)
	return path, containertest.File(t, path)
}

// encodes are all sample rates in all modes at low, middle and high bit rates, constant and variable,
// and what else the encoders can do.
func encodes() (all []encode) {
	for _, rate := range []int{8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000} {
		kbps := []string{"8", "24", "64"}
		switch {
		case rate >= 32_000:
			kbps = []string{"32", "128", "320"}
		case rate >= 16_000:
			kbps = []string{"8", "48", "160"}
		}
		lame := func(args ...string) {
			khz := strconv.FormatFloat(float64(rate)/1000, 'f', -1, 64)
			all = append(all, encode{rate, "lame", append([]string{"--resample", khz}, args...)})
		}
		for _, mode := range []string{"m", "s", "j", "f", "d"} {
			for _, b := range kbps {
				lame("-m", mode, "-b", b)
			}
		}
		for _, quality := range []string{"0", "5", "9"} {
			lame("-V", quality)
		}
		lame("--abr", kbps[1])
		lame("--abr", kbps[2], "-m", "m")
		lame("--freeformat", "-b", kbps[1])
		lame("-p", "-b", kbps[1])
		lame("--allshort", "-b", kbps[2])
		lame("--nores", "-b", kbps[1])
		all = append(all, encode{rate, "ffmpeg", []string{"-b:a", kbps[1] + "k", "-joint_stereo", "0"}},
			encode{rate, "ffmpeg", []string{"-q:a", "4", "-reservoir", "0"}})
	}
	return all
}

// TestEncodes compares with mpg123's plain C decoder, float with float.
func TestEncodes(t *testing.T) {
	all, step, seconds := encodes(), containertest.Sweep(19, 1), containertest.Sweep(0.8, 3)
	wavs := map[int]string{}
	dir := t.TempDir()
	var worst, sum float64
	files, samples := 0, 0
	for i := 0; i < len(all); i += step {
		e := all[i]
		if wavs[e.rate] == "" {
			wavs[e.rate] = containertest.Store(t, "in.wav", codectest.WAV16(e.rate, 2, music(e.rate, seconds)))
		}
		path, data := e.file(t, wavs[e.rate], dir)
		want := mpg123(t, path)
		info, got, damaged := decodeFile(t, data)
		if damaged != nil || len(got) != len(want) || info.Format.SampleRate != e.rate {
			t.Errorf("%v: damaged %v, %d samples at %d Hz, mpg123 has %d", e, damaged, len(got), info.Format.SampleRate, len(want))
			continue
		}
		rms, most := codectest.Difference(t, got, want)
		sum += rms * rms * float64(len(got))
		samples += len(got)
		files++
		worst = max(worst, most)
		if most > 1 {
			t.Errorf("%v: %.3f LSB apart", e, most)
		}
	}
	t.Logf("%d encodes of %d samples: at most %.4f LSB apart, RMS %.5f LSB", files, samples, worst, math.Sqrt(sum/float64(max(1, samples))))
}

// mpg123 decodes a file with mpg123's plain C decoder, to floats, nothing trimmed.
func mpg123(t testing.TB, path string) []float32 {
	t.Helper()
	return codectest.Floats(containertest.Tool(t, "mpg123", "-q", "-e", "f32", "--no-gapless", "--cpu", "generic", "-s", path))
}
