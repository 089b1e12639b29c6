package dsp

import (
	"math"
	"slices"
	"testing"
)

// melody is a few seconds of mono that changes: a chord of decaying notes with a beat.
func melody(n, rate int) []float32 {
	x := make([]float32, n)
	for i := range x {
		t := float64(i) / float64(rate)
		beat := math.Mod(t, 0.5)
		note := 220 * math.Pow(2, math.Floor(math.Mod(t*2, 8))/12)
		v := 0.3 * math.Exp(-3*beat) * (math.Sin(2*math.Pi*note*t) + 0.5*math.Sin(2*math.Pi*1.5*note*t))
		x[i] = float32(v)
	}
	return x
}

func TestStretchCountsAndCuts(t *testing.T) {
	const rate = 16000
	for _, length := range []int{1, 100, 1000, rate, 2*rate + 17, 2*rate + 700} {
		checkStretchCounts(t, rate, melody(length, rate))
	}
}

func checkStretchCounts(t *testing.T, rate int, src []float32) {
	t.Helper()
	for _, speed := range []float64{0.5, 0.8, 0.97, 1, 1.03, 1.25, 1.5, 2} {
		want := stream(t, newStretch(t, rate, 1, speed), src, 1, func(int) int { return len(src) })
		if n := int(math.Ceil(float64(len(src))/speed - 1e-9)); len(want) != n {
			t.Errorf("speed %v: %d frames, want %d", speed, len(want), n)
		}
		for _, chunk := range []int{1, 63, 480, 4096} {
			got := stream(t, newStretch(t, rate, 1, speed), src, 1, func(int) int { return chunk })
			if i := differ(got, want); i >= 0 {
				t.Errorf("speed %v: cut into %d, frame %d differs (%d and %d frames)", speed, chunk, i, len(got), len(want))
			}
		}
		if speed == 1 {
			if i := differ(want, src); i >= 0 {
				t.Errorf("speed 1 changes sample %d", i)
			}
		}
	}
}

func newStretch(t testing.TB, rate, channels int, speed float64) *Stretcher {
	t.Helper()
	s, err := NewStretcher(rate, channels)
	if err != nil {
		t.Fatal(err)
	}
	s.SetSpeed(speed)
	return s
}

// stream runs src through s in chunks of the sizes that chunk gives, then flushes.
func stream(t testing.TB, s Stream, src []float32, channels int, chunk func(i int) int) []float32 {
	t.Helper()
	var out []float32
	buf := make([]float32, 1021*channels)
	for i := 0; len(src) > 0; i++ {
		n := min(chunk(i)*channels, len(src))
		in := src[:n]
		src = src[n:]
		for {
			c, p := s.Process(buf, in)
			in = in[c*channels:]
			out = append(out, buf[:p*channels]...)
			if c == 0 && p == 0 {
				break
			}
		}
		if len(in) > 0 {
			t.Fatalf("%d samples not taken though dst was empty", len(in))
		}
	}
	for range 1 << 20 {
		p, done := s.Flush(buf)
		out = append(out, buf[:p*channels]...)
		if done {
			return out
		}
	}
	t.Fatal("Flush never ends")
	return nil
}

// differ is the index of the first sample that differs in any bit, −1 where all are the same.
func differ(a, b []float32) int {
	for i := range min(len(a), len(b)) {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}

// TestStretchKeepsPitch: a sine stays a sine of its frequency. The seams show in what is left beside
// it in windows of 50 ms.
func TestStretchKeepsPitch(t *testing.T) {
	const rate = 44100
	for _, speed := range []float64{0.5, 0.9, 1.25, 2} {
		for _, freq := range []float64{55, 441.3, 5000} {
			y := stream(t, newStretch(t, rate, 1, speed), sine(2*rate, rate, freq, 0.5), 1, func(int) int { return 4096 })
			var worst, mean float64
			const window = rate / 20
			n := 0
			for at := rate / 4; at+window < len(y)-rate/4; at += window {
				_, _, rest := fitSine(y[at:at+window], rate, freq)
				worst, mean = math.Max(worst, rest), mean+rest
				n++
			}
			// At 5 kHz the search, which moves by whole frames, may be half a frame off.
			if db(mean/float64(n)/0.25) > -20 {
				t.Errorf("speed %v, %v Hz: %.1f dB beside the sine, %.1f at worst", speed, freq, db(mean/float64(n)/0.25), db(worst/0.25))
			}
		}
	}
}

// TestStretchKeepsTime: a click is heard where InputPosition says, to within the search range.
func TestStretchKeepsTime(t *testing.T) {
	const rate = 8000
	src := make([]float32, 4*rate)
	clicks := []int{rate / 2, rate * 3 / 2, rate * 5 / 2, rate * 7 / 2}
	for _, c := range clicks {
		src[c] = 1
	}
	for _, speed := range []float64{0.5, 0.8, 1, 1.3, 2} {
		s := newStretch(t, rate, 1, speed)
		var heard []float64
		buf := make([]float32, 1)
		last := 0.0
		hear := func(p int, at float64) {
			if at < last {
				t.Fatalf("speed %v: the position goes back from %v to %v", speed, last, at)
			}
			last = at
			if p == 1 && buf[0] > 0.5 {
				heard = append(heard, at)
			}
		}
		for in := src; ; {
			at := s.InputPosition()
			c, p := s.Process(buf, in)
			in = in[c:]
			hear(p, at)
			if c == 0 && p == 0 {
				break
			}
		}
		for done := false; !done; {
			var p int
			at := s.InputPosition()
			p, done = s.Flush(buf)
			hear(p, at)
		}
		for _, c := range clicks {
			found := false
			for _, h := range heard {
				found = found || math.Abs(h-float64(c)) <= 2*float64(s.segment)
			}
			// At speed 2 half of the input is left out, and a lone click with it.
			if !found && speed <= 1 {
				t.Errorf("speed %v: the click at %d was heard at %v", speed, c, heard)
			}
		}
		if speed == 1 && (len(heard) != len(clicks) || heard[3] != float64(clicks[3])) {
			t.Errorf("speed 1: heard at %v", heard)
		}
	}
}

// TestStretchChangesSpeed: going 1 → 1.5 → 1 → 0.7 → 1 leaves no step in a sine, and at speed 1
// the output is the input again, bit for bit, from some frame on.
func TestStretchChangesSpeed(t *testing.T) {
	const rate = 44100
	src := sine(12*rate, rate, 220, 0.5)
	s := newStretch(t, rate, 1, 1)
	var out []float32
	buf := make([]float32, 512)
	in := src
	feed := func(seconds float64) {
		for n := int(seconds * rate); n > 0; {
			c, p := s.Process(buf, in[:min(441, n)])
			in, n = in[c:], n-c
			out = append(out, buf[:p]...)
		}
	}
	feed(1)
	for _, speed := range []float64{1.5, 1, 0.7, 1} {
		s.SetSpeed(speed)
		feed(2)
	}
	// The steepest a sine of 220 Hz gets, and a crossfade of two of them that differ a little.
	steepest := 0.5 * 2 * math.Pi * 220 / rate * 1.2
	for i := 1; i < len(out); i++ {
		if d := math.Abs(float64(out[i] - out[i-1])); d > steepest {
			t.Fatalf("a step of %v at frame %d", d, i)
		}
	}
	end := src[:len(src)-len(in)]
	tail := rate
	if i := differ(out[len(out)-tail:], end[len(end)-tail:]); i >= 0 {
		t.Errorf("back at speed 1, frame %d of the last second differs", i)
	}
	if got := s.InputPosition(); got != float64(len(end)) {
		t.Errorf("the position is %v after %d frames", got, len(end))
	}
}

// TestStretchEndsInMusic: the last segment does not run into the silence after the input, and
// begins no more than the search range too early.
func TestStretchEndsInMusic(t *testing.T) {
	const rate = 44100
	src := melody(rate+123, rate)
	for i := range src {
		src[i] += 2 // never near zero
	}
	loud := len(src) - 2*newStretch(t, rate, 1, 1).search
	for i := loud; i < len(src); i++ {
		src[i] += 4
	}
	for speed := 0.5; speed < 1; speed += 0.05 {
		y := stream(t, newStretch(t, rate, 1, speed), src, 1, func(int) int { return 1000 })
		if last := y[len(y)-1]; last < 5 {
			t.Errorf("speed %.2f: the last frame is %v, and not of the end of the music", speed, last)
		}
		if least := slices.Min(y); least < 1 {
			t.Errorf("speed %.2f: silence of %v inside", speed, least)
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	const rate, channels = 44100, 2
	src := make([]float32, 4410*channels)
	for i := range src {
		src[i] = float32(math.Sin(float64(i)*0.05)) * 1.5
	}
	dst := make([]float32, 3*len(src))
	quantise, fade := NewDither(1), Crossfade{}
	remix, err := NewRemix(2, 1)
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]func(){
		"Quantiser": func() { quantise.Int16(make([]byte, 64), src[:32]) },
		"Crossfade": func() { fade.Mix(dst, src, src, channels, 0, 4410) },
		"Remix":     func() { remix.Process(dst, src) },
	}
	for name, s := range map[string]Stream{
		"Resampler":              newResampler(t, rate, 48000, channels, Good),
		"Resampler interpolated": newResampler(t, rate+1, 48000, channels, Good),
		"Stretcher":              newStretch(t, rate, channels, 1.3),
		"Limiter":                newLimiter(t, channels, 0),
	} {
		calls[name] = func() {
			if c, _ := s.Process(dst, src); c == 0 {
				t.Error(name, "takes nothing")
			}
		}
		calls[name+" Flush"] = func() { s.Process(dst, src); s.Flush(dst) }
	}
	for name, call := range calls {
		if n := testing.AllocsPerRun(20, call); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkStretch(b *testing.B) {
	for name, speed := range map[string]float64{"0.7": 0.7, "1": 1, "1.5": 1.5} {
		b.Run(name, func(b *testing.B) {
			s := newStretch(b, 44100, 2, speed)
			src, dst := make([]float32, 2*44100), make([]float32, 4*44100)
			for i, v := range melody(44100, 44100) {
				src[2*i], src[2*i+1] = v, v
			}
			b.ReportAllocs()
			for b.Loop() {
				s.Process(dst, src)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "x-real-time")
		})
	}
}
