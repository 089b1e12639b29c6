package opus_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/codec/opus"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/ogg"
	"github.com/segue-audio/segue/player/media"
)

func demux(t testing.TB, data []byte) (container.Info, []media.Packet) {
	t.Helper()
	d, all := containertest.Packets(t, ogg.Open, data)
	return d.Info(), all
}

func newDecoder(t testing.TB, f media.Format) *opus.Decoder {
	t.Helper()
	d, err := opus.New(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// decode gives what is heard of a file.
func decode(t testing.TB, data []byte) (pcm []float32, d *opus.Decoder) {
	t.Helper()
	info, all := demux(t, data)
	d = newDecoder(t, info.Format)
	pcm = codectest.Decode(t, d, all)
	ch := d.Channels()
	pcm = pcm[int(info.Trim.Start)*ch:]
	return pcm[:min(len(pcm), int(info.Trim.Length)*ch)], d
}

// intra is a file whose packets don't predict from each other.
func intra(t testing.TB) (media.Format, []media.Packet) {
	info, all := demux(t, containertest.File(t, "testdata", "intra.opus"))
	return info.Format, all
}

// TestSuite has packets of which none predicts from the one before, since pre-roll makes ordinary ones
// alike and not the same; TestPreroll tells how alike.
func TestSuite(t *testing.T) {
	f, all := intra(t)
	codectest.Run(t, codectest.Harness{
		New:       func() (codec.Decoder, error) { return opus.New(f) },
		Packets:   all,
		Preroll:   4,
		AllocFree: true,
	})
}

// TestMultistream runs the suite on six channels out of three streams: the same stereo in front and at
// the rear, LFE, and nothing in the centre.
func TestMultistream(t *testing.T) {
	f, packets := surround(t)
	codectest.Run(t, codectest.Harness{
		New:       func() (codec.Decoder, error) { return opus.New(f) },
		Packets:   packets,
		Preroll:   12,
		AllocFree: true,
	})
	sf, stereo := intra(t)
	lf, lfe := lowFrequency(t)
	want, low := codectest.Decode(t, newDecoder(t, sf), stereo), codectest.Decode(t, newDecoder(t, lf), lfe)
	got := codectest.Decode(t, newDecoder(t, f), packets)
	for i := range got {
		expected := [6]float32{want[i/6*2], want[i/6*2+1], 0, low[i/6], want[i/6*2], want[i/6*2+1]}
		if got[i] != expected[i%6] {
			t.Fatalf("frame %d, channel %d is %v, want %v", i/6, i%6, got[i], expected[i%6])
		}
	}
}

func lowFrequency(t testing.TB) (media.Format, []media.Packet) {
	info, all := demux(t, containertest.File(t, "testdata", "lfe.opus"))
	return info.Format, all
}

// surround is 5.1 of the packets of two files.
func surround(t testing.TB) (f media.Format, packets []media.Packet) {
	f, stereo := intra(t)
	_, lfe := lowFrequency(t)
	// In the order of Vorbis: front left, centre, right, rear left and right, LFE.
	f.Config = append(bytes.Clone(f.Config[:18]), 1, 3, 2, 0, silentChannel, 1, 2, 3, 4)
	f.Config[9], f.Channels = 6, 6
	for i, p := range stereo {
		p.Data = bytes.Join([][]byte{delimit(t, p.Data), delimit(t, p.Data), lfe[i].Data}, nil)
		packets = append(packets, p)
	}
	return f, packets
}

const silentChannel = 255

// delimit writes a packet of one frame with its length (RFC 6716, appendix B).
func delimit(t testing.TB, b []byte) []byte {
	t.Helper()
	if b[0]&3 != 0 {
		t.Fatal("not a packet of one frame")
	}
	return append(appendLength([]byte{b[0]}, len(b)-1), b[1:]...)
}

func appendLength(b []byte, n int) []byte {
	if n < 252 {
		return append(b, byte(n))
	}
	first := 252 + n&3
	return append(b, byte(first), byte((n-first)/4))
}

// TestPacking has one packet's frames in all of the shapes of RFC 6716, 3.2 and appendix B.
func TestPacking(t *testing.T) {
	f, all := intra(t)
	one, two, three := all[20].Data, all[21].Data, all[22].Data
	join := func(head []byte, frames ...[]byte) []byte { return append(head, bytes.Join(frames, nil)...) }
	toc := one[0] &^ 3
	a, b, c := one[1:], two[1:], three[1:]
	same := min(len(a), len(b), len(c)) // CBR asks for equal lengths; a cut frame decodes all the same
	vbr2 := appendLength([]byte{toc | 2}, len(a))
	vbr3 := appendLength(appendLength([]byte{toc | 3, 0x83}, len(a)), len(b))
	padded := appendLength(appendLength([]byte{toc | 3, 0xc3, 255, 3}, len(a)), len(b))
	for name, c := range map[string]struct {
		alone, delimited []byte
		frames           [][]byte
	}{
		"code 0":        {one, delimit(t, one), [][]byte{a}},
		"code 1":        {join([]byte{toc | 1}, a[:same], b[:same]), join(appendLength([]byte{toc | 1}, same), a[:same], b[:same]), [][]byte{a[:same], b[:same]}},
		"code 2":        {join(vbr2, a, b), join(appendLength(bytes.Clone(vbr2), len(b)), a, b), [][]byte{a, b}},
		"code 3, equal": {join([]byte{toc | 3, 3}, a[:same], b[:same], c[:same]), join(appendLength([]byte{toc | 3, 3}, same), a[:same], b[:same], c[:same]), [][]byte{a[:same], b[:same], c[:same]}},
		"code 3":        {join(vbr3, a, b, c), join(appendLength(bytes.Clone(vbr3), len(c)), a, b, c), [][]byte{a, b, c}},
		"code 3, padded": {join(padded, a, b, c, make([]byte, 257)), join(appendLength(bytes.Clone(padded), len(c)), a, b, c, make([]byte, 257)),
			[][]byte{a, b, c}},
	} {
		var single []media.Packet
		for _, frame := range c.frames {
			single = append(single, media.Packet{Data: append([]byte{toc}, frame...), Duration: all[20].Duration})
		}
		want := codectest.Decode(t, newDecoder(t, f), single)
		total := all[20].Duration * media.Frames(len(single))
		got := codectest.Decode(t, newDecoder(t, f), []media.Packet{{Data: c.alone, Duration: total}})
		if !equal(got, want) {
			t.Errorf("%s decodes otherwise than its frames one by one", name)
		}
		// The same twice, as two coupled streams.
		quad := f
		quad.Config = append(bytes.Clone(f.Config[:18]), 1, 2, 2, 0, 1, 2, 3)
		quad.Config[9] = 4
		four := codectest.Decode(t, newDecoder(t, quad), []media.Packet{{Data: append(bytes.Clone(c.delimited), c.alone...), Duration: total}})
		for i := range four {
			if four[i] != want[i/4*2+i%2] {
				t.Errorf("%s, delimited: sample %d is %v, want %v", name, i, four[i], want[i/4*2+i%2])
				break
			}
		}
	}
}

func equal(a, b []float32) bool {
	for i := range a {
		if len(a) != len(b) || a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// TestGain has the header's output gain at work, in steps of 1/256 dB.
func TestGain(t *testing.T) {
	f, all := intra(t)
	plain := codectest.Decode(t, newDecoder(t, f), all)
	for _, gain := range []int16{-20 * 256, 6*256 + 5, 1} {
		g := f
		g.Config = bytes.Clone(f.Config)
		binary.LittleEndian.PutUint16(g.Config[16:], uint16(gain))
		factor := math.Pow(10, float64(gain)/256/20)
		for i, v := range codectest.Decode(t, newDecoder(t, g), all) {
			if want := float64(plain[i]) * factor; math.Abs(float64(v)-want) > 1e-5*factor {
				t.Fatalf("gain %d: sample %d is %v, want %v", gain, i, v, want)
			}
		}
	}
}

// TestDuration has the Duration cut a packet.
func TestDuration(t *testing.T) {
	f, all := intra(t)
	want := codectest.Decode(t, newDecoder(t, f), all[:2])
	d := newDecoder(t, f)
	dst := make([]float32, codec.MaxFrames*2)
	for _, told := range []media.Frames{0, 100} {
		p := all[0]
		if told > 0 {
			p = all[1]
		}
		p.Duration = told
		n, err := d.Decode(dst, &p)
		if err != nil {
			t.Fatal(err)
		}
		if told == 0 && n != 960 || told > 0 && n != 100 {
			t.Errorf("told %d: %d frames", told, n)
		}
		if !equal(dst[:2*n], want[:2*n]) {
			t.Errorf("told %d: other samples", told)
		}
		want = want[2*960:]
	}
	p := all[2]
	p.Duration = 1 << 40
	if n, err := d.Decode(dst, &p); n != 960 || err != nil {
		t.Errorf("told too much: %d frames, %v", n, err)
	}
}

func TestRefused(t *testing.T) {
	f, _ := intra(t)
	table := append(bytes.Clone(f.Config[:18]), 1, 1, 1, 0, 1)
	for name, config := range map[string][]byte{
		"nothing":       nil,
		"cut":           f.Config[:18],
		"magic":         append([]byte("OpusTags"), f.Config[8:]...),
		"version":       append([]byte("OpusHead\x10"), f.Config[9:]...),
		"no channels":   append([]byte("OpusHead\x01\x00"), f.Config[10:]...),
		"nine channels": append([]byte("OpusHead\x01\x09"), f.Config[10:]...),
		"family 0 of 3": append([]byte("OpusHead\x01\x03"), f.Config[10:]...),
		"family 255":    append(bytes.Clone(f.Config[:18]), 255, 1, 1, 0, 1),
		"table cut":     table[:22],
		"no streams":    append(bytes.Clone(table[:19]), 0, 0, 0, 1),
		"coupled":       append(bytes.Clone(table[:19]), 1, 2, 0, 1),
		"mapping":       append(bytes.Clone(table[:19]), 1, 1, 0, 2),
	} {
		if _, err := opus.New(media.Format{Codec: media.CodecOpus, Config: config}); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := opus.New(media.Format{Codec: media.CodecFLAC, Config: f.Config}); !errors.Is(err, codec.ErrUnsupported) {
		t.Error("another codec is taken")
	}
	if _, err := opus.New(media.Format{Codec: media.CodecOpus, Config: table}); err != nil {
		t.Errorf("stereo as family 1: %v", err)
	}
}

// TestConcealmentJoins looks for steps at the seams of a loss: none may be larger than those of the music
// by more than half, or than a third of its loudness. (What a band-limited mode does within a step of
// its own lower rate is no step.)
func TestConcealmentJoins(t *testing.T) {
	for _, name := range []string{"intra.opus", "silk.opus"} {
		info, all := demux(t, containertest.File(t, "testdata", name))
		d := newDecoder(t, info.Format)
		ch := d.Channels()
		whole := codectest.Decode(t, d, all)
		most := 1.5 * step(whole, ch)
		for _, v := range whole {
			most = max(most, math.Abs(float64(v))/3)
		}
		for _, lost := range []int{1, 3, 8, 20} {
			for at := 5; at+lost+3 < len(all); at += 7 {
				d.Reset()
				pcm := codectest.Decode(t, d, all[:at])
				for _, p := range all[at : at+lost] {
					n := int(p.Duration)
					pcm = append(pcm, make([]float32, n*ch)...)
					d.Conceal(pcm[len(pcm)-n*ch:], n)
				}
				pcm = append(pcm, codectest.Decode(t, d, all[at+lost:at+lost+3])...)
				if s := step(pcm, ch); s > most {
					t.Errorf("%s: %d packets lost at %d: a step of %.3f, want %.3f at most", name, lost, at, s, most)
				}
			}
		}
	}
}

// step is the greatest difference of neighbouring samples.
func step(pcm []float32, channels int) (most float64) {
	for i := channels; i < len(pcm); i++ {
		most = max(most, math.Abs(float64(pcm[i]-pcm[i-channels])))
	}
	return most
}

// TestConcealOdd has lengths that aren't whole numbers of 2.5 ms.
func TestConcealOdd(t *testing.T) {
	f, all := intra(t)
	d := newDecoder(t, f)
	codectest.Decode(t, d, all[:20])
	dst := make([]float32, codec.MaxFrames*2)
	for _, n := range []int{0, 1, 119, 121, 1000, 961} {
		for i := range dst {
			dst[i] = 9
		}
		d.Conceal(dst, n)
		for i, v := range dst {
			if (v == 9) != (i >= 2*n) {
				t.Fatalf("%d frames: sample %d is %v", n, i, v)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	format, all := intra(f)
	sixFormat, six := surround(f)
	for i := range 3 {
		f.Add(all[i].Data, all[i+1].Data)
		f.Add(six[i].Data, six[i+1].Data)
	}
	f.Add([]byte{3, 0xc3, 255, 3, 1}, []byte{252, 1})
	one, many := newDecoder(f, format), newDecoder(f, sixFormat)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		one.Reset()
		codectest.Exercise(t, one, a, b, a)
		many.Reset()
		codectest.Exercise(t, many, a, b, a)
	})
}

func FuzzNew(f *testing.F) {
	format, all := intra(f)
	f.Add(format.Config)
	f.Fuzz(func(t *testing.T, config []byte) {
		d, err := opus.New(media.Format{Codec: media.CodecOpus, Config: config})
		if err != nil {
			if !errors.Is(err, codec.ErrUnsupported) {
				t.Fatal(err)
			}
			return
		}
		codectest.Exercise(t, d, all[0].Data)
	})
}

func BenchmarkDecode(b *testing.B) {
	format, all := intra(b)
	codectest.Benchmark(b, newDecoder(b, format), all)
}
