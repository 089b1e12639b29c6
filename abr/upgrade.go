package abr

import "time"

// Queued is a segment that is here and has not been heard.
type Queued struct {
	Index    int           // the rendition that it is in
	Starts   time.Duration // until it is heard
	Duration time.Duration
	Seamless bool    // it begins a track
	Bytes    []int64 // of the same segment in each rendition; nil where nothing is known, zero for one that isn't
}

// Upgrade says which queued segment to fetch anew, and in which rendition.
type Upgrade struct {
	Place int // in the queue
	Decision
}

// Upgrader is a Rule that can make better use of a full buffer than to wait: by fetching again, in a better
// rendition, what lies in it. It is as pure as the Rule.
type Upgrader interface {
	Rule

	// Upgrade is asked while nothing more is to be fetched. The queue is what may be replaced, in the order
	// in which it will be heard. A replacement is a download as any other: Abandon is asked about it, with an
	// answer that counts as yes or no.
	Upgrade(s State, queue []Queued) (Upgrade, bool)
}
