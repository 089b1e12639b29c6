// Package media holds the words that every stage of the player shares: units, the format of a
// coded stream, and the packet. It imports nothing of ours, holds no behaviour beyond unit
// conversion, and refuses to grow any: what decides or does I/O belongs to a stage.
package media

import (
	"fmt"
	"math"
	"math/bits"
	"time"
)

// Bitrate is a rate in bits per second.
type Bitrate int64

// Kbps makes a Bitrate of n thousand bits per second.
func Kbps(n int64) Bitrate { return Bitrate(n * 1000) }

// String gives the rate as people write it: "320 kbps".
func (b Bitrate) String() string {
	if b >= 10_000_000 {
		return fmt.Sprintf("%.1f Mbps", float64(b)/1e6)
	}
	return fmt.Sprintf("%d kbps", (int64(b)+500)/1000)
}

// Duration tells how long bytes take at this rate; zero where the rate is not positive.
func (b Bitrate) Duration(bytes int64) time.Duration {
	if b <= 0 {
		return 0
	}
	return time.Duration(float64(bytes) * 8 / float64(b) * float64(time.Second))
}

// Frames counts PCM frames (one sample of each channel) at a sample rate known from the context.
type Frames int64

// Duration converts to time at rate frames a second, rounding to the nearest nanosecond.
// A rate that is not positive gives zero.
func (f Frames) Duration(rate int) time.Duration {
	return time.Duration(scale(int64(f), int64(time.Second), int64(rate)))
}

// FramesIn converts a time to frames at rate frames a second, rounding to the nearest frame.
// A rate that is not positive gives zero.
func FramesIn(d time.Duration, rate int) Frames {
	return Frames(scale(int64(d), int64(rate), int64(time.Second)))
}

// Rescale converts a count at one rate to another, rounding to the nearest: ticks of a container's
// time scale to frames, or frames to frames. Rates that are not positive give zero, and a result
// that does not fit saturates.
func Rescale(n int64, from, to int64) int64 { return scale(n, to, from) }

// scale is round(n × mul ÷ div) without overflow in the product.
func scale(n, mul, div int64) int64 {
	if div <= 0 || mul <= 0 {
		return 0
	}
	neg := n < 0
	u := uint64(n)
	if neg {
		u = -u
	}
	hi, lo := bits.Mul64(u, uint64(mul))
	lo, carry := bits.Add64(lo, uint64(div)/2, 0)
	hi += carry
	q := uint64(math.MaxInt64)
	if hi < uint64(div) {
		q, _ = bits.Div64(hi, lo, uint64(div))
		q = min(q, math.MaxInt64)
	}
	if neg {
		return -int64(q)
	}
	return int64(q)
}

// Decibels is a level or gain relative to 1.
type Decibels float64

// Amplitude is the factor that a gain of d multiplies samples with; 0 dB gives exactly 1.
func (d Decibels) Amplitude() float64 {
	if d == 0 {
		return 1
	}
	return math.Pow(10, float64(d)/20)
}
