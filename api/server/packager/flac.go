package packager

import (
	"errors"
	"io"
	"os"

	"github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/media"
)

const flacCodecs = "fLaC"

// packFLAC puts the frames of the FLAC file at path into fMP4 as they are.
func (t *track) packFLAC(path string) (*rendition, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // was only read
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	d, err := flac.Open(f, st.Size())
	if err != nil {
		return nil, err
	}
	r, err := t.rendition("flac", flacCodecs, d.Info().Format, media.Trim{Length: t.Source.Frames})
	if err != nil {
		return nil, err
	}
	g := t.plan.grid(t.plan.lossless, 0)
	var pending fragment
	for {
		var p media.Packet
		err := d.Next(&p)
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if g.crosses(p.Time + p.Duration) {
			if err := r.flush(&pending); err != nil {
				return nil, err
			}
		}
		pending.add(p)
	}
	if err := r.flush(&pending); err != nil {
		return nil, err
	}
	return r, r.finish()
}
