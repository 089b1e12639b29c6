package sbr

import "errors"

// Header is the fields of sbr_header(), for streams made up by tests.
type Header struct {
	AmpRes, StartFreq, StopFreq, XoverBand, FreqScale, NoiseBands, LimiterBands, LimiterGains uint8
	AlterScale, Interpolate, SmoothingMode                                                    bool
}

// errTop tells of patches that end below the top.
var errTop = errors.New("patches don't reach the top")

// Borders gives the borders of the envelope bands of low and of high resolution and the count of noise
// floor bands, or an error where the header makes no sense or decoders disagree on the limiter of the
// bands above the last patch: libxaac has one for them, as has this package; ffmpeg and faad need not.
func (h Header) Borders(coreRate int) (low, high []int, noise int, err error) {
	b, err := makeBands(&header{
		bandPlan:     bandPlan{h.StartFreq, h.StopFreq, h.XoverBand, h.FreqScale, h.NoiseBands, h.AlterScale},
		limiterBands: h.LimiterBands,
	}, coreRate)
	if err != nil {
		return nil, nil, 0, err
	}
	if last := b.patch[b.patchCount-1]; last.to+last.count != b.kx+b.m {
		return nil, nil, 0, errTop
	}
	for i := range b.env[0].n + 1 {
		low = append(low, b.env[0].at(i))
	}
	for i := range b.env[1].n + 1 {
		high = append(high, b.env[1].at(i))
	}
	return low, high, b.noise.n, nil
}
