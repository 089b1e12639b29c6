package pipeline

import (
	"time"

	"github.com/segue-audio/segue/player/dsp"
)

// limitCeiling is the highest true peak that comes out of the mixer.
const limitCeiling = dsp.Ceiling

// limitLeave is how long the way out of the limiter takes.
const limitLeave = 100 * time.Millisecond

// guard is a limiter that is in the way only while something may raise peaks: gains, fades, processors.
// Music that is merely loud passes bit for bit, at full scale and beyond, as its makers wanted it.
type guard struct {
	limiter *dsp.Limiter
	on      bool
	share   float32 // of the signal that goes past the limiter, on the way out
	step    float32

	raw     []float32 // a circle of the frames that the limiter holds, as they came
	from, n int       // where its oldest lies, and how many there are
	out     []float32
}

func newGuard(rate int) (*guard, error) {
	l, err := dsp.NewLimiter(rate, Channels, limitCeiling)
	if err != nil {
		return nil, err
	}
	return &guard{
		limiter: l, step: float32(1 / (limitLeave.Seconds() * float64(rate))),
		raw: make([]float32, (int(l.Latency())+chunk)*Channels), out: make([]float32, chunk*Channels),
	}, nil
}

// process appends to dst what comes out for src; needed tells whether peaks may have been raised.
func (g *guard) process(dst, src []float32, needed bool) []float32 {
	if !g.on && needed && len(src) > 0 {
		g.on, g.share = true, 0
	}
	for g.on && len(src) > 0 {
		n := min(len(src), chunk*Channels)
		dst = g.limit(dst, src[:n], needed)
		src = src[n:]
		if !needed && (g.share == 1 || g.limiter.Idle()) {
			dst = g.leave(dst)
		}
	}
	return append(dst, src...)
}

// limit runs up to a chunk through the limiter.
func (g *guard) limit(dst, src []float32, needed bool) []float32 {
	g.keep(src)
	for {
		c, p := g.limiter.Process(g.out, src)
		if c == 0 && p == 0 {
			return dst
		}
		src = src[c*Channels:]
		dst = g.blend(dst, g.out[:p*Channels], needed)
	}
}

// keep takes frames into the circle.
func (g *guard) keep(src []float32) {
	at := (g.from + g.n) * Channels % len(g.raw)
	k := copy(g.raw[at:], src)
	copy(g.raw, src[k:])
	g.n += len(src) / Channels
}

// blend appends limited frames to dst, and on the way out more and more of them as they came.
func (g *guard) blend(dst, limited []float32, needed bool) []float32 {
	frames := len(limited) / Channels
	for i := 0; i < frames && (g.share > 0 || !needed); i++ {
		if needed {
			g.share = max(0, g.share-g.step)
		} else {
			g.share = min(1, g.share+g.step)
		}
		raw := g.raw[(g.from+i)*Channels%len(g.raw):]
		for c := range Channels {
			limited[i*Channels+c] += (raw[c] - limited[i*Channels+c]) * g.share
		}
	}
	g.from = (g.from + frames) % (len(g.raw) / Channels)
	g.n -= frames
	return append(dst, limited...)
}

// leave takes the limiter out of the way: what it holds goes out as it came.
func (g *guard) leave(dst []float32) []float32 {
	for ; g.n > 0; g.n-- {
		dst = append(dst, g.raw[g.from*Channels:][:Channels]...)
		g.from = (g.from + 1) % (len(g.raw) / Channels)
	}
	g.reset()
	return dst
}

// flush appends to dst what is held at the end of all music.
func (g *guard) flush(dst []float32) []float32 {
	for done := !g.on; !done; {
		var n int
		n, done = g.limiter.Flush(g.out)
		dst = append(dst, g.out[:n*Channels]...)
	}
	g.reset()
	return dst
}

// reset forgets all frames taken so far.
func (g *guard) reset() {
	g.limiter.Reset()
	g.on, g.share, g.from, g.n = false, 0, 0, 0
}
