package peers

import (
	"math"

	"github.com/segue-audio/segue/abr/abrtest"
)

// sabreBola is Sabre's Bola: the algorithm of K. Spiteri, R. Urgaonkar and R. Sitaraman, "BOLA: Near-Optimal
// Bitrate Adaptation for Online Videos" (INFOCOM 2016). basic is BOLA-FINITE without what follows; else the
// buffer counts only as far as the session is long, and oscillation is avoided the way of BOLA-O with
// calm set (wait rather than overshoot), of BOLA-U without.
type sabreBola struct {
	sabre
	basic, calm bool
	utilities   []float64
	vp          float64
	last        int
}

const sabreGammaP = 5

func (b *sabreBola) Start(v *abrtest.View) {
	*b = sabreBola{sabre: sabreStart(v), basic: b.basic, calm: b.calm, utilities: sabreUtilities(v.Playlist.Ladder, 0)}
	b.size(v.MaxBuffer, v.Playlist.Segment)
}

// size suits the algorithm to a buffer.
func (b *sabreBola) size(buffer, segment float64) {
	b.vp = (buffer - segment) / (b.utilities[len(b.utilities)-1] + sabreGammaP)
}

func (b *sabreBola) score(index int, buffer, size float64) float64 {
	return (b.vp*(b.utilities[index]+sabreGammaP) - buffer) / size
}

func (b *sabreBola) Choose(v *abrtest.View) abrtest.Pick {
	if !b.known() {
		return abrtest.Pick{}
	}
	return b.choose(v, &b.sabre)
}

func (b *sabreBola) choose(v *abrtest.View, e *sabre) abrtest.Pick {
	if !b.basic {
		near := min(v.Next, len(v.Playlist.Segments)-v.Next) // to the beginning, or to the end
		b.size(min(v.MaxBuffer, max(float64(near)/2, 3)*v.Playlist.Segment), v.Playlist.Segment)
	}
	pick, best := abrtest.Pick{}, math.Inf(-1)
	for i, kbps := range v.Playlist.Ladder {
		if s := b.score(i, v.Buffer, kbps); s > best {
			pick.Index, best = i, s
		}
	}
	if pick.Index > b.last {
		switch carried := e.carried(v.Playlist, e.rate()); {
		case pick.Index <= carried:
		case b.last > carried:
			pick.Index = b.last
		case !b.calm:
			pick.Index = carried + 1
		default:
			pick.Index = carried
			if carried < len(b.utilities)-1 {
				pick.Delay = max(0, v.Buffer-b.vp*(sabreGammaP+b.utilities[carried]))
			}
		}
	}
	b.last = pick.Index
	return pick
}

func (b *sabreBola) Done(_ *abrtest.View, d *abrtest.Download) { b.sample(d) }

// PollEvery implements abrtest.Abandoner.
func (b *sabreBola) PollEvery() float64 { return sabrePoll }

func (b *sabreBola) Abandon(v *abrtest.View, d *abrtest.Download) (index int, ok bool) {
	left := d.Bits - d.Got
	if b.basic || d.Got <= 0 || left <= 0 {
		return 0, false
	}
	best := b.score(d.Index, v.Buffer, left)
	if best < 0 {
		return 0, false
	}
	ladder := v.Playlist.Ladder
	for i := range d.Index {
		anew := d.Bits * ladder[i] / ladder[d.Index]
		if s := b.score(i, v.Buffer, anew); anew < left && s > best {
			index, ok, best = i, true, s
		}
	}
	if ok {
		b.last = index
	}
	return index, ok
}

// sabreBolaE is Sabre's BolaEnh: BOLA-E of the MMSys paper. A placeholder stands for buffer that could be
// there, so that a start or a wait doesn't pin it to the lowest rendition, and a guard keeps that from
// emptying the real one.
type sabreBolaE struct {
	sabre
	calm        bool // BOLA-O's caution
	guard       sabreGuard
	utilities   []float64
	vp, gp      float64
	placeholder float64 // milliseconds
	steady      bool
	last        int
}

const (
	sabreMinimum  = 10_000 // milliseconds of buffer
	sabrePerLevel = 2_000
)

func (b *sabreBolaE) Start(v *abrtest.View) {
	n := len(v.Playlist.Ladder)
	*b = sabreBolaE{sabre: sabreStart(v), calm: b.calm, utilities: sabreUtilities(v.Playlist.Ladder, 1)}
	buffer := max(sabreMinimum+sabrePerLevel*float64(n), v.MaxBuffer)
	b.gp = (b.utilities[n-1] - 1) / (buffer/sabreMinimum - 1)
	b.vp = sabreMinimum / b.gp
}

// score is what a rendition is worth. Lowering the placeholder puts the buffer right between two renditions,
// so the product is rounded by itself, as everywhere but on processors that multiply and add in one.
func (b *sabreBolaE) score(index int, buffer, size float64) float64 {
	return (float64(b.vp*(b.utilities[index]+b.gp)) - buffer) / size
}

// least is the level from which on a rendition is preferred to those below it.
func (b *sabreBolaE) least(ladder []float64, index int) float64 {
	level := 0.0
	for i := range index {
		own, other := ladder[index], ladder[i]
		level = max(level, b.vp*(b.gp+(float64(own*b.utilities[i])-float64(other*b.utilities[index]))/(own-other)))
	}
	return level
}

// most is the level from which on nothing is to be fetched in a rendition.
func (b *sabreBolaE) most(index int) float64 { return b.vp * (b.utilities[index] + b.gp) }

func (b *sabreBolaE) Choose(v *abrtest.View) abrtest.Pick { return b.choose(v, &b.sabre) }

func (b *sabreBolaE) choose(v *abrtest.View, e *sabre) abrtest.Pick {
	ladder := v.Playlist.Ladder
	if !b.steady {
		if !e.known() {
			return abrtest.Pick{Index: b.last}
		}
		b.steady, b.guard.safety = true, sabreGuardFirst
		index := e.carried(v.Playlist, e.rate())
		b.placeholder = max(0, b.least(ladder, index)-v.Buffer)
		return abrtest.Pick{Index: index}
	}
	pick, best := abrtest.Pick{}, math.Inf(-1)
	for i, kbps := range ladder {
		if s := b.score(i, v.Buffer+b.placeholder, kbps); s > best {
			pick.Index, best = i, s
		}
	}
	if carried := e.carried(v.Playlist, e.rate()); pick.Index > b.last && pick.Index > carried {
		pick.Index = max(b.last, carried)
		if !b.calm {
			pick.Index++
		}
	}
	pick.Delay = b.wait(v.Buffer, pick.Index)
	if limit := b.guard.limit(v, e, pick.Index); limit < pick.Index {
		pick = abrtest.Pick{Index: limit}
		b.placeholder = min(b.placeholder, max(0, b.least(ladder, limit)-v.Buffer))
	}
	return pick
}

// wait is what is too much in the buffer, taken from the placeholder first.
func (b *sabreBolaE) wait(buffer float64, index int) float64 {
	over := max(0, buffer+b.placeholder-b.most(index))
	from := min(over, b.placeholder)
	b.placeholder -= from
	if index == len(b.utilities)-1 {
		return 0
	}
	return over - from
}

// Idle implements abrtest.Idler.
func (b *sabreBolaE) Idle(_ *abrtest.View, milliseconds float64) { b.placeholder += milliseconds }

func (b *sabreBolaE) Done(v *abrtest.View, d *abrtest.Download) {
	if b.known() {
		b.report(v, d)
	}
	b.sample(d)
}

// report is report_download. Sabre doesn't tell of the first segment.
func (b *sabreBolaE) report(v *abrtest.View, d *abrtest.Download) {
	ladder := v.Playlist.Ladder
	switch d.Outcome {
	case abrtest.Complete:
		b.last = d.Index
		was := v.Buffer + d.Elapsed
		b.placeholder = min(b.placeholder, max(0, b.most(d.Index)-was))
		if v.Buffer > 0 {
			b.placeholder = max(b.placeholder, b.least(ladder, d.Index)-was)
		}
	case abrtest.Abandoned:
		b.last = d.Index
		want := float64(sabreMinimum)
		if d.To > 0 {
			want = b.least(ladder, d.To)
		}
		b.placeholder = min(b.placeholder, max(0, want-v.Buffer))
	}
}

// PollEvery implements abrtest.Abandoner.
func (b *sabreBolaE) PollEvery() float64 { return sabrePoll }

func (b *sabreBolaE) Abandon(v *abrtest.View, d *abrtest.Download) (index int, ok bool) {
	took, left := d.Elapsed-d.FirstByte, d.Bits-d.Got
	if d.Got <= 0 || left <= 0 || took <= 0 {
		return 0, false
	}
	// A new request waits for its first byte anew.
	buffer := max(0, v.Buffer+b.placeholder-d.FirstByte)
	left -= d.FirstByte * d.Got / took
	if left <= 0 {
		return 0, false
	}
	best, ladder := b.score(d.Index, buffer, left), v.Playlist.Ladder
	for i := range d.Index {
		anew := d.Bits * ladder[i] / ladder[d.Index]
		if s := b.score(i, buffer, anew); anew < left && s > best {
			index, ok, best = i, true, s
		}
	}
	return index, ok
}
