package aac

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// encoding is a file of the sweep: what an encoder makes of music.
type encoding struct {
	name           string
	rate, channels int
	frameLength    int // 1024 unless set
	// tool and arguments; IN and OUT stand for the files. OUT is ADTS.
	command []string
	// layout is the order in which ffmpeg gives the decoded channels, where it isn't WAV's.
	layout []speaker
	// everyone tells that the file is one of the few that are not for the full sweep alone.
	everyone bool
}

// spread leaves out what only the full sweep tries.
func spread(all []encoding) []encoding {
	return slices.DeleteFunc(all, func(e encoding) bool { return containertest.Sweep(!e.everyone, false) })
}

// encode gives an encoding's packets, or skips where the encoder is absent.
func (e encoding) encode(t testing.TB) (media.Format, []media.Packet) {
	t.Helper()
	seconds := containertest.Sweep(0.6, 1.5)
	out := filepath.Join(t.TempDir(), "out.aac")
	wav := containertest.Store(t, "in.wav", codectest.WAV16(e.rate, e.channels, music(e.rate, e.channels, int(seconds*float64(e.rate)))))
	var args []string
	for _, a := range e.command[1:] {
		switch a {
		case "IN":
			a = wav
		case "OUT":
			a = out
		case "-ifile:IN":
			a = "-ifile:" + wav
		case "-ofile:OUT":
			a = "-ofile:" + out
		}
		args = append(args, a)
	}
	containertest.Tool(t, e.command[0], args...)
	f, packets := splitADTS(t, containertest.File(t, out))
	if e.frameLength != 0 {
		c, err := ParseConfig(f.Config)
		if err != nil {
			t.Fatal(err)
		}
		c.FrameLength = e.frameLength
		f.Config = c.Append(nil)
	}
	return f, packets
}

// reference decodes packets with ffmpeg's float decoder.
func reference(t testing.TB, f media.Format, packets []media.Packet) []float32 {
	t.Helper()
	path := containertest.Store(t, "in.loas", writeLOAS(f, packets))
	return codectest.Floats(containertest.Tool(t, "ffmpeg", "-hide_banner", "-loglevel", "error", "-i", path, "-f", "f32le", "-"))
}

// sequentialNoise is the noise that ffmpeg makes: one sequence from the stream's start to its end. With it
// in place of ours, noise can be compared sample by sample like everything else.
func sequentialNoise() noiseFunc {
	state := uint32(0x1f2e3d4c)
	return func(lines []float32, _ uint64, amplitude float32) {
		energy := float32(0)
		for i := range lines {
			state = state*1664525 + 1013904223
			lines[i] = float32(int32(state))
			energy += lines[i] * lines[i]
		}
		scale := amplitude / float32(math.Sqrt(float64(energy)))
		for i := range lines {
			lines[i] *= scale
		}
	}
}

// relaid puts interleaved channels from one layout into the one that the decoder chooses for it.
func relaid(pcm []float32, layout []speaker) []float32 {
	o := newOutput([]slot{{speakers: layout}})
	n := len(pcm) / len(layout)
	planes := make([][]float32, len(layout))
	for i := range planes {
		planes[i] = make([]float32, n)
		for k := range n {
			planes[i][k] = pcm[k*len(layout)+i]
		}
	}
	dst := make([]float32, n*o.channels)
	o.write(dst, planes)
	return dst
}

// TestSweep compares with ffmpeg's float decoder: Low Complexity to within a step of 16 bits.
func TestSweep(t *testing.T) {
	total, worst, noisy := 0, 0.0, 0
	for _, e := range spread(encodings()) {
		t.Run(e.name, func(t *testing.T) {
			f, packets := e.encode(t)
			f = Inspect(f, packets[0].Data)
			d, err := New(f)
			if err != nil {
				t.Fatal(err)
			}
			noise := false
			sequence := sequentialNoise()
			d.noise = func(lines []float32, seed uint64, amplitude float32) {
				noise = true
				sequence(lines, seed, amplitude)
			}
			got, want := codectest.Decode(t, d, packets), reference(t, f, packets)
			if e.layout != nil {
				want = relaid(want, e.layout)
			}
			if len(got) == 0 {
				t.Fatal("no samples")
			}
			rms, w := codectest.Difference(t, got, want)
			total, worst = total+1, max(worst, w)
			if noise {
				noisy++
			}
			t.Logf("%-40s %4d packets, max %.4f LSB, rms %.5f, noise %v", e.name, len(packets), w, rms, noise)
			if w > 1 {
				t.Errorf("%v LSB from ffmpeg", w)
			}
		})
	}
	t.Logf("%d files (%d with noise substitution), max %.4f LSB", total, noisy, worst)
}

func ffmpegEncoding(name string, rate, channels int, options ...string) encoding {
	command := append([]string{"ffmpeg", "-hide_banner", "-loglevel", "error", "-i", "IN", "-c:a", "aac"}, options...)
	return encoding{name: "ffmpeg " + name, rate: rate, channels: channels, command: append(command, "-y", "OUT")}
}

func fdkEncoding(name string, rate, channels int, options ...string) encoding {
	command := append([]string{"fdkaac", "-S", "-p", "2", "-f", "2"}, options...)
	return encoding{name: "fdk " + name, rate: rate, channels: channels, command: append(command, "-o", "OUT", "IN")}
}

func xaacEncoding(name string, rate, channels int, options ...string) encoding {
	command := append([]string{"xaacenc", "-ifile:IN", "-ofile:OUT", "-adts:1", "-aot:2"}, options...)
	return encoding{name: "xaac " + name, rate: rate, channels: channels, command: command}
}

// encodings lists the sweep's files.
func encodings() (list []encoding) {
	rates := []int{7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000}
	for _, rate := range rates {
		for channels := 1; channels <= 2; channels++ {
			for _, coder := range []string{"twoloop", "fast"} {
				for _, kbps := range []int{24, 64, 128} {
					e := ffmpegEncoding(fmt.Sprintf("%d Hz %d ch %s %d kbps", rate, channels, coder, kbps), rate, channels,
						"-aac_coder", coder, "-b:a", fmt.Sprint(1000*kbps))
					e.everyone = rate == 44100 && channels == 2 && kbps == 64 && coder == "twoloop"
					list = append(list, e)
				}
			}
			if rate < 8000 {
				continue
			}
			for _, mode := range []string{"-b 24000", "-b 64000", "-m 1", "-m 5"} {
				e := fdkEncoding(fmt.Sprintf("%d Hz %d ch %s", rate, channels, mode), rate, channels, mode[:2], mode[3:])
				e.everyone = rate == 48000 && channels == 2 && mode == "-b 64000"
				list = append(list, e)
			}
			for _, size := range []int{1024, 960} {
				e := xaacEncoding(fmt.Sprintf("%d Hz %d ch frames of %d", rate, channels, size), rate, channels,
					"-br:48000", fmt.Sprint("-framesize:", size))
				e.frameLength = size
				list = append(list, e)
			}
		}
	}
	list = append(list, toolEncodings()...)
	return append(list, layoutEncodings()...)
}

// toolEncodings force single tools on and off.
func toolEncodings() (list []encoding) {
	for mask := range 16 {
		name, options := "tools", []string{"-b:a", "96k"}
		for i, tool := range []string{"-aac_tns", "-aac_pns", "-aac_is", "-aac_ms"} {
			on := fmt.Sprint(mask >> i & 1)
			name += " " + tool[5:] + on
			options = append(options, tool, on)
		}
		e := ffmpegEncoding(name, 44100, 2, options...)
		e.everyone = mask == 15
		list = append(list, e, ffmpegEncoding(name+" 24 kHz", 24000, 2, options...))
	}
	return list
}

// layoutEncodings have more channels. The speakers are in the order of ffmpeg's output. That is the order
// of coding where ffmpeg's encoder lists the elements in a program, and the speakers are then those that
// the program says, which its encoder doesn't always mean: its 4.1 and 6.1 have the LFE channel alone at
// the side, where there is no name for it.
func layoutEncodings() (list []encoding) {
	l, r, c, f := frontLeft, frontRight, frontCentre, lowFrequency
	layouts := []struct {
		name     string
		speakers []speaker
	}{
		{"3.0", []speaker{l, r, c}},
		{"2.1", []speaker{l, r, f}},
		{"4.0", []speaker{l, r, c, backCentre}},
		{"3.1", []speaker{l, r, c, f}},
		{"quad", []speaker{l, r, backLeft, backRight}},
		{"5.0", []speaker{l, r, c, backLeft, backRight}},
		{"4.1", []speaker{l, r, c, nowhere, backCentre}},
		{"5.1", []speaker{l, r, c, f, backLeft, backRight}},
		{"hexagonal", []speaker{l, r, c, backLeft, backRight, backCentre}},
		{"6.1", []speaker{l, r, c, nowhere, backLeft, backRight, backCentre}},
		{"7.0", []speaker{l, r, c, sideLeft, sideRight, backLeft, backRight}},
		{"7.1", []speaker{l, r, c, f, backLeft, backRight, sideLeft, sideRight}},
		{"octagonal", []speaker{l, r, c, sideLeft, sideRight, backLeft, backRight, backCentre}},
	}
	for _, x := range layouts {
		for _, rate := range []int{32000, 48000} {
			e := ffmpegEncoding(fmt.Sprintf("%s %d Hz", x.name, rate), rate, len(x.speakers),
				"-af", "aformat=channel_layouts="+x.name, "-b:a", "192k")
			e.layout = x.speakers
			e.everyone = rate == 48000 && x.name == "5.1"
			list = append(list, e)
		}
	}
	for channels := 3; channels <= 8; channels++ { // it takes no four nor seven from a file of WAV's layout
		if channels == 4 || channels == 7 {
			continue
		}
		e := fdkEncoding(fmt.Sprintf("%d ch", channels), 44100, channels, "-b", fmt.Sprint(40000*channels))
		list = append(list, e)
	}
	return list
}
