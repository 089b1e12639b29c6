// Package frames gives files of uncompressed samples in packets, once their container has said where
// the samples lie.
package frames

import (
	"io"

	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
)

// PacketFrames is how many frames a packet has, but for the last one.
const PacketFrames = 4096

// Reader gives frames of a fixed size. It is used by one goroutine at a time.
type Reader struct {
	Window window.Window
	Start  int64 // offset of the first frame
	Bytes  int64 // of a frame, at least 1
	Total  media.Frames

	at   media.Frames // where the packet given last begins
	next media.Frames
	err  error
}

// Limit makes the frames end with the size bytes behind Start, or with the file where that is nearer.
func (r *Reader) Limit(size int64) {
	size = max(0, min(size, r.Window.End-r.Start))
	r.Total = media.Frames(size / r.Bytes)
	r.Window.End = r.Start + int64(r.Total)*r.Bytes
}

// Next gives the next packet.
func (r *Reader) Next(p *media.Packet) error {
	if r.err != nil {
		return r.err
	}
	n := min(PacketFrames, r.Total-r.next)
	if n <= 0 {
		r.err = io.EOF
		return r.err
	}
	b, err := r.Window.At(r.Start+int64(r.next)*r.Bytes, int(int64(n)*r.Bytes))
	if err != nil {
		r.err = err
		return r.err
	}
	if got := media.Frames(int64(len(b)) / r.Bytes); got < n { // shorter than its size said
		n, r.Total = got, r.next+got
		if n == 0 {
			r.err = io.EOF
			return r.err
		}
	}
	*p = media.Packet{Data: b[:int64(n)*r.Bytes], Time: r.next, Duration: n}
	r.at, r.next = r.next, r.next+n
	return nil
}

// Offset is where the packet that Next gave last begins, in bytes of the file.
func (r *Reader) Offset() int64 { return r.Start + int64(r.at)*r.Bytes }

// Seek moves to the packet that holds raw time t. Packets start at multiples of PacketFrames.
func (r *Reader) Seek(t media.Frames) error {
	r.err = nil
	if t >= r.Total {
		r.next = r.Total
		return nil
	}
	r.next = max(0, t) / PacketFrames * PacketFrames
	return nil
}
