package packager

import (
	"errors"
	"io"
	"os"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/manifest/hls"
	"github.com/segue-audio/segue/player/media"
)

const flacCodecs = "fLaC"

// packFLAC puts the frames of the FLAC file at path into fMP4 as they are.
func packFLAC(path string, r *rendition) (variant hls.VariantSpec, err error) {
	f, err := os.Open(path)
	if err != nil {
		return variant, err
	}
	defer func() { _ = f.Close() }() // was only read
	st, err := f.Stat()
	if err != nil {
		return variant, err
	}
	d, err := flac.Open(f, st.Size())
	if err != nil {
		return variant, err
	}
	if err := r.open(); err != nil {
		return variant, err
	}
	// No edit list: nothing of a FLAC stream is to be trimmed.
	if err := r.write(initName, fmp4.AppendInit(nil, d.Info().Format, media.Trim{})); err != nil {
		return variant, err
	}
	r.init = initName
	if err := r.addFLAC(d); err != nil {
		return variant, err
	}
	return r.finish()
}

func (r *rendition) addFLAC(d container.Demuxer) error {
	g := newGrid(r.trim, r.rate)
	var pending fragment
	for {
		var p media.Packet
		err := d.Next(&p)
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if g.crosses(p.Time + p.Duration) {
			if err := r.flush(&pending); err != nil {
				return err
			}
		}
		pending.add(p)
	}
	return r.flush(&pending)
}

// fragment gathers the packets of a segment. A demuxer's packet lives until its next, so they are
// copied, one behind the other.
type fragment struct {
	data    []byte
	ends    []int
	packets []media.Packet
	length  media.Frames
	out     []byte // reused
}

func (f *fragment) add(p media.Packet) {
	f.data = append(f.data, p.Data...)
	f.ends = append(f.ends, len(f.data))
	f.packets = append(f.packets, p)
	f.length += p.Duration
}

func (r *rendition) flush(f *fragment) error {
	if len(f.packets) == 0 {
		return nil
	}
	begin := 0
	for i, end := range f.ends {
		f.packets[i].Data = f.data[begin:end]
		begin = end
	}
	f.out = fmp4.AppendFragment(f.out[:0], uint32(len(r.segments)+1), r.raw, f.packets)
	if err := r.add(f.out, f.length); err != nil {
		return err
	}
	f.data, f.ends, f.packets, f.length = f.data[:0], f.ends[:0], f.packets[:0], 0
	return nil
}
