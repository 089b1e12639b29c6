// Package ps is parametric stereo (ISO 14496-3, 8.6.4 and 8.A to 8.C): two channels from one, by
// parameters that say for each of up to 34 bands how loud one is against the other (IID), how much
// alike they are (ICC) and how their phases differ (IPD, OPD). It works on the slots of the filter bank
// of spectral band replication. The low-power variant and the transport outside of an SBR payload are
// not here.
package ps

import (
	"fmt"
	"sync"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac/internal/codebook"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

const (
	maxEnvelopes = 4
	maxBands     = 34
	maxPhases    = 17
	maxSlots     = 32

	// Of the reach of parameters.
	maxIID     = 7
	maxIIDFine = 15
	maxICC     = 7
	phaseSteps = 8
)

// Frame is what ps_data() says of a frame, and of the frames before as far as it goes on to hold.
type Frame struct {
	started        bool // there was a header
	hasIID, hasICC bool
	hasExtension   bool
	hasPhase       bool  // enable_ipdopd
	fine           bool  // IID in 31 steps, not in 15
	mixing         uint8 // 0 for mixing mode A, 1 for B
	iidBands       int   // 10, 20 or 34
	iccBands       int
	phaseBands     int // 5, 11 or 17

	envelopes int
	end       [maxEnvelopes + 1]uint8 // of each envelope, the slot after its last
	params    [maxEnvelopes + 1]params
}

// params are the indices of an envelope.
type params struct {
	iid, icc [maxBands]int8
	ipd, opd [maxPhases]int8
}

// bandCounts and phaseCounts are how many bands a mode has, less 3 for the modes above 2 (tables 8.23
// to 8.25).
var (
	bandCounts  = [3]int{10, 20, 34}
	phaseCounts = [3]int{5, 11, 17}
)

// envelopeCounts is num_env, by frame_class and num_env_idx (table 8.29).
var envelopeCounts = [2][4]int{{0, 1, 2, 4}, {1, 2, 3, 4}}

// coding is a pair of books and what their sums are limited to.
type coding struct {
	freq, time *codebook.Book
	low, high  int
	wrap       bool
}

type codings struct{ iid, iidFine, icc, ipd, opd coding }

var books = sync.OnceValue(func() *codings {
	pair := func(freq, time []codebook.Code, low, high int, wrap bool) coding {
		return coding{codebook.New(freq), codebook.New(time), low, high, wrap}
	}
	return &codings{
		iid:     pair(codebook.IIDFreq, codebook.IIDTime, -maxIID, maxIID, false),
		iidFine: pair(codebook.IIDFineFreq, codebook.IIDFineTime, -maxIIDFine, maxIIDFine, false),
		icc:     pair(codebook.ICCFreq, codebook.ICCTime, 0, maxICC, false),
		ipd:     pair(codebook.IPDFreq, codebook.IPDTime, 0, phaseSteps-1, true),
		opd:     pair(codebook.OPDFreq, codebook.OPDTime, 0, phaseSteps-1, true),
	}
})

// read reads the parameters of one envelope, was being those of the one before.
func (c *coding) read(r *bitstream.Reader, now, was []int8) error {
	book := c.freq
	inTime := r.Flag()
	if inTime {
		book = c.time
	}
	sum := 0
	for b := range now {
		if inTime {
			sum = int(was[b])
		}
		sum += book.Read(r)
		if c.wrap {
			sum &= phaseSteps - 1
		}
		if sum < c.low || sum > c.high {
			return fmt.Errorf("%w: stereo parameter %d in band %d", codec.ErrCorrupt, sum, b)
		}
		now[b] = int8(sum)
	}
	return nil
}

// Read reads ps_data(), at most bits bits of it, for a frame of slots slots. After an error the frame
// is of no use: read into a copy.
func (f *Frame) Read(r *bitstream.Reader, bits, slots int) error {
	start := r.Pos()
	last := f.params[max(0, f.envelopes-1)]
	if r.Flag() {
		if err := f.readHeader(r); err != nil {
			return err
		}
	}
	if err := f.readBorders(r, slots); err != nil {
		return err
	}
	if err := f.readLevels(r, &last); err != nil {
		return err
	}
	if f.hasExtension {
		if err := f.readExtension(r, &last); err != nil {
			return err
		}
	} else {
		f.hasPhase = false
	}
	if r.Pos()-start > bits || r.Overrun() {
		return fmt.Errorf("%w: parametric stereo past the end of its payload", codec.ErrCorrupt)
	}
	f.fill(&last, slots)
	return nil
}

func (f *Frame) readHeader(r *bitstream.Reader) error {
	f.started = true
	f.hasIID = r.Flag()
	if f.hasIID {
		mode := int(r.Read(3))
		if mode > 5 {
			return fmt.Errorf("%w: iid_mode %d", codec.ErrCorrupt, mode)
		}
		f.fine = mode > 2
		f.iidBands, f.phaseBands = bandCounts[mode%3], phaseCounts[mode%3]
	}
	f.hasICC = r.Flag()
	if f.hasICC {
		mode := int(r.Read(3))
		if mode > 5 {
			return fmt.Errorf("%w: icc_mode %d", codec.ErrCorrupt, mode)
		}
		f.mixing = uint8(mode / 3)
		f.iccBands = bandCounts[mode%3]
	}
	f.hasExtension = r.Flag()
	return nil
}

func (f *Frame) readBorders(r *bitstream.Reader, slots int) error {
	class := r.Read(1)
	f.envelopes = envelopeCounts[class][r.Read(2)]
	for e := range f.envelopes {
		end := slots * (e + 1) / f.envelopes
		if class == 1 {
			end = int(r.Read(5)) + 1
		}
		if end > slots || e > 0 && end <= int(f.end[e-1]) {
			return fmt.Errorf("%w: stereo envelope %d ends in slot %d of %d", codec.ErrCorrupt, e, end, slots)
		}
		f.end[e] = uint8(end)
	}
	return nil
}

func (f *Frame) readLevels(r *bitstream.Reader, last *params) error {
	iid := &books().iid
	if f.fine {
		iid = &books().iidFine
	}
	was := last
	for e := range f.envelopes {
		now := &f.params[e]
		if !f.hasIID {
			now.iid = [maxBands]int8{}
		} else if err := iid.read(r, now.iid[:f.iidBands], was.iid[:]); err != nil {
			return err
		}
		was = now
	}
	was = last
	for e := range f.envelopes {
		now := &f.params[e]
		if !f.hasICC {
			now.icc = [maxBands]int8{}
		} else if err := books().icc.read(r, now.icc[:f.iccBands], was.icc[:]); err != nil {
			return err
		}
		was = now
	}
	return nil
}

// readExtension reads the phases (ps_extension of id 0); other extensions are skipped.
func (f *Frame) readExtension(r *bitstream.Reader, last *params) error {
	size := int(r.Read(4))
	if size == 15 {
		size += int(r.Read(8))
	}
	end := r.Pos() + 8*size
	f.hasPhase = false
	if size > 0 && r.Read(2) == 0 {
		f.hasPhase = r.Flag()
		was := last
		for e := 0; f.hasPhase && e < f.envelopes; e++ {
			now := &f.params[e]
			if err := books().ipd.read(r, now.ipd[:f.phaseBands], was.ipd[:]); err != nil {
				return err
			}
			if err := books().opd.read(r, now.opd[:f.phaseBands], was.opd[:]); err != nil {
				return err
			}
			was = now
		}
		r.Skip(1) // reserved_ps
	}
	if r.Pos() > end {
		return fmt.Errorf("%w: stereo extension past its end", codec.ErrCorrupt)
	}
	r.Skip(end - r.Pos())
	return nil
}

// fill lets the last parameters hold to the end of the frame.
func (f *Frame) fill(last *params, slots int) {
	if n := f.envelopes; n == 0 || int(f.end[n-1]) < slots {
		if n > 0 {
			last = &f.params[n-1]
		}
		f.params[n] = *last
		f.end[n] = uint8(slots)
		f.envelopes++
	}
	if !f.hasPhase {
		for e := range f.envelopes {
			f.params[e].ipd, f.params[e].opd = [maxPhases]int8{}, [maxPhases]int8{}
		}
	}
}

// Hold makes the frame the one that follows without parameters of its own.
func (f *Frame) Hold(slots int) {
	last := f.params[max(0, f.envelopes-1)]
	f.envelopes = 0
	f.fill(&last, slots)
}

// Forget keeps what the last header said and nothing else.
func (f *Frame) Forget() {
	f.envelopes, f.hasPhase = 0, false
	f.params = [maxEnvelopes + 1]params{}
}

// wide tells whether the parameters ask for the filters of 34 bands.
func (f *Frame) wide() bool {
	return f.hasIID && f.iidBands == maxBands || f.hasICC && f.iccBands == maxBands
}
