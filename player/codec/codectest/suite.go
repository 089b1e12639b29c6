// Package codectest is the suite that every codec runs: the promises of codec.Decoder, kept on
// sound packets, on damaged ones and on rubbish. Beside it stands what codecs' tests need to compare
// sound with that of other decoders.
package codectest

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/media"
)

// Harness is what the suite needs of a codec.
type Harness struct {
	New func() (codec.Decoder, error)
	// Packets are consecutive and sound, ten or more, and start where decoding can.
	Packets []media.Packet
	// Preroll counts the packets that must go before one for it to decode as in uninterrupted
	// decoding.
	Preroll int
	// Checked tells that a damaged packet is always noticed.
	Checked bool
	// AllocFree tells that Decode never allocates.
	AllocFree bool
}

// Run tests a codec.
func Run(t *testing.T, h Harness) {
	t.Helper()
	if len(h.Packets) < 10 {
		t.Fatalf("%d packets are too few to test with", len(h.Packets))
	}
	r := &run{Harness: h, buf: newBuffer()}
	r.want = r.decodeAll(t, r.fresh(t))
	t.Run("reset", r.testReset)
	t.Run("preroll", r.testPreroll)
	t.Run("short buffer", r.testShortBuffer)
	t.Run("damaged", r.testDamaged)
	t.Run("rubbish", r.testRubbish)
	t.Run("concealment", r.testConceal)
	if h.AllocFree {
		t.Run("allocations", r.testAllocs)
	}
}

type run struct {
	Harness
	buf  buffer
	want [][]float32 // of each packet
}

func (r *run) fresh(t *testing.T) codec.Decoder {
	t.Helper()
	d, err := r.New()
	if err != nil {
		t.Fatal(err)
	}
	if c := d.Channels(); c < 1 || c > codec.MaxChannels {
		t.Fatalf("%d channels", c)
	}
	if d.SampleRate() < 0 {
		t.Fatalf("%d frames a second", d.SampleRate())
	}
	return d
}

// untouched fills the buffer, so that writes behind the frames show. No decoder gives it.
const untouched = math.MaxFloat32

// buffer is what decoders write into, untouched between packets.
type buffer []float32

func newBuffer() buffer {
	b := make(buffer, codec.MaxFrames*codec.MaxChannels)
	b.wipe()
	return b
}

// wipe makes b untouched again; copying is many times faster than a loop under fuzzing or -race.
func (b buffer) wipe() {
	if len(b) > 0 {
		b[0] = untouched
	}
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// checkUntouched looks at every sample of the first and at a spread of the others, for speed again.
func (b buffer) checkUntouched(t *testing.T, what string) {
	t.Helper()
	const closely, spread = 4096, 61
	for i := 0; i < len(b); i++ {
		if b[i] != untouched {
			t.Fatalf("sample %d written behind %s", i, what)
		}
		if i > closely {
			i += spread
		}
	}
}

// decode decodes one packet and looks at all that a decoder could do wrong besides its sound.
func (b buffer) decode(t *testing.T, d codec.Decoder, p media.Packet) ([]float32, error) {
	t.Helper()
	channels := d.Channels()
	dst := b[:codec.MaxFrames*channels]
	before := bytes.Clone(p.Data)
	n, err := d.Decode(dst, &p)
	if !bytes.Equal(before, p.Data) {
		t.Fatal("Decode changed the packet")
	}
	if d.Channels() != channels {
		t.Fatalf("Channels went from %d to %d", channels, d.Channels())
	}
	if err != nil {
		if n != 0 {
			t.Fatalf("%d frames with error %v", n, err)
		}
		if !errors.Is(err, codec.ErrCorrupt) && !errors.Is(err, codec.ErrUnsupported) {
			t.Fatalf("error wraps none of the package codec: %v", err)
		}
		dst.wipe()
		return nil, err
	}
	if n < 0 || n > codec.MaxFrames {
		t.Fatalf("%d frames", n)
	}
	pcm := slices.Clone(dst[:n*channels])
	for i, v := range pcm {
		if v == untouched || v != v {
			t.Fatalf("sample %d of %d frames is %v", i, n, v)
		}
	}
	dst[n*channels:].checkUntouched(t, "the frames")
	dst[:n*channels].wipe()
	return pcm, nil
}

func (r *run) decodeAll(t *testing.T, d codec.Decoder) (out [][]float32) {
	t.Helper()
	loudest := float32(0)
	for i, p := range r.Packets {
		pcm, err := r.buf.decode(t, d, p)
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		if p.Duration > 0 && media.Frames(len(pcm)/d.Channels()) != p.Duration {
			t.Fatalf("packet %d: %d frames, its Duration is %d", i, len(pcm)/d.Channels(), p.Duration)
		}
		for _, v := range pcm {
			loudest = max(loudest, v, -v)
		}
		out = append(out, pcm)
	}
	if loudest < 0.01 || loudest > 8 {
		t.Fatalf("the loudest sample is %v", loudest)
	}
	return out
}

func (r *run) testReset(t *testing.T) {
	d := r.fresh(t)
	for i, p := range r.Packets[:len(r.Packets)/2] {
		if pcm, err := r.buf.decode(t, d, p); err != nil || !slices.Equal(pcm, r.want[i]) {
			t.Fatalf("a second decoder decodes packet %d otherwise: %v", i, err)
		}
	}
	d.Reset()
	for i, pcm := range r.decodeAll(t, d) {
		if !slices.Equal(pcm, r.want[i]) {
			t.Fatalf("packet %d decodes otherwise after Reset", i)
		}
	}
}

// spaced is how far apart the places lie that are looked at closely. Each costs the pre-roll; so the
// longer that is, the fewer they are.
func (r *run) spaced(least int) int { return max(least, r.Preroll/3) }

// testPreroll starts in the middle, as after a seek.
func (r *run) testPreroll(t *testing.T) {
	d := r.fresh(t)
	for start := 0; start < len(r.Packets); start += r.spaced(3) {
		d.Reset()
		for i := start; i < min(start+r.Preroll+3, len(r.Packets)); i++ {
			pcm, err := r.buf.decode(t, d, r.Packets[i])
			if err != nil {
				t.Fatalf("started at %d, packet %d: %v", start, i, err)
			}
			if i >= start+r.Preroll && !slices.Equal(pcm, r.want[i]) {
				t.Fatalf("started at %d, packet %d decodes otherwise", start, i)
			}
		}
	}
}

func (r *run) testShortBuffer(t *testing.T) {
	d := r.fresh(t)
	p := r.Packets[0]
	if n, err := d.Decode(make([]float32, len(r.want[0])-1), &p); n != 0 || !errors.Is(err, codec.ErrCorrupt) {
		t.Fatalf("a buffer one sample too short gives %d frames, %v", n, err)
	}
}

// recovers decodes from packet at on and wants, the pre-roll past, the sound of undisturbed decoding.
func (r *run) recovers(t *testing.T, d codec.Decoder, at int, after string) {
	t.Helper()
	for i := at; i <= at+r.Preroll; i++ {
		pcm, err := r.buf.decode(t, d, r.Packets[i])
		switch {
		case err != nil:
			t.Fatalf("after %s: packet %d: %v", after, i, err)
		case i == at+r.Preroll && !slices.Equal(pcm, r.want[i]):
			t.Fatalf("after %s: packet %d still decodes otherwise", after, i)
		}
	}
}

func (r *run) testDamaged(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	d := r.fresh(t)
	for round := range 120 {
		at := rng.IntN(len(r.Packets) - r.Preroll - 1)
		p := r.Packets[at]
		p.Data = bytes.Clone(p.Data)
		if round%4 == 0 {
			p.Data = p.Data[:rng.IntN(len(p.Data))]
		} else {
			for range 1 + rng.IntN(3) {
				p.Data[rng.IntN(len(p.Data))] ^= byte(1 + rng.IntN(255))
			}
		}
		if bytes.Equal(p.Data, r.Packets[at].Data) {
			continue
		}
		if _, err := r.buf.decode(t, d, p); err == nil && r.Checked {
			t.Fatalf("round %d: damage in packet %d isn't noticed", round, at)
		}
		if round%(r.spaced(7)|1) == 0 { // odd, for damage of both kinds
			r.recovers(t, d, at+1, "a damaged packet")
		}
	}
}

func (r *run) testRubbish(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	d := r.fresh(t)
	for n := range 120 {
		junk := make([]byte, n*n/18)
		for i := range junk {
			junk[i] = byte(rng.Uint32())
		}
		if head := r.Packets[0].Data; n%2 == 0 {
			copy(junk, head[:min(8, len(head))]) // so that not every one is turned away at its door
		}
		_, err := r.buf.decode(t, d, media.Packet{Data: junk, Duration: 1})
		if len(junk) == 0 && !errors.Is(err, codec.ErrCorrupt) {
			t.Fatalf("an empty packet gives %v", err)
		}
		if n%24 == 0 {
			r.recovers(t, d, 1, "rubbish")
		}
	}
}

// testConceal loses a packet in the middle: what is put there isn't louder than the music, and what
// follows is as it would have been. Lost packets without end fade to silence.
func (r *run) testConceal(t *testing.T) {
	d, ok := r.fresh(t).(codec.Concealer)
	if !ok {
		t.Skip("the codec conceals nothing; silence takes the packet's place")
	}
	conceal := func(frames int) (peak float32) {
		n := frames * d.Channels()
		d.Conceal(r.buf[:codec.MaxFrames*d.Channels()], frames)
		for i, v := range r.buf[:n] {
			if v == untouched || v != v {
				t.Fatalf("sample %d of a concealment is %v", i, v)
			}
			peak = max(peak, v, -v)
		}
		r.buf[n:].checkUntouched(t, "a concealment")
		r.buf.wipe()
		return peak
	}
	if p := conceal(1000); p != 0 {
		t.Fatalf("a fresh decoder conceals with %v, not silence", p)
	}
	var loudest float32
	for _, pcm := range r.want {
		for _, v := range pcm {
			loudest = max(loudest, v, -v)
		}
	}
	frames := len(r.want[0]) / d.Channels()
	for lost := 1; lost < len(r.Packets)-r.Preroll-1; lost += r.spaced(2) {
		d.Reset()
		for _, p := range r.Packets[max(0, lost-r.Preroll-1):lost] {
			r.buf.decode(t, d, p)
		}
		if p := conceal(frames); p > 1.5*loudest {
			t.Fatalf("packet %d is concealed at %v, the music's peak is %v", lost, p, loudest)
		}
		r.recovers(t, d, lost+1, "a concealed packet")
	}
	for range 50 {
		conceal(frames)
	}
	if p := conceal(frames); p > loudest/1000 {
		t.Fatalf("after 50 lost packets %v is still heard", p)
	}
	if h := r.Harness; h.AllocFree {
		dst := make([]float32, codec.MaxFrames*d.Channels())
		if allocs := testing.AllocsPerRun(20, func() { d.Conceal(dst, frames) }); allocs != 0 {
			t.Fatalf("Conceal allocates %v times", allocs)
		}
	}
}

func (r *run) testAllocs(t *testing.T) {
	d := r.fresh(t)
	dst := make([]float32, codec.MaxFrames*d.Channels())
	p := r.Packets[0]
	if allocs := testing.AllocsPerRun(50, func() { d.Decode(dst, &p) }); allocs != 0 {
		t.Fatalf("Decode allocates %v times", allocs)
	}
}

// Exercise decodes what may be anything: the body of a codec's fuzz test. Packets that decode are
// judged as in Run, all but their sound.
func Exercise(t *testing.T, d codec.Decoder, packets ...[]byte) {
	t.Helper()
	buf := newBuffer()
	for _, data := range packets {
		buf.decode(t, d, media.Packet{Data: data})
	}
}
