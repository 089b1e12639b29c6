package containertest

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

func openSeeker(t *testing.T, open Open, r io.ReaderAt, data []byte) container.Seeker {
	t.Helper()
	d, err := open(r, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return d.(container.Seeker)
}

// landing is the index of the packet that a seek to raw time at must give.
func landing(packets []media.Packet, at media.Frames) int {
	for i := len(packets) - 1; i > 0; i-- {
		if packets[i].Time <= at {
			return i
		}
	}
	return 0
}

func end(packets []media.Packet) media.Frames {
	last := packets[len(packets)-1]
	return last.Time + last.Duration
}

// testSeek moves one demuxer to and fro and a fresh one each time, to packets' starts, their
// neighbours, and outside of the stream.
func testSeek(t *testing.T, open Open, data []byte, want []media.Packet) {
	moving := openSeeker(t, open, bytes.NewReader(data), data)
	preroll := moving.Info().Preroll
	targets := []media.Frames{0, -1, -1 << 62}
	for i := range min(len(want), 40) {
		p := want[(i*61+3)%len(want)] // to and fro
		for _, off := range []media.Frames{0, -1, 1, p.Duration / 2} {
			targets = append(targets, p.Time+off, p.Time+preroll+off)
		}
	}
	for _, target := range targets {
		fresh := openSeeker(t, open, bytes.NewReader(data), data)
		for name, d := range map[string]container.Seeker{"moving": moving, "fresh": fresh} {
			if err := d.Seek(target); err != nil {
				t.Fatalf("%s: Seek(%d): %v", name, target, err)
			}
			checkLanding(t, name, d, target, want)
		}
	}
	for _, target := range []media.Frames{end(want), end(want) + 1, 1 << 61} {
		if err := moving.Seek(target); err != nil {
			t.Fatalf("Seek(%d), past the end: %v", target, err)
		}
		var p media.Packet
		for range 2 {
			if err := moving.Next(&p); err != io.EOF {
				t.Fatalf("Next after Seek(%d), past the end at %d: time %d, %v", target, end(want), p.Time, err)
			}
		}
	}
	if err := moving.Seek(0); err != nil {
		t.Fatal(err)
	}
	got, err := drain(t, moving, len(data))
	if err != io.EOF || len(got) != len(want) {
		t.Fatalf("after seeking back from the end: %d packets of %d, %v", len(got), len(want), err)
	}
}

func checkLanding(t *testing.T, name string, d container.Seeker, target media.Frames, want []media.Packet) {
	t.Helper()
	if target >= end(want) {
		return // testSeek looks at these itself
	}
	i := landing(want, target-d.Info().Preroll)
	for _, w := range want[i:min(i+3, len(want))] {
		var p media.Packet
		if err := d.Next(&p); err != nil {
			t.Fatalf("%s: after Seek(%d): %v", name, target, err)
		}
		if !equal(p, w) {
			t.Fatalf("%s: after Seek(%d): packet (%d, %d, %d bytes), want (%d, %d, %d bytes)", name, target,
				p.Time, p.Duration, len(p.Data), w.Time, w.Duration, len(w.Data))
		}
	}
}

// testFailingSeek wants the position kept by a seek whose reads fail.
func testFailingSeek(t *testing.T, open Open, data []byte, want []media.Packet) {
	r := &breaking{bytes.NewReader(data), int64(len(data))}
	d := openSeeker(t, open, r, data)
	var p media.Packet
	for range 2 {
		if err := d.Next(&p); err != nil {
			t.Fatal(err)
		}
	}
	r.limit = 0
	err := d.Seek(want[len(want)-1].Time + d.Info().Preroll)
	r.limit = int64(len(data))
	if err == nil {
		return // it had no need to read
	}
	if !errors.Is(err, errBroken) {
		t.Fatalf("Seek hides the reason: %v", err)
	}
	if err := d.Next(&p); err != nil || !equal(p, want[2]) {
		t.Fatalf("after a failed Seek: time %d, %v, want %d", p.Time, err, want[2].Time)
	}
}
