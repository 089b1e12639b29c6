package mp3

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

// indexStep is how many frames lie between two entries of the seek index: one a second and a half
// at 44.1 kHz, so that ten hours of music cost 200 kB.
const indexStep = 64

// maxIndex bounds the index of a stream that has no end, at five days of music.
const maxIndex = 1 << 18

// Demuxer gives the frames of a whole MP3 file, one frame a packet, header included. Raw time
// starts with the first frame of audio: a Xing, Info or VBRI frame is read and not given.
// The Data of a packet is as in the file, so that consecutive packets are a valid stream.
type Demuxer struct {
	s     stream
	size  int64 // of the file, tags included
	info  container.Info
	tag   infoTag
	first int64 // offset of the first audio frame
	at    int64 // offset of the frame given last
	pos   int64 // where the next frame is looked for
	n     int64 // its index
	index []int64
	total int64 // frames; -1 until the end was seen
	err   error
}

var (
	_ container.Seeker = (*Demuxer)(nil)
	_ container.Tagged = (*Demuxer)(nil)
	_ container.Placed = (*Demuxer)(nil)
)

// Open starts on the file of size bytes that r reads. It steps over tags at both ends and over up
// to container.MaxResyncBytes of rubbish in front of the first frame. The error wraps
// container.ErrFormat when no MP3 is found, container.ErrUnsupported when it is MPEG audio of
// another kind, container.ErrLimit, or r's own error.
func Open(r io.ReaderAt, size int64) (*Demuxer, error) {
	d := &Demuxer{s: stream{Window: window.Window{R: r, End: size}}, size: size, total: -1}
	start, err := id3.Skip(&d.s.Window)
	if err != nil {
		return nil, err
	}
	if _, arriving := r.(container.Arriving); !arriving { // else tags behind are passed over when they come
		if d.s.End, err = id3.End(&d.s.Window, start); err != nil {
			return nil, err
		}
	}
	if err := d.begin(start); err != nil {
		return nil, err
	}
	if !d.tag.lame && start > 0 {
		// iTunes writes no LAME tag. It counts the encoder's delay, and leaves the decoder's out as LAME does.
		if c, ok := id3.Gapless(&d.s.Window, start); ok {
			d.info.Trim = media.Trim{Start: c.Delay + decoderDelay, Length: c.Length}
		}
	}
	return d, nil
}

// begin finds the first frame at or behind start and reads what it says of the stream.
func (d *Demuxer) begin(start int64) error {
	at, h, err := d.s.frame(start)
	if err != nil {
		return d.whyNone(start, err)
	}
	frame, err := d.s.At(at, h.FrameBytes)
	if err != nil {
		return err
	}
	if tag, ok := parseInfoTag(h, frame); ok {
		d.tag = tag
		at += int64(h.FrameBytes)
		next, g, err := d.s.frame(at)
		switch {
		case err == nil:
			at, h = next, g
		case !errors.Is(err, io.EOF):
			return err
		}
	}
	d.first, d.pos = at, at
	d.info = container.Info{
		Format:  media.Format{Codec: media.CodecMP3, SampleRate: h.SampleRate, Channels: h.Channels},
		Trim:    d.tag.trim(h.Samples),
		Preroll: prerollFrames(h) * media.Frames(h.Samples),
	}
	return nil
}

// whyNone turns the failure to find a first frame into an error that tells what the file is.
func (d *Demuxer) whyNone(start int64, err error) error {
	if !errors.Is(err, io.EOF) && !errors.Is(err, container.ErrLimit) {
		return err
	}
	if b, rerr := d.s.At(start, HeaderBytes); rerr == nil && len(b) == HeaderBytes {
		if _, perr := ParseHeader(b); errors.Is(perr, container.ErrUnsupported) {
			return perr
		}
	}
	return fmt.Errorf("mp3: no frames found: %w", container.ErrFormat)
}

// prerollFrames is how many frames a decoder needs in front of a wanted one. Main data may begin
// 511 bytes back (255 in the low-rate versions), counted without headers, checksums and side
// information: at the lowest bit rate, which any frame may have, 68 bytes are left of a frame in stereo
// at 44.1 kHz, and 3 at 24. One frame more (two where a frame is a single granule) fills the overlap
// and the filter bank.
func prerollFrames(h Header) media.Frames {
	begin, more := 511, 1
	if h.Version != 1 {
		begin, more = 255, 2
	}
	own := h.leastBytes() - HeaderBytes - h.SideInfoBytes()
	if h.CRC {
		own -= 2
	}
	own = max(own, 1)
	return media.Frames((begin+own-1)/own + more)
}

// Info is the stream's format, trim and pre-roll.
func (d *Demuxer) Info() container.Info { return d.info }

// Duration counts the frames to be heard: what a header claims, zero where none does, and what is
// there once Next, Seek or Scan has reached the end.
func (d *Demuxer) Duration() media.Frames {
	frames := d.tag.frames
	if d.total >= 0 {
		frames = d.total
	}
	heard := max(0, media.Frames(frames)*media.Frames(d.s.ref.Samples)-d.info.Trim.Start)
	if claim := d.info.Trim.Length; claim > 0 && (d.total < 0 || claim < heard) {
		return claim
	}
	return heard
}

// ReadMetadata reads ID3, APE and Lyrics3 tags, and where none of them tells a gain, the one that LAME
// measured; see container.Tagged.
func (d *Demuxer) ReadMetadata(r io.ReaderAt, o metadata.Options) (metadata.Metadata, error) {
	m, err := id3.Read(r, d.size, d.first, o)
	if m.Tags.TrackGain == nil && m.Tags.AlbumGain == nil && d.tag.gain != nil {
		m.Tags.TrackGain, m.Tags.TrackPeak = d.tag.gain, d.tag.peak
	}
	return m, err
}

// Offset is where the frame that Next gave last begins.
func (d *Demuxer) Offset() int64 { return d.at }

// Next gives the next frame.
func (d *Demuxer) Next(p *media.Packet) error {
	if d.err != nil {
		return d.err
	}
	n := d.n
	at, h, err := d.step()
	if err != nil {
		d.err = err
		return err
	}
	data, err := d.s.At(at, h.FrameBytes)
	if err == nil && len(data) < h.FrameBytes {
		err = io.EOF // the file was cut while it was read
	}
	if err != nil {
		d.err = err
		return err
	}
	d.at = at
	*p = media.Packet{Data: data, Time: media.Frames(n) * media.Frames(h.Samples), Duration: media.Frames(h.Samples)}
	return nil
}

// step walks over one frame and keeps the index.
func (d *Demuxer) step() (at int64, h Header, err error) {
	at, h, err = d.s.frame(d.pos)
	if err != nil {
		if errors.Is(err, io.EOF) {
			d.total = d.n
		}
		return 0, h, err
	}
	if d.n%indexStep == 0 && d.n/indexStep == int64(len(d.index)) && len(d.index) < maxIndex {
		d.index = append(d.index, at)
	}
	d.pos = at + int64(h.FrameBytes)
	d.n++
	return at, h, nil
}

// Seek moves to the frame that holds raw time t less the pre-roll. It is exact at any bitrate: the
// headers up to t are walked once and remembered.
func (d *Demuxer) Seek(t media.Frames) error {
	samples := media.Frames(d.s.ref.Samples)
	pos, n := d.pos, d.n
	last, want := int64(max(0, t)/samples), int64(max(0, t-d.info.Preroll)/samples)
	err := d.walk(last + 1) // whether t is past the end can only be seen there
	if err == nil {
		err = d.walk(want)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		d.pos, d.n = pos, n
		return err
	}
	d.err = nil
	if err != nil {
		d.err = io.EOF
	}
	return nil
}

// Scan walks to the end of the file, so that Duration is exact. The position stays.
func (d *Demuxer) Scan() error {
	pos, n := d.pos, d.n
	defer func() { d.pos, d.n = pos, n }()
	for d.total < 0 {
		if _, _, err := d.step(); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return nil
}

// walk moves to the frame of index want.
func (d *Demuxer) walk(want int64) error {
	if d.total >= 0 && want > d.total {
		return io.EOF
	}
	if known := min(want/indexStep, int64(len(d.index))-1); known >= 0 && (want < d.n || known*indexStep > d.n) {
		d.pos, d.n = d.index[known], known*indexStep
	} else if want < d.n {
		d.pos, d.n = d.first, 0
	}
	for d.n < want {
		if _, _, err := d.step(); err != nil {
			return err
		}
	}
	return nil
}
