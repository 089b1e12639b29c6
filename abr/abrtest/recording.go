package abrtest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/segue-audio/segue/abr"
)

// RecordingVersion is that of the format of recordings.
const RecordingVersion = 1

// Record is one line of a recording: a JSON object, of which only what applies is there. A recording begins
// with a line that has a version and the rule's name. After it come questions, which have a state, and, in
// the order in which the Estimator was told of them, samples. Durations are nanoseconds, bit rates bits a
// second; state, progress, decision and sample have the fields of the types of package abr, by their names
// there.
type Record struct {
	Version int    `json:"segue_abr,omitempty"` // RecordingVersion, in the first line only
	Rule    string `json:"rule,omitempty"`      // who was asked, in the first line only
	Network string `json:"network,omitempty"`   // the kind of network, where it is known, from here on

	At    time.Duration `json:"at"`              // since the recording began
	Entry string        `json:"entry,omitempty"` // what is played; the app's word for it

	State    *abr.State    `json:"state,omitempty"`    // a question
	Progress *abr.Progress `json:"progress,omitempty"` // it was about this request in flight
	Decision *abr.Decision `json:"decision,omitempty"` // the answer; none with a progress means to go on
	Queue    []abr.Queued  `json:"queue,omitempty"`    // what could be replaced was asked, and this is here
	Upgrade  *abr.Upgrade  `json:"upgrade,omitempty"`  // the answer to that; none means nothing

	Sample *abr.Sample `json:"sample,omitempty"` // the Estimator was told of it
	Doubt  bool        `json:"doubt,omitempty"`  // the Estimator was told that the link may be another one
	Prior  *abr.Prior  `json:"prior,omitempty"`  // the Estimator was told to expect it, and to forget all else
}

// Limits on a recording that is read.
const (
	MaxRecords         = 1 << 20
	MaxRecordBytes     = 64 << 10 // of one line
	maxRecordedChoices = 64       // renditions in a state
	maxRecordedQueue   = 4096     // segments
)

// The reasons for which a recording is refused.
var (
	ErrRecording      = errors.New("abrtest: recording")
	ErrRecordingLimit = fmt.Errorf("%w: larger than the limit", ErrRecording)
)

// ReadRecording reads a recording line by line, without holding it. After an error, which wraps ErrRecording
// or is the reader's own, nothing more comes. A line that breaks off at the end of the file, as that of a player
// which was killed does, ends the recording without an error.
func ReadRecording(r io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		lines := bufio.NewReaderSize(r, MaxRecordBytes)
		for n := 1; ; n++ {
			line, err := lines.ReadSlice('\n')
			switch {
			case err == io.EOF && n > 1:
				return
			case errors.Is(err, bufio.ErrBufferFull):
				yield(Record{}, fmt.Errorf("%w: line %d has more than %d bytes", ErrRecordingLimit, n, MaxRecordBytes))
				return
			case err != nil && err != io.EOF:
				yield(Record{}, err)
				return
			case n > MaxRecords:
				yield(Record{}, fmt.Errorf("%w: more than %d lines", ErrRecordingLimit, MaxRecords))
				return
			}
			var record Record
			if err = json.Unmarshal(line, &record); err == nil {
				err = record.check(n == 1)
			}
			if err != nil {
				yield(Record{}, fmt.Errorf("%w: line %d: %w", ErrRecording, n, err))
				return
			}
			if !yield(record, nil) {
				return
			}
		}
	}
}

// check tells whether a line makes sense.
func (r *Record) check(first bool) error {
	switch {
	case first && r.Version != RecordingVersion:
		return fmt.Errorf("a recording of version %d, this is of version %d", r.Version, RecordingVersion)
	case r.At < 0:
		return fmt.Errorf("it is at %v", r.At)
	case r.State == nil && (r.Progress != nil || r.Decision != nil || r.Queue != nil), r.Queue == nil && r.Upgrade != nil:
		return errors.New("an answer without a question")
	case r.State != nil && r.Progress == nil && r.Decision == nil && r.Queue == nil:
		return errors.New("a question without an answer")
	case r.State == nil:
		return nil
	}
	n := len(r.State.Renditions)
	switch {
	case n > maxRecordedChoices:
		return fmt.Errorf("%w: %d renditions", ErrRecordingLimit, n)
	case r.State.Current < -1 || r.State.Current >= max(n, 1):
		return fmt.Errorf("rendition %d of %d is the current one", r.State.Current, n)
	case len(r.Queue) > maxRecordedQueue:
		return fmt.Errorf("%w: %d segments are queued", ErrRecordingLimit, len(r.Queue))
	case r.Upgrade != nil && (r.Upgrade.Place < 0 || r.Upgrade.Place >= len(r.Queue) || r.Upgrade.Index < 0 || r.Upgrade.Index >= n):
		return fmt.Errorf("rendition %d of %d was chosen for place %d of %d", r.Upgrade.Index, n, r.Upgrade.Place, len(r.Queue))
	case r.Decision != nil && (r.Decision.Index < -1 || r.Decision.Index >= n):
		return fmt.Errorf("rendition %d of %d was chosen", r.Decision.Index, n)
	}
	return nil
}

// Recorder writes what a rule is asked and answers, and what an Estimator is told, as a recording. Any
// goroutine may call it. The first error of the writer stays, and Err gives it; a player goes on without.
type Recorder struct {
	mu    sync.Mutex
	out   *json.Encoder
	err   error
	since func() time.Duration
}

// NewRecorder begins a recording. since gives the time since its beginning; nil means the wall clock's. rule
// names who is asked.
func NewRecorder(w io.Writer, rule string, since func() time.Duration) *Recorder {
	if since == nil {
		began := time.Now()
		since = func() time.Duration { return time.Since(began) }
	}
	r := &Recorder{out: json.NewEncoder(w), since: since}
	r.write(Record{Version: RecordingVersion, Rule: rule})
	return r
}

func (r *Recorder) write(record Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	record.At = max(0, r.since())
	r.err = r.out.Encode(record)
}

// Err gives the first error of the writer.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Sample records that an Estimator was told of a sample.
func (r *Recorder) Sample(s abr.Sample) { r.write(Record{Sample: &s}) }

// Doubt records that an Estimator was told that the link may be another one.
func (r *Recorder) Doubt() { r.write(Record{Doubt: true}) }

// Expect records that an Estimator was told what to expect.
func (r *Recorder) Expect(p abr.Prior) { r.write(Record{Prior: &p}) }

// Network records the kind of network that is used from now on.
func (r *Recorder) Network(kind string) { r.write(Record{Network: kind}) }

// Wrap gives a rule that answers as the other does, and is recorded. It is an abr.Upgrader if the other is one.
func (r *Recorder) Wrap(rule abr.Rule) abr.Rule {
	if u, ok := rule.(abr.Upgrader); ok {
		return recordedUpgrader{recorded{r, rule}, u}
	}
	return recorded{r, rule}
}

type recorded struct {
	recorder *Recorder
	rule     abr.Rule
}

// Next implements abr.Rule.
func (r recorded) Next(s abr.State) abr.Decision {
	d := r.rule.Next(s)
	r.recorder.write(Record{State: &s, Decision: &d})
	return d
}

// Abandon implements abr.Rule.
func (r recorded) Abandon(s abr.State, p abr.Progress) (abr.Decision, bool) {
	d, ok := r.rule.Abandon(s, p)
	record := Record{State: &s, Progress: &p}
	if ok {
		record.Decision = &d
	}
	r.recorder.write(record)
	return d, ok
}

// recordedUpgrader is recorded when it is asked for upgrades as well.
type recordedUpgrader struct {
	recorded
	upgrader abr.Upgrader
}

// Upgrade implements abr.Upgrader.
func (r recordedUpgrader) Upgrade(s abr.State, queue []abr.Queued) (abr.Upgrade, bool) {
	u, ok := r.upgrader.Upgrade(s, queue)
	if len(queue) == 0 {
		return u, ok
	}
	record := Record{State: &s, Queue: queue}
	if ok {
		record.Upgrade = &u
	}
	r.recorder.write(record)
	return u, ok
}
