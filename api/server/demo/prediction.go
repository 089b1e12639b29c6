package demo

import (
	"math"
	"math/bits"

	"github.com/mewkiz/flac/frame"
)

const (
	// predictorOrder is how many samples back a frame's linear predictor looks.
	predictorOrder = 8
	// coefficientBits is the precision of its coefficients, sign included.
	coefficientBits = 14
	// partitionOrder splits a block's residual into 2^5 parts, each with a Rice parameter of its own.
	partitionOrder = 5
	// residualLimit keeps residuals within what RFC 9639, section 9.2.7.3 allows, with room to spare.
	residualLimit = 1 << 28
)

// analyst chooses how blocks of samples are to be coded. The encoder's own analysis knows fixed
// predictors and one Rice parameter a block; a predictor fitted to the block saves a sixth of the
// file. It keeps its working space: one goroutine at a time.
type analyst struct {
	window   []float64
	scratch  []float64
	residual []int32
}

func newAnalyst(blockSize int) *analyst {
	a := &analyst{window: make([]float64, blockSize), scratch: make([]float64, blockSize)}
	for i := range a.window {
		// Welch's window: the fit should care for the middle of the block and not for its edges.
		x := (float64(i) - float64(blockSize-1)/2) / (float64(blockSize+1) / 2)
		a.window[i] = 1 - x*x
	}
	return a
}

// predict fits a predictor to samples and gives the header for a subframe that codes them, and about
// how many bits that takes. Blocks of other lengths than the analyst's are left to the encoder's own
// analysis, as are constant ones.
func (a *analyst) predict(samples []int32) (frame.SubHeader, int) {
	verbatim := frame.SubHeader{Pred: frame.PredVerbatim}
	if len(samples) != len(a.window) {
		return verbatim, math.MaxInt
	}
	coefficients, ok := a.fit(samples)
	if !ok {
		return verbatim, 0
	}
	header := frame.SubHeader{Pred: frame.PredFIR, Order: predictorOrder, CoeffPrec: coefficientBits}
	header.Coeffs, header.CoeffShift = quantise(coefficients)
	a.residual = a.residual[:0]
	for i := predictorOrder; i < len(samples); i++ {
		var sum int64
		for j, c := range header.Coeffs {
			sum += int64(c) * int64(samples[i-1-j])
		}
		r := int64(samples[i]) - sum>>header.CoeffShift
		if r > residualLimit || r < -residualLimit {
			return verbatim, math.MaxInt
		}
		a.residual = append(a.residual, int32(r))
	}
	rice, size := partition(a.residual, len(samples))
	header.RiceSubframe = rice
	return header, size + predictorOrder*(16+coefficientBits)
}

// fit solves for the predictor by Levinson and Durbin's recursion over the autocorrelation of the
// windowed block; ok is false for silence.
func (a *analyst) fit(samples []int32) (coefficients [predictorOrder]float64, ok bool) {
	constant := true
	for i, s := range samples {
		a.scratch[i] = float64(s) * a.window[i]
		constant = constant && s == samples[0]
	}
	if constant {
		return coefficients, false
	}
	var auto [predictorOrder + 1]float64
	for lag := range auto {
		var sum float64
		for i, x := range a.scratch[:len(samples)-lag] {
			sum += x * a.scratch[i+lag]
		}
		auto[lag] = sum
	}
	// A breath of white noise keeps pure tones from driving the coefficients out of range.
	left := auto[0]*(1+1e-9) + 1
	for i := range predictorOrder {
		reflection := auto[i+1]
		for j := range i {
			reflection -= coefficients[j] * auto[i-j]
		}
		reflection /= left
		before := coefficients
		coefficients[i] = reflection
		for j := range i {
			coefficients[j] = before[j] - reflection*before[i-1-j]
		}
		left *= 1 - reflection*reflection
	}
	return coefficients, true
}

// quantise scales coefficients to integers of coefficientBits and the shift that undoes it, carrying
// each rounding error over to the next coefficient.
func quantise(coefficients [predictorOrder]float64) (out []int32, shift int32) {
	var largest float64
	for _, c := range coefficients {
		largest = max(largest, math.Abs(c))
	}
	_, exponent := math.Frexp(largest)
	// The stream has five bits for the shift, and the sign bit must be clear.
	shift = int32(max(0, min(15, coefficientBits-1-exponent)))
	const most = 1<<(coefficientBits-1) - 1
	out = make([]int32, predictorOrder)
	var carried float64
	for i, c := range coefficients {
		carried += c * float64(int64(1)<<shift)
		q := max(-most-1, min(most, math.Round(carried)))
		out[i] = int32(q)
		carried -= q
	}
	return out, shift
}

// partition picks a Rice parameter for each part of the residual of a block, and tells the bits.
func partition(residual []int32, blockSize int) (*frame.RiceSubframe, int) {
	rice := &frame.RiceSubframe{PartOrder: partitionOrder, Partitions: make([]frame.RicePartition, 1<<partitionOrder)}
	size := 0
	for i := range rice.Partitions {
		n := blockSize >> partitionOrder
		if i == 0 {
			n -= blockSize - len(residual)
		}
		part := residual[:n]
		residual = residual[n:]
		var sum uint64
		for _, r := range part {
			sum += uint64(uint32(r<<1) ^ uint32(r>>31))
		}
		// The parameter near log2 of the mean is the best or next to it.
		guess := max(0, bits.Len64(sum/uint64(n))-1)
		best, bestSize := 0, math.MaxInt
		for k := max(0, guess-1); k <= min(14, guess+1); k++ {
			if s := riceSize(part, k); s < bestSize {
				best, bestSize = k, s
			}
		}
		if bestSize == math.MaxInt { // beyond the 4-bit parameter; 14 is legal, if wasteful
			best, bestSize = 14, riceSize(part, 14)
		}
		rice.Partitions[i].Param = uint(best)
		size += 4 + bestSize
	}
	return rice, size
}

func riceSize(part []int32, k int) int {
	size := len(part) * (k + 1)
	for _, r := range part {
		size += int((uint32(r<<1) ^ uint32(r>>31)) >> k)
	}
	return size
}
