// Package ingest brings a music folder into the catalogue: it looks for music, reads tags and
// covers, has each new track packaged, and forgets what is gone. A file that can't be used is
// reported and passed over; a run that is cut off, however hard, leaves whole tracks only, and
// the next one goes on from there.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/segue-audio/segue/api/server/packager"
	"github.com/segue-audio/segue/api/server/secrets"
	"github.com/segue-audio/segue/api/server/store"
	"github.com/segue-audio/segue/api/server/tags"
)

// Stage says what Progress tells of.
type Stage string

// The stages of a file; each file ends in one of the last three.
const (
	Composing Stage = "composing" // the demo album; Detail says how far
	Scanning  Stage = "scanning"  // File counts what was found so far
	Packaging Stage = "packaging" // Detail says how far
	Added     Stage = "added"
	Unchanged Stage = "unchanged"
	Skipped   Stage = "skipped" // Detail says why
)

// Progress is one step of a run.
type Progress struct {
	Stage  Stage
	Path   string // below the music folder; "" where it is about no one file
	File   int    // files that are done, this one included where it is
	Files  int    // to be done in all; zero while scanning
	Detail string
}

// Config is what an Ingester works with; all of it must be set.
type Config struct {
	Music    string   // the folder to bring in
	Media    *os.Root // where packaged tracks go
	Covers   *os.Root // where pictures go
	Store    *store.Store
	Secrets  *secrets.Secrets
	Packager *packager.Packager
	Log      *slog.Logger
}

// Ingester brings in one folder. It runs once at a time.
type Ingester struct {
	Config
	namer *tags.Namer
	run   sync.Mutex
}

// New makes an Ingester.
func New(c Config) *Ingester { return &Ingester{Config: c, namer: tags.NewNamer()} }

// Run brings the catalogue in line with the folder. progress is called from one goroutine at a
// time, and may be nil. The error is that of ctx, of the folder as a whole, or of the data folder:
// one file's trouble is only told to progress.
func (in *Ingester) Run(ctx context.Context, progress func(Progress)) error {
	in.run.Lock()
	defer in.run.Unlock()
	if progress == nil {
		progress = func(Progress) {}
	}
	if err := in.sweep(ctx); err != nil {
		return fmt.Errorf("ingest: clearing leftovers: %w", err)
	}
	found, err := scan(ctx, in.Music, func(n int) { progress(Progress{Stage: Scanning, File: n}) })
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	r := &run{Ingester: in, progress: progress, files: len(found.files), tracks: map[string]*sync.Mutex{}}
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for _, c := range found.files {
		if gctx.Err() != nil {
			break
		}
		group.Go(func() error { return r.file(gctx, c) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	for _, t := range found.trouble {
		progress(Progress{Stage: Skipped, Path: t.path, File: r.done, Files: r.files, Detail: t.err.Error()})
	}
	if len(found.trouble) > 0 { // what can't be looked into isn't gone
		return nil
	}
	present := make(map[string]bool, len(found.files))
	for _, c := range found.files {
		present[c.path] = true
	}
	if _, err := in.Store.Keep(ctx, present); err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	return in.sweep(ctx)
}

// run is one Run.
type run struct {
	*Ingester
	files int

	mu       sync.Mutex // of what is below, and held while progress runs
	progress func(Progress)
	done     int
	tracks   map[string]*sync.Mutex // by id: two files of the same bytes must not be packaged at once
}

func (r *run) tell(stage Stage, path, detail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stage != Packaging {
		r.done++
	}
	r.progress(Progress{Stage: stage, Path: path, File: r.done, Files: r.files, Detail: detail})
}

func (r *run) lockTrack(id string) (unlock func()) {
	r.mu.Lock()
	m := r.tracks[id]
	if m == nil {
		m = &sync.Mutex{}
		r.tracks[id] = m
	}
	r.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// file deals with one file. Its error ends the whole run, so it is one of ctx or the data folder.
func (r *run) file(ctx context.Context, c candidate) error {
	known, err := r.Store.File(ctx, c.path)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil && known.Size == c.size && known.ModTime == c.modTime {
		if known.Problem != "" {
			r.tell(Skipped, c.path, known.Problem)
			return nil
		}
		t, err := r.Store.Track(ctx, known.TrackID)
		if err == nil && r.Packager.Accepts(t.Packager) && r.packaged(t) {
			if err := r.lateCover(ctx, c, t); err != nil {
				return err
			}
			r.tell(Unchanged, c.path, "")
			return nil
		}
	}
	err = r.bring(ctx, c)
	var broken *dataError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &broken):
		return err
	case errors.Is(err, packager.ErrSource):
		// The file's own fault: remembered, so that it isn't read again until it changes.
		if err := r.Store.PutFile(ctx, store.File{Path: c.path, Size: c.size, ModTime: c.modTime, Problem: err.Error()}); err != nil {
			return err
		}
	}
	r.Log.Warn("file passed over", "path", c.path, "err", err)
	r.tell(Skipped, c.path, err.Error())
	return nil
}

// dataError is trouble with our own folder: the next file would meet it too.
type dataError struct{ err error }

func (e *dataError) Error() string { return e.err.Error() }
func (e *dataError) Unwrap() error { return e.err }

func ours(err error) error {
	if err == nil {
		return nil
	}
	return &dataError{fmt.Errorf("ingest: data folder: %w", err)}
}
