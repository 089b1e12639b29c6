// Package mp3 decodes MPEG audio Layer III: MPEG-1 (ISO 11172-3), the lower sampling frequencies of
// MPEG-2 (ISO 13818-3) and their halves, known as MPEG-2.5. It refuses Layers I and II.
//
// The files are in the order of decoding, and each step names its section of ISO 11172-3:
//
//	frame_header, frame_crc, frame_sideinfo   what a frame says of itself             2.4.1.3, 2.4.2.7
//	frame_reservoir                           where its main data begins              2.4.2.7
//	granule_scalefactors, granule_huffman     bits to integers                        2.4.1.7
//	granule_requantise                        integers to spectral lines              2.4.3.4.7
//	granule_stereo, granule_reorder           two channels; short blocks in order     2.4.3.4.9, .8
//	hybrid_alias, hybrid_imdct                lines to 32 subbands of 18 samples      2.4.3.4.10
//	synthesis_dct, synthesis_window           subbands to PCM                         2.4.3.2.2
//
// conceal.go says what is heard in place of what was lost, the table files hold the standard's numbers.
package mp3

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
	"github.com/segue-audio/segue/player/media"
)

const (
	granuleSamples = 576 // of each channel
	subbands       = 32
	slots          = granuleSamples / subbands // samples of each subband in a granule
)

// Decoder decodes packets of one MP3 frame each.
type Decoder struct {
	t    *tables
	rate int // of the Format; zero takes any
	out  int // channels given
	crc  trust
	main reservoir
	bits bitstream.Reader
	side sideInfo

	// granules are those of this frame and the last of the one before, which concealment goes on with;
	// last is its index.
	granules [maxGranules + 1]granule
	last     int

	channels [2]synthesis
	coded    int                     // channels of the granule before
	pcm      [granuleSamples]float32 // of the second of two channels that become one
	loss     concealment
}

var _ codec.Concealer = (*Decoder)(nil)

// New makes a decoder for streams of format f. Its output has as many channels as f (two where f
// tells none), whatever the frames have: one becomes both of two, two become their mean. The error
// wraps codec.ErrUnsupported when f is of another codec, of a sample rate that Layer III hasn't (zero
// stands for any), or of more than two channels.
func New(f media.Format) (*Decoder, error) {
	if f.Codec != media.CodecMP3 {
		return nil, fmt.Errorf("mp3: codec %q: %w", f.Codec, codec.ErrUnsupported)
	}
	if f.Channels < 0 || f.Channels > 2 {
		return nil, fmt.Errorf("mp3: %d channels: %w", f.Channels, codec.ErrUnsupported)
	}
	if f.SampleRate != 0 && !knownRate(f.SampleRate) {
		return nil, fmt.Errorf("mp3: sample rate %d: %w", f.SampleRate, codec.ErrUnsupported)
	}
	d := &Decoder{t: theTables(), rate: f.SampleRate, out: f.Channels}
	if d.out == 0 {
		d.out = 2
	}
	return d, nil
}

// Channels is the Format's count of channels, 2 where it told none.
func (d *Decoder) Channels() int { return d.out }

// SampleRate is that of the Format.
func (d *Decoder) SampleRate() int { return d.rate }

// Reset forgets the bit reservoir, the overlap and the filter bank's memory.
func (d *Decoder) Reset() {
	d.crc = 0
	d.main.clear()
	d.channels[0].clear()
	d.channels[1].clear()
	d.coded = 0
	d.loss = concealment{}
}

// Decode decodes one frame. A frame that needs main data from packets never seen (the first ones
// after Reset, or behind a gap) gives what Conceal would, which is silence after Reset, without an
// error, and what it holds is kept for those that follow. codec.ErrCorrupt stands for what isn't a
// frame of this stream, for a checksum that is wrong in a stream where others were right, and for
// main data that breaks off or contradicts itself.
func (d *Decoder) Decode(dst []float32, p *media.Packet) (int, error) {
	h, body, err := parseFrame(p.Data)
	if err == nil && d.rate != 0 && h.rate() != d.rate {
		err = fmt.Errorf("mp3: frame of %d Hz in a stream of %d: %w", h.rate(), d.rate, codec.ErrCorrupt)
	}
	if err != nil {
		d.main.clear() // what comes next doesn't follow on what came before
		return 0, err
	}
	samples := h.granules() * granuleSamples
	if len(dst) < samples*d.out {
		return 0, fmt.Errorf("mp3: room for %d samples, frame has %d: %w", len(dst), samples*d.out, codec.ErrCorrupt)
	}
	err = d.frame(dst, h, body)
	d.main.push(body)
	if err != nil {
		d.loss.known = true
		return 0, err
	}
	d.loss.known = false
	return samples, nil
}

// frame decodes what is behind the header.
func (d *Decoder) frame(dst []float32, h header, f body) error {
	if err := d.crc.check(f); err != nil {
		return err
	}
	if err := d.side.parse(&d.bits, h, f.side); err != nil {
		return err
	}
	main, ok := d.main.join(d.side.mainDataBegin, f.main)
	d.loss.drop()
	if !ok {
		for range h.granules() {
			d.concealGranule(dst)
			dst = dst[granuleSamples*d.out:]
		}
		return nil
	}
	if err := d.mainData(h, main); err != nil {
		return err
	}
	for range h.granules() {
		d.last = d.after(1)
		d.synthesise(dst, &d.granules[d.last])
		dst = dst[granuleSamples*d.out:]
	}
	d.loss.level = 1
	return nil
}

// after is the index of the n-th granule after the last one heard.
func (d *Decoder) after(n int) int { return (d.last + n) % len(d.granules) }

// mainData decodes all of a frame's spectra before any of them is heard, so that damage in the second
// granule leaves no trace of the first.
func (d *Decoder) mainData(h header, main []byte) error {
	d.bits.Load(main)
	end := 0
	for gr := range h.granules() {
		g := &d.granules[d.after(1+gr)]
		g.channels = h.channels()
		for ch := range h.channels() {
			info := &d.side.granules[gr][ch]
			d.bits.Seek(end)
			end += info.part23Bits
			if end > 8*len(main) {
				return fmt.Errorf("mp3: %d bits of main data, %d are there: %w", end, 8*len(main), codec.ErrCorrupt)
			}
			s := &g.spectra[ch]
			s.begin(d.t, h, info)
			if gr == 1 {
				s.scale = d.granules[d.after(1)].spectra[ch].scale
			}
			switch directions := h.intensity && ch == 1; {
			case h.lsf():
				s.readScaleFactorsLSF(&d.bits, info, directions)
			default:
				s.readScaleFactors(&d.bits, info)
				if directions {
					s.positionsMPEG1()
				}
			}
			if !s.huffman(values{t: d.t, main: d.bits.Padded(), pos: d.bits.Pos(), end: end}, info) {
				return fmt.Errorf("mp3: values run past the %d bits of their granule: %w", info.part23Bits, codec.ErrCorrupt)
			}
			s.requantise(d.t, info)
		}
		g.stereo(d.t, h, &d.side.granules[gr][1])
		for ch := range h.channels() {
			g.spectra[ch].reorder()
			g.spectra[ch].antialias(d.t)
		}
	}
	return nil
}

// synthesise turns a granule into PCM, for as many channels as the output has.
func (d *Decoder) synthesise(dst []float32, g *granule) {
	left, right := &d.channels[0], &d.channels[1]
	if d.out == 2 {
		// Mono goes through both filter banks, so that it may begin and end at any frame.
		left.granule(d.t, &g.spectra[0], dst, 2)
		right.granule(d.t, &g.spectra[g.channels-1], dst[1:], 2)
		return
	}
	// One filter bank is enough for a mono stream. At a change, two go on from one's memory, or one
	// from the mean of two: all that is in it is linear.
	if g.channels != d.coded {
		if g.channels == 2 {
			*right = *left
		} else if d.coded == 2 {
			left.mean(right)
		}
		d.coded = g.channels
	}
	left.granule(d.t, &g.spectra[0], dst, 1)
	if g.channels == 2 {
		right.granule(d.t, &g.spectra[1], d.pcm[:], 1)
		for i, v := range d.pcm {
			dst[i] = (dst[i] + v) / 2
		}
	}
}
