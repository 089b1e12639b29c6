package aac

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac/internal/sbr"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
	"github.com/segue-audio/segue/player/media"
)

const (
	// maxPacket bounds a raw_data_block in bytes, eight times the longest that ADTS can hold.
	maxPacket = 1 << 16
	// usualPacket is the longest that the standard's buffer lets a channel have (4.5.3.2), in bytes.
	usualPacket = 768
	// maxBlocks is how many raw_data_blocks a frame of ADTS can hold, minBlock the bytes of the shortest.
	maxBlocks = 4
	minBlock  = 2
)

// Decoder decodes raw_data_blocks. It is a codec.Concealer.
type Decoder struct {
	config Config
	tables *tables
	bands  *bandTables
	bank   *filterbank
	work   workspace

	r         bitstream.Reader
	elements  []element
	byTag     bool
	couplings []*coupling
	anything  bool     // for Inspect: elements are taken as they come
	program   *program // and so is their list

	noise  noiseFunc
	planes [][]float32 // the samples of every coded channel
	out    output
	hidden concealment
}

// element is a slot of the configuration with what is known of it.
type element struct {
	slot
	channels []channel
	found    bool        // in this packet
	seenTag  uint8       // its tag there
	core     [][]float32 // the samples of the channels
	planes   [][]float32 // and what SBR made of them, where it is used

	payload payload
	sbr     *sbr.Decoder

	mono         bool // one channel came for two
	common       bool // both channels have the same windows
	isMiddleSide [maxBands]bool
}

// channel is a channel of an element.
type channel struct {
	number     int    // tells channels apart
	next, last *frame // this packet's and the one before, for concealment
	overlap    overlap
	pcm        []float32 // a frame of samples
}

// payload is where an element's SBR data lie in the packet.
type payload struct {
	pos, bits int
	crc       bool
}

// New makes a decoder for a stream whose Format.Config is an AudioSpecificConfig. Where SBR isn't
// signalled there, the decoder does without it: see Inspect.
func New(f media.Format) (*Decoder, error) {
	c, err := ParseConfig(f.Config)
	if err != nil {
		return nil, err
	}
	return newDecoder(c)
}

func newDecoder(c Config) (*Decoder, error) {
	slots, err := c.slots()
	if err != nil {
		return nil, err
	}
	d := newReader(c)
	for _, s := range slots {
		d.addElement(s)
	}
	if err := d.addSBR(); err != nil {
		return nil, err
	}
	for i := range d.elements {
		d.planes = append(d.planes, d.elements[i].planes...)
	}
	d.r.Load(make([]byte, usualPacket*len(d.planes)))
	d.out = newOutput(slots)
	d.Reset()
	return d, nil
}

// newReader makes a decoder that has no elements yet.
func newReader(c Config) *Decoder {
	d := &Decoder{
		config: c,
		tables: sharedTables(),
		bands:  newBandTables(c.SampleRate, c.FrameLength),
		bank:   filterbank1024(),
		byTag:  c.ChannelConfig == 0,
		noise:  noise,
	}
	if c.FrameLength == 960 {
		d.bank = filterbank960()
	}
	d.work = workspace{
		middle:  make([]float32, c.FrameLength),
		seam:    make([]float32, d.bank.short.lines),
		complex: make([]complex64, c.FrameLength/2),
	}
	return d
}

func (d *Decoder) addElement(s slot) {
	e := element{slot: s}
	for range channelCount([]tagged{s.tagged}) {
		c := d.newChannel(2*len(d.elements) + len(e.channels))
		e.channels = append(e.channels, c)
		e.core = append(e.core, c.pcm)
	}
	e.planes = e.core
	d.elements = append(d.elements, e)
}

func (d *Decoder) newChannel(number int) channel {
	n := d.config.FrameLength
	return channel{
		number:  number,
		next:    &frame{spectrum: make([]float32, n)},
		last:    &frame{spectrum: make([]float32, n)},
		overlap: overlap{tail: make([]float32, n/2)},
		pcm:     make([]float32, n),
	}
}

// Channels implements codec.Decoder. It is the count of the smallest layout of WAV that has a place
// for every coded channel: four channels with one behind become five, for example.
func (d *Decoder) Channels() int { return d.out.channels }

// SampleRate implements codec.Decoder.
func (d *Decoder) SampleRate() int { return d.config.outputRate() }

// Reset implements codec.Decoder.
func (d *Decoder) Reset() {
	for i := range d.elements {
		for k := range d.elements[i].channels {
			d.elements[i].channels[k].reset(d)
		}
	}
	for _, c := range d.couplings {
		c.channel.reset(d)
	}
	d.resetSBR()
	d.hidden = concealment{}
}

func (c *channel) reset(d *Decoder) {
	c.overlap.reset()
	c.last.silence(onlyLong, d.bands)
}

// Decode implements codec.Decoder. A packet may hold several raw_data_blocks, as a frame of ADTS can;
// its Duration says how many to look for.
func (d *Decoder) Decode(dst []float32, p *media.Packet) (frames int, err error) {
	block := d.frames()
	blocks := max(1, min(maxBlocks, int(p.Duration)/block))
	switch {
	case len(p.Data) == 0:
		return 0, corrupt("an empty packet")
	case len(p.Data) > maxPacket:
		return 0, fmt.Errorf("%w: AAC: a packet of %d bytes", codec.ErrCorrupt, len(p.Data))
	case len(dst) < blocks*block*d.out.channels:
		return 0, corrupt("no room for the frames")
	}
	d.r.Load(p.Data)
	for k := range blocks {
		if k > 0 && d.r.Left() < 8*minBlock {
			return k * block, nil
		}
		err := d.decodeBlock(chance{seed(p.Data) + uint64(k), d.noise})
		switch {
		case err != nil && k > 0: // the Duration was wrong, and this is padding
			return k * block, nil
		case err != nil:
			return 0, err
		}
		d.locate(p, k, blocks)
		at := d.r.Pos()
		d.synthesise()
		d.r.Seek(at)
		d.r.Align()
		d.out.write(dst[k*block*d.out.channels:][:block*d.out.channels], d.planes)
	}
	return blocks * block, nil
}

// decodeBlock makes the spectra of one raw_data_block. Nothing of the decoder's past has changed when
// it gives an error.
func (d *Decoder) decodeBlock(c chance) error {
	if err := d.block(); err != nil {
		return err
	}
	if err := d.reconstruct(c); err != nil {
		return err
	}
	d.hidden.lost = 0
	return nil
}

// frames is how many a raw_data_block gives.
func (d *Decoder) frames() int {
	if d.config.outputRate() > d.config.SampleRate {
		return 2 * d.config.FrameLength
	}
	return d.config.FrameLength
}

// reconstruct does to the spectra all that comes before the filterbank. Nothing of the decoder's past
// has changed when it gives an error.
func (d *Decoder) reconstruct(c chance) error {
	for _, cc := range d.couplings {
		if !cc.found {
			continue
		}
		if cc.channel.next.noisy {
			number := -1 - int(cc.tag)
			cc.channel.next.addNoise(c, func(int) int { return number })
		}
		if err := d.shape(cc.channel.next); err != nil {
			return err
		}
	}
	for i := range d.elements {
		e := &d.elements[i]
		if !e.found {
			for k := range e.channels {
				e.channels[k].next.silence(e.channels[k].overlap.following(), d.bands)
			}
			continue
		}
		if err := d.reconstructElement(e, c); err != nil {
			return err
		}
	}
	return nil
}

func (d *Decoder) reconstructElement(e *element, c chance) error {
	if err := e.stereo(c); err != nil {
		return err
	}
	if err := d.couple(e, coupleBeforeShaping); err != nil {
		return err
	}
	for k := range e.channels {
		if err := d.shape(e.channels[k].next); err != nil {
			return err
		}
	}
	return d.couple(e, coupleAfterShaping)
}

func (d *Decoder) shape(f *frame) error {
	if !f.shaping.present {
		return nil
	}
	limit := d.bands.shaped[0]
	if f.sequence == eightShort {
		limit = d.bands.shaped[1]
	}
	return f.applyShaping(limit)
}

// synthesise turns all spectra into samples.
func (d *Decoder) synthesise() {
	for _, c := range d.couplings {
		if c.found && c.where == coupleSamples {
			c.channel.synthesise(d)
		}
	}
	for i := range d.elements {
		e := &d.elements[i]
		for k := range e.channels {
			e.channels[k].synthesise(d)
		}
		_ = d.couple(e, coupleSamples) // adding samples can't fail
		d.replicate(e)
	}
}

// synthesise makes the channel's samples; the frame that they came from is then the last one.
func (c *channel) synthesise(d *Decoder) {
	c.overlap.join(c.pcm, c.next, d.bank, &d.work)
	c.next, c.last = c.last, c.next
}
