// Package manifest is the one model of a presentation, whatever its manifest was written in. The
// children (hls, and what follows) parse into it; nothing past it knows which it was.
package manifest

import (
	"errors"
	"net/url"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Limits on what a manifest may claim.
const (
	MaxBytes      = 4 << 20 // one playlist: a day of 4 s segments with byte ranges is 2 MiB
	MaxRenditions = 256
	MaxSegments   = 200_000
	MaxLineBytes  = 64 << 10
	MaxSegment    = 10 * time.Minute // the longest segment
)

// Errors that every child's errors wrap.
var (
	ErrFormat      = errors.New("not a valid manifest")
	ErrUnsupported = errors.New("unsupported manifest feature")
	ErrLimit       = errors.New("manifest limit exceeded")
)

// Presentation is one piece of music in all its renditions.
type Presentation struct {
	Renditions []Rendition // ascending by Bitrate; never empty
}

// Rendition is one coding of the presentation.
type Rendition struct {
	Bitrate media.Bitrate // peak; zero where the manifest doesn't say
	Average media.Bitrate // zero where the manifest doesn't say
	Codecs  string        // RFC 6381, as written; "" where the manifest doesn't say
	Name    string        // for people; "" where the manifest doesn't say

	URL *url.URL // of the media playlist

	// Mirrors are further URLs of the same playlist, on other hosts as a rule: redundant streams
	// (RFC 8216, 6.2.4), in the order of the manifest.
	Mirrors []*url.URL
}

// Playlist is one rendition's list of segments.
type Playlist struct {
	Segments []Segment
	Ended    bool          // no segment will be added (VOD, or a live stream that ended)
	Target   time.Duration // no segment is longer, but for rounding
	Trim     *media.Trim   // what is to be heard of the raw timeline; nil where the playlist doesn't say
	TrimRate int           // frames a second that Trim counts at
}

// Duration is the sum of the segments' durations.
func (p *Playlist) Duration() time.Duration {
	if n := len(p.Segments); n > 0 {
		return p.Segments[n-1].Start + p.Segments[n-1].Duration
	}
	return 0
}

// At gives the index of the segment that holds time t of the raw timeline: the first for a time before
// the playlist, len(Segments) for one past it.
func (p *Playlist) At(t time.Duration) int {
	lo, hi := 0, len(p.Segments)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if s := &p.Segments[mid]; s.Start+s.Duration <= t {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// Segment is one piece of a rendition.
type Segment struct {
	Resource
	Start         time.Duration // on the raw timeline: the sum of the durations before it
	Duration      time.Duration
	Init          *Resource // the init section it needs; nil for none
	Key           *Key      // nil where it is in clear
	Sequence      int64     // media sequence number
	Discontinuity bool      // the encoding changes before this segment (RFC 8216, 4.3.2.3)
	Gap           bool      // the server says it has no such segment
}

// Resource is what can be fetched: a URL or a part of one.
type Resource struct {
	URL *url.URL
	// Offset and Length are a byte range; Length zero means the whole of URL.
	Offset, Length int64
	// Name tells the resource apart from the presentation's others and stays the same when the
	// presentation moves to another host or its URLs carry another token: its URI as written in
	// the playlist, resolved against the rendition's own name, less the query. Where that would not
	// tell it apart (byte ranges, a script that serves by number) the child adds what does.
	Name string
}

// Key says how a segment is encrypted as a whole.
type Key struct {
	Method string   // "AES-128"
	URL    *url.URL // gives the 16 raw bytes
	Name   string   // as Resource.Name
	IV     [16]byte // as written, or from the sequence number (RFC 8216, 5.2)
}
