package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"testing"

	"github.com/segue-audio/segue/cache"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/media"
)

func levelEnv(t *testing.T, store *cache.Store) *Env {
	t.Helper()
	return &Env{Env: &loader.Env{Cache: store, Logger: slog.New(slog.DiscardHandler)}, Note: func(Note) {}}
}

// TestLevelsAreKept: in memory, and in the cache for the next player; what is unsound there counts for
// nothing.
func TestLevelsAreKept(t *testing.T) {
	ctx := context.Background()
	store, err := cache.Open(ctx, cache.Options{Path: filepath.Join(t.TempDir(), "cache.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	want := dsp.Level{Integrated: -9.25, TruePeak: 1.125}
	levelEnv(t, store).setLevel(ctx, "a", want)
	if got, ok := levelEnv(t, store).level(ctx, "a"); !ok || got != want {
		t.Errorf("stored %v, found %v %v", want, got, ok)
	}
	// Silence is known to be silence, and levelled by nothing.
	levelEnv(t, store).setLevel(ctx, "quiet", dsp.Level{Integrated: dsp.LUFS(math.Inf(-1))})
	if got, ok := levelEnv(t, store).level(ctx, "quiet"); !ok || got.Tags().TrackGain != nil {
		t.Errorf("silence was found as %v %v", got, ok)
	}
	for _, raw := range []string{``, `{`, `{"v":2,"lufs":-9,"peak":1}`, `{"v":1,"lufs":1e9,"peak":1}`, `{"v":1,"lufs":-9,"peak":-1}`,
		`{"v":1,"lufs":-999,"peak":1}`, `[]`, `{"v":1,"lufs":"x"}`} {
		if err := store.PutDocument(ctx, "bad"+levelSuffix, []byte(raw)); err != nil {
			t.Fatal(err)
		}
		if got, ok := levelEnv(t, store).level(ctx, "bad"); ok {
			t.Errorf("%s was taken for %v", raw, got)
		}
	}
	alone := levelEnv(t, nil)
	for i := range maxLevels + 10 {
		alone.setLevel(ctx, fmt.Sprint(i), want)
	}
	alone.setLevel(ctx, "", want)
	if n := len(alone.levels.known); n != maxLevels {
		t.Errorf("%d levels in memory", n)
	}
	if got, ok := alone.level(ctx, fmt.Sprint(maxLevels+9)); !ok || got != want {
		t.Errorf("the last level: %v %v", got, ok)
	}
}

// TestGainByTrust: the app's word goes before the file's, and that before what was measured.
func TestGainByTrust(t *testing.T) {
	db := func(d media.Decibels) *media.Decibels { return &d }
	var notes []Note
	entry := func(tags media.Tags) *Entry {
		l := dsp.Loudness{Mode: dsp.LoudnessTrack, MayClip: true}
		return &Entry{Spec: Spec{Gain: dsp.LoudnessGain(tags, l), Tags: tags, Loudness: l},
			env: &Env{Note: func(n Note) { notes = append(notes, n) }}}
	}
	file, measured := media.Tags{Title: "x", TrackGain: db(-6)}, dsp.Level{Integrated: -8, TruePeak: 1}.Tags()
	for name, c := range map[string]struct {
		app  media.Tags
		told []media.Tags
		want media.Decibels
		news int
	}{
		"nothing":                {media.Tags{}, nil, 0, 0},
		"the app":                {media.Tags{TrackGain: db(-3)}, nil, -3, 0},
		"the app before a file":  {media.Tags{TrackGain: db(-3)}, []media.Tags{file}, -3, 1},
		"the file":               {media.Tags{}, []media.Tags{file, file}, -6, 1},
		"the file, then a meter": {media.Tags{}, []media.Tags{file, measured}, -6, 1},
		"a meter":                {media.Tags{}, []media.Tags{{Title: "x"}, measured}, -10, 1},
	} {
		notes = nil
		e := entry(c.app)
		for _, tags := range c.told {
			e.know(tags)
		}
		if got := e.Gain(); math.Abs(got-c.want.Amplitude()) > 1e-9 {
			t.Errorf("%s: gain %v, want %v", name, got, c.want.Amplitude())
		}
		if len(notes) != c.news {
			t.Errorf("%s: %d notes", name, len(notes))
		}
	}
}
