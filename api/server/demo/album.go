// Package demo composes, synthesises and writes the album that a server plays when it has no other
// music: "The Crossing", four tracks cut from one continuous piece, so that a player which loses or
// repeats a single frame at a track boundary can be heard to.
//
// Everything is made here, from the score to the cover; nothing is read or downloaded. It is one fixed
// piece: the package is no synthesiser for other music and takes no parameters.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/mewkiz/flac/meta"
	"golang.org/x/sync/errgroup"

	"github.com/segue-audio/segue/player/media"
)

const (
	// albumVersion rises whenever the music, the tags or the cover change, so that older copies are
	// written anew.
	albumVersion = 1

	albumTitle  = "The Crossing"
	albumArtist = "Segue"

	coverName  = "cover.png"
	markerName = ".segue-demo.json"
	stagingFor = ".segue-demo-"
)

// Progress tells how far Write is.
type Progress struct {
	Track  int          // the track being made, from 1
	Title  string       // its title
	Frames media.Frames // rendered so far, of the whole piece
	Total  media.Frames // of the whole piece
}

// Write puts the album into dir, which it makes where there is none: four FLAC files and cover.png.
// Where the complete album of this version is already there it does nothing. Files appear under
// their names only when they are whole, the last thing written being a hidden file by which the
// next call knows that nothing is missing; a folder half written is written anew.
//
// progress, when not nil, is called on the caller's goroutine about once for every second of music.
// Making the album takes a few seconds of two cores. The error is that of ctx when it ends first, or
// that of the file system; files of the album already renamed into place then stay.
func Write(ctx context.Context, dir string, progress func(Progress)) error {
	if complete(dir) {
		return nil
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("demo album: %w", err)
	}
	removeStale(dir)
	staging, err := os.MkdirTemp(dir, stagingFor)
	if err != nil {
		return fmt.Errorf("demo album: %w", err)
	}
	defer os.RemoveAll(staging)
	if err := writeAlbum(ctx, dir, staging, progress); err != nil {
		return fmt.Errorf("demo album: %w", err)
	}
	return nil
}

func writeAlbum(ctx context.Context, dir, staging string, progress func(Progress)) error {
	album, err := record(ctx, NewPiece(), progress)
	if err != nil {
		return err
	}
	cover, err := drawCover(album.envelope, coverSize)
	if err != nil {
		return err
	}
	done := marker{Version: albumVersion, Sizes: map[string]int64{}}
	put := func(name string, fill func(io.Writer) error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		size, err := writeFile(filepath.Join(staging, name), fill)
		done.Sizes[name] = size
		return err
	}
	for i, t := range album.tracks {
		err := put(trackName(i), func(w io.Writer) error {
			return t.save(w, album.comment(i), &meta.Picture{
				Type: 3, MIME: "image/png", Desc: "Cover", Width: coverSize, Height: coverSize, Depth: 24, Data: cover,
			})
		})
		if err != nil {
			return err
		}
	}
	if err := put(coverName, func(w io.Writer) error { _, err := w.Write(cover); return err }); err != nil {
		return err
	}
	note, err := json.Marshal(done)
	if err != nil {
		return err
	}
	if _, err := writeFile(filepath.Join(staging, markerName), func(w io.Writer) error { _, err := w.Write(note); return err }); err != nil {
		return err
	}
	// A marker of an older version must not vouch for a mixture of both.
	if err := os.Remove(filepath.Join(dir, markerName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for name := range done.Sizes {
		if err := os.Rename(filepath.Join(staging, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return os.Rename(filepath.Join(staging, markerName), filepath.Join(dir, markerName))
}

// marker is the hidden file that tells that the album is whole.
type marker struct {
	Version int              `json:"version"`
	Sizes   map[string]int64 `json:"sizes"` // bytes by file name
}

// complete tells whether dir holds all files of the album as this version writes them.
func complete(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, markerName))
	if err != nil {
		return false
	}
	var m marker
	if json.Unmarshal(text, &m) != nil || m.Version != albumVersion {
		return false
	}
	names := []string{coverName}
	for i := range movements() {
		names = append(names, trackName(i))
	}
	for _, name := range names {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || m.Sizes[name] == 0 || info.Size() != m.Sizes[name] {
			return false
		}
	}
	return true
}

// removeStale clears what a run that was killed left behind. It leaves folders of the last hour alone:
// another process may be at work in them.
func removeStale(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, stagingFor+"*"))
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && info.IsDir() && time.Since(info.ModTime()) > time.Hour {
			_ = os.RemoveAll(path)
		}
	}
}

// writeFile fills a new file, flushes it to the disk and tells its size.
func writeFile(path string, fill func(io.Writer) error) (int64, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if err := fill(f); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), f.Close()
}

func trackName(i int) string {
	return fmt.Sprintf("%02d %s.flac", i+1, movements()[i].title)
}

// recording is the rendered piece, coded and measured.
type recording struct {
	tracks   []*flacTrack
	levels   []*loudness // by track
	whole    *loudness
	envelope []float64 // root mean square of each step of the piece
}

// record renders the piece, and codes each track in a goroutine of its own.
func record(ctx context.Context, p *Piece, progress func(Progress)) (*recording, error) {
	cuts := append(p.Cuts(), p.Frames())
	r := &recording{whole: newLoudness()}
	for range cuts[1:] {
		t, err := newFlacTrack()
		if err != nil {
			return nil, err
		}
		r.tracks, r.levels = append(r.tracks, t), append(r.levels, newLoudness())
	}
	coders, ctx := errgroup.WithContext(ctx)
	var feeds []chan []int16
	for _, t := range r.tracks {
		feed := make(chan []int16, 64)
		feeds = append(feeds, feed)
		coders.Go(func() error { return t.code(feed) })
	}
	titles := movements()
	dither := newQuantiser()
	var at media.Frames
	track, told := 0, media.Frames(-SampleRate)
	err := p.Render(ctx, func(block []float32) error {
		for len(block) > 0 {
			for at >= cuts[track+1] {
				track++
			}
			n := int(min(media.Frames(len(block)/2), cuts[track+1]-at))
			r.measure(at, track, block[:2*n])
			feeds[track] <- dither.quantise(block[:2*n])
			block, at = block[2*n:], at+media.Frames(n)
		}
		if at-told >= SampleRate || at == p.Frames() {
			told = at
			progress(Progress{Track: track + 1, Title: titles[track].title, Frames: at, Total: p.Frames()})
		}
		return nil
	})
	for _, feed := range feeds {
		close(feed)
	}
	if wait := coders.Wait(); wait != nil {
		return nil, wait
	}
	return r, err
}

// measure adds samples from frame at on to the levels.
func (r *recording) measure(at media.Frames, track int, block []float32) {
	for i := 0; i < len(block); i += 2 {
		l, right := float64(block[i]), float64(block[i+1])
		r.levels[track].frame(l, right)
		r.whole.frame(l, right)
		step := int(at+media.Frames(i/2)) / framesPerStep
		if step == len(r.envelope) {
			r.envelope = append(r.envelope, 0)
		}
		r.envelope[step] += (l*l + right*right) / (2 * framesPerStep)
	}
}

// comment is the tags of a track. Gains are those of ReplayGain 2.0: to -18 LUFS.
func (r *recording) comment(i int) *meta.VorbisComment {
	list := movements()
	const reference = -18.0
	gain := func(m *loudness) string { return fmt.Sprintf("%.2f dB", reference-m.integrated()) }
	peak := func(m *loudness) string { return strconv.FormatFloat(m.peak, 'f', 6, 64) }
	return &meta.VorbisComment{Vendor: "segue demo", Tags: [][2]string{
		{"TITLE", list[i].title},
		{"ARTIST", albumArtist},
		{"ALBUMARTIST", albumArtist},
		{"ALBUM", albumTitle},
		{"TRACKNUMBER", strconv.Itoa(i + 1)},
		{"TRACKTOTAL", strconv.Itoa(len(list))},
		{"DATE", "2026"},
		{"GENRE", "Deep House"},
		{"BPM", strconv.Itoa(beatsPerMinute)},
		{"INITIALKEY", list[i].key},
		{"DESCRIPTION", "Synthesised by code. Plays without a pause into the next track."},
		{"REPLAYGAIN_REFERENCE_LOUDNESS", fmt.Sprintf("%.2f LUFS", reference)},
		{"REPLAYGAIN_TRACK_GAIN", gain(r.levels[i])},
		{"REPLAYGAIN_TRACK_PEAK", peak(r.levels[i])},
		{"REPLAYGAIN_ALBUM_GAIN", gain(r.whole)},
		{"REPLAYGAIN_ALBUM_PEAK", peak(r.whole)},
	}}
}

// quantiser turns samples to 16 bits with triangular dither: one stream of it over all tracks.
type quantiser struct{ random noise }

func newQuantiser() *quantiser { return &quantiser{random: 0xd17e4} }

func (q *quantiser) quantise(in []float32) []int16 {
	out := make([]int16, len(in))
	for i, x := range in {
		bits := q.random.next() // two uniform halves make a triangle of ±1 step
		d := (float64(uint32(bits)) - float64(bits>>32)) / (1 << 32)
		out[i] = int16(max(-32768, min(32767, math.Round(float64(x)*32767+d))))
	}
	return out
}
