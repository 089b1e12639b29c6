package opus

import (
	"fmt"

	"github.com/thesyncim/gopus"

	"github.com/segue-audio/segue/player/codec"
)

// stream is one of the streams that a packet carries.
type stream struct {
	width int // channels
	lib   *gopus.Decoder
	pcm   []float32 // what was decoded last

	// An encoder codes stereo of few bits as mono, packet by packet. When such a packet has less than the
	// full bandwidth and an attack, a library decoder of two channels mistakes the second one's past
	// (its noise filling is then off by up to a hundredth of full scale); one of a single channel doesn't. So
	// as long as all packets were mono, one of those speaks for both channels, and the other only
	// listens, to be ready for the first stereo packet.
	mono  *gopus.Decoder
	alike bool // all packets since Reset were mono
}

func newStream(width, gain int) (*stream, error) {
	s := &stream{width: width, pcm: make([]float32, maxFrames*width), alike: width == 2}
	var err error
	if s.lib, err = newLibrary(width, gain); err == nil && s.alike {
		s.mono, err = newLibrary(1, gain)
	}
	return s, err
}

func newLibrary(width, gain int) (*gopus.Decoder, error) {
	config := gopus.DefaultDecoderConfig(rate, width)
	config.MaxPacketBytes = maxBytes
	lib, err := gopus.NewDecoder(config)
	if err == nil {
		err = lib.SetGain(gain)
	}
	if err != nil {
		return nil, fmt.Errorf("opus: %w: %w", codec.ErrUnsupported, err)
	}
	return lib, nil
}

func (s *stream) reset() {
	s.lib.Reset()
	if s.mono != nil {
		s.mono.Reset()
		s.alike = true
	}
}

// decode decodes n frames into pcm, or hides their loss where packet is nil. After an error pcm is
// undefined; after a panic of the library, or a sample that is no number, it starts anew.
func (s *stream) decode(packet []byte, n int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.reset()
			err = fmt.Errorf("opus: decoder stopped: %v: %w", r, codec.ErrCorrupt)
		}
	}()
	if packet != nil {
		own, err := frames(packet)
		if err != nil || own != n {
			return fmt.Errorf("opus: streams of %d and %d frames in a packet: %w", n, own, codec.ErrCorrupt)
		}
		const stereo = 4 // of the first byte (RFC 6716, 3.1)
		s.alike = s.alike && packet[0]&stereo == 0
	}
	if err := run(s.lib, packet, s.pcm[:n*s.width], n); err != nil {
		return err
	}
	if s.alike {
		if err := run(s.mono, packet, s.pcm[:n], n); err != nil {
			return err
		}
		for i := n - 1; i >= 0; i-- {
			s.pcm[2*i], s.pcm[2*i+1] = s.pcm[i], s.pcm[i]
		}
	}
	for _, v := range s.pcm[:n*s.width] {
		if v-v != 0 { // no number, or none that is finite
			s.reset()
			return fmt.Errorf("opus: a sample of %v: %w", v, codec.ErrCorrupt)
		}
	}
	return nil
}

func run(lib *gopus.Decoder, packet []byte, pcm []float32, n int) error {
	got, err := lib.Decode(packet, pcm)
	if err != nil || got != n {
		return fmt.Errorf("opus: %d frames of %d: %w: %w", got, n, codec.ErrCorrupt, err)
	}
	return nil
}
