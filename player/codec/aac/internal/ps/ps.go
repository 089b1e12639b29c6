package ps

import "github.com/segue-audio/segue/player/codec/aac/internal/qmf"

// Decoder makes two channels of one. It allocates nothing after New.
type Decoder struct {
	wide     bool // the layout of 34 bands is in use
	low      history
	decor    decorrelator
	now      mixing // at the end of the last envelope
	to, step mixing
	ipd, opd [maxPhases][3]int8 // the last phases, newest first

	signal, copy spectrum
}

// New makes a decoder.
func New() *Decoder {
	layout20()
	layout34()
	allMixers()
	d := &Decoder{}
	d.Reset()
	return d
}

// Reset forgets all earlier frames. What comes first is mixed to the middle.
func (d *Decoder) Reset() {
	*d = Decoder{}
	for b := range d.now.re {
		d.now.re[b] = matrix{h11: 1, h12: 1}
	}
}

// Process makes the slots of left, which are the only channel's until then, and of right. ahead holds
// the six slots after them, at least their five lowest bands. Until parameters come both are the same.
func (d *Decoder) Process(left, right, ahead []qmf.Slot, f *Frame) {
	d.low.load(left, ahead)
	if !f.started || f.envelopes == 0 {
		copy(right, left)
		return
	}
	l := layout20()
	if f.hasIID || f.hasICC {
		if wide := f.wide(); wide != d.wide {
			d.relayout(wide)
		}
	}
	if d.wide {
		l = layout34()
	}
	from := 0
	for e := range f.envelopes {
		to := int(f.end[e])
		d.target(&d.to, f, e, l)
		for b := range l.bands {
			d.step.re[b] = step(&d.now.re[b], &d.to.re[b], to-from)
			d.step.im[b] = step(&d.now.im[b], &d.to.im[b], to-from)
		}
		for n := from; n < to; n++ {
			d.slot(&left[n], &right[n], n, l, f.hasPhase)
		}
		d.now = d.to
		from = to
	}
}

// relayout changes over to the other layout; what the filters remember is of no use there.
func (d *Decoder) relayout(wide bool) {
	d.wide = wide
	d.decor = decorrelator{}
	d.ipd, d.opd = [maxPhases][3]int8{}, [maxPhases][3]int8{}
	bands := bandCounts[1]
	if wide {
		bands = bandCounts[2]
	}
	remapMixing(&d.now, bands)
}

// slot makes slot n of both channels.
func (d *Decoder) slot(left, right *qmf.Slot, n int, l *layout, phases bool) {
	s, copied := &d.signal, &d.copy
	l.splitSlot(s, &d.low, n)
	copy(s.re[l.sub:], left.Re[l.split:])
	copy(s.im[l.sub:], left.Im[l.split:])
	d.decor.add(copied, s, l)
	for b := range l.bands {
		d.now.re[b].add(&d.step.re[b])
		if phases {
			d.now.im[b].add(&d.step.im[b])
		}
	}
	d.mixSplit(l, phases)
	l.joinSlot(left, s)
	l.joinSlot(right, copied)
	offset := l.sub - l.split
	for b := range l.bands {
		from, to := int(l.border[b]), int(l.border[b+1])
		if from == 0 {
			continue
		}
		h := d.now.re[b]
		sr, si := s.re[from+offset:to+offset], s.im[from+offset:to+offset]
		dr, di := copied.re[from+offset:][:len(sr)], copied.im[from+offset:][:len(sr)]
		lr, li := left.Re[from:][:len(sr)], left.Im[from:][:len(sr)]
		rr, ri := right.Re[from:][:len(sr)], right.Im[from:][:len(sr)]
		si = si[:len(sr)]
		for k := range sr {
			lr[k], li[k] = h.h11*sr[k]+h.h21*dr[k], h.h11*si[k]+h.h21*di[k]
			rr[k], ri[k] = h.h12*sr[k]+h.h22*dr[k], h.h12*si[k]+h.h22*di[k]
		}
		if i := d.now.im[b]; phases && i != (matrix{}) {
			for k := range sr {
				lr[k], li[k] = lr[k]-i.h11*si[k]-i.h21*di[k], li[k]+i.h11*sr[k]+i.h21*dr[k]
				rr[k], ri[k] = rr[k]-i.h12*si[k]-i.h22*di[k], ri[k]+i.h12*sr[k]+i.h22*dr[k]
			}
		}
	}
}

// mixSplit mixes the split lines in place: the signal becomes left, its copy right.
func (d *Decoder) mixSplit(l *layout, phases bool) {
	for k := range l.sub {
		b := l.line[k]
		h := d.now.re[b]
		sr, si, dr, di := d.signal.re[k], d.signal.im[k], d.copy.re[k], d.copy.im[k]
		lr, li := h.h11*sr+h.h21*dr, h.h11*si+h.h21*di
		rr, ri := h.h12*sr+h.h22*dr, h.h12*si+h.h22*di
		if phases {
			i := d.now.im[b]
			if l.turned[k] {
				i = matrix{-i.h11, -i.h12, -i.h21, -i.h22}
			}
			lr, li = lr-i.h11*si-i.h21*di, li+i.h11*sr+i.h21*dr
			rr, ri = rr-i.h12*si-i.h22*di, ri+i.h12*sr+i.h22*dr
		}
		d.signal.re[k], d.signal.im[k] = lr, li
		d.copy.re[k], d.copy.im[k] = rr, ri
	}
}
