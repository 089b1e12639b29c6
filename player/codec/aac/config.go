package aac

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

// Audio object types (Table 1.17).
const (
	typeLowComplexity = 2
	typeSSR           = 3
	typeSBR           = 5
	typePS            = 29
	typeEscape        = 31
)

// maxConfig bounds an AudioSpecificConfig in bytes: a program config element with all its elements
// and a comment of 255 bytes is shorter.
const maxConfig = 1024

// Signal says whether a stream has a tool.
type Signal int8

// A tool that the configuration leaves open can still be in the packets (implicit signalling,
// 1.6.5); Inspect looks there.
const (
	Unknown Signal = iota
	Absent
	Present
)

// Config is what an AudioSpecificConfig (1.6.2.1) says of a stream.
type Config struct {
	// ObjectType is the audio object type of the core coder: 2 is AAC-LC, the one that New takes.
	ObjectType int
	// SampleRate is the core coder's, in frames a second: before SBR.
	SampleRate int
	// ChannelConfig is the channel configuration (Table 1.19); with 0 the configuration lists its
	// elements itself.
	ChannelConfig int
	// FrameLength is how many frames a packet holds before SBR: 1024 or 960.
	FrameLength int
	// SBR and PS say whether spectral band replication and parametric stereo are used.
	SBR, PS Signal
	// OutputRate is the rate after SBR as the configuration gives it; zero without SBR.
	OutputRate int

	program *program
}

// rates are the sampling frequencies by index (Table 1.18).
var rates = [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

// ParseConfig reads an AudioSpecificConfig. Both ways to signal SBR and PS explicitly are understood:
// in front of the core's object type and behind it. For object types that this package doesn't
// decode, the error wraps codec.ErrUnsupported and Config says what was understood before.
func ParseConfig(asc []byte) (Config, error) {
	c, r, err := parseConfig(asc)
	if err != nil {
		return c, err
	}
	c.parseSyncExtension(r)
	return c, nil
}

// ParseConfigPrefix reads an AudioSpecificConfig at the start of data, without what may follow it for
// backward compatibility, and tells its length in bits. LATM needs that.
func ParseConfigPrefix(data []byte) (c Config, bits int, err error) {
	c, r, err := parseConfig(data[:min(len(data), maxConfig)])
	if err != nil {
		return c, 0, err
	}
	return c, r.Pos(), nil
}

func parseConfig(asc []byte) (c Config, r *bitstream.Reader, err error) {
	if len(asc) > maxConfig {
		return c, nil, fmt.Errorf("%w: AudioSpecificConfig of %d bytes", codec.ErrCorrupt, len(asc))
	}
	r = new(bitstream.Reader)
	r.Load(asc)
	c.ObjectType = readObjectType(r)
	c.SampleRate = readRate(r)
	c.ChannelConfig = int(r.Read(4))
	if c.ObjectType == typeSBR || c.ObjectType == typePS {
		c.SBR = Present
		if c.ObjectType == typePS {
			c.PS = Present
		}
		c.OutputRate = readRate(r)
		c.ObjectType = readObjectType(r)
		if c.OutputRate == 0 {
			return c, nil, fmt.Errorf("%w: AudioSpecificConfig: reserved sampling frequency after SBR", codec.ErrCorrupt)
		}
	}
	if r.Overrun() || c.SampleRate == 0 {
		return c, nil, fmt.Errorf("%w: AudioSpecificConfig %x", codec.ErrCorrupt, asc)
	}
	if c.ObjectType == typeSSR {
		// Nobody writes the scalable sampling rate profile, but some write its number on Low
		// Complexity. A packet that is really of it has gain control data, which Decode refuses.
		c.ObjectType = typeLowComplexity
	}
	if c.ObjectType != typeLowComplexity {
		return c, nil, fmt.Errorf("%w: AAC object type %d (%s); only Low Complexity is decoded",
			codec.ErrUnsupported, c.ObjectType, objectTypeName(c.ObjectType))
	}
	if err := c.parseGeneral(r); err != nil {
		return c, nil, err
	}
	if r.Overrun() {
		return c, nil, fmt.Errorf("%w: AudioSpecificConfig %x is cut off", codec.ErrCorrupt, asc)
	}
	return c, r, nil
}

// parseGeneral reads GASpecificConfig (4.4.1).
func (c *Config) parseGeneral(r *bitstream.Reader) error {
	c.FrameLength = 1024
	if r.Flag() {
		c.FrameLength = 960
	}
	if r.Flag() { // dependsOnCoreCoder: in the scalable types only, but the delay is there to be read
		r.Skip(14)
	}
	r.Skip(1) // extensionFlag: nothing follows it for this object type
	// A configuration 0 without its list of elements is what an ADTS header gives: the list is in the
	// packets then (see Inspect).
	if c.ChannelConfig != 0 || r.Left() < 8 {
		return nil
	}
	p, err := parseProgram(r)
	if err != nil {
		return fmt.Errorf("AudioSpecificConfig: %w", err)
	}
	if len(p.slots()) > 0 {
		c.program = p
	}
	return nil
}

// Syncwords of the extensions behind the core's configuration (1.6.2.1).
const (
	syncSBR = 0x2b7
	syncPS  = 0x548
)

// parseSyncExtension reads what a decoder without SBR isn't to stumble upon. It stands behind the
// core's configuration; where writers left a few bits before it, it is looked for as others do.
func (c *Config) parseSyncExtension(r *bitstream.Reader) {
	for ; c.SBR == Unknown && r.Left() > 15; r.Skip(1) {
		if r.Peek(11) != syncSBR {
			continue
		}
		r.Skip(11)
		if readObjectType(r) != typeSBR {
			return
		}
		c.SBR = Absent
		if r.Flag() {
			rate := readRate(r)
			if rate == 0 || r.Overrun() {
				c.SBR = Unknown
				return
			}
			c.SBR, c.OutputRate = Present, rate
			if r.Left() > 11 && r.Peek(11) == syncPS {
				r.Skip(11)
				c.PS = Absent
				if r.Flag() {
					c.PS = Present
				}
			}
		}
		return
	}
}

func readObjectType(r *bitstream.Reader) int {
	t := int(r.Read(5))
	if t == typeEscape {
		t = 32 + int(r.Read(6))
	}
	return t
}

// readRate gives zero for reserved indices and for a rate of zero.
func readRate(r *bitstream.Reader) int {
	const explicit = 15
	i := int(r.Read(4))
	switch {
	case i == explicit:
		return int(r.Read(24))
	case i < len(rates):
		return rates[i]
	}
	return 0
}

func objectTypeName(t int) string {
	names := map[int]string{
		1: "Main", 3: "SSR", 4: "LTP", 6: "Scalable", 7: "TwinVQ", 8: "CELP", 9: "HVXC",
		17: "ER LC", 19: "ER LTP", 20: "ER Scalable", 21: "ER TwinVQ", 22: "ER BSAC", 23: "LD",
		32: "Layer I", 33: "Layer II", 34: "Layer III", 36: "ALS", 37: "SLS", 39: "ELD", 42: "USAC",
	}
	if n, ok := names[t]; ok {
		return n
	}
	return "unknown"
}
