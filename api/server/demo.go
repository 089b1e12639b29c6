package server

import (
	"context"
	"fmt"

	"github.com/segue-audio/segue/api/server/demo"
	"github.com/segue-audio/segue/api/server/ingest"
)

// writeDemo makes the demo album, unless it is there, and tells of it as ingestion does.
func writeDemo(ctx context.Context, dir string, progress func(ingest.Progress)) error {
	return demo.Write(ctx, dir, func(p demo.Progress) {
		if progress != nil && p.Total > 0 {
			progress(ingest.Progress{Stage: ingest.Composing, Detail: fmt.Sprintf("%s: %d %%", p.Title, 100*p.Frames/p.Total)})
		}
	})
}
