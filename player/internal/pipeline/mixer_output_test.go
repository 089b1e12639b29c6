package pipeline

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
)

// lose breaks the output, with frames in it that nobody has heard.
func (d *desk) lose(held media.Frames) {
	d.t.Helper()
	if d.out.latency != held {
		d.t.Fatal("a sink's latency doesn't leap")
	}
	d.out.failed <- errors.New("unplugged")
	err := <-d.m.failed // as Run does
	d.m.failed = nil
	d.m.lose(err)
	d.out.src = nil
	d.hear()
	if n := d.notes[len(d.notes)-1]; n.Kind != Lost || !errors.Is(n.Err, ErrOutput) {
		d.t.Fatalf("%+v", n)
	}
}

// TestReopenedOutputGoesOn: what the lost one held is played by the next, from the very frame.
func TestReopenedOutputGoesOn(t *testing.T) {
	const n, held = 5 * testRate, 9_600
	d := newDesk(t, MixerOptions{})
	a := entry(numbered(0, n), testRate)
	d.out.latency = held
	d.begin(Join{}, a)
	d.pull(2*testRate, a)
	d.lose(held)
	at := d.m.Audible()
	if at != 2*testRate-held {
		t.Errorf("frame %d was heard last, want %d", at, 2*testRate-held)
	}
	d.out.latency = 0
	if got := d.m.Audible(); got != at {
		t.Errorf("the position moves to %d while nothing is heard", got)
	}
	d.out.refuse = errors.New("not yet")
	d.m.Reopen()
	d.work(a)
	if n := d.notes[len(d.notes)-1]; n.Kind != Lost || d.m.Audible() != at {
		t.Errorf("%+v, at %d", n, d.m.Audible())
	}
	d.out.refuse = nil
	d.m.Reopen()
	d.work(a)
	if n := d.notes[len(d.notes)-1]; n.Kind != Started || n.SampleRate != testRate || d.m.Audible() != at {
		t.Errorf("%+v, at %d", n, d.m.Audible())
	}
	before := len(d.pcm) / 2
	d.play(a)
	after := d.pcm[2*before:]
	want := numbered(2*testRate-held, n-2*testRate+held)
	for i := range 240 { // the music fades in
		if ratio := after[2*i] / want[2*i]; math.Abs(float64(ratio)-float64(i+1)/240) > 1e-4 {
			t.Fatalf("frame %d of the fade-in: gain %v", i, ratio)
		}
	}
	same(t, "after the loss", after[2*240:len(want)], want[2*240:])
	if got := d.m.Played(); got != n {
		t.Errorf("%d frames counted as played", got)
	}
	if k := d.mark(Finished, nil); k.Frame != n {
		t.Errorf("%+v", k)
	}
}

// TestReopenedAtAnotherRate: the music goes on at the new rate, from the frame, and so does the
// timeline.
func TestReopenedAtAnotherRate(t *testing.T) {
	for _, rate := range []int{44_100, 96_000, 8_000} {
		d := newDesk(t, MixerOptions{})
		const n = 6 * testRate
		a := entry(sine(0, n, 440, 0.5, testRate), testRate)
		d.out.latency = 4_800
		d.begin(Join{}, a)
		d.pull(2*testRate, a)
		d.lose(4_800)
		d.out.latency, d.out.rate = 0, rate
		d.m.Reopen()
		d.work(a)
		if d.m.OutputRate() != rate || d.m.SampleRate() != testRate {
			t.Fatalf("output at %d Hz, mixer at %d", d.m.OutputRate(), d.m.SampleRate())
		}
		before := len(d.pcm) / 2
		d.pull(rate, a)
		if off := d.m.Audible() - (3*testRate - 4_800); off < -2 || off > 2 {
			t.Errorf("%d Hz: frame %d is heard after a second", rate, d.m.Audible())
		}
		d.play(a)
		after := d.pcm[2*before:]
		left := n - (2*testRate - 4_800)
		want := sine((2*testRate-4_800)*rate/testRate, (left*rate+testRate-1)/testRate, 440, 0.5, rate)
		heard := 0
		for i := before; i < len(d.music) && d.music[i]; i++ {
			heard++
		}
		if heard != len(want)/2 {
			t.Errorf("%d Hz: %d frames are heard, want %d", rate, heard, len(want)/2)
		}
		fade := rate / 200
		for i := fade; i < len(want)/2-fade; i++ {
			if diff := math.Abs(float64(after[2*i] - want[2*i])); diff > 1e-4 {
				t.Fatalf("%d Hz: frame %d is off by %v", rate, i, diff)
			}
		}
		if k := d.mark(Finished, nil); k.Frame != n {
			t.Errorf("%+v", k)
		}
	}
}

// TestCutSettlesTheRate: after a seek nothing needs to be resampled twice, and numbers still rise.
func TestCutSettlesTheRate(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	a, b := entry(numbered(0, 4*testRate), testRate), entry(numbered(0, 44_100), 44_100)
	d.begin(Join{}, a)
	d.pull(testRate, a)
	d.lose(0)
	d.out.rate = 44_100
	d.m.Reopen()
	d.pull(44_100, a)
	at := d.m.Audible()
	d.begin(Join{}, b)
	d.pull(960, b)
	if d.m.SampleRate() != 44_100 {
		t.Errorf("the mixer runs at %d Hz", d.m.SampleRate())
	}
	d.play(b)
	if k := d.mark(Began, b.e); k.Frame <= at || d.m.Audible() != k.Frame+44_100 {
		t.Errorf("%+v, then at %d; before at %d", k, d.m.Audible(), at)
	}
	pcm := d.heardMusic()
	same(t, "bit for bit at the sink's rate", pcm[len(pcm)-2*43_000:], b.pcm[2*1_100:])
}

// TestCutWhileLost: the listener goes elsewhere while there is no output.
func TestCutWhileLost(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	a, b := entry(numbered(0, 4*testRate), testRate), entry(level(testRate, 0.5, 0.5), testRate)
	d.out.latency = 4_800
	d.begin(Join{}, a)
	d.pull(testRate, a)
	d.lose(4_800)
	d.begin(Join{}, b)
	d.work(b)
	d.out.latency = 0
	d.m.Reopen()
	before := len(d.pcm)
	d.play(b)
	loud := 0
	for _, v := range d.pcm[before:] {
		if v == 0.5 {
			loud++
		}
	}
	if loud < 2*(testRate-240) {
		t.Errorf("%d samples of the new entry are heard", loud)
	}
	if k := d.mark(Over, b.e); k.Frame-d.mark(Began, b.e).Frame != testRate {
		t.Errorf("%+v", k)
	}
}

// TestFirstOutputFails: the place is kept until there is one.
func TestFirstOutputFails(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	d.out.refuse = errors.New("no device")
	a := entry(numbered(0, testRate), testRate)
	d.begin(Join{}, a)
	d.work(a)
	if n := d.notes[len(d.notes)-1]; n.Kind != Lost || d.m.SampleRate() != 0 {
		t.Fatalf("%+v", n)
	}
	d.out.refuse = nil
	d.m.Reopen()
	d.play(a)
	same(t, "after a second try", d.heardMusic(), a.pcm)
}

// TestSinkHasItsOwnRate: a sink that can't do the music's rate says so, and gets what it can do.
func TestSinkHasItsOwnRate(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	d.out.rate = testRate
	a := entry(level(96_000, 0.25, 0.25), 96_000)
	d.playAll(Join{}, a)
	if got := len(d.heardMusic()) / 2; got != testRate || d.m.SampleRate() != testRate {
		t.Errorf("%d frames at %d Hz", got, d.m.SampleRate())
	}
}

// TestSinkHasItsOwnChannels: one channel is the mean of two, six have the music in front.
func TestSinkHasItsOwnChannels(t *testing.T) {
	for ch, want := range map[int][]float32{1: {0.375}, 6: {0.25, 0.5, 0, 0, 0, 0}} {
		d := newDesk(t, MixerOptions{})
		d.out.ch = ch
		a := entry(level(testRate, 0.25, 0.5), testRate)
		d.m.Cut(a.e)
		d.work(a)
		buf := make([]float32, 3000*ch)
		if n := d.out.src.Pull(buf); n != 3000 {
			t.Fatalf("%d channels: %d frames", ch, n)
		}
		same(t, "the first frame", buf[:ch], want)
		same(t, "the last frame", buf[2999*ch:], want)
		if n := testing.AllocsPerRun(3, func() { d.out.src.Pull(buf) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
	d := newDesk(t, MixerOptions{})
	d.out.ch = 40
	a := entry(level(testRate, 0.25, 0.5), testRate)
	d.m.Cut(a.e)
	d.work(a)
	if n := d.notes[len(d.notes)-1]; n.Kind != Lost || !errors.Is(n.Err, dsp.ErrFormat) {
		t.Errorf("%+v", n)
	}
}

// TestGainOutlivesItsOutput: an exchange of outputs leaves the volume and its ramp as they are.
func TestGainOutlivesItsOutput(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	a := entry(level(8*testRate, 0.5, 0.5), testRate)
	d.m.SetGain(0.5, 0)
	d.begin(Join{}, a)
	d.pull(testRate, a)
	d.m.SetGain(0, 4*time.Second)
	d.pull(2*testRate, a)
	half := d.pcm[len(d.pcm)-1]
	d.lose(0)
	d.out.rate = 44_100
	d.m.Reopen()
	d.pull(1000, a)
	if got := d.pcm[len(d.pcm)-1]; math.Abs(float64(got/half)-1) > 0.04 {
		t.Errorf("%v before, %v after", half, got)
	}
	d.pull(2*44_100, a)
	if got := d.pcm[len(d.pcm)-1]; got != 0 {
		t.Errorf("%v at the end of the ramp", got)
	}
}
