package ring

import (
	"math"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// tone is n frames of a sine wave of full scale.
func tone(from, n int, hz float64) []float32 {
	pcm := make([]float32, 2*n)
	for i := range n {
		v := float32(math.Sin(2 * math.Pi * hz * float64(from+i) / rate))
		pcm[2*i], pcm[2*i+1] = v, v
	}
	return pcm
}

// through plays n frames of what make gives through a ring, in requests of period frames.
func through(r *Ring, n, period int, music func(from, n int) []float32, before func(at int)) (out []float32) {
	buf := make([]float32, 2*period)
	for at := 0; at < n; at += period {
		r.Write(music(at, period))
		r.Release()
		if before != nil {
			before(at)
		}
		r.Pull(buf)
		out = append(out, buf...)
	}
	return out
}

// TestRampIsSmooth: fades of all lengths take as long as they should, never go back, change by the
// same part of the cube root in the same time, and leave no steps: the second difference of a tone
// under them is that of the tone.
func TestRampIsSmooth(t *testing.T) {
	ones := func(_, n int) []float32 {
		pcm := make([]float32, 2*n)
		for i := range pcm {
			pcm[i] = 1
		}
		return pcm
	}
	for _, tt := range []struct {
		from, to float64
		over     time.Duration
	}{
		{1, 0, 12 * time.Second}, {0, 1, 5 * time.Second}, {1, 0.2, 200 * time.Millisecond},
		{0.2, 1, 200 * time.Millisecond}, {1, 0.5, 0}, {0.5, 0.51, time.Second},
	} {
		over := int(media.FramesIn(max(tt.over, fade), rate))
		ramp := func(music func(from, n int) []float32) []float32 {
			r := New(9600, 0, 2, rate)
			r.SetGain(tt.from, 0)
			begin := 4800
			return through(r, begin+over+9600, 480, music, func(at int) {
				if at == begin {
					r.SetGain(tt.to, tt.over)
				}
			})[2*begin:]
		}
		gains := ramp(ones)
		for i := range over + 100 {
			part := min(1, float64(i+1)/float64(over))
			u := math.Cbrt(tt.from) + (math.Cbrt(tt.to)-math.Cbrt(tt.from))*part
			if got := float64(gains[2*i]); math.Abs(got-u*u*u) > 1e-6 {
				t.Fatalf("%v to %v in %v: frame %d of %d has gain %v, want %v", tt.from, tt.to, tt.over, i, over, got, u*u*u)
			}
		}
		if tt.over == 0 {
			continue
		}
		pcm := ramp(func(from, n int) []float32 { return tone(from, n, 100) })
		most := 0.0
		for i := 4; i < len(pcm); i += 2 {
			most = max(most, math.Abs(float64(pcm[i]-2*pcm[i-2]+pcm[i-4])))
		}
		still := math.Pow(2*math.Pi*100/rate, 2) * max(tt.from, tt.to)
		if most > still*1.05+1e-6*float64(rate)/float64(over) {
			t.Errorf("%v to %v in %v: the tone bends by %v under the ramp, by itself by %v", tt.from, tt.to, tt.over, most, still)
		}
	}
}

// TestRampGoesOnInSilence: a fade of a minute is over after a minute, also where music stops.
func TestRampGoesOnInSilence(t *testing.T) {
	r := filled(t, 4800)
	out := make([]float32, 2*480)
	r.Pull(out)
	r.SetGain(0, time.Second)
	r.SetPaused(true)
	for range 100 {
		r.Pull(out)
	}
	r.SetPaused(false)
	r.Pull(out)
	for i, v := range out {
		if v != 0 {
			t.Fatalf("sample %d is %v when the fade was over", i, v)
		}
	}
}

// TestNewRampBeginsWhereTheOldOneIs: turning a knob to and fro makes no leap.
func TestNewRampBeginsWhereTheOldOneIs(t *testing.T) {
	r := New(9600, 0, 2, rate)
	i := 0
	out := through(r, 2*rate, 100, func(_, n int) []float32 {
		pcm := make([]float32, 2*n)
		for i := range pcm {
			pcm[i] = 1
		}
		return pcm
	}, func(int) { i++; r.SetGain([]float64{0, 1, 0.3, 0.9}[i%4], time.Duration(i%3)*50*time.Millisecond) })
	for i := 2; i < len(out); i += 2 {
		// The steepest is a ramp of 5 ms from 0 to 1, at its end: three times its mean.
		if step := math.Abs(float64(out[i] - out[i-2])); step > 3.1/240 {
			t.Fatalf("frame %d: from %v to %v", i/2, out[i-2], out[i])
		}
	}
}

// TestRewindGivesAgainWhatWasLost: frames that a lost sink held come again, with a fade-in, and are
// counted once.
func TestRewindGivesAgainWhatWasLost(t *testing.T) {
	r := New(1000, 2000, 2, rate)
	out := make([]float32, 2*100)
	at := 0
	for range 300 {
		at += r.Write(count(at, 250))
		r.Release()
		r.Pull(out)
	}
	if r.Consumed() != 30_000 || r.Free() > 100 {
		t.Fatalf("consumed %d, free %d", r.Consumed(), r.Free())
	}
	if got := r.Rewind(28_500); got != 28_500 || r.Played() != 28_500 {
		t.Fatalf("rewound to %d, %d played", got, r.Played())
	}
	if got := r.Audible(5_000); got != 28_500 {
		t.Errorf("frame %d is heard: a new sink has given nothing yet", got)
	}
	for n := 28_500; n < 29_900; n += 100 {
		if got := r.Pull(out); got != 100 {
			t.Fatalf("frame %d: %d frames", n, got)
		}
		for i := range 100 {
			want := float32(n+i+1) * min(1, float32(n+i-28_500+1)/240)
			if got := out[2*i]; math.Abs(float64(got/want)-1) > 1e-3 {
				t.Fatalf("frame %d is %v, want %v", n+i, got, want)
			}
		}
	}
	if got := r.Rewind(0); got != r.Written()-3000 {
		t.Errorf("rewound to %d; 3,000 frames before %d are kept at most", got, r.Written())
	}
	r.Flush()
	if got := r.Rewind(0); got != r.Written() {
		t.Errorf("rewound to %d, into what was dropped", got)
	}
}

// TestAudibleBridgesAPause: music before a short silence is still on its way to the ear when music
// follows.
func TestAudibleBridgesAPause(t *testing.T) {
	r := filled(t, 4800)
	out := make([]float32, 2*100)
	pull := func(n int) {
		for ; n > 0; n -= 100 {
			r.Pull(out)
		}
	}
	pull(1000)
	r.held.Store(true) // 300 frames of silence
	pull(300)
	r.Release()
	pull(200)
	for latency, want := range map[media.Frames]int64{0: 1200, 150: 1050, 200: 1000, 350: 1000, 500: 1000, 600: 900, 1500: 0} {
		if got := r.Audible(latency); got != want {
			t.Errorf("with %d frames on the way, frame %d is heard, want %d", latency, got, want)
		}
	}
}

// TestLimit: no more waits than is allowed, whatever there is room for.
func TestLimit(t *testing.T) {
	r := New(1000, 500, 2, rate)
	r.Limit(300)
	if n := r.Write(count(0, 800)); n != 300 || r.Free() != 0 || r.Size() != 300 {
		t.Errorf("wrote %d, %d free", n, r.Free())
	}
	r.Limit(5000)
	if n := r.Write(count(300, 5000)); n != 700 || r.Size() != 1000 {
		t.Errorf("wrote %d", n)
	}
	r.Limit(10)
	if r.Free() != 0 || r.Write(count(0, 1)) != 0 {
		t.Errorf("%d free", r.Free())
	}
}
