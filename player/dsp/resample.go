package dsp

import (
	"fmt"

	"github.com/segue-audio/segue/player/media"
)

// Quality says how much work a Resampler does. The figures hold from the lower of the two rates'
// point of view: at 44.1 kHz, 0.907 of half the rate is 20 kHz. Nothing above half the lower rate
// passes: the stop band begins there, so aliases and images are down by its depth at every frequency.
// Noise is all that comes out beside a full-scale sine in the pass band.
type Quality int

// The qualities of a Resampler.
const (
	// Good passes 0.907 of the band within ±0.0001 dB; stop band −113 dB, noise −123 dB. The default.
	Good Quality = iota
	// Fast passes 0.80 of the band within ±0.001 dB; stop band −82 dB, noise −90 dB. A third of
	// Good's work.
	Fast
	// Best passes 0.95 of the band within ±0.0001 dB; stop band and noise −134 dB, which is where
	// sums in float32 end. 2.4 times Good's work.
	Best
)

// Resampler converts from one sample rate to another with a polyphase Kaiser-windowed sinc.
//
// It compensates its own delay: output frame k is the input at time k·in/out, exactly, from k = 0 on;
// what precedes the first frame and follows the last counts as silence. After Flush, n input frames
// have given ceil(n·out/in) frames: those whose time lies before the end of the input. A piece of
// music cut anywhere, as between tracks, is resampled seamlessly by going on with Process.
//
// At equal rates it passes every bit through. It implements Stream.
type Resampler struct {
	channels int
	up, down int64 // out/in in lowest terms
	bank     *filterBank

	buf     []float32 // the window of input that outputs are made from, interleaved
	fill    int       // frames in buf
	base    int       // frame of buf where the next output's window begins
	phase   int64     // the next output lies phase/up after its input frame
	taken   int64     // input frames since Reset
	given   int64     // output frames since Reset
	padding int       // frames of silence still to be appended by Flush; −1 before Flush
}

// resampleBlock is how many frames Resampler takes into its window at a time. The window is moved
// to the front of the buffer once per block, so the block is a few times the longest usual filter.
const resampleBlock = 2048

// NewResampler makes a Resampler for interleaved frames of the given channel count. Rates outside
// MinRate to MaxRate and channels outside 1 to MaxChannels give ErrFormat. It uses at most 2 MiB
// for filter tables, whatever the rates.
func NewResampler(inRate, outRate, channels int, q Quality) (*Resampler, error) {
	if inRate < MinRate || inRate > MaxRate || outRate < MinRate || outRate > MaxRate {
		return nil, fmt.Errorf("%w: resample %d Hz to %d Hz", ErrFormat, inRate, outRate)
	}
	if channels < 1 || channels > MaxChannels {
		return nil, fmt.Errorf("%w: resample %d channels", ErrFormat, channels)
	}
	g := gcd(inRate, outRate)
	r := &Resampler{channels: channels, up: int64(outRate / g), down: int64(inRate / g)}
	if r.up != r.down {
		r.bank = newFilterBank(int(r.up), int(r.down), q)
		r.buf = make([]float32, (r.bank.taps+resampleBlock)*channels)
	}
	r.Reset()
	return r, nil
}

// Latency counts the input frames that must follow a frame before its output is given.
func (r *Resampler) Latency() media.Frames {
	if r.bank == nil {
		return 0
	}
	return media.Frames(r.bank.taps / 2)
}

// Reset forgets all frames taken so far.
func (r *Resampler) Reset() {
	r.base, r.phase, r.taken, r.given, r.padding = 0, 0, 0, 0, -1
	if r.bank == nil {
		return
	}
	// The window of the first output reaches taps/2−1 frames back into silence.
	r.fill = r.bank.taps/2 - 1
	clear(r.buf[:r.fill*r.channels])
}

// Process converts as Stream says.
func (r *Resampler) Process(dst, src []float32) (consumed, produced int) {
	srcFrames, dstFrames := len(src)/r.channels, len(dst)/r.channels
	if r.bank == nil {
		n := min(srcFrames, dstFrames)
		copy(dst, src[:n*r.channels])
		return n, n
	}
	for {
		n := r.push(src[consumed*r.channels:], srcFrames-consumed)
		consumed += n
		r.taken += int64(n)
		m := r.produce(dst[produced*r.channels:], dstFrames-produced)
		produced += m
		if n == 0 && m == 0 {
			return consumed, produced
		}
	}
}

// Flush ends the stream as Stream says.
func (r *Resampler) Flush(dst []float32) (produced int, done bool) {
	if r.bank == nil {
		r.Reset()
		return 0, true
	}
	total := (r.taken*r.up + r.down - 1) / r.down
	dstFrames := len(dst) / r.channels
	if r.padding < 0 {
		r.padding = r.bank.taps // more than the half window that the last output reaches forward
	}
	for {
		want := int(min(int64(dstFrames-produced), total-r.given))
		n := r.push(nil, r.padding)
		r.padding -= n
		m := r.produce(dst[produced*r.channels:], want)
		produced += m
		if r.given == total {
			r.Reset()
			return produced, true
		}
		if n == 0 && m == 0 {
			return produced, false
		}
	}
}

// push appends up to n frames of src to the window, or of silence where src is nil.
func (r *Resampler) push(src []float32, n int) int {
	c := r.channels
	if room := len(r.buf)/c - r.fill; n > room && r.base > 0 {
		// A base past the fill is where a large step of a downward conversion skips input.
		skip := min(r.base, r.fill)
		copy(r.buf, r.buf[skip*c:r.fill*c])
		r.fill -= skip
		r.base -= skip
	}
	n = min(n, len(r.buf)/c-r.fill)
	to := r.buf[r.fill*c : (r.fill+n)*c]
	if src == nil {
		clear(to)
	} else {
		copy(to, src)
	}
	r.fill += n
	return n
}

// produce makes up to n frames from the window and returns how many it could.
func (r *Resampler) produce(dst []float32, n int) int {
	b, c := r.bank, r.channels
	stepWhole, stepPart := int(r.down/r.up), r.down%r.up
	made := 0
	for made < n && r.base+b.taps <= r.fill {
		window := r.buf[r.base*c : (r.base+b.taps)*c]
		row := b.row(r.phase)
		switch c {
		case 1:
			dst[made] = dot1(row, window)
		case 2:
			dst[2*made], dst[2*made+1] = dot2(row, window)
		default:
			dotN(dst[made*c:(made+1)*c], row, window)
		}
		made++
		r.base += stepWhole
		if r.phase += stepPart; r.phase >= r.up {
			r.phase -= r.up
			r.base++
		}
	}
	r.given += int64(made)
	return made
}

// dot1 convolves one channel. Four sums let the processor overlap the additions and keep the
// rounding error of long filters down; the loops below do the same.
//
//go:norace
func dot1(h, x []float32) float32 {
	var a, b, c, d float32
	x = x[:len(h)]
	for len(h) >= 4 && len(x) >= 4 {
		a += h[0] * x[0]
		b += h[1] * x[1]
		c += h[2] * x[2]
		d += h[3] * x[3]
		h, x = h[4:], x[4:]
	}
	return (a + b) + (c + d)
}

// dot2 convolves two interleaved channels. The arrays spare a bounds check per sample; more than
// two sums a channel would no longer fit the registers.
func dot2(h, x []float32) (left, right float32) {
	var la, lb, ra, rb float32
	for ; len(h) >= 8 && len(x) >= 16; h, x = h[8:], x[16:] {
		k, v := (*[8]float32)(h), (*[16]float32)(x)
		la += k[0] * v[0]
		ra += k[0] * v[1]
		lb += k[1] * v[2]
		rb += k[1] * v[3]
		la += k[2] * v[4]
		ra += k[2] * v[5]
		lb += k[3] * v[6]
		rb += k[3] * v[7]
		la += k[4] * v[8]
		ra += k[4] * v[9]
		lb += k[5] * v[10]
		rb += k[5] * v[11]
		la += k[6] * v[12]
		ra += k[6] * v[13]
		lb += k[7] * v[14]
		rb += k[7] * v[15]
	}
	return la + lb, ra + rb
}

// dotN convolves len(dst) interleaved channels.
func dotN(dst, h, x []float32) {
	n := len(dst)
	for ch := range dst {
		var a, b float32
		for t := 0; t+1 < len(h); t += 2 {
			a += h[t] * x[t*n+ch]
			b += h[t+1] * x[(t+1)*n+ch]
		}
		dst[ch] = a + b
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
