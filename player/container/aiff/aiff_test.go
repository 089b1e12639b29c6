package aiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

func chunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte(kind), uint32(len(body)))
	if b = append(b, body...); len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func form(kind string, chunks ...[]byte) []byte {
	return chunk("FORM", append([]byte(kind), bytes.Join(chunks, nil)...))
}

// rate80 writes a rate with 80 bits.
func rate80(rate float64) []byte {
	fraction, exponent := math.Frexp(rate)
	b := binary.BigEndian.AppendUint16(nil, uint16(exponent-1+16_383))
	return binary.BigEndian.AppendUint64(b, uint64(math.Ldexp(fraction, 64)))
}

// comm is a COMM chunk; AIFF-C's where there is a coding.
func comm(channels, frames, depth int, rate float64, coding string) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(channels))
	b = binary.BigEndian.AppendUint32(b, uint32(frames))
	b = append(binary.BigEndian.AppendUint16(b, uint16(depth)), rate80(rate)...)
	if coding != "" {
		b = append(append(b, coding...), "\x05named"...)
	}
	return chunk("COMM", b)
}

// ssnd is an SSND chunk whose samples start offset bytes late.
func ssnd(offset int, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(offset))
	b = append(b, make([]byte, 4+offset)...)
	return chunk("SSND", append(b, body...))
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
	mono, stereo := samples(4096*6+100), samples(4096*4*5+44)
	for name, data := range map[string][]byte{
		"s8 mono":     form("AIFF", comm(1, len(mono), 8, 8000, ""), ssnd(0, mono)),
		"s16 stereo":  form("AIFF", chunk("NAME", samples(33)), comm(2, len(stereo)/4, 16, 44_100, ""), ssnd(6, stereo), chunk("ID3 ", samples(40))),
		"sowt":        form("AIFC", chunk("FVER", samples(4)), comm(2, len(stereo)/4, 16, 44_100, "sowt"), ssnd(0, stereo)),
		"sound first": form("AIFC", ssnd(0, stereo), comm(2, len(stereo)/4, 16, 44_100, "NONE")),
	} {
		t.Run(name, func(t *testing.T) { containertest.Run(t, containertest.Opener(Open), data) })
	}
}

func TestFormats(t *testing.T) {
	body := samples(960)
	for name, c := range map[string]struct {
		comm []byte
		want media.Format
	}{
		"s8":      {comm(1, 960, 8, 8000, ""), media.Format{SampleRate: 8000, Channels: 1, BitDepth: 8, Config: []byte("s8")}},
		"s16":     {comm(2, 240, 16, 44_100, ""), media.Format{SampleRate: 44_100, Channels: 2, BitDepth: 16, Config: []byte("s16be")}},
		"12 bits": {comm(2, 240, 12, 22_254.5454, ""), media.Format{SampleRate: 22_255, Channels: 2, BitDepth: 12, Config: []byte("s16be")}},
		"20 bits": {comm(1, 320, 20, 96_000, ""), media.Format{SampleRate: 96_000, Channels: 1, BitDepth: 20, Config: []byte("s24be")}},
		"s32":     {comm(6, 40, 32, 192_000, ""), media.Format{SampleRate: 192_000, Channels: 6, BitDepth: 32, Config: []byte("s32be")}},
		"NONE":    {comm(2, 240, 16, 1, "NONE"), media.Format{SampleRate: 1, Channels: 2, BitDepth: 16, Config: []byte("s16be")}},
		"twos":    {comm(2, 240, 16, 48_000, "twos"), media.Format{SampleRate: 48_000, Channels: 2, BitDepth: 16, Config: []byte("s16be")}},
		"sowt":    {comm(2, 240, 16, 48_000, "sowt"), media.Format{SampleRate: 48_000, Channels: 2, BitDepth: 16, Config: []byte("s16le")}},
		"sowt 24": {comm(2, 160, 24, 48_000, "sowt"), media.Format{SampleRate: 48_000, Channels: 2, BitDepth: 24, Config: []byte("s24le")}},
		"in24":    {comm(2, 160, 16, 48_000, "in24"), media.Format{SampleRate: 48_000, Channels: 2, BitDepth: 24, Config: []byte("s24be")}},
		"in32":    {comm(2, 120, 32, 48_000, "in32"), media.Format{SampleRate: 48_000, Channels: 2, BitDepth: 32, Config: []byte("s32be")}},
		"42ni":    {comm(2, 160, 24, 48_000, "42ni"), media.Format{SampleRate: 48_000, Channels: 2, BitDepth: 24, Config: []byte("s24le")}},
		"23ni":    {comm(2, 120, 32, 48_000, "23ni"), media.Format{SampleRate: 48_000, Channels: 2, BitDepth: 32, Config: []byte("s32le")}},
		"fl32":    {comm(2, 120, 32, 48_000, "fl32"), media.Format{SampleRate: 48_000, Channels: 2, BitDepth: 32, Config: []byte("f32be")}},
		"FL64":    {comm(2, 60, 64, 48_000, "FL64"), media.Format{SampleRate: 48_000, Channels: 2, BitDepth: 64, Config: []byte("f64be")}},
		"alaw":    {comm(1, 960, 16, 8000, "alaw"), media.Format{SampleRate: 8000, Channels: 1, BitDepth: 8, Config: []byte("alaw")}},
		"ULAW":    {comm(1, 960, 16, 8000, "ULAW"), media.Format{SampleRate: 8000, Channels: 1, BitDepth: 8, Config: []byte("ulaw")}},
		"raw":     {comm(1, 960, 8, 8000, "raw "), media.Format{SampleRate: 8000, Channels: 1, BitDepth: 8, Config: []byte("u8")}},
	} {
		kind := "AIFC"
		if len(c.comm) == 8+commBytes {
			kind = "AIFF"
		}
		d, got := read(t, form(kind, c.comm, ssnd(0, body)))
		c.want.Codec = media.CodecPCM
		if !d.Info().Format.SameDecoder(c.want) || !bytes.Equal(got, body) {
			t.Errorf("%s: %+v (config %q), want %+v; %d bytes", name, d.Info().Format, d.Info().Format.Config, c.want, len(got))
		}
	}
}

// TestLengths has counts and lengths that are wrong in the ways that files have them wrong.
func TestLengths(t *testing.T) {
	body := samples(4096*2*3 + 10)
	n := len(body) / 2
	with := func(frames int, size uint32) []byte {
		b := form("AIFF", comm(1, frames, 16, 44_100, ""), ssnd(0, body))
		binary.BigEndian.PutUint32(b[bytes.Index(b, []byte("SSND"))+4:], size)
		return b
	}
	size := uint32(len(body) + 8)
	for name, c := range map[string]struct {
		data []byte
		want int
	}{
		"right":           {with(n, size), n},
		"fewer by count":  {with(n-700, size), n - 700},
		"fewer by length": {with(n, size-2000), n - 1000},
		"more by count":   {with(n+700, size), n},
		"more by length":  {with(n, size+2000), n},
		"no count":        {with(0, size), n},
		"no length":       {with(n, 0), n},
		"neither":         {with(0, 0), n},
		"all ones":        {with(math.MaxUint32, math.MaxUint32), n},
		"cut":             {with(n, size)[:12+26+16+1001], 500},
		"an offset":       {form("AIFF", comm(1, n, 16, 44_100, ""), ssnd(512, body)), n},
	} {
		d, got := read(t, c.data)
		if !bytes.Equal(got, body[:2*c.want]) || d.Info().Trim.Length != media.Frames(c.want) {
			t.Errorf("%s: %d bytes, length %d, want %d", name, len(got), d.Info().Trim.Length, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	sound := ssnd(0, samples(100))
	one := comm(1, 50, 16, 8000, "")
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":          {nil, container.ErrFormat},
		"text":           {[]byte("FORM is what this text starts with"), container.ErrFormat},
		"8SVX":           {form("8SVX", one, sound), container.ErrFormat},
		"AIFX":           {form("AIFX", one, sound), container.ErrFormat},
		"no COMM":        {form("AIFF", sound), container.ErrFormat},
		"no SSND":        {form("AIFF", one), container.ErrFormat},
		"cut COMM":       {form("AIFF", chunk("COMM", samples(17)), sound), container.ErrFormat},
		"COMM uncoded":   {form("AIFC", one, sound), container.ErrFormat},
		"cut SSND":       {form("AIFF", one, sound[:12]), container.ErrFormat},
		"IMA":            {form("AIFC", comm(1, 50, 16, 8000, "ima4"), sound), container.ErrUnsupported},
		"unsigned 16":    {form("AIFC", comm(1, 50, 16, 8000, "raw "), sound), container.ErrUnsupported},
		"40 bits":        {form("AIFF", comm(1, 50, 40, 8000, ""), sound), container.ErrUnsupported},
		"no bits":        {form("AIFF", comm(1, 50, 0, 8000, ""), sound), container.ErrUnsupported},
		"no channels":    {form("AIFF", comm(0, 50, 16, 8000, ""), sound), container.ErrUnsupported},
		"many channels":  {form("AIFF", comm(9, 50, 16, 8000, ""), sound), container.ErrUnsupported},
		"no rate":        {form("AIFF", comm(1, 50, 16, 0.25, ""), sound), container.ErrUnsupported},
		"a huge rate":    {form("AIFF", comm(1, 50, 16, 1e9, ""), sound), container.ErrUnsupported},
		"a rate below 0": {form("AIFF", bytes.Replace(one, rate80(8000)[:2], []byte{0xc0, 0x0b}, 1), sound), container.ErrUnsupported},
		"many chunks":    {form("AIFF", bytes.Repeat(chunk("junk", nil), maxChunks+1)), container.ErrFormat},
	} {
		if _, err := Open(bytes.NewReader(c.data), int64(len(c.data))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestMutated opens damaged files.
func TestMutated(t *testing.T) {
	trials := containertest.Sweep(1000, 20_000)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range trials {
		data := form("AIFC", chunk("FVER", samples(4)), comm(1+i%8, 300, 16, 44_100, "sowt"), ssnd(i%3, samples(600)))
		for range 1 + rng.IntN(6) {
			data[rng.IntN(min(len(data), 120))] = byte(rng.Uint32())
		}
		containertest.Exercise(t, containertest.Opener(Open), data)
	}
	t.Logf("%d mutated files", trials)
}

func FuzzOpen(f *testing.F) {
	f.Add(form("AIFF", comm(2, 125, 16, 44_100, ""), ssnd(0, samples(500))))
	f.Add(form("AIFC", ssnd(2, samples(500)), comm(1, 100, 32, 44_100, "fl32")))
	f.Fuzz(func(t *testing.T, data []byte) { containertest.Exercise(t, containertest.Opener(Open), data) })
}
