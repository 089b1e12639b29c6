// Package packager turns one music file into what the origin serves: renditions in CMAF segments (fragmented
// MP4, ISO 23000-19) of about four seconds, all cut at the same places, with manifests that refer to
// them by relative names. A source's FLAC frames are kept as they are; AAC renditions are made by an
// encoder. It refuses formats other than MP3, FLAC and WAV.
package packager

import (
	"errors"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/container/wav"
	"github.com/segue-audio/segue/player/media"
)

// ErrSource: the file can't be packaged, and trying again won't help until it changes.
var ErrSource = errors.New("not usable")

// Kind is a format of source files.
type Kind string

// The formats that are packaged.
const (
	MP3  Kind = "mp3"
	FLAC Kind = "flac"
	WAV  Kind = "wav"
)

// Limits on a source.
const (
	maxChannels = 8
	maxRate     = 768_000
	maxFrames   = 24 * 3600 * int64(maxRate) // a day at the highest rate
)

// Source is a music file that was looked at from end to end.
type Source struct {
	Path   string
	Kind   Kind
	Format media.Format
	// Frames are to be heard, at Format.SampleRate. For an MP3 without a header that tells the encoder's
	// delay it counts all there are.
	Frames media.Frames
	// Trim is where the frames to be heard lie on the file's own raw timeline.
	Trim    media.Trim
	Bitrate media.Bitrate // average over the audio
	// Block is how many frames all packets but the last hold; zero where they differ.
	Block media.Frames
}

// Lossless tells whether a rendition of this source can give back every bit of it: FLAC holds
// whole numbers of up to 24 bits, as far as the encoders here write them.
func (s Source) Lossless() bool {
	switch s.Kind {
	case FLAC:
		return true
	case WAV:
		switch string(s.Format.Config) {
		case "u8", "s16le", "s24le", "alaw", "ulaw":
			return true
		}
	}
	return false
}

// Inspect reads the file of size bytes at path through r. Its format is told by its content. The
// error wraps ErrSource, or is that of reading.
func Inspect(path string, r io.ReaderAt, size int64) (Source, error) {
	s := Source{Path: path}
	kind, err := sniff(r, size)
	if err != nil {
		return s, err
	}
	s.Kind = kind
	d, err := openSource(kind, r, size)
	if kind == MP3 && errors.Is(err, container.ErrFormat) {
		return s, fmt.Errorf("%w: neither MP3, FLAC nor WAV, whatever it is called (%w)", ErrSource, err)
	} else if err != nil {
		return s, refused(err)
	}
	if err := s.measure(d); err != nil {
		return s, err
	}
	return s, nil
}

func openSource(kind Kind, r io.ReaderAt, size int64) (container.Demuxer, error) {
	switch kind {
	case FLAC:
		return plain(flac.Open(r, size))
	case WAV:
		return plain(wav.Open(r, size))
	}
	return plain(mp3.Open(r, size))
}

// plain makes no demuxer of a nil one.
func plain[D container.Demuxer](d D, err error) (container.Demuxer, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}

// sniff tells the kind from the first bytes; what is neither FLAC nor WAV is left for the MP3
// reader to refuse.
func sniff(r io.ReaderAt, size int64) (Kind, error) {
	head := make([]byte, 12)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	head = head[:n]
	if n < 12 {
		return "", fmt.Errorf("%w: a file of %d bytes holds no music", ErrSource, size)
	}
	if string(head[:3]) == "ID3" { // some put it in front of FLAC as well
		end := int64(10) + int64(head[6]&0x7f)<<21 + int64(head[7]&0x7f)<<14 + int64(head[8]&0x7f)<<7 + int64(head[9]&0x7f)
		mark := make([]byte, 4)
		if _, err := r.ReadAt(mark, end); err == nil && string(mark) == "fLaC" {
			return FLAC, nil
		}
	}
	switch {
	case string(head[:4]) == "fLaC":
		return FLAC, nil
	case string(head[8:]) == "WAVE" && (string(head[:4]) == "RIFF" || string(head[:4]) == "RF64" || string(head[:4]) == "BW64"):
		return WAV, nil
	case string(head[:4]) == "OggS", string(head[4:8]) == "ftyp", string(head[:4]) == "\x1a\x45\xdf\xa3":
		return "", fmt.Errorf("%w: neither MP3, FLAC nor WAV (it is Ogg, MP4 or Matroska)", ErrSource)
	}
	return MP3, nil
}

// refused tells errors of the content, which stay, from those of reading, which may pass.
func refused(err error) error {
	for _, content := range []error{container.ErrFormat, container.ErrUnsupported, container.ErrLimit} {
		if errors.Is(err, content) {
			return fmt.Errorf("%w: %w", ErrSource, err)
		}
	}
	return err
}

// measure walks over all packets: lengths in headers are only claims.
func (s *Source) measure(d container.Demuxer) error {
	info := d.Info()
	s.Format, s.Trim = info.Format, info.Trim
	if s.Format.Channels < 1 || s.Format.Channels > maxChannels || s.Format.SampleRate < 1000 || s.Format.SampleRate > maxRate {
		return fmt.Errorf("%w: %d channels at %d Hz", ErrSource, s.Format.Channels, s.Format.SampleRate)
	}
	var p media.Packet
	var bytes int64
	var end media.Frames
	var lengths evenness
	for {
		err := d.Next(&p)
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return refused(err)
		}
		if s.Kind == FLAC && len(p.Data) == 0 {
			return fmt.Errorf("%w: the file is damaged: audio is missing at %v", ErrSource, p.Time.Duration(s.Format.SampleRate))
		}
		bytes += int64(len(p.Data))
		end = p.Time + p.Duration
		lengths.add(p.Duration)
	}
	s.Block = lengths.common()
	if end <= 0 || int64(end) > maxFrames {
		return fmt.Errorf("%w: %d frames of audio", ErrSource, end)
	}
	s.Bitrate = media.Bitrate(float64(bytes) * 8 / end.Duration(s.Format.SampleRate).Seconds())
	s.Frames = end - s.Trim.Start
	if s.Kind == FLAC && s.Trim.Length > s.Frames {
		return fmt.Errorf("%w: the file is cut short: %v of %v are there", ErrSource,
			s.Frames.Duration(s.Format.SampleRate), s.Trim.Length.Duration(s.Format.SampleRate))
	}
	if s.Kind == MP3 && s.Trim.Length > 0 && s.Trim.Length < s.Frames {
		s.Frames = s.Trim.Length
	}
	if s.Frames <= 0 {
		return fmt.Errorf("%w: no audio is left after its encoder's delay", ErrSource)
	}
	s.Trim.Length = s.Frames
	return nil
}

// evenness finds the length that all packets but a shorter last one share.
type evenness struct {
	length        media.Frames
	short, uneven bool
}

func (e *evenness) add(d media.Frames) {
	e.uneven = e.uneven || e.short || e.length > 0 && d > e.length
	e.length = max(e.length, d)
	e.short = d < e.length
}

func (e *evenness) common() media.Frames {
	if e.uneven {
		return 0
	}
	return e.length
}
