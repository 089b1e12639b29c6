package loader

import (
	"errors"
	"fmt"
	"io"

	"github.com/segue-audio/segue/drm/aes128"
	codecflac "github.com/segue-audio/segue/player/codec/flac"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/media"
)

// open decrypts a segment and walks through its packets, so that nothing unsound goes further.
// data is left as it is. With errDamaged comes what can be played all the same.
func open(data []byte, init *fmp4.Init, key []byte, how *manifest.Key) ([]byte, error) {
	clear := data
	if key != nil {
		var err error
		if clear, err = aes128.Decrypt(make([]byte, len(data)), data, key, how.IV); err != nil {
			return nil, err
		}
	}
	err := walk(init, clear)
	if errors.Is(err, errDamaged) {
		return clear, err
	}
	if err != nil && key != nil && errors.Is(err, container.ErrFormat) {
		return nil, fmt.Errorf("%w: %w", ErrUndecipherable, err)
	}
	return clear, err
}

// errDamaged: the segment can be played, but a packet's checksum says that its bytes aren't what they were.
var errDamaged = fmt.Errorf("%w: a frame's checksum differs", container.ErrFormat)

func walk(init *fmp4.Init, clear []byte) (err error) {
	demux, err := detect.OpenSegment(init, clear)
	if err != nil {
		return err
	}
	flac, damaged := demux.Info().Format.Codec == media.CodecFLAC, false
	var p media.Packet
	for n := 0; ; n++ {
		switch err := demux.Next(&p); {
		case err == io.EOF && n == 0 && (init == nil || len(clear) == 0):
			// A fragmented MP4 may have none: some packagers end with a segment of headers alone.
			return fmt.Errorf("%w: no packet in the segment", container.ErrFormat)
		case err == io.EOF && damaged:
			return errDamaged
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case flac && !codecflac.Sound(p.Data):
			damaged = true
		case p.Encryption != nil:
			return fmt.Errorf("%w: sample encryption", container.ErrUnsupported)
		}
	}
}
