package abrtest

import (
	"errors"
	"fmt"
	"math"
)

// Limits on a playlist.
const (
	MaxSegments   = 100_000
	MaxRenditions = 32
)

// ErrPlaylist: a playlist that can't be played. The error says why.
var ErrPlaylist = errors.New("abrtest: playlist")

// Segment is a stretch of a track that is fetched as one.
type Segment struct {
	Track    int
	Start    float64   // milliseconds on the playlist's timeline
	Duration float64   // milliseconds
	Bits     []float64 // of each rendition
	First    bool      // of its track: a switch of rendition before it is not heard
}

// Skip is the listener's way from within a track to the next one.
type Skip struct {
	Track int
	At    float64 // milliseconds on the playlist's timeline
}

// Playlist is what a session plays. A client only reads it, so many may share one.
type Playlist struct {
	Ladder   []float64 // kbps of each rendition, ascending
	Utility  []float64 // what a second in each rendition is worth, 0 to 1
	Segments []Segment
	Skips    []Skip  // ascending
	Duration float64 // milliseconds, of all tracks
	Segment  float64 // milliseconds that a segment nominally has
}

// Music describes a playlist. The zero value is the yardstick's: three tracks of 210 s in segments of 4 s
// at 24, 48, 96, 160, 320 and 900 kbps.
type Music struct {
	Ladder  []float64 // kbps, ascending; nil means the yardstick's
	Tracks  int       // zero means 3
	Track   float64   // milliseconds of each track; zero means 210 s
	Segment float64   // milliseconds; zero means 4 s

	// Vary makes the sizes vary as those of variable bit rate do: by up to this share up and down, the same
	// in all renditions, and on average not at all. Seed chooses among the possible ones.
	Vary float64
	Seed string
}

// Rungs is the yardstick's ladder: five lossy renditions and a lossless one, in kbps.
func Rungs() []float64 { return []float64{24, 48, 96, 160, 320, 900} }

// Playlist makes it.
func (m Music) Playlist() (*Playlist, error) {
	m.defaults()
	if m.Track > MaxSegments*m.Segment || float64(m.Tracks)*math.Ceil(m.Track/m.Segment) > MaxSegments {
		return nil, fmt.Errorf("%w: more than %d segments", ErrPlaylist, MaxSegments)
	}
	p := &Playlist{Ladder: m.Ladder, Utility: LogUtility(m.Ladder), Segment: m.Segment}
	r := newRandom(m.Seed)
	for track := range m.Tracks {
		for at := 0.0; at < m.Track-1e-9; at += m.Segment {
			s := Segment{Track: track, Start: p.Duration, Duration: min(m.Segment, m.Track-at), First: at == 0}
			size := 1.0
			if m.Vary > 0 {
				size += m.Vary * (2*r.float() - 1)
			}
			for _, kbps := range m.Ladder {
				s.Bits = append(s.Bits, kbps*s.Duration*size)
			}
			p.Segments = append(p.Segments, s)
			p.Duration += s.Duration
		}
	}
	return p, p.Check()
}

func (m *Music) defaults() {
	if m.Ladder == nil {
		m.Ladder = Rungs()
	}
	if m.Tracks == 0 {
		m.Tracks = 3
	}
	if m.Track == 0 {
		m.Track = 210e3
	}
	if m.Segment == 0 {
		m.Segment = 4e3
	}
}

// LogUtility is what renditions are worth where each doubling of the bit rate adds the same: 0 for the
// lowest, 1 for the highest.
func LogUtility(ladder []float64) []float64 {
	u := make([]float64, len(ladder))
	for i, kbps := range ladder {
		if i > 0 {
			u[i] = math.Log(kbps/ladder[0]) / math.Log(ladder[len(ladder)-1]/ladder[0])
		}
	}
	return u
}

// Check tells whether a client can play p. The error wraps ErrPlaylist.
func (p *Playlist) Check() error {
	n := len(p.Ladder)
	if n == 0 || n > MaxRenditions || len(p.Utility) != n {
		return fmt.Errorf("%w: %d renditions of %d utilities, the limit is %d", ErrPlaylist, n, len(p.Utility), MaxRenditions)
	}
	for i, kbps := range p.Ladder {
		if !positive(kbps) || i > 0 && kbps <= p.Ladder[i-1] {
			return fmt.Errorf("%w: rendition %d has %v kbps", ErrPlaylist, i, kbps)
		}
	}
	if len(p.Segments) == 0 || len(p.Segments) > MaxSegments {
		return fmt.Errorf("%w: %d segments, the limit is %d", ErrPlaylist, len(p.Segments), MaxSegments)
	}
	at := 0.0
	for i, s := range p.Segments {
		if !positive(s.Duration) || len(s.Bits) != n || math.Abs(s.Start-at) > 1e-3 {
			return fmt.Errorf("%w: segment %d at %v ms of %v ms in %d sizes", ErrPlaylist, i, s.Start, s.Duration, len(s.Bits))
		}
		for _, bits := range s.Bits {
			if !positive(bits) {
				return fmt.Errorf("%w: segment %d has %v bits", ErrPlaylist, i, bits)
			}
		}
		if i > 0 && s.Track != p.Segments[i-1].Track && s.Track != p.Segments[i-1].Track+1 {
			return fmt.Errorf("%w: track %d follows %d", ErrPlaylist, s.Track, p.Segments[i-1].Track)
		}
		at += s.Duration
	}
	return nil
}

func positive(x float64) bool { return x > 0 && x < 1e15 }

// WithSkips gives the playlist with a listener's skips in it.
func (p *Playlist) WithSkips(skips []Skip) *Playlist {
	q := *p
	q.Skips = skips
	return &q
}

// trackStart gives the first segment of a track, from segment from on; or −1.
func (p *Playlist) trackStart(track, from int) int {
	for i := from; i < len(p.Segments); i++ {
		if p.Segments[i].Track == track {
			return i
		}
	}
	return -1
}

// Impatience gives the skips of a listener as published statistics of a streaming service have them: of
// the tracks but the last 24 % are left within 5 s, 29 % within 10 s, 35 % within 30 s and 49 % before their
// end (P. Lamere, "The Skip", 2014). Seed chooses the listener.
func (p *Playlist) Impatience(seed string) []Skip {
	r := newRandom("skip/" + seed)
	var skips []Skip
	last := p.Segments[len(p.Segments)-1].Track
	for i := 0; i >= 0; {
		track, next := p.Segments[i].Track, p.trackStart(p.Segments[i].Track+1, i)
		if track == last {
			break
		}
		length := p.Segments[next].Start - p.Segments[i].Start
		if at, ok := leaves(r); ok && at < length {
			skips = append(skips, Skip{track, p.Segments[i].Start + at})
		}
		i = next
	}
	return skips
}

// leaves draws after how many milliseconds a track is left.
func leaves(r *random) (at float64, ok bool) {
	x := r.float()
	switch {
	case x < 0.24:
		return 1e3 + 4e3*r.float(), true
	case x < 0.29:
		return 5e3 + 5e3*r.float(), true
	case x < 0.35:
		return 10e3 + 20e3*r.float(), true
	case x < 0.49:
		return 30e3 + 170e3*r.float(), true
	}
	return 0, false
}
