package sbr

import (
	"fmt"
	"math"
	"slices"

	"github.com/segue-audio/segue/player/codec"
)

// derive makes the tables that are cut from the master table.
func (b *bands) derive(h *header) error {
	n := b.master.n - int(h.xoverBand)
	if n <= 0 {
		return fmt.Errorf("%w: crossover in master band %d of %d", codec.ErrCorrupt, h.xoverBand, b.master.n)
	}
	high := &b.env[1]
	high.n = n
	copy(high.border[:n+1], b.master.border[h.xoverBand:])
	b.kx = high.at(0)
	b.m = high.at(n) - b.kx
	if b.kx > 32 || b.kx+b.m > 64 || b.m > maxHigh {
		return fmt.Errorf("%w: crossover at band %d, %d bands above", codec.ErrCorrupt, b.kx, b.m)
	}
	// Low resolution takes every other border, from the top; an odd one stays at the bottom.
	low := &b.env[0]
	low.n = (n + 1) / 2
	for k := 1; k <= low.n; k++ {
		low.border[k] = high.border[2*k-n%2]
	}
	low.border[0] = high.border[0]

	nq := 1
	if h.noiseBands > 0 {
		octaves := math.Log2(float64(b.kx+b.m) / float64(b.kx))
		nq = max(1, nint(float64(h.noiseBands)*octaves))
	}
	if nq > maxNoise {
		return fmt.Errorf("%w: %d noise floor bands", codec.ErrCorrupt, nq)
	}
	b.noise.n = nq
	b.noise.border[0] = low.border[0]
	at := 0
	for k := 1; k <= nq; k++ {
		at += (low.n - at) / (nq + 1 - k)
		b.noise.border[k] = low.border[at]
	}
	if err := b.patchUp(); err != nil {
		return err
	}
	b.limit(h)
	return nil
}

// patch is a run of regenerated bands that are copied from a run below the crossover.
type patch struct{ from, to, count int }

// patchUp finds what is copied where (4.6.18.6.3).
func (b *bands) patchUp() error {
	goal := nint(2.048e6 / float64(b.rate)) // about 16 kHz
	end := b.kx + b.m
	k := b.master.n
	if goal < end {
		for k = 0; b.master.at(k) < goal; k++ {
		}
	}
	count := 0
	top, to := b.k0, b.kx
	for rounds := 0; ; rounds++ {
		if rounds > 2*maxMaster {
			return fmt.Errorf("%w: patches don't reach the top", codec.ErrCorrupt)
		}
		sb, odd := 0, 0
		for j := k; ; j-- {
			sb = b.master.at(j)
			odd = (sb - 2 + b.k0) & 1
			if sb <= b.k0-1+top-odd || j == 0 {
				break
			}
		}
		if width := sb - to; width > 0 {
			if count > maxPatch {
				return fmt.Errorf("%w: more than %d patches", codec.ErrCorrupt, maxPatch)
			}
			b.patch[count] = patch{from: b.k0 - odd - width, to: to, count: width}
			if b.patch[count].from < 0 {
				return fmt.Errorf("%w: a patch from below the lowest band", codec.ErrCorrupt)
			}
			count++
			to, top = sb, sb
		} else {
			top = b.kx
		}
		if b.master.at(k)-sb < 3 {
			k = b.master.n
		}
		if sb == end {
			break
		}
	}
	if count > 1 && b.patch[count-1].count < 3 {
		count--
	}
	if count == 0 || count > maxPatch {
		return fmt.Errorf("%w: %d patches", codec.ErrCorrupt, count)
	}
	b.patchCount = count
	return nil
}

// limit makes the limiter's bands: of about 1.2, 2 or 3 to the octave, cut at the patches' borders too
// (figure 4.41), or just one.
func (b *bands) limit(h *header) {
	low := &b.env[0]
	if h.limiterBands == 0 {
		b.limiter.n = 1
		b.limiter.border[0], b.limiter.border[1] = low.border[0], low.border[low.n]
		return
	}
	perOctave := [...]float64{1.2, 2, 3}[h.limiterBands-1]
	var room [maxLimit]int
	borders := room[:0]
	for i := range low.n + 1 {
		borders = append(borders, low.at(i))
	}
	patches := b.patch[:b.patchCount]
	for _, p := range patches[1:] {
		borders = append(borders, p.to)
	}
	slices.Sort(borders)
	isPatch := func(k int) bool { // or the top, which the last patch may miss by two bands
		return k == b.kx+b.m || slices.ContainsFunc(patches, func(p patch) bool { return p.to == k })
	}
	for k := 1; k < len(borders); {
		above, below := borders[k], borders[k-1]
		switch {
		case math.Log2(float64(above)/float64(below))*perOctave >= 0.49:
			k++
		case above == below || !isPatch(above):
			borders = slices.Delete(borders, k, k+1)
		case !isPatch(below):
			borders = slices.Delete(borders, k-1, k)
		default:
			k++
		}
	}
	b.limiter.set(borders)
}
