package bmff

import (
	"errors"
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// maxTracks bounds what a movie may list.
const maxTracks = 64

// Track is what a movie says of one audio track.
type Track struct {
	Index     int    // among the trak boxes
	ID        uint32 // within fragments
	Enabled   bool
	Timescale uint32 // ticks a second of the track's times
	Movie     uint32 // ticks a second of the edit list's lengths
	Edit      Edit
	Info      container.Info // its Trim is the codec's own word alone: the pre-skip of Opus
	Default   Defaults       // of trex
	packet    media.Frames   // see round
}

// Defaults are those that trex and tfhd give to the samples of fragments.
type Defaults struct{ Duration, Size uint32 }

// Edit is the stretch of media that the edit list (8.6.6) has played first.
type Edit struct {
	Start    int64  // media time, in ticks of the track
	Duration uint64 // in ticks of the movie; zero for all that is there
	Set      bool
}

// ParseMovie reads the body of a moov box. Of the tracks that are audio of a coding known here it takes
// the first enabled one, or the first where none is. The error wraps container.ErrFormat,
// container.ErrLimit, or container.ErrUnsupported when there is no such track (encrypted ones among them).
func ParseMovie(moov []byte) (*Track, error) {
	mvhd, err := Descend(moov, "mvhd")
	if err != nil {
		return nil, err
	}
	movie, err := timescale(mvhd, "mvhd")
	if err != nil {
		return nil, err
	}
	var found *Track
	var refused error
	tracks := 0
	err = Boxes(moov, 0, func(b Box) (bool, error) {
		if b.Kind != CC("trak") {
			return true, nil
		}
		if tracks++; tracks > maxTracks {
			return false, fmt.Errorf("mp4: more than %d tracks: %w", maxTracks, container.ErrLimit)
		}
		t, err := parseTrack(b.Body, movie)
		switch {
		case errors.Is(err, container.ErrUnsupported):
			if refused == nil || !errors.Is(err, container.ErrNoAudio) {
				refused = err // what is said of sound is the better reason
			}
			return true, nil
		case err != nil:
			return false, err
		case found == nil || t.Enabled:
			found, t.Index = t, tracks-1
		}
		return !found.Enabled, nil
	})
	switch {
	case err != nil:
		return nil, err
	case found == nil && refused != nil:
		return nil, refused
	case found == nil:
		return nil, fmt.Errorf("mp4: no track: %w", container.ErrFormat)
	}
	return found, found.defaults(moov)
}

// defaults reads what the track's fragments leave out.
func (t *Track) defaults(moov []byte) error {
	mvex, ok, err := Child(moov, CC("mvex"))
	if err != nil || !ok {
		return err // without mvex each fragment must say all itself
	}
	return Boxes(mvex.Body, 0, func(b Box) (bool, error) {
		if b.Kind != CC("trex") {
			return true, nil
		}
		r := Reader{B: b.Body}
		r.Full()
		id := r.U32()
		r.U32() // sample description
		d := Defaults{Duration: r.U32(), Size: r.U32()}
		if id == t.ID {
			t.Default = d
		}
		return true, r.Err("trex")
	})
}

func parseTrack(trak []byte, movie uint32) (*Track, error) {
	tkhd, err := Descend(trak, "tkhd")
	if err != nil {
		return nil, err
	}
	r := Reader{B: tkhd}
	version, flags := r.Full()
	r.skipTimes(version)
	t := &Track{ID: r.U32(), Enabled: flags&1 != 0, Movie: movie}
	if err := r.Err("tkhd"); err != nil {
		return nil, err
	}
	mdia, err := Descend(trak, "mdia")
	if err != nil {
		return nil, err
	}
	if err := checkHandler(mdia); err != nil {
		return nil, err
	}
	mdhd, err := Descend(mdia, "mdhd")
	if err != nil {
		return nil, err
	}
	if t.Timescale, err = timescale(mdhd, "mdhd"); err != nil {
		return nil, err
	}
	stbl, err := Descend(mdia, "minf", "stbl")
	if err != nil {
		return nil, err
	}
	stsd, err := Descend(stbl, "stsd")
	if err != nil {
		return nil, err
	}
	if t.Info, err = parseDescription(stsd); err != nil {
		return nil, err
	}
	t.round()
	t.Info.Preroll = max(t.Info.Preroll, t.roll(stbl))
	return t, t.parseEdits(trak)
}

// skipTimes passes over the times of creation and modification that mvhd, tkhd and mdhd begin with.
func (r *Reader) skipTimes(version uint8) {
	r.Take(8)
	if version == 1 {
		r.Take(8)
	}
}

// timescale reads it out of mvhd or mdhd. Everything is counted in it, so it can't be zero.
func timescale(body []byte, name string) (uint32, error) {
	r := Reader{B: body}
	version, _ := r.Full()
	r.skipTimes(version)
	scale := r.U32()
	if err := r.Err(name); err != nil {
		return 0, err
	}
	if scale == 0 {
		return 0, fmt.Errorf("mp4: time scale of zero in %s: %w", name, container.ErrFormat)
	}
	return scale, nil
}

// checkHandler refuses tracks that aren't sound.
func checkHandler(mdia []byte) error {
	hdlr, err := Descend(mdia, "hdlr")
	if err != nil {
		return err
	}
	r := Reader{B: hdlr}
	r.Full()
	r.U32()
	kind := r.Take(4)
	if err := r.Err("hdlr"); err != nil {
		return err
	}
	if string(kind) != "soun" {
		return fmt.Errorf("mp4: track of kind %q: %w", kind, container.ErrNoAudio)
	}
	return nil
}

// parseEdits reads elst. Empty edits in front, which delay a track against others, mean nothing to one
// that plays alone. Edits that continue each other are one; what comes behind a hole is not played.
func (t *Track) parseEdits(trak []byte) error {
	edts, ok, err := Child(trak, CC("edts"))
	if err != nil || !ok {
		return err
	}
	elst, ok, err := Child(edts.Body, CC("elst"))
	if err != nil || !ok {
		return err
	}
	r := Reader{B: elst.Body}
	version, _ := r.Full()
	for n := r.U32(); n > 0 && !r.Short; n-- {
		var duration uint64
		var start int64
		if version == 1 {
			duration, start = r.U64(), int64(r.U64())
		} else {
			duration, start = uint64(r.U32()), int64(int32(r.U32()))
		}
		r.U32() // rate
		if start >= 0 && !r.Short && !t.Edit.then(min(start, 1<<61), min(duration, 1<<61), t) {
			break
		}
	}
	return r.Err("elst")
}

// then adds an edit, unless there is a hole before it.
func (e *Edit) then(start int64, duration uint64, t *Track) bool {
	if !e.Set {
		*e = Edit{Start: start, Duration: duration, Set: true}
		return true
	}
	tick := int64(t.Timescale/t.Movie) + 1
	end := e.Start + media.Rescale(int64(e.Duration), int64(t.Movie), int64(t.Timescale))
	if e.Duration == 0 || duration == 0 || start-end > tick || end-start > tick {
		return false
	}
	e.Duration = min(e.Duration+duration, 1<<61)
	return true
}

// Trim is what the edit list says is to be heard, else what the codec's own box does. end counts
// where its samples end; zero where that isn't known.
//
// The lengths of edits are counted in ticks of the movie, of which ffmpeg has 1000 a second: 44 frames
// are lost in one. So an edit that ends within a tick of the media's end is taken to end just there,
// where the durations of the samples are exact.
func (t *Track) Trim(end uint64) media.Trim {
	trim := t.Info.Trim
	if !t.Edit.Set || t.Edit.Start == 0 && t.Edit.Duration == 0 { // ffmpeg's HLS writes it before it knows better
		if end := t.Frames(end); end > trim.Start {
			trim.Length = end - trim.Start
		}
		return trim
	}
	rate := int64(t.Info.Format.SampleRate)
	trim.Start = t.Media(uint64(t.Edit.Start))
	trim.Length = media.Frames(media.Rescale(int64(t.Edit.Duration), int64(t.Movie), rate))
	if end == 0 {
		return trim
	}
	tick := media.Frames(rate/int64(t.Movie) + 1)
	if rest := t.Frames(end) - trim.Start; trim.Length <= 0 || trim.Length > rest-tick {
		trim.Length = max(rest, 0)
	}
	return trim
}
