package host_test

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/codec/host"
	"github.com/segue-audio/segue/player/media"
)

// platform is a decoder as platforms have them, but that its coding is 16-bit PCM: it holds back the
// first lag bytes of music until more comes.
type platform struct {
	rate   int32 // of the output; zero for that of the stream
	float  bool
	lag    int
	held   []byte
	closed int
	broken error
}

var errRefused = errors.New("no such decoder on this platform")

func (p *platform) Open(s *host.Stream) (host.Codec, error) {
	if s.Codec != "pcm" || string(s.Config) != "s16le" {
		return nil, errRefused
	}
	return p, nil
}

func (p *platform) SampleRate() int32 { return max(44_100, p.rate) }
func (p *platform) Channels() int32   { return 2 }
func (p *platform) IsFloat() bool     { return p.float }
func (p *platform) Reset() error      { p.held = nil; return p.broken }
func (p *platform) Close() error      { p.closed++; return nil }

func (p *platform) Decode(packet []byte) ([]byte, error) {
	if len(packet)%4 != 0 {
		return nil, errors.New("damaged packet")
	}
	p.held = append(p.held, packet...)
	ready := max(0, len(p.held)-p.lag)
	out := p.held[:ready]
	p.held = slices.Clone(p.held[ready:])
	return p.format(out), nil
}

func (p *platform) Drain() ([]byte, error) {
	out := p.held
	p.held = nil
	return p.format(out), nil
}

func (p *platform) format(pcm []byte) []byte {
	if !p.float {
		return pcm
	}
	var out []byte
	for i := 0; i < len(pcm); i += 2 {
		v := float32(int16(binary.LittleEndian.Uint16(pcm[i:]))) / (1 << 15)
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

var format = media.Format{Codec: media.CodecPCM, SampleRate: 44_100, Channels: 2, BitDepth: 16, Config: []byte("s16le")}

func packets(n int) (all []media.Packet, pcm []float32) {
	const frames = 500
	for k := range n {
		var b []byte
		for i := range frames * 2 {
			v := int16(20_000 * math.Sin(float64(k*frames*2+i)/37))
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
			pcm = append(pcm, float32(v)/(1<<15))
		}
		all = append(all, media.Packet{Data: b, Time: media.Frames(k * frames), Duration: frames})
	}
	return all, pcm
}

func TestSuite(t *testing.T) {
	all, _ := packets(20)
	for _, float := range []bool{false, true} {
		codectest.Run(t, codectest.Harness{
			New:     func() (codec.Decoder, error) { return host.New(format, &platform{float: float}) },
			Packets: all,
		})
	}
}

// TestLag: what a lagging platform gives is all the music, behind as much silence as Lag says.
func TestLag(t *testing.T) {
	all, want := packets(20)
	for _, lag := range []int{0, 3, 500, 777, 2112} {
		p := &platform{lag: 4 * lag}
		d, err := host.New(format, p)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]float32, codec.MaxFrames*2)
		for range 2 {
			d.Reset()
			var got []float32
			for _, packet := range all {
				n, err := d.Decode(dst, &packet)
				if err != nil || n != int(packet.Duration) {
					t.Fatalf("lag %d: %d frames of %d, %v", lag, n, packet.Duration, err)
				}
				got = append(got, dst[:2*n]...)
			}
			got = append(got, dst[:2*d.Drain(dst)]...)
			if d.Lag() != media.Frames(lag) {
				t.Fatalf("lag %d is said to be %d", lag, d.Lag())
			}
			if !slices.Equal(got[2*lag:], want) || slices.ContainsFunc(got[:2*lag], func(v float32) bool { return v != 0 }) {
				t.Fatalf("lag %d: the music isn't whole", lag)
			}
		}
		if d.Close(); p.closed != 1 {
			t.Fatalf("closed %d times", p.closed)
		}
	}
}

// TestOtherRate: durations are in frames of the output, also where that has another rate than the stream.
func TestOtherRate(t *testing.T) {
	all, want := packets(20)
	f := format
	f.SampleRate = 22_050
	d, err := host.New(f, &platform{rate: 44_100})
	if err != nil {
		t.Fatal(err)
	}
	if got := codectest.Decode(t, d, all); !slices.Equal(got, want) || d.Lag() != 0 || d.SampleRate() != 44_100 {
		t.Fatalf("%d samples of %d at %d Hz, lag %d", len(got), len(want), d.SampleRate(), d.Lag())
	}
}

func TestRefusals(t *testing.T) {
	f := format
	f.Config = []byte("f64le")
	if _, err := host.New(f, &platform{}); !errors.Is(err, codec.ErrUnsupported) || !errors.Is(err, errRefused) {
		t.Fatalf("a refusal gives %v", err)
	}
	all, _ := packets(1)
	d, err := host.New(format, &platform{lag: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, codec.MaxFrames*2)
	for range 200 {
		if _, err = d.Decode(dst, &all[0]); err != nil {
			break
		}
	}
	if !errors.Is(err, codec.ErrCorrupt) {
		t.Fatalf("a decoder that never gives anything gives %v", err)
	}
	p := &platform{}
	if d, err = host.New(format, p); err != nil {
		t.Fatal(err)
	}
	p.broken = errRefused
	d.Reset()
	if _, err := d.Decode(dst, &all[0]); !errors.Is(err, errRefused) || errors.Is(err, codec.ErrCorrupt) {
		t.Fatalf("a platform that can't be reset gives %v", err)
	}
}
