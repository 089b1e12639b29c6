package aiff

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/segue-audio/segue/player/container"
)

// common is the COMM chunk: what the samples are.
type common struct {
	channels int
	frames   uint32 // a claim; zero where the writer didn't know
	depth    int    // bits of a sample
	rate     int    // frames a second
	encoding string // as media.Format.Config names it
	bytes    int    // of a sample; zero before the chunk is read
}

// parseCommon reads COMM; coded tells that it is AIFF-C's.
func parseCommon(b []byte, coded bool) (c common, err error) {
	if len(b) < commBytes || coded && len(b) < commBytes+4 {
		return c, fmt.Errorf("aiff: COMM chunk of %d bytes: %w", len(b), container.ErrFormat)
	}
	c.channels, c.frames = int(binary.BigEndian.Uint16(b)), binary.BigEndian.Uint32(b[2:])
	c.depth, c.rate = int(binary.BigEndian.Uint16(b[6:])), extended(b[8:18])
	if c.channels < 1 || c.channels > maxChannels || c.rate < 1 || c.rate > maxRate {
		return c, fmt.Errorf("aiff: %d channels at %d Hz: %w", c.channels, c.rate, container.ErrUnsupported)
	}
	coding := "NONE"
	if coded {
		coding = string(b[commBytes : commBytes+4])
	}
	return c, c.setCoding(coding)
}

// setCoding fills what the coding's name says. Depths between bytes (12, 20) are stored in whole
// bytes, at their high end.
func (c *common) setCoding(coding string) error {
	order, float := "be", false
	switch coding {
	case "NONE", "twos":
	case "sowt": // "twos" of the other byte order
		order = "le"
	case "in24":
		c.depth = 24
	case "in32":
		c.depth = 32
	case "42ni":
		c.depth, order = 24, "le"
	case "23ni":
		c.depth, order = 32, "le"
	case "fl32", "FL32":
		c.depth, float = 32, true
	case "fl64", "FL64":
		c.depth, float = 64, true
	case "alaw", "ALAW":
		c.depth, c.bytes, c.encoding = 8, 1, "alaw" // the file says 16, or 14 or 13
		return nil
	case "ulaw", "ULAW":
		c.depth, c.bytes, c.encoding = 8, 1, "ulaw"
		return nil
	case "raw ":
		if c.depth == 8 {
			c.bytes, c.encoding = 1, "u8"
			return nil
		}
		return fmt.Errorf("aiff: unsigned samples of %d bits: %w", c.depth, container.ErrUnsupported)
	default:
		return fmt.Errorf("aiff: coding %q: %w", coding, container.ErrCoding)
	}
	if c.depth < 1 || c.depth > 32 && !float {
		return fmt.Errorf("aiff: samples of %d bits: %w", c.depth, container.ErrUnsupported)
	}
	bytes := (c.depth + 7) / 8
	switch {
	case float:
		c.encoding = fmt.Sprintf("f%d%s", 8*bytes, order)
	case bytes == 1:
		c.encoding = "s8"
	default:
		c.encoding = fmt.Sprintf("s%d%s", 8*bytes, order)
	}
	c.bytes = bytes
	return nil
}

// maxRate is beyond what is sold; a limit keeps times from running over.
const maxRate = 1 << 22

// extended reads a number of 80 bits (IEEE 754 extended precision: sign, 15 bits of exponent, 64 of
// mantissa, the 1 in front of the point included), rounded. It gives zero for what no rate can be.
func extended(b []byte) int {
	exponent := int(binary.BigEndian.Uint16(b)) - 16_383 // a sign makes it large
	if exponent < 0 || exponent > 31 {
		return 0
	}
	return int(math.Round(math.Ldexp(float64(binary.BigEndian.Uint64(b[2:])), exponent-63)))
}
