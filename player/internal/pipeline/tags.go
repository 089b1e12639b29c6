package pipeline

import (
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// Notes on what the music says of itself.
type (
	// Moment: the stream carries metadata for a moment of the entry's timeline. Sent when it is decoded,
	// ahead of being heard.
	Moment struct {
		At       time.Duration
		Metadata metadata.Metadata
	}
	// Outlined: Spec.Outline is complete.
	Outlined struct{}
)

// tell passes on what a run carries of metadata. d.align has found where the run lies.
func (d *decoderStage) tell(demux container.Demuxer, info container.Info, r *loader.Run) {
	if i, ok := demux.(interface {
		InitMetadata() (metadata.Metadata, error)
	}); ok && !d.told {
		d.told = true
		m, err := i.InitMetadata()
		if err != nil {
			d.e.env.Logger.Debug("metadata of the init section", "err", err)
		}
		if !m.Empty() {
			d.e.hear(loader.Tagged{Metadata: m})
		}
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
