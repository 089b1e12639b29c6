// Package containertest is the suite that every container runs: the promises of
// container.Demuxer and container.Seeker, kept on whole files, cut files, garbled files and
// failing readers. Beside it stands how tests of containers and codecs find files and tools, and how
// they take files apart.
package containertest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// Open starts a demuxer on the size bytes that r reads.
type Open func(r io.ReaderAt, size int64) (container.Demuxer, error)

// A sub-test opens the file cut or broken at every byte of a small file, and at a spread of bytes of
// a larger one: at most so many, and so that at most so much is read.
const (
	trials    = 1500
	readTotal = 8 << 20
)

// Run tests a container on one sound file of a few kilobytes with five packets or more.
func Run(t *testing.T, open Open, data []byte) {
	t.Helper()
	want := sequential(t, open, data)
	t.Run("end", func(t *testing.T) { testEnd(t, open, data) })
	t.Run("truncated", func(t *testing.T) { testTruncated(t, open, data, want) })
	t.Run("shorter than its size", func(t *testing.T) { testShorter(t, open, data, want) })
	t.Run("garbled", func(t *testing.T) { testGarbled(t, open, data) })
	t.Run("failing reads", func(t *testing.T) { testFailingReads(t, open, data, want) })
	d, err := open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := d.(container.Seeker); ok {
		t.Run("seek", func(t *testing.T) { testSeek(t, open, data, want) })
		t.Run("failing seek", func(t *testing.T) { testFailingSeek(t, open, data, want) })
	}
}

// Exercise opens data, which may be anything, and reads it to its end or error. It is the body of a
// container's fuzz test: what it fails on is a broken promise, not bad data.
func Exercise(t *testing.T, open Open, data []byte) {
	t.Helper()
	d, err := open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		checkError(t, err)
		return
	}
	packets, err := drain(t, d, len(data))
	if !errors.Is(err, io.EOF) {
		checkError(t, err)
	}
	s, ok := d.(container.Seeker)
	if !ok || len(packets) == 0 {
		return
	}
	if err := s.Seek(packets[len(packets)/2].Time); err != nil {
		checkError(t, err)
		return
	}
	if _, err := drain(t, d, len(data)); !errors.Is(err, io.EOF) {
		checkError(t, err)
	}
}

// checkError tells whether an error is one that a caller can tell from others.
func checkError(t *testing.T, err error) {
	t.Helper()
	for _, known := range []error{container.ErrFormat, container.ErrUnsupported, container.ErrLimit} {
		if errors.Is(err, known) {
			return
		}
	}
	t.Fatalf("error wraps none of the package container: %v", err)
}

// drain reads to the end or error, copying.
func drain(t *testing.T, d container.Demuxer, size int) (packets []media.Packet, err error) {
	t.Helper()
	most := 2*size + 1000 // a packet has bytes, or stands for lost ones
	for len(packets) <= most {
		p := media.Packet{Encryption: &media.Encryption{}, Time: -1, Duration: -1}
		if err := d.Next(&p); err != nil {
			return packets, err
		}
		if p.Time < 0 || p.Duration < 0 {
			t.Fatalf("packet %d: time %d, duration %d", len(packets), p.Time, p.Duration)
		}
		if len(p.Data) > container.MaxPacketBytes {
			t.Fatalf("packet %d: %d bytes", len(packets), len(p.Data))
		}
		p.Data = bytes.Clone(p.Data)
		packets = append(packets, p)
	}
	t.Fatalf("more than %d packets in %d bytes", most, size)
	return nil, nil
}

func sequential(t *testing.T, open Open, data []byte) []media.Packet {
	t.Helper()
	d, err := open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	packets, err := drain(t, d, len(data))
	if err != io.EOF {
		t.Fatalf("after %d packets: %v", len(packets), err)
	}
	if len(packets) < 5 {
		t.Fatalf("%d packets are too few to test with", len(packets))
	}
	for i, p := range packets {
		if p.Encryption != nil {
			t.Fatalf("packet %d: Encryption of the packet before is left in it", i)
		}
		if i > 0 && packets[i-1].Duration > 0 && p.Time != packets[i-1].Time+packets[i-1].Duration {
			t.Fatalf("packet %d: time %d, the one before ends at %d", i, p.Time, packets[i-1].Time+packets[i-1].Duration)
		}
	}
	return packets
}

func equal(a, b media.Packet) bool {
	return a.Time == b.Time && a.Duration == b.Duration && bytes.Equal(a.Data, b.Data)
}

// checkPrefix fails unless got is the start of want; a cut last packet is let pass where cut is set.
func checkPrefix(t *testing.T, at int, got, want []media.Packet, cut int) {
	t.Helper()
	if len(got) > len(want) {
		t.Fatalf("at %d: %d packets of %d", at, len(got), len(want))
	}
	for i := range got {
		if !equal(got[i], want[i]) && i < len(got)-cut {
			t.Fatalf("at %d: packet %d is (%d, %d, %d bytes), want (%d, %d, %d bytes)", at, i,
				got[i].Time, got[i].Duration, len(got[i].Data), want[i].Time, want[i].Duration, len(want[i].Data))
		}
	}
}

func testEnd(t *testing.T, open Open, data []byte) {
	d, err := open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	info := d.Info()
	if info.Format.Codec == "" || info.Format.SampleRate <= 0 || info.Format.Channels <= 0 {
		t.Fatalf("format %+v", info.Format)
	}
	if _, err := drain(t, d, len(data)); err != io.EOF {
		t.Fatal(err)
	}
	var p media.Packet
	for range 3 {
		if err := d.Next(&p); err != io.EOF {
			t.Fatalf("Next after the end: %v", err)
		}
	}
	after := d.Info()
	if !info.Format.SameDecoder(after.Format) || info.Trim != after.Trim || info.Preroll != after.Preroll {
		t.Fatalf("Info changed from %+v to %+v", info, after)
	}
}

// offsets is every offset of data, or a spread of them.
func offsets(data []byte) func(yield func(int) bool) {
	step := 1 + len(data)/min(trials, 1+readTotal/(len(data)+1))
	return func(yield func(int) bool) {
		for n := 0; n < len(data) && yield(n); n += step {
		}
	}
}

func testTruncated(t *testing.T, open Open, data []byte, want []media.Packet) {
	for n := range offsets(data) {
		d, err := open(bytes.NewReader(data[:n]), int64(n))
		if err != nil {
			checkError(t, err)
			continue
		}
		got, err := drain(t, d, n)
		if err != io.EOF {
			checkError(t, err)
		}
		checkPrefix(t, n, got, want, 1)
		var p media.Packet
		if again := d.Next(&p); again == nil || errors.Is(again, io.EOF) != errors.Is(err, io.EOF) {
			t.Fatalf("cut at %d: Next gave %v after %v", n, again, err)
		}
	}
}

// testShorter opens cut files under their old size, as when one is cut while it is played.
func testShorter(t *testing.T, open Open, data []byte, want []media.Packet) {
	for n := range offsets(data) {
		d, err := open(bytes.NewReader(data[:n]), int64(len(data)))
		if err != nil {
			continue
		}
		got, err := drain(t, d, len(data))
		if err != io.EOF {
			checkError(t, err)
		}
		checkPrefix(t, n, got, want, 1)
	}
}

func testGarbled(t *testing.T, open Open, data []byte) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range offsets(data) {
		bad := bytes.Clone(data)
		for i := range 1 + rng.IntN(4) {
			bad[(n+i)%len(bad)] = byte(rng.Uint32())
		}
		Exercise(t, open, bad)
	}
}

var errBroken = errors.New("broken disk")

// breaking fails every read that touches a byte at or behind a limit.
type breaking struct {
	r     *bytes.Reader
	limit int64
}

// ReadAt gives what lies in front of the limit.
func (b *breaking) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) <= b.limit {
		return b.r.ReadAt(p, off)
	}
	n := 0
	if off < b.limit {
		n, _ = b.r.ReadAt(p[:b.limit-off], off)
	}
	return n, errBroken
}

func testFailingReads(t *testing.T, open Open, data []byte, want []media.Packet) {
	for n := range offsets(data) {
		d, err := open(&breaking{bytes.NewReader(data), int64(n)}, int64(len(data)))
		if err != nil {
			if !errors.Is(err, errBroken) {
				t.Fatalf("reads fail at %d: Open hides the reason: %v", n, err)
			}
			continue
		}
		got, err := drain(t, d, len(data))
		if !errors.Is(err, errBroken) && (err != io.EOF || len(got) != len(want)) {
			t.Fatalf("reads fail at %d: %v after %d packets of %d", n, err, len(got), len(want))
		}
		checkPrefix(t, n, got, want, 0)
		var p media.Packet
		if again := d.Next(&p); again == nil || errors.Is(again, errBroken) != errors.Is(err, errBroken) {
			t.Fatalf("reads fail at %d: Next gave %v after %v", n, again, err)
		}
	}
}
