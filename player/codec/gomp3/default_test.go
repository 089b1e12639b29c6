package gomp3_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/codec/gomp3"
	"github.com/segue-audio/segue/player/codec/mp3"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// TestWhyNotTheDefault shows what this decoder makes of ordinary encodes of music with beats in it, beside
// the package mp3, both measured against mpg123. The day that it fails, the library got better, and the
// choice is to be made again.
func TestWhyNotTheDefault(t *testing.T) {
	worst := 0.0
	for _, c := range []struct {
		rate       int
		kbps, mode string
	}{
		{44_100, "128", "s"}, {44_100, "128", "j"}, {48_000, "96", "j"}, {32_000, "320", "j"},
		{22_050, "64", "j"}, {24_000, "48", "s"}, {16_000, "24", "m"}, {11_025, "24", "j"},
	} {
		wav, coded := containertest.Store(t, "a.wav", codectest.WAV16(c.rate, 2, beats(c.rate))), filepath.Join(t.TempDir(), "a.mp3")
		containertest.Tool(t, "lame", "--quiet", "--resample", strconv.FormatFloat(float64(c.rate)/1000, 'f', -1, 64),
			"-b", c.kbps, "-m", c.mode, wav, coded)
		want := codectest.Floats(containertest.Tool(t, "mpg123", "-q", "-e", "f32", "--no-gapless", "--stereo", "-s", coded))
		info, all := demux(t, containertest.File(t, coded))
		info.Format.Channels = 2
		ours, err := mp3.New(info.Format)
		if err != nil {
			t.Fatal(err)
		}
		e := apart(ours, all, want)
		if e > 1 {
			t.Errorf("%d Hz, %s kbps, %s: mp3 is %.3f LSB from mpg123", c.rate, c.kbps, c.mode, e)
		}
		library, err := gomp3.New(info.Format)
		if err != nil {
			t.Logf("%d Hz, %s kbps, %s: mp3 %.3f LSB, %v", c.rate, c.kbps, c.mode, e, err)
			continue
		}
		theirs := apart(library, all, want)
		t.Logf("%d Hz, %s kbps, %s: mp3 %.3f LSB, gomp3 %.1f", c.rate, c.kbps, c.mode, e, theirs)
		worst = max(worst, theirs)
	}
	if worst < 100 {
		t.Errorf("gomp3 is never more than %.1f LSB from mpg123", worst)
	}
}

// beats is a second of chords, hiss and clicks, in stereo.
func beats(rate int) []int16 {
	rng := rand.New(rand.NewPCG(1, 2))
	_, pcm := source(rate, rate)
	for at := 0; at < len(pcm); at += 2 {
		x := float64(at/2) / float64(rate)
		beat := 12_000 * (2*rng.Float64() - 1) * math.Exp(-300*math.Mod(x, 0.19))
		for side := range 2 {
			pcm[at+side] = int16(0.6*float64(pcm[at+side]) + beat/float64(1+side))
		}
	}
	return pcm
}

// apart is the greatest distance, in steps of 16 bits, of what d decodes from what it is to be.
func apart(d codec.Decoder, all []media.Packet, want []float32) (most float64) {
	dst := make([]float32, 1152*2)
	for i := range all {
		n, err := d.Decode(dst, &all[i])
		if err != nil {
			n = int(all[i].Duration)
			clear(dst)
		}
		for _, v := range dst[:2*n] {
			if len(want) == 0 {
				return most
			}
			most = max(most, 32_768*math.Abs(float64(v-want[0])))
			want = want[1:]
		}
	}
	return most
}
