package peers

import (
	"math"
	"testing"
)

// TestLikeSimulator plays what Sabre's own simulator played, 90 segments of 4 s with room for 30 s, in the
// client that does as that does, and compares what the two give for the whole. It holds the client to it as
// well as the rules.
func TestLikeSimulator(t *testing.T) {
	var common struct{ Links [][][3]float64 }
	read(t, "links", &common)
	var original struct {
		// Of each rule: the link, the sum of the segments' kbps, seconds until the end, seconds of silence,
		// and the sum of the changes in kbps.
		Sessions map[string][][5]float64
	}
	read(t, "sabre_simulator", &original)
	for _, e := range Entries() {
		for _, want := range original.Sessions[e.Name] {
			s := session{
				Link: int(want[0]), Ladder: []float64{24, 48, 96, 160, 320, 900},
				Segment: 4e3, Track: 360e3, Tracks: 1, Buffer: 30e3,
			}
			client := s.client(t, common.Links)
			client.LikeSabre = true
			m, err := client.Run(e.New())
			if err != nil {
				t.Fatal(err)
			}
			got := [5]float64{want[0], 0, m.Wall / 1000, m.Stalled / 1000, 0}
			for i, index := range m.Rendition {
				got[1] += s.Ladder[index]
				if i > 0 {
					got[4] += math.Abs(s.Ladder[index] - s.Ladder[m.Rendition[i-1]])
				}
			}
			for i := range got {
				if math.Abs(got[i]-want[i]) > 2e-6 { // as many decimals as Sabre prints
					t.Errorf("%s: %v, the simulator %v", e.Name, got, want)
					break
				}
			}
		}
	}
	if len(original.Sessions) != 6 {
		t.Errorf("%d rules", len(original.Sessions))
	}
}
