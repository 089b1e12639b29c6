// Package manifest is the one model of a presentation, whatever its manifest was written in. The
// children (hls, and what follows) parse into it; nothing past it knows which it was.
package manifest

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"sort"
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

	// ErrUpdate wraps ErrFormat: an update builds on what isn't at hand, or no longer. The manifest is to be
	// had as a whole.
	ErrUpdate = fmt.Errorf("%w: an update that does not fit", ErrFormat)
)

// Presentation is one piece of music, or one live stream, in all its renditions.
type Presentation struct {
	// Renditions are what plays where nobody chose: the same sound in several codings, ascending by
	// Bitrate; never empty.
	Renditions []Rendition

	// Others are to be had instead, and never changed to unasked: other languages, mixes and comments.
	// Ascending by Bitrate; those of one Language, Name and Roles belong together.
	Others []Rendition

	// Steering says where to ask which host is to be preferred; nil for nobody
	// (RFC 8216bis, 4.4.6.6 and 7; ETSI TS 103 998).
	Steering *Steering

	// Data is what the manifest says of the whole: EXT-X-SESSION-DATA.
	Data []SessionData

	// Keys will be needed, and may be fetched before a playlist asks for them: EXT-X-SESSION-KEY.
	Keys []Key
}

// SessionData is one thing that a manifest says of the whole presentation (RFC 8216, 4.3.4.4).
type SessionData struct {
	ID       string   // a reverse domain name, as a rule
	Value    string   // "" where URL has it
	URL      *url.URL // nil where Value has it
	Format   string   // of what URL gives: "JSON" or "RAW"
	Language string   // RFC 5646; "" where the manifest doesn't say
}

// Rendition is one coding of the presentation.
type Rendition struct {
	Bitrate    media.Bitrate // peak; zero where the manifest doesn't say
	Average    media.Bitrate // zero where the manifest doesn't say
	Codecs     string        // RFC 6381, as written; "" where the manifest doesn't say
	Name       string        // for people; "" where the manifest doesn't say
	Language   string        // RFC 5646; "" where the manifest doesn't say
	SampleRate int           // frames a second; zero where the manifest doesn't say
	Channels   int           // zero where the manifest doesn't say
	Roles      []string      // what it is for, as written: CHARACTERISTICS of HLS, Role of DASH

	// VariantID and RenditionID name the rendition in the manifests of all hosts, for PathwayClone
	// (STABLE-VARIANT-ID, STABLE-RENDITION-ID); at most one isn't "".
	VariantID, RenditionID string

	// URL is that of the media playlist, and nil where Playlist came with the manifest.
	URL *url.URL

	// Mirrors are further URLs of the same playlist, on other hosts as a rule: redundant streams
	// (RFC 8216, 6.2.4), in the order of the manifest.
	Mirrors []*url.URL

	// Pathways name the hosts of URL and then of each of Mirrors, for Steering; empty where nothing steers.
	Pathways []string

	// Playlist is the rendition's list of segments where the topmost manifest has it (DASH). URL is nil
	// then, and each of Mirrors stands for one of every segment's Mirrors.
	Playlist *Playlist

	// Loudness is that of the whole programme, in LUFS; nil where the manifest doesn't say.
	Loudness *media.Decibels
}

// Steering is where to ask for the order of hosts.
type Steering struct {
	URL     *url.URL // nil where Data is the answer
	Data    []byte   // of a data URI
	Prefix  string   // of the query's parameters: "_HLS" or "_DASH"
	Pathway string   // the one to begin with; "" for the manifest's first
}

// Playlist is one rendition's list of segments.
type Playlist struct {
	Segments []Segment
	Ended    bool          // no segment will be added (VOD, or a live stream that ended)
	Target   time.Duration // no segment is longer, but for rounding
	Trim     *media.Trim   // what is to be heard of the raw timeline; nil where the playlist doesn't say
	TrimRate int           // frames a second that Trim counts at

	// Live says how the list grows; nil where it doesn't.
	Live *Live

	// Begin is where to start playing where the manifest has a wish (EXT-X-START): from the beginning, or,
	// negative, before the end; nil where it has none.
	Begin *time.Duration

	// Breaks is how many discontinuities lie before the first segment, its own not counted
	// (EXT-X-DISCONTINUITY-SEQUENCE): by it the renditions of a live stream are told to be at the same place.
	Breaks int64

	// Ranges are what the manifest says of stretches of time: EXT-X-DATERANGE, and DASH's events.
	Ranges []DateRange

	shift int64 // what Follow added to the server's sequence numbers
}

// Live says how a list of segments grows.
type Live struct {
	// Reload is how long after the list was fetched it is worth to fetch it again; half of it where the
	// list was the same (RFC 8216bis, 6.3.4). Zero: it doesn't change until its last segment is over.
	Reload time.Duration
	// Sliding tells whether segments leave at the front.
	Sliding bool
	// HoldBack is how far from the end to begin, and PartHoldBack where parts are played.
	HoldBack, PartHoldBack time.Duration
	// PartTarget is the longest part; zero where there are none.
	PartTarget time.Duration
	// Blocks tells whether the server holds a request for what is to come until it is there: _HLS_msn and
	// _HLS_part (RFC 8216bis, 6.2.5.2).
	Blocks bool
	// Skips is how old a segment may be left out of an answer to _HLS_skip; zero where that isn't offered.
	Skips time.Duration
	// SkipsRanges tells whether date ranges may be left out too (_HLS_skip=v2).
	SkipsRanges bool
	// Next is the part that will follow, to be asked for before it is there; nil where unknown. With an
	// Offset and no Length it goes on to the resource's end. Its Duration is not known.
	Next *Part
	// Reports say how far other renditions' lists are.
	Reports []Report
	// Clock is where to learn the server's time, for Segment.Available; nil where it doesn't say.
	Clock *Clock
}

// Report says how far the list of another rendition reaches (EXT-X-RENDITION-REPORT).
type Report struct {
	URL      *url.URL
	Sequence int64 // of its last segment, or of the one whose parts come last
	Part     int   // index of its last part; −1 where it has none
}

// Clock is a source of the time (ISO 23009-1, 5.8.4.11).
type Clock struct {
	Scheme string   // of UTCTiming
	URL    *url.URL // nil for a Value
	Value  time.Time
}

// DateRange is a stretch of time with something to say of it.
type DateRange struct {
	ID, Class       string
	Start, End      time.Time     // of the wall clock; End zero where open
	From            time.Duration // of the timeline, where Start is known to lie there; else −1
	Length          time.Duration // zero where it is a moment, or not known
	Scheme, Message string        // of an event: its scheme and body
	Attributes      map[string]string
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

// When gives the place on the raw timeline of a moment of the wall clock: the beginning of the segment
// after it where no segment holds it, and after the last segment as if that went on. −1 where no segment
// has a Time, and for a moment before the first. The segments' Times must ascend.
func (p *Playlist) When(t time.Time) time.Duration {
	n := len(p.Segments)
	if n == 0 || p.Segments[0].Time.IsZero() || t.Before(p.Segments[0].Time) {
		return -1
	}
	i := sort.Search(n, func(i int) bool { return p.Segments[i].Time.Add(p.Segments[i].Duration).After(t) })
	s := &p.Segments[min(i, n-1)]
	after := max(0, t.Sub(s.Time)) // at most 292 years
	if after > math.MaxInt64-s.Start {
		return -1
	}
	return s.Start + after
}

// Segment is one piece of a rendition.
type Segment struct {
	Resource
	Start         time.Duration // on the raw timeline: the sum of the durations before it
	Duration      time.Duration
	Init          *Resource // the init section it needs; nil for none
	InitKey       *Key      // of the init section; nil where that is in clear
	Key           *Key      // nil where it is in clear
	Sequence      int64     // media sequence number: the next segment has the next one, in a live stream too
	Discontinuity bool      // the encoding changes before this segment (RFC 8216, 4.3.2.3)
	Gap           bool      // the server says it has no such segment

	Time      time.Time // of its beginning, by the wall clock; zero where the manifest doesn't say
	Available time.Time // before this moment it isn't there (dynamic MPDs); zero: it is

	// Origin is what the packets' own times count from, where the manifest says so exactly: packet time t of
	// the container lies at At + (t − From) on the raw timeline (DASH: the period's start and
	// presentationTimeOffset). nil: the first packet lies at Start.
	Origin *Origin

	// Parts make up the segment, as far as the server still lists them; a segment whose URL is nil has
	// nothing but parts yet, and is the list's last.
	Parts []Part

	// Mirrors are further places of the same bytes (several BaseURLs).
	Mirrors []*url.URL

	// Index is set where the segment is a whole indexed file, of which only parts are to be fetched: it gives
	// the segment index, sidx (ISO 14496-12, 8.16.3), for Playlist.Expand. Where its Length is zero the
	// index is to be looked for from Offset on, behind the init section if there is none.
	Index *Resource
}

// Origin ties a container's clock to the raw timeline, and says what of it is heard: a period of a DASH
// presentation plays what lies between its start and its end, whatever its segments hold.
type Origin struct {
	From  int64 // of the container's clock, in ticks
	Scale int64 // ticks a second
	At    time.Duration
	Until time.Duration // zero where the end isn't known, or is that of the segments
	// Slack is how far At and Until may be off because the manifest rounds them: within it music is joined
	// with neither a cut nor a hole.
	Slack time.Duration
}

// Part is a piece of a segment that can be had before the whole (EXT-X-PART).
type Part struct {
	Resource
	Duration    time.Duration
	Independent bool // decoding may begin here
	Gap         bool // the server says it has no such part
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

// Key says how a segment is encrypted.
type Key struct {
	Method string   // "AES-128": as a whole; "SAMPLE-AES", "SAMPLE-AES-CTR", "cenc", "cbcs": packet by packet
	URL    *url.URL // gives the 16 raw bytes; nil where only Systems can
	Name   string   // as Resource.Name
	IV     [16]byte // as written, or from the sequence number (RFC 8216, 5.2)

	// Systems are the ways to come by the key for what isn't encrypted as a whole, in the manifest's order.
	Systems []KeySystem
}

// KeySystem is one way to come by a key: a KEYFORMAT of HLS, a ContentProtection of DASH.
type KeySystem struct {
	Format  string // "identity", "org.w3.clearkey", "urn:uuid:…" in lower case
	URL     *url.URL
	Data    []byte // of a data URI, or a PSSH box
	KID     []byte // 16 bytes; nil where unknown
	Licence string // where the manifest names it (dashif:Laurl)
}
