package peers

import (
	"math"

	"github.com/segue-audio/segue/abr/abrtest"
)

// dashjs is the rule of dash.js 5.2.1: AbrController with ThroughputRule, BolaRule, InsufficientBufferRule,
// SwitchHistoryRule and AbandonRequestsRule, and ThroughputController in its default mode, all with the
// default settings.
//
// Dynamic, the default, asks ThroughputRule while the buffer is low and BolaRule from 12 s on, until it
// falls below 6 s. The lowest of what the rules say is taken. The buffer's goal is 18 s, and 30 s in the
// highest representation; with full set, both are what the session has room for.
//
// A track is taken as a period of one presentation: BOLA and the history of switches begin anew with it,
// the throughput lasts. Left out: what tells video from audio, CMSD, live streams, dropped frames, and that
// dash.js loads an init segment after each switch. A skip is not told to it as a seek.
type dashjs struct {
	throughput, buffers bool // which rules are active
	full                bool

	fast, slow ewma // kbps by weight
	current    int
	saved      float64 // kbps, in the browser's storage; not a number while there are none
	track      int     // the period; −1 at first
	useBola    bool
	bola       dashBola
	goal, top  float64 // of the buffer, milliseconds

	ignore    int         // segments before InsufficientBufferRule counts
	history   []dashEntry // of decisions, oldest first
	abandoned int         // the segment that was abandoned last
	until     float64     // when ABANDON_LOAD ends
}

type dashEntry struct {
	index int
	drop  bool
}

// The settings, as dash.js's Settings.js has them; times in milliseconds.
const (
	dashDefaultBuffer = 18e3
	dashTopBuffer     = 30e3
	dashStalled       = 300
	dashHybrid        = 12e3
	dashFastHalfLife  = 3 // seconds
	dashSlowHalfLife  = 8
	dashWeight        = 0.0015 // of a millisecond
	dashSafety        = 0.9
	dashInitial       = 100 // kbps
	dashIgnore        = 2   // segments
	dashInsufficient  = 0.7
	dashSamples       = 8
	dashDrops         = 0.075
	dashAbandonFor    = 10e3
	dashAbandonAfter  = 500
	dashAbandonMarks  = 6
	dashAbandonTimes  = 1.8
)

func (d *dashjs) Start(v *abrtest.View) {
	*d = dashjs{throughput: d.throughput, buffers: d.buffers, full: d.full}
	d.goal, d.top = min(dashDefaultBuffer, v.MaxBuffer), min(dashTopBuffer, v.MaxBuffer)
	if d.full {
		d.goal, d.top = v.MaxBuffer, v.MaxBuffer
	}
	d.fast, d.slow = ewma{halfLife: dashFastHalfLife}, ewma{halfLife: dashSlowHalfLife}
	d.saved, d.track, d.abandoned, d.ignore = math.NaN(), -1, -1, dashIgnore
	d.useBola = d.buffers && !d.throughput
}

// average is the throughput in kbps, not a number while nothing is known.
func (d *dashjs) average() float64 {
	if d.fast.weight <= 0 {
		return math.NaN()
	}
	return jsRound(min(d.fast.value(), d.slow.value()))
}

func (d *dashjs) estimate() float64 {
	if a := d.average(); a > 0 {
		return a
	}
	return 0
}

// enter begins a period.
func (d *dashjs) enter(v *abrtest.View) {
	track := v.Playlist.Segments[v.Next].Track
	if track == d.track {
		return
	}
	d.track, d.history, d.bola, d.until = track, d.history[:0], dashBola{}, 0
	kbps := dashInitial * v.Scale
	if a := d.average(); d.saved > 0 {
		kbps = d.saved
	} else if a > 0 {
		kbps = a
	}
	d.current = highest(v.Playlist.Ladder, kbps)
}

// level takes note of the buffer, as each metric of it does.
func (d *dashjs) level(milliseconds float64) {
	if !d.throughput || !d.buffers {
		return
	}
	on := float64(dashHybrid)
	if d.useBola {
		on /= 2
	}
	d.useBola = milliseconds >= on
}

// BufferTarget implements abrtest.Targeter.
func (d *dashjs) BufferTarget(v *abrtest.View) float64 {
	if d.track >= 0 && d.current == len(v.Playlist.Ladder)-1 {
		return d.top
	}
	return d.goal
}

// unasked is a representation above all: no request to switch.
const unasked = math.MaxInt

// Choose is checkPlaybackQuality.
func (d *dashjs) Choose(v *abrtest.View) abrtest.Pick {
	d.level(v.Buffer)
	d.enter(v)
	ladder, index, delay := v.Playlist.Ladder, unasked, 0.0
	if d.useBola {
		if d.bola.state == bolaNone {
			d.bola.begin(ladder, d.goal/1000)
		}
		index, delay = d.bola.choose(v, d.average()*dashSafety)
	} else if d.throughput {
		index = d.byThroughput(v)
	}
	index = min(index, d.insufficient(v), d.switched(len(ladder)))
	if index == unasked {
		return abrtest.Pick{Index: d.current, Delay: delay}
	}
	d.history = append(d.history, dashEntry{d.current, index < d.current})
	if len(d.history) > dashSamples {
		d.history = d.history[1:]
	}
	if index != d.current && (v.Now >= d.until || index < d.current) {
		d.change(index)
	}
	return abrtest.Pick{Index: d.current, Delay: delay}
}

// change is _changeQuality.
func (d *dashjs) change(index int) {
	d.current, d.bola.current = index, index
	if a := d.average(); !math.IsNaN(a) {
		d.saved = a
	}
}

// byThroughput is ThroughputRule.
func (d *dashjs) byThroughput(v *abrtest.View) int {
	kbps := d.average() * dashSafety
	if math.IsNaN(kbps) || v.Now < d.until || v.Buffer <= dashStalled {
		return unasked
	}
	return highest(v.Playlist.Ladder, kbps)
}

// insufficient is InsufficientBufferRule.
func (d *dashjs) insufficient(v *abrtest.View) int {
	if d.ignore > 0 {
		return unasked
	}
	if v.Buffer <= dashStalled {
		return 0
	}
	kbps := d.average() * dashInsufficient * v.Buffer / v.Playlist.Segment
	if !(kbps > 0) {
		return unasked
	}
	return highest(v.Playlist.Ladder, kbps)
}

// switched is SwitchHistoryRule.
func (d *dashjs) switched(n int) int {
	drops, others := 0, 0
	for i := range n {
		own := 0
		for _, e := range d.history {
			switch {
			case e.index != i:
			case e.drop:
				own++
			default:
				others++
			}
		}
		drops += own
		if drops+others < dashSamples || !(float64(drops)/float64(others) > dashDrops) {
			continue
		}
		if i > 0 && own > 0 {
			return i - 1
		}
		return i
	}
	return unasked
}

// Done tells of a segment that is here, or of a request that was abandoned.
func (d *dashjs) Done(v *abrtest.View, r *abrtest.Download) {
	switch r.Outcome {
	case abrtest.Abandoned:
		d.level(v.Buffer)
		d.bola.abandoned(v)
		return
	case abrtest.Complete:
	default:
		return
	}
	duration := v.Playlist.Segments[r.Segment].Duration
	before := v.Buffer - duration // events come before the segment is appended
	d.level(before)
	if took := r.Elapsed - r.FirstByte; took > 0 {
		kbps := jsRound(r.Got / took)
		d.fast.add(dashWeight*took, kbps)
		d.slow.add(dashWeight*took, kbps)
	}
	d.bola.loaded(v.Now, before, r, duration)
	d.level(v.Buffer)
	d.ignore = max(d.ignore-1, 0)
}

// PollEvery implements abrtest.Abandoner: how often a browser tells of progress.
func (d *dashjs) PollEvery() float64 { return 50 }

// Abandon is AbandonRequestsRule. Each look that finds more is a progress event.
func (d *dashjs) Abandon(v *abrtest.View, r *abrtest.Download) (index int, ok bool) {
	d.level(v.Buffer)
	if r.Got <= 0 || r.Segment == d.abandoned || v.Buffer > d.goal || r.Elapsed-r.FirstByte <= dashAbandonAfter {
		return 0, false
	}
	events, first, last := 0, abrtest.Mark{}, abrtest.Mark{}
	for _, m := range r.Marks {
		if m.Bits > last.Bits {
			if events == 0 {
				first = m
			}
			events++
			last = m
		}
	}
	if events < dashAbandonMarks || d.current == 0 {
		return 0, false
	}
	kbps := jsRound((last.Bits - first.Bits) / max(last.Elapsed-first.Elapsed, 1))
	seconds := math.Round(r.Bits/kbps/10) / 100
	if seconds < dashAbandonTimes*v.Playlist.Segments[r.Segment].Duration/1000 {
		return 0, false
	}
	ladder := v.Playlist.Ladder
	index = highest(ladder, kbps)
	if r.Bits-r.Got <= r.Bits*ladder[index]/ladder[r.Index] {
		return 0, false
	}
	d.abandoned, d.until, d.history = r.Segment, v.Now+dashAbandonFor, d.history[:0]
	d.change(index)
	return index, true
}
