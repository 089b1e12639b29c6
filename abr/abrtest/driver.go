package abrtest

import (
	"slices"
	"sync"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/media"
)

// Driver lets a rule of package abr choose in a client, and shows it the State that a player's loader does:
// each request that arrives is a sample for the Estimator; a request in flight is asked about every
// 200 ms, with what came in during the last second and a half; one that is broken off leaves two samples, of all
// of it and of its last stretch.
type Driver struct {
	Rule abr.Rule
	Max  media.Bitrate // zero means no cap

	// Target is State.Target; zero means the client's room. A player that begins a segment while its buffer is below
	// the target has room for one more.
	Target time.Duration

	// ByTrack tells the rule how much music is left when the last track is heard, and not before, as a player does: as long
	// as a track follows, more may.
	ByTrack bool

	// Record, where set, makes a recorder for each session, which is told all that a player's is. now
	// gives the session's time.
	Record func(now func() time.Duration) *Recorder

	// Fitted, where set, keeps what was worked out for a ladder for the sessions that follow.
	Fitted *Fitted

	asked      abr.Rule // Rule, or what records it
	recorder   *Recorder
	now        time.Duration
	meter      abr.Estimator
	renditions []abr.Rendition
	marks      []Mark // of the request in flight, the last second and a half
	queue      []abr.Queued
	bytes      [][]int64 // of each segment, in each rendition; nil where nobody asked yet
}

const (
	askEvery   = 200  // milliseconds
	recentSpan = 1500 // milliseconds
)

// Start implements Algorithm. The Estimator begins with what is known of the kind of network.
func (r *Driver) Start(v *View) {
	*r = Driver{
		Rule: r.Rule, Max: r.Max, Target: r.Target, ByTrack: r.ByTrack, Record: r.Record, Fitted: r.Fitted,
		asked: r.Rule, renditions: Renditions(v.Playlist),
	}
	prior := abr.DefaultPrior(abr.Network(v.Network))
	prior.Level = media.Bitrate(float64(prior.Level) * v.Scale)
	r.meter.Expect(prior)
	if f, ok := r.Rule.(abr.Fitter); ok {
		r.asked = r.Fitted.fit(f, r.state(v))
	}
	if r.Record != nil {
		r.recorder = r.Record(func() time.Duration { return r.now })
		r.recorder.Network(v.Network)
		r.recorder.Expect(prior)
		r.asked = r.recorder.Wrap(r.asked)
	}
}

// tell takes a sample into account.
func (r *Driver) tell(s abr.Sample) {
	r.meter.Add(s)
	if r.recorder != nil {
		r.recorder.Sample(s)
	}
}

// losslessKbps is the bit rate from which on a rendition of a playlist counts as lossless.
const losslessKbps = 500

// Renditions gives a playlist's ladder as rules see it.
func Renditions(p *Playlist) []abr.Rendition {
	var list []abr.Rendition
	for _, kbps := range p.Ladder {
		list = append(list, abr.Rendition{Bitrate: media.Bitrate(kbps * 1000), Lossless: kbps >= losslessKbps})
	}
	return list
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

func (r *Driver) state(v *View) abr.State {
	r.now = milliseconds(v.Now)
	s := abr.State{
		Renditions: r.renditions, Current: v.Last, Buffer: milliseconds(v.Buffer), Target: milliseconds(v.MaxBuffer),
		Throughput: r.meter.Throughput(), Latency: r.meter.Latency(), Max: r.Max,
	}
	if r.Target > 0 {
		s.Target = r.Target
	}
	s.Link, s.Network, s.Queue = r.meter.Link(), abr.Network(v.Network), r.waiting(v)
	last := &v.Playlist.Segments[len(v.Playlist.Segments)-1]
	ends := !r.ByTrack || len(v.Queue) > 0 && v.Playlist.Segments[v.Queue[0].Segment].Track == last.Track
	if v.Next < len(v.Playlist.Segments) {
		g := &v.Playlist.Segments[v.Next]
		if ends {
			s.Left = milliseconds(last.Start + last.Duration - g.Start)
		}
		s.SegmentDuration, s.Seamless, s.Sizes = milliseconds(g.Duration), g.First, r.bytesOf(v.Playlist, v.Next)
	} else {
		s.AllIn = true
	}
	s.Finishes = v.Finishes && ends
	return s
}

// waiting gives what is queued but what is being heard.
func (r *Driver) waiting(v *View) []abr.Queued {
	r.queue = r.queue[:0]
	starts := -v.Head
	for i, q := range v.Queue {
		g := &v.Playlist.Segments[q.Segment]
		if i > 0 {
			r.queue = append(r.queue, abr.Queued{
				Index: q.Index, Starts: milliseconds(starts), Duration: milliseconds(g.Duration), Seamless: g.First,
				Bytes: r.bytesOf(v.Playlist, q.Segment),
			})
		}
		starts += g.Duration
	}
	return r.queue
}

// Fitted keeps the rules that an abr.Fitter gave, by what they were given for. Any goroutine may use it.
type Fitted struct {
	mu    sync.Mutex
	rules []fitted
}

type fitted struct {
	state abr.State
	rule  abr.Rule
}

// fit gives the rule for a state, the same for one like it.
func (k *Fitted) fit(f abr.Fitter, s abr.State) abr.Rule {
	if k == nil {
		return f.Fit(s)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.rules {
		if r.state.Target == s.Target && r.state.SegmentDuration == s.SegmentDuration && r.state.Network == s.Network &&
			slices.Equal(r.state.Renditions, s.Renditions) {
			return r.rule
		}
	}
	r := fitted{s, f.Fit(s)}
	k.rules = append(k.rules, r)
	return r.rule
}

// Choose implements Algorithm.
func (r *Driver) Choose(v *View) Pick {
	d := r.asked.Next(r.state(v))
	r.marks = r.marks[:0]
	return Pick{Index: d.Index, Reason: string(d.Reason)}
}

// Upgrade implements Upgrader. It asks the rule where that is an abr.Upgrader, about all that is queued but
// what is being heard.
func (r *Driver) Upgrade(v *View, _ float64) (place, index int, ok bool) {
	upgrader, ok := r.asked.(abr.Upgrader)
	if !ok || len(v.Queue) < 2 {
		return 0, 0, false
	}
	u, ok := upgrader.Upgrade(r.state(v), r.waiting(v))
	r.marks = r.marks[:0]
	return u.Place + 1, u.Index, ok && u.Place >= 0 && u.Place < len(r.queue)
}

// bytesOf gives the sizes of a segment, which are worked out once.
func (r *Driver) bytesOf(p *Playlist, segment int) []int64 {
	if r.bytes == nil {
		r.bytes = make([][]int64, len(p.Segments))
	}
	if r.bytes[segment] == nil {
		for _, bits := range p.Segments[segment].Bits {
			r.bytes[segment] = append(r.bytes[segment], int64(bits/8))
		}
	}
	return r.bytes[segment]
}

// PollEvery implements Abandoner.
func (r *Driver) PollEvery() float64 { return askEvery }

// Abandon implements Abandoner.
func (r *Driver) Abandon(v *View, d *Download) (index int, ok bool) {
	p := r.progress(d)
	r.meter.Flow(p)
	e, ok := r.asked.Abandon(r.state(v), p)
	return e.Index, ok
}

func (r *Driver) progress(d *Download) abr.Progress {
	r.marks = append(r.marks, Mark{d.Elapsed, d.Got})
	old := 0
	for d.Elapsed-r.marks[old].Elapsed > recentSpan {
		old++
	}
	r.marks = r.marks[old:]
	p := abr.Progress{Index: d.Index, BytesDone: int64(d.Got / 8), BytesTotal: int64(d.Bits / 8), Elapsed: milliseconds(d.Elapsed)}
	if d.Replacing {
		p.Due = max(milliseconds(d.Due), 1)
	}
	if first := r.marks[0]; first.Elapsed < d.Elapsed {
		p.RecentBytes, p.Recent = p.BytesDone-int64(first.Bits/8), milliseconds(d.Elapsed-first.Elapsed)
	}
	return p
}

// Done implements Algorithm.
func (r *Driver) Done(v *View, d *Download) {
	r.now = milliseconds(v.Now)
	defer func() { r.marks = r.marks[:0] }()
	whole := abr.Sample{Bytes: int64(d.Got / 8), Elapsed: milliseconds(d.Elapsed)}
	switch d.Outcome {
	case Complete:
		whole.FirstByte = milliseconds(d.FirstByte)
		r.tell(whole)
	case Abandoned:
		r.tell(whole)
		if n := len(r.marks); n > 1 {
			first, last := r.marks[0], r.marks[n-1]
			r.tell(abr.Sample{Bytes: int64((last.Bits - first.Bits) / 8), Elapsed: milliseconds(last.Elapsed - first.Elapsed), Again: true})
		}
	}
}

// Entries lists the rules of package abr that need no telling what they are for.
func Entries() []Entry {
	fits := new(Fitted)
	rule := func(r abr.Rule) func() Algorithm { return func() Algorithm { return &Driver{Rule: r} } }
	return []Entry{
		{Name: "lowest", About: "always the lowest rendition", New: rule(abr.Lowest{})},
		{Name: "highest", About: "always the highest", New: rule(abr.Highest{})},
		{Name: "throughput-buffer", About: "what the link carries, less a margin that is wide while the buffer is thin", New: rule(abr.ThroughputBuffer{})},
		{Name: "buffer-bola", About: "package abr's BOLA: by the buffer, and no higher than the link sustains", New: rule(abr.BOLA{})},
		{Name: "tempo", About: "package abr's Tempo", New: func() Algorithm { return &Driver{Rule: &abr.Tempo{}, Fitted: fits} }},
		{Name: "hybrid", About: "throughput-buffer while the buffer is thin, raised by buffer-bola where it is thick", New: rule(abr.Hybrid{})},
	}
}
