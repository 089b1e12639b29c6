package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segue-audio/segue/player/internal/record"
)

// Limits of what is written and read.
const (
	MaxEntries   = 200_000 // in the list
	MaxItemBytes = 64 << 10
	MaxBytes     = 256 << 20
)

// maxID leaves room for ids to be given.
const maxID = 1 << 62

// Errors of Restore, beside those of the package record, and of AppendBinary.
var (
	ErrLimit        = errors.New("queue is beyond a limit")
	ErrInconsistent = errors.New("stored queue contradicts itself")
)

// magic has the version in it: what an older reader can't pass over gets another one.
const magic = "SEGQ1"

// The fields. Numbers are never used anew.
const (
	fieldNumbers = 1 // last id, cursor + 1, flags, round, position: varints; more may follow
	fieldShuffle = 2 // mode, then the seed in 8 bytes
	fieldRepeat  = 3
	fieldList    = 4 // count, then of each entry: id less the one before, flags, length and bytes of its item
	fieldOrder   = 5 // of each entry in play order: index in the list
	fieldGone    = 6 // like fieldList: what was heard and isn't in the list
	fieldHeard   = 7 // count, then ids
	fieldTrail   = 8 // count, then ids
)

const (
	flagBegun = 1 << iota
	flagHeard
)

// Snapshot is everything about a queue at one moment. It never changes and may be used from any
// goroutine.
type Snapshot[T any] struct {
	View[T]
	// Position on the timeline of the current entry. The queue itself doesn't know it.
	Position time.Duration

	lastID       int64
	round        uint64
	begun, heard bool
	history      []Entry[T]
	trail        []int64
}

// Snapshot takes down the queue as it is. It costs little: the list isn't copied.
func (q *Queue[T]) Snapshot(position time.Duration) Snapshot[T] {
	return Snapshot[T]{
		View: q.View(), Position: position, lastID: q.LastID(), round: q.round, begun: q.begun, heard: q.heardHere,
		history: q.History(), trail: slices.Clone(q.trail),
	}
}

// AppendBinary appends the snapshot's stored form to dst. encode appends that of an item. ErrLimit is
// the one possible error.
func (s Snapshot[T]) AppendBinary(dst []byte, encode func([]byte, *T) []byte) ([]byte, error) {
	from := len(dst)
	dst = append(dst, magic...)
	var flags int64
	if s.begun {
		flags |= flagBegun
	}
	if s.heard {
		flags |= flagHeard
	}
	var b []byte
	for _, n := range []int64{s.lastID, int64(s.cursor + 1), flags, int64(s.round), int64(s.Position)} {
		b = binary.AppendVarint(b, n)
	}
	dst = record.AppendBytes(dst, fieldNumbers, b)
	dst = record.AppendBytes(dst, fieldShuffle, binary.LittleEndian.AppendUint64([]byte{byte(s.shuffle.Mode)}, s.shuffle.Seed))
	dst = record.AppendInt(dst, fieldRepeat, int64(s.repeat))

	index := make(map[int64]int, len(s.list))
	for i := range s.list {
		index[s.list[i].ID] = i
	}
	var gone []Entry[T]
	known := make(map[int64]bool)
	for _, e := range s.history {
		if _, ok := index[e.ID]; !ok && !known[e.ID] {
			known[e.ID] = true
			gone = append(gone, e)
		}
	}
	for _, part := range []struct {
		field   uint64
		entries []Entry[T]
	}{{fieldList, s.list}, {fieldGone, gone}} {
		var err error
		if b, err = appendEntries(b[:0], part.entries, encode); err != nil {
			return nil, err
		}
		dst = record.AppendBytes(dst, part.field, b)
	}
	if s.shuffle.Mode != ShuffleOff {
		b = b[:0]
		for i := range s.order {
			b = binary.AppendUvarint(b, uint64(index[s.order[i].ID]))
		}
		dst = record.AppendBytes(dst, fieldOrder, b)
	}
	dst = record.AppendBytes(dst, fieldHeard, appendIDs(b[:0], idsOf(s.history)))
	dst = record.AppendBytes(dst, fieldTrail, appendIDs(b[:0], s.trail))
	if len(dst)-from > MaxBytes-4 {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrLimit, MaxBytes)
	}
	return record.Seal(dst, from), nil
}

func appendEntries[T any](dst []byte, entries []Entry[T], encode func([]byte, *T) []byte) ([]byte, error) {
	if len(entries) > MaxEntries {
		return nil, fmt.Errorf("%w: %d entries, more than %d", ErrLimit, len(entries), MaxEntries)
	}
	dst = binary.AppendUvarint(dst, uint64(len(entries)))
	var before int64
	var item []byte
	for _, e := range entries {
		if item = encode(item[:0], e.Item); len(item) > MaxItemBytes {
			return nil, fmt.Errorf("%w: an item takes %d bytes, more than %d", ErrLimit, len(item), MaxItemBytes)
		}
		dst = binary.AppendVarint(dst, e.ID-before)
		dst = binary.AppendUvarint(dst, e.mark&pinned)
		dst = binary.AppendUvarint(dst, uint64(len(item)))
		dst = append(dst, item...)
		before = e.ID
	}
	return dst, nil
}

func appendIDs(dst []byte, ids []int64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(ids)))
	for _, id := range ids {
		dst = binary.AppendVarint(dst, id)
	}
	return dst
}

// stored is what Restore read, before it is believed.
type stored[T any] struct {
	numbers      [5]int64
	shuffle      Shuffle
	repeat       Repeat
	list, gone   []Entry[T]
	index        []int
	heard, trail []int64
	decode       func([]byte) (*T, error)
	albumOf      func(*T) string
	dropped      []int64
}

// Restore makes the queue what a stored snapshot was, and gives its position. Its memory is bounded by
// that of data. decode makes an item of what encode made; where it gives nil, the entry is left out,
// as if removed after the restoring. Where decode gives an error, or data is not sound, that is the
// error and the queue stays as it was. Ids go on behind the greatest that either has given.
func (q *Queue[T]) Restore(data []byte, decode func([]byte) (*T, error)) (position time.Duration, err error) {
	if len(data) > MaxBytes {
		return 0, fmt.Errorf("%w: more than %d bytes", ErrLimit, MaxBytes)
	}
	fields, err := record.Open(data, magic)
	if err != nil {
		return 0, err
	}
	s := stored[T]{decode: decode, albumOf: q.albumOf}
	for field, value := range record.Fields(fields, &err) {
		if ferr := s.read(field, value); ferr != nil {
			return 0, fmt.Errorf("field %d: %w", field, ferr)
		}
	}
	if err != nil {
		return 0, err
	}
	restored, err := s.queue()
	if err != nil {
		return 0, err
	}
	q.Take(restored)
	position = time.Duration(max(0, s.numbers[4]))
	if len(s.dropped) > 0 && q.Remove(s.dropped...).Current {
		position = 0
	}
	return position, nil
}

// Take makes the queue what another one is, which must not be used any more. Ids go on behind the
// greatest that either has given.
func (q *Queue[T]) Take(other *Queue[T]) {
	for last := q.LastID(); last < other.LastID() && !q.lastID.CompareAndSwap(last, other.LastID()); {
		last = q.LastID()
	}
	q.list, q.order, q.listShared, q.orderShared = other.list, other.order, other.listShared, other.orderShared
	q.cursor, q.begun, q.shuffle, q.round, q.repeat = other.cursor, other.begun, other.shuffle, other.round, other.repeat
	q.heard, q.trail, q.heardHere = other.heard, other.trail, other.heardHere
	q.changed()
}

func (s *stored[T]) read(field uint64, value record.Value) (err error) {
	r := record.Of(value)
	switch field {
	case fieldNumbers:
		for i := range s.numbers {
			s.numbers[i] = r.Int()
		}
	case fieldShuffle:
		s.shuffle.Mode = ShuffleMode(r.Uint())
		if seed := r.Bytes(8); seed != nil {
			s.shuffle.Seed = binary.LittleEndian.Uint64(seed)
		}
		if s.shuffle.Mode > ShuffleAlbums {
			s.shuffle.Mode = ShuffleOff // of a newer program
		}
	case fieldRepeat:
		if n := value.Int(); n >= 0 && n <= int64(RepeatAll) {
			s.repeat = Repeat(n)
		}
	case fieldList:
		s.list, err = s.entries(r, true)
	case fieldGone:
		s.gone, err = s.entries(r, false)
	case fieldOrder:
		for r.Left() > 0 {
			s.index = append(s.index, int(min(r.Uint(), MaxEntries)))
		}
	case fieldHeard:
		s.heard = readIDs(r)
	case fieldTrail:
		s.trail = readIDs(r)
	}
	return errors.Join(err, r.Err())
}

// entries reads a list. Those that decode leaves out stay in it where they are counted on, until the
// queue is whole.
func (s *stored[T]) entries(r *record.Reader, counted bool) (entries []Entry[T], err error) {
	n := r.Length()
	if n > MaxEntries {
		return nil, fmt.Errorf("%w: %d entries", ErrLimit, n)
	}
	entries = make([]Entry[T], 0, n)
	var id int64
	for range n {
		id += r.Int()
		flags := r.Uint()
		data := r.Bytes(r.Length())
		if r.Err() != nil {
			return nil, nil // the caller sees it
		}
		if len(data) > MaxItemBytes {
			return nil, fmt.Errorf("%w: an item takes %d bytes", ErrLimit, len(data))
		}
		item, err := s.decode(data)
		switch {
		case err != nil:
			return nil, err
		case item == nil && !counted:
			continue
		case item == nil:
			s.dropped, item = append(s.dropped, id), new(T)
		}
		entries = append(entries, Entry[T]{id, item, hash(s.albumOf(item)) | flags&pinned})
	}
	return entries, nil
}

func readIDs(r *record.Reader) (ids []int64) {
	for range min(r.Length(), HistoryLimit) {
		ids = append(ids, r.Int())
	}
	return ids
}

// queue checks that all parts go together.
func (s *stored[T]) queue() (*Queue[T], error) {
	q := New(s.albumOf)
	q.lastID.Store(min(s.numbers[0], maxID))
	q.list, q.shuffle, q.repeat = s.list, s.shuffle, s.repeat
	known := make(map[int64]Entry[T], len(s.list)+len(s.gone))
	for _, e := range slices.Concat(s.list, s.gone) {
		if _, twice := known[e.ID]; twice || e.ID <= 0 || e.ID > min(s.numbers[0], maxID) {
			return nil, fmt.Errorf("%w: id %d", ErrInconsistent, e.ID)
		}
		known[e.ID] = e
	}
	if q.cursor = int(min(max(s.numbers[1], 0), int64(len(q.list)+1))) - 1; (q.cursor < 0) != (len(q.list) == 0) {
		return nil, fmt.Errorf("%w: %d entries, current %d", ErrInconsistent, len(q.list), q.cursor)
	}
	q.begun, q.heardHere, q.round = s.numbers[2]&flagBegun != 0, s.numbers[2]&flagHeard != 0, uint64(s.numbers[3])
	if q.shuffle.Mode != ShuffleOff {
		if len(s.index) != len(q.list) {
			return nil, fmt.Errorf("%w: the play order has %d of %d entries", ErrInconsistent, len(s.index), len(q.list))
		}
		seen := make([]bool, len(q.list))
		q.order = make([]Entry[T], len(q.list))
		for i, at := range s.index {
			if at >= len(q.list) || seen[at] {
				return nil, fmt.Errorf("%w: the play order is no permutation", ErrInconsistent)
			}
			seen[at], q.order[i] = true, q.list[at]
		}
	} else if q.cursor >= 0 && q.cursor < len(s.index) {
		q.cursor = min(s.index[q.cursor], len(q.list)-1) // a way of shuffling that we don't know
	}
	dropped := member(s.dropped)
	for _, id := range s.heard {
		if e, ok := known[id]; ok && !dropped(id) {
			q.heard = append(q.heard, e.unpinned())
		}
	}
	for _, id := range s.trail {
		if _, ok := known[id]; ok {
			q.trail = append(q.trail, id)
		}
	}
	return q, nil
}
