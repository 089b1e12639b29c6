package radio

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player/metadata"
)

func babble(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(b)
	return b
}

// TestTapeIsBounded: hours of radio pass through a tape of a few hundred kilobytes.
func TestTapeIsBounded(t *testing.T) {
	tp := newTape(t.Context(), Continuous)
	all := babble(1 << 20)
	p := make([]byte, 5000)
	at, written := int64(0), int64(0)
	for range 64 << 20 / len(all) {
		for i := 0; i < len(all); i += 8192 {
			tp.write(all[i : i+8192])
			for written += 8192; written-at >= int64(len(p)); at += 4000 { // readers go back a little
				if n, err := tp.ReadAt(p, at); n != len(p) || err != nil {
					t.Fatal(n, err)
				}
				if k := int(at) % len(all); k+len(p) <= len(all) && !bytes.Equal(p, all[k:k+len(p)]) {
					t.Fatalf("other bytes at %d", at)
				}
			}
		}
	}
	if cap(tp.held) > 4*heldBehind {
		t.Errorf("%d bytes are held for it", cap(tp.held))
	}
	if _, err := tp.ReadAt(p, 0); !errors.Is(err, errForgotten) {
		t.Error("what was read long ago:", err)
	}
	if held := tp.Held(at); held != written-at {
		t.Errorf("%d held, %d written", held, written-at)
	}
	for i := range 3 * maxTitles {
		tp.title(int64(i), metadata.Metadata{})
	}
	if len(tp.due(1<<40)) != maxTitles {
		t.Error("titles without bound")
	}
}

// TestTapeEnds: who reads gets what is there, and then the end; or its context's cause.
func TestTapeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		tp := newTape(ctx, Continuous)
		time.AfterFunc(time.Second, func() { tp.write([]byte("abc")) })
		time.AfterFunc(2*time.Second, tp.end)
		p := make([]byte, 3)
		if n, err := tp.ReadAt(p, 0); n != 3 || err != nil || string(p) != "abc" {
			t.Error(n, err)
		}
		if n, err := tp.ReadAt(p, 2); n != 1 || err != io.EOF {
			t.Error(n, err)
		}
		other := newTape(ctx, Continuous)
		cause := errors.New("gone")
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if _, err := other.ReadAt(p, 0); err != cause {
			t.Error(err)
		}
		cut := newTape(t.Context(), Continuous)
		cut.write(babble(100))
		if _, err := cut.ReadAt(p, 50); err != nil {
			t.Error(err)
		}
		cut.cut()
		if n, err := cut.ReadAt(p, 53); n != 0 || err != io.EOF {
			t.Error(n, err)
		}
	})
}

// TestSplice: a connection that repeats what is on the tape goes on with it, however it is cut into reads; one
// that doesn't begins anew, when there is nothing else to be heard.
func TestSplice(t *testing.T) {
	all := babble(300_000)
	for _, piece := range []int{1, 100, 1024, 8192} {
		synctest.Test(t, func(t *testing.T) {
			old := newTape(t.Context(), Continuous)
			old.write(all[:100_000])
			s := newSplice(old)
			from, at := 50_000, 0
			for {
				j, known := s.take(all[from+at : from+at+piece])
				if at += piece; !known {
					if at > 60_000 {
						t.Fatalf("in pieces of %d: not found", piece)
					}
					continue
				}
				if want := 100_000 - from; !j.found || j.at != int64(want) || !bytes.Equal(j.rest, all[100_000:from+at]) || at-want > piece {
					t.Errorf("in pieces of %d: %v at %d with %d behind it", piece, j.found, j.at, len(j.rest))
				}
				return
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		old := newTape(t.Context(), Continuous)
		old.write(all[:100_000])
		s := newSplice(old)
		if _, known := s.take(all[150_000:160_000]); known {
			t.Error("given up at once")
		}
		go func() { _, _ = old.ReadAt(make([]byte, 1), 100_000) }()
		time.Sleep(spliceTime)
		synctest.Wait()
		if j, known := s.take(all[160_000:160_010]); !known || j.found || !bytes.Equal(j.rest, all[150_000:160_010]) {
			t.Error("nothing else is to be heard, and what came is held back")
		}
		old.end()
		if j, known := newSplice(old).take(all[:10]); !known || j.found {
			t.Error("goes on with a tape that has ended")
		}
		long := newTape(t.Context(), Continuous)
		long.write(all[:5000])
		s = newSplice(long)
		for n := 0; ; n += 8192 {
			if _, known := s.take(all[8192:16384]); known {
				break
			}
			if n > spliceBytes {
				t.Fatal("looks on for ever")
			}
		}
	})
}
