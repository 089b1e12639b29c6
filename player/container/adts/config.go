package adts

import (
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// coreRates are the sample rates that an index stands for (ISO 14496-3, table 1.18).
var coreRates = [13]int{96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350}

const (
	rateEscape      = 15 // the rate itself follows in 24 bits
	maxChannels     = 8
	syncExtension   = 0x2b7
	objectSBR       = 5
	objectScalable  = 6
	objectERLC      = 17
	objectERScal    = 20
	objectTwinVQ    = 7
	objectERTwinVQ  = 21
	objectBSAC      = 22
	objectERLD      = 23
	objectPS        = 29
	objectEscape    = 31
	objectERCELP    = 24
	objectEndParams = 27 // the last that is followed by epConfig
)

// config is what must be known of an AudioSpecificConfig (1.6.2.1).
type config struct {
	object   int // of the core, 2 for AAC-LC
	rate     int // of the core
	channels int
	block    int // PCM frames in a packet at the core's rate
}

// readConfig reads an AudioSpecificConfig up to its end; of kinds whose end it can't find, known is false.
func readConfig(r *bits) (c config, known bool, err error) {
	c.object = readObject(r)
	c.rate = readRate(r)
	c.channels = channelsOf(r.read(4))
	if c.object == objectSBR || c.object == objectPS {
		readRate(r) // what SBR doubles it to
		if c.object = readObject(r); c.object == objectBSAC {
			r.skip(4)
		}
	}
	c.block = 1024
	switch c.object {
	case 1, 2, 3, 4, objectScalable, objectTwinVQ, objectERLC, 19, objectERScal, objectERTwinVQ, objectBSAC, objectERLD:
		known = true
		readGA(r, &c)
	}
	if c.object >= objectERLC && c.object <= objectEndParams {
		known = known && r.read(2) < 2 // error protection of its own
	}
	if r.over || c.rate == 0 || c.channels == 0 || c.channels > maxChannels {
		return c, false, fmt.Errorf("adts: AudioSpecificConfig of object type %d, %d Hz, %d channels: %w",
			c.object, c.rate, c.channels, container.ErrUnsupported)
	}
	return c, known, nil
}

func readObject(r *bits) int {
	if n := r.read(5); n != objectEscape {
		return n
	}
	return 32 + r.read(6)
}

func readRate(r *bits) int {
	i := r.read(4)
	switch {
	case i == rateEscape:
		return r.read(24)
	case i < len(coreRates):
		return coreRates[i]
	}
	return 0
}

// channelsOf is the channel count of a channelConfiguration (table 1.19); zero where it doesn't tell.
func channelsOf(configuration int) int {
	switch configuration {
	case 1, 2, 3, 4, 5, 6:
		return configuration
	case 7, 12, 14:
		return 8
	case 11:
		return 7
	}
	return 0
}

// readGA reads GASpecificConfig (4.4.1).
func readGA(r *bits, c *config) {
	short := r.flag() // blocks of 960, or 480
	switch {
	case c.object == objectERLD && short:
		c.block = 480
	case c.object == objectERLD:
		c.block = 512
	case short:
		c.block = 960
	}
	if r.flag() {
		r.skip(14) // delay of the core coder
	}
	extension := r.flag()
	if c.channels == 0 {
		list, ok := readProgram(r, 0)
		if ok {
			c.channels = list.channels()
		}
	}
	if c.object == objectScalable || c.object == objectERScal {
		r.skip(3)
	}
	if !extension {
		return
	}
	switch c.object {
	case objectBSAC:
		r.skip(5 + 11)
	case objectERLC, 19, objectERScal, objectERLD:
		r.skip(3)
	}
	r.skip(1)
}

// program is a program_config_element (4.4.1.1): the list of a stream's channels where no
// configuration of the table fits.
type program struct {
	tag, object, rateIndex int
	mixdown                [3]int // mono, stereo, matrix: −1 where there is none
	elements               [3][]int
	lfe, data, coupling    []int
	comment                []byte
}

// readProgram reads a program_config_element whose alignment counts from bit start of r.
func readProgram(r *bits, start int) (p program, ok bool) {
	p.tag, p.object, p.rateIndex = r.read(4), r.read(2), r.read(4)
	counts := [3]int{r.read(4), r.read(4), r.read(4)}
	lfe, data, coupling := r.read(2), r.read(3), r.read(4)
	for i, n := range [3]int{4, 4, 3} {
		if p.mixdown[i] = -1; r.flag() {
			p.mixdown[i] = r.read(n)
		}
	}
	list := func(count, n int) (v []int) {
		for range count {
			v = append(v, r.read(n))
		}
		return v
	}
	for i, n := range counts {
		p.elements[i] = list(n, 5)
	}
	p.lfe, p.data, p.coupling = list(lfe, 4), list(data, 4), list(coupling, 5)
	r.skip(-(r.pos - start) & 7)
	p.comment = r.appendBytes(nil, r.read(8))
	return p, !r.over
}

// channels counts what the list puts out.
func (p program) channels() int {
	n := len(p.lfe)
	for _, part := range p.elements {
		for _, e := range part {
			n += 1 + e>>4 // the first bit tells a pair
		}
	}
	return n
}

func (p program) append(w *writer) {
	w.write(p.tag, 4)
	w.write(p.object, 2)
	w.write(p.rateIndex, 4)
	for _, part := range p.elements {
		w.write(len(part), 4)
	}
	w.write(len(p.lfe), 2)
	w.write(len(p.data), 3)
	w.write(len(p.coupling), 4)
	for i, n := range [3]int{4, 4, 3} {
		if w.write(min(1, p.mixdown[i]+1), 1); p.mixdown[i] >= 0 {
			w.write(p.mixdown[i], n)
		}
	}
	list := func(v []int, n int) {
		for _, e := range v {
			w.write(e, n)
		}
	}
	for _, part := range p.elements {
		list(part, 5)
	}
	list(p.lfe, 4)
	list(p.data, 4)
	list(p.coupling, 5)
	w.write(0, w.free)
	w.write(len(p.comment), 8)
	for _, c := range p.comment {
		w.write(int(c), 8)
	}
}

// elementProgram is the id of a program_config_element in a raw_data_block (table 4.85).
const elementProgram = 5

// specificConfig makes the AudioSpecificConfig of an ADTS stream (1.A.2): from the header alone, or, where
// that leaves the channels to a list, with the list that the first block begins with.
func specificConfig(h header, block []byte) (asc []byte, channels int, err error) {
	w := writer{}
	w.write(h.object, 5)
	w.write(h.rateIndex, 4)
	w.write(h.configuration, 4)
	w.write(0, 3) // blocks of 1024; no core coder, no extension
	if h.configuration != 0 {
		return w.b, channelsOf(h.configuration), nil
	}
	r := bits{b: block}
	if r.read(3) != elementProgram {
		return nil, 0, fmt.Errorf("adts: neither header nor first block tells the channels: %w", container.ErrUnsupported)
	}
	p, ok := readProgram(&r, 0)
	if channels = p.channels(); !ok || channels == 0 || channels > maxChannels {
		return nil, 0, fmt.Errorf("adts: a list of %d channels: %w", channels, container.ErrUnsupported)
	}
	p.append(&w)
	return w.b, channels, nil
}

// ParseConfig reads an AudioSpecificConfig (ISO 14496-3, 1.6.2.1) that another container carries: the core's
// sample rate, its channels, and how many PCM frames a packet holds at that rate. The error wraps
// container.ErrUnsupported.
func ParseConfig(asc []byte) (rate, channels int, block media.Frames, err error) {
	c, _, err := readConfig(&bits{b: asc})
	return c.rate, c.channels, media.Frames(c.block), err
}

// Preroll is how many packets of AAC a decoder needs in front of a wanted one.
const Preroll = prerollBlocks
