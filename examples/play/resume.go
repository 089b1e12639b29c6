package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
)

const (
	// bookmarkTick is how often is looked whether the player has moved on.
	bookmarkTick = time.Second
	// bookmarkPause is the least time between two writings, and bookmarkRate, in bytes a second, what
	// writing a long queue again and again may cost.
	bookmarkPause = 4 * time.Second
	bookmarkRate  = 512 << 10
	// maxBookmark bounds what is read of a file of ours.
	maxBookmark = 256 << 20
	// bookmarkVersion is that of the file.
	bookmarkVersion = 1
)

var errBookmark = errors.New("not a state that this version has written")

// stateDir is where programs keep what they were doing: $XDG_STATE_HOME, which has to be absolute, and
// elsewhere what comes nearest.
func stateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "segue"), nil
	}
	switch runtime.GOOS {
	case "windows", "darwin", "ios", "plan9":
		dir, err := os.UserConfigDir()
		return filepath.Join(dir, "segue"), err
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "segue"), err
}

// left is how and where the player was left.
type left struct {
	Version  int                 `json:"version"`
	Player   []byte              `json:"player"` // what player.MarshalBinary gave
	Sound    soundSettings       `json:"sound"`
	Loudness string              `json:"loudness"`
	Target   dsp.LUFS            `json:"loudness_target"`
	Dir      string              `json:"dir"` // what paths are relative to
	Server   string              `json:"server"`
	Tracks   map[string]trackRef `json:"tracks"` // of the server, by content id
}

// readLeft reads what a bookmark wrote.
func readLeft(path string) (l left, err error) {
	f, err := os.Open(path)
	if err != nil {
		return l, err
	}
	defer func() { _ = f.Close() }()
	if err := json.NewDecoder(io.LimitReader(f, maxBookmark)).Decode(&l); err != nil || l.Version != bookmarkVersion {
		return left{}, fmt.Errorf("%s: %w", path, errors.Join(errBookmark, err))
	}
	return l, nil
}

// write replaces the file as a whole: whoever reads it, also after a crash, finds the old state or the
// new one.
func (l *left) write(path string) (size int, err error) {
	data, err := json.Marshal(l)
	if err != nil {
		return 0, err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	tmp, err := os.CreateTemp(dir, filepath.Base(path)+"-*") // 0600: URLs may hold secrets
	if err != nil {
		return 0, err
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return len(data), err
}

// bookmark remembers where the player is, in a file, every few seconds and at the end.
type bookmark struct {
	path string
	look func() position      // cheap
	take func() (left, error) // not so cheap
	log  *slog.Logger

	seen position // when it was written last
	next time.Time
}

// position is what has to be the same for nothing to be worth writing.
type position struct {
	queue     int64
	current   player.EntryID
	second    int64
	intent    player.Intent
	ended     bool
	volume    float64
	muted     bool
	speed     float64
	crossfade time.Duration
	skip      bool
	loudness  dsp.Loudness
	sound     soundSettings
}

// run writes until ctx is done. finish may be called then.
func (b *bookmark) run(ctx context.Context) {
	ticker := time.NewTicker(bookmarkTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if !now.Before(b.next) {
				b.write(now)
			}
		}
	}
}

// finish writes where the player is left.
func (b *bookmark) finish() { b.write(time.Now()) }

// write writes what is new. Failing to costs no music: it is logged.
func (b *bookmark) write(now time.Time) {
	at := b.look()
	if at == b.seen || at.current == 0 { // an empty queue is nothing to come back to
		return
	}
	state, err := b.take()
	size := 0
	if err == nil {
		size, err = state.write(b.path)
	}
	if err != nil {
		b.log.Warn("the queue isn't kept", "path", b.path, "err", err)
	}
	b.seen = at
	b.next = now.Add(max(bookmarkPause, time.Duration(size)*time.Second/bookmarkRate))
}

// newBookmark makes the session's.
func (s *session) newBookmark() (*bookmark, error) {
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	return &bookmark{path: filepath.Join(dir, "play.json"), look: s.position, take: s.left, log: s.log}, nil
}

func (s *session) position() position {
	st := s.player.State()
	return position{
		queue: st.Queue.Version(), current: st.Current, second: int64(st.Position / time.Second), intent: st.Intent,
		ended: st.Phase == player.Ended, volume: st.Volume, muted: st.Muted, speed: st.Speed, crossfade: st.Crossfade,
		skip: st.SkipSilence, loudness: st.Loudness, sound: s.sound.settings(),
	}
}

func (s *session) left() (left, error) {
	data, err := s.player.MarshalBinary()
	loudness := s.player.State().Loudness
	dir, _ := os.Getwd() // without it, relative paths are those of whoever resumes
	return left{
		Version: bookmarkVersion, Player: data, Dir: dir, Sound: s.sound.settings(), Loudness: loudnessNames[loudness.Mode],
		Target: loudness.Target, Server: s.library.server, Tracks: s.library.references(),
	}, err
}

// resume goes on where the player was left. What the command line says goes before what was saved.
func (s *session) resume() error {
	dir, err := stateDir()
	if err != nil {
		return err
	}
	l, err := readLeft(filepath.Join(dir, "play.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return &player.Error{Kind: player.KindFile, Op: "resume", Fatal: true, Err: errors.New("nothing was left to go on with")}
	}
	if err != nil {
		return &player.Error{Kind: player.KindStored, Op: "resume", Fatal: true, Err: err}
	}
	lost := 0
	err = s.player.Restore(l.Player, func(it player.Item) (player.Item, bool) {
		made, ok := s.remake(it, &l)
		if !ok {
			lost++
		}
		return made, ok
	})
	if err != nil {
		return err
	}
	if lost > 0 {
		s.notice(plural(lost, "track") + " of another server left out")
	}
	s.sound.set(s.o.sound().over(l.Sound, s.o.given))
	if i := slices.Index(loudnessNames[:], l.Loudness); i >= 0 && !s.o.given["loudness"] {
		s.player.SetLoudness(dsp.Loudness{Mode: dsp.LoudnessMode(i), Target: l.Target})
	}
	s.override()
	return nil
}

// remake completes an item that was saved.
func (s *session) remake(it player.Item, l *left) (player.Item, bool) {
	if ref, known := l.Tracks[it.ContentID]; known && it.URL == "" {
		if l.Server != s.library.server {
			return it, false
		}
		return s.library.remake(it, ref), true
	}
	scheme, _, isURL := strings.Cut(it.URL, ":")
	switch {
	case it.URL == "":
		return it, false
	case isURL && isScheme(scheme):
		it.Header = headers(s.o.Header)
	case !filepath.IsAbs(it.URL):
		it.URL = filepath.Join(l.Dir, it.URL)
	}
	return it, true
}

// override sets what the command line says over what was saved.
func (s *session) override() {
	given, p := s.o.given, s.player
	if given["volume"] {
		p.SetVolume(float64(s.o.Volume))
	}
	if given["speed"] {
		p.SetSpeed(s.o.Speed)
	}
	if given["crossfade"] || given["crossfade-curve"] {
		p.SetCrossfade(time.Duration(s.o.Crossfade), s.o.curve())
	}
	if given["skip-silence"] {
		p.SetSkipSilence(s.o.SkipSilence)
	}
	if given["loudness"] {
		p.SetLoudness(s.o.loudness())
	}
	s.order()
}

// order sets in which order the queue is played and until when, as far as the command line says so.
func (s *session) order() {
	if s.o.given["shuffle"] {
		s.player.SetShuffle(player.Shuffle{Mode: player.ShuffleMode(s.o.Shuffle), Seed: s.o.Seed})
	}
	if s.o.given["repeat"] {
		s.player.SetRepeat(s.o.repeat())
	}
	if s.o.given["sleep"] {
		s.player.SetSleep(player.Sleep(s.o.Sleep))
	}
}
