package player_test

import (
	"math"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// scaled is music at another level.
func scaled(seed uint64, seconds int, factor float64) []int16 {
	pcm := playertest.Music(seed, seconds*playertest.Rate)
	for i, v := range pcm {
		pcm[i] = int16(math.Round(min(max(float64(v)*factor, -32768), 32767)))
	}
	return pcm
}

// loudnessOf measures a stretch of what was heard, in seconds from its beginning.
func loudnessOf(t testing.TB, heard []float32, from, to int) float64 {
	t.Helper()
	m, err := dsp.NewMeter(playertest.Rate, 2)
	if err != nil {
		t.Fatal(err)
	}
	m.Process(heard[2*from*playertest.Rate : 2*to*playertest.Rate])
	return float64(m.Integrated())
}

func checkLoudness(t testing.TB, what string, heard []float32, from, to int, want float64) {
	t.Helper()
	if got := loudnessOf(t, heard, from, to); math.Abs(got-want) > 0.5 {
		t.Errorf("%s: %.2f LUFS, want %.1f ± 0.5", what, got, want)
	}
}

// TestUntaggedTracksAreLevelled: of three tracks that carry no gains, the second is measured ahead of
// its turn, so that it is at the target from its first frame on; the first is, where it is played
// again. With a cache the same holds for the next player.
func TestUntaggedTracksAreLevelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		for name, pcm := range map[string][]int16{"loud.wav": scaled(1, 20, 2.2), "soft.wav": scaled(2, 20, 0.12)} {
			if err := os.WriteFile(filepath.Join(dir, name), waveFile(pcm), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		loud, soft := filepath.Join(dir, "loud.wav"), filepath.Join(dir, "soft.wav")
		store := openCache(t, filepath.Join(dir, "cache.db"))
		defer store.Close()
		cfg := player.Config{Cache: store, Loudness: dsp.Loudness{Mode: dsp.LoudnessTrack, MayClip: true}}

		r := start(t, &playertest.Link{}, cfg, sink.RealTime, loud, soft, loud)
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		heard := r.out.Music()
		if len(heard) != 2*60*playertest.Rate {
			t.Fatalf("%d frames heard", len(heard)/2)
		}
		checkLoudness(t, "loud, unknown yet", heard, 0, 20, loudnessOf(t, floats(scaled(1, 20, 2.2)), 0, 20))
		checkLoudness(t, "soft, measured ahead", heard, 20, 40, -18)
		checkLoudness(t, "soft, its first second", heard, 20, 21, loudnessOf(t, floats(scaled(2, 20, 0.12)), 0, 1)-
			loudnessOf(t, floats(scaled(2, 20, 0.12)), 0, 20)-18)
		checkLoudness(t, "loud, known by now", heard, 40, 60, -18)

		cfg.Loudness.Target = -23
		r = start(t, &playertest.Link{}, cfg, sink.RealTime, loud, soft)
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		heard = r.out.Music()
		checkLoudness(t, "loud, by the cache", heard, 0, 20, -23)
		checkLoudness(t, "soft, by the cache", heard, 20, 40, -23)
	})
}

func floats(pcm []int16) []float32 {
	out := make([]float32, len(pcm))
	for i, v := range pcm {
		out[i] = float32(v) / 32768
	}
	return out
}

// TestStreamsAreMeasuredAhead: what is all in the cache is measured ahead too, without a request.
func TestStreamsAreMeasuredAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		first, second := host+s.Track(t, "first", scaled(3, 30, 1)), host+s.Track(t, "second", scaled(4, 20, 0.2))
		store := openCache(t, filepath.Join(t.TempDir(), "cache.db"))
		defer store.Close()
		cfg := player.Config{Cache: store, Loudness: dsp.Loudness{Mode: dsp.LoudnessTrack, MayClip: true},
			Selection: player.Selection{Mode: player.ModeHighest}}
		var mu sync.Mutex // requests come side by side
		served := map[string]int{}
		counting := http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			mu.Lock()
			served[q.URL.Path]++
			mu.Unlock()
			s.ServeHTTP(w, q)
		})
		r := start(t, &playertest.Link{Handler: counting}, cfg, sink.RealTime, first, second)
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		for path, n := range served {
			if n != 1 {
				t.Errorf("%s was asked for %d times", path, n)
			}
		}
		checkLoudness(t, "second", r.out.Music(), 30, 50, -18)
	})
}

// TestTagsGoBeforeMeasuring: a gain that the app gives holds, and off is off.
func TestTagsGoBeforeMeasuring(t *testing.T) {
	gain := media.Decibels(-6)
	file := filepath.Join(t.TempDir(), "a.wav")
	pcm := scaled(5, 12, 1)
	if err := os.WriteFile(file, waveFile(pcm), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := loudnessOf(t, floats(pcm), 0, 12)
	for name, c := range map[string]struct {
		l    dsp.Loudness
		tags media.Tags
		want float64
	}{
		"tagged":   {dsp.Loudness{Mode: dsp.LoudnessTrack}, media.Tags{TrackGain: &gain, TrackPeak: 0.5}, whole - 6},
		"off":      {dsp.Loudness{}, media.Tags{TrackGain: &gain}, whole},
		"measured": {dsp.Loudness{Mode: dsp.LoudnessTrack, MayClip: true}, media.Tags{}, -18},
		"never":    {dsp.Loudness{Mode: dsp.LoudnessTrack, Measure: dsp.MeasureNever}, media.Tags{}, whole},
		"while":    {dsp.Loudness{Mode: dsp.LoudnessTrack, Measure: dsp.MeasureWhilePlaying}, media.Tags{}, whole},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, &playertest.Link{}, player.Config{Loudness: c.l}, sink.RealTime, file)
				r.Append(player.Item{URL: file, ContentID: "second", Tags: c.tags})
				r.Play()
				if err := r.finish(t); err != nil {
					t.Fatal(err)
				}
				checkLoudness(t, name, r.out.Music(), 12, 24, c.want)
			})
		})
	}
}
