package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

func chunk(kind string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
	if b = append(b, body...); len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func riff(chunks ...[]byte) []byte {
	body := append([]byte("WAVE"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// format is a fmt chunk; one with a sub-format is extensible.
func format(tag, channels, rate, depth, valid int) []byte {
	size := (depth + 7) / 8
	b := binary.LittleEndian.AppendUint16(nil, uint16(tag))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*size*channels))
	b = binary.LittleEndian.AppendUint16(b, uint16(size*channels))
	b = binary.LittleEndian.AppendUint16(b, uint16(depth))
	if valid > 0 {
		sub := tag
		binary.LittleEndian.PutUint16(b, tagExtensible)
		b = append(b, 22, 0, byte(valid), 0, 3, 0, 0, 0, byte(sub), 0)
		b = append(b, "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"...)
	}
	return chunk("fmt ", b)
}

func samples(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*i/7 + i)
	}
	return b
}

func read(t testing.TB, data []byte) (d *Demuxer, got []byte) {
	t.Helper()
	d, all := containertest.Packets(t, Open, data)
	for _, p := range all {
		got = append(got, p.Data...)
	}
	return d, got
}

func TestSuite(t *testing.T) {
	for name, data := range map[string][]byte{
		"u8 mono":    riff(format(tagPCM, 1, 8000, 8, 0), chunk("data", samples(4096*6+100))),
		"s16 stereo": riff(chunk("LIST", samples(33)), format(tagPCM, 2, 44_100, 16, 0), chunk("data", samples(4096*4*5+44)), chunk("id3 ", samples(40))),
	} {
		t.Run(name, func(t *testing.T) { containertest.Run(t, containertest.Opener(Open), data) })
		t.Run(name+" in order", func(t *testing.T) { containertest.InOrder(t, containertest.Opener(Open), data, 0) })
	}
}

func TestFormats(t *testing.T) {
	body := samples(960)
	for name, c := range map[string]struct {
		fmt  []byte
		want media.Format
	}{
		"u8":         {format(tagPCM, 1, 8000, 8, 0), media.Format{SampleRate: 8000, Channels: 1, BitDepth: 8, Config: []byte("u8")}},
		"s16":        {format(tagPCM, 2, 44_100, 16, 0), media.Format{SampleRate: 44_100, Channels: 2, BitDepth: 16, Config: []byte("s16le")}},
		"s24":        {format(tagPCM, 2, 96_000, 24, 0), media.Format{SampleRate: 96_000, Channels: 2, BitDepth: 24, Config: []byte("s24le")}},
		"s32":        {format(tagPCM, 1, 48_000, 32, 0), media.Format{SampleRate: 48_000, Channels: 1, BitDepth: 32, Config: []byte("s32le")}},
		"f32":        {format(tagFloat, 2, 48_000, 32, 0), media.Format{SampleRate: 48_000, Channels: 2, BitDepth: 32, Config: []byte("f32le")}},
		"f64":        {format(tagFloat, 2, 48_000, 64, 0), media.Format{SampleRate: 48_000, Channels: 2, BitDepth: 64, Config: []byte("f64le")}},
		"alaw":       {format(tagALaw, 1, 8000, 8, 0), media.Format{SampleRate: 8000, Channels: 1, BitDepth: 8, Config: []byte("alaw")}},
		"ulaw":       {format(tagULaw, 1, 8000, 8, 0), media.Format{SampleRate: 8000, Channels: 1, BitDepth: 8, Config: []byte("ulaw")}},
		"20 in 24":   {format(tagPCM, 2, 48_000, 24, 20), media.Format{SampleRate: 48_000, Channels: 2, BitDepth: 20, Config: []byte("s24le")}},
		"5.1":        {format(tagPCM, 6, 48_000, 16, 16), media.Format{SampleRate: 48_000, Channels: 6, BitDepth: 16, Config: []byte("s16le")}},
		"12 plainly": {format(tagPCM, 1, 48_000, 12, 0), media.Format{SampleRate: 48_000, Channels: 1, BitDepth: 12, Config: []byte("s16le")}},
	} {
		d, got := read(t, riff(c.fmt, chunk("data", body)))
		c.want.Codec = media.CodecPCM
		if !d.Info().Format.SameDecoder(c.want) || !bytes.Equal(got, body) {
			t.Errorf("%s: %+v (config %q), want %+v; %d bytes", name, d.Info().Format, d.Info().Format.Config, c.want, len(got))
		}
	}
}

// TestBigEndian reads RIFX, in which every number is turned round.
func TestBigEndian(t *testing.T) {
	be := binary.BigEndian
	chunk := func(kind string, body []byte) []byte {
		return append(be.AppendUint32([]byte(kind), uint32(len(body))), body...)
	}
	for size, tag := range map[int]uint16{1: tagPCM, 2: tagPCM, 3: tagPCM, 4: tagPCM, 8: tagFloat} {
		fmt := be.AppendUint16(be.AppendUint16(nil, tag), 2)
		fmt = be.AppendUint32(be.AppendUint32(fmt, 48_000), uint32(96_000*size))
		fmt = be.AppendUint16(be.AppendUint16(fmt, uint16(2*size)), uint16(8*size))
		body := samples(2 * size * 5000)
		data := chunk("RIFX", bytes.Join([][]byte{[]byte("WAVE"), chunk("fmt ", fmt), chunk("data", body)}, nil))
		d, got := read(t, data)
		want := map[int]string{1: "u8", 2: "s16be", 3: "s24be", 4: "s32be", 8: "f64be"}[size]
		if f := d.Info().Format; string(f.Config) != want || f.SampleRate != 48_000 || f.Channels != 2 || !bytes.Equal(got, body) {
			t.Errorf("%d bytes: %+v (config %q), want %s; %d bytes of samples", size, f, f.Config, want, len(got))
		}
		if size == 2 {
			body = samples(4*4096*5 + 44)
			containertest.Run(t, containertest.Opener(Open), chunk("RIFX", bytes.Join([][]byte{[]byte("WAVE"), chunk("fmt ", fmt), chunk("data", body)}, nil)))
		}
	}
}

// TestWideFrames reads samples of 24 bits that take four bytes each, which the size of a frame tells.
func TestWideFrames(t *testing.T) {
	f := format(tagPCM, 2, 48_000, 24, 0)
	binary.LittleEndian.PutUint16(f[8+12:], 8)
	body := samples(960)
	d, got := read(t, riff(f, chunk("data", body)))
	if c := d.Info(); string(c.Format.Config) != "s32le" || c.Format.BitDepth != 24 || c.Trim.Length != 120 || !bytes.Equal(got, body) {
		t.Errorf("%+v, %d bytes", c, len(got))
	}
	binary.LittleEndian.PutUint16(f[8+12:], 7)
	data := riff(f, chunk("data", body))
	if _, err := Open(bytes.NewReader(data), int64(len(data))); !errors.Is(err, container.ErrFormat) {
		t.Errorf("frames of 7 bytes: %v", err)
	}
}

// TestLengths has data chunks whose length is wrong in the ways that files have it wrong.
func TestLengths(t *testing.T) {
	body := samples(4096*2*3 + 10)
	whole := riff(format(tagPCM, 1, 44_100, 16, 0), chunk("data", body))
	at := bytes.Index(whole, []byte("data")) + 4
	with := func(size uint32) []byte {
		b := bytes.Clone(whole)
		binary.LittleEndian.PutUint32(b[at:], size)
		return b
	}
	ds64 := make([]byte, 28)
	binary.LittleEndian.PutUint64(ds64[8:], 5000)
	rf64 := riff(chunk("ds64", ds64), format(tagPCM, 1, 44_100, 16, 0), chunk("data", body))
	copy(rf64, "RF64")
	binary.LittleEndian.PutUint32(rf64[bytes.Index(rf64, []byte("data"))+4:], 0xffff_ffff)
	for name, c := range map[string]struct {
		data []byte
		want int
	}{
		"right":             {whole, len(body)},
		"never filled in":   {with(0), len(body)},
		"all ones":          {with(0xffff_ffff), len(body)},
		"beyond the file":   {with(1 << 30), len(body)},
		"less":              {with(4000), 4000},
		"half a frame more": {with(4001), 4000},
		"RF64":              {rf64, 5000},
		"cut":               {whole[:len(whole)-1001], len(body) - 1002},
	} {
		d, got := read(t, c.data)
		if !bytes.Equal(got, body[:c.want]) || d.Info().Trim.Length != media.Frames(c.want/2) {
			t.Errorf("%s: %d bytes, length %d, want %d", name, len(got), d.Info().Trim.Length, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	data := chunk("data", samples(100))
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":         {nil, container.ErrFormat},
		"text":          {[]byte("RIFF is what this text starts with"), container.ErrFormat},
		"AVI":           {bytes.Replace(riff(data), []byte("WAVE"), []byte("AVI "), 1), container.ErrFormat},
		"no fmt":        {riff(data), container.ErrFormat},
		"no data":       {riff(format(tagPCM, 1, 8000, 8, 0)), container.ErrFormat},
		"ADPCM":         {riff(format(0x11, 1, 8000, 4, 0), data), container.ErrUnsupported},
		"MP3 in WAV":    {riff(format(0x55, 2, 44_100, 0, 0), data), container.ErrUnsupported},
		"no channels":   {riff(format(tagPCM, 0, 8000, 8, 0), data), container.ErrUnsupported},
		"many channels": {riff(format(tagPCM, 9, 8000, 8, 0), data), container.ErrUnsupported},
		"no rate":       {riff(format(tagPCM, 1, 0, 8, 0), data), container.ErrUnsupported},
		"short fmt":     {riff(chunk("fmt ", samples(10)), data), container.ErrFormat},
		"long fmt":      {riff(chunk("fmt ", samples(5000)), data), container.ErrLimit},
		"many chunks":   {riff(bytes.Repeat(chunk("junk", nil), maxChunks+1)), container.ErrLimit},
	} {
		if _, err := Open(bytes.NewReader(c.data), int64(len(c.data))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestCorpus compares with the samples that ffmpeg finds.
func TestCorpus(t *testing.T) {
	for _, path := range containertest.Corpus(t, "media3/wav/*.wav") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(path); name == "sample_ima_adpcm.wav" {
			if _, err := Open(bytes.NewReader(data), int64(len(data))); !errors.Is(err, container.ErrUnsupported) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		d, got := read(t, data)
		want := containertest.Tool(t, "ffmpeg", "-v", "error", "-i", path, "-c:a", "copy", "-f", "data", "-map", "0:a", "-")
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, ffmpeg finds %d; %+v", path, len(got), len(want), d.Info())
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(riff(format(tagPCM, 2, 44_100, 16, 0), chunk("data", samples(500))))
	f.Add(riff(chunk("ds64", samples(28)), format(tagFloat, 1, 44_100, 32, 32), chunk("data", samples(500))))
	f.Add(append([]byte("RIFX\x00\x00\x01\x00WAVEfmt \x00\x00\x00\x10\x00\x01\x00\x01\x00\x00\x1f\x40\x00\x00\x3e\x80\x00\x02\x00\x10data\x00\x00\x00\x64"), samples(100)...))
	f.Fuzz(func(t *testing.T, data []byte) { containertest.Exercise(t, containertest.Opener(Open), data) })
}
