package abr_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/media"
)

func limitedLadder() []abr.Rendition {
	return []abr.Rendition{
		{Bitrate: media.Kbps(48), Codecs: "mp4a.40.5", SampleRate: 44_100},
		{Bitrate: media.Kbps(160), Codecs: "mp4a.40.2", SampleRate: 44_100},
		{Bitrate: media.Kbps(320), Codecs: "mp4a.40.2", SampleRate: 44_100},
		{Bitrate: media.Kbps(900), Codecs: "fLaC", SampleRate: 44_100, Lossless: true},
		{Bitrate: media.Kbps(2800), Codecs: "fLaC", SampleRate: 96_000, Lossless: true},
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name    string
		limits  abr.Limits
		metered bool
		most    media.Bitrate
		allowed []int
	}{
		{"nothing", abr.Limits{}, true, 0, []int{0, 1, 2, 3, 4}},
		{"plan", abr.Limits{Bitrate: media.Kbps(160)}, false, media.Kbps(160), []int{0, 1, 2, 3, 4}},
		{"metered, not here", abr.Limits{MeteredBitrate: media.Kbps(96)}, false, 0, []int{0, 1, 2, 3, 4}},
		{"metered", abr.Limits{Bitrate: media.Kbps(160), MeteredBitrate: media.Kbps(320)}, true, media.Kbps(160), []int{0, 1, 2, 3, 4}},
		{"saver", abr.Limits{MeteredBitrate: media.Kbps(320), Saver: true}, true, abr.SaverBitrate, []int{0, 1, 2, 3, 4}},
		{"lossless at home", abr.Limits{Lossless: abr.Unmetered}, false, 0, []int{0, 1, 2, 3, 4}},
		{"lossless on the way", abr.Limits{Lossless: abr.Unmetered}, true, 0, []int{0, 1, 2}},
		{"no lossless", abr.Limits{Lossless: abr.Nowhere}, false, 0, []int{0, 1, 2}},
		{"battery", abr.Limits{Battery: true}, false, 0, []int{0, 1, 2}},
		{"48 kHz", abr.Limits{SampleRate: 48_000}, false, 0, []int{0, 1, 2, 3}},
		{"AAC-LC", abr.Limits{Codecs: []string{"MP4A.40.2"}}, false, 0, []int{1, 2}},
		{"FLAC of a poor phone", abr.Limits{Codecs: []string{"fLaC"}, Battery: true}, false, 0, []int{0}},
	} {
		s := abr.State{Renditions: limitedLadder(), Metered: c.metered}
		if most := c.limits.Cap(&s); most != c.most {
			t.Errorf("%s: a cap of %v, want %v", c.name, most, c.most)
		}
		if got := c.limits.Allowed(&s); !slices.Equal(got, c.allowed) {
			t.Errorf("%s: %v, want %v", c.name, got, c.allowed)
		}
	}
	var none abr.Limits
	if got := none.Allowed(&abr.State{}); got != nil {
		t.Errorf("of nothing %v", got)
	}
}

// TestLimitsAddUp: what is forbidden stays forbidden when more is.
func TestLimitsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) abr.Limits {
			return abr.Limits{
				Bitrate: media.Bitrate(rapid.Int64Range(0, 3_000_000).Draw(t, name+" plan")), Saver: rapid.Bool().Draw(t, name+" saver"),
				Lossless: abr.Where(rapid.IntRange(0, 2).Draw(t, name+" lossless")), Battery: rapid.Bool().Draw(t, name+" battery"),
				SampleRate: rapid.SampledFrom([]int{0, 44_100, 96_000}).Draw(t, name+" rate"),
			}
		}
		a, metered := draw("a"), rapid.Bool().Draw(t, "metered")
		s := abr.State{Renditions: limitedLadder(), Metered: metered}
		b := a
		b.Saver, b.Battery, b.Lossless = true, true, max(a.Lossless, abr.Unmetered)
		less, more := b.Allowed(&s), a.Allowed(&s)
		for _, i := range less {
			if !slices.Contains(more, i) && len(less) > 1 {
				t.Fatalf("%v of %+v, %v of %+v", less, b, more, a)
			}
		}
		if m := a.Cap(&s); m > 0 && b.Cap(&s) > m {
			t.Fatalf("a cap of %v, and of %v with more limits", m, b.Cap(&s))
		}
	})
}
