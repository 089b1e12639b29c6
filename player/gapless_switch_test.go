package player_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/manifest/hls"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
)

// restless is a rule that wants another rendition each time.
type restless struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func (r *restless) Next(s abr.State) abr.Decision {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.rng.IntN(len(s.Renditions))
	if i == s.Current {
		i = (i + 1) % len(s.Renditions)
	}
	return abr.Decision{Index: i, Reason: abr.ReasonManual}
}

func (r *restless) Abandon(abr.State, abr.Progress) (abr.Decision, bool) {
	return abr.Decision{}, false
}

// family is one piece of music in several renditions of one codec.
type family struct {
	name   string
	codecs string
	few    bool
	exact  bool
	// never: a decoder's state never becomes quite that of uninterrupted play, so that all is mixed.
	never bool
	// make gives the playlist of rendition i, below dir, in segments of half a second.
	make func(t testing.TB, dir, path string, i int) string
}

func families() []family {
	const half = "-f hls -hls_time 0.5 -hls_playlist_type vod -hls_segment_type fmp4 -hls_segment_filename DIR/%d.m4s -strict -2"
	by := func(args ...string) func(testing.TB, string, string, int) string {
		return func(t testing.TB, dir, path string, i int) string {
			t.Helper()
			return ffmpeg(fmt.Sprintf("r%d/index.m3u8", i), args[i], half)(t, dir, path)
		}
	}
	return []family{
		{name: "FLAC in fMP4", codecs: "fLaC", exact: true, few: true, make: by("-c:a flac -compression_level 0", "-c:a flac -compression_level 5", "-c:a flac -compression_level 8")},
		{name: "AAC in fMP4", codecs: "mp4a.40.2", few: true, make: by("-c:a aac -b:a 96k", "-c:a aac -b:a 160k", "-c:a aac -b:a 256k")},
		{name: "Opus in fMP4", codecs: "opus", never: true, make: by("-ar 48000 -c:a libopus -b:a 64k", "-ar 48000 -c:a libopus -b:a 96k", "-ar 48000 -c:a libopus -b:a 160k")},
		{name: "MP3, packed", codecs: "mp4a.40.34", few: true, make: packedMP3},
	}
}

// packedMP3 cuts what LAME makes without a reservoir into segments of packed audio, as the service does.
func packedMP3(t testing.TB, dir, path string, i int) string {
	t.Helper()
	file := ffmpeg(fmt.Sprintf("r%d.mp3", i), "-c:a", "libmp3lame", "-reservoir", "0", "-b:a", []string{"96k", "160k", "320k"}[i])(t, dir, path)
	d, all := containertest.Packets(t, mp3.Open, containertest.File(t, file))
	trim := d.Info().Trim
	list := hls.MediaSpec{Trim: &trim, TrimRate: playertest.Rate}
	to := filepath.Join(dir, fmt.Sprintf("r%d", i))
	if err := os.Mkdir(to, 0o700); err != nil {
		t.Fatal(err)
	}
	const perSegment = 19
	for n := 0; n*perSegment < len(all); n++ {
		part := all[n*perSegment : min((n+1)*perSegment, len(all))]
		segment := mp3.AppendTimestampTag(nil, media.Rescale(int64(part[0].Time), playertest.Rate, 90_000))
		length := media.Frames(0)
		for _, p := range part {
			segment = append(segment, p.Data...)
			length += p.Duration
		}
		name := fmt.Sprintf("%d.mp3", n)
		write(t, filepath.Join(to, name), string(segment))
		list.Segments = append(list.Segments, hls.SegmentSpec{URI: name, Duration: length.Duration(playertest.Rate)})
	}
	text, err := hls.AppendMedia(nil, &list)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(to, "index.m3u8"), string(text))
}

// What a switch may do: a millisecond and a half may err by so much more than the worse of the renditions does
// thereabouts, and the renditions mix for no more frames than the coding's overlap.
const (
	switchLimit = 2.0
	mixLimit    = 4096
)

// TestGaplessSwitches changes the rendition at every segment, a hundred times and more, within one codec.
func TestGaplessSwitches(t *testing.T) {
	pcm, want := piece([]int{containertest.Sweep(6*playertest.Rate+17, 62*playertest.Rate+4321)})
	for _, f := range families() {
		if !containertest.Sweep(f.few, true) {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			dir := t.TempDir()
			path := wave(t, dir, pcm, playertest.Rate)
			master := "#EXTM3U\n"
			for i := range 3 {
				list := f.make(t, dir, path, i)
				name, err := filepath.Rel(dir, list)
				if err != nil {
					t.Fatal(err)
				}
				master += fmt.Sprintf("#EXT-X-STREAM-INF:BANDWIDTH=%d,CODECS=%q\n%s\n", 100_000*(i+1), f.codecs, filepath.ToSlash(name))
			}
			url := write(t, filepath.Join(dir, "master.m3u8"), master)
			cfg := player.Config{SampleRate: playertest.Rate}
			if f.codecs == "opus" {
				cfg.SampleRate = 48_000
			}
			var pure [3][]float32
			for i := range pure {
				cfg.Selection = player.Selection{Mode: player.ModeFixed, Index: i}
				pure[i] = played(t, cfg, player.Item{URL: url})
			}
			cfg.Selection, cfg.Rule = player.Selection{}, &restless{rng: rand.New(rand.NewPCG(5, 6))}
			r := playedOut(t, cfg, player.Item{URL: url})
			got, switches := r.out.Music(), r.State().Stats.Switches
			if switches < containertest.Sweep(8, 100) {
				t.Errorf("%d switches", switches)
			}
			source := want
			if cfg.SampleRate != playertest.Rate {
				source = pure[2] // of another rate: the best rendition stands for it
			}
			t.Logf("%-16s %8d switches", f.name, switches)
			f.check(t, got, source, pure)
		})
	}
}

func (f family) check(t *testing.T, got, want []float32, pure [3][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d frames, want %d", len(got)/2, len(want)/2)
	}
	mixed := mixes(got, pure)
	errors, worst := playertest.Errors(got, want), playertest.Errors(pure[0], want)
	for _, p := range pure[1:] {
		for i, e := range playertest.Errors(p, want) {
			worst[i] = max(worst[i], e)
		}
	}
	var ratios []float64
	bend, longest := 0.0, 0
	for _, m := range mixed {
		longest = max(longest, m[1]-m[0])
		for w := m[0] / playertest.WindowFrames; w <= m[1]/playertest.WindowFrames && w < len(errors); w++ {
			near := playertest.Worst(worst, (w-8)*playertest.WindowFrames, (w+8)*playertest.WindowFrames)
			ratios = append(ratios, errors[w]/max(near, 1e-9))
		}
		usual := 1e-9
		for _, p := range pure {
			usual = max(usual, playertest.Bend(p, m[0]-512, m[1]+512))
		}
		bend = max(bend, playertest.Bend(got, m[0]-2, m[1]+2)/usual)
	}
	most := playertest.Quantile(ratios, 1)
	t.Logf("mixed frames %d, error beside the worse rendition's %.2f (99 %%: %.2f), bend %.2f", longest, most, playertest.Quantile(ratios, 0.99), bend)
	switch {
	case f.exact && longest > 0:
		t.Error("not the source's bits")
	case most > switchLimit || longest > mixLimit && !f.never || bend > bendLimit:
		t.Errorf("a switch is heard")
	}
}

// mixes finds the stretches of frames that are no rendition's own.
func mixes(got []float32, pure [3][]float32) (mixed [][2]int) {
	const all = 1<<len(pure) - 1
	could, since, lost := all, 0, -1
	for i := 0; i+1 < len(got); i += 2 {
		fits := 0
		for k, p := range pure {
			if i+1 < len(p) && p[i] == got[i] && p[i+1] == got[i+1] {
				fits |= 1 << k
			}
		}
		if could&fits != 0 {
			if could &= fits; lost >= 0 && i/2-since >= 64 { // by chance single frames agree
				mixed, lost = append(mixed, [2]int{lost, since}), -1
			}
			continue
		}
		if lost < 0 {
			lost = i / 2
		}
		since, could = i/2, fits
		if fits == 0 {
			since, could = i/2+1, all
		}
	}
	if lost >= 0 {
		mixed = append(mixed, [2]int{lost, len(got) / 2})
	}
	return mixed
}
