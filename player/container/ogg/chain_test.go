package ogg

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// chain writes links of the same sample.
func chain(s sample, cuts ...int64) (data []byte) {
	for i, cut := range cuts {
		data = append(data, layout{serial: uint32(100 + i), headers: s.headers, perPage: 6, cut: cut,
			base: int64(i) * 5000}.write(s.packets)...)
	}
	return data
}

// TestChain wants each link's packets, at times that make what is heard of the links follow on each
// other without a gap or an overlap.
func TestChain(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			cuts := []int64{40, 0, 90, 10}
			d := openBytes(t, chain(s, cuts...))
			skip := d.Info().Trim.Start
			var heard media.Frames
			got, err := containertest.Drain(d)
			if err != io.EOF || len(got) != len(cuts)*len(s.packets) {
				t.Fatalf("%d packets, want %d; %v", len(got), len(cuts)*len(s.packets), err)
			}
			for i, cut := range cuts {
				link := got[i*len(s.packets) : (i+1)*len(s.packets)]
				for k, p := range link[1:] {
					if before := link[k]; p.Time != before.Time+before.Duration {
						t.Fatalf("link %d: packet %d at %d, the one before ends at %d", i, k+1, p.Time, before.Time+before.Duration)
					}
				}
				origin := link[1].Time - s.packets[1].Time
				if want := heard; origin != want {
					t.Fatalf("link %d begins at %d, want %d", i, origin, want)
				}
				last := link[len(link)-1]
				if i > 0 && s.name == "tone.ogg" && (link[0].Duration == 0 || link[0].Time >= origin) {
					t.Fatalf("link %d: nothing tells the decoder to start anew", i)
				}
				heard = origin + end(s.packets) - media.Frames(cut) - skip
				if i < len(cuts)-1 && last.Time+last.Duration != heard+skip {
					t.Fatalf("link %d ends at %d, want %d", i, last.Time+last.Duration, heard+skip)
				}
				if i == len(cuts)-1 && d.Info().Trim.Length != heard {
					t.Fatalf("length %d, want %d", d.Info().Trim.Length, heard)
				}
			}
		})
	}
}

// TestChainSuite has FLAC's links, whose times don't overlap.
func TestChainSuite(t *testing.T) {
	s := samples(t)[2]
	s.packets = s.packets[:4]
	containertest.Run(t, containertest.Opener(Open), chain(s, 0, 0, 0))
	containertest.InOrder(t, containertest.Opener(Open), chain(s, 0, 0, 0), 8192)
}

// TestChainSeek wants each seek to give what is found there when nothing was sought.
func TestChainSeek(t *testing.T) {
	for _, s := range samples(t) {
		data := chain(s, 0, 50, 30, 0)
		all := packets(t, data)
		d := openBytes(t, data)
		for i := 0; i < len(all); i += 3 {
			target := all[i].Time + all[i].Duration/2
			if target+d.Info().Preroll >= end(all) {
				continue
			}
			if err := d.Seek(target + d.Info().Preroll); err != nil {
				t.Fatal(err)
			}
			var p media.Packet
			if err := d.Next(&p); err != nil {
				t.Fatalf("%s: Seek(%d): %v", s.name, target, err)
			}
			if p.Time > max(target, 0) || p.Time+p.Duration <= target {
				t.Fatalf("%s: Seek(%d): packet of %d at %d", s.name, target, p.Duration, p.Time)
			}
			found := false
			for _, w := range all {
				found = found || same(w, p)
			}
			if !found {
				t.Fatalf("%s: Seek(%d): packet at %d is none of the stream", s.name, target, p.Time)
			}
		}
	}
}

// TestChainOfFormats wants the first format whole and then an error that says why there is no more.
func TestChainOfFormats(t *testing.T) {
	all := samples(t)
	for i, s := range all {
		next := layout{serial: 55, headers: all[(i+1)%3].headers, perPage: 9}.write(all[(i+1)%3].packets)
		d := openBytes(t, append(s.remux(9), next...))
		got, err := containertest.Drain(d)
		if !errors.Is(err, container.ErrUnsupported) {
			t.Errorf("%s: %v at the end", s.name, err)
		}
		checkSame(t, got, s.packets)
		var p media.Packet
		if err := d.Seek(1 << 40); err != nil || !errors.Is(d.Next(&p), container.ErrUnsupported) {
			t.Errorf("%s: past the end: %v, %v", s.name, err, d.Next(&p))
		}
	}
	// Pages of nothing known behind the end are no link.
	s := all[0]
	stray := rawPage(0, 5, 1234, 9, []byte{3}, []byte("abc"))
	checkSame(t, packets(t, append(s.remux(9), stray...)), s.packets)
	// Another pre-skip is no other format; another gain is.
	for at, want := range map[int]error{10: io.EOF, 16: container.ErrUnsupported} {
		head := bytes.Clone(s.headers[0])
		head[at]++
		other := layout{serial: 6, headers: [][]byte{head, s.headers[1]}, perPage: 9}.write(s.packets)
		if _, err := containertest.Drain(openBytes(t, append(s.remux(9), other...))); !errors.Is(err, want) {
			t.Errorf("byte %d of OpusHead differs: %v, want %v", at, err, want)
		}
	}
}

// comingIn is a file that comes in in order.
type comingIn struct{ *bytes.Reader }

// Held implements container.Arriving.
func (comingIn) Held(int64) int64 { return 0 }

// InOrder implements container.Arriving.
func (comingIn) InOrder() bool { return true }

// TestEndInOrder: where a stream ends within its last packet, that shows in the last page alone, and is kept to
// also by who couldn't look there before.
func TestEndInOrder(t *testing.T) {
	for _, name := range []string{"tone.opus", "tone.ogg", "tone.oga"} {
		data := containertest.File(t, "testdata", name)
		whole, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		d, err := Open(comingIn{bytes.NewReader(data)}, container.Unknown)
		if err != nil {
			t.Fatal(err)
		}
		if d.Info().Trim.Length != 0 {
			t.Errorf("%s: %+v is known", name, d.Info().Trim)
		}
		end := media.Frames(0)
		var p media.Packet
		for d.Next(&p) == nil {
			end = p.Time + p.Duration
		}
		if want := whole.Info().Trim; end != want.Start+want.Length {
			t.Errorf("%s ends at %d, not %d", name, end, want.Start+want.Length)
		}
	}
}
