package pipeline

import (
	"context"

	"github.com/segue-audio/segue/player/waveform"
)

// outlineSuffix is the cache's name for a track's outline, behind the content's.
const outlineSuffix = "|peaks"

// outline takes decoded frames into the entry's outline, before d.next has moved past them.
func (d *decoderStage) outline(pcm []float32) {
	if b := d.e.Spec.Outline; b != nil && d.e.Live() == nil {
		b.Add(pcm, Channels, d.rate, d.next)
	}
}

// outlined tells that the entry was decoded to its end, which is d.next.
func (d *decoderStage) outlined(ctx context.Context) {
	b := d.e.Spec.Outline
	if b == nil || d.rate == 0 || d.e.Spec.Stop > 0 {
		return
	}
	was := b.Complete()
	b.End(d.next.Duration(d.rate))
	if was || !b.Complete() {
		return
	}
	d.e.env.Note(Note{d.e, Outlined{}})
	key := d.e.Spec.Identity()
	if d.e.env.Cache == nil || key == "" {
		return
	}
	data, err := b.Waveform().MarshalBinary()
	if err == nil {
		err = d.e.env.Cache.PutDocument(ctx, key+outlineSuffix, data)
	}
	if err != nil && ctx.Err() == nil {
		d.e.env.Logger.Warn("outline not kept", "err", err)
	}
}

// restoreOutline takes an entry's outline from the cache, if it is there.
func (e *Entry) restoreOutline(ctx context.Context) {
	b := e.Spec.Outline
	if b == nil || e.env.Cache == nil || b.Complete() {
		return
	}
	key := e.Spec.Identity()
	if key == "" {
		return
	}
	data, ok := e.env.Cache.Document(ctx, key+outlineSuffix)
	if !ok {
		return
	}
	var w waveform.Waveform
	if err := w.UnmarshalBinary(data); err != nil || !w.Complete {
		e.env.Logger.Warn("outline in the cache is of no use", "err", err)
		return
	}
	b.Restore(w)
	e.env.Note(Note{e, Outlined{}})
}
