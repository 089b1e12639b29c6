package abrtest

import "fmt"

// Client is a player in miniature: one request at a time, a latency before each, a rate that changes as the
// trace says, a buffer filled up to a limit, media that plays as soon as a segment is here. The zero value
// of all but Trace and Playlist works. A Client only holds what a session is made of, so it may run many,
// also at the same time.
type Client struct {
	Trace    *Trace
	Playlist *Playlist

	Buffer  float64 // milliseconds of media that there is room for; zero means 30 s
	Weights Weights // zero means MusicWeights
	Scale   float64 // by which the trace's rates were multiplied; zero means 1
	Limit   float64 // milliseconds after which to give up; zero means an hour and a hundred times the playlist

	// Rest is how many milliseconds are heard, once the buffer is full, before anything is asked for again: so the
	// link is used in bursts, and a phone's radio can sleep in between. Zero fetches as soon as there is room for a
	// segment. A Targeter has its own mind.
	Rest float64

	// Heads fetches the beginning of the next track once the buffer is full, so that a skip to it is heard at
	// once.
	Heads bool

	// Finishes goes on with upgrades when the last segment is there, until it is heard, as package player's loader does.
	// The yardstick does not.
	Finishes bool

	// LikeSabre asks an Abandoner as the simulator of Spiteri et al. ("From Theory to Practice", MMSys
	// 2018) does: after 50 ms and 12,000 bits, never about the first segment, and Choose after it.
	LikeSabre bool

	Trail *Trail // where to write down what happened; nil for nowhere
}

// Trail is what happened in a session, for pictures.
type Trail struct {
	Points   []Point
	Requests []Request // in the order in which they ended
	Heard    []Heard
}

// Heard is when a segment, or a part of one without a pause, was heard, in milliseconds.
type Heard struct {
	From, To float64
	Queued
}

// Phase is what a listener hears.
type Phase uint8

// The phases.
const (
	Waiting Phase = iota // for the session's or a skip's first sound
	Playing
	Stalled
)

// Point is a moment. The buffer changes evenly between two of them, or jumps where two have one time.
type Point struct {
	At, Buffer float64 // milliseconds
	Phase      Phase   // from here on
}

// Request is a download as it was asked for and as it ended.
type Request struct {
	Download
	Buffer float64 // milliseconds, when it was asked for
	Reason string
}

// maxTries is how often one segment may be begun anew; after that nobody is asked.
const maxTries = 100

// Run plays the playlist as the algorithm chooses. The error wraps ErrPlaylist; a Trace that NewTrace made
// is always right.
func (c Client) Run(a Algorithm) (Metrics, error) {
	if err := c.defaults(); err != nil {
		return Metrics{}, err
	}
	s := newSession(c, a)
	a.Start(&s.view)
	s.load()
	if s.Finishes {
		s.finish()
	}
	for !s.ended && len(s.view.Queue) > 0 && !s.late() { // what is here is played
		s.advance(s.view.Now + s.view.Buffer + 1)
	}
	s.metrics.Wall = s.view.Now
	s.metrics.Radio -= max(0, s.radio-s.view.Now)
	s.metrics.Finished = s.ended
	s.metrics.score(c.Playlist, c.Weights)
	return s.metrics, nil
}

func (c *Client) defaults() error {
	if c.Trace == nil || c.Playlist == nil {
		return fmt.Errorf("%w: no trace or no playlist", ErrPlaylist)
	}
	if err := c.Playlist.Check(); err != nil {
		return err
	}
	if c.Buffer <= 0 {
		c.Buffer = 30e3
	}
	if c.Weights == (Weights{}) {
		c.Weights = MusicWeights()
	}
	if c.Scale <= 0 {
		c.Scale = 1
	}
	if c.Limit <= 0 {
		c.Limit = 3600e3 + 100*c.Playlist.Duration
	}
	return nil
}

// session is a Client at work.
type session struct {
	Client
	algorithm Algorithm
	abandons  Abandoner // nil where the algorithm is none
	upgrades  Upgrader
	targets   Targeter
	idles     Idler

	view     View
	metrics  Metrics
	position float64     // of what is heard, on the playlist's timeline
	skip     int         // the next of Playlist.Skips
	tries    int         // of the segment that is being fetched
	heads    map[int]int // renditions of segments that are here before their turn
	radio    float64     // milliseconds until which the radio is up
	waiting  bool        // for the first sound of a start
	stalled  bool        // and it was counted
	ended    bool
}

func newSession(c Client, a Algorithm) *session {
	s := &session{Client: c, algorithm: a, waiting: true}
	s.abandons, _ = a.(Abandoner)
	s.upgrades, _ = a.(Upgrader)
	s.targets, _ = a.(Targeter)
	s.idles, _ = a.(Idler)
	s.view = View{
		Playlist: c.Playlist, Network: c.Trace.Network, Scale: c.Scale, Weights: c.Weights,
		Last: -1, MaxBuffer: c.Buffer, Finishes: c.Finishes,
	}
	s.heads = make(map[int]int)
	n := len(c.Playlist.Segments)
	s.metrics = Metrics{Starts: 1, Rendition: make([]int, n), HeardOf: make([]float64, n)}
	for i := range s.metrics.Rendition {
		s.metrics.Rendition[i] = -1
	}
	return s
}

func (s *session) late() bool { return s.view.Now > s.Limit }

// load fetches segment after segment, as long as there are any.
func (s *session) load() {
	v := &s.view
	for v.Next < len(s.Playlist.Segments) && !s.ended && !s.late() {
		if again := s.room(); again || s.takeHead() {
			continue
		}
		pick := s.algorithm.Choose(v)
		if pick.Delay > 0 {
			if s.advance(v.Now + min(pick.Delay, s.Limit)) {
				continue
			}
		}
		segment := v.Next
		s.tries = 0
		for index := s.clamp(pick.Index); index >= 0; pick.Reason = "abandon" {
			index = s.request(segment, index, pick.Reason)
		}
	}
}

func (s *session) clamp(index int) int { return min(max(index, 0), len(s.Playlist.Ladder)-1) }

// A wait that is shorter than upgradeWorth is not worth a question, and a Targeter changes its mind within
// retarget; both in milliseconds.
const (
	upgradeWorth = 50
	retarget     = 500
)

// room waits until another segment has room, and upgrades meanwhile. again says that so much has changed
// that all is to be looked at anew.
func (s *session) room() (again bool) {
	v := &s.view
	most := v.MaxBuffer
	if s.targets != nil {
		most = min(most, s.targets.BufferTarget(v))
	}
	over := v.Buffer + s.Playlist.Segments[v.Next].Duration - most
	if !(over > tiny) || len(v.Queue) == 0 {
		return false
	}
	if s.Heads && s.fetchHead() {
		return true
	}
	if s.upgrades != nil && over > upgradeWorth {
		if place, index, ok := s.upgrades.Upgrade(v, over); ok && place > 0 && place < len(v.Queue) {
			s.replace(v.Queue[place].Segment, s.clamp(index))
			return true
		}
	}
	if s.targets == nil {
		over += s.Rest
	} else {
		over = min(over, retarget)
	}
	over = min(over, v.Buffer) // a segment may be longer than the room
	if s.advance(v.Now + over) {
		return true
	}
	if s.idles != nil {
		s.idles.Idle(v, over)
	}
	return s.targets != nil
}

// finish upgrades what waits when all is there.
func (s *session) finish() {
	v := &s.view
	for s.upgrades != nil && !s.ended && !s.late() && len(v.Queue) > 0 {
		place, index, ok := s.upgrades.Upgrade(v, 0)
		if !ok || place <= 0 || place >= len(v.Queue) {
			return
		}
		s.replace(v.Queue[place].Segment, s.clamp(index))
	}
}

// tiny is what rounding may leave of a millisecond.
const tiny = 1e-9

// advance lets time pass until a moment, and what is heard with it. It stops early, and says so, when the
// listener skips; and when all is heard.
func (s *session) advance(until float64) (skipped bool) {
	v := &s.view
	s.mark()
	defer s.mark()
	for until-v.Now > tiny && !s.ended {
		if s.waiting || len(v.Queue) == 0 {
			s.silence(until - v.Now)
			v.Now = until
			return false
		}
		head := v.Queue[0]
		segment := &s.Playlist.Segments[head.Segment]
		step := min(until-v.Now, segment.Duration-v.Head)
		at, skips := s.skipWithin(segment.Track, step)
		if skips {
			step = at
		}
		s.metrics.Rendition[head.Segment] = head.Index
		s.metrics.HeardOf[head.Segment] += step
		s.position += step
		v.Head += step
		v.Buffer -= step
		v.Now += step
		s.hear(head, step)
		if skips {
			s.skipTrack(segment.Track)
			return true
		}
		if v.Head >= segment.Duration-tiny {
			s.metrics.HeardOf[head.Segment] = segment.Duration
			s.pop(head.Segment)
		}
	}
	if !s.ended {
		v.Now = until
	}
	return false
}

// pop takes what has been heard out of the queue.
func (s *session) pop(segment int) {
	v := &s.view
	v.Buffer += v.Head - s.Playlist.Segments[segment].Duration
	v.Head = 0
	v.Queue = v.Queue[1:]
	if len(v.Queue) > 0 {
		return
	}
	v.Buffer = 0
	s.ended = segment == len(s.Playlist.Segments)-1
}

// silence counts time in which nothing is heard.
func (s *session) silence(ms float64) {
	switch {
	case s.waiting:
		s.metrics.Waited += ms
		return
	case !s.stalled:
		s.stalled = true
		s.metrics.Stalls++
		s.mark()
	}
	s.metrics.Stalled += ms
}

// skipWithin tells whether the listener skips within a step from here, and how far into it.
func (s *session) skipWithin(track int, step float64) (at float64, ok bool) {
	skips := s.Playlist.Skips
	for s.skip < len(skips) && skips[s.skip].Track < track {
		s.skip++
	}
	if s.skip == len(skips) || skips[s.skip].Track != track || skips[s.skip].At > s.position+step {
		return 0, false
	}
	return max(0, skips[s.skip].At-s.position), true
}

// skipTrack throws away what is left of a track and goes on with the next.
func (s *session) skipTrack(track int) {
	v := &s.view
	s.skip++
	s.metrics.Starts++
	for len(v.Queue) > 0 && s.Playlist.Segments[v.Queue[0].Segment].Track == track {
		q := v.Queue[0]
		g := &s.Playlist.Segments[q.Segment]
		s.metrics.WastedSkipped += g.Bits[q.Index] * (1 - v.Head/g.Duration)
		v.Queue, v.Head = v.Queue[1:], 0
	}
	v.Buffer = 0
	for _, q := range v.Queue {
		v.Buffer += s.Playlist.Segments[q.Segment].Duration
	}
	first := s.Playlist.trackStart(track+1, 0)
	if first < 0 {
		s.ended = true
		return
	}
	s.position = s.Playlist.Segments[first].Start
	v.Next = max(v.Next, first)
	s.waiting = len(v.Queue) == 0
	if !s.waiting || s.takeHead() {
		s.metrics.Starts-- // it was there already: nobody waits
	}
}

// hear writes down that a segment was heard until now.
func (s *session) hear(q Queued, ms float64) {
	if s.Trail == nil {
		return
	}
	now := s.view.Now
	if n := len(s.Trail.Heard); n > 0 {
		if last := &s.Trail.Heard[n-1]; last.Queued == q && now-ms-last.To < tiny {
			last.To = now
			return
		}
	}
	s.Trail.Heard = append(s.Trail.Heard, Heard{now - ms, now, q})
}

// mark writes a point into the trail.
func (s *session) mark() {
	if s.Trail == nil {
		return
	}
	phase := Playing
	switch {
	case s.waiting:
		phase = Waiting
	case s.stalled:
		phase = Stalled
	}
	p := Point{s.view.Now, max(0, s.view.Buffer), phase}
	if n := len(s.Trail.Points); n == 0 || s.Trail.Points[n-1] != p {
		s.Trail.Points = append(s.Trail.Points, p)
	}
}
