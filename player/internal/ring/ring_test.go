package ring

import (
	"context"
	"errors"
	"io"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const rate = 48000

// count fills n frames whose samples tell where they come from.
func count(from, n int) []float32 {
	pcm := make([]float32, 2*n)
	for i := range n {
		pcm[2*i], pcm[2*i+1] = float32(from+i+1), -float32(from+i+1)
	}
	return pcm
}

func filled(t *testing.T, n int) *Ring {
	t.Helper()
	r := New(4800, 0, 2, rate)
	if got := r.Write(count(0, n)); got != n {
		t.Fatalf("wrote %d of %d", got, n)
	}
	r.Release()
	return r
}

func TestFramesComeOutAsTheyWentIn(t *testing.T) {
	r := New(100, 0, 2, rate)
	out := make([]float32, 2*7)
	written, read := 0, 0
	for read < 10_000 {
		written += r.Write(count(written, 33))
		r.Release()
		for range 5 {
			n := r.Pull(out)
			for i := range n {
				if want := float32(read + i + 1); out[2*i] != want || out[2*i+1] != -want {
					t.Fatalf("frame %d is %v", read+i, out[2*i:2*i+2])
				}
			}
			read += n
		}
	}
	if r.Played() != int64(read) || r.Consumed() != int64(read) || r.Written() != int64(written) {
		t.Errorf("played %d, consumed %d, written %d", r.Played(), r.Consumed(), r.Written())
	}
}

func TestHeldUntilReleased(t *testing.T) {
	r := New(100, 0, 2, rate)
	r.Write(count(0, 50))
	out := make([]float32, 2*10)
	out[3] = 9
	if n := r.Pull(out); n != 0 || out[3] != 0 || r.Underruns() != 0 {
		t.Errorf("held ring gave %d frames, %v, %d underruns", n, out, r.Underruns())
	}
	r.Release()
	if n := r.Pull(out); n != 10 || out[0] != 1 {
		t.Errorf("released ring gave %d frames from %v", n, out[0])
	}
}

func TestUnderrunHoldsAndCounts(t *testing.T) {
	r := filled(t, 15)
	out := make([]float32, 2*10)
	r.Pull(out)
	if n := r.Pull(out); n != 5 || r.Underruns() != 1 || !r.Held() {
		t.Errorf("%d frames, %d underruns, held %v", n, r.Underruns(), r.Held())
	}
	r.Write(count(15, 10))
	if n := r.Pull(out); n != 0 {
		t.Errorf("trickled %d frames", n)
	}
	r.Release()
	if n := r.Pull(out); n != 10 || out[0] != 16 {
		t.Errorf("%d frames from %v", n, out[0])
	}
}

func TestTheEndIsNoUnderrun(t *testing.T) {
	r := filled(t, 15)
	r.End()
	out := make([]float32, 2*10)
	r.Pull(out)
	if n := r.Pull(out); n != 5 || r.Underruns() != 0 || r.Held() {
		t.Errorf("%d frames, %d underruns, held %v", n, r.Underruns(), r.Held())
	}
	if err := r.Wait(context.Background()); err != io.EOF {
		t.Errorf("Wait: %v", err)
	}
}

func TestPauseFadesAndKeepsTheRest(t *testing.T) {
	r := filled(t, 4800)
	out := make([]float32, 2*480)
	r.Pull(out)
	r.SetPaused(true)
	n := r.Pull(out)
	if n < 230 || n > 250 {
		t.Errorf("fade took %d frames, want 5 ms", n)
	}
	for i := 1; i < n; i++ {
		gain, before := out[2*i]/float32(480+i+1), out[2*i-2]/float32(480+i)
		if gain > before || gain < 0 {
			t.Fatalf("gain rises from %v to %v at frame %d", before, gain, i)
		}
	}
	if r.Pull(out) != 0 || r.Underruns() != 0 {
		t.Error("music while paused")
	}
	r.SetPaused(false)
	if k := r.Pull(out); k != 480 || out[0] > float32(480+n+1) || out[2*479] != float32(480+n+480) {
		t.Errorf("resumed with %d frames, %v … %v", k, out[0], out[2*479])
	}
}

func TestFlushDropsWhatWasWritten(t *testing.T) {
	r := filled(t, 4800)
	out := make([]float32, 2*480)
	r.Pull(out)
	if at := r.Flush(); at != 4800 {
		t.Errorf("music goes on at frame %d", at)
	}
	n := r.Pull(out) // the old music fades out
	if n < 230 || n > 250 || r.Consumed() != 4800 {
		t.Errorf("%d frames of fade, consumed %d", n, r.Consumed())
	}
	r.Write(count(100_000, 2000))
	if r.Pull(out) != 0 {
		t.Error("music before Release")
	}
	r.Release()
	n = r.Pull(out)
	if n != 480 || out[0] >= 100_001*0.01 || out[2*479] != 100_480 {
		t.Errorf("%d frames, %v … %v: want a fade-in of 5 ms", n, out[0], out[2*479])
	}
}

func TestFlushOfSilenceHasNoFade(t *testing.T) {
	r := New(4800, 0, 2, rate)
	r.Write(count(0, 4800))
	out := make([]float32, 2*100)
	r.Pull(out) // held: silence
	r.Flush()
	if n := r.Pull(out); n != 0 || r.Consumed() != 4800 {
		t.Errorf("%d frames of what nobody was to hear", n)
	}
}

func TestVolumeRampsAndUnityIsExact(t *testing.T) {
	r := filled(t, 4800)
	out := make([]float32, 2*480)
	r.SetGain(0, 0)
	r.Pull(out)
	// What plays first has the volume of that moment: here none, yet it is consumed.
	if r.Consumed() != 480 || out[0] != 0 || out[2*479] != 0 {
		t.Errorf("consumed %d, %v", r.Consumed(), out[0])
	}
	r.SetGain(1, 0)
	r.Pull(out)
	if out[0] > 481*0.02 || out[2*479] != 960 {
		t.Errorf("ramp from %v to %v", out[0], out[2*479])
	}
	for i := 1; i < 480; i++ {
		if math.Abs(float64(out[2*i]-out[2*i-2])) > 20 {
			t.Fatalf("step at frame %d: %v to %v", i, out[2*i-2], out[2*i])
		}
	}
}

func TestAudibleKnowsOfSilence(t *testing.T) {
	r := filled(t, 100)
	out := make([]float32, 2*100)
	r.Pull(out)
	r.End()
	if got := r.Audible(60); got != 40 {
		t.Errorf("audible frame %d, want 40", got)
	}
	r.Pull(out[:2*50]) // 50 of silence: the device is 50 further
	if got := r.Audible(60); got != 90 {
		t.Errorf("audible frame %d, want 90", got)
	}
}

func TestPullAllocatesNothing(t *testing.T) {
	r := filled(t, 4800)
	in, out := count(0, 480), make([]float32, 2*480)
	i := 0
	if n := testing.AllocsPerRun(1000, func() {
		i++
		r.SetPaused(i%7 == 0)
		r.SetGain(float64(i%3)/2, 0)
		if i%50 == 0 {
			r.Flush()
		}
		r.Write(in)
		r.Release()
		r.Pull(out)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestPatientConsumerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(1000, 0, 2, rate)
		got := 0
		var wg sync.WaitGroup
		wg.Go(func() {
			out := make([]float32, 2*64)
			for {
				if err := r.Wait(context.Background()); err != nil {
					if err != io.EOF {
						t.Error(err)
					}
					return
				}
				n := r.Pull(out)
				for i := range n {
					if out[2*i] != float32(got+i+1) {
						t.Errorf("frame %d is %v", got+i, out[2*i])
						return
					}
				}
				got += n
			}
		})
		sent := 0
		for sent < 20_000 {
			n := r.Write(count(sent, 700))
			r.Release()
			r.Tell()
			sent += n
			if n == 0 {
				<-r.Room()
			}
			if sent%3 == 0 {
				time.Sleep(time.Second) // a slow network is no silence to this consumer
			}
		}
		r.End()
		r.Tell()
		wg.Wait()
		if got != sent || r.Underruns() != 0 {
			t.Errorf("%d of %d frames, %d underruns", got, sent, r.Underruns())
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	r := New(100, 0, 2, rate)
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("enough")
	cancel(cause)
	if err := r.Wait(ctx); err != cause {
		t.Errorf("got %v", err)
	}
}

func BenchmarkPull(b *testing.B) {
	in, out := count(0, 480), make([]float32, 2*480)
	r := New(4800, 0, 2, rate)
	b.SetBytes(int64(len(out) * 4))
	for b.Loop() {
		r.Write(in)
		r.Release()
		r.Pull(out)
	}
}

func BenchmarkCopyForComparison(b *testing.B) {
	in, mid, out := count(0, 480), make([]float32, 2*480), make([]float32, 2*480)
	b.SetBytes(int64(len(out) * 4))
	for b.Loop() {
		copy(mid, in)
		copy(out, mid)
	}
}
