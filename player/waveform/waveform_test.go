package waveform_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/waveform"
)

// swelling is a stereo tone that grows from nothing to full scale.
func swelling(seconds, rate int) []float32 {
	n := seconds * rate
	pcm := make([]float32, 2*n)
	for i := range n {
		v := math.Sin(2*math.Pi*441*float64(i)/float64(rate)) * float64(i) / float64(n)
		pcm[2*i], pcm[2*i+1] = float32(v), float32(-v/2)
	}
	return pcm
}

func TestOutlineOfATone(t *testing.T) {
	for _, rate := range []int{44100, 48000, 96000, 11025} {
		w, err := waveform.Of(swelling(10, rate), 2, rate)
		if err != nil {
			t.Fatal(err)
		}
		if len(w.Points) != 200 || w.Step != waveform.FirstPoint || !w.Complete || w.Missing != nil {
			t.Fatalf("rate %d: %d points of %v, complete %v", rate, len(w.Points), w.Step, w.Complete)
		}
		for i, p := range w.Points {
			peak := float64(i+1) / 200 * 127
			rms := (float64(i) + 0.5) / 200 * 127 * math.Sqrt((1+0.25)/4)
			if math.Abs(float64(p.Max)-peak) > 2 || math.Abs(-float64(p.Min)-peak) > 2 || math.Abs(float64(p.RMS)-rms) > 1.5 {
				t.Fatalf("rate %d: point %d is %+v, want ±%.1f and %.1f", rate, i, p, peak, rms)
			}
		}
	}
	if _, err := waveform.Of(nil, 0, 44100); err == nil {
		t.Error("no channels gave no error")
	}
}

// TestLongTracksHaveNoMorePoints compares a track of four hours with its own loudness.
func TestLongTracksHaveNoMorePoints(t *testing.T) {
	var b waveform.Builder
	const rate, seconds = 100, 4 * 3600 // few frames, much time
	pcm := make([]float32, rate)
	for s := range seconds {
		for i := range pcm {
			pcm[i] = float32(s) / seconds
		}
		b.Add(pcm, 1, rate, media.Frames(s*rate))
	}
	b.End(seconds * time.Second)
	w := b.Waveform()
	if n := len(w.Points); n < waveform.MaxPoints/2 || n > waveform.MaxPoints || !w.Complete {
		t.Fatalf("%d points, complete %v", n, w.Complete)
	}
	for i, p := range w.Points {
		at := (time.Duration(i)*w.Step + w.Step/2).Seconds() / seconds * 127
		if math.Abs(float64(p.Max)-at) > 1.5 || math.Abs(float64(p.RMS)-at) > 1.5 {
			t.Fatalf("point %d is %+v, want %.1f", i, p, at)
		}
	}
}

// TestAnyOrder gives the pieces of a track in random order, with overlaps, and wants the same outline.
func TestAnyOrder(t *testing.T) {
	const rate = 44100
	pcm := swelling(10, rate)
	want, _ := waveform.Of(pcm, 2, rate)
	rng := rand.New(rand.NewPCG(7, 7))
	for range 20 {
		var b waveform.Builder
		b.End(10 * time.Second)
		type piece struct{ from, to int }
		var pieces []piece
		for at := 0; at < 10*rate; at += 40_000 {
			pieces = append(pieces, piece{max(0, at-rng.IntN(20_000)), min(10*rate, at+40_000+rng.IntN(20_000))})
		}
		rng.Shuffle(len(pieces), func(i, k int) { pieces[i], pieces[k] = pieces[k], pieces[i] })
		for i, p := range pieces {
			if i > 0 && b.Complete() && i < len(pieces)-3 {
				t.Fatal("complete before all was there")
			}
			for at := p.from; at < p.to; at += 4096 {
				b.Add(pcm[2*at:2*min(at+4096, p.to)], 2, rate, media.Frames(at))
			}
		}
		got := b.Waveform()
		if !slices.Equal(got.Points, want.Points) || !got.Complete || got.Missing != nil {
			for i := range got.Points {
				if got.Points[i] != want.Points[i] {
					t.Errorf("point %d: %+v, want %+v", i, got.Points[i], want.Points[i])
				}
			}
			t.Fatalf("another outline: %d points, complete %v", len(got.Points), got.Complete)
		}
	}
}

func TestPartialTracks(t *testing.T) {
	const rate = 48000
	pcm := swelling(10, rate)
	var b waveform.Builder
	b.End(10 * time.Second)
	b.Add(pcm[:2*rate], 2, rate, 0)
	b.Add(pcm[2*5*rate:2*6*rate], 2, rate, 5*rate)
	w := b.Waveform()
	if w.Complete || len(w.Points) != 120 || len(w.Missing) != 120 {
		t.Fatalf("%d points, %d missing, complete %v", len(w.Points), len(w.Missing), w.Complete)
	}
	for i, m := range w.Missing {
		if want := i >= 20 && i < 100; m != want {
			t.Errorf("point %d missing: %v", i, m)
		}
	}
}

func TestBytes(t *testing.T) {
	want, _ := waveform.Of(swelling(3, 44100), 2, 44100)
	b, err := want.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var got waveform.Waveform
	if err := got.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if got.Step != want.Step || !got.Complete || !slices.Equal(got.Points, want.Points) {
		t.Error("another waveform came back")
	}
	for n := range b {
		if err := got.UnmarshalBinary(b[:n]); !errors.Is(err, waveform.ErrFormat) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	var r waveform.Builder
	r.Restore(want)
	r.Add(make([]float32, 1000), 2, 44100, 0)
	if again := r.Waveform(); !r.Complete() || !slices.Equal(again.Points, want.Points) {
		t.Error("a restored outline was changed")
	}
}

func TestFit(t *testing.T) {
	w, _ := waveform.Of(swelling(10, 44100), 2, 44100)
	for _, n := range []int{1, 7, 100, 199, 200, 500} {
		got := w.Fit(n)
		if len(got) != min(n, len(w.Points)) {
			t.Fatalf("%d points, want %d", len(got), n)
		}
		if last := got[len(got)-1]; last.Max < 125 || last.Min > -125 {
			t.Errorf("fit to %d, the last point is %+v", n, last)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	var b waveform.Builder
	pcm := swelling(1, 48000)[:2*4096]
	at := media.Frames(0)
	b.Add(pcm, 2, 48000, at)
	if n := testing.AllocsPerRun(2000, func() {
		at += 4096
		b.Add(pcm, 2, 48000, at)
	}); n != 0 {
		t.Errorf("%v allocations for a block", n)
	}
}

func TestOddInput(t *testing.T) {
	var b waveform.Builder
	nan := float32(math.NaN())
	b.Add([]float32{nan, float32(math.Inf(1)), 0.5, -3}, 1, 44100, 0)
	b.Add([]float32{1}, 1, 44100, math.MaxInt64)
	b.Add([]float32{1}, 1, 44100, -5)
	b.Add([]float32{1}, 1, 0, 5)
	w := b.Waveform()
	if len(w.Points) != 1 || w.Points[0].Max != 127 || w.Points[0].Min != -127 {
		t.Errorf("%+v", w)
	}
}

func FuzzUnmarshal(f *testing.F) {
	w, _ := waveform.Of(swelling(1, 8000), 2, 8000)
	b, _ := w.MarshalBinary()
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var w waveform.Waveform
		if w.UnmarshalBinary(b) != nil {
			return
		}
		if again, _ := w.MarshalBinary(); len(again) != len(b) || !bytes.Equal(again[17:], b[17:]) {
			t.Error("other bytes came back")
		}
		w.Fit(100)
	})
}

func BenchmarkAdd(b *testing.B) {
	var w waveform.Builder
	pcm := swelling(1, 48000)[:2*4096]
	at := media.Frames(0)
	b.SetBytes(int64(len(pcm) * 4))
	for b.Loop() {
		w.Add(pcm, 2, 48000, at%(200*48000))
		at += 4096
		if at%(200*48000) < 4096 {
			w = waveform.Builder{}
		}
	}
}
