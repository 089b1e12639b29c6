package aac

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
)

// Limits of the syntax.
const (
	maxFrame = 1024 // spectral lines of a channel
	maxBands = 8 * 15
)

// Books beyond the eleven spectral ones (Table 4.95).
const (
	bookZero       = 0  // nothing in the band
	bookReserved   = 12 //
	bookNoise      = 13 // perceptual noise substitution
	bookOutOfPhase = 14 // intensity stereo
	bookInPhase    = 15
)

// frame is a channel's part of a packet.
type frame struct {
	window
	// By group and band, group·bands + band: the codebook, and what its values are multiplied with.
	// For noise that is the noise's amplitude, for intensity what the left channel's values are
	// multiplied with to give the right's.
	books  [maxBands]uint8
	gains  [maxBands]float32
	noisy  bool // some book is bookNoise
	pulses pulses
	// spectrum holds the lines of a long window, or of eight short ones one after the other.
	spectrum []float32
	shaping  shaping
}

func (f *frame) copy(from *frame) {
	spectrum := f.spectrum
	copy(spectrum, from.spectrum)
	*f = *from
	f.spectrum = spectrum
}

// parseStream reads an individual_channel_stream (Table 4.50). In a pair of common windows the window
// was read before.
func (d *Decoder) parseStream(f *frame, common bool) error {
	gain := int(d.r.Read(8))
	if !common {
		if err := d.parseWindow(f); err != nil {
			return err
		}
	}
	if err := d.parseSections(f); err != nil {
		return err
	}
	if err := d.parseScaleFactors(f, gain); err != nil {
		return err
	}
	f.pulses.count = 0
	if d.r.Flag() {
		if err := d.parsePulses(f); err != nil {
			return err
		}
	}
	f.shaping.present = d.r.Flag()
	if f.shaping.present {
		if err := d.parseShaping(f); err != nil {
			return err
		}
	}
	if d.r.Flag() {
		return fmt.Errorf("%w: AAC: gain control, of the scalable sampling rate profile", codec.ErrUnsupported)
	}
	if err := d.parseSpectrum(f); err != nil {
		return err
	}
	if f.pulses.count > 0 {
		f.addPulses()
	}
	return nil
}
