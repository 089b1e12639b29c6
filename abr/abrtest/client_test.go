package abrtest_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
)

// at fails the test unless two figures are one but for rounding.
func same(t rapid.TB, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6 {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func link(t rapid.TB, periods ...abrtest.Period) *abrtest.Trace {
	t.Helper()
	trace, err := abrtest.NewTrace("by hand", periods)
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

func period(ms, kbps, latency float64) abrtest.Period {
	return abrtest.Period{Duration: ms, Kbps: kbps, Latency: latency}
}

func playlist(t rapid.TB, m abrtest.Music) *abrtest.Playlist {
	t.Helper()
	p, err := m.Playlist()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func play(t rapid.TB, c abrtest.Client, a abrtest.Algorithm) abrtest.Metrics {
	t.Helper()
	m, err := c.Run(a)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// script asks for renditions in turn, the last again and again, and writes down what it sees.
type script struct {
	indexes   []int
	delay     float64
	abandonAt float64 // milliseconds after which the first request is broken off for abandonTo
	abandonTo int
	upgrades  map[int]abrtest.Queued // by the next segment: what to replace, by its segment
	sees      func(v *abrtest.View, d *abrtest.Download)
	arrivals  []float64
	ended     []abrtest.Download
}

func (s *script) Start(*abrtest.View) {}

func (s *script) Choose(v *abrtest.View) abrtest.Pick {
	return abrtest.Pick{Index: s.indexes[min(v.Next, len(s.indexes)-1)], Delay: s.delay}
}

func (s *script) Done(v *abrtest.View, d *abrtest.Download) {
	if d.Outcome == abrtest.Complete {
		s.arrivals = append(s.arrivals, v.Now)
	}
	s.ended = append(s.ended, *d)
	if s.sees != nil {
		s.sees(v, d)
	}
}

func (s *script) PollEvery() float64 { return 100 }

func (s *script) Abandon(_ *abrtest.View, d *abrtest.Download) (int, bool) {
	return s.abandonTo, s.abandonAt > 0 && len(s.ended) == 0 && d.Elapsed >= s.abandonAt
}

func (s *script) Upgrade(v *abrtest.View, _ float64) (place, index int, ok bool) {
	u, ok := s.upgrades[v.Next]
	if !ok {
		return 0, 0, false
	}
	delete(s.upgrades, v.Next)
	for i, q := range v.Queue {
		if q.Segment == u.Segment {
			return i, u.Index, true
		}
	}
	return 0, 0, false
}

var fourRungs = []float64{64, 128, 320, 900}

// TestByHand holds the client to figures worked out on paper: all else here is worth no more than this.
func TestByHand(t *testing.T) {
	// 64 kbps of 4 s are 256,000 bits. The link carries 128 kbps (2 s a segment, plus 0.5 s of latency)
	// for 10 s, then nothing for 10 s, then 1 Mbps.
	c := abrtest.Client{
		Trace:    link(t, period(10e3, 128, 500), period(10e3, 0, 500), period(3600e3, 1000, 500)),
		Playlist: playlist(t, abrtest.Music{Ladder: fourRungs, Tracks: 1, Track: 24e3}),
		Buffer:   12e3,
	}
	s := &script{indexes: []int{0}}
	m := play(t, c, s)
	// Segments are in at 2.5, 5, 7.5 and 10. The fourth leaves 16 − 7.5 = 8.5 s in the buffer, so the
	// fifth waits 0.5 s, until 10.5. Its bits flow from 20 and are in at 20.256. The buffer was empty
	// at 18.5: 1.756 s of silence. The sixth is asked for at once and takes 0.756 s.
	want := []float64{2500, 5000, 7500, 10000, 20256, 21012}
	if len(s.arrivals) != len(want) || !m.Finished {
		t.Fatalf("%v, %+v", s.arrivals, m)
	}
	for i, w := range want {
		same(t, "arrival", s.arrivals[i], w)
	}
	same(t, "waited", m.Waited, 2500)
	same(t, "stalled", m.Stalled, 1756)
	same(t, "kbps", m.Kbps, 64)
	same(t, "bits", m.Bits, 6*256e3)
	// 20 × 1.756 s and 4 × 2.5 s over 24 s.
	same(t, "QoE", m.QoE, -100*(20*1.756+4*2.5)/24)
	if m.Stalls != 1 || m.Switches != 0 || m.Wasted() != 0 || m.Starts != 1 {
		t.Errorf("%+v", m)
	}
}

func TestSwitchesByHand(t *testing.T) {
	// Utility of 24 kbps is 0, of 900 is 1; two tracks of two segments, at the lowest and the highest in turn.
	c := abrtest.Client{
		Trace:    link(t, period(1000, 1e6, 0)),
		Playlist: playlist(t, abrtest.Music{Tracks: 2, Track: 8e3}),
	}
	m := play(t, c, &script{indexes: []int{0, 5, 0, 5}})
	if m.Switches != 2 || m.SwitchSize != 2 { // the one between the tracks isn't heard
		t.Errorf("%d switches, %v", m.Switches, m.SwitchSize)
	}
	same(t, "QoE", m.QoE, 100*(0.5-4*0.096e-3/16-4*2./16))
}

func TestAbandonByHand(t *testing.T) {
	c := abrtest.Client{
		Trace:    link(t, period(1000, 128, 0)),
		Playlist: playlist(t, abrtest.Music{Ladder: fourRungs, Tracks: 1, Track: 4e3}),
	}
	s := &script{indexes: []int{3}, abandonAt: 2000, abandonTo: 0}
	m := play(t, c, s)
	// Two seconds of 128 kbps for nothing, then two for 64 kbps.
	same(t, "waste", m.WastedAbandoned, 256e3)
	same(t, "waited", m.Waited, 4000)
	if m.Abandons != 1 || m.Rendition[0] != 0 || s.ended[0].Outcome != abrtest.Abandoned || s.ended[0].To != 0 {
		t.Errorf("%+v %+v", m, s.ended)
	}
}

func TestUpgradeByHand(t *testing.T) {
	// 1 Mbps: 0.096 s for 24 kbps of 4 s, 3.6 s for 900 kbps. Room for three segments.
	c := abrtest.Client{
		Trace:    link(t, period(1000, 1000, 0)),
		Playlist: playlist(t, abrtest.Music{Tracks: 1, Track: 24e3}),
		Buffer:   12e3,
	}
	s := &script{indexes: []int{0}, upgrades: map[int]abrtest.Queued{3: {Segment: 2, Index: 5}, 4: {Segment: 3, Index: 5}}}
	m := play(t, c, s)
	if m.Rendition[2] != 5 || m.Rendition[3] != 5 || m.Replacements != 2 {
		t.Errorf("%+v", m)
	}
	same(t, "waste", m.WastedReplaced, 2*24*4000)
	same(t, "bits", m.Bits, 6*24*4000+2*900*4000)

	// Asked for as late as that it is cancelled when the segment begins to be heard.
	s = &script{indexes: []int{0}, upgrades: map[int]abrtest.Queued{3: {Segment: 1, Index: 5}}}
	c.Trace = link(t, period(1000, 500, 0))
	m = play(t, c, s)
	// The first three are in at 0.192, 0.384 and 0.576 s; segment 1 begins at 4.192.
	same(t, "waste of what came too late", m.WastedReplaced, 500*(4192-576))
	if m.Rendition[1] != 0 || m.Replacements != 0 || s.ended[3].Outcome != abrtest.Cancelled {
		t.Errorf("%+v %+v", m, s.ended[3])
	}
}

func TestSkipByHand(t *testing.T) {
	// 96 kbps over 192 kbps: a segment of 4 s takes 2 s. The listener leaves the first track after 3 s of it.
	p := playlist(t, abrtest.Music{Ladder: []float64{96}, Tracks: 2, Track: 12e3})
	c := abrtest.Client{
		Trace:    link(t, period(1000, 192, 0)),
		Playlist: p.WithSkips([]abrtest.Skip{{Track: 0, At: 3e3}}),
	}
	s := &script{indexes: []int{0}}
	m := play(t, c, s)
	// Segment 0 is in at 2 s and heard from there to 5 s. Segment 1 is in at 4 s, segment 2 under way for
	// 1 s. What is left of segment 0 (1 s), all of segment 1, and half of segment 2 came for nothing.
	same(t, "waste", m.WastedSkipped, 96*1000+96*4000+96*2000)
	// Two seconds for the first start, two for the second track's.
	same(t, "waited", m.Waited, 4000)
	same(t, "heard", m.Heard, 3000+12000)
	same(t, "wall", m.Wall, 19000)
	if m.Starts != 2 || s.ended[2].Outcome != abrtest.Cancelled || m.Rendition[1] != -1 || !m.Finished {
		t.Errorf("%+v %+v", m, s.ended[2])
	}

	// A skip within what the next track is there for starts at once.
	c.Playlist = p.WithSkips([]abrtest.Skip{{Track: 0, At: 11e3}})
	m = play(t, c, &script{indexes: []int{0}})
	same(t, "waited", m.Waited, 2000)
	same(t, "heard", m.Heard, 23000)
	same(t, "waste", m.WastedSkipped, 96*1000)
	if m.Starts != 1 {
		t.Errorf("%d starts", m.Starts)
	}
	// Out of the last track ends the session.
	c.Playlist = p.WithSkips([]abrtest.Skip{{Track: 1, At: 13e3}})
	m = play(t, c, &script{indexes: []int{0}})
	same(t, "heard", m.Heard, 13000)
	if !m.Finished {
		t.Errorf("%+v", m)
	}
}

func TestDelayAndTarget(t *testing.T) {
	c := abrtest.Client{
		Trace:    link(t, period(1000, 1000, 0)),
		Playlist: playlist(t, abrtest.Music{Ladder: []float64{100}, Tracks: 1, Track: 12e3}),
	}
	s := &script{indexes: []int{0}, delay: 250}
	play(t, c, s)
	for i, at := range s.arrivals { // 0.4 s each, and what it waited
		same(t, "arrival", at, float64(i+1)*650)
	}
	w := &wantsLittle{script: script{indexes: []int{0}}}
	play(t, c, w)
	// With 6 s wanted the second is asked for when 2 s are left of the first, and so on, within half a second.
	for i, at := range w.arrivals {
		same(t, "arrival", at, []float64{400, 2800, 6800}[i])
	}
	same(t, "idle", w.idle, 5600)
}

type wantsLittle struct {
	script
	idle float64
}

func (w *wantsLittle) BufferTarget(*abrtest.View) float64 { return 6000 }
func (w *wantsLittle) Idle(_ *abrtest.View, ms float64)   { w.idle += ms }

// TestEndless: what would never end is given up at the limit, and says so.
func TestEndless(t *testing.T) {
	c := abrtest.Client{
		Trace:    link(t, period(1000, 1, 0)),
		Playlist: playlist(t, abrtest.Music{Tracks: 1}),
		Limit:    60e3,
	}
	if m := play(t, c, &script{indexes: []int{5}}); m.Finished || m.Heard != 0 {
		t.Errorf("%+v", m)
	}
	for _, c := range []abrtest.Client{{}, {Trace: c.Trace}, {Trace: c.Trace, Playlist: &abrtest.Playlist{}}} {
		if _, err := c.Run(&abrtest.Driver{Rule: abr.Lowest{}}); !errors.Is(err, abrtest.ErrPlaylist) {
			t.Errorf("%v", err)
		}
	}
}

// TestRestByHand: once the buffer is full the link rests, and with it a radio.
func TestRestByHand(t *testing.T) {
	// 100 kbps over 1 Mbps: 0.4 s a segment. Room for five, of 15 in all.
	c := abrtest.Client{
		Trace:    link(t, period(1000, 1000, 0)),
		Playlist: playlist(t, abrtest.Music{Ladder: []float64{100}, Tracks: 1, Track: 60e3}),
		Buffer:   20e3,
		Rest:     12e3,
	}
	s := &script{indexes: []int{0}}
	m := play(t, c, s)
	// The fifth is in at 2 s, with 18.4 s in the buffer. 20 − 4 − 12 = 4 s are left at 16.4 s. From there four come,
	// 0.4 s each, until 18.4 − 14.4 − 1.6 + 16 = 18.4 s are there again, at 18 s; and so on at 32.4 s.
	for i, want := range []float64{400, 800, 1200, 1600, 2000, 16800, 17200, 17600, 18000, 32800, 33200, 33600, 34000, 48800, 49200} {
		same(t, "arrival", s.arrivals[i], want)
	}
	// Four bursts, each as long as it is and the tail; the last tail is cut off by the end, at 60.4 s.
	same(t, "radio", m.Radio, 2000+1600+1600+3*11576+(60400-48400))
	c.Rest = 0
	if all := play(t, c, &script{indexes: []int{0}}); all.Radio < 52e3 || all.QoE != m.QoE {
		t.Errorf("the radio was up for %v ms without rests", all.Radio)
	}
}

// TestFinishesByHand: what waits is made better when the last segment is here, where the client goes on, and not where it stops.
func TestFinishesByHand(t *testing.T) {
	c := abrtest.Client{
		Trace:    link(t, period(1000, 1000, 0)),
		Playlist: playlist(t, abrtest.Music{Ladder: []float64{100, 200}, Tracks: 1, Track: 20e3}),
	}
	for _, c.Finishes = range []bool{false, true} {
		s := &script{indexes: []int{0}, upgrades: map[int]abrtest.Queued{5: {Segment: 4, Index: 1}}}
		m := play(t, c, s)
		// All five are in at 2 s, and the last of them again at 2.8 s.
		if c.Finishes {
			same(t, "bits", m.Bits, 5*400e3+800e3)
			same(t, "arrival", s.arrivals[5], 2800)
			same(t, "wasted", m.WastedReplaced, 400e3)
			if m.Rendition[4] != 1 {
				t.Errorf("%+v", m)
			}
		} else if m.Bits != 5*400e3 || m.Rendition[4] != 0 {
			t.Errorf("%+v", m)
		}
	}
}

// TestHeadsByHand: the beginning of the next track is here before it is asked for, and isn't fetched again.
func TestHeadsByHand(t *testing.T) {
	p := playlist(t, abrtest.Music{Ladder: []float64{96}, Tracks: 2, Track: 20e3})
	c := abrtest.Client{
		Trace:    link(t, period(1000, 192, 0)),
		Playlist: p.WithSkips([]abrtest.Skip{{Track: 0, At: 7e3}}),
		Buffer:   8e3,
		Heads:    true,
	}
	s := &script{indexes: []int{0}}
	m := play(t, c, s)
	// Segments 0 and 1 are in at 2 and 4 s. Then 6 s are here, another 4 have no room, and the next track's head comes
	// until 6 s; segment 2 until 8 s. There is no room until 10 s, and the listener leaves at 9 s.
	same(t, "waited", m.Waited, 2000)
	same(t, "heard", m.Heard, 7000+20e3)
	same(t, "bits", m.Bits, 96*(3*4000+5*4000))
	if m.Starts != 1 || m.Stalls != 0 || s.ended[2].Segment != 5 || s.ended[4].Segment != 6 {
		t.Errorf("%+v", m)
	}
	c.Playlist = p
	if m = play(t, c, &script{indexes: []int{0}}); m.Wasted() != 0 || m.Bits != 96*40e3 {
		t.Errorf("heard to the end: %+v", m)
	}
	c.Heads, c.Playlist = false, p.WithSkips([]abrtest.Skip{{Track: 0, At: 7e3}})
	m = play(t, c, &script{indexes: []int{0}})
	same(t, "waited without it", m.Waited, 4000)
}
