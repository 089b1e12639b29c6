// Package abrtest replays links against a rule of package abr: an exact, deterministic client of segmented
// audio without threads or clocks. What a rule does on a link is computed in milliseconds and always
// comes out the same, so tests can count its silences and switches.
//
// It models one download at a time, a latency before each, a rate that changes in steps, a buffer that is
// filled up to a target, segments of constant bit rate, and playing that starts with the first segment and
// goes on after silence as soon as a segment is in. It leaves out TCP's ramps and shared links: what
// it finds good must still be tried on a real network.
package abrtest

import (
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/media"
)

// Step is a rate from a moment on.
type Step struct {
	At   time.Duration
	Rate media.Bitrate // zero: no byte passes, as in a tunnel
}

// Link is a rate as a step function of time, ascending by At. Before the first step nothing passes; after
// the last its rate goes on for ever.
type Link struct {
	Steps   []Step
	Latency time.Duration // from a request to its first byte
}

// Constant is a link that never changes.
func Constant(rate media.Bitrate, latency time.Duration) Link {
	return Link{Steps: []Step{{Rate: rate}}, Latency: latency}
}

// Client is a player in miniature. The zero value of all but Rule, Ladder, Link and Length works.
type Client struct {
	Rule   abr.Rule
	Ladder []abr.Rendition // ascending
	Link   Link
	Length time.Duration // of the music

	Segment time.Duration // zero means abr.DefaultSegmentDuration
	Target  time.Duration // of the buffer; zero means abr.DefaultTarget
	Max     media.Bitrate // zero means no cap
	Poll    time.Duration // between questions about a download in flight; zero means 250 ms
	Limit   time.Duration // simulated time after which to give up; zero means Length + 1 h
}

// Ladder is what our own backend serves: MP3 at three rates and FLAC.
func Ladder() []abr.Rendition {
	return []abr.Rendition{
		{Bitrate: media.Kbps(64)}, {Bitrate: media.Kbps(128)}, {Bitrate: media.Kbps(320)},
		{Bitrate: media.Kbps(900), Lossless: true},
	}
}

// Choice is a segment that was fetched.
type Choice struct {
	Asked  time.Duration // when it was decided
	Done   time.Duration // when the segment was in
	Index  int
	Reason abr.Reason
	Buffer time.Duration // when it was decided
	Tries  int           // downloads broken off before
}

// Report is what became of the music.
type Report struct {
	Choices  []Choice      // one a segment
	Startup  time.Duration // before the first sound
	Stalled  time.Duration // silence after it
	Stalls   int
	Switches int // between neighbouring segments
	Abandons int
	Wasted   int64         // bytes of downloads broken off
	Average  media.Bitrate // of what was heard
	Finished bool          // false when Limit came first
}

// Run plays the music from the first segment to the last.
func (c Client) Run() Report {
	c.defaults()
	r := run{Client: c}
	segments := int((c.Length + c.Segment - 1) / c.Segment)
	bits := 0.0
	for n := range segments {
		r.wait()
		if !r.fetch(n) {
			return r.report
		}
		bits += float64(c.Ladder[r.report.Choices[n].Index].Bitrate) * c.Segment.Seconds()
	}
	if segments > 0 {
		r.report.Average = media.Bitrate(bits / (float64(segments) * c.Segment.Seconds()))
	}
	r.report.Finished = true
	return r.report
}

func (c *Client) defaults() {
	if c.Segment <= 0 {
		c.Segment = abr.DefaultSegmentDuration
	}
	if c.Target <= 0 {
		c.Target = abr.DefaultTarget
	}
	if c.Poll <= 0 {
		c.Poll = 250 * time.Millisecond
	}
	if c.Limit <= 0 {
		c.Limit = c.Length + time.Hour
	}
}

// run is a Client at work.
type run struct {
	Client
	report  Report
	now     time.Duration
	buffer  time.Duration
	playing bool // some segment is in
	silent  bool // in a stall
	meter   abr.Estimator
}

// pass lets d go by, and music with it.
func (r *run) pass(d time.Duration) {
	r.now += d
	if !r.playing {
		r.report.Startup += d
		return
	}
	heard := min(d, r.buffer)
	r.buffer -= heard
	if heard < d {
		if !r.silent {
			r.report.Stalls++
			r.silent = true
		}
		r.report.Stalled += d - heard
	}
}

// wait lets the buffer run down until a segment fits.
func (r *run) wait() {
	if over := r.buffer + r.Segment - r.Target; over > 0 && r.buffer > 0 {
		r.pass(min(over, r.buffer))
	}
}

func (r *run) state(n int) abr.State {
	s := abr.State{
		Renditions: r.Ladder, Current: -1, Buffer: r.buffer, Target: r.Target, SegmentDuration: r.Segment,
		Throughput: r.meter.Throughput(), Latency: r.meter.Latency(), Max: r.Max,
	}
	if n > 0 {
		s.Current = r.report.Choices[n-1].Index
	}
	return s
}

// fetch gets segment n, breaking off as often as the rule says; false when time is up.
func (r *run) fetch(n int) bool {
	d := r.Rule.Next(r.state(n))
	choice := Choice{Asked: r.now, Buffer: r.buffer}
	for {
		choice.Index, choice.Reason = d.Index, d.Reason
		lower, again, ok := r.download(n, d.Index)
		if !ok {
			return false
		}
		if !again {
			break
		}
		choice.Tries++
		r.report.Abandons++
		d = lower
	}
	choice.Done = r.now
	r.buffer += r.Segment
	r.playing, r.silent = true, false
	if n > 0 && r.report.Choices[n-1].Index != choice.Index {
		r.report.Switches++
	}
	r.report.Choices = append(r.report.Choices, choice)
	return true
}

// download is one try; again tells that the rule broke it off for lower.
func (r *run) download(n, index int) (lower abr.Decision, again, ok bool) {
	total := int64(float64(r.Ladder[index].Bitrate) / 8 * r.Segment.Seconds())
	began := r.now
	first := began + r.Link.Latency
	history := []int64{0} // bytes in at each poll
	for {
		end := r.Link.arrival(first, total)
		next := r.now + r.Poll
		if end <= next {
			r.pass(end - r.now)
			r.meter.Add(abr.Sample{Bytes: total, Elapsed: r.now - began, FirstByte: r.Link.Latency})
			return lower, false, true
		}
		if next > r.Limit {
			return lower, false, false
		}
		r.pass(r.Poll)
		done := r.Link.bytes(first, r.now)
		history = append(history, done)
		p := abr.Progress{Index: index, BytesDone: done, BytesTotal: total, Elapsed: r.now - began}
		if back := int(time.Second / r.Poll); back >= 1 && len(history) > back {
			p.RecentBytes, p.Recent = done-history[len(history)-1-back], time.Duration(back)*r.Poll
		}
		if lower, again = r.Rule.Abandon(r.state(n), p); again {
			r.report.Wasted += done
			r.meter.Add(abr.Sample{Bytes: done, Elapsed: p.Elapsed, FirstByte: r.Link.Latency})
			if p.Recent > 0 {
				r.meter.Add(abr.Sample{Bytes: p.RecentBytes, Elapsed: p.Recent})
			}
			return lower, true, true
		}
	}
}
