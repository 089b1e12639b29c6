package abrtest

import (
	"iter"
	"math"
	"time"

	"github.com/segue-audio/segue/abr"
)

// Answer is a recorded question with what another rule says to it.
type Answer struct {
	Record
	Other     abr.Decision // the other rule's answer
	Abandons  bool         // of a question about a request in flight: whether it would break it off
	Upgrades  bool         // of a question about what is queued: whether it would replace something
	Place     int          // and in which place
	Differs   bool         // the other rule says something else than was recorded; reasons don't count
	Estimated abr.State    // the recorded state with what an Estimator knows that was told of the same samples and progress
}

// Replay asks a rule the questions of a recording, one by one as they were, and gives its answers beside
// the recorded ones. What would have followed from another answer it doesn't know: RecordedTrace and a Client do.
// An error of the recording ends it.
func Replay(recording iter.Seq2[Record, error], rule abr.Rule) iter.Seq2[Answer, error] {
	return func(yield func(Answer, error) bool) {
		var meter abr.Estimator
		for r, err := range recording {
			if err != nil {
				yield(Answer{}, err)
				return
			}
			if r.Prior != nil {
				meter.Expect(*r.Prior)
			}
			if r.Sample != nil {
				meter.Add(*r.Sample)
			}
			if r.Doubt {
				meter.Doubt()
			}
			if r.State == nil {
				continue
			}
			if r.Progress != nil {
				meter.Flow(*r.Progress)
			}
			if f, ok := rule.(abr.Fitter); ok {
				rule = f.Fit(*r.State)
			}
			a := Answer{Record: r, Estimated: *r.State}
			a.Estimated.Throughput, a.Estimated.Latency, a.Estimated.Link = meter.Throughput(), meter.Latency(), meter.Link()
			a.ask(rule)
			if !yield(a, nil) {
				return
			}
		}
	}
}

// ask puts the recorded question to another rule.
func (a *Answer) ask(rule abr.Rule) {
	switch {
	case a.Queue != nil:
		var u abr.Upgrade
		if upgrader, ok := rule.(abr.Upgrader); ok {
			u, a.Upgrades = upgrader.Upgrade(*a.State, a.Queue)
		}
		a.Other, a.Place = u.Decision, u.Place
		a.Differs = a.Upgrades != (a.Upgrade != nil) || a.Upgrades && (u.Place != a.Upgrade.Place || u.Index != a.Upgrade.Index)
	case a.Progress != nil:
		a.Other, a.Abandons = rule.Abandon(*a.State, *a.Progress)
		a.Differs = a.Abandons != (a.Decision != nil) || a.Abandons && a.Other.Index != a.Decision.Index
	default:
		a.Other = rule.Next(*a.State)
		a.Differs = a.Other.Index != a.Decision.Index
	}
}

// RecordedTrace makes a link of a recording's samples: while bytes flowed it had the rate that was seen, and
// in between that of the sample before. Latencies are those that were seen. Samples that overlap, as those of
// requests at the same time do, are taken one after another.
func RecordedTrace(name string, recording iter.Seq2[Record, error]) (*Trace, error) {
	var periods []Period
	now, network := 0.0, ""
	for r, err := range recording {
		if err != nil {
			return nil, err
		}
		if r.Network != "" {
			network = r.Network
		}
		s := r.Sample
		if s == nil || s.Elapsed <= 0 || s.Bytes < 0 || s.Cached || s.Again {
			continue
		}
		flowed := s.Elapsed - min(max(s.FirstByte, 0), s.Elapsed*3/4)
		p := Period{
			Duration: ms(flowed), Latency: min(ms(max(s.FirstByte-max(s.Wait, 0), 0)), MaxLatency),
			Kbps: min(float64(s.Bytes+max(s.Others, 0))*8/ms(flowed), MaxKbps),
		}
		if gap := ms(r.At-flowed) - now; gap > 0 {
			before := p // until the first sample nothing else is known
			if n := len(periods); n > 0 {
				before = periods[n-1]
			}
			before.Duration = gap
			periods = append(periods, before)
			now += gap
		}
		periods = append(periods, p)
		now += p.Duration
	}
	t, err := NewTrace(name, periods)
	if err == nil {
		t.Network = network
	}
	return t, err
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// RecordedPlaylist makes a playlist of what a recording asked for: a track for each start without a
// rendition before it, and in it a segment for each question what to fetch next, of sizes by the bit rates.
// The ladder is the longest that was shown.
func RecordedPlaylist(recording iter.Seq2[Record, error]) (*Playlist, error) {
	p := &Playlist{}
	for r, err := range recording {
		if err != nil {
			return nil, err
		}
		if r.State == nil || r.Progress != nil || r.Queue != nil {
			continue
		}
		if len(r.State.Renditions) > len(p.Ladder) {
			p.Ladder = nil
			for _, rendition := range r.State.Renditions {
				p.Ladder = append(p.Ladder, float64(rendition.Bitrate)/1000)
			}
		}
		s := Segment{Start: p.Duration, Duration: ms(r.State.SegmentDuration), First: r.State.Current < 0}
		if s.Duration <= 0 {
			s.Duration = ms(abr.DefaultSegmentDuration)
		}
		if n := len(p.Segments); n > 0 {
			s.Track = p.Segments[n-1].Track
			if s.First {
				s.Track++
			}
		}
		s.First = s.First || len(p.Segments) == 0
		p.Segments = append(p.Segments, s)
		p.Duration += s.Duration
		p.Segment = max(p.Segment, s.Duration)
	}
	if len(p.Ladder) == 0 {
		return nil, p.Check()
	}
	for i := range p.Segments {
		for _, kbps := range p.Ladder {
			p.Segments[i].Bits = append(p.Segments[i].Bits, kbps*math.Max(p.Segments[i].Duration, 1))
		}
	}
	p.Utility = LogUtility(p.Ladder)
	return p, p.Check()
}
