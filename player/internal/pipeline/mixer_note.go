package pipeline

import (
	"slices"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/media"
)

// Bounds on what the mixer has told and nobody has taken. A mixer whose listener is that far behind
// waits for it.
const (
	markersKept = 1024
	notesKept   = 256
	tellRoom    = 16 // what one order or one step of work may have to tell, at most
)

// MarkerKind is what a Marker marks.
type MarkerKind uint8

// The kinds of a Marker.
const (
	Began    MarkerKind = iota // the entry's music begins, at Position of its timeline; Gapless: right behind the entry before it
	Over                       // the entry's music has ended; Err tells why where it ended early
	Switched                   // the music comes from Rendition, for Reason
	Sped                       // from here on the timeline runs at Speed
	Jumped                     // the timeline goes on at Position: what was before it is skipped
	Finished                   // nothing follows
	Moved                      // the timeline goes on at Position, and from From; Why tells what for
	Missing                    // from Position on there is silence in place of Length of music

	recalled // markers from Frame on that are not heard yet will never be; Due keeps it to itself
)

// Marker is something that becomes true when a frame is heard. Position and Speed are those of the
// entry's timeline at Frame in all kinds but Over and Finished.
type Marker struct {
	Kind      MarkerKind
	Gapless   bool
	Rendition int
	Frame     int64 // index in the mixer's output; see Mixer.Audible
	Entry     *Entry
	Position  time.Duration
	Speed     float64
	From      time.Duration
	Length    time.Duration
	Why       loader.Why
	Reason    abr.Reason
	Err       error
}

// MixerNoteKind is what a MixerNote tells.
type MixerNoteKind uint8

// The kinds of a MixerNote.
const (
	Advanced MixerNoteKind = iota // the mixer has gone over from Entry to Next and wants to know what follows it
	Wanting                       // Entry has nothing left and the mixer doesn't know what follows
	Stalled                       // the music of Entry ran dry
	Resumed                       // the silence is over, after Length. Playing: the music goes on; else a cut or the end came first
	Started                       // the output runs, at SampleRate
	Lost                          // the output failed or could not be had, for Err; Reopen tries again
)

// MixerNote is what the mixer has to say that is true at once.
type MixerNote struct {
	Kind       MixerNoteKind
	Playing    bool
	SampleRate int
	Entry      *Entry
	Next       *Entry
	Length     time.Duration
	Err        error
}

// Changed gives a signal when there may be something new in Note or Due.
func (m *Mixer) Changed() <-chan struct{} { return m.changed }

// Note takes the oldest note; ok is false where there is none. It and Due are for one goroutine.
func (m *Mixer) Note() (n MixerNote, ok bool) { return m.notes.Pop() }

// Due takes the markers that are heard by now, and tells when to look for the next one; negative
// for not before something happens. The slice is good until the next call. It and Note are for one
// goroutine.
func (m *Mixer) Due() (due []Marker, next time.Duration) {
	for k, ok := m.markers.Pop(); ok; k, ok = m.markers.Pop() {
		if k.Kind != recalled {
			m.await(k)
			continue
		}
		keep := 0
		for keep < len(m.awaited) && m.awaited[keep].Frame < k.Frame {
			keep++
		}
		clear(m.awaited[keep:])
		m.awaited = m.awaited[:keep]
	}
	// Whether the sink has a step to do is asked before where it is: if it does the step in between, what
	// is awaited may look further off than it is.
	o := m.out.Load()
	stepping := o != nil && (o.ring.Patient() || o.ring.Dropping())
	at := m.Audible()
	if o != nil && m.paused.Load() {
		// What a Cut dropped is over, though the sink hasn't stepped over it: it may not even look meanwhile.
		at = max(at, o.index(o.ring.Dropped()))
	}
	n := 0
	for n < len(m.awaited) && m.heard(&m.awaited[n], at) {
		n++
	}
	clear(m.due)
	m.due = append(m.due[:0], m.awaited[:n]...)
	rest := copy(m.awaited, m.awaited[n:])
	clear(m.awaited[rest:])
	m.awaited = m.awaited[:rest]
	if rest == 0 || o == nil || m.frozen.Load() >= 0 {
		return m.due, -1
	}
	if stepping && !m.paused.Load() {
		return m.due, 2 * time.Millisecond
	}
	return m.due, m.untilHeard(o, at)
}

// untilHeard says when to look again for the first of the markers that are awaited, when frame at is
// heard; negative for not before something happens.
func (m *Mixer) untilHeard(o *output, at int64) time.Duration {
	next := m.awaited[0].Frame
	left := media.Frames(next - at).Duration(o.mix)
	switch {
	case !m.paused.Load():
		return max(2*time.Millisecond, left)
	case next <= o.index(o.ring.Halt()): // the sink has it, and is yet to make it heard
		return max(look, left)
	}
	return -1
}

// await puts a marker among those that are not heard yet, by frame: a change of speed is told of
// before what is on its way through the stages.
func (m *Mixer) await(k Marker) {
	i := len(m.awaited)
	for i > 0 && m.awaited[i-1].Frame > k.Frame {
		i--
	}
	m.awaited = slices.Insert(m.awaited, i, k)
}

// heard reports whether a marker is true when frame at is the next one to be heard. What ends is
// over once its last frame is out; what begins has begun once its first one is, or, while paused,
// once it stands ready.
func (m *Mixer) heard(k *Marker, at int64) bool {
	if k.Kind == Over || k.Kind == Finished {
		return k.Frame <= at
	}
	return k.Frame < at || k.Frame == at && m.paused.Load()
}

// note tells something at once. There is room for it: see mute.
func (m *Mixer) note(n MixerNote) {
	m.notes.Push(n)
	m.told = true
}

// mark tells something that becomes true later.
func (m *Mixer) mark(k Marker) {
	m.markers.Push(k)
	m.told = true
}

// mute reports that whoever listens is so far behind that nothing more can be told: then the mixer
// does nothing that it would have to tell of.
func (m *Mixer) mute() bool {
	return m.notes.Room() < tellRoom || m.markers.Room() < tellRoom
}
