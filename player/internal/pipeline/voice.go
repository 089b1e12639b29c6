package pipeline

import (
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
)

// status is what reading from a voice came to.
type status int

const (
	flowing  status = iota // all that was asked for
	starving               // the decoder has nothing ready
	over                   // the entry has no more; see Entry.err
)

// voice is an entry as the mixer hears it: stereo frames at the output's rate.
type voice struct {
	e    *Entry
	rate int     // of the output
	gain float32 // on its way to goal
	goal float32

	block *Block
	used  int // frames of block

	resample *dsp.Resampler // nil where the block's rate is the output's
	from     int            // rate that resample takes
	flushing bool           // resample gives its rest before a block of another rate

	begun     bool
	rendition int
	mark      func(at int, b *Block, first bool) // the block's music begins at frame `at` of this read
}

func newVoice(e *Entry, rate int, gain float64) *voice {
	return &voice{e: e, rate: rate, gain: float32(gain), goal: float32(gain), rendition: -1}
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
	before.resample = nil
	return true
}

// peek makes a block ready without waiting.
func (v *voice) peek() status {
	if v.block != nil {
		return flowing
	}
	select {
	case b, ok := <-v.e.blocks:
		if !ok {
			return over
		}
		v.take(b)
		return flowing
	default:
		return starving
	}
}

// ready is about how many frames can be read after a peek that found some; at least one.
func (v *voice) ready() int {
	left := int64(len(v.block.PCM)/Channels - v.used)
	return max(1, int(media.Rescale(left, int64(v.block.Rate), int64(v.rate))))
}

func (v *voice) take(b *Block) { v.block, v.used = b, 0 }

// read fills dst with whole frames as far as there are any and returns how many.
func (v *voice) read(dst []float32) (n int, st status) {
	for len(dst)-n*Channels >= Channels {
		rest := dst[n*Channels:]
		if v.flushing {
			k, done := v.resample.Flush(rest)
			n += k
			if done {
				v.flushing, v.resample = false, nil
			}
			continue
		}
		if st := v.peek(); st != flowing {
			return n, st
		}
		if v.resample != nil && v.from != v.block.Rate {
			v.flushing = true
			continue
		}
		if v.resample == nil && v.block.Rate != v.rate && !v.open(v.block.Rate) {
			return n, over
		}
		if first := !v.begun; first || v.block.Rendition != v.rendition {
			v.begun, v.rendition = true, v.block.Rendition
			v.mark(n, v.block, first)
		}
		n += v.advance(rest)
	}
	return n, flowing
}

func (v *voice) open(from int) bool {
	r, err := dsp.NewResampler(from, v.rate, Channels, dsp.Good)
	if err != nil {
		v.e.err = stage("resample", err)
		v.e.Stop()
		return false
	}
	v.resample, v.from = r, from
	return true
}

// advance moves music from the block to dst and returns the frames written.
func (v *voice) advance(dst []float32) int {
	src := v.block.PCM[v.used*Channels:]
	var consumed, produced int
	if v.resample != nil {
		consumed, produced = v.resample.Process(dst, src)
	} else {
		consumed = copy(dst[:len(dst)/Channels*Channels], src) / Channels
		produced = consumed
	}
	v.amplify(dst[:produced*Channels])
	v.used += consumed
	v.e.mixed.Store(int64((v.block.At + media.Frames(v.used)).Duration(v.block.Rate)))
	if v.used*Channels >= len(v.block.PCM) {
		v.e.env.freeBlock(v.block)
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

// gainTime is about how long a change of the gain takes to 63 % of the way.
const gainTime = 0.1 // seconds

// amplify applies the gain.
func (v *voice) amplify(pcm []float32) {
	if v.gain == v.goal && v.gain == 1 {
		return
	}
	k := float32(1 / (gainTime * float64(v.rate)))
	for i := 0; i < len(pcm); i += Channels {
		if v.gain != v.goal {
			if v.gain += (v.goal - v.gain) * k; v.gain/v.goal > 0.9999 && v.gain/v.goal < 1.0001 {
				v.gain = v.goal
			}
		}
		for c := range Channels {
			pcm[i+c] *= v.gain
		}
	}
}

// flush gives what the resampler still holds, when nothing follows that could take it over.
func (v *voice) flush(dst []float32) (n int, done bool) {
	if v.resample == nil {
		return 0, true
	}
	n, done = v.resample.Flush(dst)
	if done {
		v.resample = nil
	}
	return n, done
}

// position is the moment of the entry's timeline that the next read begins with.
func (v *voice) position() time.Duration { return time.Duration(v.e.mixed.Load()) }

// remaining is how much of the entry is left to read; negative where unknown.
func (v *voice) remaining() time.Duration {
	if n := v.e.Length(); n > 0 {
		return max(0, n-v.position())
	}
	return -1
}
