package mp3_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/codec/mp3"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	mp3file "github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/media"
)

// The files are those of the container's tests, coded by LAME: 30,870 frames of stereo at 44.1 kHz and
// 96 kbps, and half a second of mono at 22.05 kHz and 32 kbps.
func testFile(t testing.TB, name string) []byte {
	return containertest.File(t, "..", "..", "container", "mp3", "testdata", name)
}

// demux takes a file apart.
func demux(t testing.TB, data []byte) (container.Info, []media.Packet) {
	t.Helper()
	d, all := containertest.Packets(t, mp3file.Open, data)
	return d.Info(), all
}

func newDecoder(t testing.TB, f media.Format) *mp3.Decoder {
	t.Helper()
	d, err := mp3.New(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSuite(t *testing.T) {
	for _, name := range []string{"tone.mp3", "tone-lowrate.mp3"} {
		t.Run(name, func(t *testing.T) {
			info, all := demux(t, testFile(t, name))
			codectest.Run(t, codectest.Harness{
				New:       func() (codec.Decoder, error) { return mp3.New(info.Format) },
				Packets:   all,
				Preroll:   10,
				AllocFree: true,
			})
		})
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		format   media.Format
		channels int
		err      error
	}{
		{format: media.Format{Codec: media.CodecMP3, SampleRate: 44_100, Channels: 2}, channels: 2},
		{format: media.Format{Codec: media.CodecMP3, SampleRate: 8000, Channels: 1}, channels: 1},
		{format: media.Format{Codec: media.CodecMP3}, channels: 2},
		{format: media.Format{Codec: media.CodecAAC, SampleRate: 44_100, Channels: 2}, err: codec.ErrUnsupported},
		{format: media.Format{Codec: media.CodecMP3, SampleRate: 96_000, Channels: 2}, err: codec.ErrUnsupported},
		{format: media.Format{Codec: media.CodecMP3, SampleRate: 44_100, Channels: 3}, err: codec.ErrUnsupported},
	} {
		d, err := mp3.New(c.format)
		if !errors.Is(err, c.err) {
			t.Errorf("%+v: %v", c.format, err)
		} else if err == nil && (d.Channels() != c.channels || d.SampleRate() != c.format.SampleRate) {
			t.Errorf("%+v: %d channels at %d Hz", c.format, d.Channels(), d.SampleRate())
		}
	}
	_, all := demux(t, testFile(t, "tone.mp3"))
	d := newDecoder(t, media.Format{Codec: media.CodecMP3, SampleRate: 48_000, Channels: 2})
	if _, err := d.Decode(make([]float32, 4000), &all[0]); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("a frame of another sample rate gives %v", err)
	}
}

// reservoirUse gives the index of a packet that points into those before it.
func reservoirUse(t *testing.T, all []media.Packet) int {
	t.Helper()
	for i, p := range all {
		if i > 4 && int(p.Data[4])<<1|int(p.Data[5]>>7) > 0 && p.Data[1]&1 == 1 {
			return i
		}
	}
	t.Fatal("no packet uses the bit reservoir")
	return 0
}

// TestReservoir starts where main data is missing: silence first, not noise, and then the sound.
func TestReservoir(t *testing.T) {
	info, all := demux(t, testFile(t, "tone.mp3"))
	at := reservoirUse(t, all)
	whole := codectest.Decode(t, newDecoder(t, info.Format), all)
	d := newDecoder(t, info.Format)
	part := codectest.Decode(t, d, all[at:])
	for i, v := range part[:1152*2] {
		if v != 0 {
			t.Fatalf("sample %d of a packet without its reservoir is %v", i, v)
		}
	}
	settled := 1152 * 2 * 10
	if !slices.Equal(part[settled:], whole[at*1152*2+settled:]) {
		t.Error("ten packets after a start in the middle it isn't the same sound")
	}

	// What isn't a frame tells nothing of what was lost with it: what follows may not point back over it.
	d.Reset()
	codectest.Decode(t, d, all[:at])
	dst := make([]float32, 1152*2)
	if _, err := d.Decode(dst, &media.Packet{Data: bytes.Repeat([]byte{0x55}, 400)}); !errors.Is(err, codec.ErrCorrupt) {
		t.Fatalf("rubbish gives %v", err)
	}
	after := codectest.Decode(t, d, all[at:])
	if slices.Equal(after[:1152*2], whole[at*1152*2:][:1152*2]) {
		t.Error("a packet that points into rubbish decodes as if it had not")
	}
	if !slices.Equal(after[settled:], whole[at*1152*2+settled:]) {
		t.Error("ten packets after rubbish it isn't the same sound")
	}
}

// TestLengths gives packets longer and shorter than their headers say.
func TestLengths(t *testing.T) {
	info, all := demux(t, testFile(t, "tone.mp3"))
	want := codectest.Decode(t, newDecoder(t, info.Format), all)
	longer := slices.Clone(all)
	for i := range longer {
		longer[i].Data = append(bytes.Clone(longer[i].Data), 0xff, 0xfb, 0x90, 0x64, 7)
	}
	if !slices.Equal(codectest.Decode(t, newDecoder(t, info.Format), longer), want) {
		t.Error("bytes behind the frame change what it decodes to")
	}
	d := newDecoder(t, info.Format)
	dst := make([]float32, 1152*2)
	for cut := 0; cut < len(all[12].Data); cut += 1 + cut/9 { // all of the header and the side information
		d.Reset()
		codectest.Decode(t, d, all[:12])
		p := all[12]
		p.Data = p.Data[:cut]
		if n, err := d.Decode(dst, &p); err != nil && (n != 0 || !errors.Is(err, codec.ErrCorrupt)) {
			t.Fatalf("cut at %d: %d frames, %v", cut, n, err)
		} else if err != nil {
			d.Conceal(dst, 1152)
		}
		if got := codectest.Decode(t, d, all[13:24]); !slices.Equal(got[10*1152*2:], want[23*1152*2:24*1152*2]) {
			t.Fatalf("cut at %d: ten packets later it isn't the same sound", cut)
		}
	}
}

func FuzzDecode(f *testing.F) {
	_, all := demux(f, testFile(f, "tone.mp3"))
	_, low := demux(f, testFile(f, "tone-lowrate.mp3"))
	f.Add(all[0].Data, all[1].Data)
	f.Add(all[9].Data, all[10].Data)
	f.Add(low[3].Data, all[4].Data)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		d := newDecoder(t, media.Format{Codec: media.CodecMP3, Channels: 1 + len(a)%2})
		codectest.Exercise(t, d, all[0].Data, a, b, all[1].Data)
	})
}

func BenchmarkDecode(b *testing.B) {
	info, all := demux(b, testFile(b, "tone.mp3"))
	codectest.Benchmark(b, newDecoder(b, info.Format), all)
}
