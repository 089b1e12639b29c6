// Package mka takes the sound out of Matroska and WebM files (RFC 9559, RFC 8794): Opus, Vorbis, FLAC, AAC,
// MP3, ALAC and PCM, of the first track that is enabled and of a coding it knows, with all lacings, clusters of
// unknown size, and what the file says of delay and padding. It refuses encryption and compression, but for
// the beginnings that packets share.
package mka

import (
	"errors"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// maxHeadBytes is how far in front of the first cluster all else must be.
const maxHeadBytes = 64 << 20

// Demuxer gives the packets of a track. Raw time begins with the first of them, in frames at the rate that the
// coding's own header tells. Times follow the packets' durations; where a block's time is off by more than it
// can be rounded, that counts.
type Demuxer struct {
	r        io.ReaderAt
	size     int64
	track    *track
	scale    int64 // nanoseconds of a tick
	segment  int64 // offset of the Segment's body
	first    int64 // of the first cluster
	cuesAt   int64 // of the Cues; zero where unknown
	length   media.Frames
	origin   media.Frames // the position of the first packet
	c        *cursor
	index    []place
	haveCues bool
	err      error
}

var (
	_ container.Seeker = (*Demuxer)(nil)
	_ container.Tagged = (*Demuxer)(nil)
)

// place is a cluster and the position of its first packet.
type place struct {
	at int64
	t  media.Frames
}

// Open starts on the file of size bytes that r reads. The error wraps container.ErrFormat,
// container.ErrUnsupported when no track is sound that we take apart, container.ErrLimit, or r's own error.
func Open(r io.ReaderAt, size int64) (*Demuxer, error) {
	d := &Demuxer{r: r, size: size, scale: 1_000_000}
	w := window.Window{R: r, End: size}
	duration, err := d.head(&w)
	if err != nil {
		return nil, err
	}
	if d.track == nil {
		return nil, fmt.Errorf("mka: no tracks in front of the music: %w", container.ErrFormat)
	}
	d.c = d.at(d.first)
	if err := d.c.load(); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(d.c.packets) == 0 {
		return nil, fmt.Errorf("mka: no packets: %w", container.ErrFormat)
	}
	if d.track.info.Format.Codec == media.CodecMP3 {
		if err := d.beginMP3(d.c.packets[0].Data); err != nil {
			return nil, err
		}
	}
	if err := d.begin(); err != nil {
		return nil, err
	}
	d.c = d.at(d.first)
	if s := duration * float64(d.scale) * float64(d.track.info.Format.SampleRate) / 1e9; s > 0 && s < 1<<60 {
		d.length = max(0, media.Frames(s+0.5)-d.track.info.Trim.Start)
	}
	return d, nil
}

// begin finds the time of the first packet that gives sound.
func (d *Demuxer) begin() error {
	for range maxLaces {
		for _, p := range d.c.packets {
			if p.Duration > 0 {
				d.origin = p.Time
				return nil
			}
		}
		if err := d.c.load(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	return nil
}

// beginMP3 takes what only a frame can tell.
func (d *Demuxer) beginMP3(frame []byte) error {
	info, ok, err := mp3.NewFramer().Begin(frame)
	if err != nil || !ok {
		return fmt.Errorf("mka: A_MPEG/L3 that begins with another frame: %w", container.ErrFormat)
	}
	info.Trim = d.track.info.Trim
	d.track.info = info
	return nil
}

// head reads what stands in front of the first cluster.
func (d *Demuxer) head(w *window.Window) (duration float64, err error) {
	for at := int64(0); at < min(d.size, maxHeadBytes); {
		e, ok, err := readHead(w, at)
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, err
		}
		if !ok || at == 0 && e.id != idEBML {
			return 0, fmt.Errorf("mka: no element at %d: %w", at, container.ErrFormat)
		}
		switch e.id {
		case idSegment:
			d.segment, at = e.at, e.at
			continue
		case idCluster:
			d.first = at
			return duration, nil
		case idCues:
			d.cuesAt = at
		case idInfo, idTracks, idSeekHead:
			b, err := readBody(w, e)
			if err != nil {
				return 0, err
			}
			if duration, err = d.part(e.id, b, duration); err != nil {
				return 0, err
			}
		}
		if e.size == unknown {
			return 0, fmt.Errorf("mka: element %#x of unknown size: %w", e.id, container.ErrFormat)
		}
		at = e.end()
	}
	return 0, fmt.Errorf("mka: no cluster: %w", container.ErrFormat)
}

// part reads one of the elements that are needed as a whole.
func (d *Demuxer) part(id uint32, b []byte, duration float64) (float64, error) {
	var err error
	switch id {
	case idTracks:
		if d.track == nil {
			d.track, err = chooseTrack(b)
		}
	case idInfo:
		each(b, func(id uint32, body []byte) bool {
			switch id {
			case idScale:
				d.scale = number(body)
			case idDuration:
				duration = float(body)
			}
			return true
		})
		if d.scale <= 0 || d.scale > 1e9 {
			err = fmt.Errorf("mka: ticks of %d ns: %w", d.scale, container.ErrFormat)
		}
	case idSeekHead:
		each(b, func(id uint32, body []byte) bool {
			what, at := int64(0), int64(0)
			each(body, func(id uint32, body []byte) bool {
				switch id {
				case idSeekID:
					what = number(body)
				case idSeekAt:
					at = number(body)
				}
				return true
			})
			if id == idSeek && what == idCues && at < d.size {
				d.cuesAt = d.segment + at
			}
			return true
		})
	}
	return duration, err
}

// Info is the track's format, the trim of its codec's delay, and the pre-roll. What is to be left out at the
// end shows in the duration of the last packet.
func (d *Demuxer) Info() container.Info { return d.track.info }

// ReadMetadata reads the title, tags and attached pictures; see container.Tagged.
func (d *Demuxer) ReadMetadata(r io.ReaderAt, o metadata.Options) (metadata.Metadata, error) {
	tags := metadata.NewReader(r, d.size, o)
	_ = tags.Matroska() // its error is Metadata's
	return tags.Metadata()
}

// Duration counts the frames to be heard, rounded to the file's ticks; zero where it doesn't say.
func (d *Demuxer) Duration() media.Frames { return d.length }

// Next gives the next packet.
func (d *Demuxer) Next(p *media.Packet) error {
	for d.err == nil && d.c.next >= len(d.c.packets) {
		d.err = d.c.load()
		d.note()
	}
	if d.err != nil {
		return d.err
	}
	*p = d.c.packets[d.c.next]
	d.c.next++
	return nil
}
