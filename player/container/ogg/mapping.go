package ogg

import (
	"bytes"
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// mapping is what a codec's mapping into Ogg says: how its headers look, and how long its packets
// last.
type mapping interface {
	// header takes a stream's packets from the first on. done tells that what is needed was seen;
	// header packets that still follow are told by audio.
	header(packet []byte) (done bool, err error)

	// info is what the headers told: the trim as if the stream stood alone.
	info() container.Info

	// sameAs tells whether a decoder of this stream can go on with that of m.
	sameAs(m mapping) bool

	// audio tells an audio packet from a header that stands among them or was repeated.
	audio(packet []byte) bool

	// duration gives the frames that a packet decodes to and the shape it leaves for the duration of the
	// next one. before is the shape that the packet before left, zero where that is unknown. It is
	// asked for audio packets alone.
	duration(packet []byte, before int) (frames media.Frames, shape int)

	// overlaps tells whether duration needs the shape that the packet before left.
	overlaps() bool
}

// identify finds out by its first packet what a logical stream carries; nil where it is nothing that we
// play. what names it.
func identify(packet []byte) (m mapping, what string) {
	for _, known := range []struct {
		magic, what string
		mapping     func() mapping
	}{
		{"OpusHead", "Opus", func() mapping { return &opusMapping{} }},
		{"\x01vorbis", "Vorbis", func() mapping { return &vorbisMapping{} }},
		{"\x7fFLAC", "FLAC", func() mapping { return &flacMapping{} }},
		{"fLaC", "FLAC mapped before version 1", nil},
		{"Speex   ", "Speex", nil},
		{"\x80theora", "Theora", nil},
		{"fishead", "Skeleton", nil},
		{"\x80kate", "Kate", nil},
		{"PCM     ", "PCM", nil},
	} {
		if bytes.HasPrefix(packet, []byte(known.magic)) {
			if known.mapping != nil {
				m = known.mapping()
			}
			return m, known.what
		}
	}
	return nil, fmt.Sprintf("a stream that begins with %q", packet[:min(8, len(packet))])
}
