package abrtest

// Algorithm is what the client asks which rendition to fetch: a Rule of package abr in its adapter, a peer's
// rule, or a plan made in advance. It may remember what it saw; one value serves one session at a time.
// Its optional abilities are Abandoner, Upgrader, Targeter and Idler.
//
// The View is the client's own and changes after the call: nothing of it may be kept or written to.
type Algorithm interface {
	// Start begins a session and forgets every earlier one.
	Start(v *View)

	// Choose names the rendition for segment v.Next.
	Choose(v *View) Pick

	// Done tells of a request that has ended, in whatever way. v is as it is afterwards: a segment that
	// arrived is in v.Queue.
	Done(v *View, d *Download)
}

// Abandoner is asked about the request in flight again and again.
type Abandoner interface {
	// PollEvery is how many milliseconds lie between two questions.
	PollEvery() float64

	// Abandon tells whether to break the request off. Unless it is a replacement, the same segment is then
	// fetched anew in rendition index.
	Abandon(v *View, d *Download) (index int, ok bool)
}

// Upgrader replaces segments that are already queued, while there is no room for another.
type Upgrader interface {
	// Upgrade names a place in v.Queue, from 1 on, and the rendition to fetch that segment in. idle is how
	// many milliseconds there would be nothing to do otherwise.
	Upgrade(v *View, idle float64) (place, index int, ok bool)
}

// Targeter wants less in the buffer than there is room for.
type Targeter interface {
	// BufferTarget gives the milliseconds of media that are enough for now. It is asked at least every half
	// second.
	BufferTarget(v *View) float64
}

// Idler is told of the times when the link had nothing to do.
type Idler interface {
	// Idle comes after that many milliseconds of waiting for room.
	Idle(v *View, milliseconds float64)
}

// Pick is an answer of an Algorithm. An Index out of range is clamped.
type Pick struct {
	Index  int
	Delay  float64 // milliseconds to wait before the request; the choice stands
	Reason string  // for pictures and records; may be empty
}

// Queued is a segment in the buffer.
type Queued struct{ Segment, Index int }

// View is what an Algorithm may know of the session. A rule that plays fair looks at nothing else: the
// link's future is not in it.
type View struct {
	Playlist *Playlist
	Network  string  // the kind of network, where it is known: "3g", "4g", "fixed" or empty
	Scale    float64 // by which the link's rates were multiplied: priors in absolute figures go with it
	Weights  Weights

	Now       float64  // milliseconds since the session began
	Next      int      // the segment to be fetched next
	Last      int      // the rendition of the segment that came in last; −1 at the start
	Buffer    float64  // milliseconds of media that are here and not yet heard
	MaxBuffer float64  // milliseconds that there is room for
	Queue     []Queued // what is here and not yet heard
	Head      float64  // milliseconds of Queue[0] that have been heard
	Started   bool     // the first segment is, or was, here
	Finishes  bool     // upgrades go on when the last segment is here
}

// Outcome is how a request ended.
type Outcome uint8

// The outcomes.
const (
	InFlight  Outcome = iota // it has not
	Complete                 // every bit is here
	Abandoned                // the algorithm broke it off
	Cancelled                // its segment is no longer wanted: skipped, or a replacement that came too late
)

// Mark says how far a request had come.
type Mark struct {
	Elapsed float64 // milliseconds since the request
	Bits    float64 // received so far
}

// Download is a request, in flight or ended.
type Download struct {
	Segment, Index int
	Bits           float64 // of the whole segment
	Got            float64 // bits received so far
	Began          float64 // milliseconds since the session began
	Elapsed        float64 // milliseconds since the request
	FirstByte      float64 // milliseconds from the request to its first byte, also while that is still to come
	Marks          []Mark  // at each poll, and at the end of a complete one
	Outcome        Outcome
	To             int     // of an abandoned one: what is fetched instead; else −1
	Replacing      bool    // of a queued segment
	Due            float64 // of a replacement: milliseconds until the segment that it replaces begins to be heard
}

// Entry is an algorithm in a list from which one chooses by name.
type Entry struct {
	Name    string
	About   string           // what it is, in a sentence
	Checked string           // how its likeness to the original was checked; empty for rules of our own
	New     func() Algorithm // a new one for each session
}
