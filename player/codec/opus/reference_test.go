package opus_test

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/media"
)

// opusdec has the reference decoder write a file's floats.
func opusdec(t testing.TB, path string) []float32 {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.wav")
	containertest.Tool(t, "opusdec", "--quiet", "--float", "--rate", "48000", path, out)
	data := containertest.File(t, out)
	at := bytes.Index(data, []byte("data"))
	return codectest.Floats(data[at+8:])
}

// nearest is how near to the reference decoder every mode must come, in steps of 16 bits.
const nearest = 0.02

func TestCorpus(t *testing.T) {
	for _, name := range []string{"bear.opus", "bbb_6ch_8kHz_opus.ogg"} {
		path := containertest.Corpus(t, "media3/ogg/"+name)[0]
		pcm, _ := decode(t, containertest.File(t, path))
		rms, peak := codectest.Difference(t, pcm, opusdec(t, path))
		t.Logf("%s: rms %.6f, peak %.5f of a 16-bit step", name, rms, peak)
		if peak > nearest {
			t.Errorf("%s: differs by %v steps", name, peak)
		}
	}
}

// TestFragmented decodes fMP4, whose description must make the same decoder as Ogg's.
func TestFragmented(t *testing.T) {
	path := containertest.Corpus(t, "media3/mp4/sample_opus_fragmented.mp4")[0]
	data := containertest.File(t, path)
	at := bytes.Index(data, []byte("moof")) - 4
	in, err := fmp4.ParseInit(data[:at])
	if err != nil {
		t.Fatal(err)
	}
	s, err := in.OpenSegment(data[at:])
	if err != nil {
		t.Fatal(err)
	}
	remuxed := filepath.Join(t.TempDir(), "a.opus")
	containertest.Tool(t, "ffmpeg", "-v", "error", "-i", path, "-vn", "-c:a", "copy", remuxed)
	info, packets := demux(t, containertest.File(t, remuxed))
	mine, theirs := in.Info().Format, info.Format
	if !bytes.Equal(mine.Config, theirs.Config) || mine.Channels != theirs.Channels || mine.SampleRate != theirs.SampleRate {
		t.Errorf("fMP4 says %+v, Ogg %+v", mine, theirs)
	}
	all := containertest.Rest(t, s)
	got, want := codectest.Decode(t, newDecoder(t, mine), all), codectest.Decode(t, newDecoder(t, theirs), packets)
	if n := min(len(got), len(want)); n == 0 || !equal(got[:n], want[:n]) {
		t.Error("fMP4 decodes otherwise than Ogg")
	}
}

// voice is a WAV file of something like speech, tones, noise and attacks, at 48 kHz.
func voice(t testing.TB, channels int, seconds float64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.wav")
	var each []string
	for c := range channels {
		each = append(each, fmt.Sprintf("0.25*sin(2*PI*(%d+40*sin(3*t))*t)*(0.6+0.4*sin(%d*t))+0.1*sin(2*PI*(900+700*t)*t)+0.03*random(%d)+0.4*random(%d)*exp(-60*mod(t\\,0.%d))", 110+60*c, 5+2*c, c, c, 23+6*c))
	}
	containertest.Tool(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i",
		fmt.Sprintf("aevalsrc=%s:s=48000:d=%g", strings.Join(each, "|"), seconds), "-c:a", "pcm_s16le", path)
	return path
}

// shape is what to ask an encoder for.
type shape struct {
	channels int
	bitrate  float64 // kbps
	frame    string  // ms
	mode     string  // voip, audio, lowdelay of ffmpeg, or opusenc
}

func (s shape) encode(t *testing.T, in, out string) {
	if s.mode == "opusenc" {
		args := []string{"--quiet", "--bitrate", fmt.Sprint(s.bitrate), "--framesize", s.frame, in, out}
		containertest.Tool(t, "opusenc", args...)
		return
	}
	containertest.Tool(t, "ffmpeg", "-v", "error", "-i", in, "-c:a", "libopus", "-b:a", fmt.Sprintf("%gk", s.bitrate),
		"-frame_duration", s.frame, "-application", s.mode, out)
}

func shapes(channels int) (all []shape) {
	if containertest.Sweep(true, false) {
		return []shape{{channels, 8 * float64(channels), "20", "voip"}, {channels, 24 * float64(channels), "20", "voip"}, {channels, 8, "20", "lowdelay"},
			{channels, 64, "5", "opusenc"}, {channels, 250 * float64(channels), "60", "opusenc"}}
	}
	for _, rate := range []float64{6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128, 256, 510} {
		if rate > 256*float64(channels) {
			continue // libopus takes no more
		}
		for _, frame := range []string{"2.5", "5", "10", "20", "40", "60"} {
			if channels <= 2 {
				all = append(all, shape{channels, rate, frame, "voip"})
			}
			if rate >= 6*float64(channels) {
				all = append(all, shape{channels, rate, frame, "opusenc"})
			}
		}
		if channels <= 2 {
			all = append(all, shape{channels, rate, "20", "audio"}, shape{channels, rate, "20", "lowdelay"})
		}
	}
	return all
}

// modeOf names the coding mode of a packet (RFC 6716, table 2).
func modeOf(p media.Packet) string {
	switch config := p.Data[0] >> 3; {
	case config < 12:
		return "SILK"
	case config < 16:
		return "hybrid"
	}
	return "CELT"
}

// TestReference compares every mode, rate and frame size with opusdec.
func TestReference(t *testing.T) {
	packets, worst := map[string]int{}, map[string]float64{}
	files := 0
	for _, channels := range containertest.Sweep([]int{1, 2}, []int{1, 2, 3, 4, 5, 6, 7, 8}) {
		in := voice(t, channels, 1.2)
		for _, s := range shapes(channels) {
			if channels > 2 && s.mode != "opusenc" {
				continue // ffmpeg's layouts differ
			}
			path := filepath.Join(t.TempDir(), "a.opus")
			s.encode(t, in, path)
			pcm, _ := decode(t, containertest.File(t, path))
			_, peak := codectest.Difference(t, pcm, opusdec(t, path))
			if peak > nearest {
				t.Errorf("%+v: differs by %v steps", s, peak)
			}
			_, all := demux(t, containertest.File(t, path))
			modes := map[string]bool{}
			for _, p := range all {
				packets[modeOf(p)]++
				modes[modeOf(p)] = true
			}
			for m := range modes {
				worst[m] = max(worst[m], peak)
			}
			files++
		}
	}
	var names []string
	for m := range packets {
		names = append(names, m)
	}
	sort.Strings(names)
	for _, m := range names {
		t.Logf("%s: %d packets, peak ≤ %.5f of a 16-bit step", m, packets[m], worst[m])
	}
	t.Logf("%d files", files)
	if len(names) < 3 {
		t.Errorf("modes %v alone", names)
	}
}

// TestPreroll measures how near packets come to uninterrupted decoding after a pre-roll, and wants the
// container's to be near enough.
func TestPreroll(t *testing.T) {
	in := voice(t, 2, 4)
	for _, s := range []shape{{2, 96, "20", "opusenc"}, {2, 24, "20", "voip"}, {2, 12, "20", "voip"}} {
		path := filepath.Join(t.TempDir(), "a.opus")
		s.encode(t, in, path)
		info, all := demux(t, containertest.File(t, path))
		whole := codectest.Decode(t, newDecoder(t, info.Format), all)
		d := newDecoder(t, info.Format)
		for _, preroll := range []media.Frames{960, 3840, 7680, info.Preroll} {
			var noise, signal float64
			lead := int(preroll / 960)
			for at := 20; at < len(all); at += containertest.Sweep(13, 3) {
				d.Reset()
				codectest.Decode(t, d, all[at-lead:at])
				got := codectest.Decode(t, d, all[at:at+1])
				for i, v := range got {
					w := float64(whole[2*int(all[at].Time)+i])
					noise += (float64(v) - w) * (float64(v) - w)
					signal += w * w
				}
			}
			below := 10 * math.Log10(signal/max(noise, 1e-30))
			t.Logf("%s at %g kbps, %g ms of pre-roll: the error is %.1f dB below the music", modeOf(all[50]), s.bitrate, float64(preroll)/48, below)
			if preroll == info.Preroll && below < 30 {
				t.Errorf("the container's pre-roll leaves an error %.1f dB below the music", below)
			}
		}
	}
}
