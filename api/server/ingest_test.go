package server_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/api/server"
	"github.com/segue-audio/segue/api/server/encoder"
	"github.com/segue-audio/segue/api/server/encoder/ffmpeg"
	"github.com/segue-audio/segue/api/server/encoder/goaac"
	"github.com/segue-audio/segue/api/server/ingest"
	"github.com/segue-audio/segue/api/server/packager"
	"github.com/segue-audio/segue/api/server/store"
)

// plain is a server that doesn't take pains with its music.
func plain(music, data string) server.Config {
	return server.Config{MusicDir: music, DataDir: data, Encoder: goaac.New(goaac.Fast)}
}

func titles(t *testing.T, b *backend) string {
	t.Helper()
	return strings.Join(slices.Sorted(maps.Keys(b.byTitle(t))), " ")
}

// files gives all files below a folder with their times, to see what was written again.
func files(t *testing.T, dir string) map[string]time.Time {
	t.Helper()
	all := map[string]time.Time{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		all[path] = st.ModTime()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSecondRunPackagesNothing(t *testing.T) {
	music, data := t.TempDir(), t.TempDir()
	a := wavFile(signal(9000, 2, 16, 1), 44100, 2, 16, nil)
	write(t, filepath.Join(music, "a.wav"), a)
	write(t, filepath.Join(music, "b.wav"), wavFile(signal(9000, 2, 16, 2), 44100, 2, 16, nil))
	write(t, filepath.Join(music, "text.mp3"), []byte(strings.Repeat("Not a note in it. ", 1000)))
	first, err := server.New(t.Context(), plain(music, data))
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Ingest(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	media := filepath.Join(data, "media")
	before := files(t, media)
	b := start(t, plain(music, data))
	id := b.byTitle(t)["a"].ID
	p, err := b.client.Playback(t.Context(), id)
	if err != nil || titles(t, b) != "a b" {
		t.Fatalf("before the second run: %q, %v", titles(t, b), err)
	}
	b.ingest(t)
	if b.ended(ingest.Unchanged) != 2 || b.ended(ingest.Skipped) != 1 || b.ended(ingest.Added) != 0 || !maps.Equal(files(t, media), before) {
		t.Errorf("second run: %+v", b.steps)
	}
	// A new date on the same bytes, another name for them, and a copy: still nothing to package.
	if err := os.Chtimes(filepath.Join(music, "a.wav"), time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(music, "b.wav"), filepath.Join(music, "c.wav")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(music, "copy.wav"), a)
	b.ingest(t)
	if b.ended(ingest.Unchanged) != 3 || b.ended(ingest.Added) != 0 || !maps.Equal(files(t, media), before) {
		t.Errorf("third run: %+v", b.steps)
	}
	q, err := b.client.Playback(t.Context(), id)
	if err != nil || q.ContentID != p.ContentID {
		t.Errorf("content id %q, before %q, %v", q.ContentID, p.ContentID, err)
	}
}

func TestFolderIsFollowed(t *testing.T) {
	music, data := t.TempDir(), t.TempDir()
	b := start(t, plain(music, data))
	put := func(name string, seed uint64) {
		write(t, filepath.Join(music, name), wavFile(signal(3000, 1, 16, seed), 44100, 1, 16, nil))
	}
	put("a.wav", 1)
	put("b.wav", 2)
	b.ingest(t)
	old := b.byTitle(t)["a"].ID
	put("a.wav", 3) // other music under the same name
	if err := os.Remove(filepath.Join(music, "b.wav")); err != nil {
		t.Fatal(err)
	}
	b.ingest(t)
	if got := titles(t, b); got != "a" || b.byTitle(t)["a"].ID == old {
		t.Errorf("catalogue %q, id %s as before", got, old)
	}
	if _, err := b.client.Playback(t.Context(), old); !api.IsNotFound(err) {
		t.Errorf("the replaced track: %v", err)
	}
	if folders, err := os.ReadDir(filepath.Join(data, "media")); err != nil || len(folders) != 1 {
		t.Errorf("what is gone still takes room: %v, %v", folders, err)
	}
	if err := os.RemoveAll(music); err != nil {
		t.Fatal(err)
	}
	if err := b.Ingest(t.Context(), nil); err == nil {
		t.Error("a music folder that is gone gave no error")
	}
	if got := titles(t, b); got != "a" {
		t.Errorf("a folder that is gone, or not mounted, emptied the catalogue to %q", got)
	}
}

// Whatever lies in a music folder: each file that is no music is told with a reason, and none ends
// the run.
func TestBadFiles(t *testing.T) {
	music := t.TempDir()
	good := wavFile(signal(3000, 2, 16, 1), 44100, 2, 16, nil)
	flac := append([]byte("fLaC\x80\x00\x00\x22"), make([]byte, 34)...)
	bad := map[string][]byte{
		"empty.mp3":      nil,
		"text.mp3":       bytes.Repeat([]byte("la la la "), 500),
		"zeros.mp3":      make([]byte, 5000),
		"ones.mp3":       bytes.Repeat([]byte{0xff}, 5000),
		"tag-only.mp3":   append([]byte("ID3\x04\x00\x00\x00\x00\x10\x00"), make([]byte, 2048)...),
		"huge-tag.mp3":   []byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7fTIT2\x7f\x7f\x7f\x7f\x00\x00"),
		"head.flac":      flac,
		"short.flac":     flac[:20],
		"header.wav":     good[:44],
		"empty-data.wav": append(bytes.Clone(good[:40]), 0, 0, 0, 0),
		"no-rate.wav":    append(append(bytes.Clone(good[:24]), 0, 0, 0, 0), good[28:]...),
		"adpcm.wav":      append(append(bytes.Clone(good[:20]), 2, 0), good[22:]...),
		"song.ogg":       append([]byte("OggS"), make([]byte, 500)...),
		"song.m4a":       append([]byte("\x00\x00\x00\x20ftypM4A "), make([]byte, 500)...),
	}
	for name, data := range bad {
		write(t, filepath.Join(music, name), data)
	}
	write(t, filepath.Join(music, "good.wav"), good)
	write(t, filepath.Join(music, "README.txt"), []byte("no music, and not meant to be"))
	write(t, filepath.Join(music, "._good.wav"), []byte("resource fork"))
	write(t, filepath.Join(music, ".hidden", "x.wav"), good)
	write(t, filepath.Join(music, "unnamed-but-music"), wavFile(signal(3000, 2, 16, 9), 44100, 2, 16, nil))
	for _, p := range []packager.Protection{packager.AES128, packager.Clear} {
		b := start(t, server.Config{MusicDir: music, Encoder: goaac.New(goaac.Fast), Protection: p})
		b.ingest(t)
		reasons := map[string]string{}
		for _, p := range b.steps {
			if p.Stage == ingest.Skipped {
				reasons[p.Path] = p.Detail
			}
		}
		for name := range bad {
			if reasons[name] == "" {
				t.Errorf("%s was not told", name)
			}
			delete(reasons, name)
		}
		if len(reasons) > 0 || titles(t, b) != "good unnamed-but-music" {
			t.Errorf("catalogue %q, passed over %v", titles(t, b), reasons)
		}
		if n := b.steps[len(b.steps)-1]; n.File != len(bad)+2 || n.Files != n.File {
			t.Errorf("the last step is %+v", n)
		}
	}
}

func TestCovers(t *testing.T) {
	music := t.TempDir()
	song := wavFile(signal(3000, 2, 16, 1), 44100, 2, 16, nil)
	write(t, filepath.Join(music, "Album", "a.wav"), song)
	b := start(t, plain(music, t.TempDir()))
	b.ingest(t)
	album := b.byTitle(t)["a"].AlbumID
	if _, _, err := b.client.Cover(t.Context(), album); !api.IsNotFound(err) {
		t.Errorf("no cover yet: %v", err)
	}
	write(t, filepath.Join(music, "Album", "Folder.PNG"), cover(t))
	write(t, filepath.Join(music, "Album", "cover.jpg"), []byte("<html>not a picture, and the likelier name")) // the better name, but no picture
	b.ingest(t)
	if _, _, err := b.client.Cover(t.Context(), album); !api.IsNotFound(err) {
		t.Errorf("HTML was served as a cover: %v", err)
	}
	if err := os.Remove(filepath.Join(music, "Album", "cover.jpg")); err != nil {
		t.Fatal(err)
	}
	b.ingest(t) // the track itself is unchanged
	data, kind, err := b.client.Cover(t.Context(), album)
	if err != nil || kind != "image/png" || !bytes.Equal(data, cover(t)) {
		t.Errorf("cover: %d bytes of %s, %v", len(data), kind, err)
	}
	if a, err := b.client.Album(t.Context(), album); err != nil || !a.HasCover {
		t.Errorf("album %+v, %v", a, err)
	}
}

// A run that is cut off leaves no half track, and no rubbish after the next one.
func TestCutOff(t *testing.T) {
	music, data := t.TempDir(), t.TempDir()
	for i := range uint64(6) {
		write(t, filepath.Join(music, string(rune('a'+i))+".wav"), wavFile(signal(44100*2, 2, 16, i), 44100, 2, 16, nil))
	}
	b := start(t, plain(music, data))
	ctx, cancel := context.WithCancel(t.Context())
	err := b.Ingest(ctx, func(p ingest.Progress) {
		if p.Stage == ingest.Added {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cut off: %v", err)
	}
	whole := b.byTitle(t)
	if len(whole) == 0 || len(whole) == 6 {
		t.Fatalf("%d tracks", len(whole))
	}
	for _, tr := range whole {
		for _, r := range presentation(t, b, tr.ID) {
			r.clear(t) // every segment is there
		}
	}
	// As a power cut would leave it: a folder half written, and one without an entry.
	write(t, filepath.Join(data, "media", "tmp-x", "flac", "0.m4s"), []byte("half"))
	write(t, filepath.Join(data, "media", "aaaaaaaaaaaaaaaa.00000000", "master.m3u8"), []byte("#EXTM3U"))
	write(t, filepath.Join(data, "covers", "tmp-y"), []byte("half"))
	b.ingest(t)
	if n := b.ended(ingest.Added); n != 6-len(whole) {
		t.Errorf("%d added after %d", n, len(whole))
	}
	if entries, err := os.ReadDir(filepath.Join(data, "media")); err != nil || len(entries) != 6 {
		t.Errorf("%d folders, %v", len(entries), err)
	}
	if entries, err := os.ReadDir(filepath.Join(data, "covers")); err != nil || len(entries) != 0 {
		t.Errorf("covers: %v, %v", entries, err)
	}
}

// A file that someone is still copying is left for the next run, not taken for what it was.
func TestFileChangesWhileRead(t *testing.T) {
	music := t.TempDir()
	path := filepath.Join(music, "a.wav")
	write(t, path, wavFile(signal(3000, 2, 16, 1), 44100, 2, 16, nil))
	b := start(t, plain(music, t.TempDir()))
	var steps []ingest.Progress
	err := b.Ingest(t.Context(), func(p ingest.Progress) {
		steps = append(steps, p)
		if p.Detail == "cutting FLAC" {
			write(t, path, wavFile(signal(3000, 2, 16, 2), 44100, 2, 16, nil)) // of the same length: nothing else would notice
		}
	})
	if last := steps[len(steps)-1]; err != nil || last.Stage != ingest.Skipped || titles(t, b) != "" {
		t.Errorf("%+v, %v", steps, err)
	}
	b.ingest(t)
	if b.ended(ingest.Added) != 1 || titles(t, b) != "a" {
		t.Errorf("the next run: %+v", b.steps)
	}
}

func TestOneServerForAFolder(t *testing.T) {
	data := t.TempDir()
	start(t, plain(t.TempDir(), data))
	if _, err := server.New(t.Context(), plain(t.TempDir(), data)); !errors.Is(err, store.ErrInUse) {
		t.Errorf("a second server: %v", err)
	}
}

// An encoder's coming or going packages nothing anew; another protection does, and so do files that an
// older version packaged.
func TestWhatIsPackagedAnew(t *testing.T) {
	music, data := t.TempDir(), t.TempDir()
	write(t, filepath.Join(music, "a.wav"), wavFile(signal(9000, 2, 16, 1), 44100, 2, 16, nil))
	program, err := ffmpeg.Find("")
	encoders := []encoder.Encoder{goaac.New(goaac.Fast), goaac.New(goaac.Thorough)}
	if err == nil {
		encoders = append(encoders, program)
	}
	run := func(e encoder.Encoder, p packager.Protection) (added int) {
		t.Helper()
		s, err := server.New(t.Context(), server.Config{MusicDir: music, DataDir: data, Encoder: e, Protection: p})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		if err := s.Ingest(t.Context(), func(p ingest.Progress) {
			if p.Stage == ingest.Added {
				added++
			}
		}); err != nil {
			t.Fatal(err)
		}
		folders, err := os.ReadDir(filepath.Join(data, "media"))
		if err != nil || len(folders) != 1 {
			t.Errorf("%d folders, %v", len(folders), err)
		}
		return added
	}
	for i, e := range encoders {
		if added := run(e, packager.AES128); added != 1-min(i, 1) {
			t.Errorf("%s: %d added", e.Name(), added)
		}
	}
	if run(encoders[0], packager.Clear) != 1 || run(encoders[1], packager.Clear) != 0 || run(encoders[0], packager.AES128) != 1 {
		t.Error("another protection")
	}
	db, err := sql.Open("sqlite", filepath.Join(data, "catalogue.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE tracks SET packager = '1', id = 'old', sort_key = 'old'; UPDATE files SET track_id = 'old'"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if run(encoders[0], packager.AES128) != 1 || run(encoders[0], packager.AES128) != 0 {
		t.Error("what an older version made was taken for good")
	}
}
