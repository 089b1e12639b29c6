package pipeline

import (
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// Notes on what the music says of itself.
type (
	// Tagged: this is what the entry's file, or init section, says of the whole. Sent again when more of it
	// was read.
	Tagged struct{ Metadata metadata.Metadata }
	// Moment: the stream carries metadata for a moment of the entry's timeline. Sent when it is decoded,
	// ahead of being heard.
	Moment struct {
		At       time.Duration
		Metadata metadata.Metadata
	}
	// Outlined: Spec.Outline is complete.
	Outlined struct{}
)

// tagged takes note of what the music says of itself: of its gains before its first frame is mixed, if
// they are read by then.
func (e *Entry) tagged(m metadata.Metadata) {
	if m.Empty() {
		return
	}
	e.know(m.Tags)
	e.env.Note(Note{e, Tagged{m}})
}

// tell passes on what a run carries of metadata. d.align has found where the run lies.
func (d *decoderStage) tell(demux container.Demuxer, info container.Info, r *run) {
	if i, ok := demux.(interface {
		InitMetadata() (metadata.Metadata, error)
	}); ok && !d.told {
		d.told = true
		m, err := i.InitMetadata()
		if err != nil {
			d.e.env.Logger.Debug("metadata of the init section", "err", err)
		}
		d.e.tagged(m)
	}
	t, ok := demux.(container.Timed)
	if !ok {
		return
	}
	start := d.trim(info, r).Start
	for _, m := range t.Timed() {
		at := m.Time
		d.rescale(&at)
		at += d.base - start
		if length := d.end; length >= 0 && at >= length {
			continue
		}
		d.e.env.Note(Note{d.e, Moment{max(0, at).Duration(d.rate), m.Metadata}})
	}
}

// tellMoments passes on what a live stream says from a moment of the timeline on.
func (d *decoderStage) tellMoments(list []metadata.Metadata, at media.Frames) {
	for _, m := range list {
		d.e.env.Note(Note{d.e, Moment{max(0, at, d.next).Duration(d.rate), m}})
	}
}
