package sink

// Pace is how fast a sink without a clock of its own takes frames.
type Pace int

// The paces.
const (
	// RealTime takes frames at the sample rate, as a device does. What the source can't give in
	// time becomes silence.
	RealTime Pace = iota
	// Unpaced takes frames as fast as the source has them, and only music: it waits through
	// Source.Wait instead of playing silence.
	Unpaced
)
