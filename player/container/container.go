// Package container is the seam between bytes and packets. Each child takes one container format
// apart; the suite that every child runs is containertest.
//
// A child reads either a whole file through io.ReaderAt (Open) or one media segment held in
// memory (OpenSegment). It trusts no length, offset or count in what it reads: each limit is
// named here, and bad input gives an error of this package, never a panic.
package container

import (
	"errors"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// Limits on what a container may claim.
const (
	MaxPacketBytes  = 4 << 20   // one packet; a FLAC frame of 65,535 frames of 8 × 32 bits is 2 MiB
	MaxTagBytes     = 64 << 20  // one ID3v2 tag or FLAC metadata block (cover art lives there)
	MaxSegmentBytes = 100 << 20 // one media segment
	MaxPackets      = 1 << 20   // in one segment
	MaxBoxDepth     = 12        // nested MP4 boxes
	MaxResyncBytes  = 1 << 20   // of rubbish skipped in search of the next frame
	MaxTimedBytes   = 16 << 20  // of metadata for the moments of a segment, which may be stored packed
)

// Errors that every child's errors wrap.
var (
	// ErrFormat: the bytes are not what the container's name promises.
	ErrFormat = errors.New("not a valid container")
	// ErrUnsupported: valid, but of a kind that we don't take apart. The next three say more, and are it.
	ErrUnsupported = errors.New("unsupported container feature")
	// ErrNoAudio: there is no sound in it, but video, pictures or text alone.
	ErrNoAudio = fmt.Errorf("no audio (%w)", ErrUnsupported)
	// ErrCoding: sound, in a coding that no container of ours gives packets of.
	ErrCoding = fmt.Errorf("audio coding not known (%w)", ErrUnsupported)
	// ErrProtected: the sound is encrypted (DRM), and nobody brought a key.
	ErrProtected = fmt.Errorf("encrypted audio (%w)", ErrUnsupported)
	// ErrLimit: a claim in the bytes passes a limit named above.
	ErrLimit = errors.New("container limit exceeded")
)

// Info is what is known of a stream before its packets.
type Info struct {
	Format media.Format
	Trim   media.Trim
	// Preroll counts the frames before a wanted one that the decoder must be fed, and whose output is
	// thrown away, so that the wanted one comes out as it does in uninterrupted decoding.
	Preroll media.Frames
}

// Demuxer gives a stream's packets in order. It is used by one goroutine at a time.
type Demuxer interface {
	// Info is valid from the moment the demuxer was opened and never changes.
	Info() Info

	// Next fills p: a packet, or io.EOF for ever after the last, or another error for ever.
	// p.Data stays valid until the following call.
	Next(p *media.Packet) error
}

// Seeker is a Demuxer that can move.
type Seeker interface {
	Demuxer

	// Seek makes the next packet the last one whose Time is at or before raw time t (less Info's
	// Preroll), or the first of the stream. Past the end, Next gives io.EOF. After an error the
	// demuxer stays where it was.
	Seek(t media.Frames) error
}

// Unknown is the size to open a file with whose length isn't known yet, or that has no end: it is longer than
// any file. Behind the real end r gives io.EOF.
const Unknown = 1 << 56

// Arriving is a file that is still coming in, as an Open's io.ReaderAt may be: ReadAt waits for what isn't here.
type Arriving interface {
	io.ReaderAt

	// Held counts the bytes from off on that can be read without waiting.
	Held(off int64) int64

	// InOrder tells that what isn't here can't be had before all that lies in front of it. Such a file is
	// opened and read without a look at its end, and Info and Duration lack what only that would tell;
	// Seek waits until what it looks for is here.
	InOrder() bool
}

// InOrder tells whether r is a file that comes in from its beginning to its end and in no other way.
func InOrder(r io.ReaderAt) bool {
	a, ok := r.(Arriving)
	return ok && a.InOrder()
}

// Placed is a Demuxer that knows where in its file a packet lies.
type Placed interface {
	// Offset is where the packet that Next gave last begins, in bytes of the file: in Ogg, the page that it
	// ends on.
	Offset() int64
}

// Tagged is a Demuxer whose file says something of itself.
type Tagged interface {
	// ReadMetadata reads that through r, which reads the very file that the demuxer was opened on, and
	// may be called beside the demuxer's own methods, from another goroutine. Where r refuses a part,
	// since it would have to be fetched, the rest is given with r's error. Other errors wrap those of
	// metadata; what was read is given with them too.
	ReadMetadata(r io.ReaderAt, o metadata.Options) (metadata.Metadata, error)
}

// Continued is a segment whose first packet may begin in the segment before.
type Continued interface {
	Demuxer

	// Continue joins the end of the segment before, whose demuxer has been read to its end, with the beginning
	// of this one. It is called before the first Next, and does nothing where there is nothing to join.
	Continue(before Demuxer)
}

// Saying is a Demuxer of a stream that says something new of itself on the way, as a chain of Ogg does at each
// link.
type Saying interface {
	// Says gives what holds from the packet on that Next gave last, once; ok is false where nothing is new.
	Says() (m metadata.Metadata, ok bool)
}

// Timed is a segment that carries metadata for moments of it.
type Timed interface {
	// Timed gives them in order of time, which counts as that of the segment's packets does.
	Timed() []metadata.Timed
}
