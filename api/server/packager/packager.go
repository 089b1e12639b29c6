package packager

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player/manifest/hls"
	"github.com/segue-audio/segue/player/media"
)

// version counts changes to what a packager makes of the same file. It is a part of every track's
// id, so that what was cached under an id stays true.
const version = "1"

// Packager makes renditions. It may be used by any number of goroutines.
type Packager struct {
	ffmpeg *ffmpeg // nil where it isn't installed
}

// New makes a packager that uses ffmpeg at the given path, or finds it where the path is "".
// Without ffmpeg it still packages, in fewer renditions.
func New(ffmpegPath string) *Packager {
	if ffmpegPath == "" {
		ffmpegPath = "ffmpeg"
	}
	path, err := exec.LookPath(ffmpegPath)
	if err != nil {
		return &Packager{}
	}
	return &Packager{&ffmpeg{path}}
}

// Transcodes tells whether ffmpeg was found, so that there will be a ladder of bitrates.
func (p *Packager) Transcodes() bool { return p.ffmpeg != nil }

// Name says what made a rendition: two packagers of the same name make the same of a file.
func (p *Packager) Name() string {
	if p.ffmpeg == nil {
		return version + "-plain"
	}
	return version
}

// Accepts tells whether what the packager of that name made need not be made again: it was this
// one, or one that could do more.
func (p *Packager) Accepts(name string) bool { return name == p.Name() || name == version }

// Job is one file to be packaged.
type Job struct {
	Source Source
	Key    [aes128.KeySize]byte
	Dir    string             // exists and is empty; after an error its content is of no use
	Stage  func(stage string) // is told what is being done; nil for nobody
}

// Result is what came of a Job.
type Result struct {
	Length     media.Frames // to be heard, at the source's sample rate
	Renditions []string     // by rising bitrate
}

// Package makes all renditions that suit the source, and a master playlist. The error wraps
// ErrSource where the file is at fault.
func (p *Packager) Package(ctx context.Context, job Job) (Result, error) {
	if job.Stage == nil {
		job.Stage = func(string) {}
	}
	var variants []hls.VariantSpec
	length := job.Source.Frames
	if p.ffmpeg != nil {
		job.Stage("encoding MP3")
		v, n, err := p.mp3Ladder(ctx, job)
		if err != nil {
			return Result{}, err
		}
		variants, length = v, n
	} else if job.Source.Kind == MP3 {
		job.Stage("cutting MP3")
		v, err := sourceMP3(job)
		if err != nil {
			return Result{}, err
		}
		variants = append(variants, v)
	}
	if job.Source.Kind != MP3 {
		job.Stage("cutting FLAC")
		v, err := p.lossless(ctx, job)
		if err != nil {
			return Result{}, err
		}
		variants = append(variants, v)
	}
	slices.SortFunc(variants, func(a, b hls.VariantSpec) int { return int(a.Peak - b.Peak) })
	master, err := hls.AppendMaster(nil, variants)
	if err != nil {
		return Result{}, err
	}
	res := Result{Length: length}
	for _, v := range variants {
		res.Renditions = append(res.Renditions, v.Name)
	}
	return res, os.WriteFile(filepath.Join(job.Dir, masterName), master, 0o644)
}

// mp3Ladder makes the MP3 renditions and tells how many frames of the source they hold.
func (p *Packager) mp3Ladder(ctx context.Context, job Job) (variants []hls.VariantSpec, length media.Frames, err error) {
	s := job.Source
	kbps := ladder(s)
	files, length, err := p.ffmpeg.encodeMP3(ctx, s, kbps, job.Dir)
	if err != nil {
		return nil, 0, err
	}
	if length == 0 && s.Kind == FLAC {
		return nil, 0, fmt.Errorf("%w: ffmpeg can't decode FLAC of %d bits in %d channels", ErrSource, s.Format.BitDepth, s.Format.Channels)
	}
	if s.Kind != MP3 && length != s.Frames {
		return nil, 0, fmt.Errorf("%w: the file is damaged: %d of %d frames can be decoded", ErrSource, length, s.Frames)
	}
	if length <= 0 {
		return nil, 0, fmt.Errorf("%w: nothing in the file can be decoded", ErrSource)
	}
	if st, err := os.Stat(files[0]); err != nil {
		return nil, 0, err
	} else if st.Size() == 0 && s.Kind != MP3 {
		for _, f := range files { // LAME makes nothing of some ten samples; the lossless rendition has them
			err = errors.Join(err, os.Remove(f))
		}
		return nil, length, err
	}
	rate := mp3Rate(s.Format.SampleRate)
	trim := media.Trim{Start: lameDelay + decoderDelay, Length: media.Frames(media.Rescale(int64(length), int64(s.Format.SampleRate), int64(rate)))}
	frames := make([]int, len(files))
	for i, file := range files {
		r := &rendition{dir: job.Dir, name: mp3Name(kbps[i]), codecs: mp3Codecs, ext: ".mp3", key: job.Key, trim: trim, rate: rate}
		n, v, err := packMP3(file, r)
		if err := errors.Join(err, os.Remove(file)); err != nil {
			return nil, 0, err
		}
		frames[i], variants = n, append(variants, v)
		if frames[i] != frames[0] {
			return nil, 0, fmt.Errorf("packager: %s has %d MP3 frames, %s has %d", r.name, n, variants[0].Name, frames[0])
		}
	}
	return variants, length, nil
}

// sourceMP3 serves an MP3 as it is: without an encoder there is one rendition.
func sourceMP3(job Job) (hls.VariantSpec, error) {
	s := job.Source
	r := &rendition{dir: job.Dir, name: "mp3", codecs: mp3Codecs, ext: ".mp3", key: job.Key, trim: s.Trim, rate: s.Format.SampleRate}
	_, v, err := packMP3(s.Path, r)
	return v, err
}

func (p *Packager) lossless(ctx context.Context, job Job) (v hls.VariantSpec, err error) {
	s := job.Source
	path := s.Path
	if s.Kind == WAV {
		path = filepath.Join(job.Dir, "source.flac")
		if p.ffmpeg != nil {
			err = p.ffmpeg.encodeFLAC(ctx, s, path)
		} else {
			err = encodeFLAC(ctx, s, path)
		}
		if err != nil {
			return v, err
		}
		defer func() { err = errors.Join(err, os.Remove(path)) }()
	}
	r := &rendition{dir: job.Dir, name: "flac", codecs: flacCodecs, ext: ".m4s", key: job.Key,
		trim: media.Trim{Length: s.Frames}, rate: s.Format.SampleRate}
	if v, err = packFLAC(path, r); err != nil {
		return v, err
	}
	if r.raw != s.Frames {
		return v, fmt.Errorf("packager: the lossless rendition has %d frames, the source %d", r.raw, s.Frames)
	}
	return v, nil
}
