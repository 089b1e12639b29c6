package player

import (
	"context"
	"errors"

	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/metadata"
)

// ReadMetadata reads all that an entry's file says of itself, long pictures too, and waits for what has to
// be fetched for that. The entry needn't be playing. The error is of the package's kinds, or, with what could
// be read, one of the package metadata's; ErrUnknownEntry where the queue has no such entry.
func (p *Player) ReadMetadata(ctx context.Context, id EntryID) (metadata.Metadata, error) {
	queue := p.shown.Load().state.Queue
	i := queue.Index(id)
	if i < 0 {
		return metadata.Metadata{}, ErrUnknownEntry
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.ctx, func() { cancel(ErrClosed) })()
	m, err := loader.ReadMetadata(ctx, p.env.Env, int64(id), specOf(queue.At(i).Item).Spec)
	switch {
	case err == nil || !m.Empty():
		return m, err
	case ctx.Err() != nil:
		return m, context.Cause(ctx)
	}
	return m, classify(err)
}

// ErrUnknownEntry: the queue has no entry of that id.
var ErrUnknownEntry = errors.New("no such entry")
