package player

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/cache"
	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
)

// Config is how a Player is made. The zero value of each field works, but for Sink.
type Config struct {
	// Sink is where the music goes. The player owns it from New on and closes it. Without one, Play
	// ends in the phase Broken.
	Sink sink.Sink

	// SampleRate of the output; zero means that of the first entry. A sink may insist on another.
	SampleRate int

	// Buffer is how much music is fetched ahead; zero means 30 s.
	Buffer time.Duration
	// BufferMost is how much may be fetched ahead where it is worth it: the more, the oftener the network fails and the
	// less its bytes cost, and the less the more the listener skips; see abr.Depth. From two minutes on a cellular radio is
	// given rests. Zero, or less than Buffer, means Buffer.
	BufferMost time.Duration
	// BufferBytes bounds what one entry holds in memory; zero means 32 MiB.
	BufferBytes int64

	// Cache keeps what was fetched; nil means that nothing is kept. The caller closes it, after the
	// player.
	Cache *cache.Store

	// HTTP is the client for all requests; nil means one of the player's own, made for media.
	HTTP *http.Client
	// Retry says how often and how long failed requests are tried again.
	Retry fetch.Retry
	// NetworkPatience is how long an entry waits, beyond what Retry says, while nothing can be reached:
	// no name, no route, no connection, no answer. What is here plays on meanwhile, and NetworkChanged
	// ends a pause between two tries. Then playback pauses with its place kept, and Play or Seek tries
	// again. Zero means 5 min; negative, that the entry fails at once and the next one plays.
	NetworkPatience time.Duration

	// CMCD, where set, tells servers with each request what the player is at.
	CMCD *CMCD

	// Rule chooses renditions; nil means abr.Tempo.
	Rule abr.Rule
	// Network is what the device is on; see SetNetwork.
	Network Network
	// Observer is shown what the rule is asked and what the network gave; nil means nobody is. A recording
	// that package abrtest can replay is one.
	Observer abr.Observer
	// Selection overrides the rule; the zero value leaves the choice to it.
	Selection Selection
	// Allowed bounds what may be chosen by the listener's plan, network and wishes; see SetAllowed.
	Allowed abr.Limits
	// MaxBitrate caps what the rule may choose; zero means no cap.
	MaxBitrate media.Bitrate

	// Languages and Roles choose among the mixes that a stream comes in, the dearest first: languages as
	// in RFC 5646 ("pt-BR" is served by "pt-BR", "pt", then "pt-PT"), roles as its manifest writes them
	// ("commentary", "public.accessibility.describes-video"). What none of them fits plays in the mix that
	// the manifest says is the usual one. An entry keeps the mix that it began with.
	Languages, Roles []string

	// Crossfade is how long one entry's end and the next one's beginning overlap, up to 12 s; zero
	// joins them without a gap. Neighbouring tracks of one album are never faded.
	Crossfade time.Duration
	// CrossfadeCurve is the shape of the overlap; the zero value keeps the loudness of two pieces that
	// have nothing in common.
	CrossfadeCurve dsp.Curve
	// SkipSilence leaves out silence within entries.
	SkipSilence bool
	// Processors are run through by all music, in their order; see SetProcessors.
	Processors []dsp.Processor
	// Loudness evens out entries that carry gains.
	Loudness dsp.Loudness

	// Decoders go before what is built in: a host's hardware decoder (see the package host), or
	// another library's. A function is called from the pipeline's goroutines, once for each entry and
	// change of format.
	Decoders map[media.Codec]func(media.Format) (codec.Decoder, error)

	// Volume from 0 (silence) to 1 (as recorded); nil means 1.
	Volume *float64
	// Speed from 0.5 to 2, with pitch kept; zero means 1.
	Speed float64

	// Duck is the gain of the music while something else is heard too, see FocusDuck; zero means
	// DefaultDuck, and what lies above 0 dB counts as 0 dB.
	Duck media.Decibels

	// Limits are the watchdogs'.
	Limits Limits

	// LyricLines asks for a LyricLine event for each line of synchronised lyrics.
	LyricLines bool
	// Waveforms asks for outlines of what is decoded; see Player.Waveform.
	Waveforms bool

	// Logger hears what goes on; nil means nobody does.
	Logger *slog.Logger
}

// Selection is which rendition to play.
type Selection struct {
	Mode  Mode
	Index int // for ModeFixed; clamped to what there is
}

// Mode is how a rendition is selected.
type Mode int

// The modes.
const (
	ModeAuto Mode = iota // the rule decides
	ModeLowest
	ModeHighest
	ModeFixed
)

// DefaultDuck leaves speech above the music.
const DefaultDuck media.Decibels = -12

// Bounds on what Config and the setters take.
const (
	MaxCrossfade = 12 * time.Second
	MinSpeed     = 0.5
	MaxSpeed     = 2.0
)

// withDefaults fills in what is not set.
func (cfg Config) withDefaults() Config {
	if cfg.Buffer <= 0 {
		cfg.Buffer = DefaultBuffer
	}
	if cfg.BufferBytes <= 0 {
		cfg.BufferBytes = DefaultBufferBytes
	}
	if cfg.Sink == nil {
		cfg.Sink = noSink{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Rule == nil {
		cfg.Rule = new(abr.Tempo)
	}
	if cfg.Duck == 0 {
		cfg.Duck = DefaultDuck
	}
	cfg.Duck = min(cfg.Duck, 0)
	cfg.Crossfade = min(max(0, cfg.Crossfade), MaxCrossfade)
	cfg.Limits = cfg.Limits.withDefaults()
	return cfg
}
