package packager

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/segue-audio/segue/api/server/encoder"
	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player/manifest/hls"
	"github.com/segue-audio/segue/player/media"
)

// version counts changes to what a packager makes of the same file. It is a part of every track's
// id, so that what was cached under an id stays true. Version 1 made packed MP3 and FLAC.
const version = "2"

// Protection says who can read the segments.
type Protection string

// The protections. Clear segments are what DASH can play too: it knows no encryption of whole segments.
const (
	AES128 Protection = "aes-128" // whole segments, HLS alone
	Clear  Protection = "clear"   // HLS and DASH
)

// Packager makes renditions. It may be used by any number of goroutines.
type Packager struct {
	encoder    encoder.Encoder
	protection Protection
}

// New makes a packager whose lossy renditions come from e.
func New(e encoder.Encoder, p Protection) *Packager { return &Packager{e, p} }

// Protection is what its segments get.
func (p *Packager) Protection() Protection { return p.protection }

// Name says what made a rendition: two packagers of the same name make the same of a file.
func (p *Packager) Name() string {
	return version + "/" + string(p.protection) + "/" + p.encoder.Name()
}

// Accepts tells whether what the packager of that name made need not be made again: whatever encoder
// that had.
func (p *Packager) Accepts(name string) bool {
	return strings.HasPrefix(name, version+"/"+string(p.protection)+"/")
}

// Job is one file to be packaged.
type Job struct {
	Source Source
	Key    [aes128.KeySize]byte // not looked at for Clear
	Dir    string               // exists and is empty; after an error its content is of no use
	Stage  func(stage string)   // is told what is being done; nil for nobody
}

// Result is what came of a Job.
type Result struct {
	Length     media.Frames // to be heard, at the source's sample rate
	Renditions []string     // by rising bitrate
}

// Package makes all renditions that suit the source, and the manifests: HLS, and DASH where it is Clear. The
// error wraps ErrSource where the file is at fault.
func (p *Packager) Package(ctx context.Context, job Job) (Result, error) {
	if job.Stage == nil {
		job.Stage = func(string) {}
	}
	t := &track{Job: job, Packager: p, plan: newPlan(job.Source, p.encoder.Delay())}
	job.Stage("encoding AAC")
	made, err := t.lossy(ctx)
	if err != nil {
		return Result{}, err
	}
	if job.Source.Kind != MP3 {
		job.Stage("cutting FLAC")
		r, err := t.lossless(ctx)
		if err != nil {
			return Result{}, err
		}
		made = append(made, r)
	}
	slices.SortStableFunc(made, func(a, b *rendition) int { return int(a.peak - b.peak) })
	res := Result{Length: job.Source.Frames}
	var variants []hls.VariantSpec
	for _, r := range made {
		variants = append(variants, r.variant())
		res.Renditions = append(res.Renditions, r.name)
	}
	if p.protection == Clear {
		if err := t.write(dashName, appendMPD(nil, made)); err != nil {
			return Result{}, err
		}
	}
	master, err := hls.AppendMaster(nil, variants)
	if err != nil {
		return Result{}, err
	}
	return res, t.write(hlsName, master)
}

// track is one Job under way.
type track struct {
	Job
	*Packager
	plan plan
}

func (t *track) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(t.Dir, name), data, 0o644)
}

// rendition begins one, in a folder of its name.
func (t *track) rendition(name, codecs string, f media.Format, trim media.Trim) (*rendition, error) {
	r := &rendition{dir: filepath.Join(t.Dir, name), name: name, codecs: codecs, format: f, trim: trim}
	if t.protection == AES128 {
		r.key = &t.Key
	}
	return r, r.open()
}

// lossless makes the rendition that gives back every bit of a source that FLAC can hold.
func (t *track) lossless(ctx context.Context) (r *rendition, err error) {
	path := t.Source.Path
	if t.Source.Kind != FLAC {
		path = filepath.Join(t.Dir, "source.flac")
		if err := t.encodeFLAC(ctx, path); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.Remove(path)) }()
	}
	if r, err = t.packFLAC(path); err != nil {
		return nil, err
	}
	if r.raw != t.Source.Frames {
		return nil, fmt.Errorf("packager: the lossless rendition has %d frames, the source %d", r.raw, t.Source.Frames)
	}
	return r, nil
}
