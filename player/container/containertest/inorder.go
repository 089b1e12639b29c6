package containertest

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// trickle is a file that comes in in order: what is read has come in by then, and nothing behind it.
type trickle struct {
	data []byte
	here int64
}

// ReadAt waits for nothing: it only takes note of what it would have waited for.
func (r *trickle) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(r.data)) {
		r.here = int64(len(r.data))
		return 0, io.EOF
	}
	r.here = max(r.here, min(off+int64(len(p)), int64(len(r.data))))
	n := copy(p, r.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Held implements container.Arriving.
func (r *trickle) Held(off int64) int64 { return max(0, r.here-off) }

// InOrder implements container.Arriving.
func (r *trickle) InOrder() bool { return true }

// InOrder tests a container on a file that comes in in order, of known length and of unknown: the same
// packets come out, but for the Duration of the last ones, and to give a packet no more than lead bytes
// behind it must be here. Seeks give what they do otherwise.
func InOrder(t *testing.T, open Open, data []byte, lead int64) {
	t.Helper()
	want := sequential(t, open, data)
	for _, size := range []int64{int64(len(data)), container.Unknown} {
		r := &trickle{data: data}
		d, err := open(r, size)
		if err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		var p media.Packet
		for i, w := range want {
			if err := d.Next(&p); err != nil {
				t.Fatalf("size %d, packet %d: %v", size, i, err)
			}
			if w.Time+w.Duration > want[len(want)-1].Time {
				w.Duration = p.Duration
			}
			if !equal(p, w) {
				t.Fatalf("size %d: packet %d is (%d, %d, %d bytes), want (%d, %d, %d bytes)", size, i,
					p.Time, p.Duration, len(p.Data), w.Time, w.Duration, len(w.Data))
			}
			at := d.(container.Placed).Offset()
			if at > int64(len(data)) || r.here > at+int64(len(p.Data))+lead {
				t.Fatalf("size %d: packet %d of %d bytes at %d was given when %d bytes were here", size, i, len(p.Data), at, r.here)
			}
		}
		if err := d.Next(&p); !errors.Is(err, io.EOF) {
			t.Fatalf("size %d: at the end: %v", size, err)
		}
		seekInOrder(t, open, data, size)
	}
}

// seekInOrder seeks in a file that has begun to come in.
func seekInOrder(t *testing.T, open Open, data []byte, size int64) {
	t.Helper()
	whole := sequential(t, open, data)
	for _, k := range []int{len(whole) / 2, len(whole) - 2, 1} {
		to := whole[k].Time
		d, err := open(&trickle{data: data}, size)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		var got, want media.Packet
		if err := errors.Join(d.(container.Seeker).Seek(to), d.Next(&got)); err != nil {
			t.Fatalf("size %d: seek to %d: %v", size, to, err)
		}
		if err := errors.Join(plain.(container.Seeker).Seek(to), plain.Next(&want)); err != nil {
			t.Fatal(err)
		}
		if got.Time != want.Time || got.Time > to {
			t.Fatalf("size %d: seek to %d gives the packet of %d, want that of %d", size, to, got.Time, want.Time)
		}
	}
}
