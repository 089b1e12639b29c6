package codebook

import (
	"testing"

	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

// TestRead reads every code of a book with lengths out of order, followed by ones and by zeros.
func TestRead(t *testing.T) {
	codes := []Code{{2, 0}, {4, 1}, {4, -1}, {3, 5}}
	for n := int8(2); n < 20; n++ { // in the upper half: codes 10, 110, 1110 …
		codes = append(codes, Code{n, n})
	}
	codes = append(codes, Code{20, 100}, Code{20, 101})
	b := New(codes)
	next := uint32(0)
	for _, c := range codes {
		for _, after := range []uint32{0, 1<<(longest-c[0]) - 1} {
			word := (next | after) << 12
			var r bitstream.Reader
			r.Load([]byte{byte(word >> 24), byte(word >> 16), byte(word >> 8), byte(word)})
			if v := b.Read(&r); v != int(c[1]) || r.Pos() != int(c[0]) {
				t.Errorf("%020b reads as %d in %d bits, want %d in %d", word>>12, v, r.Pos(), c[1], c[0])
			}
		}
		next += 1 << (longest - c[0])
	}
	if next != 1<<longest {
		t.Fatalf("the test's codes fill %d of %d", next, 1<<longest)
	}
}

// TestTables checks that the codes of each table fill the space of bits exactly and in order, and that
// no number has two codes or none: differences reach as far up as down, phases from 0 to 7.
func TestTables(t *testing.T) {
	for name, codes := range map[string][]Code{
		"TimeEnvelope15dB": TimeEnvelope15dB, "FreqEnvelope15dB": FreqEnvelope15dB,
		"TimeEnvelopeBalance15dB": TimeEnvelopeBalance15dB, "FreqEnvelopeBalance15dB": FreqEnvelopeBalance15dB,
		"TimeEnvelope3dB": TimeEnvelope3dB, "FreqEnvelope3dB": FreqEnvelope3dB,
		"TimeEnvelopeBalance3dB": TimeEnvelopeBalance3dB, "FreqEnvelopeBalance3dB": FreqEnvelopeBalance3dB,
		"TimeNoise3dB": TimeNoise3dB, "TimeNoiseBalance3dB": TimeNoiseBalance3dB,
		"IIDFreq": IIDFreq, "IIDTime": IIDTime, "IIDFineFreq": IIDFineFreq, "IIDFineTime": IIDFineTime,
		"ICCFreq": ICCFreq, "ICCTime": ICCTime,
		"IPDFreq": IPDFreq, "IPDTime": IPDTime, "OPDFreq": OPDFreq, "OPDTime": OPDTime,
	} {
		next, low, high := uint32(0), int8(0), int8(0)
		seen := map[int8]bool{}
		for _, c := range codes {
			size := uint32(1) << (longest - c[0])
			if next%size != 0 {
				t.Errorf("%s: the code of %d, %d bits long, can't follow the one before", name, c[1], c[0])
			}
			next += size
			if seen[c[1]] {
				t.Errorf("%s: %d has two codes", name, c[1])
			}
			seen[c[1]] = true
			low, high = min(low, c[1]), max(high, c[1])
		}
		if next != 1<<longest {
			t.Errorf("%s: the codes fill %v of the space", name, float64(next)/(1<<longest))
		}
		if len(codes) != int(high)-int(low)+1 || low != -high && (low != 0 || high != 7) {
			t.Errorf("%s: %d codes for %d to %d", name, len(codes), low, high)
		}
	}
}
