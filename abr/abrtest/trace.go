package abrtest

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// Period is a stretch of time in which a link does not change.
type Period struct {
	Duration float64 // milliseconds
	Kbps     float64 // bits per millisecond; zero: no byte passes, as in a tunnel
	Latency  float64 // milliseconds from a request to its first byte
}

// Trace is a link: periods one after another, and then from the beginning again, for ever. What it carries
// is computed exactly from sums, without steps of time. It never changes once made, so many clients may
// share one.
type Trace struct {
	Name    string
	Network string // the kind of network, where it is known: "3g", "4g", "fixed" or empty

	periods []Period
	at      []float64 // when each period begins, and the lap's length, in milliseconds
	sum     []float64 // the bits until then
	seat    []int32   // the period at each multiple of seatEvery
}

// seatEvery is how many milliseconds lie between two entries of the table that finds a period.
const seatEvery = 500

// Limits on a trace. The last keeps what must be added up within what a float64 tells apart.
const (
	MaxPeriods = 1 << 18
	MaxKbps    = 1e8       // 100 Gbps
	MaxLatency = 600e3     // milliseconds
	MaxLap     = 7 * 864e5 // milliseconds: a week
)

// NewTrace makes a trace of periods, or says what is wrong with them: the error wraps ErrTrace. At least
// one has to carry something.
func NewTrace(name string, periods []Period) (*Trace, error) {
	if len(periods) == 0 || len(periods) > MaxPeriods {
		return nil, fmt.Errorf("%w: %d periods, the limit is %d", ErrTrace, len(periods), MaxPeriods)
	}
	for i, p := range periods {
		switch {
		case !(p.Duration > 0 && p.Duration <= MaxLap):
			return nil, fmt.Errorf("%w: period %d lasts %v ms", ErrTrace, i+1, p.Duration)
		case !(p.Kbps >= 0 && p.Kbps <= MaxKbps):
			return nil, fmt.Errorf("%w: period %d has %v kbps", ErrTrace, i+1, p.Kbps)
		case !(p.Latency >= 0 && p.Latency <= MaxLatency):
			return nil, fmt.Errorf("%w: period %d has a latency of %v ms", ErrTrace, i+1, p.Latency)
		}
	}
	t := &Trace{Name: name, periods: periods}
	t.index()
	switch {
	case t.Lap() > MaxLap:
		return nil, fmt.Errorf("%w: it lasts %v ms, the limit is %v", ErrTrace, t.Lap(), float64(MaxLap))
	case t.lapBits() < 1:
		return nil, fmt.Errorf("%w: it carries nothing", ErrTrace)
	}
	return t, nil
}

// index makes the sums that everything is computed from.
func (t *Trace) index() {
	n := len(t.periods)
	t.at, t.sum = make([]float64, n+1), make([]float64, n+1)
	for i, p := range t.periods {
		t.at[i+1] = t.at[i] + p.Duration
		t.sum[i+1] = t.sum[i] + p.Duration*p.Kbps
	}
	t.seat = make([]int32, int(min(t.Lap(), MaxLap)/seatEvery)+2)
	i := 0
	for k := range t.seat {
		for i+1 < n && t.at[i+1] <= float64(k)*seatEvery {
			i++
		}
		t.seat[k] = int32(i)
	}
}

// Lap is how many milliseconds the trace lasts before it begins again.
func (t *Trace) Lap() float64 { return t.at[len(t.periods)] }

func (t *Trace) lapBits() float64 { return t.sum[len(t.periods)] }

// Mean is the rate in kbps over all of it.
func (t *Trace) Mean() float64 { return t.lapBits() / t.Lap() }

// Periods gives a copy of what the trace is made of.
func (t *Trace) Periods() []Period { return slices.Clone(t.periods) }

// find gives the number of whole laps before a moment, the period it is in, and how far into the lap it is.
func (t *Trace) find(ms float64) (laps float64, period int, into float64) {
	into = ms
	if lap := t.Lap(); ms >= lap {
		laps = math.Floor(ms / lap)
		into = ms - laps*lap
		if into >= lap {
			into -= lap
			laps++
		}
		into = max(0, into)
	}
	period = int(t.seat[int(into/seatEvery)])
	for period+1 < len(t.periods) && t.at[period+1] <= into {
		period++
	}
	return laps, period, into
}

// At gives the period that a moment, in milliseconds from the beginning, lies in.
func (t *Trace) At(ms float64) Period {
	_, i, _ := t.find(ms)
	return t.periods[i]
}

// Bits is what the link can carry from its beginning to a moment.
func (t *Trace) Bits(ms float64) float64 {
	laps, i, into := t.find(ms)
	return laps*t.lapBits() + t.sum[i] + (into-t.at[i])*t.periods[i].Kbps
}

// Arrival is the moment at which the last of so many bits is here, when the first may flow at from.
func (t *Trace) Arrival(from, bits float64) float64 {
	f := t.flowFrom(from)
	return f.arrival(bits)
}

// flow is a place on a link from which on bits are counted.
type flow struct {
	*Trace
	began  float64 // milliseconds: the present period
	period int
	passed float64 // milliseconds of it
}

func (t *Trace) flowFrom(ms float64) flow {
	laps, i, into := t.find(ms)
	return flow{t, laps*t.Lap() + t.at[i], i, into - t.at[i]}
}

// tinyBits is what rounding may leave of a segment: not worth waiting for the end of an outage.
const tinyBits = 1e-3

// arrival goes on to the moment at which so many more bits are here.
func (f *flow) arrival(bits float64) float64 {
	if lap := f.lapBits(); bits > 4*lap { // whole laps at once
		skip := math.Floor(bits/lap) - 1
		f.began += skip * f.Lap()
		bits -= skip * lap
	}
	for {
		p := &f.periods[f.period]
		left := (p.Duration - f.passed) * p.Kbps
		if bits <= left+tinyBits && p.Kbps > 0 {
			f.passed += bits / p.Kbps
			return f.began + f.passed
		}
		bits -= left
		f.began += p.Duration
		f.passed = 0
		if f.period++; f.period == len(f.periods) {
			f.period = 0
		}
	}
}

// Changes gives the moments at which the link changes, within a stretch of time.
func (t *Trace) Changes(from, to float64) []float64 {
	var list []float64
	laps, _, _ := t.find(from)
	for base := laps * t.Lap(); base <= to; base += t.Lap() {
		for _, at := range t.at[:len(t.periods)] {
			if base+at > from && base+at < to {
				list = append(list, base+at)
			}
		}
	}
	return list
}

// Scaled gives the same link with all its rates multiplied by a factor above zero.
func (t *Trace) Scaled(factor float64) (*Trace, error) {
	periods := t.Periods()
	for i := range periods {
		periods[i].Kbps *= factor
	}
	s, err := NewTrace(t.Name, periods)
	if err != nil {
		return nil, err
	}
	s.Network = t.Network
	return s, nil
}

// outage is a stretch of time in which nothing passes, in milliseconds.
type outage struct{ from, to float64 }

// tunnelSpan is how long a trace with tunnels is before it repeats.
const tunnelSpan = 1800e3 // milliseconds

// Tunnelled gives half an hour of the link with outages in it: 10 to 60 s without a byte, 110 to 220 s apart,
// the first after 45 to 105 s. Where they lie depends on the trace's name alone.
func (t *Trace) Tunnelled() (*Trace, error) {
	r := newRandom("tunnel/" + t.Name)
	var outages []outage
	for at := 45e3 + 60e3*r.float(); at < tunnelSpan; {
		lasts := 10e3 + 50e3*r.float()
		outages = append(outages, outage{at, at + lasts})
		at += lasts + 110e3 + 110e3*r.float()
	}
	s, err := NewTrace(t.Name, t.without(outages, tunnelSpan))
	if err != nil {
		return nil, err
	}
	s.Network = t.Network
	return s, nil
}

// without gives so many milliseconds of the link with outages cut into it, which ascend.
func (t *Trace) without(outages []outage, span float64) []Period {
	var list []Period
	i, left := 0, t.periods[0].Duration
	for now := 0.0; now < span; {
		p := t.periods[i]
		p.Duration = left
		k := sort.Search(len(outages), func(k int) bool { return outages[k].to > now })
		switch {
		case k == len(outages):
		case now >= outages[k].from:
			p.Kbps = 0
			p.Duration = min(p.Duration, outages[k].to-now)
		default:
			p.Duration = min(p.Duration, outages[k].from-now)
		}
		list = append(list, p)
		now += p.Duration
		if left -= p.Duration; left <= 0 {
			i = (i + 1) % len(t.periods)
			left = t.periods[i].Duration
		}
	}
	return list
}
