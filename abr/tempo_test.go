package abr_test

import (
	"os"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
	"github.com/segue-audio/segue/player/media"
)

// situation is what Tempo is made for in these tests.
func situation() abr.State {
	return abr.State{
		Renditions: ladder(24, 48, 96, 160, 320, 900), Current: -1, Target: 30 * time.Second, SegmentDuration: 4 * time.Second,
		Network: abr.Network4G,
	}
}

// tempo gives the rule for situation. To make it takes a while, and it may be shared: so all tests have one.
var tempo = sync.OnceValue(func() *abr.Tempo { return abr.NewTempo(situation(), abr.Weights{}) })

// anySituation draws a state that Tempo was made for.
func anySituation(t *rapid.T) abr.State {
	s := situation()
	s.Current = rapid.IntRange(-1, len(s.Renditions)-1).Draw(t, "current")
	s.Buffer = time.Duration(rapid.IntRange(0, 31_000).Draw(t, "buffer")) * time.Millisecond
	s.Latency = time.Duration(rapid.IntRange(0, 900).Draw(t, "latency")) * time.Millisecond
	s.Link = abr.Link{
		Level:      media.Bitrate(rapid.Int64Range(0, 50_000_000).Draw(t, "level")),
		Rate:       media.Bitrate(rapid.Int64Range(0, 50_000_000).Draw(t, "rate")),
		Volatility: rapid.Float64Range(0, 2).Draw(t, "volatility"),
		Outages:    rapid.IntRange(0, 3).Draw(t, "outages"),
	}
	s.Throughput = s.Link.Rate
	s.Max = media.Bitrate(rapid.SampledFrom([]int64{0, 1, 24_000, 100_000, 320_000, 5_000_000}).Draw(t, "max"))
	s.Left = time.Duration(rapid.IntRange(0, 600).Draw(t, "left")) * time.Second
	s.Seamless = rapid.Bool().Draw(t, "seamless")
	s.Metered = rapid.Bool().Draw(t, "metered")
	at := time.Duration(0)
	for range rapid.IntRange(0, 7).Draw(t, "queued") {
		at += s.SegmentDuration
		s.Queue = append(s.Queue, abr.Queued{Index: rapid.IntRange(0, 5).Draw(t, "of"), Starts: at, Duration: s.SegmentDuration})
	}
	return s
}

func capped(s *abr.State, i int) bool {
	return i == 0 || s.Max <= 0 || s.Renditions[i].Bitrate <= s.Max
}

// TestTempoKeepsToTheCaps: whatever is asked, in whatever state, the answer is there, below the cap, the same the next
// time, and nothing is fetched twice where bytes cost.
func TestTempoKeepsToTheCaps(t *testing.T) {
	rule := tempo()
	rapid.Check(t, func(t *rapid.T) {
		s := anySituation(t)
		d := rule.Next(s)
		if d.Index < 0 || d.Index >= len(s.Renditions) || !capped(&s, d.Index) || d.Reason == "" || rule.Next(s) != d {
			t.Fatalf("%+v", d)
		}
		if d.Reason == abr.ReasonInsure && (s.Metered || d.Index != 0) {
			t.Fatalf("%+v, metered: %v", d, s.Metered)
		}
		p := anyProgress(t, s)
		if e, ok := rule.Abandon(s, p); ok && (e.Index < 0 || e.Index >= p.Index || !capped(&s, e.Index) || e.Reason != abr.ReasonAbandon) {
			t.Fatalf("%+v instead of %d", e, p.Index)
		}
		u, ok := rule.Upgrade(s, s.Queue)
		switch {
		case !ok:
		case s.Metered, u.Place <= 0, u.Place >= len(s.Queue), u.Index <= s.Queue[u.Place].Index, !capped(&s, u.Index):
			t.Fatalf("%+v of %+v", u, s.Queue)
		}
	})
}

// TestTempoOfAnyLadder: any ladder, segment, buffer and network is taken, or left to the rule that stands in.
func TestTempoOfAnyLadder(t *testing.T) {
	tries := 4
	if os.Getenv("SEGUE_SWEEP") != "" {
		tries = 300
	}
	rapid.Check(t, func(t *rapid.T) {
		if tries--; tries < 0 {
			return
		}
		s := anySituation(t)
		s.Renditions, s.Queue, s.Current = nil, nil, -1
		rate := int64(8)
		for range rapid.IntRange(0, 11).Draw(t, "renditions") {
			s.Renditions = append(s.Renditions, abr.Rendition{Bitrate: media.Kbps(rate)})
			rate += rapid.Int64Range(0, rate).Draw(t, "more")
		}
		s.SegmentDuration = time.Duration(rapid.IntRange(500, 12_000).Draw(t, "segment")) * time.Millisecond
		s.Target = time.Duration(rapid.IntRange(1, 900).Draw(t, "target")) * time.Second
		s.Network = rapid.SampledFrom([]abr.Network{"", "3g", "4g", "fixed", "pigeon"}).Draw(t, "network")
		rule := (*abr.Tempo)(nil).Fit(s)
		for _, s.Buffer = range []time.Duration{0, s.Target / 2, s.Target} {
			if d := rule.Next(s); d.Index < -1 || d.Index >= max(1, len(s.Renditions)) || d.Index > 0 && !capped(&s, d.Index) {
				t.Fatalf("%+v of %d", d, len(s.Renditions))
			}
		}
	})
}

// TestTempoLeansOnBufferAndLink: with more in the buffer, or on a link that is faster now, it asks for no less.
func TestTempoLeansOnBufferAndLink(t *testing.T) {
	rule := tempo()
	for _, level := range []int64{100, 300, 900, 3000} {
		for _, volatility := range []float64{0.05, 0.3, 0.9} {
			s := situation()
			s.Link.Level, s.Link.Volatility, s.Current = media.Kbps(level), volatility, 2
			highest := map[time.Duration]int{}
			for rate := level / 16; rate <= 2*level; rate += max(1, rate/4) {
				s.Link.Rate = media.Kbps(rate)
				before := 0
				for s.Buffer = 0; s.Buffer <= 26*time.Second; s.Buffer += time.Second {
					got := rule.Next(s).Index
					if got < before {
						t.Errorf("level %d, rate %d, volatility %v: %d with %v of buffer, %d with less", level, rate, volatility, got, s.Buffer, before)
					}
					if got < highest[s.Buffer] {
						t.Errorf("level %d, rate %d, volatility %v, %v of buffer: %d, and %d at a lower rate", level, rate, volatility, s.Buffer, got, highest[s.Buffer])
					}
					before, highest[s.Buffer] = got, max(got, highest[s.Buffer])
				}
			}
		}
	}
}

// TestTempoIsMonotone: the same of any state: on no link does more in the buffer, or a rate that is higher now, make it
// ask for less.
func TestTempoIsMonotone(t *testing.T) {
	rule := tempo()
	rapid.Check(t, func(t *rapid.T) {
		s := situation()
		level := rapid.Int64Range(30, 4000).Draw(t, "level")
		s.Link = abr.Link{
			Level: media.Kbps(level), Rate: media.Kbps(rapid.Int64Range(1, 2*level).Draw(t, "rate")),
			Volatility: rapid.Float64Range(0, 1.5).Draw(t, "volatility"), Outages: rapid.IntRange(0, 1).Draw(t, "outages"),
		}
		s.Current = rapid.IntRange(0, 5).Draw(t, "current")
		const full = 26_000 // milliseconds
		buffer := rapid.Int64Range(0, full).Draw(t, "buffer")
		s.Buffer = time.Duration(buffer) * time.Millisecond
		least := rule.Next(s).Index
		faster := s
		faster.Link.Rate += media.Bitrate(rapid.Int64Range(0, int64(2*s.Link.Level-s.Link.Rate)).Draw(t, "faster"))
		if got := rule.Next(faster).Index; got < least {
			t.Fatalf("%d at %v, %d at %v", least, s.Link.Rate, got, faster.Link.Rate)
		}
		s.Buffer += time.Duration(rapid.Int64Range(0, full-buffer).Draw(t, "more")) * time.Millisecond
		if got := rule.Next(s).Index; got < least {
			t.Fatalf("%d with %d ms, %d with %v", least, buffer, got, s.Buffer)
		}
	})
}

// TestTempoSpendsTheBuffer: what is in it when the music ends is worth nothing, so the nearer the end is the better is what may
// be asked for, with segments of any length; and never what can't come in time.
func TestTempoSpendsTheBuffer(t *testing.T) {
	for _, segment := range []time.Duration{300 * time.Millisecond, 2 * time.Second, 4 * time.Second, 6 * time.Second} {
		s := situation()
		s.Network, s.SegmentDuration = abr.NetworkFixed, segment
		rule := abr.NewTempo(s, abr.Weights{})
		s.Link = abr.Link{Level: media.Kbps(500), Rate: media.Kbps(500), Volatility: 0.2}
		s.Current, s.Buffer, s.Target, s.Seamless = 4, 12*time.Second+segment, 30*time.Second, true
		if d := rule.Next(s); d.Index != 4 {
			t.Errorf("%v: without an end %+v", segment, d)
		}
		for s.Left = 10 * time.Minute; s.Left > time.Minute; s.Left -= 30 * time.Second {
			if d := rule.Next(s); d.Index < 4 {
				t.Errorf("%v: %v before the end %+v", segment, s.Left, d)
			}
		}
		if s.Left = segment; rule.Next(s).Index != 5 {
			t.Errorf("%v: the last segment in %+v", segment, rule.Next(s))
		}
		if s.Buffer = segment / 2; rule.Next(s).Index == 5 {
			t.Errorf("%v: the last segment in %+v with %v of buffer", segment, rule.Next(s), s.Buffer)
		}
	}
}

// session plays on a link, and gives what was heard.
func session(t *testing.T, rule abr.Rule, link *abrtest.Trace) abrtest.Metrics {
	t.Helper()
	cell, err := abrtest.ParseCell("4g:1:30:4")
	if err != nil {
		t.Fatal(err)
	}
	link.Network = "4g"
	client, err := cell.Client(link)
	if err != nil {
		t.Fatal(err)
	}
	m, err := client.Run(&abrtest.Driver{Rule: rule})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// endless is a rule that never hears of an end.
type endless struct{ abr.Rule }

func (e endless) Next(s abr.State) abr.Decision {
	s.Left = 0
	return e.Rule.Next(s)
}

func (e endless) Upgrade(s abr.State, queue []abr.Queued) (abr.Upgrade, bool) {
	s.Left = 0
	return e.Rule.(abr.Upgrader).Upgrade(s, queue)
}

// TestTempoOnAConstantLink: where the link never changes, nor does the rendition, but at the start.
func TestTempoOnAConstantLink(t *testing.T) {
	rule := tempo()
	for kbps := 30.0; kbps < 4000; kbps *= 1.5 {
		link, err := abrtest.Steady(kbps, 40)
		if err != nil {
			t.Fatal(err)
		}
		heard := session(t, endless{rule}, link).Rendition
		settled := heard[20 : len(heard)-8] // of what is fetched last the rule is not told that it is, and raises it no more
		switches := 0
		for i := 1; i < len(settled); i++ {
			if settled[i] != settled[i-1] {
				switches++
			}
		}
		if switches > 2 {
			t.Errorf("%.0f kbps: %d switches: %v", kbps, switches, heard)
		}
		if top := settled[len(settled)-1]; kbps > 1.5*900 && top != 5 {
			t.Errorf("%.0f kbps: rendition %d: %v", kbps, top, heard)
		}
	}
}

// TestTempoAfterAnOutage: however long it was, it is soon forgotten.
func TestTempoAfterAnOutage(t *testing.T) {
	rule := tempo()
	for _, outage := range []float64{5, 20, 45, 90, 240} {
		link, err := abrtest.NewTrace("outage", []abrtest.Period{
			{Duration: 100_000, Kbps: 4000, Latency: 40}, {Duration: outage * 1000, Kbps: 0, Latency: 40},
			{Duration: 2_000_000, Kbps: 4000, Latency: 40},
		})
		if err != nil {
			t.Fatal(err)
		}
		heard := session(t, rule, link).Rendition
		low := 0
		for _, q := range heard[24:] {
			if q < 5 {
				low++
			}
		}
		if low > 8 || heard[24] != 5 {
			t.Errorf("an outage of %v s: %v", outage, heard)
		}
	}
}
