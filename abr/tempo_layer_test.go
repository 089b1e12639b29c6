package abr_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
	"github.com/segue-audio/segue/player/media"
)

// waiting gives a queue of segments in these renditions, the first of which begins in a second.
func waiting(s *abr.State, renditions ...int) {
	s.Queue, s.Current = nil, renditions[len(renditions)-1]
	at := time.Second
	for _, q := range renditions {
		s.Queue = append(s.Queue, abr.Queued{Index: q, Starts: at, Duration: s.SegmentDuration})
		at += s.SegmentDuration
	}
	s.Buffer = at
}

// TestTempoLaysABase: where it pays, and nowhere else.
func TestTempoLaysABase(t *testing.T) {
	mobile := tempo()
	home := situation()
	home.Network = abr.NetworkFixed
	wired := abr.NewTempo(home, abr.Weights{})
	for _, tt := range []struct {
		name string
		with func(s *abr.State)
		want bool
	}{
		{"on a cellular link", func(*abr.State) {}, true},
		{"with a base begun", func(s *abr.State) { waiting(s, 4, 4, 0, 0) }, true},
		{"where bytes cost", func(s *abr.State) { s.Metered = true }, false},
		{"where nothing can be replaced", func(s *abr.State) { s.Queue = nil }, false},
		{"on a link that is hardly faster than the base", func(s *abr.State) { s.Link.Level, s.Link.Rate = media.Kbps(150), media.Kbps(150) }, false},
		{"on a link on which nothing takes long", func(s *abr.State) { s.Link.Level, s.Link.Rate = media.Kbps(20_000), media.Kbps(20_000) }, false},
		{"with music for a second", func(s *abr.State) { s.Buffer, s.Queue = time.Second, s.Queue[:1] }, false},
		{"at the end", func(s *abr.State) { s.Left = 12 * time.Second }, false},
		{"at the end, where it is raised later", func(s *abr.State) { s.Left, s.Finishes = 12*time.Second, true }, true},
		{"on a fixed link", func(s *abr.State) { s.Network = abr.NetworkFixed }, false},
		{"on a fixed link that failed once", func(s *abr.State) { s.Network, s.Link.Outages = abr.NetworkFixed, 1 }, true},
	} {
		s := situation()
		s.Link = abr.Link{Level: media.Kbps(700), Rate: media.Kbps(700), Volatility: 0.3}
		waiting(&s, 4, 4, 4)
		tt.with(&s)
		rule := mobile
		if s.Network == abr.NetworkFixed {
			rule = wired
		}
		d := rule.Next(s)
		if laid := d.Index == 0; laid != tt.want || laid && d.Reason != abr.ReasonInsure {
			t.Errorf("%s: %+v", tt.name, d)
		}
	}
}

// TestTempoRaisesItsOwnKind: a segment can only be replaced by one that is coded alike, so a base is of the kind that
// would have been chosen, and raised within it; and there is none where that kind has one rendition.
func TestTempoRaisesItsOwnKind(t *testing.T) {
	s := situation()
	for i, codec := range []string{"mp4a.40.5", "mp4a.40.5", "mp4a.40.2", "mp4a.40.2", "mp4a.40.2", "fLaC"} {
		s.Renditions[i].Codecs = codec
	}
	rule := abr.NewTempo(s, abr.Weights{})
	for _, tt := range []struct {
		kbps      int64
		base, top int
	}{{850, 2, 4}, {2500, 5, 5}} {
		s.Link = abr.Link{Level: media.Kbps(tt.kbps), Rate: media.Kbps(tt.kbps), Volatility: 0.3}
		waiting(&s, tt.top, tt.top, tt.top, tt.top)
		if d := rule.Next(s); d.Index != tt.base {
			t.Errorf("%d kbps: %+v, not %d", tt.kbps, d, tt.base)
		}
		if tt.base == tt.top {
			continue
		}
		waiting(&s, tt.top, tt.base, tt.base, tt.base)
		s.Buffer = 30 * time.Second
		s.Queue[1].Starts, s.Queue[2].Starts, s.Queue[3].Starts = 16*time.Second, 20*time.Second, 24*time.Second
		if u, ok := rule.Upgrade(s, s.Queue); !ok || u.Place != 1 || u.Index != tt.top {
			t.Errorf("%d kbps: %+v, %v", tt.kbps, u, ok)
		}
	}
}

// TestTempoRaisesInOrder: what is raised is the first that can still be there in time, and a slower link leaves out no less;
// the first in the queue, which may be taken at any moment, is never raised.
func TestTempoRaisesInOrder(t *testing.T) {
	rule := tempo()
	rapid.Check(t, func(t *rapid.T) {
		s := anySituation(t)
		u, ok := rule.Upgrade(s, s.Queue)
		if !ok || s.Queue[u.Place].Index > 0 {
			return
		}
		late := s
		late.Link.Rate = max(1, late.Link.Rate/4)
		if v, ok := rule.Upgrade(late, s.Queue); ok && s.Queue[v.Place].Index == 0 && v.Place < u.Place {
			t.Fatalf("place %d at %d, and %d at a quarter of that", u.Place, s.Link.Rate, v.Place)
		}
	})
}

// TestTempoFinishes: when all is here the link is there to raise what waits, however little that is: base first, as far as
// there is time for all of it, and then what the ear gains most by; and nothing keeps a replacement from ending.
func TestTempoFinishes(t *testing.T) {
	rule := tempo()
	s := situation()
	s.SegmentDuration, s.AllIn, s.Finishes = 4*time.Second, true, true
	s.Link = abr.Link{Level: media.Kbps(700), Rate: media.Kbps(700), Volatility: 0.3}
	waiting(&s, 3, 3, 0, 0)
	few, ok := rule.Upgrade(s, s.Queue)
	if !ok || few.Place != 2 || few.Index < 3 {
		t.Errorf("a base: %+v, %v", few, ok)
	}
	waiting(&s, 3, 0, 0, 0)
	if many, ok := rule.Upgrade(s, s.Queue); !ok || many.Place != 1 || many.Index > few.Index {
		t.Errorf("more of it: %+v, and %+v with less", many, few)
	}
	waiting(&s, 4, 4, 3, 4)
	if u, ok := rule.Upgrade(s, s.Queue); !ok || u.Place != 2 || u.Index != 4 {
		t.Errorf("a dip: %+v, %v", u, ok)
	}
	slow := abr.Progress{Index: 4, BytesDone: 20_000, BytesTotal: 160_000, Elapsed: time.Second, Due: 9 * time.Second, RecentBytes: 20_000, Recent: time.Second}
	if d, ok := rule.Abandon(s, slow); ok {
		t.Errorf("broken off: %+v", d)
	}
	s.Finishes = false
	if _, ok := rule.Upgrade(s, s.Queue); ok {
		t.Error("upgraded with a buffer that runs low, and something else to fetch")
	}
	if d, ok := rule.Abandon(s, slow); ok {
		t.Errorf("broken off, with nothing to be fetched instead: %+v", d)
	}
	s.AllIn = false
	if _, ok := rule.Abandon(s, slow); !ok {
		t.Error("a buffer that runs low waits for a replacement")
	}
}

// TestTempoOutlastsAnOutage: one that is nearly as long as the buffer is not heard on a cellular link, at whatever
// moment it comes, once the base is there; nor is the base itself, before and after.
func TestTempoOutlastsAnOutage(t *testing.T) {
	rule := tempo()
	for at := 60.0; at < 100; at += 3.7 {
		link, err := abrtest.NewTrace("outage", []abrtest.Period{
			{Duration: at * 1000, Kbps: 700, Latency: 60}, {Duration: 22_000, Kbps: 0, Latency: 60},
			{Duration: 2_000_000, Kbps: 700, Latency: 60},
		})
		if err != nil {
			t.Fatal(err)
		}
		m := session(t, rule, link)
		if m.Stalled > 0 {
			t.Errorf("an outage after %.1f s: %.1f s of silence", at, m.Stalled/1000)
		}
		low := 0
		for _, q := range m.Rendition {
			if q == 0 {
				low++
			}
		}
		if low > 12 {
			t.Errorf("an outage after %.1f s: %d segments in the lowest rendition: %v", at, low, m.Rendition)
		}
	}
}
