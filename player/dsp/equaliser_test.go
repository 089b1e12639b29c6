package dsp

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/segue-audio/segue/player/media"
)

// curve is the transfer function of what a processor does to an impulse, in dB, at each frequency.
func curve(p Processor, rate int, freqs []float64) []float64 {
	x := make([]float32, 1<<15)
	x[0] = 1
	p.Process(x)
	var out []float64
	for _, f := range freqs {
		var re, im float64
		s1, c1 := math.Sincos(2 * math.Pi * f / float64(rate))
		s, c := 0.0, 1.0
		for _, v := range x {
			re += float64(v) * c
			im += float64(v) * s
			s, c = s*c1+c*s1, c*c1-s*s1
		}
		out = append(out, 20*math.Log10(math.Hypot(re, im)))
	}
	return out
}

func newEqualiser(t testing.TB, rate, channels int, gains [EqualiserBands]media.Decibels) *Equaliser {
	t.Helper()
	e := NewEqualiser(EqualiserSettings{Gains: gains})
	if err := e.Prepare(rate, channels); err != nil {
		t.Fatal(err)
	}
	return e
}

// equaliserCurves are the hardest settings, random ones and the presets.
func equaliserCurves() (list [][EqualiserBands]media.Decibels) {
	rnd := rand.New(rand.NewPCG(2, 2))
	all := func(g media.Decibels) (s [EqualiserBands]media.Decibels) {
		for i := range s {
			s[i] = g
		}
		return s
	}
	list = [][EqualiserBands]media.Decibels{all(12), all(-12), {12, -12, 12, -12, 12, -12, 12, -12, 12, -12},
		{-12, 12, -12, 12, -12, 12, -12, 12, -12, 12}, {0, 0, 0, 0, 12}, {12}, {9: 12}, {9: -12}, {8: 12, 9: -12}}
	for range 6 {
		var s [EqualiserBands]media.Decibels
		for i := range s {
			s[i] = media.Decibels(rnd.Float64()*24 - 12)
		}
		list = append(list, s)
	}
	for _, p := range EqualiserPresets() {
		list = append(list, p.Settings.Gains)
	}
	return list
}

// equaliserErrors is how far what comes out is from what is wanted, in dB: at the bands' middles and
// between them.
func equaliserErrors(t *testing.T, rate int) (atBand, between float64) {
	middles := EqualiserFrequencies()
	for _, gains := range equaliserCurves() {
		var freqs, want []float64
		for i, f := range middles {
			if f > 0.45*float64(rate) {
				break
			}
			if i > 0 {
				freqs = append(freqs, math.Sqrt(f*middles[i-1]))
				want = append(want, float64(gains[i]+gains[i-1])/2)
			}
			freqs, want = append(freqs, f), append(want, float64(gains[i]))
		}
		got := curve(newEqualiser(t, rate, 1, gains), rate, freqs)
		for i := range freqs {
			if off := math.Abs(got[i] - want[i]); i%2 == 1 {
				between = max(between, off)
			} else {
				atBand = max(atBand, off)
			}
		}
	}
	return atBand, between
}

// TestEqualiserCurve holds what comes out to what the comment states.
func TestEqualiserCurve(t *testing.T) {
	for _, rate := range []int{44100, 48000, 96000, 22050, 8000} {
		if atBand, between := equaliserErrors(t, rate); !(atBand <= 0.3 && between <= 1) {
			t.Errorf("%d Hz: bands within %.2f dB, between them within %.2f dB", rate, atBand, between)
		}
	}
}

// TestEqualiserFlat: every bit passes, also after a curve was set and taken back.
func TestEqualiserFlat(t *testing.T) {
	e := newEqualiser(t, 48000, 2, [EqualiserBands]media.Decibels{})
	x := append([]float32(nil), bits...)
	if e.Process(x); differ(x, bits) >= 0 {
		t.Errorf("flat: %v became %v", bits, x)
	}
	e.Set(EqualiserSettings{Gains: [EqualiserBands]media.Decibels{6, 0, -6}})
	music := programme(1, 48000)
	y := append([]float32(nil), music...)
	if e.Process(y); differ(y, music) < 0 {
		t.Error("a curve changes nothing")
	}
	e.Set(EqualiserSettings{})
	e.Process(make([]float32, 2*4800))
	y = append(y[:0], music...)
	if e.Process(y); differ(y, music) >= 0 {
		t.Error("flat again, bits differ")
	}
}

// TestEqualiserIsSmooth: settings that jump make no step in a tone.
func TestEqualiserIsSmooth(t *testing.T) {
	e := newEqualiser(t, 48000, 1, [EqualiserBands]media.Decibels{})
	x := sine(48000, 48000, 1000, 0.2)
	for i := 0; i < len(x); i += 480 {
		switch i {
		case 9600:
			e.Set(EqualiserSettings{Gains: [EqualiserBands]media.Decibels{5: 12}, PreGain: -3})
		case 10560: // on its way
			e.Set(EqualiserSettings{Gains: [EqualiserBands]media.Decibels{5: -12, 6: 12}})
		case 24000:
			e.Set(EqualiserSettings{})
		}
		e.Process(x[i : i+480])
	}
	if step := clicks(x, 1000, 48000); step > 4e-3 { // at once, it would be 0.04
		t.Errorf("a step of %v in a tone", step)
	}
}

// clicks is the largest departure of a tone from going on as it was: of x[i] from 2cos(w)x[i−1]−x[i−2].
func clicks(x []float32, freq, rate float64) (worst float64) {
	k := 2 * math.Cos(2*math.Pi*freq/rate)
	for i := 2; i < len(x); i++ {
		worst = max(worst, math.Abs(float64(x[i])-k*float64(x[i-1])+float64(x[i-2])))
	}
	return worst
}

func TestEqualiserUnclipped(t *testing.T) {
	s := EqualiserSettings{Gains: [EqualiserBands]media.Decibels{3, 9, -2}, PreGain: 5}.Unclipped()
	if s.PreGain != -9 {
		t.Errorf("pre-gain %v", s.PreGain)
	}
	if s := (EqualiserSettings{Gains: [EqualiserBands]media.Decibels{-3}}).Unclipped(); s.PreGain != 0 {
		t.Errorf("without a boost: pre-gain %v", s.PreGain)
	}
	e := NewEqualiser(EqualiserSettings{Gains: [EqualiserBands]media.Decibels{99, media.Decibels(math.NaN())}, PreGain: -1e9})
	if got := e.Settings(); got.Gains[0] != MaxBandGain || got.Gains[1] != 0 || got.PreGain != -MaxPreGain {
		t.Errorf("settings of nonsense became %v", got)
	}
}

func TestEqualiserPresets(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range EqualiserPresets() {
		if p.Name == "" || seen[p.Name] {
			t.Errorf("preset %q has no name of its own", p.Name)
		}
		seen[p.Name] = true
		if p.Settings != p.Settings.Unclipped() || p.Settings != p.Settings.clamped() {
			t.Errorf("preset %q may clip", p.Name)
		}
	}
	if len(seen) < 10 {
		t.Errorf("%d presets", len(seen))
	}
}

// processors are all that the package has, set to do something.
func processors(t testing.TB) map[string]Processor {
	s := NewStereo()
	s.SetWidth(1.4)
	s.SetBalance(-0.3)
	return map[string]Processor{
		"equaliser": NewEqualiser(EqualiserPresets()[1].Settings),
		"stereo":    s,
		"chain":     Chain{nil, NewStereo(), NewEqualiser(EqualiserSettings{Gains: [EqualiserBands]media.Decibels{4: 3}})},
	}
}

// TestProcessorsKeepTheContract: no allocation, no denormals left behind, no matter how music is cut,
// bad numbers don't stay, and parameters may be set while it runs.
func TestProcessorsKeepTheContract(t *testing.T) {
	for name, p := range processors(t) {
		if err := p.Prepare(44100, 2); err != nil {
			t.Fatal(err)
		}
		music := programme(1, 44100)
		whole := append([]float32(nil), music...)
		p.Process(whole)
		p.Reset()
		cut := append([]float32(nil), music...)
		rnd := rand.New(rand.NewPCG(4, 4))
		for rest := cut; len(rest) > 0; {
			n := min(2*rnd.IntN(400), len(rest))
			p.Process(rest[:n])
			rest = rest[n:]
		}
		if i := differ(cut, whole); i >= 0 {
			t.Errorf("%s: cut into pieces, sample %d differs", name, i)
		}
		p.Process([]float32{float32(math.NaN()), float32(math.Inf(1)), 0, 0})
		quiet := make([]float32, 2*44100)
		for range 20 {
			clear(quiet)
			p.Process(quiet)
		}
		for _, v := range quiet {
			if v != 0 {
				t.Fatalf("%s: %v after 20 s of silence", name, v)
			}
		}
		if n := testing.AllocsPerRun(10, func() { p.Process(cut[:2048]); p.Reset() }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestParametersFromAnywhere is for the race detector.
func TestParametersFromAnywhere(t *testing.T) {
	e, s := NewEqualiser(EqualiserSettings{}), NewStereo()
	c := Chain{e, s}
	if err := c.Prepare(48000, 2); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 200 {
			e.Set(EqualiserSettings{Gains: [EqualiserBands]media.Decibels{media.Decibels(i % 12)}})
			s.SetBalance(float64(i%20)/10 - 1)
			s.SetWidth(float64(i%20) / 10)
		}
	})
	x := make([]float32, 512)
	for range 200 {
		c.Process(x)
	}
	wg.Wait()
}

func BenchmarkEqualiser(b *testing.B) {
	e := newEqualiser(b, 48000, 2, EqualiserPresets()[1].Settings.Gains)
	x := programme(1, 48000)
	b.ReportAllocs()
	for b.Loop() {
		e.Process(x)
	}
	b.ReportMetric(100*b.Elapsed().Seconds()/float64(b.N), "%-of-a-core")
}
