package abr

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/segue-audio/segue/player/media"
)

// Network is a kind of network, as the operating system tells it.
type Network string

// The kinds that this package knows something of. Any other is treated as NetworkUnknown.
const (
	NetworkUnknown Network = ""
	Network3G      Network = "3g"    // 3G and what is slower
	Network4G      Network = "4g"    // LTE and 5G
	NetworkFixed   Network = "fixed" // Wi-Fi, cable
)

func (n Network) cellular() bool { return n == Network3G || n == Network4G }

// Prior is what is known of a network before anything was measured on it: what the last sessions on it left. It
// is small; an app stores one for each kind of network, or for each network by name. The zero value knows nothing.
type Prior struct {
	Level      media.Bitrate // as in Link; zero where unknown
	Volatility float64       // as in Link; zero means that of the kind
	Outages    int           // of the last session, at most two
}

// DefaultPrior is for a kind of network that there is no Prior of yet: the middle of recorded links of its kind.
func DefaultPrior(n Network) Prior {
	switch n {
	case Network3G:
		return Prior{Level: media.Kbps(1170), Volatility: 0.43}
	case Network4G:
		return Prior{Level: media.Kbps(17_600), Volatility: 0.34}
	case NetworkFixed:
		return Prior{Level: media.Kbps(2260), Volatility: 0.31}
	}
	return Prior{}
}

const usualVolatility = 0.4

func (p Prior) known() bool { return p.Level > 0 }

func (p Prior) volatility() float64 {
	if p.Volatility > 0 {
		return min(p.Volatility, jumpMax)
	}
	return usualVolatility
}

func (p Prior) octave() float64 {
	return math.Log2(float64(max(p.Level, minRate)))
}

// priorWord begins a Prior's text, and the digit is the version of what follows.
const priorWord = "link1"

// MaxPriorBytes is the length of the longest text that UnmarshalText reads.
const MaxPriorBytes = 64

// ErrPrior is what an unreadable Prior gives. Begin with DefaultPrior then.
var ErrPrior = errors.New("abr: not a prior")

// MarshalText implements encoding.TextMarshaler: a word with the version, the level in bits a second, the
// volatility in octaves, the outages, with a space between them. It never fails.
func (p Prior) MarshalText() ([]byte, error) {
	v := p.Volatility
	if !(v >= 0 && v <= jumpMax) {
		v = 0
	}
	return fmt.Appendf(nil, "%s %d %.3f %d", priorWord, min(max(p.Level, 0), maxRate), v, min(max(p.Outages, 0), 2)), nil
}

// UnmarshalText implements encoding.TextUnmarshaler. What is not a Prior of this version gives an error that
// wraps ErrPrior and leaves p as it was.
func (p *Prior) UnmarshalText(text []byte) error {
	if len(text) > MaxPriorBytes {
		return fmt.Errorf("%w: %d bytes are more than %d", ErrPrior, len(text), MaxPriorBytes)
	}
	f := strings.Split(string(text), " ")
	if len(f) != 4 || f[0] != priorWord {
		return fmt.Errorf("%w: %.16q is not %q and three figures", ErrPrior, text, priorWord)
	}
	level, err1 := strconv.ParseInt(f[1], 10, 64)
	volatility, err2 := strconv.ParseFloat(f[2], 64)
	outages, err3 := strconv.Atoi(f[3])
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("%w: %w", ErrPrior, err)
	}
	if level < 0 || level > maxRate || !(volatility >= 0 && volatility <= jumpMax) || outages < 0 || outages > 2 {
		return fmt.Errorf("%w: %q is out of range", ErrPrior, text)
	}
	*p = Prior{media.Bitrate(level), volatility, outages}
	return nil
}
