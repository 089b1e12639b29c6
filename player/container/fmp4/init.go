package fmp4

import (
	"errors"
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// maxTracks bounds what an init segment may list.
const maxTracks = 64

// Init is what an init segment says of its first audio track.
type Init struct {
	Timescale uint32 // ticks a second of the track's times
	TrackID   uint32

	info  container.Info
	trex  defaults
	edits edits
}

// defaults are those that trex and tfhd give to samples.
type defaults struct{ duration, size uint32 }

// edits is the part of an edit list that trims: the first edit that plays media.
type edits struct {
	start    int64  // media time, in ticks of the track
	duration uint64 // in ticks of the movie; zero where all is played
	set      bool
}

// ParseInit reads an init segment: ftyp, moov. It takes the first track that is audio of a coding it
// knows. The error wraps container.ErrFormat, container.ErrLimit, or container.ErrUnsupported when
// no track is audio that we take apart (encrypted entries among them).
func ParseInit(data []byte) (*Init, error) {
	if len(data) > container.MaxSegmentBytes {
		return nil, fmt.Errorf("fmp4: init segment of %d bytes: %w", len(data), container.ErrLimit)
	}
	moov, err := findMoov(data)
	if err != nil {
		return nil, err
	}
	var in *Init
	var refused error
	tracks := 0
	err = boxes(moov, 0, func(b box) (bool, error) {
		if b.kind != cc("trak") {
			return true, nil
		}
		if tracks++; tracks > maxTracks {
			return false, fmt.Errorf("fmp4: more than %d tracks: %w", maxTracks, container.ErrLimit)
		}
		t, err := parseTrack(b.body)
		if errors.Is(err, container.ErrUnsupported) {
			refused = err
			return true, nil
		}
		in = t
		return false, err
	})
	switch {
	case err != nil:
		return nil, err
	case in == nil && refused != nil:
		return nil, refused
	case in == nil:
		return nil, fmt.Errorf("fmp4: no track: %w", container.ErrFormat)
	}
	if err := in.movie(moov); err != nil {
		return nil, err
	}
	return in, nil
}

// findMoov tolerates what comes behind moov: an init segment may be the head of a longer file, cut.
func findMoov(data []byte) ([]byte, error) {
	b, ok, err := child(data, cc("moov"))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("fmp4: no moov box: %w", container.ErrFormat)
	}
	return b.body, nil
}

// Info is the track's format and the trim that its edit list asks for, in frames.
func (i *Init) Info() container.Info { return i.info }

// movie reads what stands outside the track: its defaults in mvex and the movie's time scale, which
// the edit list's lengths are counted in.
func (i *Init) movie(moov []byte) error {
	mvhd, err := descend(moov, "mvhd")
	if err != nil {
		return err
	}
	r := reader{b: mvhd}
	version, _ := r.full()
	r.take(8)
	if version == 1 {
		r.take(8)
	}
	scale := r.u32()
	if err := r.err("mvhd"); err != nil {
		return err
	}
	rate := int64(i.info.Format.SampleRate)
	if i.edits.set {
		i.info.Trim.Start = media.Frames(media.Rescale(i.edits.start, int64(i.Timescale), rate))
		i.info.Trim.Length = media.Frames(media.Rescale(int64(min(i.edits.duration, 1<<62)), int64(scale), rate))
	}
	mvex, ok, err := child(moov, cc("mvex"))
	if err != nil || !ok {
		return err // without mvex each fragment must say all itself
	}
	return boxes(mvex.body, 0, func(b box) (bool, error) {
		if b.kind != cc("trex") {
			return true, nil
		}
		r := reader{b: b.body}
		r.full()
		id := r.u32()
		r.u32() // sample description
		d := defaults{duration: r.u32(), size: r.u32()}
		if id == i.TrackID {
			i.trex = d
		}
		return true, r.err("trex")
	})
}

func parseTrack(trak []byte) (*Init, error) {
	in := &Init{}
	tkhd, err := descend(trak, "tkhd")
	if err != nil {
		return nil, err
	}
	r := reader{b: tkhd}
	version, _ := r.full()
	r.take(8)
	if version == 1 {
		r.take(8)
	}
	in.TrackID = r.u32()
	if err := r.err("tkhd"); err != nil {
		return nil, err
	}
	mdia, err := descend(trak, "mdia")
	if err != nil {
		return nil, err
	}
	if err := checkHandler(mdia); err != nil {
		return nil, err
	}
	if in.Timescale, err = mediaTimescale(mdia); err != nil {
		return nil, err
	}
	stsd, err := descend(mdia, "minf", "stbl", "stsd")
	if err != nil {
		return nil, err
	}
	if in.info, err = parseDescription(stsd); err != nil {
		return nil, err
	}
	in.edits, err = parseEdits(trak)
	return in, err
}

// checkHandler refuses tracks that aren't sound.
func checkHandler(mdia []byte) error {
	hdlr, err := descend(mdia, "hdlr")
	if err != nil {
		return err
	}
	r := reader{b: hdlr}
	r.full()
	r.u32()
	kind := r.take(4)
	if err := r.err("hdlr"); err != nil {
		return err
	}
	if string(kind) != "soun" {
		return fmt.Errorf("fmp4: track of kind %q: %w", kind, container.ErrUnsupported)
	}
	return nil
}

func mediaTimescale(mdia []byte) (uint32, error) {
	mdhd, err := descend(mdia, "mdhd")
	if err != nil {
		return 0, err
	}
	r := reader{b: mdhd}
	version, _ := r.full()
	r.take(8)
	if version == 1 {
		r.take(8)
	}
	scale := r.u32()
	if err := r.err("mdhd"); err != nil {
		return 0, err
	}
	if scale == 0 {
		return 0, fmt.Errorf("fmp4: time scale of zero: %w", container.ErrFormat)
	}
	return scale, nil
}

// parseEdits reads elst (ISO 14496-12 section 8.6.6). Empty edits in front, which delay a track
// against others, mean nothing to one that plays alone.
func parseEdits(trak []byte) (e edits, err error) {
	edts, ok, err := child(trak, cc("edts"))
	if err != nil || !ok {
		return e, err
	}
	elst, ok, err := child(edts.body, cc("elst"))
	if err != nil || !ok {
		return e, err
	}
	r := reader{b: elst.body}
	version, _ := r.full()
	for n := r.u32(); n > 0 && !r.short && !e.set; n-- {
		var duration uint64
		var start int64
		if version == 1 {
			duration, start = r.u64(), int64(r.u64())
		} else {
			duration, start = uint64(r.u32()), int64(int32(r.u32()))
		}
		r.u32() // rate
		if start >= 0 && !r.short {
			e = edits{start: start, duration: duration, set: true}
		}
	}
	return e, r.err("elst")
}
