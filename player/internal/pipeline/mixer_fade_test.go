package pipeline

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
)

// fadeOf is a time of so many frames.
func fadeOf(frames int) time.Duration { return media.Frames(frames).Duration(testRate) }

// gains reads the two gains of a fade off a signal whose entries are heard in one channel each.
func gains(pcm []float32, at int) (outgoing, incoming float64) {
	return float64(pcm[2*at]) / 0.25, float64(pcm[2*at+1]) / 0.25
}

// leftThenRight are two entries that tell apart what is heard of each.
func leftThenRight(first, second int) (a, b *reel) {
	return entry(level(first, 0.25, 0), testRate), entry(level(second, 0, 0.25), testRate)
}

// TestFadeIsExact: the fade begins on the frame from which on it takes all that is left of the first
// entry, whatever the chunks and blocks, and every gain is the curve's.
func TestFadeIsExact(t *testing.T) {
	for _, curve := range []dsp.Curve{dsp.EqualPower, dsp.Linear, dsp.Smooth} {
		for _, fade := range []int{1, 777, 12_345, 12 * testRate} {
			first, second := fade+testRate+17, 2*fade+testRate
			d := newDesk(t, MixerOptions{Crossfade: 12 * time.Second})
			a, b := leftThenRight(first, second)
			d.playAll(Join{Fade: fadeOf(fade), Curve: curve}, a, b)
			pcm := d.heardMusic()
			if got, want := len(pcm)/2, first+second-fade; got != want {
				t.Fatalf("curve %v, %d frames: %d are heard, want %d", curve, fade, got, want)
			}
			checkFade(t, pcm, first-fade, fade, curve)
			if k := d.mark(Began, b.e); k.Frame != int64(first-fade) || k.Position != 0 || !k.Gapless {
				t.Errorf("%+v, want it at %d", k, first-fade)
			}
			if k := d.mark(Over, a.e); k.Frame != int64(first) || k.Err != nil {
				t.Errorf("%+v, want it at %d", k, first)
			}
		}
	}
}

// checkFade compares all frames before, in and after a fade with the curve.
func checkFade(t *testing.T, pcm []float32, begins, fade int, curve dsp.Curve) {
	t.Helper()
	for i := range len(pcm) / 2 {
		out, in := gains(pcm, i)
		wantOut, wantIn := 1.0, 0.0
		switch {
		case i >= begins+fade:
			wantOut, wantIn = 0, 1
		case i >= begins:
			wantOut, wantIn = dsp.Crossfade{Curve: curve}.Gains((float64(i-begins) + 0.5) / float64(fade))
			sum, power := out+in, out*out+in*in
			if curve == dsp.EqualPower && math.Abs(power-1) > 1e-6 || curve != dsp.EqualPower && math.Abs(sum-1) > 1e-6 {
				t.Fatalf("curve %v, frame %d of the fade: sum %v, power %v", curve, i-begins, sum, power)
			}
		}
		if math.Abs(out-wantOut) > 1e-6 || math.Abs(in-wantIn) > 1e-6 {
			t.Fatalf("curve %v, frame %d (the fade is %d to %d): gains %v and %v, want %v and %v",
				curve, i, begins, begins+fade, out, in, wantOut, wantIn)
		}
	}
}

// rises checks that a fade never goes back, and gives where it begins and ends.
func rises(t *testing.T, pcm []float32) (from, to int) {
	t.Helper()
	from, to = -1, -1
	before := 0.0
	for i := range len(pcm) / 2 {
		out, in := gains(pcm, i)
		if in < before-1e-6 {
			t.Fatalf("frame %d: the incoming entry's gain falls from %v to %v", i, before, in)
		}
		if in > before+0.02 && from >= 0 {
			t.Fatalf("frame %d: the incoming entry's gain leaps from %v to %v", i, before, in)
		}
		before = in
		if from < 0 && in > 0 {
			from = i
		}
		if to < 0 && from >= 0 && out == 0 {
			to = i
		}
	}
	return from, to
}

// TestFadeOfWrongLengths: what a manifest says of a length is not always so. The fade ends with the
// last frame that there is, all the same.
func TestFadeOfWrongLengths(t *testing.T) {
	const fade = 6 * testRate
	for _, off := range []int{-5 * testRate, -3_000, -1, 1, 5_000, 4 * testRate} {
		d := newDesk(t, MixerOptions{Crossfade: 6 * time.Second})
		first := 20 * testRate
		a, b := leftThenRight(first, 20*testRate)
		a.e.SetLength(media.Frames(first + off).Duration(testRate))
		d.playAll(Join{Fade: fadeOf(fade)}, a, b)
		from, to := rises(t, d.heardMusic())
		if to != first && (off > -4*testRate || to > first) {
			t.Errorf("length off by %d: the fade ends at frame %d, want %d", off, to, first)
		}
		if want := first + off - fade; from != want && off < 4*testRate {
			t.Errorf("length off by %d: the fade begins at frame %d, want %d", off, from, want)
		}
	}
}

// TestFadeOfUnknownLength: only what is decoded ahead tells where the end is; the fade is as long as
// that.
func TestFadeOfUnknownLength(t *testing.T) {
	d := newDesk(t, MixerOptions{Crossfade: 2 * time.Second})
	first := 10 * testRate
	a, b := leftThenRight(first, 10*testRate)
	a.e.SetLength(0)
	d.playAll(Join{Fade: time.Second}, a, b)
	pcm := d.heardMusic()
	from, to := rises(t, pcm)
	if to != first || from > first-testRate/2 || from < first-testRate {
		t.Errorf("fade from frame %d to %d, the music ends at %d", from, to, first)
	}
	if got := len(pcm) / 2; got != first+10*testRate-(to-from) {
		t.Errorf("%d frames", got)
	}
}

// TestFadeIntoShortEntry: half of an entry is left for its own end.
func TestFadeIntoShortEntry(t *testing.T) {
	d := newDesk(t, MixerOptions{Crossfade: 5 * time.Second})
	first, short := 10*testRate, testRate+1
	a, b := leftThenRight(first, short)
	c := entry(level(8*testRate, 0.25, 0), testRate)
	d.playAll(Join{Fade: 5 * time.Second}, a, b, c)
	fade := short / 2
	if k := d.mark(Began, b.e); k.Frame != int64(first-fade) {
		t.Errorf("begins at %d, want %d", k.Frame, first-fade)
	}
	want := first - fade + short
	fade2 := short - fade // all that is left of it: less than five seconds, and less than half of c
	if k := d.mark(Began, c.e); k.Frame != int64(want-fade2) {
		t.Errorf("the third begins at %d, want %d", k.Frame, want-fade2)
	}
	if got := len(d.heardMusic()) / 2; got != want-fade2+8*testRate {
		t.Errorf("%d frames", got)
	}
}

// TestFadeIntoUnknownShortEntry: an entry that ends in the middle of its own fade-in leaves the one
// before it to its end.
func TestFadeIntoUnknownShortEntry(t *testing.T) {
	d := newDesk(t, MixerOptions{Crossfade: 4 * time.Second})
	a, b := leftThenRight(10*testRate, testRate)
	b.e.SetLength(0)
	d.playAll(Join{Fade: 4 * time.Second}, a, b)
	if got := len(d.heardMusic()) / 2; got != 10*testRate {
		t.Errorf("%d frames, want those of the first entry", got)
	}
	d.mark(Over, b.e)
}

// TestFadeIntoLateEntry: a clock can't wait, so the fade begins when there is something to fade to, and
// ends where it should.
func TestFadeIntoLateEntry(t *testing.T) {
	d := newDesk(t, MixerOptions{Crossfade: 4 * time.Second})
	first := 10 * testRate
	a, b := leftThenRight(first, 10*testRate)
	d.begin(Join{Fade: 4 * time.Second}, a, b)
	d.pull(7*testRate, a)
	d.pull(2*testRate, a, b)
	d.m.Follow(b.e, nil, Join{Last: true})
	d.play(a, b)
	pcm := d.heardMusic()
	from, to := rises(t, pcm)
	if to != first || from < 7*testRate || from > 7*testRate+testRate {
		t.Errorf("fade from frame %d to %d", from, to)
	}
	if d.gaps() != 0 {
		t.Errorf("%d gaps", d.gaps())
	}
}

// TestFadeIntoStarvingEntry: in the middle of a fade the incoming entry has nothing for a while. It
// breaks off and comes back without a click, and the fade goes on.
func TestFadeIntoStarvingEntry(t *testing.T) {
	d := newDesk(t, MixerOptions{Crossfade: 4 * time.Second})
	first := 8 * testRate
	a, b := leftThenRight(first, 8*testRate)
	d.begin(Join{Fade: 4 * time.Second}, a, b)
	d.pull(4*testRate-testRate/2, a)
	b.at = b.e.decode(b.pcm[:2*testRate], 0, testRate)
	d.pull(2*testRate, a)
	d.m.Follow(b.e, nil, Join{Last: true})
	d.play(a, b)
	pcm := d.heardMusic()
	if k := d.mark(Over, a.e); k.Frame != int64(first) {
		t.Errorf("%+v", k)
	}
	if d.gaps() != 0 {
		t.Errorf("%d gaps", d.gaps())
	}
	quiet := 0
	for i := 1; i < len(pcm)/2; i++ {
		if step := math.Abs(float64(pcm[2*i+1] - pcm[2*i-1])); step > 0.25*1.1/(softTime*testRate) {
			t.Fatalf("frame %d: the incoming entry leaps by %v", i, step)
		}
		if i > 5*testRate+testRate/8 && i < 8*testRate && pcm[2*i+1] == 0 {
			quiet++
		}
	}
	if quiet == 0 {
		t.Error("it never starved: this tests nothing")
	}
	if n := len(b.pcm)/2 - (len(pcm)/2 - 4*testRate); n > -testRate/8 {
		t.Errorf("%d frames of the incoming entry are missing", n)
	}
}

// TestFadeIntoBrokenEntry: one without any music is not faded to, and disturbs nothing before its turn.
func TestFadeIntoBrokenEntry(t *testing.T) {
	d := newDesk(t, MixerOptions{Crossfade: 4 * time.Second})
	first := 8 * testRate
	a, c := leftThenRight(first, 2*testRate)
	cause := errors.New("not found")
	b := &reel{e: fake(5*testRate, testRate), rate: testRate, err: cause}
	d.playAll(Join{Fade: 4 * time.Second}, a, b, c)
	same(t, "the entry before a broken one", d.heardMusic(), append(level(first, 0.25, 0), c.pcm...))
	if k := d.mark(Over, b.e); !errors.Is(k.Err, cause) || k.Frame != int64(first) {
		t.Errorf("%+v", k)
	}
	if d.gaps() != 0 {
		t.Errorf("%d gaps", d.gaps())
	}
}

// TestFadeIntoBreakingEntry: one that breaks off in the middle of the fade leaves without a click.
func TestFadeIntoBreakingEntry(t *testing.T) {
	d := newDesk(t, MixerOptions{Crossfade: 4 * time.Second})
	first := 8 * testRate
	a, b := leftThenRight(first, testRate)
	b.e.SetLength(5 * time.Second)
	cause := errors.New("cut off")
	b.err = cause
	c := entry(level(5*testRate, 0, 0.25), testRate)
	d.playAll(Join{Fade: 4 * time.Second}, a, b, c)
	pcm := d.heardMusic()
	for i := 1; i < first; i++ {
		if step := math.Abs(float64(pcm[2*i+1] - pcm[2*i-1])); step > 0.25*1.1/(softTime*testRate) {
			t.Fatalf("frame %d: the incoming entry leaps by %v", i, step)
		}
	}
	if k := d.mark(Over, b.e); !errors.Is(k.Err, cause) {
		t.Errorf("%+v", k)
	}
	if len(pcm)/2 < first+4*testRate {
		t.Errorf("%d frames", len(pcm)/2)
	}
}

// TestFadeOfRates: each entry has its own rate, the output a third; the fade's frames are the output's.
func TestFadeOfRates(t *testing.T) {
	d := newDesk(t, MixerOptions{SampleRate: testRate, Crossfade: 3 * time.Second})
	a := entry(level(10*44_100+13, 0.25, 0), 44_100)
	b := entry(level(10*96_000+1, 0, 0.25), 96_000)
	d.playAll(Join{Fade: 3 * time.Second}, a, b)
	pcm := d.heardMusic()
	first := ((10*44_100+13)*testRate + 44_099) / 44_100
	second := (10*96_000 + 1 + 1) / 2
	if got, want := len(pcm)/2, first+second-3*testRate; got != want {
		t.Fatalf("%d frames, want %d", got, want)
	}
	// Away from the ends, where the filters ring, every gain is the curve's.
	for i := first - 3*testRate + 500; i < first-500; i += 97 {
		out, in := gains(pcm, i)
		wantOut, wantIn := dsp.Crossfade{}.Gains((float64(i-(first-3*testRate)) + 0.5) / (3 * testRate))
		if math.Abs(out-wantOut) > 1e-3 || math.Abs(in-wantIn) > 1e-3 {
			t.Fatalf("frame %d: gains %v and %v, want %v and %v", i, out, in, wantOut, wantIn)
		}
	}
}

// TestSkipInTheMiddleOfAFade: both entries leave by the short fade of the pull side.
func TestSkipInTheMiddleOfAFade(t *testing.T) {
	d := newDesk(t, MixerOptions{Crossfade: 4 * time.Second})
	a := entry(sine(0, 8*testRate, 200, 0.3, testRate), testRate)
	b := entry(sine(0, 8*testRate, 300, 0.3, testRate), testRate)
	c := entry(sine(0, 3*testRate, 250, 0.3, testRate), testRate)
	d.begin(Join{Fade: 4 * time.Second}, a, b)
	d.pull(6*testRate, a, b)
	still, _ := maxBend(d.pcm)
	d.m.Cut(c.e)
	d.m.Follow(c.e, nil, Join{Last: true})
	d.play(c)
	if bend, at := maxBend(d.pcm[:2*8*testRate]); bend > 4*still {
		t.Errorf("a click of %.5f at frame %d; the music bends by %.5f", bend, at, still)
	}
	if k := d.mark(Began, c.e); k.Position != 0 || k.Gapless {
		t.Errorf("%+v", k)
	}
	if _, ok := d.find(Over, b.e); ok {
		t.Error("what was cut is told as over")
	}
}

// TestPauseInTheMiddleOfAFade: the fade stands still meanwhile.
func TestPauseInTheMiddleOfAFade(t *testing.T) {
	d := newDesk(t, MixerOptions{Crossfade: 4 * time.Second})
	a, b := leftThenRight(8*testRate, 8*testRate)
	d.begin(Join{Fade: 4 * time.Second}, a, b)
	d.pull(6*testRate, a, b)
	d.m.SetPaused(true)
	d.pull(5*testRate, a, b)
	if n := d.m.Played(); n > 6*testRate+testRate/100 {
		t.Errorf("%d frames were played", n)
	}
	d.m.SetPaused(false)
	d.m.Follow(b.e, nil, Join{Last: true})
	d.play(a, b)
	if got := len(d.heardMusic()) / 2; got != 12*testRate {
		t.Errorf("%d frames are heard, want %d", got, 12*testRate)
	}
	if k := d.mark(Over, a.e); k.Frame != 8*testRate {
		t.Errorf("%+v", k)
	}
}

// TestWhatFollowsIsTakenInAFade: the actor hears of the next entry when the fade begins, and says at
// once what follows that one.
func TestWhatFollowsIsTakenInAFade(t *testing.T) {
	d := newDesk(t, MixerOptions{Crossfade: 2 * time.Second})
	a, b := leftThenRight(5*testRate, 5*testRate)
	c := entry(level(5*testRate, 0.25, 0), testRate)
	d.begin(Join{Fade: 2 * time.Second}, a, b)
	d.pull(4*testRate, a, b)
	if !d.advancedTo(b.e) {
		t.Fatal("the fade should have begun")
	}
	d.m.Follow(b.e, c.e, Join{Fade: 2 * time.Second})
	for range 600 {
		d.pull(480, a, b, c)
	}
	if k := d.mark(Began, c.e); k.Frame != 6*testRate {
		t.Errorf("%+v, want it at %d", k, 6*testRate)
	}
	for _, n := range d.notes {
		if n.Kind == Wanting && n.Entry == b.e {
			t.Error("asks for what it was told")
		}
	}
}

// TestFadeAtDoubleSpeed: a fade is of music, so at twice the speed it takes half the time; what is
// said of it stays right.
func TestFadeAtDoubleSpeed(t *testing.T) {
	d := newDesk(t, MixerOptions{Crossfade: 4 * time.Second})
	a, b := leftThenRight(8*testRate, 8*testRate)
	d.m.SetSpeed(2)
	d.playAll(Join{Fade: 4 * time.Second}, a, b)
	if got := len(d.heardMusic()) / 2; got != 6*testRate {
		t.Errorf("%d frames are heard, want %d", got, 6*testRate)
	}
	if k := d.mark(Began, b.e); k.Frame != 2*testRate || k.Speed != 2 {
		t.Errorf("%+v", k)
	}
	if k := d.mark(Over, a.e); k.Frame != 4*testRate {
		t.Errorf("%+v", k)
	}
}

// TestFadeIsWokenByItsEntry: a mixer that has time to wait for the entry that is faded in sleeps, and that
// entry's decoder wakes it.
func TestFadeIsWokenByItsEntry(t *testing.T) {
	const here = 3000 // frames of the second entry
	a, b := leftThenRight(2*testRate, 4*testRate)
	d := newDesk(t, MixerOptions{Crossfade: time.Second})
	d.begin(Join{Fade: time.Second}, a, b)
	b.e.decode(b.pcm[:here*Channels], 0, testRate)
	d.work(a)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_ = d.m.out.Load().ring.Wait(over) // a sink that waits for music
	d.pull(2*testRate, a)
	if got := len(d.heardMusic()) / Channels; got < testRate || got > testRate+here {
		t.Fatalf("%d frames are heard, want those before the fade and at most %d of it", got, here)
	}
	select {
	case <-d.m.wake:
	default:
	}
	d.m.obey()
	if wait := d.m.step(); wait >= 0 {
		t.Fatalf("the mixer looks again after %v", wait)
	}
	if err := b.e.blocks.send(t.Context(), &Block{PCM: b.pcm[here*Channels : 2*here*Channels], Rate: testRate, At: here}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-d.m.wake:
	default:
		t.Error("the mixer sleeps on")
	}
}
