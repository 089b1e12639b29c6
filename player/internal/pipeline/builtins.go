package pipeline

import (
	"errors"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/decoders"
	"github.com/segue-audio/segue/player/media"
)

// What is built in is listed in container/detect and codec/decoders, where other programs find it too.

// newDecoder makes the decoder for a stream of format f that begins with the packet first; lent are
// the decoders that the app brings; what they don't support falls to ours.
func newDecoder(f media.Format, first []byte, lent map[media.Codec]NewDecoder) (codec.Decoder, error) {
	if open := lent[f.Codec]; open != nil {
		if d, err := open(f); !errors.Is(err, codec.ErrUnsupported) {
			return d, err
		}
	}
	return decoders.New(f, first)
}
