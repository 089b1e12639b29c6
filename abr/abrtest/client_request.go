package abrtest

// request fetches a segment that is not here yet. It gives the rendition to try at once instead, or −1.
func (s *session) request(segment, index int, reason string) (instead int) {
	v := &s.view
	d, buffer := s.begin(segment, index), v.Buffer
	end := s.flow(d)
	switch end {
	case Complete:
		if segment == v.Next {
			s.arrive(segment, index)
		} else {
			s.heads[segment] = index
		}
	case Abandoned:
		s.metrics.Abandons++
		s.metrics.WastedAbandoned += d.Got
	default:
		s.metrics.WastedSkipped += d.Got
	}
	s.end(d, end, Request{Buffer: buffer, Reason: reason})
	if end != Abandoned || s.LikeSabre {
		return -1
	}
	s.tries++
	return d.To
}

// arrive puts a segment behind what is queued.
func (s *session) arrive(segment, index int) {
	v := &s.view
	v.Queue = append(v.Queue, Queued{segment, index})
	v.Buffer += s.Playlist.Segments[segment].Duration
	v.Last, v.Next, v.Started = index, segment+1, true
	s.waiting, s.stalled = false, false
	s.mark()
}

// takeHead puts the next segment behind what is queued, if it is here already.
func (s *session) takeHead() bool {
	index, ok := s.heads[s.view.Next]
	if ok {
		delete(s.heads, s.view.Next)
		s.arrive(s.view.Next, index)
	}
	return ok
}

// fetchHead fetches the first segment of the track behind that of the next segment, unless it is here.
func (s *session) fetchHead() bool {
	v := &s.view
	next := v.Next
	head := s.Playlist.trackStart(s.Playlist.Segments[next].Track+1, next)
	if _, here := s.heads[head]; head < 0 || here {
		return false
	}
	v.Next = head // the algorithm is to choose for it
	pick := s.algorithm.Choose(v)
	v.Next = next
	s.tries = 0
	for index := s.clamp(pick.Index); index >= 0; {
		index = s.request(head, index, "head")
	}
	return true
}

// replace fetches a queued segment anew.
func (s *session) replace(segment, index int) {
	v := &s.view
	d, buffer := s.begin(segment, index), v.Buffer
	d.Replacing = true
	end := s.flow(d)
	place := s.place(segment)
	if end == Complete && place >= 0 && !(place == 0 && v.Head > 0) {
		s.metrics.Replacements++
		s.metrics.WastedReplaced += s.Playlist.Segments[segment].Bits[v.Queue[place].Index]
		v.Queue[place].Index = index
	} else {
		s.metrics.WastedReplaced += d.Got
	}
	if end == Abandoned {
		s.metrics.Abandons++
	}
	s.end(d, end, Request{Buffer: buffer, Reason: "upgrade"})
}

func (s *session) begin(segment, index int) *Download {
	now := s.view.Now
	return &Download{
		Segment: segment, Index: index, Bits: s.Playlist.Segments[segment].Bits[index],
		Began: now, FirstByte: s.Trace.At(now).Latency, To: -1,
	}
}

// end closes the books on a request.
func (s *session) end(d *Download, how Outcome, r Request) {
	d.Outcome = how
	s.metrics.Bits += d.Got
	s.radioUp(d)
	s.algorithm.Done(&s.view, d)
	if s.Trail != nil {
		r.Download = *d
		s.Trail.Requests = append(s.Trail.Requests, r)
	}
}

// radioTail is how long a phone's radio stays up after the last byte: what was measured of LTE (Huang et al.,
// "A Close Examination of Performance and Power Characteristics of 4G LTE Networks", MobiSys 2012).
const radioTail = 11_576 // milliseconds

// radioUp counts the time for which a request keeps the radio up.
func (s *session) radioUp(d *Download) {
	until := d.Began + d.Elapsed + radioTail
	s.metrics.Radio += until - max(d.Began, min(s.radio, until))
	s.radio = until
}

// place finds a segment in the queue, or gives −1.
func (s *session) place(segment int) int {
	for i, q := range s.view.Queue {
		if q.Segment == segment {
			return i
		}
	}
	return -1
}

// due is how long it is until a queued segment begins to be heard; ok is false when it is past that.
func (s *session) due(segment int) (ms float64, ok bool) {
	place := s.place(segment)
	if place < 0 || place == 0 && s.view.Head > 0 {
		return 0, false
	}
	ms = -s.view.Head
	for _, q := range s.view.Queue[:place] {
		ms += s.Playlist.Segments[q.Segment].Duration
	}
	return ms, true
}

// flow lets the bits of a request come in, until it ends one way or another.
func (s *session) flow(d *Download) Outcome {
	v := &s.view
	first := d.Began + d.FirstByte
	arrival := s.Trace.Arrival(first, d.Bits)
	carried := s.Trace.Bits(first)
	poll := s.nextPoll(d, d.Began)
	for {
		until := min(arrival, poll)
		if d.Replacing {
			if d.Due, _ = s.due(d.Segment); v.Now+d.Due < until {
				s.advance(v.Now + d.Due)
				s.received(d, first, carried)
				return Cancelled
			}
		}
		skipped := s.advance(until)
		if skipped && s.left(d) || s.ended || s.late() {
			s.received(d, first, carried)
			return Cancelled
		}
		if skipped {
			continue
		}
		if until == arrival {
			d.Elapsed, d.Got = arrival-d.Began, d.Bits
			d.Marks = append(d.Marks, Mark{d.Elapsed, d.Bits})
			return Complete
		}
		s.received(d, first, carried)
		d.Marks = append(d.Marks, Mark{d.Elapsed, d.Got})
		if s.asks(d) {
			d.Due, _ = s.due(d.Segment)
			if to, ok := s.abandons.Abandon(v, d); ok {
				d.To = s.clamp(to)
				return Abandoned
			}
		}
		poll = s.nextPoll(d, v.Now)
	}
}

// received takes note of what has come in until now.
func (s *session) received(d *Download, first, carried float64) {
	now := s.view.Now
	d.Elapsed = now - d.Began
	if now > first {
		d.Got = min(d.Bits, s.Trace.Bits(now)-carried)
	}
}

// left tells whether the listener has left the track of a request.
func (s *session) left(d *Download) bool {
	track := s.Playlist.Segments[d.Segment].Track
	if len(s.view.Queue) > 0 {
		return track < s.Playlist.Segments[s.view.Queue[0].Segment].Track
	}
	return d.Segment < s.view.Next
}

func (s *session) asks(d *Download) bool {
	return s.abandons != nil && s.tries < maxTries && !(s.LikeSabre && d.Segment == 0)
}

// nextPoll is when the algorithm is asked next about a request.
func (s *session) nextPoll(d *Download, now float64) float64 {
	if s.abandons == nil {
		return never
	}
	every := s.abandons.PollEvery()
	switch {
	case !(every > 0):
		return never
	case !s.LikeSabre:
		return now + every
	}
	wait := 50.0
	if len(d.Marks) == 0 {
		now += d.FirstByte
		wait -= d.FirstByte
	}
	return max(now+max(0, wait), s.Trace.Arrival(now, 12_000))
}

// never is later than any session ends, in milliseconds.
const never = 1e18
