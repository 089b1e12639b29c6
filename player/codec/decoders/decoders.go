// Package decoders holds the one list of the decoders that are built in, and chooses from it. It knows no
// container and decodes nothing itself.
package decoders

import (
	"fmt"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac"
	"github.com/segue-audio/segue/player/codec/alac"
	"github.com/segue-audio/segue/player/codec/flac"
	"github.com/segue-audio/segue/player/codec/mp3"
	"github.com/segue-audio/segue/player/codec/opus"
	"github.com/segue-audio/segue/player/codec/pcm"
	"github.com/segue-audio/segue/player/codec/vorbis"
	"github.com/segue-audio/segue/player/media"
)

// The list of what is built in: a new codec is one line here.
var codecs = []struct {
	name media.Codec
	// rfc6381 are the prefixes that a manifest's CODECS names it with.
	rfc6381 []string
	// preroll is what to load before a wanted frame when the manifest is all that is known.
	preroll time.Duration
	// open makes a decoder; first is the packet that it will begin with, for codings that show in
	// their packets alone what they are.
	open func(f media.Format, first []byte) (codec.Decoder, error)
}{
	{media.CodecMP3, []string{"mp4a.40.34", "mp4a.69", "mp4a.6b", "mp4a.6B", "mp3"}, 300 * time.Millisecond, plain(mp3.New)},
	{media.CodecFLAC, []string{"fLaC", "flac"}, 0, plain(flac.New)},
	// Spectral band replication and parametric stereo are whole after 32 packets of 2048 frames.
	{media.CodecAAC, []string{"mp4a.40.5", "mp4a.40.29"}, 1500 * time.Millisecond, openAAC},
	{media.CodecAAC, []string{"mp4a.40", "mp4a.66", "mp4a.67", "mp4a.68"}, 300 * time.Millisecond, openAAC},
	{media.CodecOpus, []string{"opus", "Opus", "mp4a.ad", "mp4a.AD"}, 320 * time.Millisecond, plain(opus.New)},
	{media.CodecVorbis, []string{"vorbis", "mp4a.dd"}, 100 * time.Millisecond, plain(vorbis.New)},
	{media.CodecALAC, []string{"alac"}, 0, plain(alac.New)},
	{media.CodecPCM, []string{"ipcm", "fpcm"}, 0, plain(pcm.New)},
}

// unknownPreroll is what to load before a wanted frame of a coding that the manifest doesn't tell.
const unknownPreroll = 300 * time.Millisecond

// New makes the decoder for a stream of format f that begins with the packet first. Errors wrap
// codec.ErrUnsupported or codec.ErrCorrupt.
func New(f media.Format, first []byte) (codec.Decoder, error) {
	for _, c := range codecs {
		if c.name == f.Codec {
			return c.open(f, first)
		}
	}
	return nil, fmt.Errorf("%w: %q", codec.ErrUnsupported, f.Codec)
}

// Preroll says how much music to load before a wanted moment, going by a manifest's CODECS (RFC 6381);
// for what they don't name, as much as most codings need.
func Preroll(rfc6381 string) time.Duration {
	for _, c := range codecs {
		for _, p := range c.rfc6381 {
			if strings.HasPrefix(rfc6381, p) {
				return c.preroll
			}
		}
	}
	return unknownPreroll
}

// Known says which codec a manifest's CODECS (RFC 6381) names; "" for one that isn't built in.
func Known(rfc6381 string) media.Codec {
	for _, c := range codecs {
		for _, p := range c.rfc6381 {
			if strings.HasPrefix(rfc6381, p) {
				return c.name
			}
		}
	}
	return ""
}

func openAAC(f media.Format, first []byte) (codec.Decoder, error) {
	return aac.New(aac.Inspect(f, first))
}

// plain makes a codec's own New, whose decoder has a type of its own, one of the list's.
func plain[D codec.Decoder](open func(media.Format) (D, error)) func(media.Format, []byte) (codec.Decoder, error) {
	return func(f media.Format, _ []byte) (codec.Decoder, error) {
		d, err := open(f)
		if err != nil {
			return nil, err
		}
		return d, nil
	}
}
