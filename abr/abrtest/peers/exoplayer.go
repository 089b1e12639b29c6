package peers

import (
	"cmp"
	"math"
	"slices"

	"github.com/segue-audio/segue/abr/abrtest"
)

// exoplayer is the rule of Media3's ExoPlayer 1.11.0: AdaptiveTrackSelection with DefaultBandwidthMeter and
// SlidingPercentile, in the default configuration, but with the buffer that the session has.
//
// The highest track within 0.7 of the estimate is ideal; with less than 10 s of buffer it doesn't climb,
// with 25 s it doesn't fall. The estimate is the median of the rates of downloads, weighed by the root of
// their bytes, over the last 2,000 of that weight, and holds from 2 s or 512 KiB on; until then it is that
// of the country and the network: Norway's for 3G and Belgium's for 4G, where the recorded links of these
// networks come from, the United States' for fixed lines. Nothing is abandoned: it does so with video alone.
type exoplayer struct {
	samples []exoSample // oldest first
	scratch []exoSample
	weight  int
	rate    int64 // bits a second
	elapsed float64
	bytes   float64
	carried float64 // bytes of transfers that took no time
	chosen  int     // −1 before the first choice
}

type exoSample struct {
	weight int
	value  float32 // bits a second
}

const (
	exoMaxWeight  = 2000
	exoElapsed    = 2000 // milliseconds
	exoBytes      = 512 << 10
	exoFraction   = float32(0.7)
	exoIncrease   = 10_000 // milliseconds of buffer
	exoDecrease   = 25_000 // milliseconds of buffer
	exoPercentile = float32(0.5)
)

// exoPrior is the estimate before anything is measured, in bits a second.
func exoPrior(network string) float64 {
	switch network {
	case "3g":
		return 860e3
	case "4g":
		return 2.5e6
	case "fixed":
		return 2.4e6
	}
	return 1e6
}

func (e *exoplayer) Start(v *abrtest.View) {
	*e = exoplayer{rate: int64(exoPrior(v.Network) * v.Scale), chosen: -1}
}

func (e *exoplayer) estimate() float64 { return float64(e.rate) }

// ideal is determineIdealSelectedIndex of the allocated bandwidth, in Java's arithmetic.
func (e *exoplayer) ideal(ladder []float64) int {
	return highest(ladder, float64(int64(float32(e.rate)*exoFraction))/1000)
}

func (e *exoplayer) Choose(v *abrtest.View) abrtest.Pick {
	ideal := e.ideal(v.Playlist.Ladder)
	if e.chosen >= 0 {
		previous := e.chosen
		if len(v.Queue) > 0 {
			previous = v.Last
		}
		if ideal > previous && v.Buffer < exoIncrease || ideal < previous && v.Buffer >= exoDecrease {
			ideal = previous
		}
	}
	e.chosen = ideal
	return abrtest.Pick{Index: ideal}
}

// Done is onTransferEnd. A transfer starts when the response's headers are here.
func (e *exoplayer) Done(_ *abrtest.View, d *abrtest.Download) {
	took, bytes := math.Floor(d.Elapsed-d.FirstByte), e.carried+math.Floor(d.Got/8)
	e.elapsed += max(took, 0)
	e.bytes += bytes
	if e.carried = bytes; took <= 0 {
		return
	}
	e.carried = 0
	e.add(exoSample{int(math.Sqrt(bytes)), float32(bytes) * 8000 / float32(took)})
	if e.elapsed >= exoElapsed || e.bytes >= exoBytes {
		e.rate = int64(e.median())
	}
}

func (e *exoplayer) add(s exoSample) {
	e.samples = append(e.samples, s)
	e.weight += s.weight
	for e.weight > exoMaxWeight {
		excess := e.weight - exoMaxWeight
		if oldest := &e.samples[0]; oldest.weight > excess {
			oldest.weight -= excess
			e.weight -= excess
		} else {
			e.weight -= oldest.weight
			e.samples = e.samples[1:]
		}
	}
}

func (e *exoplayer) median() float32 {
	e.scratch = append(e.scratch[:0], e.samples...)
	slices.SortStableFunc(e.scratch, func(a, b exoSample) int { return cmp.Compare(a.value, b.value) })
	half, sum := exoPercentile*float32(e.weight), 0
	for _, s := range e.scratch {
		sum += s.weight
		if float32(sum) >= half {
			return s.value
		}
	}
	return e.scratch[len(e.scratch)-1].value
}
