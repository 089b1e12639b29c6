package abrtest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrCell: the text does not name a cell.
var ErrCell = errors.New("abrtest: cell")

// Cell is one experiment: links of a kind, made slower by a factor because music is small, with a room for
// the buffer and a length of segments.
type Cell struct {
	Network string
	Scale   float64 // of the links' rates
	Buffer  float64 // seconds
	Segment float64 // seconds
	Tunnels bool    // cut into the links
	Skips   bool    // by the listener; then there is no optimum
	Lossy   bool    // without the lossless rendition
	Heads   bool    // the next track's beginning is fetched once the buffer is full
	Stops   bool    // the client is done once the last segment is here, as the yardstick's is
	Rest    float64 // seconds that are heard, once the buffer is full, before it is filled again
}

// Cells are the yardstick's: those in which a choice is neither trivial nor hopeless.
func Cells() []Cell {
	cell := func(network string, scale, buffer float64) Cell {
		return Cell{Network: network, Scale: scale, Buffer: buffer, Segment: 4}
	}
	tunnels := func(c Cell) Cell { c.Tunnels = true; return c }
	return []Cell{
		cell("3g", 1, 30), cell("3g", 0.5, 30),
		cell("4g", 0.1, 30), cell("4g", 0.05, 30), cell("4g", 0.02, 30),
		cell("fixed", 0.5, 30), cell("fixed", 0.2, 30), cell("fixed", 0.1, 30),
		cell("3g", 1, 120), cell("3g", 0.2, 120),
		cell("4g", 0.05, 120), cell("4g", 0.02, 120),
		cell("fixed", 0.2, 120), cell("fixed", 0.1, 120),
		tunnels(cell("4g", 0.1, 30)), tunnels(cell("4g", 0.1, 120)), tunnels(cell("3g", 1, 120)),
	}
}

// String gives the cell as ParseCell takes it: "3g:0.5:30:4", and ":tunnels", ":skips", ":lossy", ":heads",
// ":stops" and ":rest20" behind it.
func (c Cell) String() string {
	s := fmt.Sprintf("%s:%g:%g:%g", c.Network, c.Scale, c.Buffer, c.Segment)
	for _, word := range c.words() {
		s += ":" + word
	}
	return s
}

// words are what is said of the cell behind its figures.
func (c Cell) words() []string {
	var list []string
	for _, f := range c.flags() {
		if *f.on {
			list = append(list, f.name)
		}
	}
	if c.Rest > 0 {
		list = append(list, fmt.Sprintf("rest%g", c.Rest))
	}
	return list
}

type cellFlag struct {
	name string
	on   *bool
}

func (c *Cell) flags() []cellFlag {
	return []cellFlag{{"tunnels", &c.Tunnels}, {"skips", &c.Skips}, {"lossy", &c.Lossy}, {"heads", &c.Heads}, {"stops", &c.Stops}}
}

// ParseCell reads what String writes. The error wraps ErrCell.
func ParseCell(text string) (Cell, error) {
	var c Cell
	parts := strings.Split(text, ":")
	if len(parts) < 4 || parts[0] == "" {
		return c, fmt.Errorf("%w: %q is not network:scale:buffer:segment", ErrCell, text)
	}
	c.Network = parts[0]
	for i, to := range []*float64{&c.Scale, &c.Buffer, &c.Segment} {
		v, err := strconv.ParseFloat(parts[i+1], 64)
		if err != nil || !(v > 1e-4 && v < 1e4) {
			return c, fmt.Errorf("%w: %q in %q is no number from 0.0001 to 10000", ErrCell, parts[i+1], text)
		}
		*to = v
	}
	for _, name := range parts[4:] {
		known := false
		if seconds, ok := strings.CutPrefix(name, "rest"); ok {
			v, err := strconv.ParseFloat(seconds, 64)
			c.Rest, known = v, err == nil && v > 0 && v < c.Buffer
		}
		for _, f := range c.flags() {
			if f.name == name {
				*f.on, known = true, true
			}
		}
		if !known {
			return c, fmt.Errorf("%w: %q is unknown in %q", ErrCell, name, text)
		}
	}
	return c, nil
}

// Group is the part of the table that the cell counts for.
func (c Cell) Group() string {
	if c.Tunnels {
		return "tunnels"
	}
	name := fmt.Sprintf("%s b%g", c.Network, c.Buffer)
	for _, word := range c.words() {
		name += " " + word
	}
	return name
}

// Music is what is played in the cell.
func (c Cell) Music() Music {
	m := Music{Segment: c.Segment * 1000}
	if c.Lossy {
		m.Ladder = Rungs()[:len(Rungs())-1]
	}
	return m
}

// Client makes the client for one link of the cell.
func (c Cell) Client(t *Trace) (Client, error) {
	p, err := c.Music().Playlist()
	if err != nil {
		return Client{}, err
	}
	if c.Skips {
		p.Skips = p.Impatience(t.Name)
	}
	slow, err := t.Scaled(c.Scale)
	if err == nil && c.Tunnels {
		slow, err = slow.Tunnelled()
	}
	return Client{
		Trace: slow, Playlist: p, Buffer: c.Buffer * 1000, Scale: c.Scale, Rest: c.Rest * 1000, Heads: c.Heads, Finishes: !c.Stops,
	}, err
}

// leastKbps is what a link must carry on average to be run: a little more than the lowest rendition.
const leastKbps = 32

// carries tells whether the link is fast enough for the cell to be of interest.
func (c Cell) carries(t *Trace) bool { return t.Mean()*c.Scale >= leastKbps }
