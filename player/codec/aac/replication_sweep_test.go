package aac

import (
	"bytes"
	"fmt"
	"math"
	"math/cmplx"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// What HE-AAC is held to against ffmpeg's float decoder. Noise and sinusoids of replicated bands come
// from the standard's own tables, so even they can be compared sample by sample.
const (
	replicatedSNR   = 90.0 // dB
	replicatedBands = 0.01 // dB, in every third of an octave
	secondSNR       = 55.0 // dB, against a decoder of 16 bits
	settling        = 4    // packets: ffmpeg fades in from silence when parametric stereo begins
)

// TestReplicationSweep compares HE-AAC, version 1 and 2.
func TestReplicationSweep(t *testing.T) {
	total, second, least, widest := 0, 0, math.Inf(1), 0.0
	for _, e := range spread(replicatedEncodings()) {
		t.Run(e.name, func(t *testing.T) {
			f, packets := e.encode(t)
			f = Inspect(f, packets[0].Data)
			d, err := New(f)
			if err != nil {
				t.Fatal(err)
			}
			if d.config.SBR != Present {
				t.Fatal("no spectral band replication found")
			}
			d.noise = sequentialNoise()
			got, want := codectest.Decode(t, d, packets), reference(t, f, packets)
			if e.frameLength == 960 || objects(t, f, packets) { // ffmpeg has no replication for those
				second++
				compareSecond(t, e.name, f, packets, got)
				return
			}
			snr, worst, band := compareReplicated(t, got, want, d.Channels(), d.SampleRate(), settling*d.frames())
			total, least, widest = total+1, min(least, snr), max(widest, band)
			t.Logf("%-44s %3d packets to %d ch at %d Hz: %.1f dB, max %.2g, bands within %.4f dB",
				e.name, len(packets), d.Channels(), d.SampleRate(), snr, worst, band)
			if snr < replicatedSNR || band > replicatedBands {
				t.Errorf("%.1f dB and bands within %.3f dB of ffmpeg", snr, band)
			}
		})
	}
	t.Logf("%d files, at least %.1f dB, bands within %.4f dB; %d more that are not for ffmpeg", total, least, widest, second)
}

// TestReplicationLevels compares the committed files, which need no tool, with the level in dB of each
// third of an octave from 40 Hz on that ffmpeg's decoder gave for them, by channel.
func TestReplicationLevels(t *testing.T) {
	for name, want := range map[string][2][]float64{
		"he-long.aac": {
			{-54.0, -51.2, -50.3, -50.0, -27.0, -37.2, -31.4, -34.2, -37.9, -34.7, -44.0, -36.2, -40.7, -37.1, -37.8, -39.3, -37.0, -38.9, -37.1, -38.9, -39.2, -38.8, -38.9, -46.7},
			{-56.6, -53.7, -52.2, -50.8, -27.5, -36.0, -32.6, -34.1, -40.5, -35.4, -45.8, -36.5, -41.8, -37.5, -38.5, -41.2, -37.7, -40.8, -38.1, -39.9, -40.0, -39.8, -39.3, -46.9},
		},
		"hev2-long.aac": {
			{-56.4, -52.9, -51.6, -49.9, -27.6, -37.4, -31.8, -34.7, -38.1, -35.7, -45.3, -36.8, -41.4, -37.5, -38.1, -39.5, -37.0, -39.6, -37.4, -39.1, -39.7, -39.6, -39.8, -38.7, -44.7},
			{-59.0, -56.7, -55.0, -51.3, -27.6, -35.7, -32.7, -34.7, -41.1, -35.4, -48.0, -37.1, -42.5, -37.8, -38.3, -41.6, -38.1, -41.1, -38.3, -39.9, -39.6, -39.3, -39.6, -38.2, -44.5},
		},
	} {
		f, packets := committed(t, name)
		d, err := New(f)
		if err != nil {
			t.Fatal(err)
		}
		pcm := codectest.Decode(t, d, packets)
		for c := range want {
			for i, v := range thirds(pcm, c, 2, d.SampleRate())[:len(want[c])] {
				if db := 10 * math.Log10(v); math.Abs(db-want[c][i]) > 0.15 {
					t.Errorf("%s: channel %d has %.2f dB at %.0f Hz, want %v", name, c, db, 40*math.Exp2((float64(i)+0.5)/3), want[c][i])
				}
			}
		}
	}
}

// objects tells whether ffmpeg takes replication in a stream for damaged, and so does without it for a
// while. It does for noise floors below zero, that fdkaac writes in silence at low rates.
func objects(t testing.TB, f media.Format, packets []media.Packet) bool {
	t.Helper()
	path := containertest.Store(t, "in.loas", writeLOAS(f, packets))
	said, err := exec.Command("ffmpeg", "-hide_banner", "-loglevel", "error", "-i", path, "-f", "null", "-").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(said, []byte("is invalid"))
}

// compareSecond compares with libxaac's decoder of 16 bits, where it can be had.
func compareSecond(t *testing.T, name string, f media.Format, packets []media.Packet, got []float32) {
	in, out := containertest.Store(t, "in.loas", writeLOAS(f, packets)), filepath.Join(t.TempDir(), "out.wav")
	containertest.Tool(t, "xaacdec", "-ifile:"+in, "-ofile:"+out, "-pcmsz:16")
	want := codectest.Shorts(containertest.File(t, out)[44:])
	var signal, noise float64
	for i := settling * 4096; i < min(len(got), len(want)); i++ { // two channels
		v, e := float64(want[i]), float64(got[i]-want[i])
		signal += v * v
		noise += e * e
	}
	snr := 10 * math.Log10(signal/noise)
	t.Logf("%-44s %3d packets: not for ffmpeg; %.1f dB from libxaac", name, len(packets), snr)
	if snr < secondSNR {
		t.Errorf("%.1f dB from libxaac", snr)
	}
}

// compareReplicated gives the signal-to-noise ratio of got, its largest error and by how much a third of
// an octave is louder or softer at most; the first samples are left out.
func compareReplicated(t testing.TB, got, want []float32, channels, rate, skip int) (snr, worst, band float64) {
	t.Helper()
	if channels == 1 && len(want) == 2*len(got) { // ffmpeg takes any mono for parametric stereo
		want = slices.Collect(func(yield func(float32) bool) {
			for i := 0; i < len(want) && yield(want[i]); i += 2 {
			}
		})
	}
	if len(got) != len(want) || len(got) <= skip*channels {
		t.Fatalf("%d samples, ffmpeg gives %d", len(got), len(want))
	}
	got, want = got[skip*channels:], want[skip*channels:]
	var signal, noise float64
	for i, v := range want {
		e := float64(got[i] - v)
		signal += float64(v) * float64(v)
		noise += e * e
		worst = max(worst, math.Abs(e))
	}
	for c := range channels {
		a, b := thirds(got, c, channels, rate), thirds(want, c, channels, rate)
		for i := range a {
			if b[i] > 1e-9 { // -90 dB of full scale
				band = max(band, math.Abs(10*math.Log10(a[i]/b[i])))
			}
		}
	}
	return 10 * math.Log10(signal/(noise+1e-30)), worst, band
}

// thirds gives the mean energy of a channel in each third of an octave from 40 Hz on.
func thirds(pcm []float32, channel, channels, rate int) []float64 {
	const size = 4096
	energy := make([]float64, 28)
	frames := 0
	x := make([]complex128, size)
	roots := make([]complex128, size/2)
	for k := range roots {
		roots[k] = cmplx.Rect(1, -2*math.Pi*float64(k)/size)
	}
	for at := 0; (at+size)*channels <= len(pcm); at += size / 2 {
		for n := range x {
			w := math.Sin(math.Pi * (float64(n) + 0.5) / size)
			x[n] = complex(w*w*float64(pcm[(at+n)*channels+channel]), 0)
		}
		transform(x, roots)
		for k := 1; k < size/2; k++ {
			f := float64(k) * float64(rate) / size
			if i := int(3 * math.Log2(f/40)); f >= 40 && i < len(energy) {
				energy[i] += real(x[k])*real(x[k]) + imag(x[k])*imag(x[k])
			}
		}
		frames++
	}
	for i := range energy {
		energy[i] /= float64(max(frames, 1)) * size * size / 8
	}
	return energy
}

// transform is a Fourier transform of a power of two, in place; roots are those of unity for its length or a longer one.
func transform(x, roots []complex128) {
	n := len(x)
	if n == 1 {
		return
	}
	even, odd := make([]complex128, n/2), make([]complex128, n/2)
	for i := range even {
		even[i], odd[i] = x[2*i], x[2*i+1]
	}
	transform(even, roots)
	transform(odd, roots)
	for k := range even {
		v := odd[k] * roots[2*len(roots)/n*k]
		x[k], x[k+n/2] = even[k]+v, even[k]-v
	}
}

func replicatedEncoding(profile, rate, channels int, options ...string) encoding {
	name := fmt.Sprintf("HE-AAC v%d %d Hz %d ch", 1+profile/29, rate, channels)
	for _, o := range options {
		name += " " + o
	}
	command := append([]string{"fdkaac", "-S", "-p", fmt.Sprint(profile), "-f", "2"}, options...)
	return encoding{name: name, rate: rate, channels: channels, command: append(command, "-o", "OUT", "IN")}
}

// replicatedEncodings lists the files of HE-AAC.
func replicatedEncodings() (list []encoding) {
	for _, rate := range []int{16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000} {
		for channels := 1; channels <= 2; channels++ {
			for _, kbps := range []int{16, 24, 32, 48, 64} {
				if kbps < 12*channels || rate >= 64000 && kbps < 32 || rate <= 24000 && kbps > 48 {
					continue
				}
				e := replicatedEncoding(5, rate, channels, "-b", fmt.Sprint(1000*kbps))
				e.everyone = rate == 44100 && channels == 2 && kbps == 48
				list = append(list, e)
			}
			if rate < 64000 {
				list = append(list, replicatedEncoding(5, rate, channels, "-m", "2"), replicatedEncoding(5, rate, channels, "-m", "4"))
			}
		}
		if rate > 48000 {
			continue
		}
		for _, kbps := range []int{12, 16, 24, 32, 40, 48, 56} {
			if rate <= 24000 && kbps > 40 || rate > 32000 && kbps < 16 {
				continue
			}
			e := replicatedEncoding(29, rate, 2, "-b", fmt.Sprint(1000*kbps))
			e.everyone = rate == 48000 && kbps == 32
			list = append(list, e)
		}
		list = append(list, replicatedEncoding(29, rate, 2, "-m", "1"), replicatedEncoding(29, rate, 2, "-m", "3"))
	}
	for _, rate := range []int{32000, 44100, 48000} {
		for _, size := range []int{1024, 960} {
			e := xaacEncoding(fmt.Sprintf("HE-AAC v1 %d Hz frames of %d", rate, size), rate, 2, "-br:48000", "-esbr:0", fmt.Sprint("-framesize:", size))
			e.command[4], e.frameLength = "-aot:5", size
			list = append(list, e)
			e = xaacEncoding(fmt.Sprintf("HE-AAC v2 %d Hz frames of %d", rate, size), rate, 2, "-br:32000", "-esbr:0", fmt.Sprint("-framesize:", size))
			e.command[4], e.frameLength = "-aot:29", size
			list = append(list, e)
		}
	}
	return list
}

// TestReplicationDownsampled leaves the output at the core's rate, as a configuration can ask for.
func TestReplicationDownsampled(t *testing.T) {
	for _, profile := range []int{5, 29} {
		f, packets := replicatedEncoding(profile, 44100, 2, "-b", "32000").encode(t)
		c, err := ParseConfig(Inspect(f, packets[0].Data).Config)
		if err != nil {
			t.Fatal(err)
		}
		c.OutputRate = c.SampleRate
		f.Config = c.Append(nil)
		d, err := New(f)
		if err != nil {
			t.Fatal(err)
		}
		if d.SampleRate() != 22050 || d.frames() != 1024 {
			t.Fatalf("%d frames at %d Hz", d.frames(), d.SampleRate())
		}
		d.noise = sequentialNoise()
		got, want := codectest.Decode(t, d, packets), reference(t, f, packets)
		snr, worst, band := compareReplicated(t, got, want, 2, 22050, settling*1024)
		t.Logf("profile %d: %.1f dB, max %.2g, bands within %.4f dB", profile, snr, worst, band)
		if snr < replicatedSNR || band > replicatedBands {
			t.Errorf("profile %d: %.1f dB and bands within %.3f dB of ffmpeg", profile, snr, band)
		}
	}
}
