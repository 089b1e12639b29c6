// Package encoder is the seam between PCM and the lossy renditions that the packager makes. Each child
// is one encoder of AAC-LC; the suite that every child runs is encodertest. It refuses other codings:
// AAC-LC is what every player plays in fragmented MP4.
package encoder

import (
	"context"
	"errors"

	"github.com/segue-audio/segue/player/media"
)

// UnitFrames is how many frames of PCM one access unit of AAC-LC covers (ISO 14496-3, 4.5.1.1).
const UnitFrames = 1024

// ErrUnsupported: the encoder doesn't make what the Spec asks for.
var ErrUnsupported = errors.New("encoder: unsupported")

// Spec is what to make of one piece of music: as many streams as there are bitrates, of one sample
// rate and channel count.
type Spec struct {
	SampleRate int // frames a second: 44,100 or 48,000
	Channels   int // 1 or 2
	Bitrates   []media.Bitrate
	// Scratch is a folder for files that the encoder needs on the way. It removes them; after a crash
	// the caller does.
	Scratch string
}

// PCM is a piece of music.
type PCM interface {
	// Read fills dst with interleaved samples, full scale ±1, and says how many it gave: a multiple of
	// the channel count. Fewer than len(dst) says nothing. After the last it gives 0 and io.EOF for
	// ever; any other error ends the piece.
	Read(dst []float32) (samples int, err error)
}

// Emit takes the next access unit, as it stands in MP4, of the stream of Spec.Bitrates[rung]. The units of
// one stream come in order; those of several may be mixed. unit is the encoder's own again when Emit
// returns. An error ends the encoding.
type Emit func(rung int, unit []byte) error

// Encoder makes AAC-LC. It may be used by any number of goroutines at once.
type Encoder interface {
	// Name tells apart encoders that make different bytes of the same music. It is letters, digits and
	// hyphens.
	Name() string

	// Delay is how many frames the decoded streams have in front of the music, the same in all.
	Delay() media.Frames

	// Encode reads pcm to its end and calls emit, from one goroutine at a time, until every frame of it
	// can be decoded. The error is that of ctx, pcm or emit, ErrUnsupported, or of the encoder itself.
	Encode(ctx context.Context, spec Spec, pcm PCM, emit Emit) error
}

// FLACEncoder is an Encoder that makes FLAC files too.
type FLACEncoder interface {
	// FLAC reads pcm to its end and writes a file of it. Samples that came from whole numbers of to.Bits
	// bits are kept to the bit. spec.Channels may be up to 8, its SampleRate any that FLAC has. The error is
	// one that Encode may give.
	FLAC(ctx context.Context, spec Spec, pcm PCM, to FLACFile) error
}

// FLACFile is a FLAC file to be made.
type FLACFile struct {
	Path        string
	Bits        int // of a sample, 24 at most
	BlockFrames int // of each block but the last
}
