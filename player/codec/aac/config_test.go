package aac

import (
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/media"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestConfig drives both directions: read, and written as it was (where ours is the same spelling).
func TestConfig(t *testing.T) {
	lc := func(rate, channels int) Config {
		return Config{ObjectType: 2, SampleRate: rate, ChannelConfig: channels, FrameLength: 1024}
	}
	with := func(c Config, change func(*Config)) Config { change(&c); return c }
	for _, c := range []struct {
		asc  string
		want Config
		rate int // of the output
		same bool
	}{
		{"1210", lc(44100, 2), 44100, true},
		{"1188", lc(48000, 1), 48000, true},
		{"1608", lc(7350, 1), 7350, true},
		{"1014", with(lc(96000, 2), func(c *Config) { c.FrameLength = 960 }), 96000, true},
		{"1a10", lc(44100, 2), 44100, false},       // SSR, which no one means
		{"1200", lc(44100, 0), 44100, true},        // an ADTS header's that leaves the elements to the packets
		{"1780271010", lc(20000, 2), 20000, true},  // a rate without an index
		{"13900800", lc(22050, 2), 22050, false},   // padded with zeros
		{"1212000010", lc(44100, 2), 44100, false}, // dependsOnCoreCoder
		{"2b920800", with(lc(22050, 2), func(c *Config) { c.SBR, c.OutputRate = Present, 44100 }), 44100, true},
		{"eb8a0800", with(lc(22050, 1), func(c *Config) { c.SBR, c.PS, c.OutputRate = Present, Present, 44100 }), 44100, true},
		{"2a120800", with(lc(44100, 2), func(c *Config) { c.SBR, c.OutputRate = Present, 44100 }), 44100, false}, // downsampled
		{"139056e5a0", with(lc(22050, 2), func(c *Config) { c.SBR, c.OutputRate = Present, 44100 }), 44100, false},
		{"138856e5a54880", with(lc(22050, 1), func(c *Config) { c.SBR, c.PS, c.OutputRate = Present, Present, 44100 }), 44100, false},
		{"138856e5a54800", with(lc(22050, 1), func(c *Config) { c.SBR, c.PS, c.OutputRate = Present, Absent, 44100 }), 44100, false},
		{"121056e500", with(lc(44100, 2), func(c *Config) { c.SBR = Absent }), 44100, true},
	} {
		got, err := ParseConfig(unhex(t, c.asc))
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.asc, got, err, c.want)
			continue
		}
		if got.outputRate() != c.rate {
			t.Errorf("%s: %d Hz, want %d", c.asc, got.outputRate(), c.rate)
		}
		asc := got.Append(nil)
		if c.same && hex.EncodeToString(asc) != c.asc {
			t.Errorf("%s is written as %x", c.asc, asc)
		}
		if again, err := ParseConfig(asc); err != nil || again != got && got.PS != Absent {
			t.Errorf("%s, written as %x, reads as %+v, %v", c.asc, asc, again, err)
		}
	}
}

// TestOutputRate doubles only up to 96 kHz.
func TestOutputRate(t *testing.T) {
	for rate, want := range map[int]int{8000: 16000, 24000: 48000, 48000: 96000, 64000: 64000, 96000: 96000} {
		if got := (Config{SampleRate: rate, SBR: Present}).outputRate(); got != want {
			t.Errorf("SBR on %d Hz gives %d Hz, want %d", rate, got, want)
		}
	}
}

func TestConfigRefused(t *testing.T) {
	for asc, want := range map[string]error{
		"":           codec.ErrCorrupt,
		"12":         codec.ErrCorrupt,
		"1680":       codec.ErrCorrupt,     // a reserved sampling frequency
		"12000411":   codec.ErrCorrupt,     // a program config element that ends too early
		"0a10":       codec.ErrUnsupported, // Main
		"2210":       codec.ErrUnsupported, // LTP
		"8a100000":   codec.ErrUnsupported, // ER LC
		"f8e85000":   codec.ErrUnsupported, // ELD, behind the escape
		"2b920200":   codec.ErrUnsupported, // SBR on Main
		"17fffffe10": nil,                  // an odd rate is a rate
	} {
		_, err := ParseConfig(unhex(t, asc))
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", asc, err, want)
		}
	}
	if _, err := ParseConfig(make([]byte, maxConfig+1)); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("a configuration of %d bytes: %v", maxConfig+1, err)
	}
	for _, config := range []int{8, 9, 10, 13, 15} {
		f := media.Format{Config: Config{SampleRate: 48000, ChannelConfig: config}.Append(nil)}
		if _, err := New(f); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("channel configuration %d: %v", config, err)
		}
	}
}

func TestConfigPrefix(t *testing.T) {
	c, bits, err := ParseConfigPrefix(unhex(t, "121056e500"))
	if err != nil || bits != 16 || c.SBR != Unknown {
		t.Errorf("%+v of %d bits, %v", c, bits, err)
	}
	if _, bits, err = ParseConfigPrefix(unhex(t, "2b920800ffff")); err != nil || bits != 25 {
		t.Errorf("%d bits, %v", bits, err)
	}
}

// TestConfigProgram writes and reads back a list of elements.
func TestConfigProgram(t *testing.T) {
	p := &program{
		front:    []tagged{{kindSingle, 0}, {kindPair, 3}},
		side:     []tagged{{kindPair, 1}},
		back:     []tagged{{kindPair, 15}, {kindSingle, 2}},
		lfe:      []tagged{{kindLFE, 4}},
		coupling: []tagged{{kindCoupling, 7}},
	}
	for _, sbr := range []Signal{Unknown, Absent, Present} {
		asc := Config{SampleRate: 24000, SBR: sbr, program: p}.Append([]byte{0xaa})
		c, err := ParseConfig(asc[1:])
		if asc[0] != 0xaa || err != nil || c.program == nil || !reflect.DeepEqual(*c.program, *p) || c.SBR != sbr {
			t.Errorf("SBR %d: %x reads as %+v with %+v, %v", sbr, asc, c, c.program, err)
		}
	}
}

// TestLayouts wants each list of elements in the order of WAV. Routes are {coded, output, gain}.
func TestLayouts(t *testing.T) {
	const h = 0.70710677
	straight := func(in ...int) (list []route) {
		for out, i := range in {
			list = append(list, route{i, out, 1})
		}
		return list
	}
	pair := func(tag uint8) tagged { return tagged{kindPair, tag} }
	single := func(tag uint8) tagged { return tagged{kindSingle, tag} }
	for _, c := range []struct {
		name     string
		config   Config
		channels int
		want     []route // ordered by output where straight
	}{
		{"1", Config{ChannelConfig: 1}, 1, straight(0)},
		{"2", Config{ChannelConfig: 2}, 2, straight(0, 1)},
		{"3", Config{ChannelConfig: 3}, 3, straight(1, 2, 0)},
		{"4", Config{ChannelConfig: 4}, 5, []route{{0, 2, 1}, {1, 0, 1}, {2, 1, 1}, {3, 3, h}, {3, 4, h}}},
		{"5", Config{ChannelConfig: 5}, 5, straight(1, 2, 0, 3, 4)},
		{"6", Config{ChannelConfig: 6}, 6, straight(1, 2, 0, 5, 3, 4)},
		{"7", Config{ChannelConfig: 7}, 8, straight(1, 2, 0, 7, 5, 6, 3, 4)},
		{"11", Config{ChannelConfig: 11}, 7, straight(1, 2, 0, 6, 5, 3, 4)},
		{"12", Config{ChannelConfig: 12}, 8, straight(1, 2, 0, 7, 5, 6, 3, 4)},
		{"14", Config{ChannelConfig: 14}, 8, straight(1, 2, 0, 5, 3, 4, 6, 7)},
		{"parametric stereo", Config{ChannelConfig: 1, SBR: Present, PS: Present}, 2, straight(0, 1)},
		{"two single ones", Config{program: &program{front: []tagged{single(0), single(1)}}}, 2, straight(0, 1)},
		{"quad", Config{program: &program{front: []tagged{pair(0)}, back: []tagged{pair(1)}}}, 4, straight(0, 1, 2, 3)},
		{"quad at the sides", Config{program: &program{front: []tagged{pair(0)}, side: []tagged{pair(1)}}}, 4, straight(0, 1, 2, 3)},
		{"2.1", Config{program: &program{front: []tagged{pair(0)}, lfe: []tagged{{kindLFE, 0}}}}, 6, []route{{0, 0, 1}, {1, 1, 1}, {2, 3, 1}}},
		{"inner front", Config{program: &program{front: []tagged{single(0), pair(0), pair(1)}}}, 3,
			[]route{{0, 2, 1}, {1, 0, h}, {1, 2, h}, {2, 1, h}, {2, 2, h}, {3, 0, 1}, {4, 1, 1}}},
		{"back pairs alone", Config{program: &program{front: []tagged{pair(0)}, back: []tagged{pair(1), pair(2)}}}, 8,
			[]route{{0, 0, 1}, {1, 1, 1}, {2, 6, 1}, {3, 7, 1}, {4, 4, 1}, {5, 5, 1}}},
		{"no names", Config{program: &program{front: []tagged{pair(0)}, side: []tagged{pair(1), pair(2)}}}, 6, straight(0, 1, 2, 3, 4, 5)},
	} {
		slots, err := c.config.slots()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		o := newOutput(slots)
		got := map[route]bool{}
		for _, r := range o.routes {
			got[r] = true
		}
		ok := o.channels == c.channels && len(o.routes) == len(c.want)
		for _, r := range c.want {
			ok = ok && got[r]
		}
		if !ok {
			t.Errorf("%s: %d channels by %v, want %d by %v", c.name, o.channels, o.routes, c.channels, c.want)
		}
	}
}

// TestFourChannels hears the one behind from both back speakers, 3 dB softer.
func TestFourChannels(t *testing.T) {
	o := newOutput(standardSlots(4))
	dst := make([]float32, 2*o.channels)
	o.write(dst, [][]float32{{1, 10}, {2, 20}, {3, 30}, {4, 40}})
	const h = 0.70710677
	if want := []float32{2, 3, 1, 4 * h, 4 * h, 20, 30, 10, 40 * h, 40 * h}; !slices.Equal(dst, want) {
		t.Fatalf("%v, want %v", dst, want)
	}
}
