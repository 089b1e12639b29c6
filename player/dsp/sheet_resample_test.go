package dsp

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// sheetPairs are the conversions of the sheet: the everyday ones, the large steps, and rates without a
// useful common divisor.
var sheetPairs = [][2]int{
	{44100, 48000}, {48000, 44100}, {96000, 44100}, {44100, 96000}, {192000, 48000}, {8000, 48000}, {22050, 44100},
	{48000, 44101},
}

// rateFigures are what a converter does to tones. Frequencies are parts of half the lower rate.
type rateFigures struct {
	ripple  float64 // dB either side, over the band that is asked for
	flatTo  float64 // where the level has fallen by 0.1 dB
	noise   float64 // dB: all but the tone, at the worst tone in the band, to a full-scale sine
	leak    float64 // dB: the loudest that comes out for a tone above half the lower rate; 0 where there is none
	delay   float64 // seconds that a tone comes too late or too early, at worst
	lengths int     // frames more or fewer than the ratio asks for
}

const (
	toneSeconds = 0.2
	toneLevel   = 0.9
)

// sheetTones are the tones of a measurement, each toneSeconds long, in hertz: within the band, then
// above half the lower rate.
func sheetTones(in, out int) (pass, stop []float64) {
	half := float64(min(in, out)) / 2
	for _, part := range []float64{0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.82, 0.84, 0.86, 0.88, 0.9, 0.907,
		0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99} {
		pass = append(pass, part*half)
	}
	if in > out {
		for _, part := range []float64{0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.98} {
			stop = append(stop, half*1.0005+part*(float64(in)/2-half*1.0005))
		}
	}
	return pass, stop
}

// measureRates plays all tones through a converter and looks at what comes out.
func measureRates(in, out int, band float64, convert func([]float32) []float32) (f rateFigures) {
	pass, stop := sheetTones(in, out)
	tones := append(append([]float64(nil), pass...), stop...)
	n := int(math.Round(toneSeconds * float64(in)))
	x := make([]float32, 0, n*len(tones))
	for _, freq := range tones {
		for range n {
			// A whole number of periods a second would hide a wrong delay.
			x = append(x, float32(toneLevel*math.Sin(2*math.Pi*freq/float64(in)*float64(len(x)))))
		}
	}
	y := convert(x)
	f.lengths = len(y) - int(math.Ceil(float64(len(x))*float64(out)/float64(in)))
	half := float64(min(in, out)) / 2
	f.noise, f.leak = -999, -999
	for i, freq := range tones {
		from := int((float64(i) + 0.3) * float64(n) * float64(out) / float64(in))
		to := min(int((float64(i)+0.7)*float64(n)*float64(out)/float64(in)), len(y))
		part := y[from:to]
		if i >= len(pass) {
			var power float64
			for _, v := range part {
				power += float64(v) * float64(v)
			}
			f.leak = max(f.leak, db(power/float64(len(part))/(toneLevel*toneLevel/2)))
			continue
		}
		amp, phase, rest := fitSine(part, float64(out), freq)
		level := 20 * math.Log10(amp/toneLevel)
		if math.Abs(level) < 0.1 && f.flatTo >= before(pass, i, half) {
			f.flatTo = freq / half
		}
		if freq > (band+0.0001)*half {
			continue
		}
		f.ripple = max(f.ripple, math.Abs(level))
		f.noise = max(f.noise, db(rest))
		off := math.Remainder(phase-2*math.Pi*freq/float64(out)*float64(from), 2*math.Pi)
		f.delay = max(f.delay, math.Abs(off)/(2*math.Pi*freq))
	}
	if len(stop) == 0 {
		f.leak = 0
	}
	return f
}

// before is the tone before one, as a part of the band; 0 where it is the first.
func before(pass []float64, i int, half float64) float64 {
	if i == 0 {
		return 0
	}
	return pass[i-1] / half
}

// line is one row of the sheet.
func (f rateFigures) line(in, out int, who string) string {
	leak := "none"
	if f.leak < -200 {
		leak = "silence"
	} else if f.leak < 0 {
		leak = fmt.Sprintf("%.0f", f.leak)
	}
	ripple := fmt.Sprintf("%.4f", f.ripple)
	if f.ripple < 0.00005 {
		ripple = "< 0.0001"
	}
	delay := "0"
	if f.delay > 1e-9 {
		delay = fmt.Sprintf("%.2g µs", 1e6*f.delay)
	}
	return fmt.Sprintf("| %s → %s | %s | ±%s | %.2f | %s | %.0f | %s |\n", kilo(in), kilo(out), who, ripple, f.flatTo, leak, f.noise, delay)
}

func kilo(rate int) string { return strconv.FormatFloat(float64(rate)/1000, 'f', -1, 64) }

var qualityNames = map[Quality]string{Fast: "fast", Good: "good", Best: "best"}

// sheetBand is the band that ripple and noise are looked at in: 20 kHz of 22.05, but for Fast, which
// doesn't go that far.
func sheetBand(q Quality) float64 {
	if q == Fast {
		return 0.8
	}
	return 0.907
}

func ours(t testing.TB, in, out int, q Quality) rateFigures {
	return measureRates(in, out, sheetBand(q), func(x []float32) []float32 {
		return stream(t, newResampler(t, in, out, 1, q), x, 1, func(int) int { return 4096 })
	})
}

// TestResampleSheet holds each quality to what its comment states.
func TestResampleSheet(t *testing.T) {
	claims := map[Quality]struct{ pass, ripple, noise, leak float64 }{
		Fast: {0.80, 0.001, -90, -82},
		Good: {0.907, 0.0001, -123, -113},
		Best: {0.95, 0.0001, -134, -134},
	}
	for _, pair := range [][2]int{{44100, 48000}, {48000, 44100}, {96000, 44100}, {48000, 44101}} {
		for q, claim := range claims {
			f := ours(t, pair[0], pair[1], q)
			t.Log(f.line(pair[0], pair[1], qualityNames[q]))
			if f.flatTo < claim.pass || f.ripple > claim.ripple || f.noise > claim.noise || f.leak > claim.leak && f.leak < 0 ||
				f.delay > 1e-9 || f.lengths != 0 {
				t.Errorf("%d → %d Hz, %s: not as its comment says: %+v", pair[0], pair[1], qualityNames[q], f)
			}
		}
	}
}

// TestResampleImpulse: an impulse comes out the same forwards and backwards about its own moment, to the
// last bit that float32 has: linear phase, and the delay made up for.
func TestResampleImpulse(t *testing.T) {
	for _, pair := range [][2]int{{8000, 48000}, {44100, 88200}, {48000, 16000}} {
		for q, name := range qualityNames {
			x := make([]float32, 6001)
			x[3000] = 1
			y := stream(t, newResampler(t, pair[0], pair[1], 1, q), x, 1, func(int) int { return 500 })
			middle := 3000 * pair[1] / pair[0]
			top, worst := 0.0, 0.0
			for i, v := range y {
				top = max(top, math.Abs(float64(v)))
				if j := 2*middle - i; j >= 0 && j < len(y) {
					worst = max(worst, math.Abs(float64(v-y[j])))
				}
			}
			if math.Abs(float64(y[middle])) != top || worst > 1e-7 {
				t.Errorf("%v, %s: the top is not at its moment, or the halves differ by %g", pair, name, worst)
			}
		}
	}
}

// peer is another converter, as a program that turns one file of raw float32 mono into another.
type peer struct {
	name    string
	command func(in, out int, from, to string) *exec.Cmd
}

// sheetPeers are those that are installed.
func sheetPeers() (list []peer) {
	if sox, err := exec.LookPath("sox"); err == nil {
		list = append(list, peer{"sox rate -v", func(in, out int, from, to string) *exec.Cmd {
			return exec.Command(sox, "-D", "-t", "f32", "-c", "1", "-r", strconv.Itoa(in), from,
				"-t", "f32", "-r", strconv.Itoa(out), to, "rate", "-v")
		}})
	}
	if ffmpeg, err := exec.LookPath("ffmpeg"); err == nil {
		for _, way := range [][2]string{{"ffmpeg soxr", ":resampler=soxr:precision=28"}, {"ffmpeg swr", ""}} {
			name, options := way[0], way[1]
			if options != "" && exec.Command(ffmpeg, "-v", "error", "-f", "lavfi", "-i", "sine=duration=0.1", "-af",
				"aresample=48000"+options, "-f", "null", "-").Run() != nil {
				continue
			}
			list = append(list, peer{name, func(in, out int, from, to string) *exec.Cmd {
				return exec.Command(ffmpeg, "-v", "error", "-y", "-f", "f32le", "-ac", "1", "-ar", strconv.Itoa(in), "-i", from,
					"-af", "aresample="+strconv.Itoa(out)+options, "-f", "f32le", to)
			}})
		}
	}
	return list
}

// measure runs the peer.
func (p peer) measure(t *testing.T, in, out int) rateFigures {
	t.Helper()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "in.f32"), filepath.Join(dir, "out.f32")
	return measureRates(in, out, sheetBand(Good), func(x []float32) []float32 {
		raw := make([]byte, 4*len(x))
		PutFloat32(raw, x)
		if err := os.WriteFile(from, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if text, err := p.command(in, out, from, to).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", p.name, err, text)
		}
		raw, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		y := make([]float32, len(raw)/4)
		for i := range y {
			y[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		return y
	})
}
