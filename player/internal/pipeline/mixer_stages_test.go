package pipeline

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
)

func join(parts ...[]float32) (pcm []float32) {
	for _, p := range parts {
		pcm = append(pcm, p...)
	}
	return pcm
}

// noise is n frames of noise, never silent and never near full scale.
func noise(seed uint64, n int) []float32 {
	rng := rand.New(rand.NewPCG(seed, 1))
	pcm := make([]float32, n*Channels)
	for i := range pcm {
		pcm[i] = float32(0.01 + 0.2*rng.Float64())
		if rng.IntN(2) == 0 {
			pcm[i] = -pcm[i]
		}
	}
	return pcm
}

const (
	keptFrames = testRate / 5
	seamFrames = testRate / 200
)

func TestSilenceIsSkipped(t *testing.T) {
	for _, tt := range []struct {
		name    string
		silence int
		left    int
	}{
		{"a pause of the music stays", testRate, testRate},
		{"one frame more is too long", testRate + 1, 2 * keptFrames},
		{"a minute", 60 * testRate, 2 * keptFrames},
		{"none", 0, 0},
	} {
		d := newDesk(t, MixerOptions{})
		d.m.SetSkipSilence(true)
		first, second := noise(1, 70_001), noise(2, 50_003)
		a := entry(join(first, level(tt.silence, 0.0005, -0.0005), second), testRate)
		d.playAll(Join{}, a)
		want := join(first, level(tt.left, 0.0005, -0.0005), second)
		same(t, tt.name, d.heardMusic(), want)
		jumped, ok := d.find(Jumped, a.e)
		if ok != (tt.left < tt.silence) {
			t.Fatalf("%s: %+v", tt.name, d.marks)
		}
		at := 70_001 + keptFrames
		from := media.Frames(70_001 + tt.silence - keptFrames)
		if ok && (jumped.Frame != int64(at) || (jumped.Position-from.Duration(testRate)).Abs() > time.Microsecond) {
			t.Errorf("%s: %+v, want frame %d at %v", tt.name, jumped, at, from.Duration(testRate))
		}
		if k := d.mark(Finished, nil); k.Frame != int64(len(want)/2) {
			t.Errorf("%s: %+v", tt.name, k)
		}
	}
}

// TestSilenceBetweenEntriesIsSkipped: the end of one and the beginning of the next are one silence, and
// the next one's beginning is told where it is heard.
func TestSilenceBetweenEntriesIsSkipped(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	d.m.SetSkipSilence(true)
	a := entry(join(noise(1, 40_000), level(3*testRate, 0, 0)), testRate)
	b := entry(join(level(2*testRate, 0, 0), noise(2, 40_000), level(5*testRate, 0, 0)), testRate)
	d.playAll(Join{}, a, b)
	want := join(noise(1, 40_000), level(2*keptFrames, 0, 0), noise(2, 40_000), level(2*keptFrames, 0, 0))
	same(t, "two entries", d.heardMusic(), want)
	at := int64(40_000 + keptFrames)
	if k := d.mark(Began, b.e); k.Frame != at || k.Position != 0 {
		t.Errorf("%+v, want it at %d", k, at)
	}
	if k := d.mark(Over, a.e); k.Frame != at {
		t.Errorf("%+v, want it at %d", k, at)
	}
	kept := 2*time.Second - 200*time.Millisecond
	if k := d.mark(Jumped, b.e); k.Frame != at || (k.Position-kept).Abs() > time.Microsecond {
		t.Errorf("%+v, want %v at %d", k, kept, at)
	}
}

// TestSkippingMakesNoClick: what is called silence may still be a faint tone.
func TestSkippingMakesNoClick(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	d.m.SetSkipSilence(true)
	const faint = 0.0009
	pcm := sine(0, 10*testRate+777, 100, faint, testRate)
	loud := sine(10*testRate+777, testRate, 100, faint*1.5, testRate)
	d.playAll(Join{}, entry(join(sine(0, testRate, 100, faint*1.5, testRate), pcm, loud), testRate))
	got := d.heardMusic()
	if len(got)/2 > 3*testRate {
		t.Fatalf("%d frames: nothing was skipped", len(got)/2)
	}
	still := faint * 1.5 * math.Pow(2*math.Pi*100/testRate, 2)
	// The seam crossfades two phases of the tone in 5 ms.
	if bend, at := maxBend(got[2*testRate+200 : 2*(testRate+3*keptFrames/2)]); bend > still+faint*2/seamFrames {
		t.Errorf("a click of %.7f at frame %d", bend, at)
	}
}

func TestSkippingCanBeTurnedOnAndOff(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	pcm := join(noise(1, testRate), level(4*testRate, 0.0001, 0.0001), noise(2, 2*testRate))
	a := entry(pcm, testRate)
	d.begin(Join{}, a)
	on := false
	for i := range 900 {
		if i%3 == 0 {
			on = !on
			d.m.SetSkipSilence(on)
		}
		d.pull(480, a)
	}
	same(t, "turned on and off every 30 ms", d.heardMusic(), pcm)
}

// TestSpeedOneIsTransparent: what speed was before leaves no trace, loses nothing, and does not click.
func TestSpeedTurnsWithoutLoss(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	a := entry(sine(0, 30*testRate, 330, 0.4, testRate), testRate)
	still, _ := maxBend(a.pcm)
	d.begin(Join{}, a)
	for _, speed := range []float64{1, 2, 1, 0.5, 1.3, 1} {
		d.m.SetSpeed(speed)
		d.pull(2*testRate+123, a)
	}
	d.play(a)
	pcm := d.heardMusic()
	if bend, at := maxBend(pcm); bend > 2*still {
		t.Errorf("a click of %.5f at frame %d; the music bends by %.5f", bend, at, still)
	}
	// The timeline, as the markers tell it, comes out at the end's frame.
	var line Marker
	for _, k := range d.marks {
		switch k.Kind {
		case Began, Sped:
			if line.Entry != nil {
				heard := media.Frames(k.Frame - line.Frame).Duration(testRate)
				want := line.Position + time.Duration(float64(heard)*line.Speed)
				// Where the speed becomes 1, the music goes on from the end of a segment of 60 ms, which lies up
				// to 15 ms off its ideal place and is itself not stretched.
				if (k.Position - want).Abs() > 76*time.Millisecond {
					t.Errorf("at frame %d the timeline goes from %v to %v", k.Frame, want, k.Position)
				}
			}
			line = k
		}
	}
	end := d.mark(Over, a.e)
	left := media.Frames(end.Frame - line.Frame).Duration(testRate)
	if at := line.Position + time.Duration(float64(left)*line.Speed); (at - 30*time.Second).Abs() > time.Millisecond {
		t.Errorf("the music ends at %v of its timeline, want 30 s", at)
	}
	if line.Speed != 1 {
		t.Errorf("%+v", line)
	}
	// The last stretch at speed 1 is the source's, bit for bit.
	tail := pcm[len(pcm)-2*testRate:]
	same(t, "after the last change", tail, a.pcm[len(a.pcm)-2*testRate:])
}

// TestEndAtDoubleSpeed: the last frames of a track are heard at every speed.
func TestEndAtDoubleSpeed(t *testing.T) {
	for _, speed := range []float64{0.5, 1.25, 2} {
		d := newDesk(t, MixerOptions{})
		d.m.SetSpeed(speed)
		n := 5*testRate + 4321
		last := 2_000
		a := entry(join(level(n-last, 0.25, 0.25), level(last, -0.25, -0.25)), testRate)
		d.playAll(Join{}, a)
		pcm := d.heardMusic()
		want := int(math.Ceil(float64(n) / speed))
		if got := len(pcm) / 2; got != want {
			t.Errorf("speed %v: %d frames, want %d", speed, got, want)
		}
		if k := d.mark(Finished, nil); k.Frame != int64(want) {
			t.Errorf("speed %v: %+v, want frame %d", speed, k, want)
		}
		if end := pcm[len(pcm)-2]; end != -0.25 {
			t.Errorf("speed %v: the last frame is %v", speed, end)
		}
	}
}

// TestMarkersStandAtTheirFrame: whatever holds frames back, an entry's marker is at the first frame
// that is its own.
func TestMarkersStandAtTheirFrame(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rate  int // of the entries
		speed float64
		limit bool
		skip  bool
		exact int // frames that the place may be off
	}{
		{"plain", testRate, 1, false, false, 0},
		{"limited", testRate, 1, true, false, 0},
		{"skipping", testRate, 1, true, true, 0},
		{"resampled", 44_100, 1, true, true, 0},
		{"from a higher rate", 96_000, 1, false, false, 0},
		{"fast", testRate, 2, true, false, testRate * 6 / 100},
		{"slow and resampled", 44_100, 0.5, false, false, testRate * 6 / 100},
	} {
		d := newDesk(t, MixerOptions{SampleRate: testRate, Limit: tt.limit})
		d.m.SetSkipSilence(tt.skip)
		d.m.SetSpeed(tt.speed)
		a := entry(level(3*tt.rate+11, 0.25, 0.25), tt.rate)
		b := entry(level(2*tt.rate+5, -0.25, -0.25), tt.rate)
		d.playAll(Join{}, a, b)
		pcm := d.heardMusic()
		turn := 0
		for pcm[2*turn] > 0 {
			turn++
		}
		began, over := d.mark(Began, b.e), d.mark(Over, a.e)
		if off := int(began.Frame) - turn; off > tt.exact || off < -tt.exact {
			t.Errorf("%s: begins at frame %d, is marked at %d", tt.name, turn, began.Frame)
		}
		if over.Frame != began.Frame || !began.Gapless {
			t.Errorf("%s: %+v, %+v", tt.name, over, began)
		}
		if end := d.mark(Finished, nil); end.Frame != int64(len(pcm)/2) {
			t.Errorf("%s: ends at frame %d, is marked at %d", tt.name, len(pcm)/2, end.Frame)
		}
	}
}

// TestOneResamplerSpansEqualRates: entries cut from one signal come out as if it had not been cut.
func TestOneResamplerSpansEqualRates(t *testing.T) {
	whole := sine(0, 5*44_100, 1000, 0.5, 44_100)
	cut := 2*44_100 + 1_234
	play := func(parts ...[]float32) []float32 {
		d := newDesk(t, MixerOptions{SampleRate: testRate})
		var reels []*reel
		for _, p := range parts {
			reels = append(reels, entry(p, 44_100))
		}
		d.playAll(Join{}, reels...)
		if d.gaps() != 0 {
			t.Errorf("%d gaps", d.gaps())
		}
		return d.heardMusic()
	}
	same(t, "cut in three", play(whole[:2*cut], whole[2*cut:2*cut+14], whole[2*cut+14:]), play(whole))
}

// TestRatesChange: at a change of rates the one filter is emptied and the next one begins; no frame
// is lost.
func TestRatesChange(t *testing.T) {
	d := newDesk(t, MixerOptions{SampleRate: testRate})
	a, b, c := entry(level(44_100+1, 0.25, 0.25), 44_100), entry(level(testRate, 0.25, 0.25), testRate), entry(level(96_000, 0.25, 0.25), 96_000)
	d.playAll(Join{}, a, b, c)
	if got, want := len(d.heardMusic())/2, testRate+2+testRate+testRate; got != want {
		t.Errorf("%d frames, want %d", got, want)
	}
	if d.gaps() != 0 {
		t.Errorf("%d gaps", d.gaps())
	}
}

// halving is a processor that is easy to see.
type halving struct{ prepared, reset int }

func (h *halving) Prepare(int, int) error { h.prepared++; return nil }
func (h *halving) Process(pcm []float32) {
	for i := range pcm {
		pcm[i] *= 0.5
	}
}
func (h *halving) Reset() { h.reset++ }

// refusing is a processor that can't do the rate.
type refusing struct{ halving }

func (*refusing) Prepare(int, int) error { return dsp.ErrFormat }

func TestProcessorsHearAllMusic(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	h := &halving{}
	d.m.SetProcessors([]dsp.Processor{h, nil, &refusing{}, &halving{}})
	a, b := entry(numbered(0, 60_000), testRate), entry(numbered(60_000, 60_000), testRate)
	d.playAll(Join{}, a, b)
	want := numbered(0, 120_000)
	for i := range want {
		want[i] /= 4
	}
	same(t, "two processors", d.heardMusic(), want)
	if h.prepared != 1 {
		t.Errorf("prepared %d times", h.prepared)
	}
	resets := h.reset
	d.m.Cut(a.e)
	d.work()
	if h.reset == resets {
		t.Error("a seek leaves echoes")
	}
}

// TestLoudnessMovesWhilePlaying: a gain that becomes known later is gone over to without a click, and
// what is then too loud is limited.
func TestLoudnessMovesWhilePlaying(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	a := entry(sine(0, 6*testRate, 200, 0.8, testRate), testRate)
	still, _ := maxBend(a.pcm)
	d.begin(Join{}, a)
	d.pull(testRate, a)
	d.m.SetLoudnessGain(a.e, 0.25)
	d.pull(2*testRate, a)
	d.m.SetLoudnessGain(a.e, 2)
	d.play(a)
	pcm := d.heardMusic()
	peak := func(from, to int) (most float64) {
		for _, v := range pcm[2*from : 2*to] {
			most = max(most, math.Abs(float64(v)))
		}
		return most
	}
	if p := peak(testRate/2, testRate/2+testRate/4); math.Abs(p-0.8) > 0.001 {
		t.Errorf("peak %v at first", p)
	}
	if p := peak(2*testRate+testRate/2, 3*testRate); math.Abs(p-0.2) > 0.001 {
		t.Errorf("peak %v at a quarter", p)
	}
	if p := peak(0, len(pcm)/2); p > limitCeiling.Amplitude() {
		t.Errorf("peak %v passes the ceiling", p)
	}
	if bend, at := maxBend(pcm[:2*(5*testRate)]); bend > 2*still {
		t.Errorf("a click of %.5f at frame %d; the music bends by %.5f", bend, at, still)
	}
}

// TestLimiterStaysAwayFromPlainMusic: full scale is nobody's fault, and passes bit for bit.
func TestLimiterStaysAwayFromPlainMusic(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	a := entry(sine(0, 2*testRate, 997, 1, testRate), testRate)
	d.playAll(Join{}, a)
	same(t, "full scale", d.heardMusic(), a.pcm)
}

// TestLimiterHoldsInFades: two loud entries sum to more than full scale.
func TestLimiterHoldsInFades(t *testing.T) {
	d := newDesk(t, MixerOptions{Crossfade: 2 * time.Second})
	a, b := entry(sine(0, 5*testRate, 200, 0.99, testRate), testRate), entry(sine(0, 6*testRate, 200, 0.99, testRate), testRate)
	d.playAll(Join{Fade: 2 * time.Second}, a, b)
	pcm := d.heardMusic()
	over := 0
	for _, v := range pcm {
		if v > 0.9901 || v < -0.9901 {
			over++
		}
	}
	if over > 0 {
		t.Errorf("%d samples are beyond what either entry has", over)
	}
	if got := len(pcm) / 2; got != 9*testRate {
		t.Errorf("%d frames", got)
	}
	still, _ := maxBend(a.pcm)
	// The limiter goes down within 5 ms.
	if bend, at := maxBend(pcm); bend > 6*still {
		t.Errorf("a click of %.5f at frame %d; the music bends by %.5f", bend, at, still)
	}
	same(t, "before the fade", pcm[:2*3*testRate-2*testRate/10], a.pcm[:2*3*testRate-2*testRate/10])
	same(t, "after it", pcm[2*7*testRate:], b.pcm[2*4*testRate:])
}
