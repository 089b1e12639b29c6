package abr

import (
	"slices"
	"strings"

	"github.com/segue-audio/segue/player/media"
)

// Limits are what an app allows its rule to choose: by the listener's plan and wishes, and by what the device
// can do. The zero value allows everything.
type Limits struct {
	Bitrate        media.Bitrate // of the plan; zero means no cap
	MeteredBitrate media.Bitrate // where each byte costs; zero means no cap of its own
	Saver          bool          // the system's data saver: no more than SaverBitrate

	Lossless   Where    // where lossless renditions may be chosen
	Battery    bool     // the battery is low: nothing lossless, which keeps the radio up for longer
	SampleRate int      // the most that is played, in Hz; zero means no cap
	Codecs     []string // RFC 6381 prefixes that are played, as "mp4a.40.2" or "fLaC"; empty for all
}

// SaverBitrate is what music needs to be enjoyed on the way.
const SaverBitrate media.Bitrate = 96_000

// Where says on which networks something is allowed.
type Where int

// The places.
const (
	Everywhere Where = iota
	Unmetered
	Nowhere
)

// Cap gives what is to be Max in a state; zero for no cap.
func (l *Limits) Cap(s *State) media.Bitrate {
	most := l.Bitrate
	lower := func(b media.Bitrate) {
		if b > 0 && (most <= 0 || b < most) {
			most = b
		}
	}
	if s.Metered {
		lower(l.MeteredBitrate)
	}
	if l.Saver {
		lower(SaverBitrate)
	}
	return most
}

// allows tells whether a rendition may be chosen at all, whatever its bit rate.
func (l *Limits) allows(r *Rendition, s *State) bool {
	switch {
	case r.Lossless && (l.Battery || l.Lossless == Nowhere || l.Lossless == Unmetered && s.Metered):
		return false
	case l.SampleRate > 0 && r.SampleRate > l.SampleRate:
		return false
	case len(l.Codecs) == 0 || r.Codecs == "":
		return true
	}
	return slices.ContainsFunc(l.Codecs, func(prefix string) bool {
		return len(r.Codecs) >= len(prefix) && strings.EqualFold(r.Codecs[:len(prefix)], prefix)
	})
}

// Allowed lists the indexes of the renditions of a state that may be chosen at all, ascending: the rule is to be
// shown only those. There is always one, unless there are no renditions: where all are forbidden, the lowest.
func (l *Limits) Allowed(s *State) (indexes []int) {
	for i := range s.Renditions {
		if l.allows(&s.Renditions[i], s) {
			indexes = append(indexes, i)
		}
	}
	if len(indexes) == 0 && len(s.Renditions) > 0 {
		indexes = []int{0}
	}
	return indexes
}
