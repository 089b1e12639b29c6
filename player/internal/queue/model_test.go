package queue_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/internal/queue"
)

// model is a queue that is too slow and too simple to be wrong: lists of ids, searched from the start.
// What chance decides it takes over from the queue, after looking whether chance was free to.
type model struct {
	list, play []int64
	current    int64 // zero for none
	passed     int   // entries of play before what is played, or before the end where nothing is
	begun      bool
	pins       []int64
	mode       queue.ShuffleMode
	repeat     queue.Repeat
	album      map[int64]string
	back       []int64
	heard      bool
}

func (m *model) shuffled() bool { return m.mode != queue.ShuffleOff }

func (m *model) toCome() []int64 {
	if m.passed >= len(m.play) {
		return nil
	}
	return m.play[m.passed+1:]
}

func insertAt(list []int64, at int, ids ...int64) []int64 {
	return slices.Concat(list[:at], ids, list[at:])
}

// arrive makes the entry at an index of the play order the current one.
func (m *model) arrive(at int) {
	m.passed, m.current = at, 0
	if at < len(m.play) {
		m.current = m.play[at]
		m.pins = slices.DeleteFunc(m.pins, func(id int64) bool { return id == m.current })
	}
}

func (m *model) leave() {
	if m.heard && m.current != 0 && (len(m.back) == 0 || m.back[len(m.back)-1] != m.current) {
		m.back = append(m.back, m.current)
	}
	m.heard = false
}

// follows lists the run of pinned entries behind the current one.
func (m *model) pinned() (run []int64) {
	for _, id := range m.toCome() {
		if !slices.Contains(m.pins, id) {
			break
		}
		run = append(run, id)
	}
	return run
}

// driver does the same to a queue and to its model and compares them.
type driver struct {
	t    *testing.T
	rng  *rand.Rand
	q    *queue.Queue[song]
	m    model
	log  []string
	ever map[int64]bool
}

func (d *driver) fatalf(format string, args ...any) {
	d.t.Helper()
	for _, l := range d.log[max(0, len(d.log)-12):] {
		d.t.Log(l)
	}
	d.t.Fatalf(format, args...)
}

func (d *driver) make(n int) (entries []queue.Entry[song], ids []int64) {
	for range n {
		s := &song{fmt.Sprintf("%c%d", "ABCDxyz"[d.rng.IntN(7)], d.rng.IntN(1000))}
		e := d.q.Make(s)[0]
		if d.ever[e.ID] || e.ID <= 0 {
			d.fatalf("id %d was used before", e.ID)
		}
		d.ever[e.ID] = true
		d.m.album[e.ID] = albumOf(s)
		entries, ids = append(entries, e), append(ids, e.ID)
	}
	return entries, ids
}

// some is an id that is in the queue, mostly.
func (d *driver) some() int64 {
	if len(d.m.list) == 0 || d.rng.IntN(20) == 0 {
		return int64(d.rng.IntN(50))
	}
	return d.m.list[d.rng.IntN(len(d.m.list))]
}

// adopt takes over the queue's play order after chance has decided, and checks what it was not free to
// change: that it is a permutation, what is passed, and that those of keep stay in their order.
func (d *driver) adopt(passed, keep []int64) {
	d.t.Helper()
	got := d.q.Order()
	if !sameMembers(got, d.m.list) {
		d.fatalf("play order %v is no permutation of %v", got, d.m.list)
	}
	if !slices.Equal(got[:min(len(got), len(passed))], passed) {
		d.fatalf("play order %v does not begin with %v", got, passed)
	}
	at := 0
	if d.m.mode == queue.ShuffleAlbums {
		keep = nil // what joins an album has it put in order again
	}
	for _, id := range got {
		if at < len(keep) && id == keep[at] {
			at++
		}
	}
	if at < len(keep) {
		d.fatalf("play order %v has not %v in this order", got, keep)
	}
	d.m.play = got
}

func sameMembers(a, b []int64) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func (d *driver) insert() {
	m := &d.m
	entries, ids := d.make(1 + d.rng.IntN(4)*d.rng.IntN(2))
	at, place := len(m.list), queue.Place{}
	switch d.rng.IntN(4) {
	case 0:
		at = d.rng.IntN(len(m.list) + 2)
		place = queue.At(at)
		at = min(at, len(m.list))
	case 1:
		id := d.some()
		place = queue.Before(id)
		if i := slices.Index(m.list, id); i >= 0 {
			at = i
		}
	case 2:
		id := d.some()
		place = queue.After(id)
		if i := slices.Index(m.list, id); i >= 0 {
			at = i + 1
		}
	}
	d.log = append(d.log, fmt.Sprint("insert ", ids, " ", place))
	d.q.Insert(place, entries...)
	d.inserted(at, ids)
}

func (d *driver) inserted(at int, ids []int64) {
	m := &d.m
	wasEmpty, ended := len(m.list) == 0, m.passed >= len(m.play)
	m.list = insertAt(m.list, at, ids...)
	switch {
	case wasEmpty:
		m.begun = false
		m.play = m.list
		if m.shuffled() {
			d.adopt(nil, nil)
		}
		m.arrive(0)
	case !m.shuffled():
		m.play = m.list
		if at <= m.passed && !(ended && at == m.passed) {
			m.passed += len(ids)
		}
		m.arrive(m.passed)
	default:
		keep := m.play
		fixed := m.play[:min(m.passed+1, len(m.play))]
		fixed = slices.Concat(fixed, m.pinned())
		if !m.begun && len(m.pinned()) == 0 {
			fixed = nil
		}
		d.adopt(fixed, keep)
		m.arrive(m.passed)
	}
}

func (d *driver) playNext() {
	m := &d.m
	entries, ids := d.make(1 + d.rng.IntN(3)*d.rng.IntN(2))
	d.log = append(d.log, fmt.Sprint("play next ", ids))
	d.q.PlayNext(entries...)
	if m.current == 0 {
		d.inserted(len(m.list), ids)
		return
	}
	run := m.pinned()
	last := m.current
	if len(run) > 0 {
		last = run[len(run)-1]
	}
	at := m.passed + 1 + len(run)
	m.list = insertAt(m.list, slices.Index(m.list, last)+1, ids...)
	if m.shuffled() {
		m.play = insertAt(m.play, at, ids...)
	} else {
		m.play = m.list
	}
	m.pins = append(m.pins, ids...)
}

func (d *driver) remove() {
	m := &d.m
	var ids []int64
	for range 1 + d.rng.IntN(3) {
		ids = append(ids, d.some())
	}
	if d.rng.IntN(3) == 0 && m.current != 0 {
		ids = append(ids, m.current)
	}
	d.log = append(d.log, fmt.Sprint("remove ", ids))
	gone := func(id int64) bool { return slices.Contains(ids, id) }
	was := len(m.list)
	m.list = slices.DeleteFunc(slices.Clone(m.list), gone)
	before := slices.DeleteFunc(slices.Clone(m.play[:min(m.passed, len(m.play))]), gone)
	m.play = slices.DeleteFunc(slices.Clone(m.play), gone)
	lost := m.current != 0 && gone(m.current)
	if r := d.q.Remove(ids...); r.Count != was-len(m.list) || r.Current != lost {
		d.fatalf("Remove: %+v", r)
	}
	if len(m.list) == was {
		return
	}
	if lost {
		m.heard = false
	}
	switch {
	case len(m.list) == 0:
		m.passed, m.current, m.begun, m.pins = 0, 0, false, nil
	case lost && len(before) == len(m.play) && m.repeat == queue.RepeatAll:
		d.round()
	default:
		m.arrive(len(before))
	}
}

// round goes over to the next one.
func (d *driver) round() {
	m := &d.m
	if m.shuffled() {
		d.adopt(nil, nil)
	}
	m.begun = true
	m.arrive(0)
}

func (d *driver) move() {
	m := &d.m
	id, to := d.some(), d.some()
	from := slices.Index(m.list, id)
	rest := slices.DeleteFunc(slices.Clone(m.list), func(x int64) bool { return x == id })
	var place queue.Place
	at := len(rest)
	anchored := 0
	switch d.rng.IntN(4) {
	case 0:
		at = d.rng.IntN(len(m.list) + 1)
		place = queue.At(at)
		at = min(at, len(rest))
	case 1:
		place, at, anchored = queue.Before(to), slices.Index(rest, to), 1
	case 2:
		place, anchored = queue.After(to), 2
		if at = slices.Index(rest, to); at >= 0 {
			at++
		}
	}
	d.log = append(d.log, fmt.Sprint("move ", id, " ", place))
	ok := d.q.Move(id, place)
	if ok != (from >= 0 && at >= 0) {
		d.fatalf("Move said %v", ok)
	}
	if !ok {
		return
	}
	m.list = insertAt(rest, at, id)
	m.pins = slices.DeleteFunc(m.pins, func(x int64) bool { return x == id })
	if !m.shuffled() {
		m.play = m.list
		if m.current != 0 {
			m.arrive(slices.Index(m.list, m.current))
			m.pins = slices.DeleteFunc(m.pins, func(x int64) bool { return slices.Index(m.list, x) < m.passed })
		}
		return
	}
	ref := slices.Index(m.play, to)
	if anchored == 0 || id == m.current || m.current == 0 || ref < m.passed || anchored == 1 && ref == m.passed {
		return
	}
	play := slices.DeleteFunc(slices.Clone(m.play), func(x int64) bool { return x == id })
	m.play = insertAt(play, slices.Index(play, to)+anchored-1, id)
	m.passed = slices.Index(m.play, m.current)
}

func (d *driver) shuffle() {
	m := &d.m
	s := queue.Shuffle{Mode: queue.ShuffleMode(d.rng.IntN(3)), Seed: uint64(d.rng.IntN(3))}
	d.log = append(d.log, fmt.Sprint("shuffle ", s))
	same := s == d.q.Shuffle() || s.Mode == queue.ShuffleOff && !m.shuffled()
	var pins []int64
	for _, id := range m.toCome() {
		if slices.Contains(m.pins, id) && m.current != 0 {
			pins = append(pins, id)
		}
	}
	d.q.SetShuffle(s)
	if same {
		return
	}
	m.mode, m.pins = s.Mode, pins
	if m.current == 0 {
		m.begun = false
	}
	if !m.shuffled() {
		at := max(0, slices.Index(m.list, m.current))
		if len(pins) > 0 {
			rest := slices.DeleteFunc(slices.Clone(m.list), func(x int64) bool { return slices.Contains(pins, x) })
			at = slices.Index(rest, m.current)
			m.list = insertAt(rest, at+1, pins...)
		}
		m.play = m.list
		m.arrive(at)
		return
	}
	if !m.begun {
		d.adopt(nil, pins)
		m.arrive(0)
		if got := m.pinned(); !slices.Equal(got, m.pins) {
			d.fatalf("pinned behind the first: %v, want %v", got, m.pins)
		}
		return
	}
	var before, behind []int64
	if album := m.album[m.current]; s.Mode == queue.ShuffleAlbums && album != "" {
		passed := false
		for _, id := range m.list {
			switch {
			case id == m.current:
				passed = true
			case m.album[id] != album || slices.Contains(pins, id):
			case passed:
				behind = append(behind, id)
			default:
				before = append(before, id)
			}
		}
	}
	d.adopt(slices.Concat(before, []int64{m.current}, pins, behind), nil)
	m.arrive(len(before))
	if m.mode == queue.ShuffleAlbums {
		d.albumsAreWhole(m.play[len(before)+1+len(pins)+len(behind):])
	}
}

// albumsAreWhole looks at a stretch of the play order that was just drawn.
func (d *driver) albumsAreWhole(drawn []int64) {
	d.t.Helper()
	seen := map[string]bool{}
	for i, id := range drawn {
		album := d.m.album[id]
		if i > 0 && album != "" && album == d.m.album[drawn[i-1]] {
			if slices.Index(d.m.list, id) < slices.Index(d.m.list, drawn[i-1]) {
				d.fatalf("album %s is out of order in %v", album, drawn)
			}
			continue
		}
		if album != "" && seen[album] {
			d.fatalf("album %s is torn apart in %v", album, drawn)
		}
		seen[album] = true
	}
}

func (d *driver) next() {
	m := &d.m
	why := queue.Cause(d.rng.IntN(2))
	d.log = append(d.log, fmt.Sprint("next ", why))
	peeked, known := d.q.Peek(1)
	e, ok := d.q.Next(why)
	if why == queue.Ended && (ok != known || ok && e.ID != peeked.ID) {
		d.fatalf("Peek said %d, %v and Next %d, %v", peeked.ID, known, e.ID, ok)
	}
	switch {
	case why == queue.Ended && m.repeat == queue.RepeatOne && m.current != 0:
		m.begun = true
	case m.passed+1 < len(m.play):
		m.leave()
		m.begun = true
		m.arrive(m.passed + 1)
	case len(m.list) > 0 && m.repeat == queue.RepeatAll:
		last := m.play[len(m.play)-1]
		m.leave()
		d.round()
		if m.mode == queue.ShuffleTracks && len(m.list) > 1 && m.current == last {
			d.fatalf("%d is the last of one round and the first of the next", last)
		}
		if m.mode == queue.ShuffleAlbums {
			d.albumsAreWhole(m.play)
		}
	default:
		if ok {
			d.fatalf("Next went to %d, where nothing follows", e.ID)
		}
	}
}

func (d *driver) previous() {
	m := &d.m
	d.log = append(d.log, "previous")
	_, ok := d.q.Previous()
	want := false
	if m.shuffled() {
		for len(m.back) > 0 && !want {
			id := m.back[len(m.back)-1]
			m.back = m.back[:len(m.back)-1]
			if want = slices.Contains(m.list, id) && id != m.current; want {
				behind := slices.DeleteFunc(slices.Clone(m.play[min(m.passed, len(m.play)):]), func(x int64) bool { return x == id })
				before := slices.DeleteFunc(slices.Clone(m.play[:min(m.passed, len(m.play))]), func(x int64) bool { return x == id })
				m.play = slices.Concat(before, []int64{id}, behind)
				m.heard, m.begun = false, true
				m.arrive(len(before))
			}
		}
	}
	if !want && len(m.list) > 0 {
		at := m.passed - 1
		if at < 0 && !m.shuffled() && m.repeat == queue.RepeatAll && len(m.list) > 1 {
			at = len(m.list) - 1
			m.pins = nil
		}
		if want = at >= 0; want {
			m.heard, m.begun = false, true
			m.arrive(at)
			if n := len(m.back); !m.shuffled() && n > 0 && m.back[n-1] == m.current {
				m.back = m.back[:n-1]
			}
		}
	}
	if ok != want {
		d.fatalf("Previous said %v", ok)
	}
}

func (d *driver) jump() {
	m := &d.m
	id := d.some()
	d.log = append(d.log, fmt.Sprint("jump ", id))
	at := slices.Index(m.play, id)
	if d.q.Jump(id) != (at >= 0) {
		d.fatalf("Jump is wrong about %d", id)
	}
	switch {
	case at < 0:
	case at == m.passed:
		m.begun = true
		m.arrive(at)
	case !m.shuffled():
		m.leave()
		m.begun = true
		m.arrive(at)
		m.pins = slices.DeleteFunc(m.pins, func(x int64) bool { return slices.Index(m.list, x) < at })
	default:
		m.leave()
		m.begun = true
		var before, behind []int64
		run := m.pinned()
		if album := m.album[id]; m.mode == queue.ShuffleAlbums && album != "" {
			passed := false
			for _, x := range m.list {
				switch {
				case x == id:
					passed = true
				case m.album[x] != album || slices.Contains(m.pins, x) || !slices.Contains(m.toCome(), x):
				case passed:
					behind = append(behind, x)
				default:
					before = append(before, x)
				}
			}
		}
		order := slices.Concat(before, []int64{id})
		moved := func(x int64) bool {
			return x == id || slices.Contains(before, x) || slices.Contains(behind, x) || slices.Contains(run, x)
		}
		past := slices.DeleteFunc(slices.Clone(m.play[:min(m.passed+1, len(m.play))]), moved)
		rest := slices.DeleteFunc(slices.Clone(m.toCome()), moved)
		run = slices.DeleteFunc(run, func(x int64) bool { return x == id })
		m.play = slices.Concat(past, order, run, behind, rest)
		m.arrive(len(past) + len(before))
	}
}

func (d *driver) other() {
	m := &d.m
	switch d.rng.IntN(16) {
	case 0, 1:
		m.repeat = queue.Repeat(d.rng.IntN(3))
		d.log = append(d.log, fmt.Sprint("repeat ", m.repeat))
		d.q.SetRepeat(m.repeat)
	case 2, 3, 4, 5, 6, 7:
		d.log = append(d.log, "hear")
		if e, ok := d.q.Current(); ok {
			d.q.Heard(e)
			m.heard = true
		}
	case 8:
		d.log = append(d.log, "begin")
		d.q.Begin()
		if m.current != 0 {
			m.begun = true
			m.arrive(m.passed)
		}
	case 9:
		d.log = append(d.log, "rewind")
		d.q.Rewind()
		m.leave()
		d.renewed()
	case 10:
		d.setAll()
	case 11:
		if d.rng.IntN(4) == 0 {
			d.log = append(d.log, "clear")
			d.q.Clear()
			d.m = model{mode: m.mode, repeat: m.repeat, album: m.album}
		}
	default:
		d.store()
	}
}

// renewed: the queue is as if nothing had been played.
func (d *driver) renewed() {
	m := &d.m
	m.begun, m.pins, m.play = false, nil, m.list
	if m.shuffled() {
		d.adopt(nil, nil)
	}
	m.arrive(0)
}

func (d *driver) setAll() {
	m := &d.m
	added, ids := d.make(d.rng.IntN(4))
	var entries []queue.Entry[song]
	for _, id := range m.list {
		if d.rng.IntN(6) > 0 {
			e, _ := d.q.Find(id)
			entries = append(entries, e)
		}
	}
	entries = append(entries, added...)
	d.rng.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	d.log = append(d.log, fmt.Sprint("set all ", len(entries)))
	d.q.SetAll(entries...)
	m.list = nil
	for _, e := range entries {
		m.list = append(m.list, e.ID)
	}
	if m.current == 0 || !slices.Contains(m.list, m.current) {
		m.back, m.heard = nil, false
		d.renewed()
		return
	}
	gone := func(id int64) bool { return !slices.Contains(m.list, id) }
	m.pins = slices.DeleteFunc(m.pins, gone)
	if !m.shuffled() {
		m.play = m.list
		m.arrive(slices.Index(m.list, m.current))
		m.pins = slices.DeleteFunc(m.pins, func(x int64) bool { return slices.Index(m.list, x) < m.passed })
		return
	}
	m.play = slices.DeleteFunc(slices.Clone(m.play), gone)
	m.passed = slices.Index(m.play, m.current)
	fixed := slices.Concat(m.play[:m.passed+1], m.pinned())
	if !m.begun && len(m.pinned()) == 0 {
		fixed = nil
	}
	if len(ids) > 0 {
		d.adopt(fixed, m.play)
		m.arrive(m.passed)
	}
}

func encode(dst []byte, s *song) []byte      { return append(dst, s.name...) }
func decode(b []byte) (*song, error)         { return &song{string(b)}, nil }
func ids(q *queue.Queue[song]) (all []int64) { return q.Order() }

// store looks ahead, goes on with a copy that was stored and restored, and sees that this plays what
// was looked ahead at.
func (d *driver) store() {
	var ahead []int64
	for n := range 2*len(d.m.list) + 3 {
		e, ok := d.q.Peek(n)
		if !ok {
			break
		}
		ahead = append(ahead, e.ID)
	}
	data, err := d.q.Snapshot(time.Minute).AppendBinary(nil, encode)
	if err != nil {
		d.fatalf("storing: %v", err)
	}
	q := queue.New(albumOf)
	if pos, err := q.Restore(data, decode); err != nil || pos != time.Minute {
		d.fatalf("restoring: %v, %v", pos, err)
	}
	if !slices.Equal(ids(q), ids(d.q)) || q.LastID() != d.q.LastID() || q.Cursor() != d.q.Cursor() || !slices.Equal(q.Trail(), d.q.Trail()) {
		d.fatalf("restored: %v, was %v", ids(q), ids(d.q))
	}
	for i, id := range ahead {
		if e, ok := q.Current(); !ok || e.ID != id {
			d.fatalf("%d entries ahead comes %d, %v and not %d", i, e.ID, ok, id)
		}
		q.Next(queue.Ended)
	}
	// The original goes on from what was stored, too.
	d.q = queue.New(albumOf)
	if _, err := d.q.Restore(data, decode); err != nil {
		d.fatalf("restoring again: %v", err)
	}
}

func (d *driver) check() {
	d.t.Helper()
	var list []int64
	for _, e := range d.q.View().All() {
		list = append(list, e.ID)
	}
	e, ok := d.q.Current()
	if !slices.Equal(list, d.m.list) || !slices.Equal(d.q.Order(), d.m.play) || e.ID != d.m.current || ok != (d.m.current != 0) {
		d.fatalf("queue: list %v, order %v, current %d\nmodel: list %v, order %v, current %d", list, d.q.Order(), e.ID,
			d.m.list, d.m.play, d.m.current)
	}
	for _, id := range list {
		if d.q.Pinned(id) != slices.Contains(d.m.pins, id) {
			d.fatalf("%d is pinned: %v, want %v", id, d.q.Pinned(id), d.m.pins)
		}
	}
}

// TestAgainstModel does thousands of random things to queues and compares them with the model after
// each.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(60) {
		d := &driver{t: t, rng: rand.New(rand.NewPCG(seed, 1)), q: queue.New(albumOf), ever: map[int64]bool{}}
		d.m.album = map[int64]string{}
		for range 600 {
			switch n := d.rng.IntN(20); {
			case n < 3 && len(d.m.list) < 30:
				d.insert()
			case n < 5 && len(d.m.list) < 30:
				d.playNext()
			case n < 8:
				d.remove()
			case n < 10:
				d.move()
			case n < 11:
				d.shuffle()
			case n < 14:
				d.next()
			case n < 16:
				d.previous()
			case n < 18:
				d.jump()
			default:
				d.other()
			}
			if t.Failed() {
				return
			}
			d.check()
		}
	}
}
