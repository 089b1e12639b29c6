// Package waveform makes the outline of a track's sound that seek bars show: for each of some thousand
// stretches of time the lowest and the highest sample, and the level. It is made while the music is
// decoded, bit by bit and in any order, and refuses to be more than a picture: it measures no loudness.
package waveform

import (
	"encoding/binary"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/segue-audio/segue/player/media"
)

const (
	// MaxPoints bounds a Waveform's points. Whenever a track has grown beyond, each two become one, so that
	// there are MaxPoints/2 at least once it is longer than MaxPoints of the first ones.
	MaxPoints = 4096
	// FirstPoint is how long the first points are: 4096 of them last 3 minutes and 24 seconds.
	FirstPoint = 50 * time.Millisecond
	// maxSpans bounds the pieces that a track was decoded in, by seeking.
	maxSpans = 256
	// scale is full scale in a Point.
	scale = 127
)

// ErrFormat: the bytes are no Waveform.
var ErrFormat = errors.New("not a waveform")

// Point is a stretch of sound: its lowest and highest sample and the root of the mean of their squares, in
// 127ths of full scale. What was beyond that is at it.
type Point struct{ Min, Max, RMS int8 }

// Waveform is a track's outline, from its start on.
type Waveform struct {
	Step   time.Duration // how long a Point is; the last one may be shorter
	Points []Point
	// Missing tells, point by point, what wasn't decoded yet in whole; nil where nothing is missing
	// between the first point and the last.
	Missing []bool
	// Complete: the track was heard through to its end.
	Complete bool
}

// Of makes the outline of interleaved samples of a rate, in frames a second. The error is that of no
// channels or no rate.
func Of(pcm []float32, channels, rate int) (Waveform, error) {
	if channels < 1 || rate < 1 {
		return Waveform{}, errors.New("waveform: no channels or no rate")
	}
	var b Builder
	b.Add(pcm, channels, rate, 0)
	b.End(media.Frames(len(pcm) / channels).Duration(rate))
	return b.Waveform(), nil
}

// maxRate is far beyond that of any music.
const maxRate = 1 << 24

// span is a stretch of time that was taken in, in ticks.
type span struct{ from, to int64 }

// tick is what Builder counts time in, so that sample rates may change: 1/705,600,000 of a second holds a
// whole number of frames at all usual ones.
const tick = 705_600_000

// bucket is a Point that is being made.
type bucket struct {
	lo, hi float32
	square float64
	count  int64 // samples
}

// Builder makes a Waveform. Its methods may be called from several goroutines. The zero value is ready;
// Add allocates nothing once it has been called.
type Builder struct {
	mu      sync.Mutex
	step    int64 // ticks in a bucket
	buckets []bucket
	spans   []span // ascending, apart
	end     int64  // of the track; zero until End
	done    *Waveform
}

// Add takes in frames of interleaved samples, of which the first lies at a moment of the track, counted in
// frames at the rate. What was taken in before counts once.
func (b *Builder) Add(pcm []float32, channels, rate int, at media.Frames) {
	if channels < 1 || rate < 1 || rate > maxRate || at < 0 || int64(at) > math.MaxInt64/tick {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done != nil {
		return
	}
	b.ready()
	frames := len(pcm) / channels
	from, to := ticks(int64(at), rate), ticks(int64(at)+int64(frames), rate)
	for frames > 0 && from < to {
		free, upTo := b.free(from, to)
		skip := min(int((free-from+int64(tick/rate)/2)/int64(tick/rate)), frames)
		pcm, frames = pcm[skip*channels:], frames-skip
		n := min(int((upTo-free+int64(tick/rate)/2)/int64(tick/rate)), frames)
		if n == 0 || !b.cover(free, upTo) {
			return
		}
		b.take(pcm[:n*channels], channels, rate, free)
		pcm, frames, from = pcm[n*channels:], frames-n, upTo
	}
}

func ticks(frames int64, rate int) int64 { return media.Rescale(frames, int64(rate), tick) }

func (b *Builder) ready() {
	if b.buckets == nil {
		b.step = media.Rescale(int64(FirstPoint), int64(time.Second), tick)
		b.buckets = make([]bucket, 0, MaxPoints)
		b.spans = make([]span, 0, maxSpans)
	}
}

// free gives the first stretch between two moments that wasn't taken in; an empty one at the end where
// all was.
func (b *Builder) free(from, to int64) (free, upTo int64) {
	for _, s := range b.spans {
		if s.to <= from {
			continue
		}
		if s.from > from {
			return from, min(s.from, to)
		}
		if from = s.to; from >= to {
			return to, to
		}
	}
	return from, to
}

// cover notes a stretch that lies free; false where there are too many pieces already.
func (b *Builder) cover(from, to int64) bool {
	i := 0
	for i < len(b.spans) && b.spans[i].to < from {
		i++
	}
	before := i < len(b.spans) && b.spans[i].to == from
	next := i
	if before {
		next++
	}
	behind := next < len(b.spans) && b.spans[next].from == to
	switch {
	case before && behind:
		b.spans[i].to = b.spans[next].to
		b.spans = append(b.spans[:next], b.spans[next+1:]...)
	case before:
		b.spans[i].to = to
	case behind:
		b.spans[next].from = from
	case len(b.spans) == maxSpans:
		return false
	default:
		b.spans = append(b.spans, span{})
		copy(b.spans[i+1:], b.spans[i:])
		b.spans[i] = span{from, to}
	}
	return true
}

// take puts frames into their buckets.
func (b *Builder) take(pcm []float32, channels, rate int, at int64) {
	frame := int64(tick / rate)
	for len(pcm) >= channels {
		i := at / b.step
		for i >= MaxPoints {
			b.halve()
			i = at / b.step
		}
		for int64(len(b.buckets)) <= i {
			b.buckets = append(b.buckets, bucket{})
		}
		n := min(int(((i+1)*b.step-at+frame-1)/frame), len(pcm)/channels)
		b.buckets[i].add(pcm[:n*channels])
		pcm = pcm[n*channels:]
		at += int64(n) * frame
	}
}

func (k *bucket) add(pcm []float32) {
	lo, hi := k.lo, k.hi
	var square float32
	for _, v := range pcm {
		if v < lo {
			lo = v
		} else if v > hi {
			hi = v
		}
		square += v * v
	}
	if s := float64(square); s == s && !math.IsInf(s, 0) { // what is no number is no sound
		k.square += s
		k.count += int64(len(pcm))
	}
	k.lo, k.hi = lo, hi
}

// halve makes one bucket of each two.
func (b *Builder) halve() {
	n := (len(b.buckets) + 1) / 2
	for i := range n {
		k := b.buckets[2*i]
		if 2*i+1 < len(b.buckets) {
			o := b.buckets[2*i+1]
			k.lo, k.hi, k.square, k.count = min(k.lo, o.lo), max(k.hi, o.hi), k.square+o.square, k.count+o.count
		}
		b.buckets[i] = k
	}
	b.buckets = b.buckets[:n]
	b.step *= 2
}

// End says where the track ends.
func (b *Builder) End(at time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end = media.Rescale(int64(at), int64(time.Second), tick)
}

// Complete tells whether all of the track was taken in, up to its end.
func (b *Builder) Complete() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.complete()
}

// tolerance is what may be missing at a track's ends, since lengths are claims.
const tolerance = tick / 20

func (b *Builder) complete() bool {
	if b.done != nil {
		return b.done.Complete
	}
	return len(b.spans) == 1 && b.end > 0 && b.spans[0].from <= tolerance && b.spans[0].to >= b.end-tolerance
}

// Restore takes an outline that was made before: nothing is to be added to it.
func (b *Builder) Restore(w Waveform) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done, b.buckets, b.spans = &w, nil, nil
}

// Waveform gives the outline so far.
func (b *Builder) Waveform() Waveform {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done != nil {
		return *b.done
	}
	w := Waveform{Points: make([]Point, len(b.buckets)), Complete: b.complete()}
	w.Step = time.Duration(media.Rescale(b.step, tick, int64(time.Second)))
	for i, k := range b.buckets {
		p := Point{Min: level(k.lo), Max: level(k.hi)}
		if k.count > 0 {
			p.RMS = level(float32(math.Sqrt(k.square / float64(k.count))))
		}
		w.Points[i] = p
	}
	if len(b.spans) != 1 || b.spans[0].from > tolerance {
		w.Missing = make([]bool, len(b.buckets))
		for i := range w.Missing {
			free, to := b.free(int64(i)*b.step, int64(i+1)*b.step)
			w.Missing[i] = free < to && (i < len(b.buckets)-1 || free == int64(i)*b.step)
		}
	}
	return w
}

func level(v float32) int8 {
	return int8(max(-scale, min(scale, math.Round(float64(v)*scale))))
}

// Fit gives n points for the whole, for a picture that is n wide; fewer where there are fewer.
func (w *Waveform) Fit(n int) []Point {
	if n <= 0 || len(w.Points) <= n {
		return w.Points
	}
	out := make([]Point, n)
	for i := range out {
		from, to := i*len(w.Points)/n, (i+1)*len(w.Points)/n
		square := 0
		for k, p := range w.Points[from:to] {
			if k == 0 {
				out[i] = p
			}
			out[i].Min, out[i].Max = min(out[i].Min, p.Min), max(out[i].Max, p.Max)
			square += int(p.RMS) * int(p.RMS)
		}
		out[i].RMS = int8(math.Round(math.Sqrt(float64(square) / float64(to-from))))
	}
	return out
}

// magic begins the bytes of a Waveform; its last letter is the version.
const magic = "SGW1"

// headBytes are the magic, the step, the flags and the count.
const headBytes = len(magic) + 8 + 1 + 4

// MarshalBinary gives the bytes that UnmarshalBinary reads: 17, and 3 for each point. It never fails. What
// is missing isn't kept: an outline with gaps counts as incomplete.
func (w Waveform) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, headBytes+3*len(w.Points))
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint64(b, uint64(w.Step))
	flags := byte(0)
	if w.Complete && w.Missing == nil {
		flags = 1
	}
	b = append(b, flags)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(w.Points)))
	for _, p := range w.Points {
		b = append(b, byte(p.Min), byte(p.Max), byte(p.RMS))
	}
	return b, nil
}

// UnmarshalBinary reads what MarshalBinary gave. The error wraps ErrFormat.
func (w *Waveform) UnmarshalBinary(b []byte) error {
	if len(b) < headBytes || string(b[:len(magic)]) != magic {
		return ErrFormat
	}
	step := binary.LittleEndian.Uint64(b[4:])
	n := binary.LittleEndian.Uint32(b[13:])
	if n > MaxPoints || len(b) != headBytes+3*int(n) || step == 0 || step > math.MaxInt64/MaxPoints {
		return ErrFormat
	}
	*w = Waveform{Step: time.Duration(step), Complete: b[12] == 1, Points: make([]Point, n)}
	for i := range w.Points {
		p := b[headBytes+3*i:]
		w.Points[i] = Point{int8(p[0]), int8(p[1]), int8(p[2])}
	}
	return nil
}
