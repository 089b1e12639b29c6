package pipeline

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
)

const testRate = 48_000

// desk is a mixer whose goroutine is the test: the sink takes frames when it is told to.
type desk struct {
	t     testing.TB
	m     *Mixer
	out   *handSink
	pcm   []float32 // what was given, silence included
	music []bool    // a frame each
	marks []Marker
	notes []MixerNote
	buf   []float32
}

// handSink is a sink without a clock.
type handSink struct {
	rate    int // zero: what is wanted
	ch      int // zero: what is wanted
	src     sink.Source
	starts  int
	refuse  error
	latency media.Frames
	failed  chan error
}

func (s *handSink) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	if s.refuse != nil {
		return sink.Format{}, s.refuse
	}
	if s.rate > 0 {
		want.SampleRate = s.rate
	}
	if s.ch > 0 {
		want.Channels = s.ch
	}
	s.src = src
	s.starts++
	return want, nil
}
func (s *handSink) Latency() media.Frames       { return s.latency }
func (s *handSink) Drain(context.Context) error { return nil }
func (s *handSink) Close() error                { s.src = nil; return nil }
func (s *handSink) Failed() <-chan error        { return s.failed }

func newDesk(t testing.TB, opt MixerOptions) *desk {
	d := &desk{t: t, out: &handSink{failed: make(chan error, 1)}, buf: make([]float32, 480*Channels)}
	d.m = NewMixer(d.out, opt)
	return d
}

// fake makes an entry without a loader or decoder. Its length is announced; zero for unknown.
func fake(length media.Frames, rate int) *Entry {
	e := &Entry{blocks: newBlockQueue(), cancel: func() {}, Spec: Spec{Gain: 1}, env: &Env{}, Progress: &loader.Progress{}}
	e.SetLength(length.Duration(rate))
	e.SetLoaded(math.MaxInt64)
	return e
}

// decode puts frames behind those that are there, in blocks of all sizes, and returns how many found
// room.
func (e *Entry) decode(pcm []float32, at media.Frames, rate int) int {
	given := 0
	for i := 0; len(pcm) > 0 && e.blocks.full.Room() > 0; i++ {
		n := min(len(pcm)/Channels, []int{4096, 1, 333, 4096, 2048}[i%5])
		b := &Block{PCM: append([]float32(nil), pcm[:n*Channels]...), Rate: rate, At: at}
		e.blocks.full.Push(b)
		pcm, at, given = pcm[n*Channels:], at+media.Frames(n), given+n
	}
	return given
}

// reel is music for an entry, given to it as it finds room.
type reel struct {
	e    *Entry
	pcm  []float32
	at   int
	rate int
	err  error
}

func (r *reel) wind() {
	r.at += r.e.decode(r.pcm[r.at*Channels:], media.Frames(r.at), r.rate)
	if r.at*Channels == len(r.pcm) && !r.e.blocks.closed.Load() {
		r.e.err = r.err
		r.e.blocks.close()
	}
}

// entry makes an entry that plays pcm, of which all is known.
func entry(pcm []float32, rate int) *reel {
	return &reel{e: fake(media.Frames(len(pcm)/Channels), rate), pcm: pcm, rate: rate}
}

// level is n frames of a constant in each channel.
func level(n int, left, right float32) []float32 {
	pcm := make([]float32, n*Channels)
	for i := range n {
		pcm[2*i], pcm[2*i+1] = left, right
	}
	return pcm
}

// numbered is n frames that tell where they come from.
func numbered(from, n int) []float32 {
	pcm := make([]float32, n*Channels)
	for i := range n {
		pcm[2*i], pcm[2*i+1] = float32(from+i+1)/(1<<22), -float32(from+i+1)/(1<<22)
	}
	return pcm
}

// sine is n frames of a sine wave, the first at a phase of from frames.
func sine(from, n int, hz, amplitude float64, rate int) []float32 {
	pcm := make([]float32, n*Channels)
	for i := range n {
		v := float32(amplitude * math.Sin(2*math.Pi*hz*float64(from+i)/float64(rate)))
		pcm[2*i], pcm[2*i+1] = v, v
	}
	return pcm
}

// work lets the mixer do all that it can do now.
func (d *desk) work(reels ...*reel) {
	d.t.Helper()
	for range 100_000 {
		for _, r := range reels {
			r.wind()
		}
		d.m.obey()
		wait := d.m.step()
		d.hear()
		if wait != 0 {
			return
		}
	}
	d.t.Fatal("the mixer doesn't rest")
}

func (d *desk) hear() {
	for n, ok := d.m.Note(); ok; n, ok = d.m.Note() {
		d.notes = append(d.notes, n)
	}
	due, _ := d.m.Due()
	d.marks = append(d.marks, due...)
}

// pull takes n frames, a period at a time, and lets the mixer work between.
func (d *desk) pull(n int, reels ...*reel) {
	d.t.Helper()
	for n > 0 {
		d.work(reels...)
		k := min(n, len(d.buf)/Channels)
		buf := d.buf[:k*Channels]
		got := 0
		if d.out.src != nil {
			got = d.out.src.Pull(buf)
		}
		d.pcm = append(d.pcm, buf...)
		for i := range k {
			d.music = append(d.music, i < got)
		}
		n -= k
	}
	d.hear()
}

// play runs the mixer until Finished is heard.
func (d *desk) play(reels ...*reel) {
	d.t.Helper()
	for range 20_000 {
		d.pull(480, reels...)
		if _, ok := d.find(Finished, nil); ok {
			return
		}
	}
	d.t.Fatal("the music doesn't end")
}

// heardMusic is what was given as music, without silence.
func (d *desk) heardMusic() []float32 {
	var pcm []float32
	for i, m := range d.music {
		if m {
			pcm = append(pcm, d.pcm[2*i], d.pcm[2*i+1])
		}
	}
	return pcm
}

// gaps counts the silences within the music.
func (d *desk) gaps() (n int) {
	silent := false
	begun := false
	for _, m := range d.music {
		if m && silent && begun {
			n++
		}
		begun = begun || m
		silent = !m
	}
	return n
}

func (d *desk) find(kind MarkerKind, e *Entry) (Marker, bool) {
	for _, k := range d.marks {
		if k.Kind == kind && (e == nil || k.Entry == e) {
			return k, true
		}
	}
	return Marker{}, false
}

// mark is find for one that must be there.
func (d *desk) mark(kind MarkerKind, e *Entry) Marker {
	d.t.Helper()
	k, ok := d.find(kind, e)
	if !ok {
		d.t.Fatalf("no marker of kind %d among %+v", kind, d.marks)
	}
	return k
}

// begin has the mixer play entries one after the other.
func (d *desk) begin(j Join, reels ...*reel) {
	d.m.Cut(reels[0].e)
	d.chain(j, reels...)
}

// chain tells the mixer what follows each, when it asks for it; see answer.
func (d *desk) chain(j Join, reels ...*reel) {
	for i, r := range reels {
		if i+1 < len(reels) {
			d.m.Follow(r.e, reels[i+1].e, j)
			return // the next ones are told when the mixer has advanced
		}
		d.m.Follow(r.e, nil, Join{Last: true})
	}
}

// playAll plays entries one after the other, to the end.
func (d *desk) playAll(j Join, reels ...*reel) {
	d.t.Helper()
	d.begin(j, reels...)
	told := 1
	for range 20_000 {
		d.pull(480, reels...)
		for ; told < len(reels) && d.advancedTo(reels[told].e); told++ {
			d.chain(j, reels[told:]...)
		}
		if _, ok := d.find(Finished, nil); ok {
			return
		}
	}
	d.t.Fatalf("the music doesn't end: %+v", d.marks)
}

func (d *desk) advancedTo(e *Entry) bool {
	for _, n := range d.notes {
		if n.Kind == Advanced && n.Next == e {
			return true
		}
	}
	return false
}

func same(t testing.TB, what string, got, want []float32) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("%s: frame %d of %d, channel %d: %v, want %v", what, i/2, len(got)/2, i%2, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d frames, want %d", what, len(got)/2, len(want)/2)
	}
}

// maxBend is the largest second difference of the left channel: the size of a click.
func maxBend(pcm []float32) (most float64, at int) {
	for i := 4; i < len(pcm); i += 2 {
		if b := math.Abs(float64(pcm[i]) - 2*float64(pcm[i-2]) + float64(pcm[i-4])); b > most {
			most, at = b, i/2
		}
	}
	return most, at
}

func TestEntriesAreJoinedBitForBit(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	a, b, c := entry(numbered(0, 50_001), testRate), entry(numbered(50_001, 7), testRate), entry(numbered(50_008, 30_000), testRate)
	d.playAll(Join{}, a, b, c)
	same(t, "three entries", d.heardMusic(), numbered(0, 80_008))
	if d.gaps() != 0 || d.m.Underruns() != 0 || d.m.Played() != 80_008 {
		t.Errorf("%d gaps, %d underruns, %d played", d.gaps(), d.m.Underruns(), d.m.Played())
	}
	for i, k := range []Marker{
		d.mark(Began, a.e), d.mark(Over, a.e), d.mark(Began, b.e), d.mark(Over, b.e),
		d.mark(Began, c.e), d.mark(Over, c.e), d.mark(Finished, nil),
	} {
		if want := []int64{0, 50_001, 50_001, 50_008, 50_008, 80_008, 80_008}[i]; k.Frame != want {
			t.Errorf("marker %d stands at frame %d, want %d", i, k.Frame, want)
		}
		if k.Kind == Began && k.Gapless != (k.Entry != a.e) {
			t.Errorf("marker %d: gapless %v", i, k.Gapless)
		}
	}
}

// TestBrokenEntryIsFadedOut: a decoder that gives up in the middle of a note makes no click, and the
// entry behind it plays.
func TestBrokenEntryIsFadedOut(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	cause := errors.New("broken")
	a := entry(sine(0, 30_000, 440, 0.5, testRate), testRate)
	a.err = cause
	b := entry(sine(0, 20_000, 440, 0.5, testRate), testRate)
	d.playAll(Join{}, a, b)
	if k := d.mark(Over, a.e); !errors.Is(k.Err, cause) || k.Frame != 30_000 {
		t.Errorf("%+v", k)
	}
	pcm := d.heardMusic()
	if got := len(pcm) / 2; got != 50_000 {
		t.Fatalf("%d frames", got)
	}
	still, _ := maxBend(pcm[:2*20_000])
	if bend, at := maxBend(pcm[:2*30_000]); bend > 3*still {
		t.Errorf("a click of %.4f at frame %d; the music itself bends by %.4f", bend, at, still)
	}
	same(t, "before it broke", pcm[:2*29_000], a.pcm[:2*29_000])
}

// TestLateMusicStalls: what comes too late is told, with its length, and nothing is lost.
func TestLateMusicStalls(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	a := entry(numbered(0, 60_000), testRate)
	late := &reel{e: a.e, pcm: a.pcm[:2*20_000], rate: testRate}
	d.m.Cut(a.e)
	d.m.Follow(a.e, nil, Join{Last: true})
	for range 60 {
		late.at += late.e.decode(late.pcm[late.at*Channels:], media.Frames(late.at), testRate)
		d.pull(480)
	}
	stalls := 0
	for _, n := range d.notes {
		if n.Kind == Stalled && n.Entry == a.e {
			stalls++
		}
	}
	if stalls != 1 || d.m.Underruns() != 1 {
		t.Fatalf("%d stalls told, %d underruns", stalls, d.m.Underruns())
	}
	a.at = 20_000
	d.play(a)
	same(t, "late music", d.heardMusic(), numbered(0, 60_000))
	if last := d.notes[len(d.notes)-1]; last.Kind != Resumed || !last.Playing {
		t.Errorf("%+v", last)
	}
}

// TestBusyMachineGetsMoreInHand: a mixer that was too late, with music at hand, keeps more in the ring
// from then on, up to a bound; one whose music was late does not.
func TestBusyMachineGetsMoreInHand(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	a := entry(numbered(0, 30*testRate), testRate)
	d.begin(Join{}, a)
	d.pull(testRate, a)
	buf := make([]float32, 2*(testRate+480))
	for _, want := range []media.Frames{testRate * 6 / 10, testRate, testRate} {
		d.work(a)
		d.out.src.Pull(buf)
		d.pull(testRate/2, a)
		if got := d.m.out.Load().ring.Size(); got != want {
			t.Errorf("%d frames may wait, want %d", got, want)
		}
	}
	if n := d.m.Underruns(); n != 3 {
		t.Errorf("%d underruns", n)
	}
}

func TestStartsWithTheFirstBlock(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	e := fake(testRate, testRate)
	d.m.Cut(e)
	e.blocks.full.Push(&Block{PCM: numbered(0, blockFrames), Rate: testRate})
	d.pull(480)
	if d.music[0] != true {
		t.Error("a whole block is there, and silence is heard")
	}
}

// TestPausedMixerRests: with a full ring and nobody listening there is nothing to wake up for.
func TestPausedMixerRests(t *testing.T) {
	d := newDesk(t, MixerOptions{})
	a := entry(numbered(0, 100_000), testRate)
	d.m.SetPaused(true)
	d.begin(Join{}, a)
	d.work(a)
	if wait := d.m.step(); wait >= 0 {
		t.Errorf("looks again after %v", wait)
	}
	d.m.SetPaused(false)
	select {
	case <-d.m.wake:
	default:
		t.Error("not woken by the end of the pause")
	}
}
