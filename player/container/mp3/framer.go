package mp3

import (
	"bytes"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/framing"
	"github.com/segue-audio/segue/player/media"
)

// Framer finds the frames of an MPEG audio stream that another container carries piece by piece (MPEG-TS).
// The bytes stay with the caller. It refuses free format, as that is what rubbish looks like. It is used by
// one goroutine at a time.
type Framer struct {
	s    stream
	lost bool
}

// NewFramer gives a Framer.
func NewFramer() *Framer { return &Framer{lost: true} }

var _ framing.Framer = (*Framer)(nil)

// Lost says that bytes are missing in front of those that Find is given next.
func (f *Framer) Lost() { f.lost = true }

// Find looks for the first frame in b; see framing.Framer.
func (f *Framer) Find(b []byte, r framing.Rest) (skip, size int) {
	final := r == framing.None
	const chain = 3*maxFrameBytes + HeaderBytes
	if !f.lost {
		if len(b) < HeaderBytes && !final {
			return 0, 0
		}
		if len(b) >= HeaderBytes {
			h, v := parseHeader(b)
			ok := v == isHeader && h.matches(f.s.ref)
			if ok && h.FrameBytes <= len(b) {
				return 0, h.FrameBytes
			} else if ok && !final {
				return 0, 0
			}
		}
	}
	f.lost = true
	for at := 0; ; at++ {
		next := bytes.IndexByte(b[at:], 0xff)
		if next < 0 {
			return len(b), 0
		}
		at += next
		if !final && len(b)-at < chain {
			return at, 0
		}
		if len(b)-at < HeaderBytes {
			return at, 0
		}
		h, v := parseHeader(b[at:])
		if v == isHeader && (!f.s.synced || h.matches(f.s.ref)) && h.FrameBytes <= len(b)-at && f.s.followed(b[at:], h, final) {
			f.lost = false
			return at, h.FrameBytes
		}
	}
}

// Begin reads what the first frame says of the stream. ok is false for a Xing, Info or VBRI frame, which
// has no music in it.
func (f *Framer) Begin(frame []byte) (info container.Info, ok bool, err error) {
	h, err := ParseHeader(frame)
	if err != nil {
		return info, false, err
	}
	if _, told := parseInfoTag(h, frame); told {
		return info, false, nil
	}
	f.s.ref, f.s.synced = h, true
	return container.Info{
		Format:  media.Format{Codec: media.CodecMP3, SampleRate: h.SampleRate, Channels: h.Channels},
		Preroll: prerollFrames(h) * media.Frames(h.Samples),
	}, true, nil
}

// Grid is how long a coded frame is, in PCM frames. It may be called after Begin.
func (f *Framer) Grid() media.Frames { return media.Frames(f.s.ref.Samples) }

// Frames is how many PCM frames a coded one holds: as many as any other.
func (f *Framer) Frames([]byte) media.Frames { return f.Grid() }

// Packets appends the frame to dst: it is one packet, header and all.
func (f *Framer) Packets(dst [][]byte, frame []byte) ([][]byte, error) {
	return append(dst, frame), nil
}
