package sbr

import (
	"fmt"
	"math/bits"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

const (
	maxEnvelopes = 5
	perSlot      = 2 // QMF slots in a time slot of the grid (RATE)
	overhang     = 3 // time slots that the last envelope may reach into the next frame
)

// grid says where envelopes and noise floors begin and end (4.6.18.3.3), in time slots.
type grid struct {
	envelopes int
	border    [maxEnvelopes + 1]int8
	highRes   [maxEnvelopes]bool
	noises    int // 1 or 2
	noise     [3]int8
	transient int8 // the envelope that starts with a transient (lA), -1 where none does
	ampRes    uint8
}

// The frame classes.
const (
	fixFix = iota
	fixVar
	varFix
	varVar
)

// readGrid reads sbr_grid() for a frame of slots time slots.
func readGrid(r *bitstream.Reader, slots int, ampRes uint8) (grid, error) {
	g := grid{ampRes: ampRes, transient: -1}
	class := int(r.Read(2))
	if class == fixFix {
		g.fixed(r, slots)
	} else {
		pointer := g.variable(r, slots, class)
		if pointer > g.envelopes+1 {
			return g, fmt.Errorf("%w: envelope pointer %d of %d envelopes", codec.ErrCorrupt, pointer, g.envelopes)
		}
		if g.envelopes <= maxEnvelopes {
			g.point(class, pointer)
		}
	}
	if g.envelopes > maxEnvelopes {
		return g, fmt.Errorf("%w: %d envelopes", codec.ErrCorrupt, g.envelopes)
	}
	for i := range g.envelopes {
		if g.border[i] >= g.border[i+1] {
			return g, fmt.Errorf("%w: envelope %d of a frame lasts from %d to %d", codec.ErrCorrupt, i, g.border[i], g.border[i+1])
		}
	}
	return g, nil
}

// fixed reads class FIXFIX: envelopes of equal length.
func (g *grid) fixed(r *bitstream.Reader, slots int) {
	g.envelopes = 1 << r.Read(2)
	if g.envelopes > maxEnvelopes {
		return
	}
	if g.envelopes == 1 {
		g.ampRes = 0
	}
	highRes := r.Flag()
	step := nint(float64(slots) / float64(g.envelopes))
	for i := range g.envelopes {
		g.highRes[i] = highRes
		g.border[i] = int8(i * step)
	}
	g.border[g.envelopes] = int8(slots)
	g.setNoise(g.envelopes / 2)
}

// variable reads the classes with a border of its own at the front, the back, or both.
// It gives bs_pointer.
func (g *grid) variable(r *bitstream.Reader, slots, class int) int {
	from, to, leads, trails := 0, slots, 0, 0
	if class != fixVar {
		from = int(r.Read(2))
	}
	if class != varFix {
		to += int(r.Read(2))
	}
	if class != fixVar {
		leads = int(r.Read(2))
	}
	if class != varFix {
		trails = int(r.Read(2))
	}
	var lead, trail [3]int
	for i := range leads {
		lead[i] = 2*int(r.Read(2)) + 2
	}
	for i := range trails {
		trail[i] = 2*int(r.Read(2)) + 2
	}
	g.envelopes = leads + trails + 1
	if g.envelopes > maxEnvelopes {
		return 0
	}
	pointer := int(r.Read(bits.Len(uint(g.envelopes)))) // ceil(log2(envelopes+1)) bits
	for i := range g.envelopes {
		if class == fixVar {
			g.highRes[g.envelopes-1-i] = r.Flag()
		} else {
			g.highRes[i] = r.Flag()
		}
	}
	// Borders count from both ends to the middle.
	g.border[0], g.border[g.envelopes] = int8(from), int8(to)
	for i := range leads {
		from += lead[i]
		g.border[i+1] = int8(from)
	}
	for i := range trails {
		to -= trail[i]
		g.border[g.envelopes-1-i] = int8(to)
	}
	return pointer
}

// point places the transient and the border between the noise floors (tables 4.157 and 4.158).
func (g *grid) point(class, pointer int) {
	middle := g.envelopes - 1
	if class == varFix {
		switch {
		case pointer == 0:
			middle = 1
		case pointer > 1:
			g.transient = int8(pointer - 1)
			middle = pointer - 1
		}
	} else if pointer > 0 {
		g.transient = int8(g.envelopes + 1 - pointer)
		if pointer > 1 {
			middle = g.envelopes + 1 - pointer
		}
	}
	g.setNoise(middle)
}

func (g *grid) setNoise(middle int) {
	g.noises = min(g.envelopes, 2)
	g.noise[0], g.noise[g.noises] = g.border[0], g.border[g.envelopes]
	if g.noises == 2 {
		g.noise[1] = g.border[middle]
	}
}
