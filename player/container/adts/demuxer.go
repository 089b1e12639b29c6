package adts

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

// prerollBlocks is how many packets a decoder needs in front of a wanted one. Low Complexity needs one,
// for its overlap; spectral band replication, which shows in the packets alone, waits for a header and
// forgets slowly.
const prerollBlocks = 32

// Demuxer gives the raw_data_blocks of a whole ADTS or LOAS file, without their headers. Raw time starts
// with the first of them that can be decoded, in frames at the core's sample rate: what SBR adds, only
// the decoder knows.
//
// An ADTS frame of several blocks without checksums is one packet of their common Duration, since nothing
// tells where one ends and the next begins. A packet without Data stands for one that was damaged.
type Demuxer struct {
	s     stream
	size  int64 // of the file, tags included
	info  container.Info
	block media.Frames // of a raw_data_block
	mux   *mux         // of LOAS
	first int64        // offset of the first frame
	cur   cursor
	index index
	total int64 // raw_data_blocks; -1 until the end was seen

	packets [][]byte // of the frame at hand
	begins  int64    // its offset
	start   int64    // the number of its first raw_data_block
	span    int64    // raw_data_blocks in each
	at      int      // the next of them
	skip    int64    // raw_data_blocks of the next frame that a seek leaves out
	buf     []byte   // what LOAS doesn't put on byte borders
	err     error
}

var (
	_ container.Seeker = (*Demuxer)(nil)
	_ container.Tagged = (*Demuxer)(nil)
	_ container.Placed = (*Demuxer)(nil)
)

// cursor is a place between two frames.
type cursor struct {
	pos int64 // where the next frame is looked for
	n   int64 // the number of its first raw_data_block
}

// Open starts on the file of size bytes that r reads. It steps over tags at both ends and over up to
// container.MaxResyncBytes of rubbish in front of the first frame, and finds out which of the two kinds
// it is. The error wraps container.ErrFormat when it is neither, container.ErrUnsupported,
// container.ErrLimit, or r's own error.
func Open(r io.ReaderAt, size int64) (*Demuxer, error) {
	d := &Demuxer{s: stream{Window: window.Window{R: r, End: size}}, size: size, total: -1}
	start, err := id3.Skip(&d.s.Window)
	if err != nil {
		return nil, fmt.Errorf("adts: %w", err)
	}
	if _, arriving := r.(container.Arriving); !arriving { // else tags behind are passed over when they come
		if d.s.End, err = id3.End(&d.s.Window, start); err != nil {
			return nil, err
		}
	}
	if err := d.begin(start); err != nil {
		return nil, err
	}
	if c, ok := id3.Gapless(&d.s.Window, start); ok && start > 0 {
		d.info.Trim = media.Trim{Start: c.Delay, Length: c.Length}
	}
	return d, nil
}

// begin finds the first frame at or behind start and reads what it says of the stream.
func (d *Demuxer) begin(start int64) error {
	plain, loas := d.search(start)
	for _, k := range []candidate{plain, loas} {
		if k.err != nil && !missing(k.err) {
			return k.err
		}
	}
	var err error
	switch {
	case plain.err != nil && loas.err != nil:
		return fmt.Errorf("adts: no frames found: %w", container.ErrFormat)
	case loas.err != nil || plain.err == nil && plain.at <= loas.at: // what looks like a frame may stand by chance in the other kind
		d.s.loas, d.s.ref, d.s.synced = false, plain.adts, true
		err = d.beginADTS(plain.frame)
	default:
		d.s.synced = true
		err = d.beginLOAS(loas.frame)
	}
	d.info.Format.Codec = media.CodecAAC
	d.info.Preroll = prerollBlocks * d.block
	d.cur = cursor{pos: d.first}
	return err
}

// candidate is the first frame of one kind, or why there is none.
type candidate struct {
	frame
	err error
}

// search looks for the first frame of either kind, near first: of a file that is still coming in more isn't
// waited for in vain.
func (d *Demuxer) search(start int64) (plain, loas candidate) {
	for reach := int64(container.MaxResyncBytes >> 8); ; reach <<= 4 {
		d.s.loas = false
		plain.frame, plain.err = d.s.within(start, start+reach)
		far := start + reach
		if plain.err == nil {
			far = plain.at // one that comes later doesn't count
		}
		d.s.loas = true
		loas.frame, loas.err = d.s.within(start, far)
		if !missing(plain.err) || !missing(loas.err) || reach >= container.MaxResyncBytes {
			return plain, loas
		}
	}
}

func missing(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, container.ErrLimit)
}

func (d *Demuxer) beginADTS(f frame) error {
	b, err := d.s.At(f.at, f.size)
	if err != nil {
		return err
	}
	if len(b) < f.size {
		return fmt.Errorf("adts: first frame cut: %w", container.ErrFormat)
	}
	format := &d.info.Format
	if format.Config, format.Channels, err = specificConfig(f.adts, f.adts.split(nil, b)[0]); err != nil {
		return err
	}
	format.SampleRate = coreRates[f.adts.rateIndex]
	d.block, d.first = blockFrames, f.at
	return nil
}

// beginLOAS goes to the first frame that brings a configuration: what stands before can't be decoded.
func (d *Demuxer) beginLOAS(f frame) error {
	for far := f.at + container.MaxResyncBytes; f.at < far; {
		b, err := d.s.At(f.at, f.size)
		if err != nil {
			return err
		}
		var e element
		if err := e.open(b[min(loasBytes, len(b)):], nil); err == nil {
			d.mux = &e.mux
			d.info.Format.Config, d.info.Format.Channels = e.mux.asc, e.mux.config.channels
			d.info.Format.SampleRate = e.mux.config.rate
			d.block, d.first = media.Frames(e.mux.config.block), f.at
			return nil
		} else if errors.Is(err, container.ErrUnsupported) {
			return err
		}
		if f, err = d.s.frame(f.at + int64(f.size)); missing(err) {
			break
		} else if err != nil {
			return err
		}
	}
	return fmt.Errorf("adts: LATM without a configuration: %w", container.ErrFormat)
}

// Info is the stream's format, its pre-roll, and the trim that iTunSMPB tells in a tag: ADTS has no place for
// one. The Format's Config is an AudioSpecificConfig: made from the
// header in ADTS, and bit by bit the one of the stream in LOAS.
func (d *Demuxer) Info() container.Info { return d.info }

// Duration counts the frames to be heard at the core's rate: what iTunSMPB says, else those of all packets,
// and then it is zero until Next, Seek or Scan has reached the end.
func (d *Demuxer) Duration() media.Frames {
	all := max(0, media.Frames(d.total)*d.block-d.info.Trim.Start)
	if n := d.info.Trim.Length; n > 0 && (d.total < 0 || n < all) {
		return n
	}
	return all
}

// ReadMetadata reads ID3, APE and Lyrics3 tags; see container.Tagged.
func (d *Demuxer) ReadMetadata(r io.ReaderAt, o metadata.Options) (metadata.Metadata, error) {
	return id3.Read(r, d.size, d.first, o)
}

// Offset is where the frame begins that the packet given last was in.
func (d *Demuxer) Offset() int64 { return d.begins }

// Next gives the next packet.
func (d *Demuxer) Next(p *media.Packet) error {
	for d.err == nil && d.at >= len(d.packets) {
		d.err = d.load()
	}
	if d.err != nil {
		return d.err
	}
	*p = media.Packet{Data: d.packets[d.at], Time: media.Frames(d.start+int64(d.at)*d.span) * d.block,
		Duration: media.Frames(d.span) * d.block}
	d.at++
	return nil
}

// load takes the next frame apart.
func (d *Demuxer) load() error {
	f, err := d.step(&d.cur)
	if err != nil {
		return err
	}
	b, err := d.s.At(f.at, f.size)
	if err != nil {
		return err
	}
	if len(b) < f.size {
		return io.EOF // the file was cut while it was read
	}
	blocks := d.in(f)
	d.start, d.begins, d.packets = d.cur.n-blocks, f.at, d.packets[:0]
	if d.s.loas {
		d.packets, d.buf, err = d.mux.packets(d.packets, d.buf[:0], b[loasBytes:])
	} else {
		d.packets = f.adts.split(d.packets, b)
	}
	d.span = blocks / int64(max(1, len(d.packets)))
	d.at, d.skip = int(d.skip/max(1, d.span)), 0
	return err
}

// step walks over one frame and keeps the index.
func (d *Demuxer) step(c *cursor) (f frame, err error) {
	if f, err = d.s.frame(c.pos); err != nil {
		if errors.Is(err, io.EOF) {
			d.total = c.n
		}
		return f, err
	}
	d.index.note(cursor{f.at, c.n})
	c.pos = f.at + int64(f.size)
	c.n += d.in(f)
	return f, nil
}

// in counts a frame's raw_data_blocks.
func (d *Demuxer) in(f frame) int64 {
	if d.s.loas {
		return int64(d.mux.subframes)
	}
	return int64(f.blocks)
}
