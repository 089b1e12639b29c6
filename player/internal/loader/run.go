package loader

import (
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// Run is a stretch of stream that can be decoded now: a segment, the beginning of one that is still coming in, a
// whole file, or what a connection to a radio brings. The loader makes it and the decoder, who alone may call
// Open, Forget and Done, consumes it.
type Run struct {
	// Open gives the packets. Where there is a Discontinuity.Gap there are none, and it is nil.
	Open      func() (container.Demuxer, error)
	Rendition int
	Index     int        // of the segment, as it is called towards the app
	Reason    abr.Reason // why Rendition

	Segment *SegmentID // the segment it is of; nil for a file or radio
	Packets int        // only so many of its packets: its beginning; zero for all

	Start         time.Duration    // of the segment on the raw timeline, as the playlist says
	InitName      string           // names the init section of segments with an origin
	Origin        *manifest.Origin // what its packets' times count from; nil where the playlist doesn't say
	Continues     bool             // it follows the run before, by the playlist
	Trim          Trimming
	Discontinuity Discontinuity // what is otherwise than in the run before
	Forget        func()        // drops it from the cache, for it could not be decoded; nil where it isn't there

	bytes  int64
	fixed  bool   // it could not be had in another rendition
	before place  // where the loader stood before it
	spilt  func() // it was taken back, perhaps fetched in vain; nil for a file
	close  func() // of a file; else nil
}

// SegmentID is one segment on its way: runs of one segment have the same pointer.
type SegmentID struct{ index int }

// Trimming says which part of the raw timeline is heard, where the manifest or file tells. The
// zero value leaves it to the container's own word.
type Trimming struct {
	Known bool
	Trim  media.Trim
	Rate  int // that Trim counts at
}

// Why says why a live stream goes on elsewhere.
type Why string

// The reasons of a Discontinuity, and of what is told of it.
const (
	WhyWindow  Why = "window"    // what follows has left the list
	WhyRestart Why = "restarted" // the server began anew
	WhyGap     Why = "gap"       // the list says that the segment doesn't exist
	WhyFailed  Why = "failed"    // the segment couldn't be had
	WhyTimes   Why = "times"     // the stream's own clock goes on elsewhere
)

// Discontinuity is how a run breaks with the one before it. The zero Discontinuity is that it doesn't.
type Discontinuity struct {
	Moves    Why           // the timeline goes on at the run's start, wherever it was; "" for no such thing
	Resumed  bool          // a part of it was played, so that its clock is known
	NewClock bool          // its timestamps are no continuation of those before, but its music is
	Gap      time.Duration // there is nothing to open: so much of the music is missing, for Why
	Why      Why
}

// Wrapper is a demuxer of a run that stands before another, which may be able to do more than to give packets.
type Wrapper interface {
	Unwrap() container.Demuxer
}

// Titled is a demuxer of a stream that says things between its packets.
type Titled interface {
	// Titles takes out what the stream says from the packet on that Next gave last.
	Titles() []metadata.Metadata
}

// IsFile reports whether the run is a whole file, whose packets' times are true.
func (r *Run) IsFile() bool { return r.close != nil }

// Done releases what the run holds. The decoder calls it once, when it is through with it.
func (r *Run) Done() {
	if r.close != nil {
		r.close()
	}
}

// spill takes note that a run was taken back before it was played.
func (r *Run) spill() {
	if r.spilt != nil {
		r.spilt()
	}
}
