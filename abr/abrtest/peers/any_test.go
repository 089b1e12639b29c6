package peers

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/abr/abrtest"
)

// TestAnySession: whatever is played over whatever link, with skips, sizes that vary, one rendition or a
// buffer that holds no second segment, each rule plays it to its end, and as a rule with a new mind would.
func TestAnySession(t *testing.T) {
	for _, e := range Entries() {
		t.Run(e.Name, func(t *testing.T) {
			used := e.New()
			rapid.Check(t, func(t *rapid.T) {
				client := anyClient(t)
				first, err := client.Run(used)
				if err != nil {
					t.Fatal(err)
				}
				if !first.Finished || math.IsNaN(first.QoE) {
					t.Fatalf("%+v", first)
				}
				again, err := client.Run(e.New())
				if err != nil || again.QoE != first.QoE || again.Bits != first.Bits {
					t.Fatalf("a new one: %v points and %v bits, %v; a used one %v and %v", again.QoE, again.Bits, err, first.QoE, first.Bits)
				}
			})
		})
	}
}

func anyClient(t *rapid.T) abrtest.Client {
	var periods []abrtest.Period
	for range rapid.IntRange(1, 12).Draw(t, "periods") {
		periods = append(periods, abrtest.Period{
			Duration: rapid.Float64Range(1, 40e3).Draw(t, "duration"),
			Kbps:     rapid.SampledFrom([]float64{0, 5, 30, 100, 333.3, 1000, 6000}).Draw(t, "kbps"),
			Latency:  rapid.SampledFrom([]float64{0, 20, 150, 2000}).Draw(t, "latency"),
		})
	}
	periods = append(periods, abrtest.Period{Duration: 20e3, Kbps: 200, Latency: 50})
	trace, err := abrtest.NewTrace("any", periods)
	if err != nil {
		t.Fatal(err)
	}
	trace.Network = rapid.SampledFrom([]string{"", "3g", "4g", "fixed"}).Draw(t, "network")
	music := abrtest.Music{
		Ladder:  rapid.SampledFrom([][]float64{{96}, {64, 320}, {24, 48, 96}, {24, 48, 96, 160, 320, 900}}).Draw(t, "ladder"),
		Tracks:  rapid.IntRange(1, 3).Draw(t, "tracks"),
		Track:   rapid.Float64Range(1000, 60e3).Draw(t, "track"),
		Segment: rapid.SampledFrom([]float64{2000, 4000, 10e3}).Draw(t, "segment"),
		Vary:    rapid.SampledFrom([]float64{0, 0.4}).Draw(t, "vary"),
	}
	list, err := music.Playlist()
	if err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "skips") {
		list = list.WithSkips(list.Impatience(rapid.StringN(1, 3, -1).Draw(t, "listener")))
	}
	return abrtest.Client{
		Trace: trace, Playlist: list, Scale: rapid.SampledFrom([]float64{1, 0.05}).Draw(t, "scale"),
		Buffer: rapid.SampledFrom([]float64{6e3, 12e3, 30e3, 120e3}).Draw(t, "buffer"),
	}
}
