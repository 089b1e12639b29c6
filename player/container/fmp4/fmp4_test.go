package fmp4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/internal/bmff"
	"github.com/segue-audio/segue/player/media"
)

// testFormat is a FLAC stream of two channels, 24 bits and a rate that no sample entry can hold.
func testFormat() media.Format {
	config := make([]byte, 34)
	binary.BigEndian.PutUint16(config, 4096)
	binary.BigEndian.PutUint16(config[2:], 4096)
	binary.BigEndian.PutUint64(config[10:], 96_000<<44|1<<41|23<<36|1_000_000)
	return media.Format{Codec: media.CodecFLAC, SampleRate: 96_000, Channels: 2, BitDepth: 24, Config: config}
}

// testPackets are of any bytes: the container doesn't look into them.
func testPackets(n int, start media.Frames) (all []media.Packet) {
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range n {
		data := make([]byte, 20+rng.IntN(200))
		for k := range data {
			data[k] = byte(rng.Uint32())
		}
		all = append(all, media.Packet{Data: data, Time: start, Duration: media.Frames(4096 - i%2)})
		start += all[i].Duration
	}
	return all
}

// fields that other writers have and ours has not
const (
	tfhdBaseOffset  = 0x01
	tfhdDescription = 0x02
	tfhdDuration    = 0x08
	tfhdSize        = 0x10
	trunFirstFlags  = 0x004
	trunFlags       = 0x400
	trunComposition = 0x800
)

func testInit(t testing.TB, trim media.Trim) *Init {
	t.Helper()
	in, err := ParseInit(AppendInit(nil, testFormat(), trim))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func samePackets(t *testing.T, got, want []media.Packet) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d packets, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].Time != want[i].Time || got[i].Duration != want[i].Duration || !bytes.Equal(got[i].Data, want[i].Data) {
			t.Fatalf("packet %d is (%d, %d, %d bytes), want (%d, %d, %d bytes)", i, got[i].Time, got[i].Duration,
				len(got[i].Data), want[i].Time, want[i].Duration, len(want[i].Data))
		}
	}
}

func TestInitBothWays(t *testing.T) {
	for _, trim := range []media.Trim{{}, {Start: 1105}, {Length: 88_200}, {Start: 1, Length: 1 << 40}} {
		in := testInit(t, trim)
		f, want := in.Info().Format, testFormat()
		if !f.SameDecoder(want) || !bytes.Equal(f.Config, want.Config) {
			t.Errorf("format %+v, want %+v", f, want)
		}
		if in.Info().Trim != trim || in.Timescale != 96_000 || in.TrackID != 1 {
			t.Errorf("trim %+v, want %+v; %+v", in.Info().Trim, trim, in)
		}
	}
}

// TestAACBothWays: an AudioSpecificConfig goes into esds and comes out of it.
func TestAACBothWays(t *testing.T) {
	want := media.Format{Codec: media.CodecAAC, SampleRate: 44_100, Channels: 2, Config: []byte{0x12, 0x10}}
	trim := media.Trim{Start: 1024, Length: 88_201}
	in, err := ParseInit(AppendInit(nil, want, trim))
	if err != nil {
		t.Fatal(err)
	}
	if f := in.Info().Format; !f.SameDecoder(want) || !bytes.Equal(f.Config, want.Config) || in.Info().Trim != trim || in.Timescale != 44_100 {
		t.Errorf("format %+v, trim %+v", f, in.Info().Trim)
	}
	const gapless = " 00000000 00000400 00000377 0000000000015889 00000000"
	if data := AppendInitHLS(nil, want, trim); !bytes.Contains(data, []byte(gapless)) {
		t.Errorf("no iTunSMPB of %q in %q", gapless, data)
	} else if in, err := ParseInit(data); err != nil || in.Info().Trim != trim {
		t.Errorf("with it: %+v, %v", in.Info().Trim, err)
	}
	if bytes.Contains(AppendInit(nil, want, trim), []byte("iTunSMPB")) {
		t.Error("an iTunSMPB where none is good")
	}
}

func TestFragmentBothWays(t *testing.T) {
	const base = 1 << 33 // a day: more than 32 bits of ticks
	want := testPackets(40, base)
	data := AppendFragment(nil, 1, base, want[:25])
	data = AppendFragment(data, 2, want[25].Time, want[25:])
	s, err := testInit(t, media.Trim{}).OpenSegment(data)
	if err != nil {
		t.Fatal(err)
	}
	if s.BaseTime() != base {
		t.Errorf("base time %d", s.BaseTime())
	}
	samePackets(t, containertest.Rest(t, s), want)
	// CMAF wants default-base-is-moof (ISO 23000-19 section 7.5.16), and players of HLS tfdt version 1.
	if tfhd := data[bytes.Index(data, []byte("tfhd"))+4:]; binary.BigEndian.Uint32(tfhd) != 0x02_0020 {
		t.Errorf("tfhd flags %x", tfhd[:4])
	}
	// Appending keeps what was there.
	if again := AppendFragment([]byte("before"), 1, base, want[:25]); !bytes.HasPrefix(data, again[len("before"):]) {
		t.Error("a fragment depends on what it is appended to")
	}
}

func TestSuite(t *testing.T) {
	in := testInit(t, media.Trim{})
	data := AppendFragment(nil, 1, 12_345, testPackets(12, 12_345))
	data = AppendFragment(data, 2, 99_999, nil)
	containertest.Run(t, opener(in), data)
}

func opener(in *Init) containertest.Open {
	return func(r io.ReaderAt, size int64) (container.Demuxer, error) {
		data, err := io.ReadAll(io.NewSectionReader(r, 0, size))
		if err != nil {
			return nil, err
		}
		s, err := in.OpenSegment(data)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

// TestReadsOthersWays builds fragments as other writers do: defaults in trex or tfhd, no tfdt, several
// tracks, runs without offsets, boxes between, 64-bit sizes.
func TestReadsOthersWays(t *testing.T) {
	body := []byte("AAAABBBBBBCCCC")
	at := func(i int, size int) []byte { return body[i : i+size] }
	plain := []media.Packet{
		{Data: at(0, 4), Time: 0, Duration: 100}, {Data: at(4, 6), Time: 100, Duration: 100}, {Data: at(10, 4), Time: 200, Duration: 100},
	}
	build := func(traf func(w *writer, offset uint32)) []byte {
		var data []byte
		for offset := uint32(0); ; {
			w := &writer{}
			w.full("sidx", 0, 0, func() { w.zeros(20) })
			start := len(w.b)
			w.box("moof", func() {
				w.full("mfhd", 0, 0, func() { w.u32(9) })
				w.box("traf", func() { // another track, with nonsense in it
					w.full("tfhd", 0, 0, func() { w.u32(77) })
					w.full("trun", 0, trunSize, func() { w.u32(1); w.u32(1 << 30) })
				})
				w.box("traf", func() { traf(w, offset) })
			})
			if offset != 0 {
				w.u32(1) // mdat with a size of 64 bits
				w.str("mdat")
				w.u64(uint64(16 + len(body)))
				w.bytes(body)
				return w.b
			}
			data = w.b
			offset = uint32(len(data) - start + 16)
		}
	}
	for name, c := range map[string]struct {
		traf func(w *writer, offset uint32)
		want []media.Packet
	}{
		"defaults in tfhd": {func(w *writer, offset uint32) {
			w.full("tfhd", 0, tfhdDescription|tfhdDuration|tfhdSize, func() { w.u32(1); w.u32(1); w.u32(50); w.u32(7) })
			w.full("tfdt", 0, 0, func() { w.u32(1000) })
			w.full("trun", 0, trunDataOffset, func() { w.u32(2); w.u32(offset) })
		}, []media.Packet{{Data: at(0, 7), Time: 1000, Duration: 50}, {Data: at(7, 7), Time: 1050, Duration: 50}}},
		"defaults in trex, all fields": {func(w *writer, offset uint32) {
			w.full("tfhd", 0, 0, func() { w.u32(1) })
			w.full("trun", 1, trunDataOffset|trunFirstFlags|trunSize|trunFlags|trunComposition, func() {
				w.u32(3)
				w.u32(offset)
				w.u32(0)
				for _, size := range []uint32{4, 6, 4} {
					w.u32(size)
					w.u32(0)
					w.u32(0xffff_fff0)
				}
			})
		}, plain},
		"two runs, the second follows": {func(w *writer, offset uint32) {
			w.full("tfhd", 0, 0, func() { w.u32(1) })
			w.full("trun", 0, trunDataOffset|trunSize, func() { w.u32(2); w.u32(offset); w.u32(4); w.u32(6) })
			w.full("trun", 0, trunSize, func() { w.u32(1); w.u32(4) })
		}, plain},
		"an offset from the file's start": {func(w *writer, offset uint32) {
			w.full("tfhd", 0, tfhdBaseOffset, func() { w.u32(1); w.u64(32) })
			w.full("trun", 0, trunDataOffset|trunSize, func() { w.u32(3); w.u32(offset); w.u32(4); w.u32(6); w.u32(4) })
		}, plain},
		"an empty sample": {func(w *writer, offset uint32) {
			w.full("tfhd", 0, 0, func() { w.u32(1) })
			w.full("trun", 0, trunDataOffset|trunSize, func() { w.u32(3); w.u32(offset); w.u32(4); w.u32(0); w.u32(6) })
		}, []media.Packet{plain[0], {Data: at(4, 6), Time: 200, Duration: 100}}},
	} {
		in := testInit(t, media.Trim{})
		in.track.Default = bmff.Defaults{Duration: 100}
		s, err := in.OpenSegment(build(c.traf))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Run(name, func(t *testing.T) { samePackets(t, containertest.Rest(t, s), c.want) })
	}
}

// TestRounding has a time scale that doesn't divide the rate: times come from the sum, not from sums
// of rounded durations.
func TestRounding(t *testing.T) {
	in := testInit(t, media.Trim{})
	in.track.Timescale = 90_000 // a frame of 1024 at 96 kHz is 960 ticks; one of 4096 3840
	packets := make([]media.Packet, 1000)
	for i := range packets {
		packets[i] = media.Packet{Data: []byte{1}, Duration: 961}
	}
	s, err := in.OpenSegment(AppendFragment(nil, 1, 7, packets))
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range containertest.Rest(t, s) {
		if want := (int64(7+961*i)*96_000 + 45_000) / 90_000; int64(p.Time) != want {
			t.Fatalf("packet %d at %d, want %d", i, p.Time, want)
		}
	}
}

// TestCoarseTicks has a time scale that can't hold a packet's length: the packets follow each other all the
// same, but for a hole.
func TestCoarseTicks(t *testing.T) {
	head := AppendInit(nil, testFormat(), media.Trim{})
	at := bytes.Index(head, []byte("mdhd")) + 16
	binary.BigEndian.PutUint32(head[at:], 1000)
	in, err := ParseInit(head)
	if err != nil || in.Timescale != 1000 {
		t.Fatalf("%+v, %v", in, err)
	}
	var data []byte
	var want []media.Packet
	for n := range 20 {
		var some []media.Packet
		first := n * 5
		if n >= 10 {
			first += 7 // of which nothing is there
		}
		for i := first; i < first+5; i++ {
			ms := func(i int) media.Frames { return media.Frames(media.Rescale(int64(i)*4096, 96_000, 1000)) }
			some = append(some, media.Packet{Data: []byte{byte(i)}, Time: ms(i), Duration: ms(i+1) - ms(i)})
			want = append(want, media.Packet{Data: []byte{byte(i)}, Time: media.Frames(i) * 4096, Duration: 4096})
		}
		data = AppendFragment(data, uint32(n), some[0].Time, some)
	}
	s, err := in.OpenSegment(data)
	if err != nil {
		t.Fatal(err)
	}
	samePackets(t, containertest.Rest(t, s), want)
}

func TestRefused(t *testing.T) {
	good := AppendInit(nil, testFormat(), media.Trim{})
	swap := func(from, to string) []byte { return bytes.Replace(good, []byte(from), []byte(to), 1) }
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":       {nil, container.ErrFormat},
		"text":        {[]byte("#EXTM3U\n#EXT-X-VERSION:7\n"), container.ErrFormat},
		"no moov":     {swap("moov", "mooo"), container.ErrFormat},
		"no track":    {swap("trak", "trok"), container.ErrFormat},
		"video":       {swap("soun", "vide"), container.ErrUnsupported},
		"encrypted":   {swap("fLaC", "enca"), container.ErrUnsupported},
		"no dfLa":     {swap("dfLa", "dfLb"), container.ErrFormat},
		"no mdhd":     {swap("mdhd", "mdhe"), container.ErrFormat},
		"cut":         {good[:len(good)-3], container.ErrFormat},
		"huge box":    {append(slices.Clone(good), 0x7f, 0xff, 0xff, 0xff, 'f', 'r', 'e', 'e'), nil},
		"endless box": {[]byte{0, 0, 0, 1, 'm', 'o', 'o', 'v', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, container.ErrFormat},
		"empty boxes": {bytes.Repeat([]byte{0, 0, 0, 8, 'f', 'r', 'e', 'e'}, bmff.MaxBoxes+1), container.ErrLimit},
	} {
		if _, err := ParseInit(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestSegmentRefused(t *testing.T) {
	in := testInit(t, media.Trim{})
	fragment := func(edit func(moof []byte)) []byte {
		data := AppendFragment(nil, 1, 0, testPackets(6, 0))
		edit(data[bytes.Index(data, []byte("trun")):])
		return data
	}
	put := func(at int, v uint32) func([]byte) {
		return func(trun []byte) { binary.BigEndian.PutUint32(trun[at:], v) }
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":               {nil, container.ErrFormat},
		"init":                {AppendInit(nil, testFormat(), media.Trim{}), container.ErrFormat},
		"too many samples":    {fragment(put(8, 1<<31)), container.ErrLimit},
		"more than the box":   {fragment(put(8, 7)), container.ErrFormat},
		"data behind":         {fragment(put(12, 1<<20)), container.ErrFormat},
		"data in front":       {fragment(put(12, 1<<31)), container.ErrFormat},
		"sample too long":     {fragment(put(20, container.MaxPacketBytes+1)), container.ErrLimit},
		"sample past the end": {fragment(put(20, 1<<20)), container.ErrFormat},
		"encrypted": {func() []byte {
			w := &writer{}
			w.box("moof", func() {
				w.box("traf", func() {
					w.full("tfhd", 0, 0, func() { w.u32(1) })
					w.full("senc", 0, 0, func() { w.u32(0) })
				})
			})
			return w.b
		}(), container.ErrUnsupported},
		// Each run claims samples that cost the file nothing.
		"empty samples": {func() []byte {
			w := &writer{}
			w.box("moof", func() {
				w.box("traf", func() {
					w.full("tfhd", 0, 0, func() { w.u32(1) })
					for range 1000 {
						w.full("trun", 0, 0, func() { w.u32(container.MaxPackets) })
					}
				})
			})
			return w.b
		}(), container.ErrLimit},
	} {
		if _, err := in.OpenSegment(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzParseInit(f *testing.F) {
	f.Add(AppendInit(nil, testFormat(), media.Trim{}))
	f.Add(AppendInit(nil, testFormat(), media.Trim{Start: 1105, Length: 44_100}))
	segment := AppendFragment(nil, 1, 0, testPackets(3, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := ParseInit(data)
		if err != nil {
			for _, known := range []error{container.ErrFormat, container.ErrUnsupported, container.ErrLimit} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("error wraps none of the package container: %v", err)
		}
		if f := in.Info().Format; f.SampleRate <= 0 || f.Channels <= 0 || in.Timescale == 0 {
			t.Fatalf("%+v", in)
		}
		containertest.Exercise(t, opener(in), segment)
	})
}

func FuzzOpenSegment(f *testing.F) {
	in, err := ParseInit(AppendInit(nil, testFormat(), media.Trim{}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(AppendFragment(nil, 1, 1<<40, testPackets(3, 0)))
	f.Add(AppendFragment(AppendFragment(nil, 1, 0, testPackets(1, 0)), 2, 4096, testPackets(2, 4096)))
	f.Fuzz(func(t *testing.T, data []byte) { containertest.Exercise(t, opener(in), data) })
}

func BenchmarkOpenSegment(b *testing.B) {
	in := testInit(b, media.Trim{})
	data := AppendFragment(nil, 1, 0, testPackets(100, 0))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := in.OpenSegment(data); err != nil {
			b.Fatal(err)
		}
	}
}
