package player_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// cuts are the lengths of the album's tracks in frames: no multiple of any coding's packet.
func cuts() []int {
	return containertest.Sweep([]int{70_001, 50_443, 60_777}, []int{150_001, 88_203, 201_114, 44_100, 170_717, 131_072})
}

// wave makes a WAV file of stereo music at any rate.
func wave(t testing.TB, dir string, pcm []int16, rate int) string {
	t.Helper()
	b := waveFile(pcm)
	binary.LittleEndian.PutUint32(b[24:], uint32(rate))
	binary.LittleEndian.PutUint32(b[28:], uint32(4*rate))
	path := filepath.Join(dir, "source.wav")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// stored cuts one piece of music into tracks, each of them encoded, and gives their locations.
func (c coding) stored(t testing.TB, pcm []int16, lengths []int) (urls []string) {
	t.Helper()
	at := 0
	var waves []string
	for _, n := range lengths {
		dir := t.TempDir()
		path := wave(t, dir, pcm[2*at:2*(at+n)], c.rate)
		if at += n; c.encode != nil {
			urls = append(urls, c.encode(t, dir, path))
		}
		waves = append(waves, path)
	}
	if c.encode == nil {
		return c.album(t, t.TempDir(), waves)
	}
	return urls
}

// played is what comes out of a whole player, as fast as it goes.
func played(t testing.TB, cfg player.Config, items ...player.Item) []float32 {
	t.Helper()
	return playedOut(t, cfg, items...).out.Music()
}

// playedOut is the player that played, closed.
func playedOut(t testing.TB, cfg player.Config, items ...player.Item) *rig {
	t.Helper()
	r := start(t, &playertest.Link{}, cfg, sink.Unpaced)
	r.Append(items...)
	r.Play()
	if err := r.finish(t); err != nil {
		t.Fatal(err)
	}
	return r
}

func items(urls []string) (all []player.Item) {
	for _, u := range urls {
		all = append(all, player.Item{URL: u})
	}
	return all
}

// piece is the music that the tests cut into tracks.
func piece(lengths []int) (pcm []int16, want []float32) {
	total := 0
	for _, n := range lengths {
		total += n
	}
	pcm = playertest.Music(11, total)
	return pcm, playertest.Floats(pcm)
}

// What an error at a seam may be, as a multiple of the coding's own elsewhere: of that which one window in a
// thousand passes. An encoder that is cut in the middle of a tone codes an attack there.
const (
	seamLimit = 2
	bendLimit = 2.5
)

// TestGaplessAlbum plays an album that was cut from one piece of music, in every coding, and holds what
// comes out against the source.
func TestGaplessAlbum(t *testing.T) {
	lengths := cuts()
	pcm, want := piece(lengths)
	t.Logf("%-40s %6s %6s %6s %8s %8s %10s %6s", "", "tracks", "length", "shift", "missing", "repeated", "seam/noise", "bend")
	for _, c := range codings() {
		if !containertest.Sweep(c.few, true) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			got := played(t, player.Config{SampleRate: c.rate}, items(c.stored(t, pcm, lengths))...)
			r := c.seams(got, want, lengths)
			t.Logf("%-40s %6d %+6d %6d %8d %8d %10.2f %6.2f %s", c.name, len(lengths), r.length, r.shift, r.missing, r.repeated, r.seam, r.bend, c.open)
			switch {
			case c.open != "":
				if r.length <= 0 {
					t.Errorf("%d frames are missing", -r.length)
				}
			case c.half:
				// An odd length can't be told: each track may be a frame longer.
				if r.length < 0 || r.length > len(lengths) || abs(r.shift) > len(lengths) {
					t.Errorf("%+v", r)
				}
			case r.length != 0 || r.shift != 0 || r.missing != 0 || r.repeated != 0:
				t.Errorf("%+v", r)
			case c.exact && !slices.Equal(got, want):
				t.Error("not the source's bits")
			}
			if c.open == "" && (r.seam > seamLimit || r.bend > bendLimit) {
				t.Errorf("error at a seam %.2f, bend %.2f", r.seam, r.bend)
			}
		})
	}
}

// seamReport is what was found at the boundaries of an album.
type seamReport struct {
	length            int // that of what was played, less the source's
	shifts            []int
	shift             int // the largest, of either sign
	missing, repeated int // frames
	seam              float64
	bend              float64 // the largest second difference at a seam as a multiple of the largest elsewhere
}

// seams looks behind and in front of each boundary for where the source is, and how much it differs just there.
func (c coding) seams(got, want []float32, lengths []int) (r seamReport) {
	const window = 4096
	search := playertest.Search{Window: window, Most: 1500}
	if c.half {
		search.Most = 100 // the waveform isn't that of the source: farther off there are places that look alike
	}
	at, drift := 0, 0
	note := func(s int) {
		r.shifts = append(r.shifts, s)
		if abs(s) > abs(r.shift) {
			r.shift = s
		}
		if d := s - drift; d < 0 && !c.half {
			r.missing -= d
		} else if !c.half {
			r.repeated += d
		}
		drift = s
	}
	for _, n := range lengths {
		note(search.Shift(got, want, at))
		at += n
		note(search.Shift(got, want, at-window))
	}
	r.length = (len(got) - len(want)) / 2
	errors := playertest.Errors(got, want)
	var elsewhere []float64
	worst, bend, usual := 0.0, 0.0, 0.0
	at = 0
	for i, n := range lengths {
		if i > 0 {
			worst = max(worst, playertest.Worst(errors, at-playertest.WindowFrames, at+playertest.WindowFrames))
			bend = max(bend, playertest.Bend(got, at-playertest.WindowFrames, at+playertest.WindowFrames))
		}
		if lo, hi := (at+window)/playertest.WindowFrames, min((at+n-window)/playertest.WindowFrames, len(errors)); lo < hi {
			elsewhere = append(elsewhere, errors[lo:hi]...)
			usual = max(usual, playertest.Bend(got, at+window, at+n-window))
		}
		at += n
	}
	r.seam = worst / max(playertest.Quantile(elsewhere, 0.999), 1e-9)
	r.bend = bend / usual
	return r
}

func abs(n int) int { return max(n, -n) }

// TestGaplessSeams proves that the measure sees what it is for: a frame lost, one doubled, and a click.
func TestGaplessSeams(t *testing.T) {
	lengths := []int{20_000, 20_000, 20_000}
	_, want := piece(lengths)
	cut := 2 * lengths[0]
	for name, c := range map[string]struct {
		got  []float32
		want func(seamReport) bool
	}{
		"the source":      {want, func(r seamReport) bool { return r.shift == 0 && r.length == 0 && r.seam == 0 }},
		"a frame lost":    {slices.Concat(want[:cut], want[cut+2:]), func(r seamReport) bool { return r.missing == 1 && r.length == -1 }},
		"a frame doubled": {slices.Concat(want[:cut+2], want[cut:]), func(r seamReport) bool { return r.repeated == 1 && r.length == 1 }},
		"a frame moved":   {slices.Concat(want[:cut], want[cut+2:2*cut], want[2*cut-2:]), func(r seamReport) bool { return r.missing == 1 && r.repeated == 1 }},
		"a click":         {slices.Concat(want[:cut], []float32{0.9, 0.9}, want[cut+2:]), func(r seamReport) bool { return r.seam > seamLimit && r.bend > bendLimit }},
	} {
		if r := (coding{}).seams(c.got, want, lengths); !c.want(r) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
