package player_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// socket is an output that takes music in real time, keeps none of it, and can be unplugged.
type socket struct {
	mu     sync.Mutex
	gone   bool
	stop   context.CancelFunc
	done   chan struct{}
	failed chan error
}

// socketPeriod is how much it takes at a time.
const socketPeriod = 20 * time.Millisecond

func (s *socket) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return sink.Format{}, fmt.Errorf("socket: %w", sink.ErrNoDevice)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop, s.done = stop, make(chan struct{})
	go func(done chan struct{}) {
		defer close(done)
		ticker := time.NewTicker(socketPeriod)
		defer ticker.Stop()
		buf := make([]float32, int(media.FramesIn(socketPeriod, want.SampleRate))*want.Channels)
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				src.Pull(buf)
			}
		}
	}(s.done)
	return want, nil
}

func (s *socket) Latency() media.Frames       { return 0 }
func (s *socket) Drain(context.Context) error { return nil }
func (s *socket) Failed() <-chan error        { return s.failed }

func (s *socket) Close() error {
	s.mu.Lock()
	stop, done := s.stop, s.done
	s.stop = nil
	s.mu.Unlock()
	if stop != nil {
		stop()
		<-done
	}
	return nil
}

// unplug takes the output away, or keeps the next one from being had.
func (s *socket) unplug() {
	s.mu.Lock()
	running := s.stop != nil
	s.gone = true
	s.mu.Unlock()
	if running {
		s.Close()
		s.failed <- fmt.Errorf("unplugged: %w", sink.ErrNoDevice)
	}
}

func (s *socket) isGone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

func (s *socket) plug() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = false
}

// modelRate keeps the music short in bytes.
const modelRate = 8000

// shelf is what there is to be played: music of 0.8 to 6 s, and four things that are none.
func shelf() (s *playertest.Service, urls []string) {
	s = playertest.NewService()
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 10 {
		pcm := make([]int16, 2*modelRate*(8+rng.IntN(52))/10)
		for j := range pcm {
			pcm[j] = int16(rng.IntN(8000) - 4000)
		}
		if i%3 == 0 { // for who skips silence
			clear(pcm[len(pcm)/4 : len(pcm)*3/4])
		}
		file := waveFile(pcm)
		binary.LittleEndian.PutUint32(file[24:], modelRate)
		binary.LittleEndian.PutUint32(file[28:], 4*modelRate)
		path := fmt.Sprintf("/m%d.wav", i)
		s.Put(path, file)
		urls = append(urls, host+path)
	}
	s.Put("/bad1.wav", []byte("RIFFxxxxWAVEnothing more"))
	s.Put("/bad2.wav", []byte(strings.Repeat("noise", 1000)))
	return s, append(urls, host+"/bad1.wav", host+"/bad2.wav", host+"/bad3.wav", "file:///nowhere/bad4.wav")
}

func broken(it player.Item) bool { return strings.Contains(it.URL, "bad") }

// pilot drives a player by chance and knows what it must be like.
type pilot struct {
	t    *testing.T
	rng  *rand.Rand
	p    *player.Player
	out  *socket
	urls []string
	log  []string

	mu     sync.Mutex
	events []player.Event
	seen   causality

	// What must be so, whatever happens.
	list   []player.EntryID
	urlOf  map[player.EntryID]string
	intent player.Intent
	volume float64
	muted  bool
	repeat player.Repeat
	mode   player.ShuffleMode
	ramp   time.Duration // what is heard still after a pause
	fast   float64       // the greatest speed lately
	did    int
}

func (d *pilot) fatalf(format string, args ...any) {
	d.t.Helper()
	for _, l := range d.log[max(0, len(d.log)-25):] {
		d.t.Log(l)
	}
	d.t.Logf("now %s", d.show())
	d.t.Fatalf(format, args...)
}

func (d *pilot) show() string {
	st := d.p.State()
	var ids []string
	for _, e := range st.Queue.All() {
		id := fmt.Sprint(e.ID)
		if e.ID == st.Current {
			id = "[" + id + "]"
		}
		if broken(e.Item) {
			id += "!"
		}
		ids = append(ids, id)
	}
	return fmt.Sprintf("%v %v %v %v/%v queue %v shuffle %v repeat %v", st.Intent, st.Phase, st.Holds, st.Position, st.Duration, ids, st.Shuffle.Mode, st.Repeat)
}

// playerItem is how an empty Item is printed.
var playerItem = fmt.Sprintf("Item:%+v ", player.Item{})

// look takes the events in and looks at what must always be so.
func (d *pilot) look() player.State {
	d.t.Helper()
	synctest.Wait()
	d.mu.Lock()
	events := d.events
	d.events, d.seen.failedNow, d.seen.startedNow = nil, false, nil
	d.mu.Unlock()
	for _, e := range events {
		switch e.What.(type) {
		case player.TrackStarted, player.TrackEnded, player.StateChanged, player.Failed, player.Seeked, player.OutputLost, player.OutputRestored:
			if w, ok := e.What.(player.TrackStarted); ok {
				w.Item = player.Item{}
				e.What = w
			}
			d.log = append(d.log, strings.ReplaceAll(fmt.Sprintf("        %d %T %+v", e.Entry, e.What, e.What), playerItem, ""))
		}
		if err := d.seen.see(e); err != nil {
			d.fatalf("events: %v", err)
		}
	}
	st := d.p.State()
	if err := d.seen.quiet(st); err != nil {
		d.fatalf("%v", err)
	}
	var got []player.EntryID
	for _, e := range st.Queue.All() {
		got = append(got, e.ID)
		if e.Item.URL != d.urlOf[e.ID] {
			d.fatalf("entry %d is %s and not %s", e.ID, e.Item.URL, d.urlOf[e.ID])
		}
	}
	switch {
	case !slices.Equal(got, d.list):
		d.fatalf("the queue is %v, want %v", got, d.list)
	case st.Intent != d.intent || st.Volume != d.volume || st.Muted != d.muted || st.Repeat != d.repeat || st.Shuffle.Mode != d.mode:
		d.fatalf("intent %v, volume %v, muted %v, repeat %v, shuffle %v; want %v, %v, %v, %v, %v", st.Intent, st.Volume, st.Muted, st.Repeat,
			st.Shuffle.Mode, d.intent, d.volume, d.muted, d.repeat, d.mode)
	case st.Current != 0 && slices.Index(d.list, st.Current) != st.Index || st.Current == 0 && st.Index != -1:
		d.fatalf("current %d at %d", st.Current, st.Index)
	case st.Index >= 0 && st.Index >= len(d.list):
		d.fatalf("index %d of %d", st.Index, len(d.list))
	case st.Position < 0 || st.Duration > 0 && st.Position > st.Duration:
		d.fatalf("position %v of %v", st.Position, st.Duration)
	}
	return st
}

// poke has the player look at what has become audible, which it does by itself a little later.
func (d *pilot) poke() {
	if d.muted {
		d.p.Mute()
	} else {
		d.p.Unmute()
	}
}

// upcoming lists what follows by itself, and tells whether more comes that isn't known.
func upcoming(st player.State) (ids []player.EntryID, more bool) {
	if st.Current == 0 {
		return nil, false
	}
	if st.Repeat == player.RepeatOne {
		return []player.EntryID{st.Current, st.Current, st.Current, st.Current}, true
	}
	for e := range st.Queue.Upcoming() {
		ids = append(ids, e.ID)
	}
	return ids, st.Repeat == player.RepeatAll
}

// step does one thing and looks at what became of it.
func (d *pilot) step() {
	d.poke()
	strays := make(chan int, 1)
	d.p.Strays(strays)
	if n := <-strays; n > 0 {
		d.fatalf("%d pipelines run for nothing", n)
	}
	before := d.look()
	d.ramp = socketPeriod
	d.did++
	name, check := d.command(before)
	d.log = append(d.log, fmt.Sprintf("%d %s; %s", d.did, name, d.show()))
	after := d.look()
	if check != nil {
		if err := check(after); err != nil {
			d.fatalf("%s: %v", name, err)
		}
	}
	if d.rng.IntN(3) > 0 {
		d.rest(time.Duration(d.rng.Int64N(int64(400 * time.Millisecond))))
	}
	if d.rng.IntN(25) == 0 {
		d.rest(time.Duration(d.rng.Int64N(int64(6 * time.Second))))
	}
	if d.rng.IntN(60) == 0 {
		d.mustMove()
	}
}

// rest lets time pass. The position goes on as time does and no faster, or starts anew with a track, and
// what starts is what was to follow.
func (d *pilot) rest(long time.Duration) {
	for long > 0 {
		part := min(long, 250*time.Millisecond)
		long -= part
		before := d.look()
		chain, open := upcoming(before)
		d.seen.started, d.seen.sought, d.seen.ends = nil, false, 0
		time.Sleep(part)
		after := d.look()
		d.follows(before, chain, open)
		if len(d.seen.started)+d.seen.ends > 0 || d.seen.sought || after.Current != before.Current || after.Phase == player.Ended || before.Phase == player.Broken || after.Phase == player.Broken {
			continue
		}
		moved, most := after.Position-before.Position, time.Duration(float64(part)*d.fast)+3*socketPeriod
		if moved < -time.Millisecond && after.Position < after.Duration || moved > most {
			d.fatalf("in %v the position went from %v to %v", part, before.Position, after.Position)
		}
		if before.Intent == player.Paused && moved > d.ramp {
			d.fatalf("paused, it went from %v to %v", before.Position, after.Position)
		}
		d.ramp = 0
	}
}

// follows looks at what has started by itself.
func (d *pilot) follows(before player.State, chain []player.EntryID, open bool) {
	started := d.seen.started
	if len(started) > 0 && started[0] == before.Current && d.beginning(before) {
		started = started[1:] // it was gone to already
	}
	for _, id := range started {
		for len(chain) > 0 && chain[0] != id && d.isBroken(chain[0]) {
			chain = chain[1:]
		}
		switch {
		case len(chain) > 0 && chain[0] == id:
			chain = chain[1:]
		case len(chain) == 0 && open:
		default:
			d.fatalf("%d starts by itself behind %d, where %v (more: %v) is to come", id, before.Current, chain, open)
		}
	}
}

// beginning reports whether the current entry may not have started yet.
func (d *pilot) beginning(st player.State) bool { return st.Phase == player.Buffering }

// hopeless reports whether playing may give up where it stands: the entry is broken and repeated, or all
// are, or as many in a row as are put up with.
func (d *pilot) hopeless(st player.State) bool {
	if errors.Is(st.Err, player.KindNoDevice) {
		return d.out.isGone()
	}
	if !errors.Is(st.Err, player.KindNothingPlays) || !d.isBroken(st.Current) {
		return false
	}
	if d.repeat == player.RepeatOne {
		return true
	}
	bad := 0
	for _, id := range d.list {
		if d.isBroken(id) {
			bad++
		}
	}
	return bad >= min(len(d.list), player.DefaultFailuresLimit)
}

func (d *pilot) isBroken(id player.EntryID) bool { return strings.Contains(d.urlOf[id], "bad") }

// mustMove gives the player all that it needs and sees that there is music, or a reason why not.
func (d *pilot) mustMove() {
	d.out.plug()
	d.p.OutputChanged()
	d.p.SetFocus(player.FocusFull)
	d.p.Play()
	d.intent = player.Playing
	d.log = append(d.log, "must move")
	before := d.look()
	for range 60 {
		d.rest(250 * time.Millisecond)
		st := d.look()
		if st.Stats.FramesPlayed > before.Stats.FramesPlayed+modelRate/2 || st.Phase == player.Ended {
			return
		}
		if st.Phase == player.Broken {
			if !d.hopeless(st) {
				d.fatalf("broken without reason: %v", st.Err)
			}
			return
		}
	}
	d.fatalf("nothing moves; current is %s", d.urlOf[d.p.State().Current])
}

func (d *pilot) items(n int) (items []player.Item) {
	for range n {
		u := d.urls[d.rng.IntN(len(d.urls))]
		items = append(items, player.Item{URL: u, Album: []string{"", "A", "B"}[d.rng.IntN(3)], TrackNumber: d.rng.IntN(3)})
	}
	return items
}

func (d *pilot) know(ids []player.EntryID, items []player.Item) {
	for i, id := range ids {
		if d.urlOf[id] != "" {
			d.fatalf("id %d is given twice", id)
		}
		d.urlOf[id] = items[i].URL
	}
}

// some is an entry's id, now and then one that isn't there.
func (d *pilot) some() player.EntryID {
	if len(d.list) == 0 || d.rng.IntN(30) == 0 {
		return player.EntryID(d.rng.IntN(1000))
	}
	return d.list[d.rng.IntN(len(d.list))]
}

type check = func(player.State) error

// want is a check of the current entry. One that can't be played is left at once.
func (d *pilot) want(id player.EntryID) check {
	return func(st player.State) error {
		switch {
		case st.Current == id, d.isBroken(id):
		case st.Crossfade > 0 && slices.Contains(d.seen.startedNow, id): // as short as the fade, it's on its way out
		default:
			return fmt.Errorf("current is %d, want %d", st.Current, id)
		}
		return nil
	}
}

// atEnd reports whether the end of the entry may be heard at this very moment.
func atEnd(st player.State) bool {
	return st.Position >= st.Duration && (st.Phase == player.Buffering || st.Phase == player.Ready)
}

// undisturbed is a check that playback goes on as it was.
func (d *pilot) undisturbed(before player.State) check {
	return func(st player.State) error {
		switch moved := (st.Position - before.Position).Abs(); {
		case d.isBroken(before.Current), atEnd(before):
		case before.Crossfade > 0 && before.Position >= before.Duration-before.Crossfade && slices.Contains(d.seen.startedNow, st.Current):
			// its fade begins at this very moment
		case before.Phase != player.Buffering && before.Phase != player.Ready && d.mode != player.ShuffleOff:
			// nothing is played, and something else may be the first now
		case st.Current != before.Current && before.Current != 0:
			return fmt.Errorf("current is %d and was %d", st.Current, before.Current)
		case before.Current != 0 && moved > time.Millisecond && before.Phase != player.Ended:
			return fmt.Errorf("position is %v and was %v", st.Position, before.Position)
		}
		return nil
	}
}

// command does something by chance and gives what must be so afterwards.
func (d *pilot) command(before player.State) (name string, after check) {
	if len(d.list) < 4 && d.rng.IntN(3) > 0 {
		return d.add(before)
	}
	switch n := d.rng.IntN(100); {
	case n < 30:
		return d.transport(before)
	case n < 60:
		return d.edit(before)
	case n < 70:
		return d.order(before)
	case n < 80:
		return d.seek(before)
	case n < 95:
		return d.level(before)
	}
	return d.output(before)
}

func (d *pilot) transport(before player.State) (string, check) {
	switch d.rng.IntN(12) {
	case 0, 1, 2, 3:
		d.p.Play()
		d.intent = player.Playing
		if before.Phase == player.Ready || before.Phase == player.Buffering {
			return "play", d.undisturbed(before)
		}
		return "play", func(st player.State) error {
			switch {
			case len(d.list) == 0 && st.Phase != player.Ended:
				return fmt.Errorf("an empty queue is %v", st.Phase)
			case st.Phase == player.Broken && d.hopeless(st):
			case st.Phase == player.Ended && d.isBroken(st.Current): // the last ones could not be played
			case len(d.list) > 0 && st.Phase != player.Buffering && st.Phase != player.Ready:
				return fmt.Errorf("phase %v", st.Phase)
			case len(d.list) > 0 && before.Phase == player.Ended && d.mode == player.ShuffleOff:
				return d.want(d.list[0])(st) // it begins again
			}
			return nil
		}
	case 4, 5:
		d.p.Pause()
		d.intent = player.Paused
		return "pause", d.undisturbed(before)
	case 6, 7, 8:
		d.p.Next()
		return "next", d.wantNext(before)
	case 9:
		d.p.Previous()
		return "previous", d.wantPrevious(before)
	case 10:
		id := d.some()
		d.p.SkipTo(id)
		if !slices.Contains(d.list, id) {
			return "skip to nobody", d.undisturbed(before)
		}
		return fmt.Sprint("skip to ", id), d.want(id)
	}
	if d.rng.IntN(3) > 0 {
		d.p.Play()
		d.intent = player.Playing
		return "play", nil
	}
	d.p.Stop()
	d.intent = player.Paused
	return "stop", func(st player.State) error {
		switch {
		case st.Phase != player.Idle && before.Phase != player.Broken || st.Position != 0:
			return fmt.Errorf("%v at %v", st.Phase, st.Position)
		case len(d.list) > 0 && (st.Current == 0 || d.mode == player.ShuffleOff && st.Current != d.list[0]):
			return fmt.Errorf("current is %d", st.Current)
		}
		return nil
	}
}

// wantNext is what Next must lead to. RepeatOne has no say in it.
func (d *pilot) wantNext(before player.State) check {
	if before.Current == 0 {
		return d.want(0)
	}
	for e := range before.Queue.Upcoming() {
		return d.want(e.ID)
	}
	switch {
	case d.repeat != player.RepeatAll:
		return func(st player.State) error {
			if st.Phase != player.Ended || st.Current != before.Current {
				return fmt.Errorf("%v at %d", st.Phase, st.Current)
			}
			return nil
		}
	case d.mode == player.ShuffleOff:
		return d.want(d.list[0])
	}
	return func(st player.State) error {
		if d.mode == player.ShuffleTracks && len(d.list) > 1 && st.Current == before.Current {
			return fmt.Errorf("the last of a round is the first of the next")
		}
		return nil
	}
}

func (d *pilot) wantPrevious(before player.State) check {
	if before.Current == 0 {
		return d.want(0)
	}
	at := slices.Index(d.list, before.Current)
	switch {
	case before.Position > 3*time.Second:
		return d.want(before.Current)
	case d.mode != player.ShuffleOff:
		return func(st player.State) error {
			if d.isBroken(st.Current) || d.seen.failedNow {
				return nil // gone back to, and left
			}
			if next := slices.Collect(st.Queue.Upcoming()); st.Current != before.Current && (len(next) == 0 || next[0].ID != before.Current) {
				return fmt.Errorf("gone back to %d, and %d doesn't come behind it", st.Current, before.Current)
			}
			return nil
		}
	case at == 0 && d.repeat == player.RepeatAll:
		return d.want(d.list[len(d.list)-1])
	}
	return d.want(d.list[max(0, at-1)])
}

func (d *pilot) add(before player.State) (string, check) {
	items := d.items(1 + d.rng.IntN(3))
	if len(d.list) > 12 {
		items = items[:1]
	}
	at, place := len(d.list), player.Place{}
	ended := before.Phase == player.Ended && d.intent == player.Playing
	var ids []player.EntryID
	name := "append"
	switch kind := d.rng.IntN(4); {
	case kind == 0:
		name = "insert next"
		ids = d.p.InsertNext(items...)
		d.know(ids, items)
		d.adoptInserted(ids)
	case kind == 1 && len(d.list) > 0:
		at = d.rng.IntN(len(d.list) + 1)
		place = player.AtIndex(at)
		fallthrough
	default:
		if kind == 2 && len(d.list) > 0 {
			at = d.rng.IntN(len(d.list))
			place = player.After(d.list[at])
			at++
		}
		ids = d.p.Insert(place, items...)
		d.know(ids, items)
		d.list = slices.Insert(slices.Clone(d.list), at, ids...)
	}
	name = fmt.Sprint(name, " ", ids, " at ", at)
	if ended || before.Current == 0 {
		return name, nil
	}
	return name, d.undisturbed(before)
}

// adoptInserted takes over where InsertNext has put something: in one piece, behind the current entry.
func (d *pilot) adoptInserted(ids []player.EntryID) {
	synctest.Wait()
	st := d.p.State()
	var got []player.EntryID
	for _, e := range st.Queue.All() {
		got = append(got, e.ID)
	}
	at := slices.Index(got, ids[0])
	if at < 0 || at+len(ids) > len(got) || !slices.Equal(got[at:at+len(ids)], ids) || d.mode == player.ShuffleOff && len(d.list) > 0 && st.Current != 0 && at <= slices.Index(got, st.Current) && !slices.Contains(ids, st.Current) {
		d.fatalf("inserted next: %v into %v", ids, got)
	}
	if rest := slices.Delete(slices.Clone(got), at, at+len(ids)); !slices.Equal(rest, d.list) {
		d.fatalf("inserted next: %v, %v is left of %v", ids, rest, d.list)
	}
	d.list = got
}

func (d *pilot) edit(before player.State) (string, check) {
	switch n := d.rng.IntN(20); {
	case n < 8:
		return d.add(before)
	case n < 13:
		return d.remove(before)
	case n < 16:
		return d.move(before)
	case n < 17:
		id, it := d.some(), d.items(1)[0]
		d.p.Replace(id, it)
		if !slices.Contains(d.list, id) {
			return "replace nobody", d.undisturbed(before)
		}
		was := d.urlOf[id]
		d.urlOf[id] = it.URL
		if id == before.Current && was != it.URL {
			return fmt.Sprint("replace ", id), d.want(id)
		}
		return fmt.Sprint("replace ", id), d.undisturbed(before)
	case n < 19:
		return d.replaceAll(before)
	}
	if d.rng.IntN(3) > 0 {
		return d.add(before)
	}
	d.p.Clear()
	d.list, d.intent = nil, player.Paused
	return "clear", func(st player.State) error {
		if st.Current != 0 || st.Phase != player.Idle && before.Phase != player.Broken {
			return fmt.Errorf("%d is current, phase %v", st.Current, st.Phase)
		}
		return nil
	}
}

func (d *pilot) remove(before player.State) (string, check) {
	ids := []player.EntryID{d.some()}
	for d.rng.IntN(3) == 0 {
		ids = append(ids, d.some())
	}
	if d.rng.IntN(4) == 0 && before.Current != 0 {
		ids = append(ids, before.Current)
	}
	d.p.Remove(ids...)
	gone := func(id player.EntryID) bool { return slices.Contains(ids, id) }
	d.list = slices.DeleteFunc(slices.Clone(d.list), gone)
	name := fmt.Sprint("remove ", ids)
	if !gone(before.Current) {
		return name, d.undisturbed(before)
	}
	if len(d.list) == 0 {
		d.intent = player.Paused
		return name, d.want(0)
	}
	for e := range before.Queue.Upcoming() {
		if !gone(e.ID) {
			return name, func(st player.State) error {
				// The list has something else where the mixer had gone on before it was edited.
				if d.mode == player.ShuffleOff && st.Index >= 0 && st.Index == d.before(before, gone) {
					return nil
				}
				return d.want(e.ID)(st)
			}
		}
	}
	if d.repeat == player.RepeatAll && d.mode == player.ShuffleOff {
		return name, d.want(d.list[0])
	}
	return name, func(st player.State) error {
		if d.repeat != player.RepeatAll && st.Current != 0 {
			return fmt.Errorf("current is %d", st.Current)
		}
		return nil
	}
}

// before counts the entries that stay and were listed before the current one.
func (d *pilot) before(st player.State, gone func(player.EntryID) bool) (n int) {
	for i, e := range st.Queue.All() {
		if i < st.Index && !gone(e.ID) {
			n++
		}
	}
	return n
}

func (d *pilot) move(before player.State) (string, check) {
	id, to := d.some(), d.some()
	from := slices.Index(d.list, id)
	rest := slices.DeleteFunc(slices.Clone(d.list), func(x player.EntryID) bool { return x == id })
	at, place := len(rest), player.Place{}
	switch d.rng.IntN(3) {
	case 0:
		place, at = player.Before(to), slices.Index(rest, to)
	case 1:
		place = player.After(to)
		if at = slices.Index(rest, to); at >= 0 {
			at++
		}
	}
	d.p.Move(id, place)
	if from >= 0 && at >= 0 {
		d.list = slices.Insert(rest, at, id)
	}
	return fmt.Sprint("move ", id, " to ", at), d.undisturbed(before)
}

func (d *pilot) replaceAll(before player.State) (string, check) {
	var entries []player.Entry
	for _, e := range before.Queue.All() {
		if d.rng.IntN(5) > 0 {
			entries = append(entries, e)
		}
	}
	for _, it := range d.items(d.rng.IntN(3)) {
		entries = append(entries, player.Entry{Item: it})
	}
	d.rng.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	ids := d.p.ReplaceAll(entries...)
	for i, id := range ids {
		d.urlOf[id] = entries[i].Item.URL
	}
	d.list = ids
	name := fmt.Sprint("replace all by ", ids)
	switch {
	case slices.Contains(ids, before.Current):
		return name, d.undisturbed(before)
	case len(ids) == 0:
		d.intent = player.Paused
		return name, d.want(0)
	case d.mode == player.ShuffleOff:
		return name, d.want(ids[0])
	}
	return name, nil
}

func (d *pilot) order(before player.State) (string, check) {
	if d.rng.IntN(2) == 0 {
		d.repeat = player.Repeat(d.rng.IntN(3))
		d.p.SetRepeat(d.repeat)
		return fmt.Sprint("repeat ", d.repeat), d.undisturbed(before)
	}
	d.mode = player.ShuffleMode(d.rng.IntN(3))
	d.p.SetShuffle(player.Shuffle{Mode: d.mode, Seed: 1 + d.rng.Uint64N(5)})
	// What was inserted to come next may come right behind the current entry in the list, too.
	synctest.Wait()
	var got []player.EntryID
	for _, e := range d.p.State().Queue.All() {
		got = append(got, e.ID)
	}
	if a, b := slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(d.list)); !slices.Equal(a, b) {
		d.fatalf("shuffling made %v of %v", got, d.list)
	}
	d.list = got
	name := fmt.Sprint("shuffle ", d.mode)
	if before.Phase == player.Idle || before.Current == 0 {
		return name, nil
	}
	return name, d.undisturbed(before)
}

func (d *pilot) seek(before player.State) (string, check) {
	to := time.Duration(d.rng.Int64N(int64(7 * time.Second)))
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // nobody waits
	name := fmt.Sprint("seek ", to)
	if d.rng.IntN(3) == 0 {
		to = time.Duration(d.rng.Int64N(int64(4*time.Second))) - 2*time.Second
		d.p.SeekBy(ctx, to)
		name = fmt.Sprint("seek by ", to)
		to = max(0, before.Position+to)
	} else {
		d.p.Seek(ctx, to)
	}
	if before.Current == 0 || before.Phase == player.Broken {
		return name, nil
	}
	return name, func(st player.State) error {
		if d.isBroken(before.Current) || before.Duration == 0 || to >= before.Duration-before.Crossfade {
			return nil // it may be left at once, or be on its way out
		}
		if st.Current != before.Current || (st.Position-to).Abs() > time.Millisecond {
			return fmt.Errorf("%v of %d, want %v of %d", st.Position, st.Current, to, before.Current)
		}
		return nil
	}
}

func (d *pilot) level(before player.State) (string, check) {
	after := d.undisturbed(before)
	switch d.rng.IntN(6) {
	case 0:
		d.volume = float64(d.rng.IntN(11)) / 10
		d.p.SetVolume(d.volume)
		return fmt.Sprint("volume ", d.volume), after
	case 1:
		if d.muted = !d.muted; d.muted {
			d.p.Mute()
		} else {
			d.p.Unmute()
		}
		return fmt.Sprint("muted ", d.muted), after
	case 2, 3:
		speed := []float64{0.5, 0.8, 1, 1, 1.3, 2}[d.rng.IntN(6)]
		d.fast = max(d.fast, speed)
		d.p.SetSpeed(speed)
		return fmt.Sprint("speed ", speed), after
	case 4:
		fade := time.Duration(d.rng.IntN(4)) * 400 * time.Millisecond
		d.seen.fading = d.seen.fading || fade > 0
		d.p.SetCrossfade(fade, dsp.Curve(d.rng.IntN(3)))
		return fmt.Sprint("crossfade ", fade), after
	}
	switch d.rng.IntN(4) {
	case 0:
		skip := d.rng.IntN(2) == 0
		d.p.SetSkipSilence(skip)
		return fmt.Sprint("skip silence ", skip), after
	case 1, 2:
		d.p.SetFocus([]player.Focus{player.FocusFull, player.FocusDuck, player.FocusHold}[d.rng.IntN(3)])
		return "focus", after
	}
	d.p.SetFocus(player.FocusFull)
	return "focus full", after
}

func (d *pilot) output(before player.State) (string, check) {
	if d.rng.IntN(2) == 0 {
		d.out.unplug()
		return "unplug", nil
	}
	d.out.plug()
	if d.rng.IntN(2) == 0 {
		d.p.OutputChanged()
	}
	return "plug", nil
}

// fly runs one bubble: a player from New to Close.
func fly(t *testing.T, seed uint64, commands int) {
	synctest.Test(t, func(t *testing.T) {
		service, urls := shelf()
		d := &pilot{
			t: t, rng: rand.New(rand.NewPCG(seed, 77)), out: &socket{failed: make(chan error, 1)}, urls: urls,
			urlOf: map[player.EntryID]string{}, volume: 1, fast: 1, seen: causality{failed: map[player.EntryID]bool{}},
		}
		if seed%2 == 0 {
			d.urls = urls[:10] // nothing is broken
		}
		link := &playertest.Link{Handler: service, RTT: time.Duration(d.rng.IntN(3)) * 10 * time.Millisecond}
		d.p = player.New(player.Config{Sink: d.out, HTTP: link.Client()})
		defer d.p.Close()
		events := d.p.Events(context.Background())
		read := make(chan struct{})
		go func() {
			defer close(read)
			for e := range events {
				d.mu.Lock()
				d.events = append(d.events, e)
				d.mu.Unlock()
			}
		}()
		for range commands {
			d.step()
		}
		d.mustMove()
		d.p.Stop()
		d.intent = player.Paused
		d.look()
		if len(d.seen.open) > 0 {
			d.fatalf("%v have started and not ended", d.seen.open)
		}
		if err := d.p.Close(); err != nil {
			t.Error(err)
		}
		<-read
	})
}

// TestModel drives players by chance: transport, edits of the queue, seeks, speed, crossfades, levels,
// outputs that fail and entries that can't be played. What must be so is compared after each command,
// and while time passes; goroutines that are left behind end the bubble with a panic. A seed that
// fails can be run alone by its name.
func TestModel(t *testing.T) {
	bubbles, commands := 20, 200
	if os.Getenv("SEGUE_SWEEP") == "1" {
		bubbles, commands = 400, 250
	}
	for seed := range uint64(bubbles) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { fly(t, seed, commands) })
	}
}
