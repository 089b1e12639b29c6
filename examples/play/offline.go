package main

import (
	"context"
	"encoding/json"

	"github.com/segue-audio/segue/api"
)

// notes is where the server's answers are kept beside the music, so that both are there or neither.
// cache.Store is one.
type notes interface {
	PutDocument(ctx context.Context, key string, data []byte) error
	Document(ctx context.Context, key string) ([]byte, bool)
}

// trackNote is what must be known of a track to play it without the server.
type trackNote struct {
	ContentID string    `json:"content_id"`
	Track     api.Track `json:"track"`
}

func (l *library) trackNote(ctx context.Context, id string) (trackNote, bool) {
	var n trackNote
	ok := l.note(ctx, "track/"+id, &n)
	return n, ok && n.ContentID != ""
}

func (l *library) keepTrack(ctx context.Context, id string, n trackNote) { l.keep(ctx, "track/"+id, n) }

// note reads a note. Whatever is wrong with it, the server knows better, so it counts as absent.
// Notes are the server's own: two servers may use one id for different things.
func (l *library) note(ctx context.Context, key string, into any) bool {
	if l.notes == nil {
		return false
	}
	data, ok := l.notes.Document(ctx, l.noteKey(key))
	return ok && json.Unmarshal(data, into) == nil
}

// keep writes a note. Failing to costs no more than offline play of this track.
func (l *library) keep(ctx context.Context, key string, value any) {
	if l.notes == nil {
		return
	}
	data, err := json.Marshal(value)
	if err == nil {
		err = l.notes.PutDocument(ctx, l.noteKey(key), data)
	}
	if err != nil {
		l.log.Warn("not kept for offline play", "key", key, "err", err)
	}
}

func (l *library) noteKey(key string) string { return "play/" + l.server + "/" + key }
