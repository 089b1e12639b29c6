// Package abr decides which rendition of a presentation to fetch next. A Rule is a pure function of the
// State it is shown: it holds no clock, does no I/O, keeps no memory and allocates nothing, so the same
// state always gives the same answer and every decision can be replayed. The Estimator, which turns
// finished downloads into a throughput, is the one thing here that remembers.
//
// The package refuses to know what a manifest, a cache or a player is. It asks for the lowest rendition
// rather than risk silence: in music a pause hurts far more than a low bit rate.
package abr

import (
	"time"

	"github.com/segue-audio/segue/player/media"
)

// What a zero field of State stands for.
const (
	DefaultTarget          = 30 * time.Second
	DefaultSegmentDuration = 4 * time.Second
)

// Rendition is one choice.
type Rendition struct {
	Bitrate  media.Bitrate // peak, or the best that is known
	Lossless bool          // for Limits and the listener's eyes: the rules here weigh Bitrate alone

	// For Limits alone.
	Codecs     string // RFC 6381; empty where unknown
	SampleRate int    // Hz; zero where unknown
}

// State is all that a decision may depend on.
type State struct {
	Renditions []Rendition // ascending by Bitrate; rules only read it

	Current         int           // the rendition of the segment fetched last; −1 at the start
	Buffer          time.Duration // music that is here and not yet heard
	Target          time.Duration // what the buffer is filled up to; zero means DefaultTarget
	SegmentDuration time.Duration // of the segment to be fetched; zero means DefaultSegmentDuration
	Throughput      media.Bitrate // of the link, while bytes flow; zero where nothing is known
	Latency         time.Duration // from a request to its first byte
	Max             media.Bitrate // no rendition above it, unless the lowest is; zero means no cap

	// What follows helps Tempo, and may be left out.
	Link     Link          // as the Estimator has it
	Network  Network       // the kind that the device is on
	Metered  bool          // each byte costs: nothing is fetched twice
	Seamless bool          // the segment to be fetched begins a track: a switch before it is not heard
	Left     time.Duration // of music that is to be fetched, this segment and what is known to follow; zero means no end
	Finishes bool          // upgrades are asked for after the last segment too, until it is heard; goes with Left and AllIn
	AllIn    bool          // the last segment is here, and nothing but upgrades is asked for
	Sizes    []int64       // bytes of the segment to be fetched, in each rendition; zero where unknown
	Queue    []Queued      // what waits and may be replaced, in order; none where the caller can't or won't upgrade: else Tempo may lay a base that nobody raises
}

// Decision is an answer of a rule.
type Decision struct {
	Index  int // into State.Renditions; −1 only where there are none
	Reason Reason
}

// Reason says why, in a word that goes into events and logs unchanged.
type Reason string

// The reasons that this package gives.
const (
	ReasonStart      Reason = "start-up"    // the first choice
	ReasonHold       Reason = "hold"        // nothing to gain from a switch, or nothing known
	ReasonThroughput Reason = "throughput"  // the link carries more, or does not carry what was chosen
	ReasonBufferLow  Reason = "buffer-low"  // the link would carry it, but the buffer is too thin to bet on that
	ReasonBufferHigh Reason = "buffer-high" // the buffer is thick enough to make a choice the link just carries
	ReasonCap        Reason = "cap"         // State.Max stands in the way of more
	ReasonOnly       Reason = "only-choice" // there is one rendition, or none
	ReasonManual     Reason = "manual"      // someone chose
	ReasonAbandon    Reason = "abandon"     // the download in flight would come too late
	ReasonInsure     Reason = "insure"      // the lowest first, since there is time to replace it by a better one
	ReasonUpgrade    Reason = "upgrade"     // the buffer is full, and this is the best use of the link
)

// Progress is a download in flight.
type Progress struct {
	Index      int           // the rendition that is being fetched
	BytesDone  int64         // received so far
	BytesTotal int64         // of the whole segment; zero where unknown
	Elapsed    time.Duration // since the request
	Due        time.Duration // of a replacement: until the segment that it replaces is heard; zero for any other

	// RecentBytes came in during the last Recent of Elapsed, a second or so; less than half a second may be
	// a gap between two bursts and is passed over. A zero Recent means that only the whole is known, and
	// then a link that collapses midway is noticed later.
	RecentBytes int64
	Recent      time.Duration
}

// Rule chooses renditions. Implementations are values that many goroutines may share.
type Rule interface {
	// Next gives the rendition to fetch the next segment in. The Index is valid for s.Renditions.
	Next(s State) Decision

	// Abandon tells whether to break off the download in flight and fetch the same segment anew as the
	// decision says, always in a lower rendition. It is meant to be asked a few times a second.
	// s.Buffer is that of the moment.
	Abandon(s State, p Progress) (Decision, bool)
}

// target gives s.Target or its default.
func (s *State) target() time.Duration {
	if s.Target <= 0 {
		return DefaultTarget
	}
	return s.Target
}

// segment gives s.SegmentDuration or its default.
func (s *State) segment() time.Duration {
	if s.SegmentDuration <= 0 {
		return DefaultSegmentDuration
	}
	return s.SegmentDuration
}

// ceiling is the highest index that Max allows.
func (s *State) ceiling() int {
	top := len(s.Renditions) - 1
	if s.Max <= 0 {
		return top
	}
	for top > 0 && s.Renditions[top].Bitrate > s.Max {
		top--
	}
	return top
}

// fetchTime is how long rendition i's next segment takes at the given rate.
func (s *State) fetchTime(i int, rate media.Bitrate) time.Duration {
	return fetchTime(s.Renditions[i].Bitrate, s.segment(), rate, s.Latency)
}

// farOff stands for "too long to matter" and leaves room to multiply.
const farOff = 24 * time.Hour

func fetchTime(bitrate media.Bitrate, segment time.Duration, rate media.Bitrate, latency time.Duration) time.Duration {
	if rate <= 0 {
		return farOff
	}
	d := float64(max(bitrate, 0)) / float64(rate) * float64(segment)
	return time.Duration(min(d+float64(max(latency, 0)), float64(farOff)))
}
