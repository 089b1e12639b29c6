// Package mp4 takes MP4, M4A and QuickTime files apart: whole ones, whose sample tables stand in moov in
// front of the media or behind it, and fragmented ones. It plays the first enabled track of a coding
// that it knows (AAC, ALAC, FLAC, Opus, MP3, PCM), reads what it needs through io.ReaderAt, and
// refuses encrypted samples and tracks that change their coding on the way.
package mp4

import (
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/bmff"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// Demuxer gives the samples of a file's audio track, each a packet; of uncompressed sound, thousands of
// them. Raw time is the track's media time: the one that edit lists speak of. In a fragmented file
// without an edit list it starts with the first sample.
type Demuxer struct {
	data    window.Window
	size    int64 // of the file
	info    container.Info
	samples source
	length  media.Frames // heard in all; zero where only the end will tell
	err     error
}

var (
	_ container.Seeker = (*Demuxer)(nil)
	_ container.Tagged = (*Demuxer)(nil)
)

// source gives samples in order: those of tables, or those of fragments.
type source interface {
	// next gives a sample or io.EOF. After another error it stays where it was.
	next() (bmff.Sample, error)
	// seek goes to the last sample that begins at or before t − back, or the first, or to the end when t
	// is there. After an error it stays where it was.
	seek(t, back media.Frames) error
}

// Open starts on the file of size bytes that r reads. It reads moov, wherever it stands, and no media.
// The error wraps container.ErrFormat when it is no such file, container.ErrUnsupported when no track of
// it is played, container.ErrLimit, or r's own error.
func Open(r io.ReaderAt, size int64) (*Demuxer, error) {
	l, err := readLayout(r, size)
	if err != nil {
		return nil, err
	}
	track, err := bmff.ParseMovie(l.moov.moov[8:])
	if err != nil {
		return nil, err
	}
	d := &Demuxer{data: window.Window{R: r, End: size}, size: size, info: track.Info}
	moov := l.moov.moov[8:]
	end, err := d.open(l, track)
	if err != nil {
		return nil, err
	}
	d.info.Trim = trim(track, end, comment(moov))
	if d.length = d.info.Trim.Length; l.fragmented && !track.Edit.Set {
		d.info.Trim.Length = 0 // an index may be wrong: what is there is played
	}
	return d, nil
}

// open finds the samples, and where they end in counts; zero where that isn't known.
func (d *Demuxer) open(l layout, track *bmff.Track) (end uint64, err error) {
	tables := l.moov.tracks[track.Index]
	_, sized := tables[bmff.CC("stsz")]
	_, short := tables[bmff.CC("stz2")]
	var t *sampleTable
	if !l.fragmented || sized || short {
		if t, err = openTable(d.data.R, d.size, track, tables); err != nil {
			return 0, err
		}
		end = t.end
	}
	if d.samples = t; !l.fragmented {
		return end, nil
	}
	f, err := openFragments(window.Window{R: d.data.R, End: d.size}, track, l, end)
	if err != nil {
		return 0, err
	}
	if d.samples = f; end > 0 {
		d.samples = &joined{table: t, fragments: f, inTable: true}
	}
	return f.end(), nil
}

// ReadMetadata reads iTunes's items, loudness and chapters; see container.Tagged.
func (d *Demuxer) ReadMetadata(r io.ReaderAt, o metadata.Options) (metadata.Metadata, error) {
	tags := metadata.NewReader(r, d.size, o)
	_ = tags.MP4() // its error is Metadata's
	return tags.Metadata()
}

// Info is the track's format, trim and pre-roll.
func (d *Demuxer) Info() container.Info { return d.info }

// Duration counts the frames to be heard; zero where a fragmented file doesn't say.
func (d *Demuxer) Duration() media.Frames { return d.length }

// Next gives the next sample.
func (d *Demuxer) Next(p *media.Packet) error {
	if d.err != nil {
		return d.err
	}
	s, err := d.samples.next()
	if err != nil {
		d.err = err
		return err
	}
	data, err := d.data.At(s.At, s.Size)
	if err == nil && len(data) < s.Size {
		err = fmt.Errorf("mp4: sample of %d bytes at %d, where the file has %d: %w", s.Size, s.At, d.data.End, container.ErrFormat)
	}
	if err != nil {
		d.err = err
		return err
	}
	*p = media.Packet{Data: data, Time: s.Time, Duration: s.Duration}
	return nil
}

// Seek moves to the sample that holds raw time t less the pre-roll.
func (d *Demuxer) Seek(t media.Frames) error {
	if err := d.samples.seek(t, d.info.Preroll); err != nil {
		return err
	}
	d.err = nil
	return nil
}

// layout is what stands where in a file.
type layout struct {
	moov       *outline
	fragmented bool
	first      int64  // offset of the first moof
	indexes    []span // sidx boxes in front of it
}

// readLayout walks over the boxes of the file, until all is known that is wanted.
func readLayout(r io.ReaderAt, size int64) (l layout, err error) {
	w := window.Window{R: r, End: size}
	count := 0
	for off := int64(0); off < w.End; count++ {
		if count == bmff.MaxBoxes {
			return l, fmt.Errorf("mp4: more than %d boxes: %w", bmff.MaxBoxes, container.ErrLimit)
		}
		kind, body, whole, err := readHead(&w, off, w.End)
		if err != nil {
			if l.moov != nil && cutEnd(err, off, w.End) == io.EOF {
				break
			}
			return l, err
		}
		switch {
		case kind == bmff.CC("moov") && l.moov == nil:
			if !whole {
				return l, fmt.Errorf("mp4: moov ends behind the file: %w", container.ErrFormat)
			}
			l.moov = &outline{w: &window.Window{R: r, End: size}}
			if err := l.moov.keep("moov", body); err != nil {
				return l, err
			}
			if _, ok, err := bmff.Child(l.moov.moov[8:], bmff.CC("mvex")); err != nil {
				return l, err
			} else if !ok {
				return l, nil
			}
			l.fragmented = true
		case kind == bmff.CC("sidx") && whole && len(l.indexes) < 16:
			l.indexes = append(l.indexes, body)
		case kind == bmff.CC("moof"):
			if l.first = off; l.moov != nil {
				return l, nil
			}
		}
		off = body.end
	}
	if l.moov == nil {
		return l, fmt.Errorf("mp4: no moov box: %w", container.ErrFormat)
	}
	if l.first == 0 {
		l.first = w.End // a fragmented file without a fragment
	}
	return l, nil
}
