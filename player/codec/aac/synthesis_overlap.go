package aac

// overlap joins a channel's frames (4.6.11.3.3). Of the frame before, it keeps the middle half's second
// part, not yet windowed where the slope is the next frame's to choose.
type overlap struct {
	tail     []float32 // half a frame
	shape    uint8
	sequence sequence
}

func (o *overlap) reset() {
	clear(o.tail)
	o.shape, o.sequence = shapeSine, onlyLong
}

// workspace is scratch for one channel at a time.
type workspace struct {
	middle  []float32   // middle halves of the windows, a frame
	seam    []float32   // a short window
	complex []complex64 // half a frame
}

// join gives the samples of frame f: pcm is a frame long.
func (o *overlap) join(pcm []float32, f *frame, bank *filterbank, work *workspace) {
	m := work.middle
	if f.sequence == eightShort {
		n := bank.short.lines
		for w := range shortWindows {
			bank.short.transform(m[w*n:], f.spectrum[w*n:], work.complex)
		}
	} else {
		bank.long.transform(m, f.spectrum, work.complex)
	}
	half := len(pcm) / 2
	short := bank.short.lines
	flat := half - short/2 // what a short slope leaves at full height on either side
	before := bank.slopes[o.shape]
	now := bank.slopes[f.shape][1]
	longBefore := o.sequence == onlyLong || o.sequence == longStop
	switch {
	case f.sequence == eightShort:
		o.joinShort(pcm, m, work.seam, [2][]float32{before[1], now})
	case longBefore && f.sequence != longStop:
		crossfade(pcm, o.tail, m[:half], before[0])
		copy(o.tail, m[half:])
	default:
		copy(pcm[:flat], o.tail)
		crossfade(pcm[flat:flat+short], o.tail[flat:], m[:short/2], before[1])
		copy(pcm[flat+short:], m[short/2:half])
		copy(o.tail, m[half:])
	}
	o.shape, o.sequence = f.shape, f.sequence
}

// joinShort lays eight short windows from the middle of the frame on: four and a half cross-fades
// fall into this frame, the rest is kept. slopes are the frame before's and this one's.
func (o *overlap) joinShort(pcm, m, seam []float32, slopes [2][]float32) {
	half := len(pcm) / 2
	short := len(seam)
	flat := half - short/2
	copy(pcm[:flat], o.tail)
	crossfade(pcm[flat:flat+short], o.tail[flat:], m[:short/2], slopes[0])
	for w := 1; w < shortWindows; w++ {
		old, next := m[w*short-short/2:w*short], m[w*short:w*short+short/2]
		at := flat + w*short
		switch {
		case w < shortWindows/2:
			crossfade(pcm[at:at+short], old, next, slopes[1])
		case w == shortWindows/2: // half of this one falls into the next frame
			crossfade(seam, old, next, slopes[1])
			copy(pcm[at:], seam[:short/2])
			copy(o.tail, seam[short/2:])
		default:
			at -= 2 * half
			crossfade(o.tail[at:at+short], old, next, slopes[1])
		}
	}
	copy(o.tail[flat:], m[len(m)-short/2:])
}

// crossfade overlaps and adds two windows: old's falling half, of which its first half is at hand, and
// next's rising half, of which the second is. The other halves mirror them (see imdct), which is the
// aliasing that the sum cancels.
func crossfade(pcm, old, next, slope []float32) {
	half := len(pcm) / 2
	head, tail := pcm[:half], pcm[half:][:half]
	old, next = old[:half], next[:half]
	up, down := slope[:half], slope[half:][:half]
	for i, a := range old {
		j := half - 1 - i
		b, wu, wd := next[j], up[i], down[j]
		head[i] = a*wd - b*wu
		tail[j] = a*wu + b*wd
	}
}
