package sbr

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac/internal/ps"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

// extensionPS is the bs_extension_id of parametric stereo.
const extensionPS = 2

// stream is all that payloads have said so far. A payload is read into a copy of it, so that a corrupt
// one leaves no trace.
type stream struct {
	started bool // there was a header
	header
	bands
	changed bool // the payload's header brought other bands
	coupled bool // bs_coupling: the second channel is the panorama of the first
	side    [2]side
	stereo  bool // the payload had parametric stereo
	params  ps.Frame
}

// read reads what follows the extension type (4.5.2.8, tables 4.62 to 4.65): bits bits of r.
func (s *stream) read(r *bitstream.Reader, bits int, c *setup) error {
	end := r.Pos() + bits
	if c.crc && !checkCRC(r, bits) {
		return fmt.Errorf("%w: checksum of spectral band replication", codec.ErrCorrupt)
	}
	s.changed, s.stereo = false, false
	if r.Flag() {
		if err := s.takeHeader(readHeader(r), c.CoreRate); err != nil {
			return err
		}
	}
	if !s.started {
		return nil // nothing can be read without a header; one will come
	}
	if err := s.readSides(r, c); err != nil {
		return err
	}
	if r.Flag() {
		s.readExtension(r, c)
	}
	if !s.stereo {
		s.params.Hold(c.slots)
	}
	if r.Pos() > end || r.Overrun() {
		return fmt.Errorf("%w: spectral band replication past the end of its payload", codec.ErrCorrupt)
	}
	return nil
}

// known tells whether there are levels to replicate with.
func (s *stream) known(channels int) bool {
	for i := range channels {
		if !s.side[i].levelKnown || !s.side[i].noiseKnown {
			return false
		}
	}
	return s.started
}

// forget keeps what headers said, the next of which can be a second off, and nothing else.
func (s *stream) forget() {
	s.changed, s.coupled, s.stereo = false, false, false
	s.side = [2]side{}
	s.params.Forget()
}

func (s *stream) takeHeader(h header, coreRate int) error {
	if !s.started || h.bandPlan != s.bandPlan {
		b, err := makeBands(&h, coreRate)
		if err != nil {
			return err
		}
		s.bands, s.changed = b, true
		s.side = [2]side{}
	} else if h.limiterBands != s.limiterBands {
		s.bands.limit(&h)
	}
	s.header, s.started = h, true
	return nil
}

// readSides reads sbr_single_channel_element() or sbr_channel_pair_element() up to the extension.
func (s *stream) readSides(r *bitstream.Reader, c *setup) error {
	pair := c.Channels == 2
	if r.Flag() { // bs_data_extra
		r.Skip(4 * c.Channels)
	}
	s.coupled = pair && r.Flag()
	var was [2]previous
	for ch := range c.Channels {
		was[ch] = s.side[ch].last()
	}
	a, b := &s.side[0], &s.side[1]
	var err error
	if a.grid, err = readGrid(r, c.slots/perSlot, s.ampRes); err != nil {
		return err
	}
	switch {
	case s.coupled:
		b.grid = a.grid
	case pair:
		if b.grid, err = readGrid(r, c.slots/perSlot, s.ampRes); err != nil {
			return err
		}
	}
	a.readDirections(r)
	if pair {
		b.readDirections(r)
	}
	a.readFiltering(r, &s.bands)
	switch {
	case s.coupled:
		b.filtering = a.filtering
	case pair:
		b.readFiltering(r, &s.bands)
	}
	if err := s.readLevels(r, &was, pair); err != nil {
		return err
	}
	a.readHarmonics(r, &s.bands)
	if pair {
		b.readHarmonics(r, &s.bands)
	}
	return nil
}

// readLevels reads envelopes and noise floors; in a coupled pair those of a channel come together.
func (s *stream) readLevels(r *bitstream.Reader, was *[2]previous, pair bool) error {
	a, b := &s.side[0], &s.side[1]
	envelopes := func(x *side, ch, balance int) error { return x.readEnvelopes(r, &s.bands, &was[ch], balance) }
	noise := func(x *side, ch, balance int) error { return x.readNoise(r, &s.bands, &was[ch], balance) }
	if err := envelopes(a, 0, 0); err != nil {
		return err
	}
	if pair && !s.coupled {
		if err := envelopes(b, 1, 0); err != nil {
			return err
		}
	}
	if err := noise(a, 0, 0); err != nil || !pair {
		return err
	}
	if !s.coupled {
		return noise(b, 1, 0)
	}
	if err := envelopes(b, 1, 1); err != nil {
		return err
	}
	return noise(b, 1, 1)
}

// readExtension reads what follows bs_extended_data. Of extensions only parametric stereo is known;
// the others are skipped.
func (s *stream) readExtension(r *bitstream.Reader, c *setup) {
	size := int(r.Read(4))
	if size == 15 {
		size += int(r.Read(8))
	}
	end := r.Pos() + 8*size
	for end-r.Pos() > 7 && !r.Overrun() {
		if r.Read(2) != extensionPS || c.Channels != 1 {
			break
		}
		s.stereo = true
		if !c.PS {
			break
		}
		was := s.params
		if s.params.Read(r, end-r.Pos(), c.slots) != nil {
			// After a seek differences in time can lead anywhere; replication itself is sound.
			s.params = was
			s.params.Hold(c.slots)
			break
		}
	}
	r.Skip(max(0, end-r.Pos()))
}

// checkCRC reads bs_sbr_crc_bits and tells whether they fit all that follows: a remainder of ten bits
// by x¹⁰+x⁹+x⁵+x⁴+x+1.
func checkCRC(r *bitstream.Reader, bits int) bool {
	const width, polynomial = 10, 0x233
	if bits < width || bits > r.Left() {
		return false
	}
	want := r.Read(width)
	start := r.Pos()
	crc := uint32(0)
	for range bits - width {
		crc ^= r.Read(1) << (width - 1)
		crc <<= 1
		if crc>>width != 0 {
			crc ^= 1<<width | polynomial
		}
	}
	r.Seek(start)
	return crc == want
}
