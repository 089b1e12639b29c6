package flac

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	mewkiz "github.com/mewkiz/flac"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// noise makes n samples of each channel: walks, noise, full scale, constants, some with low bits that
// are zero.
func noise(rng *rand.Rand, channels, depth, n int) [][]int64 {
	full := int64(1) << (depth - 1)
	out := make([][]int64, channels)
	wasted := max(0, rng.IntN(depth)-depth/2) * rng.IntN(2)
	how := rng.IntN(4)
	step := full>>rng.IntN(depth) + 1
	for c := range out {
		v := rng.Int64N(2*full) - full
		for range n {
			switch how {
			case 0: // constant
			case 1:
				v = rng.Int64N(2*full) - full
			case 2:
				v = full*rng.Int64N(2) - rng.Int64N(2)
			default:
				v += rng.Int64N(2*step+1) - step
			}
			v = max(-full, min(v, full-1))
			out[c] = append(out[c], v>>wasted<<wasted)
		}
	}
	return out
}

// stream is a file made by shape, with what it holds.
type stream struct {
	data    []byte
	frames  [][]byte
	samples [][][]int64 // of each frame and channel
	format  media.Format
}

func randomStream(seed uint64, frames int) stream {
	rng := rand.New(rand.NewPCG(seed, 1))
	return shape{rng: rng, lavish: true}.stream(frames)
}

// stream makes a stream of random channels and depth.
func (s shape) stream(frames int) stream {
	rng := s.rng
	s = shape{rng: rng, lavish: s.lavish, channels: 1 + rng.IntN(8), depth: minDepth + rng.IntN(maxDepth-minDepth+1),
		kinds: []int{typeConstant, typeVerbatim, typeFixed, typeLinear, typeLinear}}
	switch rng.IntN(4) {
	case 0:
		s.channels = 2
	case 1:
		s.channels, s.depth = 2, maxDepth
	}
	const rate = 44_103
	out := stream{format: media.Format{Codec: media.CodecFLAC, SampleRate: rate, Channels: s.channels, BitDepth: s.depth}}
	at := 0
	for range frames {
		n := 16 + rng.IntN(600)
		if rng.IntN(3) == 0 {
			n = 16 << rng.IntN(6)
		}
		s.stereo = independent
		if s.channels == 2 {
			s.stereo = stereo(rng.IntN(4))
		}
		samples := noise(rng, s.channels, s.depth, n)
		out.samples = append(out.samples, samples)
		out.frames = append(out.frames, s.encodeFrame(at, samples))
		at += n
	}
	info := binary.BigEndian.AppendUint32(nil, 16<<16|65_535)
	info = append(info, make([]byte, 6)...)
	info = binary.BigEndian.AppendUint64(info, rate<<44|uint64(s.channels-1)<<41|uint64(s.depth-1)<<36|uint64(at))
	info = append(info, make([]byte, 16)...)
	out.format.Config = info
	out.data = append([]byte("fLaC\x80\x00\x00\x22"), info...)
	out.data = append(out.data, bytes.Join(out.frames, nil)...)
	return out
}

// TestFrames decodes frames of every shape that the format has, and wants what was coded.
func TestFrames(t *testing.T) {
	for seed := range uint64(containertest.Sweep(40, 1000)) {
		s := randomStream(seed, 12)
		d, err := New(s.format)
		if err != nil {
			t.Fatal(err)
		}
		dst := make([]float32, codec.MaxFrames*d.channels)
		for i, data := range s.frames {
			n, err := d.Decode(dst, &media.Packet{Data: data})
			if err != nil || n != len(s.samples[i][0]) {
				t.Fatalf("seed %d, frame %d (%+v): %d samples, %v", seed, i, s.format, n, err)
			}
			for c, want := range s.samples[i] {
				for k, v := range want {
					if int64(d.samples[c][history+k]) != v {
						t.Fatalf("seed %d, frame %d, channel %d: sample %d of %d is %d, want %d", seed, i, c, k, n, d.samples[c][history+k], v)
					}
				}
			}
		}
	}
}

// TestFramesAsOthers has flac itself, and up to 24 bits mewkiz/flac, decode the frames that TestFrames
// is made of, so that it isn't only us who think that they mean what they mean.
func TestFramesAsOthers(t *testing.T) {
	for seed := range uint64(containertest.Sweep(20, 200)) {
		s := randomStream(seed, 12)
		var want []byte
		for _, frame := range s.samples {
			for k := range frame[0] {
				for c := range frame {
					for b := 0; b < s.format.BitDepth; b += 8 {
						want = append(want, byte(frame[c][k]>>b))
					}
				}
			}
		}
		path := filepath.Join(t.TempDir(), "a.flac")
		if err := os.WriteFile(path, s.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if s.format.BitDepth%8 == 0 { // the program writes no others plainly
			got := containertest.Tool(t, "flac", "-d", "-s", "-c", "--force-raw-format", "--endian=little", "--sign=signed", path)
			if !bytes.Equal(got, want) {
				t.Errorf("seed %d: flac decodes %+v otherwise", seed, s.format)
			}
		}
		if s.format.BitDepth <= 24 && depthCode(s.format.BitDepth) != 0 { // it knows no others
			checkMewkiz(t, s)
		}
	}
}

func checkMewkiz(t *testing.T, s stream) {
	t.Helper()
	other, err := mewkiz.New(bytes.NewReader(s.data))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range s.samples {
		f, err := other.ParseNext()
		if err != nil {
			t.Errorf("frame %d: mewkiz/flac: %v", i, err)
			return
		}
		for c, sub := range f.Subframes {
			for k, v := range sub.Samples {
				if int64(v) != want[c][k] {
					t.Fatalf("frame %d: mewkiz/flac decodes %+v otherwise", i, s.format)
				}
			}
		}
	}
	if _, err := other.ParseNext(); err != io.EOF {
		t.Fatal(err)
	}
}

// TestForbidden changes sound frames, checksums made right again, to what the format doesn't allow.
func TestForbidden(t *testing.T) {
	plain := verbatim()
	for name, change := range map[string]func(b []byte){
		"sync":                     func(b []byte) { b[0] = 0xfe },
		"a reserved bit":           func(b []byte) { b[1] |= 2 },
		"block size 0":             func(b []byte) { b[2] &= 0x0f },
		"rate 15":                  func(b []byte) { b[2] |= 0x0f },
		"channels 11":              func(b []byte) { b[3] |= 0xb0 },
		"depth 3":                  func(b []byte) { b[3] = b[3]&0xf0 | 6 },
		"the last header bit":      func(b []byte) { b[3] |= 1 },
		"the subframe's first bit": func(b []byte) { b[6] |= 0x80 },
		"a reserved subframe":      func(b []byte) { b[6] = 2 << 1 },
		"a fixed order of 5":       func(b []byte) { b[6] = 13 << 1 },
		"all bits wasted":          func(b []byte) { b[6] |= 1; b[7], b[8] = 0, 1 },
		"a precision of 16":        func(b []byte) { b[6] = 32 << 1; b[9] = 0xf0 },
		"a negative shift":         func(b []byte) { b[6] = 32 << 1; b[9], b[10] = 0x08, 0x80 },
		"residual coding 2":        func(b []byte) { b[6] = 8 << 1; b[7] = 0x80 },
		"256 partitions of 192":    func(b []byte) { b[6] = 8 << 1; b[7] = 0x20 },
		"a quotient of 33 bits":    func(b []byte) { b[6] = 8 << 1; b[7], b[8] = 0x43, 0xc1 },
	} {
		b := bytes.Clone(plain)
		change(b)
		b[5] = crc8(b[:5])
		binary.BigEndian.PutUint16(b[len(b)-2:], crc16(b[:len(b)-2]))
		d, err := New(media.Format{Codec: media.CodecFLAC, SampleRate: 44_100, Channels: 1, BitDepth: 16})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Decode(make([]float32, codec.MaxFrames), &media.Packet{Data: b}); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTooLoud has a frame whose checksums are right and whose samples don't fit into their depth.
func TestTooLoud(t *testing.T) {
	w := &bitWriter{b: []byte{0xff, 0xf8, 0x19, 0x02, 0x00}} // 192 samples of 8 bits
	w.write(int64(crc8(w.b)), 8)
	w.write(9<<1, 8) // fixed, order 1
	w.write(100, 8)  // 100, and from there
	w.write(0, 2+4)  // in one partition
	w.write(0xf, 4)  // of plain numbers
	w.write(4, 5)    // of four bits
	for range 191 {
		w.write(1, 4) // one more each
	}
	w.used = 0
	data := binary.BigEndian.AppendUint16(w.b, crc16(w.b))
	d, err := New(media.Format{Codec: media.CodecFLAC, SampleRate: 44_100, Channels: 1, BitDepth: 8})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.decodeFrame(data); err != nil || d.samples[0][history+191] != 291 {
		t.Fatalf("%v, the last sample is %d", err, d.samples[0][history+191])
	}
	if n, err := d.Decode(make([]float32, codec.MaxFrames), &media.Packet{Data: data}); n != 0 || !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("%d frames, %v", n, err)
	}
}

// TestLongCodes reads codes that no window holds, up to those that no 32 bits do.
func TestLongCodes(t *testing.T) {
	for _, c := range []struct {
		zeros, k int64
		want     uint32
		ok       bool
	}{{0, 0, 0, true}, {70, 0, 70, true}, {70, 3, 70<<3 | 5, true}, {3, 30, 3<<30 | 5, true}, {4, 30, 0, false}, {1 << 12, 20, 0, false}} {
		w := &bitWriter{}
		w.write(1, 3)
		w.unary(c.zeros)
		w.write(5, int(c.k))
		var r bitstream.Reader
		r.Load(w.b)
		r.Skip(3)
		if got, ok := readRiceLong(&r, uint(c.k)); ok != c.ok || ok && got != c.want {
			t.Errorf("%d zeros, parameter %d: %d, %v, want %d, %v", c.zeros, c.k, got, ok, c.want, c.ok)
		}
	}
}

func TestChecksums(t *testing.T) {
	if got := crc16([]byte("123456789")); got != 0xfee8 { // the check value of CRC-16/UMTS
		t.Errorf("%#x", got)
	}
	if got := crc8([]byte("123456789")); got != 0xf4 { // of CRC-8/SMBUS
		t.Errorf("%#x", got)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range 40 { // as bit by bit
		b := make([]byte, n)
		crc := uint16(0)
		for i := range b {
			b[i] = byte(rng.Uint32())
			crc ^= uint16(b[i]) << 8
			for range 8 {
				crc = crc<<1 ^ crc>>15*0x8005
			}
		}
		if got := crc16(b); got != crc {
			t.Fatalf("%d bytes: %#x, want %#x", n, got, crc)
		}
	}
}
