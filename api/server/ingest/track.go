package ingest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/api/server/origin"
	"github.com/segue-audio/segue/api/server/packager"
	"github.com/segue-audio/segue/api/server/store"
	"github.com/segue-audio/segue/api/server/tags"
	"github.com/segue-audio/segue/player/media"
)

// bring packages a new or changed file and puts it into the catalogue.
func (r *run) bring(ctx context.Context, c candidate) error {
	r.tell(Packaging, c.path, "reading")
	f, err := os.Open(c.full)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // was only read
	id, err := trackID(ctx, f, r.Packager.Name())
	if err != nil {
		return err
	}
	defer r.lockTrack(id)()
	file := store.File{Path: c.path, Size: c.size, ModTime: c.modTime, TrackID: id}
	if t, err := r.Store.Track(ctx, id); err == nil && r.packaged(t) {
		// The same bytes under another name or date.
		if err := r.Store.PutFile(ctx, file); err != nil {
			return ours(err)
		}
		r.tell(Unchanged, c.path, "")
		return nil
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return ours(err)
	}
	src, err := packager.Inspect(c.full, f, c.size)
	if err != nil {
		return err
	}
	t := store.Track{Packager: r.Packager.Name(), Edition: edition()}
	t.ID = id
	length, err := r.pack(ctx, c, src, &t)
	if err != nil {
		return err
	}
	if t.Cover, err = r.describe(c, f, src, length, &t.Track); err != nil {
		return err
	}
	if err := changed(f, c); err != nil {
		return err
	}
	if err := r.Store.PutTrack(ctx, t, file); err != nil {
		return ours(err)
	}
	r.tell(Added, c.path, "")
	return nil
}

// changed tells whether the file is another than was scanned: someone may be copying it this
// moment.
func changed(f *os.File, c candidate) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() != c.size || st.ModTime().UnixNano() != c.modTime {
		return errors.New("the file changed while it was read")
	}
	return nil
}

// pack makes the renditions in a folder beside, which gets its name when it is whole, and makes
// the track's key.
func (r *run) pack(ctx context.Context, c candidate, src packager.Source, t *store.Track) (length media.Frames, err error) {
	var key [16]byte
	if r.Packager.Protection() == packager.AES128 {
		_, _ = rand.Read(key[:]) // never fails (crypto/rand)
	}
	temp := tempPrefix + origin.Dir(*t)
	if err := r.Media.Mkdir(temp, 0o755); err != nil {
		return 0, ours(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ours(r.Media.RemoveAll(temp)))
		}
	}()
	res, err := r.Packager.Package(ctx, packager.Job{Source: src, Key: key, Dir: filepath.Join(r.Media.Name(), temp),
		Stage: func(s string) { r.tell(Packaging, c.path, s) }})
	if err != nil {
		return 0, err
	}
	if err := r.Media.Rename(temp, origin.Dir(*t)); err != nil {
		return 0, ours(err)
	}
	if r.Packager.Protection() == packager.AES128 {
		t.WrappedKey = r.Secrets.Wrap(t.ID, key)
	}
	return res.Length, nil
}

// describe reads what the file says of itself into t, and gives the name of its stored cover.
func (r *run) describe(c candidate, f io.ReaderAt, src packager.Source, length media.Frames, t *api.Track) (cover string, err error) {
	tg := tags.Read(f, c.size)
	r.namer.Fill(&tg, c.path)
	t.Title, t.Artist, t.AlbumArtist, t.Album, t.Genre = tg.Title, tg.Artist, tg.AlbumArtist, tg.Album, tg.Genre
	t.TrackNo, t.DiscNo, t.Year = tg.Track, tg.Disc, tg.Year
	t.AlbumID = shortID("album\x00" + r.namer.AlbumKey(tg, c.path))
	t.DurationMS = length.Duration(src.Format.SampleRate).Milliseconds()
	t.Lossless = src.Lossless()
	t.TrackGainDB, t.AlbumGainDB = decibels(tg.TrackGain), decibels(tg.AlbumGain)
	t.TrackPeak, t.AlbumPeak = peak(tg.TrackPeak), peak(tg.AlbumPeak)
	p := tg.Picture
	if p == nil {
		p = pictureBeside(c.full)
	}
	if p == nil {
		return "", nil
	}
	return r.putCover(p)
}

func decibels(d *media.Decibels) *float64 {
	if d == nil {
		return nil
	}
	v := float64(*d)
	return &v
}

func peak(v float64) *float64 {
	if v == 0 {
		return nil
	}
	return &v
}

// trackID names a track by its bytes and by what packages them, so that a URL below it always
// means the same music.
func trackID(ctx context.Context, f io.Reader, packager string) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, &cancellable{ctx, f}); err != nil {
		return "", err
	}
	return shortID("track\x00" + packager + "\x00" + string(h.Sum(nil))), nil
}

// cancellable ends reading with ctx: a disk in the network may be slow.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}

// shortID is 80 bits in 16 characters that fit every URL and file system.
func shortID(of string) string {
	sum := sha256.Sum256([]byte(of))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}

func edition() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// packaged tells whether a track's files are there: someone may have tidied up.
func (in *Ingester) packaged(t store.Track) bool {
	_, err := in.Media.Stat(origin.Dir(t) + "/master.m3u8")
	return err == nil
}

// tempPrefix marks folders that are being written.
const tempPrefix = "tmp-"

// sweep removes what no entry refers to: leftovers of a run that was cut off, and what was
// forgotten.
func (in *Ingester) sweep(ctx context.Context) error {
	wanted, err := in.Store.Folders(ctx, func(t store.Track) string { return origin.Dir(t) })
	if err != nil {
		return err
	}
	if err := removeOthers(in.Media, wanted); err != nil {
		return err
	}
	covers, err := in.Store.Covers(ctx)
	if err != nil {
		return err
	}
	return removeOthers(in.Covers, covers)
}

func removeOthers(root *os.Root, wanted map[string]bool) error {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !wanted[e.Name()] {
			if err := root.RemoveAll(e.Name()); err != nil {
				return fmt.Errorf("removing %s: %w", e.Name(), err)
			}
		}
	}
	return nil
}
