package sbr

import "github.com/segue-audio/segue/player/codec/internal/bitstream"

// header is sbr_header() (4.5.2.8.1, table 4.63): what holds until the next one.
type header struct {
	bandPlan
	ampRes        uint8 // bs_amp_res: 0 for steps of 1.5 dB, 1 for 3 dB
	limiterBands  uint8
	limiterGains  uint8
	interpolate   bool // bs_interpol_freq
	smoothingMode bool // set where gains are not smoothed
}

// bandPlan is the part of a header that the tables of bands follow from. A change of it is a reset:
// what was decoded before says nothing of the new bands.
type bandPlan struct {
	startFreq, stopFreq, xoverBand, freqScale, noiseBands uint8
	alterScale                                            bool
}

func readHeader(r *bitstream.Reader) header {
	h := header{
		bandPlan:     bandPlan{freqScale: 2, alterScale: true, noiseBands: 2},
		limiterBands: 2, limiterGains: 2, interpolate: true, smoothingMode: true,
	}
	h.ampRes = uint8(r.Read(1))
	h.startFreq = uint8(r.Read(4))
	h.stopFreq = uint8(r.Read(4))
	h.xoverBand = uint8(r.Read(3))
	r.Skip(2) // bs_reserved
	extra1, extra2 := r.Flag(), r.Flag()
	if extra1 {
		h.freqScale = uint8(r.Read(2))
		h.alterScale = r.Flag()
		h.noiseBands = uint8(r.Read(2))
	}
	if extra2 {
		h.limiterBands = uint8(r.Read(2))
		h.limiterGains = uint8(r.Read(2))
		h.interpolate = r.Flag()
		h.smoothingMode = r.Flag()
	}
	return h
}
