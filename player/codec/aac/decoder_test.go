package aac

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// committed gives one of the files in testdata, made of music() by the encoders of the sweep.
func committed(t testing.TB, name string) (media.Format, []media.Packet) {
	t.Helper()
	f, packets := splitADTS(t, containertest.File(t, "testdata", name))
	if name == "mono960.aac" { // ADTS can't say it
		f.Config = Config{SampleRate: f.SampleRate, ChannelConfig: 1, FrameLength: 960}.Append(nil)
	}
	return Inspect(f, packets[0].Data), packets
}

// preroll is how many packets go before one for it to sound as in uninterrupted decoding: its overlap.
const preroll = 1

// The files of Low Complexity.
var plainFiles = []string{"stereo.aac", "5.1.aac", "mono960.aac"}

func TestSuite(t *testing.T) {
	for _, name := range plainFiles {
		t.Run(name, func(t *testing.T) {
			f, packets := committed(t, name)
			d, err := New(f)
			if err != nil {
				t.Fatal(err)
			}
			codectest.Run(t, codectest.Harness{
				New:       func() (codec.Decoder, error) { return New(f) },
				Packets:   placed(d, packets)[:min(len(packets), 20)],
				Preroll:   preroll,
				AllocFree: true,
			})
		})
	}
}

// checkSeeks decodes from random packets on, and wants the sound of uninterrupted decoding after the pre-roll.
func checkSeeks(t *testing.T, name string, preroll, rounds int) {
	t.Helper()
	f, packets := committed(t, name)
	d, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	n := d.frames() * d.Channels()
	whole := codectest.Decode(t, d, placed(d, packets))
	rng := rand.New(rand.NewPCG(7, uint64(preroll)))
	for range rounds {
		at := preroll + rng.IntN(len(packets)-preroll)
		d.Reset()
		got := codectest.Decode(t, d, packets[at-preroll:at+1])
		if !slices.Equal(got[preroll*n:], whole[at*n:(at+1)*n]) {
			t.Fatalf("%s: packet %d is another after a seek", name, at)
		}
	}
}

func TestSeeks(t *testing.T) {
	for _, name := range plainFiles {
		checkSeeks(t, name, preroll, containertest.Sweep(70, 350))
	}
}

// TestBlocks puts two and three raw_data_blocks into one packet.
func TestBlocks(t *testing.T) {
	f, packets := committed(t, plainFiles[0])
	d, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	packets = packets[:18]
	d.noise = sequentialNoise() // the usual one goes by the packet's bytes
	want := codectest.Decode(t, d, packets)
	dst := make([]float32, codec.MaxFrames*d.Channels())
	for _, n := range []int{2, 3} {
		d.Reset()
		d.noise = sequentialNoise()
		var got []float32
		for i := 0; i < len(packets); i += n {
			p := media.Packet{Time: media.Frames(i * d.frames()), Duration: media.Frames(n * d.frames())}
			for _, q := range packets[i : i+n] {
				p.Data = append(p.Data, q.Data...)
			}
			frames, err := d.Decode(dst, &p)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, dst[:frames*d.Channels()]...)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%d blocks a packet: %d samples for %d, or others", n, len(got), len(want))
		}
	}
	p := packets[0]
	p.Duration *= 100
	if n, err := d.Decode(dst, &p); err != nil || n != d.frames() {
		t.Fatalf("one block that is said to last for a hundred gives %d frames, %v", n, err)
	}
}

// TestMutated changes packets in every way that transport could, and some more.
func TestMutated(t *testing.T) {
	rounds := containertest.Sweep(500, 20_000)
	rng := rand.New(rand.NewPCG(8, 8))
	for _, name := range append(plainFiles, "he.aac", "hev2.aac") {
		f, packets := committed(t, name)
		d, err := New(f)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]float32, codec.MaxFrames*d.Channels())
		for round := range rounds / 5 {
			p := packets[rng.IntN(len(packets))]
			p.Data = bytes.Clone(p.Data)
			switch rng.IntN(4) {
			case 0:
				p.Data = p.Data[:1+rng.IntN(len(p.Data)-1)]
			case 1:
				at := rng.IntN(len(p.Data))
				p.Data = append(p.Data[:at], packets[rng.IntN(len(packets))].Data...)
			default:
				for range 1 + rng.IntN(8) {
					p.Data[rng.IntN(len(p.Data))] ^= 1 << rng.IntN(8)
				}
			}
			n, err := d.Decode(dst, &p)
			if err != nil {
				d.Conceal(dst, d.frames())
				n = d.frames()
			}
			for i, v := range dst[:n*d.Channels()] {
				if !(v < loudest && v > -loudest) {
					t.Fatalf("%s, round %d: sample %d is %v", name, round, i, v)
				}
			}
		}
	}
}

// TestInspect finds what the ADTS headers of the committed files keep to themselves.
func TestInspect(t *testing.T) {
	for _, c := range []struct {
		name           string
		want           Config
		channels, rate int
	}{
		{"stereo.aac", Config{ObjectType: 2, SampleRate: 44100, ChannelConfig: 2, FrameLength: 1024}, 2, 44100},
		{"he.aac", Config{ObjectType: 2, SampleRate: 22050, ChannelConfig: 2, FrameLength: 1024, SBR: Present, OutputRate: 44100}, 2, 44100},
		{"hev2.aac", Config{ObjectType: 2, SampleRate: 22050, ChannelConfig: 1, FrameLength: 1024, SBR: Present, PS: Present, OutputRate: 44100}, 2, 44100},
	} {
		f, packets := committed(t, c.name)
		got, err := ParseConfig(f.Config)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
		d, err := New(f)
		if err != nil {
			t.Fatal(err)
		}
		if d.Channels() != c.channels || d.SampleRate() != c.rate {
			t.Errorf("%s: %d channels at %d Hz", c.name, d.Channels(), d.SampleRate())
		}
		if again := Inspect(f, packets[1].Data); !bytes.Equal(again.Config, f.Config) {
			t.Errorf("%s: a second look gives %x after %x", c.name, again.Config, f.Config)
		}
		for _, junk := range [][]byte{nil, {0xff}, make([]byte, 100)} {
			if g := Inspect(f, junk); !bytes.Equal(g.Config, f.Config) {
				t.Errorf("%s: %d bytes of junk change the configuration to %x", c.name, len(junk), g.Config)
			}
		}
	}
	// Mono announced for stereo, stereo for mono, nothing at all.
	for name, channels := range map[string]int{"stereo.aac": 2, "mono960.aac": 1, "5.1.aac": 6} {
		f, packets := committed(t, name)
		said := []int{0, 1, 2}
		if channels > 2 {
			said = said[:1]
		}
		for _, config := range said {
			c, _ := ParseConfig(f.Config)
			c.ChannelConfig = config
			d, err := New(Inspect(media.Format{Config: c.Append(nil)}, packets[2].Data))
			if err != nil || d.Channels() != channels {
				t.Errorf("%s, said to be of configuration %d: %v", name, config, err)
			}
		}
	}
}
