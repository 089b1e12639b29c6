package abrtest_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
)

// TestOracle: on average the oracle is better than rules, and worse than who knows the future.
func TestOracle(t *testing.T) {
	p := playlist(t, abrtest.Music{Ladder: []float64{50, 200, 800}, Tracks: 2, Track: 120e3, Segment: 10e3})
	for _, kbps := range []float64{400, 4000} {
		oracle, err := abrtest.Oracle{Kbps: kbps, Latency: 50, Playlist: p, Buffer: 40e3}.QoE()
		if err != nil {
			t.Fatal(err)
		}
		n := 15.0
		if os.Getenv("SEGUE_SWEEP") != "" {
			n = 400
		}
		var optimum, rule, lowest, highest, spread float64
		for i := range int(n) {
			trace, err := abrtest.NewTrace(fmt.Sprintf("steady-%d", i), []abrtest.Period{period(1800e3, kbps, 50)})
			if err != nil {
				t.Fatal(err)
			}
			if trace, err = trace.Tunnelled(); err != nil {
				t.Fatal(err)
			}
			c := abrtest.Client{Trace: trace, Playlist: p, Buffer: 40e3}
			plan, _, err := c.Optimum(abrtest.Precision{})
			if err != nil {
				t.Fatal(err)
			}
			best := play(t, c, plan).QoE
			optimum += best / n
			spread += best * best / n
			rule += play(t, c, &abrtest.Driver{Rule: abr.ThroughputBuffer{}}).QoE / n
			lowest += play(t, c, abrtest.Plan{}).QoE / n
			highest += play(t, c, &abrtest.Driver{Rule: abr.Highest{}}).QoE / n
		}
		chance := 3 * math.Sqrt((spread-optimum*optimum)/n) // of the draw
		t.Logf("%v kbps: lowest %.1f, highest %.1f, rule %.1f, oracle %.1f, optimum %.1f, by chance %.1f", kbps, lowest, highest, rule, oracle, optimum, chance)
		if oracle > optimum+chance || oracle < max(rule, lowest, highest)-chance {
			t.Errorf("%v kbps: lowest %v, highest %v, rule %v, oracle %v, optimum %v", kbps, lowest, highest, rule, oracle, optimum)
		}
	}
	if _, err := (abrtest.Oracle{Playlist: &abrtest.Playlist{}}).QoE(); !errors.Is(err, abrtest.ErrPlaylist) {
		t.Errorf("%v", err)
	}
}
