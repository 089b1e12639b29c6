// Package pipeline joins the stages and owns their goroutines: a loader and a decoder for each
// entry, and one mixer for all of them. The player's control actor tells it what to play; it never
// decides that itself.
//
//	loader, a package of its own: manifest → rendition → segment → decrypt → verify
//	decoder: demux → decode → trim → remix to stereo
//	mixer: join → resample → loudness → crossfade → speed → limiter → ring
//
// Every queue between them is bounded, so a stage that is ahead waits for the one behind it.
package pipeline

import (
	"errors"
	"sync"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/waveform"
)

// ErrOutput: the sink failed.
var ErrOutput = errors.New("output failed")

// Env is what all entries of one player share.
type Env struct {
	*loader.Env

	// Decoders are the app's own, which go before what is built in.
	Decoders map[media.Codec]NewDecoder
	// Note hears what goes on. It is called from the pipeline's goroutines and never blocks.
	Note func(Note)

	blocks sync.Pool
	levels levelBook
}

// NewDecoder makes a decoder for a stream.
type NewDecoder = func(media.Format) (codec.Decoder, error)

// Note is something that an entry has to say.
type Note struct {
	Entry *Entry
	What  any // what a loader.Task's Note hears, or a Levelled, Moment, Outlined or Concealed
}

// Concealed is the Note that a packet could not be decoded and silence stands for it. Sent once an entry.
type Concealed struct{ Err error }

// Spec is what an entry plays.
type Spec struct {
	loader.Spec

	Gain     float64      // factor on the samples, by Tags and Loudness
	Tags     media.Tags   // what the app knows of the loudness
	Loudness dsp.Loudness // how the entry is levelled where more is found out; see Levelled

	// Outline, where set, is made of the music as it is decoded, or taken from the cache.
	Outline *waveform.Builder
}

// Block is a run of decoded stereo frames.
type Block struct {
	PCM       []float32 // interleaved, two channels
	Rate      int
	At        media.Frames // of the first frame on the entry's own timeline, at Rate
	Rendition int
	Reason    abr.Reason // why Rendition
	Mark      Mark       // what there is to tell of its first frame
}

// Channels of everything past the decoder.
const Channels = 2

// blockFrames is the size of a full block: 93 ms at 44.1 kHz.
const blockFrames = 4096

// decodedBlocks bounds what a decoder holds ready: 3 s at 44.1 kHz, 1 MiB.
const decodedBlocks = 32

func (v *Env) newBlock() *Block {
	if b, ok := v.blocks.Get().(*Block); ok {
		b.PCM = b.PCM[:0]
		return b
	}
	return &Block{PCM: make([]float32, 0, blockFrames*Channels)}
}

func (v *Env) freeBlock(b *Block) { v.blocks.Put(b) }

// signal wakes whoever waits at a channel of capacity 1; it doesn't wait.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
