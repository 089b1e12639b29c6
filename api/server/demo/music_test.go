package demo

import (
	"bytes"
	"image/png"
	"math"
	"strings"
	"testing"
)

func TestChartsNameKnownChords(t *testing.T) {
	known := harmonies()
	used := map[string]bool{}
	for _, m := range movements() {
		names := chartOf(m.chart)
		for i, name := range names {
			c, ok := known[name]
			if !ok {
				t.Fatalf("%s, bar %d: no chord %q", m.title, i, name)
			}
			used[name] = true
			if i == 0 {
				continue
			}
			// Voices lead: from chord to chord they move by small steps, together less than an octave and a half.
			moved := 0
			for v, key := range c.voices {
				step := key - known[names[i-1]].voices[v]
				moved += max(step, -step)
			}
			if moved > 18 {
				t.Errorf("%s: from %s to %s the voices move %d semitones", m.title, names[i-1], name, moved)
			}
		}
	}
	for name, c := range known {
		if !used[name] {
			t.Errorf("%s is never played", name)
		}
		for v := 1; v < len(c.voices); v++ {
			if c.voices[v] <= c.voices[v-1] {
				t.Errorf("%s: voices cross", name)
			}
		}
	}
}

func TestMelodiesFitTheHarmony(t *testing.T) {
	s := compose()
	// What is held for half a bar or more must be a note of the scale that the chord and its
	// neighbours span, and never a semitone over a note of the chord.
	for _, part := range [][]note{s.lead, s.harmony} {
		for _, n := range part {
			if n.dur < 7*framesPerStep {
				continue
			}
			bar := int(n.at / framesPerBar)
			c := s.chords[bar]
			for _, key := range append(c.voices[:], c.bass) {
				if (int(n.key)-key+120)%12 == 1 {
					t.Errorf("bar %d: %v is held a semitone over the chord's %d", bar, n.key, key)
				}
			}
		}
	}
}

func TestScoreIsPlayable(t *testing.T) {
	s := compose()
	end := int64(s.bars()) * framesPerBar
	parts := map[string][]note{
		"pad": s.pad, "piano": s.piano, "strings": s.strings, "bells": s.bells, "lead": s.lead,
		"harmony": s.harmony, "bass": s.bass, "drums": s.drums, "kicks": s.kicks,
	}
	for name, part := range parts {
		if len(part) == 0 {
			t.Errorf("%s has nothing to play", name)
		}
		for i, n := range part {
			if n.at < 0 || n.at >= end || n.dur <= 0 || n.vel <= 0 || n.vel > 1.2 || math.Abs(n.side) > 1 {
				t.Errorf("%s: note %+v", name, n)
			}
			if i > 0 && n.at < part[i-1].at {
				t.Errorf("%s: notes out of order at %d", name, n.at)
			}
		}
	}
	for name, part := range map[string][]note{"lead": s.lead, "harmony": s.harmony, "bass": s.bass} {
		for i := 1; i < len(part); i++ {
			if part[i-1].at+part[i-1].dur > part[i].at+control {
				t.Errorf("%s plays two notes at once at bar %.2f", name, float64(part[i].at)/framesPerBar)
			}
		}
	}
}

func TestBeatsAreOneBar(t *testing.T) {
	for bar := range compose().bars() {
		for _, b := range grooveOf(bar) {
			if len(b.line) != stepsPerBar || strings.Trim(b.line, ".123456789") != "" {
				t.Errorf("bar %d: %q", bar, b.line)
			}
		}
	}
}

// TestStringsAreInTune measures the pitch of plucked strings by their autocorrelation.
func TestStringsAreInTune(t *testing.T) {
	for _, key := range []float64{57, 64, 69, 76, 81} {
		out := newStereo(SampleRate)
		newStringVoice(note{key: key, dur: SampleRate, vel: 0.7}).sound(out)
		x := out.l[SampleRate/10:]
		// Over many periods, so that the best lag tells the pitch finely.
		const periods = 40
		want := periods * SampleRate / hertz(key)
		best, bestSum := 0.0, math.Inf(-1)
		for lag := int(want * 0.99); lag <= int(want*1.01)+1; lag++ {
			var sum float64
			for i := range 8000 {
				sum += x[i] * x[i+lag]
			}
			if sum > bestSum {
				best, bestSum = float64(lag), sum
			}
		}
		if cents := 1200 * math.Log2(want/best); math.Abs(cents) > 6 {
			t.Errorf("key %v sounds %.1f cents off", key, cents)
		}
	}
}

func TestSawsDoNotAlias(t *testing.T) {
	tables := newTables()
	for _, freq := range []float64{55, 440, 1760} {
		if top := float64(sawHarmonics(sawLevel(freq))) * freq; top > SampleRate/2 || top < 4000 {
			t.Errorf("the highest partial at %v Hz is %v Hz", freq, top)
		}
	}
	for level, table := range tables.saw {
		var dc float64
		for _, x := range table[:sawSize] {
			dc += x / sawSize
		}
		if math.Abs(dc) > 1e-9 {
			t.Errorf("saw %d has an offset of %v", level, dc)
		}
	}
}

func TestLimiterHoldsTheCeiling(t *testing.T) {
	const ceiling = 0.8
	m := newLimiter(ceiling)
	random := noise(3)
	for range 50 {
		x := newStereo(1000)
		for i := range x.l {
			x.l[i], x.r[i] = 0.5*random.white(), 0.5*random.white()
			if random.unit() < 0.004 {
				x.l[i] *= 12
			}
		}
		m.process(x)
		for i := range x.l {
			if math.Abs(x.l[i]) > ceiling || math.Abs(x.r[i]) > ceiling {
				t.Fatalf("%v, %v over the ceiling", x.l[i], x.r[i])
			}
		}
	}
	// The gain comes down before the peak and so, without the clamp, the peak would fit as well.
	m, x := newLimiter(ceiling), newStereo(400)
	for i := range x.l {
		x.l[i] = 0.5
	}
	x.l[200] = 4
	m.process(x)
	if at := 200 + lookAhead - 1; math.Abs(x.l[at]-ceiling) > 1e-9 || x.l[at-1] > 0.12 {
		t.Errorf("a lone peak leaves as %v after %v", x.l[at], x.l[at-1])
	}
}

// TestLoudness holds the meter against what BS.1770 says of a sine: full scale in both channels at
// 997 Hz is 0 LUFS.
func TestLoudness(t *testing.T) {
	m := newLoudness()
	tone := func(level, seconds float64) {
		for i := range int(seconds * SampleRate) {
			x := level * math.Sin(2*math.Pi*997*float64(i)/SampleRate)
			m.frame(x, x)
		}
	}
	tone(0.1, 5)
	if got := m.integrated(); math.Abs(got+20) > 0.05 {
		t.Errorf("a sine of -20 dBFS measures %.2f LUFS", got)
	}
	tone(0, 20)
	if got := m.integrated(); math.Abs(got+20) > 0.3 {
		t.Errorf("silence after it makes that %.2f LUFS: the gate is open", got)
	}
	if got := newLoudness().integrated(); got != -70 {
		t.Errorf("nothing measures %.2f LUFS", got)
	}
}

func TestCover(t *testing.T) {
	const size = 240
	envelope := make([]float64, 107*stepsPerBar)
	for i := range envelope {
		envelope[i] = 0.02 + 0.015*math.Sin(float64(i)/9)
	}
	data, err := drawCover(envelope, size)
	if err != nil {
		t.Fatal(err)
	}
	again, err := drawCover(envelope, size)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, again) {
		t.Error("two paintings of the same differ")
	}
	for i := range envelope {
		envelope[i] = 0.001
	}
	if other, err := drawCover(envelope, size); err != nil || bytes.Equal(data, other) {
		t.Errorf("the hills don't follow the music (%v)", err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	at := func(x, y float64) (r, b uint32) {
		r, _, b, _ = img.At(int(x*size), int(y*size)).RGBA()
		return r >> 8, b >> 8
	}
	if r, _ := at(sunX, sunY); r < 230 {
		t.Errorf("the sun's red is %d", r)
	}
	if r, b := at(0.1, 0.05); r > b || b > 128 {
		t.Errorf("the night sky has red %d, blue %d", r, b)
	}
}
