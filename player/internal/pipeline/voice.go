package pipeline

import (
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/media"
)

// status is what reading from a voice came to.
type status int

const (
	flowing  status = iota // all that was asked for
	starving               // the decoder has nothing ready
	over                   // the entry has no more; see Entry.err
)

const (
	gainTime = 0.1  // seconds: a change of a voice's gain has gone 63 % of its way in this time
	gainStep = 1e-6 // the least that it moves in a frame
	softTime = 0.01 // seconds: the ramp where a voice breaks off or comes back
)

// voice is an entry as the mixer hears it: stereo frames at the mixer's rate.
type voice struct {
	e    *Entry
	rate int // of the mixer
	gain float32
	goal float32 // what gain moves to
	soft float32 // 0 to 1: less than 1 while it comes back after it broke off

	block *Block
	used  int          // frames of block
	next  media.Frames // of the entry's timeline, at from: the frame that is read next
	from  int          // rate of the blocks; zero before the first

	resample     *dsp.Resampler // nil where the block's rate is the mixer's
	taken, given int64          // frames that went into resample, and came out
	flushing     bool           // resample gives its rest before a block of another rate, or at the end
	final        bool           // nothing takes the resampler over: its rest is read too

	begun     bool
	ended     bool // the mixer has told that it is over
	rendition int
	m         *Mixer
}

func newVoice(e *Entry, m *Mixer) *voice {
	g := float32(e.Gain())
	return &voice{e: e, m: m, gain: g, goal: g, soft: 1, rendition: -1}
}

// setRate tells the rate of the mixer, when the voice is taken up.
func (v *voice) setRate(rate int) {
	if v.rate != rate {
		v.rate, v.resample, v.from = rate, nil, 0
	}
}

// follow lets v go on with the resampler of the voice before it, whose last frames are still in
// there: across a cut between tracks of one rate the filter sees one signal.
func (v *voice) follow(before *voice) (joined bool) {
	if before.resample == nil || before.flushing || v.resample != nil {
		return false
	}
	if v.peek() != flowing || v.block.Rate != before.from {
		return false
	}
	v.resample, v.from = before.resample, before.from
	v.taken, v.given = before.taken, before.given
	before.resample = nil
	return true
}

// peek makes a block ready without waiting.
func (v *voice) peek() status {
	for v.block == nil {
		b, st := v.e.blocks.take()
		if st != flowing {
			return st
		}
		if len(b.PCM) < Channels {
			v.e.blocks.done(b)
			continue
		}
		v.block, v.used = b, 0
		v.next = b.At
	}
	return flowing
}

// owed counts the frames still in the resampler that belong to what it took: what is taken now is
// heard after that many.
func (v *voice) owed() int64 {
	if v.resample == nil {
		return 0
	}
	return v.out(v.taken) - v.given
}

// out is how many frames come of n in the resampler: those whose moment lies before the n-th's end.
func (v *voice) out(n int64) int64 {
	return (n*int64(v.rate) + int64(v.from) - 1) / int64(v.from)
}

// rest counts the frames that are left to read, those of the resampler included. It is exact where
// the decoder has come to the end, else it goes by the entry's length. ok is false where neither is
// known.
func (v *voice) rest() (frames int64, exact, ok bool) {
	if v.e.blocks.closed.Load() {
		return v.decoded(), true, true
	}
	end := v.e.end()
	if end <= 0 || v.from == 0 && v.block == nil {
		return 0, false, false
	}
	rate := v.from
	if v.block != nil {
		rate = v.block.Rate
	}
	left := max(0, int64(media.FramesIn(end, rate)-v.next))
	if rate == v.rate {
		return left + v.owed(), false, true
	}
	if v.resample == nil || v.from != rate {
		return (left*int64(v.rate)+int64(rate)-1)/int64(rate) + v.owed(), false, true
	}
	return v.out(v.taken+left) - v.given, false, true
}

// decoded counts the frames that can be read without waiting, if the entry ended there.
func (v *voice) decoded() int64 {
	var total, run int64
	rate := 0
	if v.resample != nil {
		rate = v.from
	}
	add := func(b *Block, used int) {
		if b.Rate != rate {
			total += v.longer(rate, run)
			rate, run = b.Rate, 0
		}
		run += int64(len(b.PCM)/Channels - used)
	}
	if v.block != nil {
		add(v.block, v.used)
	}
	for i := 0; ; i++ {
		b, ok := v.e.blocks.full.At(i)
		if !ok {
			return total + v.longer(rate, run)
		}
		add(b, 0)
	}
}

// longer is how many frames the reader gets for n frames of a rate.
func (v *voice) longer(rate int, n int64) int64 {
	switch {
	case v.resample != nil && rate == v.from:
		return v.out(v.taken+n) - v.given
	case rate == 0 || rate == v.rate:
		return n
	}
	return (n*int64(v.rate) + int64(rate) - 1) / int64(rate)
}

// read fills dst with whole frames as far as there are any and returns how many.
func (v *voice) read(dst []float32) (n int, st status) {
	broken := v.brokenOff()
	left := int64(-1)
	if broken {
		left, _, _ = v.rest()
	}
	n, st = v.fetch(dst)
	v.amplify(dst[:n*Channels])
	if broken {
		v.taper(dst[:n*Channels], left)
	}
	return n, st
}

// fetch is read without the gains.
func (v *voice) fetch(dst []float32) (n int, st status) {
	for len(dst)-n*Channels >= Channels {
		rest := dst[n*Channels:]
		if v.flushing {
			k, done := v.resample.Flush(rest)
			n += k
			v.given += int64(k)
			if done {
				v.flushing = false
				v.m.resamplers.put(v)
			}
			continue
		}
		if st := v.peek(); st != flowing {
			if st == over && v.final && v.resample != nil {
				v.flushing = true
				continue
			}
			return n, st
		}
		if v.resample != nil && v.from != v.block.Rate {
			v.flushing = true
			continue
		}
		if v.resample == nil && !v.tune(v.block.Rate) {
			return n, over
		}
		if !v.begun { // by now the decoder knows how loud it is
			v.gain = float32(v.e.Gain())
			v.goal = v.gain
		}
		if !v.begun || v.block.Rendition != v.rendition {
			v.m.begins(v, n+int(v.owed()))
			v.begun, v.rendition = true, v.block.Rendition
		}
		if v.block.Mark.Kind != Began && v.used == 0 {
			v.m.marked(v, n+int(v.owed()))
			v.block.Mark = Mark{}
		}
		n += v.advance(rest)
	}
	return n, flowing
}

// tune readies the voice for blocks of a rate.
func (v *voice) tune(from int) bool {
	v.from = from
	if from == v.rate {
		return true
	}
	r, err := v.m.resamplers.get(from, v.rate)
	if err != nil {
		v.e.refuse(loader.Stage("resample", err))
		return false
	}
	v.resample, v.taken, v.given = r, 0, 0
	return true
}

// advance moves music from the block to dst and returns the frames written.
func (v *voice) advance(dst []float32) int {
	src := v.block.PCM[v.used*Channels:]
	var consumed, produced int
	if v.resample != nil {
		consumed, produced = v.resample.Process(dst, src)
		v.taken += int64(consumed)
		v.given += int64(produced)
	} else {
		consumed = copy(dst[:len(dst)/Channels*Channels], src) / Channels
		produced = consumed
	}
	v.used += consumed
	v.next += media.Frames(consumed)
	v.e.SetPlayed(v.next.Duration(v.from))
	if v.used*Channels >= len(v.block.PCM) {
		v.e.blocks.done(v.block)
		v.block = nil
	}
	return produced
}

// setGain moves the gain to another.
func (v *voice) setGain(gain float64) {
	v.goal = float32(gain)
	if !v.begun {
		v.gain = v.goal
	}
}

// amplify applies the gain, and the ramp of a voice that comes back.
func (v *voice) amplify(pcm []float32) {
	if v.gain == 1 && v.goal == 1 && v.soft == 1 {
		return
	}
	part, step := float32(1/(gainTime*float64(v.rate))), float32(1/(softTime*float64(v.rate)))
	for i := 0; i+Channels <= len(pcm); i += Channels {
		if v.gain != v.goal {
			// The last bit of the way is even: what a share of it would add is lost to rounding.
			d := v.goal - v.gain
			if by := max(gainStep, max(d, -d)*part); d > 0 {
				v.gain = min(v.goal, v.gain+by)
			} else {
				v.gain = max(v.goal, v.gain-by)
			}
		}
		g := v.gain
		if v.soft < 1 {
			v.soft = min(1, v.soft+step)
			g *= v.soft
		}
		for c := range Channels {
			pcm[i+c] *= g
		}
	}
}

// brokenOff reports whether the entry ends early and the decoder has come to that place: the music
// stops anywhere, so its last frames are faded out.
func (v *voice) brokenOff() bool { return v.e.blocks.closed.Load() && v.e.err != nil }

// taper fades frames out, the first of which is left frames before the end.
func (v *voice) taper(pcm []float32, left int64) {
	ramp := int64(softTime * float64(v.rate))
	for i := 0; i+Channels <= len(pcm); i, left = i+Channels, left-1 {
		if left >= ramp {
			continue
		}
		g := float32(max(0, left-1)) / float32(ramp-1)
		for c := range Channels {
			pcm[i+c] *= g
		}
	}
}

// breakOff fades the last of frames that were read out, because no more come for now. The voice comes
// back as gently.
func (v *voice) breakOff(pcm []float32) {
	ramp := int(softTime * float64(v.rate))
	v.taper(pcm[max(0, len(pcm)-ramp*Channels):], int64(min(ramp, len(pcm)/Channels)))
	v.soft = 0
}

// flush gives what the resampler still holds, when nothing follows that could take it over.
func (v *voice) flush(dst []float32) (n int, done bool) {
	if v.resample == nil {
		return 0, true
	}
	n, done = v.resample.Flush(dst)
	v.given += int64(n)
	if done {
		v.m.resamplers.put(v)
	}
	v.amplify(dst[:n*Channels])
	return n, done
}

// late reports whether less than n frames, and the ramp to break off after them, can be read without
// waiting.
func (v *voice) late(n int) bool {
	if v.e.blocks.closed.Load() {
		return false
	}
	return v.decoded() < int64(n)+int64(softTime*float64(v.rate))
}

// resamplers keeps those that were used for the next voice: a new one takes tables of up to 2 MiB.
type resamplers struct {
	spare [2]*dsp.Resampler
	from  [2]int
	to    [2]int
}

// get gives a resampler.
func (r *resamplers) get(from, to int) (*dsp.Resampler, error) {
	for i, s := range r.spare {
		if s != nil && r.from[i] == from && r.to[i] == to {
			r.spare[i] = nil
			return s, nil
		}
	}
	return dsp.NewResampler(from, to, Channels, dsp.Good)
}

// put takes a voice's resampler, if it has one.
func (r *resamplers) put(v *voice) {
	if v.resample == nil {
		return
	}
	i := 0
	if r.spare[0] != nil {
		i, r.spare[1], r.from[1], r.to[1] = 0, r.spare[0], r.from[0], r.to[0]
	}
	v.resample.Reset()
	r.spare[i], r.from[i], r.to[i] = v.resample, v.from, v.rate
	v.resample = nil
}
