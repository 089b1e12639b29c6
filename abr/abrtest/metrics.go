package abrtest

import "math"

// Weights say what a fault costs, in seconds of the best quality.
type Weights struct {
	Stall  float64 // of a second of silence in the middle
	Start  float64 // of a second of waiting for the first sound, also after a skip
	Switch float64 // of an audible switch from the lowest rendition to the highest; a smaller one in proportion
}

// MusicWeights are the yardstick's: silence hurts a music listener far more than a lower bit rate.
func MusicWeights() Weights { return Weights{Stall: 20, Start: 4, Switch: 4} }

// Metrics are what became of a session. Times are milliseconds.
type Metrics struct {
	// QoE is the quality of experience, in points of which 100 are perfect and less than 0 is possible: the
	// mean utility of what was heard, less the weighted faults, each over the time that was heard. It is
	// the linear form of Yin et al., "A Control-Theoretic Approach for Dynamic Adaptive Video Streaming"
	// (SIGCOMM 2015), divided by the duration.
	QoE     float64
	Utility float64 // the mean of what was heard, 0 to 1
	Kbps    float64 // the mean of what was heard

	Wall, Heard, Stalled float64
	Waited               float64 // for a start
	Stalls, Starts       int     // a start is the session's, or a skip's to what was not there yet
	Switches             int     // that could be heard
	SwitchSize           float64 // their sum, in utility

	Bits                   float64 // that came over the link
	Radio                  float64 // milliseconds for which a phone's radio is up: during requests, and some time after
	Abandons, Replacements int
	WastedAbandoned        float64   // bits of requests broken off
	WastedReplaced         float64   // bits replaced unheard, and of replacements that came too late
	WastedSkipped          float64   // bits of what was skipped
	Rendition              []int     // that each segment was heard in; −1 for one that was not heard
	HeardOf                []float64 // milliseconds of each segment
	Finished               bool      // false when Client.Limit came first
}

// Wasted is all that came for nothing, in bits.
func (m *Metrics) Wasted() float64 { return m.WastedAbandoned + m.WastedReplaced + m.WastedSkipped }

// score computes what follows from what was heard of each segment.
func (m *Metrics) score(p *Playlist, w Weights) {
	utility, bits, last := 0.0, 0.0, -1
	for i, index := range m.Rendition {
		if index < 0 {
			continue
		}
		s := &p.Segments[i]
		m.Heard += m.HeardOf[i]
		utility += p.Utility[index] * m.HeardOf[i]
		bits += s.Bits[index] * (m.HeardOf[i] / s.Duration)
		if last >= 0 && index != last && !s.First {
			m.Switches++
			m.SwitchSize += math.Abs(p.Utility[index] - p.Utility[last])
		}
		last = index
	}
	if m.Heard <= 0 {
		return
	}
	m.Utility = utility / m.Heard
	m.Kbps = bits / m.Heard
	m.QoE = 100 * (m.Utility - (w.Stall*m.Stalled+w.Start*m.Waited)/m.Heard - w.Switch*1000*m.SwitchSize/m.Heard)
}
