package fmp4

import (
	"bytes"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/bmff"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// Metadata reads what the init segment says of the music: iTunes's items, loudness, chapters. The error
// wraps those of metadata; what was read is given with it.
func (i *Init) Metadata() (metadata.Metadata, error) {
	r := metadata.NewReader(bytes.NewReader(i.data), int64(len(i.data)), metadata.Options{})
	_ = r.MP4() // its error is Metadata's
	return r.Metadata()
}

// InitMetadata is Init's Metadata.
func (s *Segment) InitMetadata() (metadata.Metadata, error) { return s.init.Metadata() }

var _ container.Timed = (*Segment)(nil)

// maxMessages bounds the event messages of one segment.
const maxMessages = 1024

// Timed gives the ID3 tags that the segment's event messages carry (emsg boxes with the scheme
// https://aomedia.org/emsg/ID3). Messages that can't be read are passed over.
func (s *Segment) Timed() (list []metadata.Timed) {
	rate, weight := int64(s.info.Format.SampleRate), 0
	_ = bmff.Boxes(s.data, 0, func(b bmff.Box) (bool, error) { // the boxes were walked over before
		if b.Kind != bmff.CC("emsg") {
			return true, nil
		}
		m, err := metadata.ParseMessage(b.Body)
		if err != nil {
			return true, nil
		}
		if tag, ok := m.ID3(); ok {
			weight += tag.Weight()
			at := media.Frames(media.Rescale(int64(min(m.Time, 1<<62)), int64(m.Timescale), rate))
			if m.Delta {
				at += s.base
			}
			list = append(list, metadata.Timed{Time: at, Metadata: tag})
		}
		return len(list) < maxMessages && weight < container.MaxTimedBytes, nil
	})
	return list
}
