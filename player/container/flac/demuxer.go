package flac

import (
	"errors"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/id3"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// maxGap is the longest jump in the numbers of frames that is taken for damage, and its time
// kept: some twenty seconds. A longer one, or one backwards, is taken for a splice.
const maxGap = 1 << 20

// Demuxer gives the frames of a native FLAC file, one a packet.
//
// A damaged frame is given as it is: its decoder answers with codec.ErrCorrupt. Frames that are lost
// altogether are made up for by packets without Data that say how long they were, so that raw time
// has no holes.
type Demuxer struct {
	s     stream
	size  int64 // of the file
	tags  int64 // offset behind ID3v2 tags in front
	meta  blocks
	info  container.Info
	first int64        // offset of the first frame
	base  media.Frames // the sample number that raw time counts from
	cur   cursor
	at    int64 // offset of the frame given last
	err   error
}

var (
	_ container.Seeker = (*Demuxer)(nil)
	_ container.Tagged = (*Demuxer)(nil)
	_ container.Placed = (*Demuxer)(nil)
)

// cursor is a position between two packets.
type cursor struct {
	pos      int64        // of the next frame's header
	expected media.Frames // the next sample number, where known
	known    bool
	shift    media.Frames // what splices moved the time by
}

// unit is a packet before its bytes are fetched.
type unit struct {
	at             int64
	size           int
	time, duration media.Frames
}

// Open starts on the FLAC file of size bytes that r reads. ID3v2 tags may stand in front; "fLaC" and
// the metadata may be missing or broken as long as frames are found within
// container.MaxResyncBytes. The error wraps container.ErrFormat, container.ErrLimit or r's own.
func Open(r io.ReaderAt, size int64) (*Demuxer, error) {
	d := &Demuxer{s: stream{Window: window.Window{R: r, End: size}}, size: size}
	start, err := id3.Skip(&d.s.Window)
	if err != nil {
		return nil, fmt.Errorf("flac: %w", err)
	}
	d.tags = start
	magic, err := d.s.At(start, 4)
	if err != nil {
		return nil, err
	}
	d.meta.end = start
	native := string(magic) == "fLaC"
	if native {
		if d.meta, err = readMetadata(&d.s.Window, start); err != nil {
			return nil, err
		}
	}
	d.s.info = d.meta.info
	d.first, err = d.s.sync(d.meta.end)
	if errors.Is(err, container.ErrFormat) && d.meta.far > d.meta.end {
		d.first, err = d.s.sync(d.meta.far)
	}
	if err != nil {
		return nil, err
	}
	d.describe()
	d.cur = d.start()
	return d, nil
}

// describe fills info. What the first frame says is what will be decoded, so that it wins over a
// STREAMINFO that says otherwise.
func (d *Demuxer) describe() {
	h := d.s.ref
	if !d.meta.found {
		d.meta.info = StreamInfo{MinBlock: h.BlockSize, MaxBlock: h.BlockSize,
			SampleRate: h.SampleRate, Channels: h.Channels, BitDepth: h.BitDepth}
		d.meta.raw = d.meta.info.appendTo(nil)
		d.s.info = d.meta.info
	}
	d.info = container.Info{
		Format: media.Format{Codec: media.CodecFLAC, SampleRate: h.SampleRate, Channels: h.Channels,
			BitDepth: h.BitDepth, Config: d.meta.raw},
		Trim: media.Trim{Length: media.Frames(d.meta.info.Samples)},
	}
	// A file that was cut from a longer stream starts with the frame it starts with; one whose first
	// frames are damaged starts with their time.
	if d.base = h.Sample; d.first > d.meta.end && d.meta.found && h.Sample <= maxGap {
		d.base = 0
	}
}

func (d *Demuxer) start() cursor { return cursor{pos: d.first, expected: d.base, known: true} }

// Info is the stream's format and length. The length is STREAMINFO's claim.
func (d *Demuxer) Info() container.Info { return d.info }

// ReadMetadata reads the metadata blocks, and ID3 tags that stand around them; see container.Tagged.
func (d *Demuxer) ReadMetadata(r io.ReaderAt, o metadata.Options) (metadata.Metadata, error) {
	tags := metadata.NewReader(r, d.size, o)
	_ = tags.FLAC(d.tags, d.info.Format.SampleRate) // its error is Metadata's
	for off := int64(0); off < d.tags; {
		n, err := tags.ID3v2(off)
		if n == 0 || err != nil {
			break
		}
		off += n
	}
	return tags.Metadata()
}

// StreamInfo is the file's STREAMINFO, or what the first frame tells where the file has none.
func (d *Demuxer) StreamInfo() StreamInfo { return d.meta.info }

// Offset is where the frame that Next gave last begins.
func (d *Demuxer) Offset() int64 { return d.at }

// Next gives the next frame.
func (d *Demuxer) Next(p *media.Packet) error {
	if d.err != nil {
		return d.err
	}
	u, err := d.step(&d.cur)
	var data []byte
	if err == nil && u.size > 0 {
		data, err = d.s.At(u.at, u.size)
	}
	if err != nil {
		d.err = err
		return err
	}
	if u.size > 0 {
		d.at = u.at
	}
	*p = media.Packet{Data: data, Time: u.time, Duration: u.duration}
	return nil
}

// step moves c over one packet.
func (d *Demuxer) step(c *cursor) (u unit, err error) {
	for c.pos < d.s.End {
		h, ok, err := d.s.header(c.pos)
		if err != nil {
			return u, err
		}
		if !ok { // the file changed under us
			return u, fmt.Errorf("flac: frame at %d is gone: %w", c.pos, container.ErrFormat)
		}
		end, next, believed, err := d.extent(c, h)
		if err != nil {
			return u, err
		}
		if !believed {
			c.pos = next
			continue
		}
		if jump := h.Sample - c.expected; c.known && jump > 0 && jump <= maxGap {
			u = unit{time: c.expected + c.shift - d.base, duration: min(jump, maxBlock)}
			c.expected += u.duration
			return u, nil
		} else if c.known {
			c.shift -= jump
		}
		u = unit{at: c.pos, size: int(end - c.pos), time: h.Sample + c.shift - d.base, duration: media.Frames(h.BlockSize)}
		c.pos, c.expected, c.known = next, h.Sample+media.Frames(h.BlockSize), true
		return u, nil
	}
	return u, io.EOF
}

// extent finds where the frame at c.pos ends and where the next one starts. Of a damaged frame that
// isn't the one expected, header and number may be chance, as they come up in rubbish: it is believed
// only when it lies between its neighbours in time too.
func (d *Demuxer) extent(c *cursor, h FrameHeader) (end, next int64, believed bool, err error) {
	end, sound, found, err := d.s.end(c.pos, h)
	if err != nil || found && (sound || !c.known || h.Sample == c.expected) {
		return end, end, true, err
	}
	// The next header is damaged too, or this one was followed by rubbish. What belongs to the frame,
	// its decoder knows.
	next, after, err := d.s.resync(c.pos+int64(h.Bytes), d.s.End)
	limit := after.Sample
	if err == io.EOF {
		next, limit, err = d.s.End, media.Frames(d.meta.info.Samples), nil
	}
	if err != nil {
		return 0, 0, false, err
	}
	believed = !c.known || h.Sample == c.expected ||
		h.Sample > c.expected && h.Sample+media.Frames(h.BlockSize) <= limit
	return min(end, next), next, believed, nil
}
