package containertest

import (
	"bytes"
	"io"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// Opener makes an Open of a container's own function, whose demuxer has a type of its own.
func Opener[D container.Demuxer](open func(io.ReaderAt, int64) (D, error)) Open {
	return func(r io.ReaderAt, size int64) (container.Demuxer, error) {
		d, err := open(r, size)
		if err != nil {
			return nil, err
		}
		return d, nil
	}
}

// SegmentOpener makes an Open of a function that takes a segment, which it reads whole.
func SegmentOpener[D container.Demuxer](open func([]byte) (D, error)) Open {
	return Opener(func(r io.ReaderAt, size int64) (d D, err error) {
		data, err := io.ReadAll(io.NewSectionReader(r, 0, size))
		if err != nil {
			return d, err
		}
		return open(data)
	})
}

// Packets opens data and gives the demuxer with all packets, each with Data of its own.
func Packets[D container.Demuxer](t testing.TB, open func(io.ReaderAt, int64) (D, error), data []byte) (D, []media.Packet) {
	t.Helper()
	d, err := open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return d, Rest(t, d)
}

// Rest gives the packets from here to the end, each with Data of its own.
func Rest(t testing.TB, d container.Demuxer) []media.Packet {
	t.Helper()
	all, err := Drain(d)
	if err != io.EOF {
		t.Fatalf("after %d packets: %v", len(all), err)
	}
	return all
}

// Drain gives the packets from here on, each with Data of its own, and the error that ends them.
func Drain(d container.Demuxer) (all []media.Packet, err error) {
	for {
		var p media.Packet
		if err := d.Next(&p); err != nil {
			return all, err
		}
		p.Data = bytes.Clone(p.Data)
		all = append(all, p)
	}
}
