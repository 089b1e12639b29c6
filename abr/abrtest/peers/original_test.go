package peers

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/segue-audio/segue/abr/abrtest"
)

// originals says which of testdata's recordings is whose.
var originals = map[string]string{
	"hls.js":             "hlsjs",
	"shaka":              "shaka",
	"exoplayer":          "exoplayer",
	"dash.js":            "dashjs_dynamic",
	"dash.js-full":       "dashjs_full",
	"dash.js-throughput": "dashjs_throughput",
	"dash.js-bola":       "dashjs_bola",
	"sabre-throughput":   "sabre_throughput",
	"bola":               "sabre_bola",
	"bola-o":             "sabre_bola_o",
	"bola-e":             "sabre_bolae",
	"sabre-dynamic":      "sabre_dynamic",
	"sabre-dynamicdash":  "sabre_dynamicdash",
	"robustmpc":          "robustmpc",
	"robustmpc-low":      "robustmpc",
}

// session is a case that originals played.
type session struct {
	Link    int
	Ladder  []float64
	Segment float64
	Track   float64
	Tracks  int
	Buffer  float64
}

// made is what an original did in a request: rendition, milliseconds, estimate, and what it was abandoned for.
type made []float64

func read(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// watched notes what an algorithm does as a recording has it.
type watched struct {
	abrtest.Algorithm
	did []made
}

func (w *watched) Done(v *abrtest.View, d *abrtest.Download) {
	w.Algorithm.Done(v, d)
	m := made{float64(d.Index), d.Elapsed, w.Algorithm.(interface{ estimate() float64 }).estimate()}
	if d.Outcome == abrtest.Abandoned {
		m = append(m, float64(d.To))
	}
	w.did = append(w.did, m)
}

// tied plays what the original chose, where that is as good in the eyes of our own; where it isn't, our own
// choice, which then is the first difference.
type tied struct {
	robustMPC
	original []made
	ties     int
}

func (a *tied) Choose(v *abrtest.View) abrtest.Pick {
	pick := a.robustMPC.Choose(v)
	theirs := int(a.original[v.Next][0])
	if values := a.plan.values; theirs != pick.Index && len(values) > 0 && values[theirs] >= slices.Max(values)-mpcTie {
		a.ties++
		return abrtest.Pick{Index: theirs}
	}
	return pick
}

// An ability must be that of the algorithm alone.
type watchedAbandoner struct{ *watched }

func (w watchedAbandoner) PollEvery() float64 { return w.Algorithm.(abrtest.Abandoner).PollEvery() }
func (w watchedAbandoner) Abandon(v *abrtest.View, d *abrtest.Download) (int, bool) {
	return w.Algorithm.(abrtest.Abandoner).Abandon(v, d)
}
func (w watchedAbandoner) Idle(v *abrtest.View, ms float64) {
	if a, ok := w.Algorithm.(abrtest.Idler); ok {
		a.Idle(v, ms)
	}
}

type watchedTargeter struct{ watchedAbandoner }

func (w watchedTargeter) BufferTarget(v *abrtest.View) float64 {
	return w.Algorithm.(abrtest.Targeter).BufferTarget(v)
}

func watch(a abrtest.Algorithm) (*watched, abrtest.Algorithm) {
	w := &watched{Algorithm: a}
	if _, ok := a.(abrtest.Targeter); ok {
		return w, watchedTargeter{watchedAbandoner{w}}
	}
	if _, ok := a.(abrtest.Abandoner); ok {
		return w, watchedAbandoner{w}
	}
	return w, w
}

func (s session) client(t *testing.T, links [][][3]float64) abrtest.Client {
	t.Helper()
	var periods []abrtest.Period
	for _, p := range links[s.Link] {
		periods = append(periods, abrtest.Period{Duration: p[0], Kbps: p[1], Latency: p[2]})
	}
	trace, err := abrtest.NewTrace(fmt.Sprint("link ", s.Link), periods)
	if err != nil {
		t.Fatal(err)
	}
	list, err := abrtest.Music{Ladder: s.Ladder, Tracks: s.Tracks, Track: s.Track, Segment: s.Segment}.Playlist()
	if err != nil {
		t.Fatal(err)
	}
	return abrtest.Client{Trace: trace, Playlist: list, Buffer: s.Buffer}
}

// TestLikeOriginals plays the sessions that the players' own code played, and compares all that it did.
func TestLikeOriginals(t *testing.T) {
	var common struct {
		Links [][][3]float64
		Cases []session
	}
	read(t, "links", &common)
	for _, e := range Entries() {
		t.Run(e.Name, func(t *testing.T) {
			var original struct {
				Version  string
				Weights  abrtest.Weights // of what plans by them
				Cases    []session
				Sessions [][]made
			}
			read(t, originals[e.Name], &original)
			cases := common.Cases
			if original.Cases != nil {
				cases = original.Cases
			}
			if len(cases) != len(original.Sessions) {
				t.Fatalf("%d sessions of %d cases", len(original.Sessions), len(cases))
			}
			for i, c := range cases {
				rule := e.New()
				if r, ok := rule.(*robustMPC); ok {
					rule = &tied{robustMPC: *r, original: original.Sessions[i]}
				}
				w, a := watch(rule)
				client := c.client(t, common.Links)
				client.Weights = original.Weights
				if _, err := client.Run(a); err != nil {
					t.Fatal(err)
				}
				if n := firstDifference(w.did, original.Sessions[i]); n >= 0 {
					t.Errorf("%s, session %d, request %d of %d: %v, the original %v", original.Version, i, n,
						len(original.Sessions[i]), around(w.did, n), around(original.Sessions[i], n))
				}
				if a, ok := rule.(*tied); ok && a.ties > len(a.original)/4 {
					t.Errorf("session %d: %d of %d choices are ties: too many to tell the rules apart", i, a.ties, len(a.original))
				}
			}
		})
	}
}

// firstDifference gives the first request that is not the same, or −1. The recordings have three decimals
// of a millisecond and ten digits of the estimate.
func firstDifference(ours, theirs []made) int {
	for i := range max(len(ours), len(theirs)) {
		if i >= len(ours) || i >= len(theirs) || len(ours[i]) != len(theirs[i]) || ours[i][0] != theirs[i][0] {
			return i
		}
		a, b := ours[i], theirs[i]
		if math.Abs(a[1]-b[1]) > 1e-3 || math.Abs(a[2]-b[2]) > 1e-9*math.Abs(b[2]) || !slices.Equal(a[3:], b[3:]) {
			return i
		}
	}
	return -1
}

func around(list []made, n int) []made { return list[min(max(n-1, 0), len(list)):min(n+2, len(list))] }
