package mp3_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/segue-audio/segue/player/container/containertest"
)

// sweep tells whether tests run at full length.
func sweep() bool { return os.Getenv("SEGUE_SWEEP") != "" }

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

// writeWAV writes 16-bit stereo.
func writeWAV(t testing.TB, path string, rate int, pcm []int16) {
	t.Helper()
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00")
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*4))
	b = append(b, 4, 0, 16, 0)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(pcm)*2))
	binary.LittleEndian.PutUint32(b[4:], uint32(36+len(pcm)*2))
	for _, v := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
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
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, data
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
	all, step, seconds := encodes(), 19, 0.8
	if sweep() {
		step, seconds = 1, 3
	}
	dir := t.TempDir()
	var worst, sum float64
	files, samples := 0, 0
	for i := 0; i < len(all); i += step {
		e := all[i]
		wav := filepath.Join(dir, fmt.Sprint(e.rate, ".wav"))
		if _, err := os.Stat(wav); err != nil {
			writeWAV(t, wav, e.rate, music(e.rate, seconds))
		}
		path, data := e.file(t, wav, dir)
		want := mpg123(t, path)
		info, got, damaged := decodeFile(t, data)
		if damaged != nil || len(got) != len(want) || info.Format.SampleRate != e.rate {
			t.Errorf("%v: damaged %v, %d samples at %d Hz, mpg123 has %d", e, damaged, len(got), info.Format.SampleRate, len(want))
			continue
		}
		most := 0.0
		for i, v := range got {
			d := math.Abs(float64(v - want[i]))
			sum += d * d
			most = max(most, d)
		}
		samples += len(got)
		files++
		worst = max(worst, most)
		if most > 1.0/32_768 {
			t.Errorf("%v: %.3f LSB apart", e, most*32_768)
		}
	}
	t.Logf("%d encodes of %d samples: at most %.4f LSB apart, RMS %.5f LSB", files, samples, worst*32_768, math.Sqrt(sum/float64(max(1, samples)))*32_768)
}

// mpg123 decodes a file with mpg123's plain C decoder, to floats, nothing trimmed.
func mpg123(t testing.TB, path string) []float32 {
	t.Helper()
	b := containertest.Tool(t, "mpg123", "-q", "-e", "f32", "--no-gapless", "--cpu", "generic", "-s", path)
	pcm := make([]float32, len(b)/4)
	for i := range pcm {
		pcm[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return pcm
}
