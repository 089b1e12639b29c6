package abrtest

import (
	"fmt"
	"math"
)

// Steady is a link that never changes.
func Steady(kbps, latency float64) (*Trace, error) {
	return NewTrace(fmt.Sprintf("steady %g kbps", kbps), []Period{{Duration: 3600e3, Kbps: kbps, Latency: latency}})
}

// Fading describes links whose rate wanders as that of radio does: its logarithm is a Gauss-Markov process,
// and now and then nothing passes at all, in outages of exponentially distributed lengths. Zero fields but Kbps
// have the meaning that is given with them.
type Fading struct {
	Kbps    float64 // the median
	Latency float64 // milliseconds
	Octaves float64 // the standard deviation of the rate's logarithm; zero: it is steady but for outages
	Memory  float64 // milliseconds after which a deviation has become a third; zero means 10 s
	Outages float64 // how many an hour; zero: none
	Outage  float64 // milliseconds that one lasts on average; zero means 20 s
	Length  float64 // milliseconds; zero means 20 minutes
	Every   float64 // milliseconds that a period lasts; zero means 1 s
}

// Trace makes the link that a name stands for: the same for the same name, and another for another.
func (f Fading) Trace(name string) (*Trace, error) {
	for _, d := range []struct {
		to    *float64
		value float64
	}{
		{&f.Memory, 10e3}, {&f.Outage, 20e3}, {&f.Length, 1200e3}, {&f.Every, 1e3},
	} {
		if *d.to == 0 {
			*d.to = d.value
		}
	}
	if !(f.Every >= 1 && f.Length/f.Every <= MaxPeriods && f.Memory > 0) {
		return nil, fmt.Errorf("%w: periods of %v ms in %v", ErrTrace, f.Every, f.Length)
	}
	r := newRandom("fading/" + name)
	stay := math.Exp(-f.Every / f.Memory)
	deviation, out := r.normal(), false
	var periods []Period
	for at := 0.0; at < f.Length; at += f.Every {
		p := Period{Duration: f.Every, Latency: f.Latency}
		if out {
			out = r.float() >= f.Every/f.Outage
		} else {
			out = r.float() < f.Every/3600e3*f.Outages
		}
		if !out {
			p.Kbps = min(f.Kbps*math.Exp2(f.Octaves*deviation), MaxKbps)
		}
		deviation = stay*deviation + math.Sqrt(1-stay*stay)*r.normal()
		periods = append(periods, p)
	}
	return NewTrace(name, periods)
}

// normal is of mean 0 and deviation 1 (Box and Muller).
func (r *random) normal() float64 {
	return math.Sqrt(-2*math.Log(1-r.float())) * math.Cos(2*math.Pi*r.float())
}

// Made are links of three kinds of networks, eight each, for whoever has no recorded ones: as fast and
// as unsteady as recordings of such networks are, but with less in them that nobody thought of.
func Made() ([]*Trace, error) {
	var list []*Trace
	for _, kind := range []struct {
		network string
		low     Fading // the worst of them
		high    Fading // the best
	}{
		{"3g", Fading{Kbps: 300, Latency: 150, Octaves: 1.6, Memory: 15e3, Outages: 20}, Fading{Kbps: 2500, Latency: 80, Octaves: 0.6, Memory: 8e3}},
		{"4g", Fading{Kbps: 4000, Latency: 80, Octaves: 1.5, Memory: 10e3, Outages: 8}, Fading{Kbps: 40_000, Latency: 40, Octaves: 0.5, Memory: 5e3}},
		{"fixed", Fading{Kbps: 1200, Latency: 40, Octaves: 0.8, Memory: 30e3}, Fading{Kbps: 12_000, Latency: 15, Octaves: 0.1, Memory: 30e3}},
	} {
		const n = 8
		for i := range n {
			at := float64(i) / (n - 1)
			between := func(a, b float64) float64 { return a + (b-a)*at }
			t, err := Fading{
				Kbps:    kind.low.Kbps * math.Pow(kind.high.Kbps/kind.low.Kbps, at),
				Latency: between(kind.low.Latency, kind.high.Latency),
				Octaves: between(kind.low.Octaves, kind.high.Octaves),
				Memory:  between(kind.low.Memory, kind.high.Memory),
				Outages: between(kind.low.Outages, kind.high.Outages),
			}.Trace(fmt.Sprintf("made-%s-%d", kind.network, i))
			if err != nil {
				return nil, err
			}
			t.Network = kind.network
			list = append(list, t)
		}
	}
	return list, nil
}
