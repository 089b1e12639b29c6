package dsp

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// TestKWeightingCoefficients: at 48 kHz the filters are those of BS.1770-5, tables 1 and 2.
func TestKWeightingCoefficients(t *testing.T) {
	shelf, pass := kWeighting(48000)
	for i, pair := range [][2]float64{
		{shelf.b0, 1.53512485958697}, {shelf.b1, -2.69169618940638}, {shelf.b2, 1.19839281085285},
		{shelf.a1, -1.69065929318241}, {shelf.a2, 0.73248077421585},
		{pass.b0, 1}, {pass.b1, -2}, {pass.b2, 1}, {pass.a1, -1.99004745483398}, {pass.a2, 0.99007225036621},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-7 {
			t.Errorf("coefficient %d: %.12f, want %.12f", i, pair[0], pair[1])
		}
	}
}

// TestKWeightingAtAnyRate: the curve is that of 48 kHz up to 0.4 of the rate.
func TestKWeightingAtAnyRate(t *testing.T) {
	refShelf, refPass := kWeighting(48000)
	for _, rate := range []float64{8000, 11025, 16000, 22050, 32000, 44100, 88200, 96000, 192000, 384000} {
		shelf, pass := kWeighting(rate)
		worst := 0.0
		for f := 20.0; f < min(0.4*rate, 19_200); f *= 1.02 {
			got := shelf.gain(f/rate) * pass.gain(f/rate)
			want := refShelf.gain(f/48000) * refPass.gain(f/48000)
			worst = max(worst, math.Abs(20*math.Log10(got/want)))
		}
		allowed := 0.01
		if rate < 40_000 { // the bilinear transform bends the curve where the band ends early
			allowed = 0.3
		}
		if t.Logf("%.0f Hz: within %.3f dB", rate, worst); worst > allowed {
			t.Errorf("%.0f Hz: %.3f dB off the curve of 48 kHz", rate, worst)
		}
	}
}

// programme is something like music, with soft and loud passages, noise and inter-sample peaks.
func programme(seconds, rate int) []float32 {
	rnd := rand.New(rand.NewPCG(17, 4))
	x := make([]float32, 2*seconds*rate)
	m := melody(seconds*rate, rate)
	low := 0.0
	for i, v := range m {
		t := float64(i) / float64(rate)
		level := math.Pow(10, (-14+12*math.Sin(2*math.Pi*t/17)*math.Sin(t/5))/20)
		low += 0.1 * (rnd.NormFloat64() - low)
		burst := math.Exp(-20 * math.Mod(t, 0.25))
		hiss := rnd.NormFloat64() * 0.2 * burst
		x[2*i] = float32(level * (2*float64(v) + 0.5*low + hiss))
		x[2*i+1] = float32(level * (2*float64(v) - 0.3*low + 0.5*hiss))
	}
	return x
}

// TestMeterBesideFFmpeg compares with an independent meter.
func TestMeterBesideFFmpeg(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg to compare with")
	}
	rates := []int{44100}
	if os.Getenv("SEGUE_SWEEP") != "" {
		rates = []int{22050, 44100, 48000, 96000}
	}
	for _, rate := range rates {
		x := programme(30, rate)
		m := newMeter(t, rate, 2)
		m.Process(x)
		raw := make([]byte, 4*len(x))
		for i, v := range x {
			binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
		}
		file := filepath.Join(t.TempDir(), "x.f32")
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(ffmpeg, "-hide_banner", "-nostats", "-f", "f32le", "-ar", strconv.Itoa(rate), "-ac", "2",
			"-i", file, "-filter_complex", "ebur128=peak=true", "-f", "null", "-").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for name, c := range map[string]struct{ got, tolerance float64 }{
			`I: +(-?[\d.]+) LUFS`:    {float64(m.Integrated()), 0.1},
			`LRA: +(-?[\d.]+) LU\n`:  {float64(m.Range()), 0.2}, // ffmpeg cuts down to the tenth
			`Peak: +(-?[\d.]+) dBFS`: {20 * math.Log10(m.TruePeak()), 0.4},
		} {
			all := regexp.MustCompile(name).FindAllSubmatch(out, -1)
			if all == nil {
				t.Fatalf("no %s in %s", name, out)
			}
			theirs, err := strconv.ParseFloat(string(all[len(all)-1][1]), 64)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d Hz, %s: ours %.2f, ffmpeg's %.2f", rate, name, c.got, theirs)
			if math.Abs(c.got-theirs) > c.tolerance+0.05 {
				t.Errorf("%d Hz, %s: %.2f, ffmpeg has %.2f", rate, name, c.got, theirs)
			}
		}
	}
}

// TestMeterCut: the same in any pieces, and after Reset; and nothing is allocated.
func TestMeterCut(t *testing.T) {
	x := programme(8, 22050)
	read := func(m *Meter) [5]float64 {
		return [5]float64{float64(m.Integrated()), float64(m.Momentary()), float64(m.ShortTerm()), float64(m.Range()), m.TruePeak()}
	}
	whole, cut := newMeter(t, 22050, 2), newMeter(t, 22050, 2)
	whole.Process(x)
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 2 {
		for rest := x; len(rest) > 0; {
			n := min(2*rnd.IntN(700), len(rest))
			cut.Process(rest[:n])
			rest = rest[n:]
		}
		// A slot's sum is rounded differently where it is put together from pieces.
		for i, v := range read(cut) {
			if w := read(whole)[i]; math.Abs(v-w) > 1e-9 {
				t.Errorf("cut into pieces, figure %d is %v, whole %v", i, v, w)
			}
		}
		cut.Reset()
		if cut.TruePeak() != 0 || !math.IsInf(float64(cut.Integrated()), -1) {
			t.Errorf("after Reset: %v", read(cut))
		}
	}
	if n := testing.AllocsPerRun(20, func() { whole.Process(x[:4096]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestMeterFindsEveryPeak: what the shortcut passes over holds no peak. The reference looks at every
// interval.
func TestMeterFindsEveryPeak(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 9))
	p := newInterpolator()
	for trial := range 200 {
		x := make([]float32, 400)
		level, colour := rnd.Float64(), rnd.Float64()
		low := 0.0
		for i := range x {
			low += (0.02 + colour) / 1.02 * (rnd.NormFloat64() - low)
			x[i] = float32(level * low)
			if trial%4 == 0 {
				x[i] = float32(math.Copysign(level, rnd.NormFloat64())) // as steep as can be
			}
		}
		var want float32
		padded := append(append(make([]float32, interpolatorBefore), x...), make([]float32, interpolatorTaps)...)
		for i := range x {
			want = max(want, p.between(padded[i:], 1))
		}
		m := newMeter(t, 48000, 1)
		for rest := x; len(rest) > 0; {
			n := min(1+rnd.IntN(100), len(rest))
			m.Process(rest[:n])
			rest = rest[n:]
		}
		m.Process(make([]float32, interpolatorTaps))
		if got := m.TruePeak(); float32(got) != want {
			t.Fatalf("trial %d: %v, the highest interval has %v", trial, got, want)
		}
	}
}

// TestInterpolatorReadsSines: the peak of a sine of any phase, up to 0.45 of the rate.
func TestInterpolatorReadsSines(t *testing.T) {
	p := newInterpolator()
	worst := 0.0
	for f := 0.01; f <= 0.4501; f += 0.02 {
		for phase := 0.0; phase < math.Pi; phase += 0.2 {
			x := make([]float32, 160)
			for i := range x {
				x[i] = float32(math.Sin(2*math.Pi*f*float64(i) + phase))
			}
			var top float32
			exact := 0.0
			for i := range len(x) - interpolatorTaps {
				top = max(top, p.between(x[i:], 1))
			}
			for at := float64(interpolatorBefore); at <= float64(len(x)-interpolatorTaps+interpolatorBefore); at += 0.01 {
				exact = max(exact, math.Abs(math.Sin(2*math.Pi*f*at+phase)))
			}
			off := 20 * math.Log10(float64(top)/exact)
			if worst = max(worst, math.Abs(off)); math.Abs(off) > 0.05 {
				t.Fatalf("%.2f of the rate, phase %.1f: %.3f dB off", f, phase, off)
			}
		}
	}
	t.Logf("within %.3f dB; slack %.3f", worst, p.slack)
}

func TestMeterBearsNonsense(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38} {
		m := newMeter(t, 48000, 2)
		x := make([]float32, 2*48000)
		for i := range x {
			x[i] = bad
		}
		m.Process(x)
		m.Process(make([]float32, 2*48000))
		for _, v := range []float64{float64(m.Integrated()), float64(m.ShortTerm()), float64(m.Momentary()), float64(m.Range()), m.TruePeak()} {
			if math.IsNaN(v) || math.IsInf(v, 1) {
				t.Errorf("%v gives %v", bad, v)
			}
		}
	}
	for _, f := range [][2]int{{7999, 2}, {384001, 2}, {48000, 0}, {48000, 9}} {
		if _, err := NewMeter(f[0], f[1]); err == nil {
			t.Errorf("a meter for %v", f)
		}
	}
	m := newMeter(t, 44101, 1) // slots of differing length
	m.Process(make([]float32, 100))
	if v := m.Integrated(); !math.IsInf(float64(v), -1) {
		t.Errorf("silence has %v LUFS", v)
	}
}

func BenchmarkMeter(b *testing.B) {
	x := programme(10, 48000)
	m := newMeter(b, 48000, 2)
	b.ReportAllocs()
	for b.Loop() {
		m.Process(x)
	}
	b.ReportMetric(10*float64(b.N)/b.Elapsed().Seconds(), "x-real-time")
}

// BenchmarkMeterBesideFFmpeg reports how many times as long ffmpeg takes for the same minutes, its start
// included.
func BenchmarkMeterBesideFFmpeg(b *testing.B) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		b.Skip("no ffmpeg to compare with")
	}
	const seconds = 120
	x := programme(seconds, 48000)
	raw := make([]byte, 4*len(x))
	PutFloat32(raw, x)
	file := filepath.Join(b.TempDir(), "x.f32")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if out, err := exec.Command(ffmpeg, "-v", "error", "-threads", "1", "-f", "f32le", "-ar", "48000", "-ac", "2", "-i", file,
		"-filter_complex", "ebur128=peak=true", "-f", "null", "-").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	theirs := time.Since(began)
	m := newMeter(b, 48000, 2)
	for b.Loop() {
		m.Process(x)
	}
	each := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(theirs.Seconds()/each.Seconds(), "ffmpeg/ours")
	b.ReportMetric(seconds/each.Seconds(), "x-real-time")
}

// TestInterpolatorSlack: no signal between two samples rises above them by more than slack times its
// sharpest bend. The search climbs to the worst signal there is, so the bound is also shown to be needed.
func TestInterpolatorSlack(t *testing.T) {
	p := newInterpolator()
	rnd := rand.New(rand.NewPCG(6, 6))
	worst := 0.0
	for range 6 {
		var bends [interpolatorTaps]float32
		for i := range bends {
			bends[i] = float32(rnd.IntN(2)*2 - 1)
		}
		rise := func() float64 {
			// The samples whose bends these are, 1 at both ends of the interval.
			var x [interpolatorTaps]float32
			const a = interpolatorBefore
			x[a], x[a+1] = 100, 100
			for i := a + 2; i < len(x); i++ {
				x[i] = 2*x[i-1] - x[i-2] + bends[i-1]
			}
			for i := a - 1; i >= 0; i-- {
				x[i] = 2*x[i+1] - x[i+2] + bends[i+1]
			}
			return float64(p.between(x[:], 1) - p.ends(x[:], 1))
		}
		best := rise()
		for better := true; better; {
			better = false
			for i := range bends {
				bends[i] = -bends[i]
				if r := rise(); r > best {
					best, better = r, true
				} else {
					bends[i] = -bends[i]
				}
			}
		}
		worst = max(worst, best)
	}
	t.Logf("at most %.3f, the bound is %.3f", worst, p.slack)
	if worst > float64(p.slack) || worst < 0.5*float64(p.slack) {
		t.Errorf("a signal rises by %.3f of its sharpest bend, the bound is %.3f", worst, p.slack)
	}
}
