package dsp

import (
	"fmt"
	"math"

	"github.com/segue-audio/segue/player/media"
)

// LUFS is a loudness relative to full scale, K-weighted (ITU-R BS.1770-5, where it is called LKFS). A
// difference of two is in LU, which are decibels.
type LUFS float64

// Meter measures loudness and peaks as EBU R 128 asks: K-weighting and gating of ITU-R BS.1770-5, the
// momentary and short-term loudness of EBU Tech 3341, the loudness range of EBU Tech 3342. It needs
// the same memory, 60 KiB, for a second and for a day.
//
// A Meter is used by one goroutine at a time. It keeps the real-time contract of the package but for
// Integrated and Range, which look through the whole memory (some microseconds).
type Meter struct {
	channels int
	rate     int
	weights  [MaxChannels]float64
	shelf    biquad // the head's effect
	highPass biquad // what hardly counts as loud
	state    [MaxChannels][2]biquadState

	sum   float64 // weighted squares of the slot at hand
	got   int     // frames of it
	slot  int64   // its number
	until int     // frames that it will have

	slots  [meterShortTerm]float64 // a ring of the last slots' sums
	length [meterShortTerm]int     // frames of each
	blocks loudnessHistogram       // of 400 ms, for Integrated
	long   loudnessHistogram       // of 3 s, for Range

	peaks *interpolator
	peak  float32   // 1 is full scale
	tail  []float32 // frames whose surroundings aren't known yet, and room for those that come
	tails int       // frames in tail
}

// A slot is 10 ms long, so that the peaks of momentary and short-term loudness are found to 5 ms.
const (
	meterSlots     = 100 // a second
	meterMomentary = 40  // slots: 400 ms
	meterShortTerm = 300 // slots: 3 s
	meterHop       = 10  // slots from one gating block to the next: 75 % of 400 ms overlap

	meterBatch = 256 // frames looked at for peaks at a time
)

// NewMeter makes a Meter for interleaved frames of 1 to MaxChannels channels in the order of WAV and
// FLAC (RFC 9639, 9.1.3) at MinRate to MaxRate; else the error is ErrFormat. Channels from the sides
// count 1.5 dB more and LFE doesn't count (BS.1770-5, tables 3 and 4). One channel alone is measured
// as one loudspeaker, 3 LU below the same signal on two.
func NewMeter(rate, channels int) (*Meter, error) {
	if rate < MinRate || rate > MaxRate || channels < 1 || channels > MaxChannels {
		return nil, fmt.Errorf("%w: measure %d Hz, %d channels", ErrFormat, rate, channels)
	}
	m := &Meter{rate: rate, channels: channels, peaks: newInterpolator()}
	m.shelf, m.highPass = kWeighting(float64(rate))
	m.weights = channelWeights(channels)
	m.tail = make([]float32, (interpolatorTaps+meterBatch)*channels)
	m.Reset()
	return m, nil
}

// channelWeights are BS.1770-5's: 1.41 for what comes from 60° to 120° to the side. The surrounds of
// 4, 5 and 6 channels stand at 110°; 7.1 has side ones, and its back ones are at 135°.
func channelWeights(channels int) [MaxChannels]float64 {
	const side = 1.41
	switch channels {
	case 4: // L R BL BR
		return [MaxChannels]float64{1, 1, side, side}
	case 5: // L R C BL BR
		return [MaxChannels]float64{1, 1, 1, side, side}
	case 6: // L R C LFE BL BR
		return [MaxChannels]float64{1, 1, 1, 0, side, side}
	case 7: // L R C LFE BC SL SR
		return [MaxChannels]float64{1, 1, 1, 0, 1, side, side}
	case 8: // L R C LFE BL BR SL SR
		return [MaxChannels]float64{1, 1, 1, 0, 1, 1, side, side}
	}
	return [MaxChannels]float64{1, 1, 1}
}

// kWeighting gives the two filters for a rate. BS.1770-5 (tables 1 and 2) has coefficients for 48 kHz
// only; the figures here are those of the analogue filters that the bilinear transform turned into
// them, so that every rate gets the same curve.
func kWeighting(rate float64) (shelf, highPass biquad) {
	const (
		shelfHz, shelfQ = 1681.974450955533, 0.7071752369554196
		shelfGain       = 1.584864701130855 // 3.9998 dB
		shelfMid        = 1.258720930232562 // at shelfHz
		passHz, passQ   = 38.13547087602444, 0.5003270373238773
	)
	k := math.Tan(math.Pi * shelfHz / rate)
	shelf = biquad{
		b0: shelfGain + shelfMid*k/shelfQ + k*k, b1: 2 * (k*k - shelfGain), b2: shelfGain - shelfMid*k/shelfQ + k*k,
		a1: 2 * (k*k - 1), a2: 1 - k/shelfQ + k*k,
	}.over(1 + k/shelfQ + k*k)
	// The Recommendation rounded the second filter's numerator to 1, −2, 1, which is 0.04 dB more than
	// the prototype has at 48 kHz. At other rates it is to be as much.
	at48 := math.Tan(math.Pi * passHz / 48_000)
	unity := 1 + at48/passQ + at48*at48
	k = math.Tan(math.Pi * passHz / rate)
	highPass = biquad{
		b0: unity, b1: -2 * unity, b2: unity,
		a1: 2 * (k*k - 1), a2: 1 - k/passQ + k*k,
	}.over(1 + k/passQ + k*k)
	return shelf, highPass
}

// Reset forgets all frames so far.
func (m *Meter) Reset() {
	m.state = [MaxChannels][2]biquadState{}
	m.sum, m.got, m.slot = 0, 0, 0
	m.until = m.slotLength(0)
	clear(m.slots[:])
	clear(m.length[:])
	m.blocks.reset()
	m.long.reset()
	m.peak = 0
	m.tails = interpolatorBefore // silence precedes the first frame
	clear(m.tail[:m.tails*m.channels])
}

// slotLength is the frames of a slot: where 10 ms isn't a whole number of them, slots differ by one.
func (m *Meter) slotLength(n int64) int {
	r := int64(m.rate)
	return int((n+1)*r/meterSlots - n*r/meterSlots)
}

// Process takes whole frames. What is not a number counts as silence. It doesn't change them.
func (m *Meter) Process(frames []float32) {
	c := m.channels
	frames = frames[:len(frames)/c*c]
	for len(frames) > 0 {
		n := min(len(frames), meterBatch*c, (m.until-m.got)*c)
		at := m.tails * c
		batch := m.tail[at : at+copy(m.tail[at:], frames[:n])]
		tame(batch)
		m.tails += n / c
		m.weigh(batch)
		m.findPeaks()
		frames = frames[n:]
		if m.got += n / c; m.got == m.until {
			m.endSlot()
		}
	}
}

// weigh adds the K-weighted squares of frames to the slot.
func (m *Meter) weigh(frames []float32) {
	c := m.channels
	f, g := m.shelf, m.highPass
	for ch := range c {
		if m.weights[ch] == 0 {
			continue
		}
		s, t := m.state[ch][0], m.state[ch][1]
		var sum float64
		for i := ch; i < len(frames); i += c {
			x := float64(frames[i])
			y := f.b0*x + s.one
			s.one = f.b1*x - f.a1*y + s.two
			s.two = f.b2*x - f.a2*y
			z := g.b0*y + t.one
			t.one = g.b1*y - g.a1*z + t.two
			t.two = g.b2*y - g.a2*z
			sum += z * z
		}
		m.state[ch] = [2]biquadState{s, t}
		m.sum += sum * m.weights[ch]
	}
}

// endSlot stores the slot at hand and what it completes.
func (m *Meter) endSlot() {
	at := m.slot % meterShortTerm
	m.slots[at], m.length[at] = m.sum, m.got
	m.slot++
	m.sum, m.got, m.until = 0, 0, m.slotLength(m.slot)
	for ch := range m.channels {
		m.state[ch][0].settle()
		m.state[ch][1].settle()
	}
	if m.slot%meterHop != 0 {
		return
	}
	if m.slot >= meterMomentary {
		m.blocks.add(m.mean(meterMomentary))
	}
	if m.slot >= meterShortTerm {
		m.long.add(m.mean(meterShortTerm))
	}
}

// mean is the weighted mean square of the last n slots; of those that there are, where they are fewer.
func (m *Meter) mean(n int64) float64 {
	n = min(n, m.slot)
	var sum float64
	var frames int
	for i := m.slot - n; i < m.slot; i++ {
		sum += m.slots[i%meterShortTerm]
		frames += m.length[i%meterShortTerm]
	}
	if frames == 0 {
		return 0
	}
	return sum / float64(frames)
}

// findPeaks looks at the intervals in tail whose surroundings are known, and drops what they alone needed.
func (m *Meter) findPeaks() {
	c := m.channels
	n := m.tails - interpolatorTaps + 1
	if n <= 0 {
		return
	}
	if peak, bend := survey(m.tail[:m.tails*c], c); peak+m.peaks.slack*bend > m.peak {
		for i := 0; i < n; i += 16 {
			m.findPeaksIn(i, min(i+16, n))
		}
	}
	m.tails = copy(m.tail, m.tail[n*c:m.tails*c]) / c
}

// findPeaksIn looks at the windows in tail from one frame to another.
func (m *Meter) findPeaksIn(from, to int) {
	c := m.channels
	_, bend := survey(m.tail[from*c:(to+interpolatorTaps-1)*c], c)
	bend *= m.peaks.slack
	for at := from * c; at < to*c; at++ {
		if x := m.tail[at:]; m.peaks.ends(x, c)+bend > m.peak {
			m.peak = max(m.peak, m.peaks.between(x, c))
		}
	}
}

// loudness turns a weighted mean square into loudness: −∞ for none.
func loudness(meanSquare float64) LUFS { return LUFS(10*math.Log10(meanSquare) - 0.691) }

// Momentary is the loudness of the last 400 ms, to 10 ms; −∞ for silence, and before there was any.
func (m *Meter) Momentary() LUFS { return loudness(m.mean(meterMomentary)) }

// ShortTerm is the loudness of the last 3 s, to 10 ms; −∞ for silence, and before there was any.
func (m *Meter) ShortTerm() LUFS { return loudness(m.mean(meterShortTerm)) }

// Integrated is the loudness of all frames so far, in blocks of 400 ms, without those below −70 LUFS
// and those that are 10 LU softer than the rest. −∞ where nothing is left.
func (m *Meter) Integrated() LUFS {
	sum, count := m.blocks.above(loudestSilence)
	if count == 0 {
		return LUFS(math.Inf(-1))
	}
	sum, count = m.blocks.above(loudness(sum/float64(count)) - 10)
	return loudness(sum / float64(count))
}

// Range is the loudness range in LU: how far the softer passages (the tenth percentile of all times
// of 3 s) are below the louder ones (the 95th), without what is 20 LU softer than the whole. Zero
// where there is too little to tell. EBU Tech 3342 has it settle after a minute.
func (m *Meter) Range() media.Decibels {
	sum, count := m.long.above(loudestSilence)
	if count == 0 {
		return 0
	}
	low, high := m.long.percentiles(loudness(sum/float64(count))-20, 0.10, 0.95)
	return media.Decibels(high - low)
}

// TruePeak is the highest peak of any channel between and at the samples so far; 1 is full scale. The
// last 48 frames' surroundings aren't known yet, so of those only the samples count.
func (m *Meter) TruePeak() float64 {
	peak, _ := survey(m.tail[:m.tails*m.channels], m.channels)
	return float64(max(m.peak, peak))
}
