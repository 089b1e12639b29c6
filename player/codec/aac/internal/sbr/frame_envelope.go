package sbr

import (
	"fmt"
	"sync"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac/internal/codebook"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

const (
	// maxLevel is the highest scale factor of an envelope, in steps of 1.5 dB: 33 dB above full scale in
	// one band. Codes reach further, but only damage does.
	maxLevel      = 70
	maxNoiseLevel = 30 // of a noise floor

	// noiseSlack is how far noise floors may stray: encoders are known that go below zero, in silence.
	noiseSlack = 30
)

// side is what a frame says of one channel. The scale factors are integers still; those of the last
// envelope and noise floor are what the next frame's differences in time refer to.
type side struct {
	grid
	timeEnvelope [maxEnvelopes]bool // bs_df_env: differences in time, not in frequency
	timeNoise    [2]bool
	filtering    [maxNoise]uint8 // bs_invf_mode
	harmonics    bool
	harmonic     [maxMaster]bool // bs_add_harmonic

	level      [maxEnvelopes][maxMaster]uint8
	noiseLevel [2][maxNoise]int8

	// levelKnown and noiseKnown tell that the levels descend from some that were coded in frequency:
	// after a seek differences in time have nothing to refer to.
	levelKnown, noiseKnown bool
}

// bookSet holds the codes of one kind of number: differences in time and in frequency.
type bookSet struct{ time, freq *codebook.Book }

// books are all codes, by [balance][amp_res] for envelopes and [balance] for noise.
type books struct {
	envelope [2][2]bookSet
	noise    [2]bookSet
}

var allBooks = sync.OnceValue(func() *books {
	b := &books{}
	for i, codes := range [2][2][2][]codebook.Code{
		{{codebook.TimeEnvelope15dB, codebook.FreqEnvelope15dB}, {codebook.TimeEnvelope3dB, codebook.FreqEnvelope3dB}},
		{{codebook.TimeEnvelopeBalance15dB, codebook.FreqEnvelopeBalance15dB},
			{codebook.TimeEnvelopeBalance3dB, codebook.FreqEnvelopeBalance3dB}},
	} {
		for ampRes, c := range codes {
			b.envelope[i][ampRes] = bookSet{codebook.New(c[0]), codebook.New(c[1])}
		}
	}
	b.noise[0] = bookSet{codebook.New(codebook.TimeNoise3dB), b.envelope[0][1].freq}
	b.noise[1] = bookSet{codebook.New(codebook.TimeNoiseBalance3dB), b.envelope[1][1].freq}
	return b
})

// readDirections reads sbr_dtdf().
func (s *side) readDirections(r *bitstream.Reader) {
	for i := range s.envelopes {
		s.timeEnvelope[i] = r.Flag()
	}
	for i := range s.noises {
		s.timeNoise[i] = r.Flag()
	}
}

// readFiltering reads sbr_invf().
func (s *side) readFiltering(r *bitstream.Reader, b *bands) {
	for i := range b.noise.n {
		s.filtering[i] = uint8(r.Read(2))
	}
}

// readHarmonics reads sbr_sinusoidal_coding() and the flag before it.
func (s *side) readHarmonics(r *bitstream.Reader, b *bands) {
	s.harmonics = r.Flag()
	for i := range b.env[1].n {
		s.harmonic[i] = s.harmonics && r.Flag()
	}
}

// previous is what a frame's differences in time start from.
type previous struct {
	level      [maxMaster]uint8
	highRes    bool
	noiseLevel [maxNoise]int8

	levelKnown, noiseKnown bool
}

// last gives what the next frame refers to.
func (s *side) last() (p previous) {
	p.levelKnown, p.noiseKnown = s.levelKnown, s.noiseKnown
	if s.envelopes > 0 {
		p.level, p.highRes = s.level[s.envelopes-1], s.highRes[s.envelopes-1]
		p.noiseLevel = s.noiseLevel[s.noises-1]
	}
	return p
}

// readEnvelopes reads sbr_envelope() and sums its differences (4.6.18.3.5). balance is 1 for the second
// channel of a coupled pair: its numbers are the panorama, in steps twice as coarse.
func (s *side) readEnvelopes(r *bitstream.Reader, b *bands, was *previous, balance int) error {
	set := allBooks().envelope[balance][s.ampRes]
	startBits := 7 - int(s.ampRes) - balance
	limit := maxLevel >> s.ampRes
	before, beforeHigh := &was.level, was.highRes
	s.levelKnown = was.levelKnown
	for e := range s.envelopes {
		s.levelKnown = s.levelKnown || !s.timeEnvelope[e]
		level := &s.level[e]
		t := &b.env[resolution(s.highRes[e])]
		sum := 0
		for k := range t.n {
			switch {
			case s.timeEnvelope[e]:
				sum = int(before[b.sameBand(k, s.highRes[e], beforeHigh)]) + set.time.Read(r)<<balance
			case k == 0:
				sum = int(r.Read(startBits)) << balance
			default:
				sum += set.freq.Read(r) << balance
			}
			if s.levelKnown && (sum < 0 || sum > limit) {
				return fmt.Errorf("%w: envelope %d has level %d in band %d", codec.ErrCorrupt, e, sum, k)
			}
			level[k] = uint8(max(0, min(sum, limit)))
		}
		before, beforeHigh = level, s.highRes[e]
	}
	return nil
}

func resolution(high bool) int {
	if high {
		return 1
	}
	return 0
}

// sameBand gives the band of an envelope before that covers the lower end of band k.
func (b *bands) sameBand(k int, high, beforeHigh bool) int {
	odd := b.env[1].n % 2
	switch {
	case high == beforeHigh:
		return k
	case high: // from high to low resolution: each low band is two high ones, less the lowest if odd
		return (k + odd) / 2
	case k == 0:
		return 0
	}
	return 2*k - odd
}

// readNoise reads sbr_noise() and sums its differences.
func (s *side) readNoise(r *bitstream.Reader, b *bands, was *previous, balance int) error {
	set := allBooks().noise[balance]
	before := &was.noiseLevel
	s.noiseKnown = was.noiseKnown
	for n := range s.noises {
		s.noiseKnown = s.noiseKnown || !s.timeNoise[n]
		level := &s.noiseLevel[n]
		sum := 0
		for k := range b.noise.n {
			switch {
			case s.timeNoise[n]:
				sum = int(before[k]) + set.time.Read(r)<<balance
			case k == 0:
				sum = int(r.Read(5)) << balance
			default:
				sum += set.freq.Read(r) << balance
			}
			if s.noiseKnown && (sum < -noiseSlack || sum > maxNoiseLevel+noiseSlack) {
				return fmt.Errorf("%w: noise floor %d has level %d in band %d", codec.ErrCorrupt, n, sum, k)
			}
			level[k] = int8(max(-noiseSlack, min(sum, maxNoiseLevel+noiseSlack)))
		}
		before = level
	}
	return nil
}

// hold makes s what a frame of slots time slots from the border from goes on with when its own payload
// is missing: one envelope like the last.
func (s *side) hold(from, slots int) {
	was := s.last()
	s.grid = grid{envelopes: 1, noises: 1, transient: -1, ampRes: s.ampRes}
	s.border[0], s.border[1] = int8(from), int8(slots)
	s.noise[0], s.noise[1] = s.border[0], s.border[1]
	s.highRes[0] = was.highRes
	s.level[0], s.noiseLevel[0] = was.level, was.noiseLevel
}
