package packager

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/manifest/hls"
	"github.com/segue-audio/segue/player/media"
)

const (
	mp3Codecs = "mp4a.40.34" // RFC 6381 by way of ISO 14496-3: Layer III

	// lameDelay is what libmp3lame puts in front (576 frames), and decoderDelay what every Layer III
	// decoder adds to it.
	lameDelay, decoderDelay = 576, 529

	mpegClock = 90_000 // ticks a second of packed audio's timestamps (RFC 8216, 3.4)
)

// packMP3 cuts the MP3 stream in the file at path into packed-audio segments and returns the
// number of MP3 frames that it took. Frames past the end of what is to be heard are left out.
func packMP3(path string, r *rendition) (frames int, variant hls.VariantSpec, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, variant, err
	}
	defer func() { _ = f.Close() }() // was only read
	st, err := f.Stat()
	if err != nil {
		return 0, variant, err
	}
	d, err := mp3.Open(f, st.Size())
	if err != nil {
		return 0, variant, err
	}
	if err := r.open(); err != nil {
		return 0, variant, err
	}
	if frames, err = r.addMP3(d); err != nil {
		return 0, variant, err
	}
	variant, err = r.finish()
	return frames, variant, err
}

func (r *rendition) addMP3(d container.Demuxer) (frames int, err error) {
	g := newGrid(r.trim, r.rate)
	heard := r.trim.Start + r.trim.Length
	var segment []byte
	var begin, end media.Frames
	var p media.Packet
	for end < heard {
		err := d.Next(&p)
		if errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("%w: MP3 of %d frames ends before %d", ErrSource, end, heard)
		} else if err != nil {
			return 0, err
		}
		if len(segment) == 0 {
			segment = mp3.AppendTimestampTag(segment, media.Rescale(int64(begin), int64(r.rate), mpegClock))
		}
		segment = append(segment, p.Data...)
		end += p.Duration
		frames++
		if g.cut(end) || end >= heard {
			if err := r.add(segment, end-begin); err != nil {
				return 0, err
			}
			segment, begin = segment[:0], end
		}
	}
	return frames, nil
}
