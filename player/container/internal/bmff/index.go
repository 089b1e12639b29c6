package bmff

import (
	"fmt"

	"github.com/segue-audio/segue/player/container"
)

// Index is a sidx box (ISO 14496-12, 8.16.3): pieces of a file, one behind the other.
type Index struct {
	Track uint32 // the ID of the track whose times it counts
	Scale uint32 // ticks a second; never zero
	Start uint64 // of the first piece, in ticks
	First uint64 // bytes between the box and the first piece

	References []Reference
}

// Reference is one piece: media, or a further sidx.
type Reference struct {
	Size     uint32
	Duration uint32 // in ticks
	Index    bool
}

// ParseIndex reads the body of a sidx box. The error wraps container.ErrFormat.
func ParseIndex(body []byte) (Index, error) {
	r := Reader{B: body}
	version, _ := r.Full()
	x := Index{Track: r.U32(), Scale: r.U32()}
	if version == 0 {
		x.Start, x.First = uint64(r.U32()), uint64(r.U32())
	} else {
		x.Start, x.First = r.U64(), r.U64()
	}
	r.U16()
	count := int(r.U16())
	if x.Scale == 0 || x.Start > 1<<60 || x.First > 1<<60 {
		return Index{}, fmt.Errorf("mp4: sidx of %d ticks a second that starts at %d, %d bytes on: %w",
			x.Scale, x.Start, x.First, container.ErrFormat)
	}
	if count > len(r.B)/12 {
		r.Short = true
		count = 0
	}
	x.References = make([]Reference, count)
	for i := range x.References {
		size := r.U32()
		x.References[i] = Reference{Size: size &^ (1 << 31), Duration: r.U32(), Index: size>>31 != 0}
		r.U32() // access points: all of audio is one
	}
	return x, r.Err("sidx")
}
