// Package fmp4 reads and writes fragmented MP4 (ISO 14496-12, CMAF): an init segment that says
// what the stream is, then media segments of moof and mdat. It knows one audio track a file, clear
// samples, and FLAC, ALAC, Opus, AAC, MP3 and PCM as codings; encrypted sample entries are refused.
// Whole files, fragmented or not, are for the package mp4.
package fmp4

import (
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/bmff"
)

// Init is what an init segment says of its first audio track.
type Init struct {
	Timescale uint32 // ticks a second of the track's times
	TrackID   uint32

	info  container.Info
	track *bmff.Track
	data  []byte
}

// ParseInit reads an init segment: ftyp, moov. It takes the first enabled track that is audio of a
// coding it knows. It keeps data. The error wraps container.ErrFormat, container.ErrLimit, or container.ErrUnsupported
// when no track is audio that we take apart (encrypted entries among them).
func ParseInit(data []byte) (*Init, error) {
	if len(data) > container.MaxSegmentBytes {
		return nil, fmt.Errorf("fmp4: init segment of %d bytes: %w", len(data), container.ErrLimit)
	}
	// An init segment may be the head of a longer file, cut: what comes behind moov isn't looked at.
	moov, ok, err := bmff.Child(data, bmff.CC("moov"))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("fmp4: no moov box: %w", container.ErrFormat)
	}
	t, err := bmff.ParseMovie(moov.Body)
	if err != nil {
		return nil, err
	}
	in := &Init{Timescale: t.Timescale, TrackID: t.ID, info: t.Info, track: t, data: data}
	in.info.Trim = t.Trim(0)
	return in, nil
}

// Info is the track's format and the trim that its edit list asks for, in frames.
func (i *Init) Info() container.Info { return i.info }
