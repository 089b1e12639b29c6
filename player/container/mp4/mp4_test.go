package mp4

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/media"
)

// samePackets compares what a demuxer gave with what was muxed.
func samePackets(t *testing.T, got, want []media.Packet) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d packets, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].Time != want[i].Time || got[i].Duration != want[i].Duration || !bytes.Equal(got[i].Data, want[i].Data) {
			t.Fatalf("packet %d is (%d, %d, %x), want (%d, %d, %x)", i, got[i].Time, got[i].Duration,
				got[i].Data, want[i].Time, want[i].Duration, want[i].Data)
		}
	}
}

// layouts are the ways to store one stream.
func layouts() map[string]muxer {
	all := map[string]muxer{"moov behind": aac(40)}
	first := aac(40)
	first.moovFirst, first.wide, first.cover = true, true, 30
	all["moov in front, co64"] = first
	for _, bits := range []int{4, 8, 16} {
		m := aac(41)
		m.sizes, m.quicktime = bits, bits == 8
		all[fmt.Sprintf("sizes of %d bits", bits)] = m
	}
	one := aac(30)
	one.perChunk = []int{30}
	all["one chunk"] = one
	each := aac(30)
	each.perChunk, each.tracks = []int{1}, []string{"vide", "off "}
	all["a chunk for each, behind other tracks"] = each
	fixed := aac(30)
	for i := range fixed.packets {
		fixed.packets[i].Data = bytes.Repeat([]byte{byte(i)}, 9)
	}
	fixed.fixed = true
	all["one size"] = fixed
	return all
}

func TestLayouts(t *testing.T) {
	for name, m := range layouts() {
		t.Run(name, func(t *testing.T) {
			d, got := containertest.Packets(t, Open, m.bytes())
			samePackets(t, got, m.packets)
			if f := d.Info().Format; !f.SameDecoder(media.Format{Codec: media.CodecAAC, SampleRate: 44_100, Channels: 2, Config: []byte{0x12, 0x10}}) {
				t.Errorf("format %+v", f)
			}
			if n := media.Frames(1024*(len(m.packets)-2) + 500); d.Duration() != n || d.Info().Trim.Length != n {
				t.Errorf("duration %d, trim %+v, want %d", d.Duration(), d.Info().Trim, n)
			}
		})
	}
}

// fragmented is a whole file of fragments, with what finds them where index is set.
func fragmented(m muxer, trim media.Trim, origin media.Frames) []byte {
	format := media.Format{Codec: media.CodecFLAC, SampleRate: 44_100, Channels: 2, BitDepth: 16, Config: make([]byte, 34)}
	copy(format.Config[10:], []byte{0x0a, 0xc4, 0x42, 0xf0})
	file := fmp4.AppendInit(nil, format, trim)
	for i, n := 0, uint32(1); i < len(m.packets); n++ {
		k := min(3+i%4, len(m.packets)-i)
		file = fmp4.AppendFragment(file, n, origin+m.packets[i].Time, m.packets[i:i+k])
		i += k
	}
	return file
}

func TestFragmented(t *testing.T) {
	m := aac(50)
	for name, c := range map[string]struct {
		trim   media.Trim
		origin media.Frames
	}{"plain": {}, "joined late": {origin: 1 << 40}, "an edit list": {trim: media.Trim{Start: 1105}}} {
		d, got := containertest.Packets(t, Open, fragmented(m, c.trim, c.origin))
		samePackets(t, got, m.packets)
		if d.Info().Trim != c.trim {
			t.Errorf("%s: trim %+v", name, d.Info().Trim)
		}
	}
}

// partly is a file whose first packets stand in moov and whose others in fragments.
func partly(m muxer, first int) []byte {
	head := m
	head.packets, head.grows = m.packets[:first], true
	file := head.bytes()
	for i, n := first, uint32(1); i < len(m.packets); n++ {
		k := min(3, len(m.packets)-i)
		file = fmp4.AppendFragment(file, n, m.packets[i].Time, m.packets[i:i+k])
		i += k
	}
	return file
}

func TestPartlyFragmented(t *testing.T) {
	for _, first := range []int{1, 7, 39} {
		m := aac(40)
		_, got := containertest.Packets(t, Open, partly(m, first))
		samePackets(t, got, m.packets)
	}
	m := aac(14)
	containertest.Run(t, containertest.Opener(Open), partly(m, 6))
	long := aac(120) // longer than the pre-roll
	d, _ := containertest.Packets(t, Open, partly(long, 50))
	for _, want := range []int{0, 49, 50, 51, 60, 80, 83, 119} {
		if err := d.Seek(long.packets[want].Time); err != nil {
			t.Fatal(err)
		}
		samePackets(t, containertest.Rest(t, d), long.packets[max(0, want-32):])
	}
}

// TestCoarseTicks has time scales that can't hold a packet's length, as sources of video have them: what comes
// out of the decoder counts.
func TestCoarseTicks(t *testing.T) {
	for _, scale := range []int64{90_000, 48_000, 1000, 600} {
		m := aac(200)
		m.timescale = uint32(scale)
		want := slices.Clone(m.packets)
		for i := range m.packets {
			p := &m.packets[i]
			from, to := media.Rescale(int64(p.Time), 44_100, scale), media.Rescale(int64(p.Time+1024), 44_100, scale)
			p.Duration = media.Frames(to - from)
			want[i].Duration = 1024
		}
		d, got := containertest.Packets(t, Open, m.bytes())
		samePackets(t, got, want)
		for _, i := range []int{199, 100, 3} {
			if err := d.Seek(want[i].Time); err != nil {
				t.Fatal(err)
			}
			samePackets(t, containertest.Rest(t, d), want[max(0, i-32):])
		}
	}
}

// TestPCMIsGrouped has a sample for each frame, and packets of thousands.
func TestPCMIsGrouped(t *testing.T) {
	m := muxer{format: media.Format{Codec: media.CodecPCM, SampleRate: 8000, Channels: 2, BitDepth: 16}, timescale: 8000, movie: 600,
		perChunk: []int{9000, 5000}, fixed: true}
	for i := range 30_000 {
		m.packets = append(m.packets, media.Packet{Data: []byte{byte(i), byte(i >> 8), 1, byte(i >> 16)}, Duration: 1})
	}
	data := m.bytes()
	d, got := containertest.Packets(t, Open, data)
	at := media.Frames(0)
	for _, p := range got {
		if p.Time != at || p.Duration > 4096 || len(p.Data) != 4*int(p.Duration) || p.Data[0] != byte(at) || p.Data[1] != byte(at>>8) {
			t.Fatalf("packet of %d frames at %d, want %d", p.Duration, p.Time, at)
		}
		at += p.Duration
	}
	if at != 30_000 || len(got) > 12 {
		t.Errorf("%d frames in %d packets", at, len(got))
	}
	for _, to := range []media.Frames{0, 1, 4095, 4096, 8999, 9000, 9001, 13_999, 14_000, 29_999} {
		if err := d.Seek(to); err != nil {
			t.Fatal(err)
		}
		var p media.Packet
		if err := d.Next(&p); err != nil || p.Time > to || p.Time+p.Duration <= to || p.Data[0] != byte(p.Time) {
			t.Errorf("Seek(%d) gives %d frames at %d, %v", to, p.Duration, p.Time, err)
		}
	}
}

// TestTrim weighs edit lists and iTunSMPB against each other.
func TestTrim(t *testing.T) {
	const end = 39*1024 + 500
	smpb := func(delay, padding, length int) string {
		return fmt.Sprintf(" 00000000 %08X %08X %016X 0 0", delay, padding, length)
	}
	tick := media.Frames(45) // frames in a tick of 1000 a second, rounded up
	for name, c := range map[string]struct {
		movie uint32
		edits [][2]int64 // media time, duration in ticks of the movie
		smpb  string
		want  media.Trim
	}{
		"nothing":                          {1000, nil, "", media.Trim{Start: 1024, Length: end - 1024}}, // the first packet is nobody's music
		"ffmpeg: milliseconds":             {1000, [][2]int64{{1024, 894}}, "", media.Trim{Start: 1024, Length: end - 1024}},
		"an edit of everything":            {44_100, [][2]int64{{0, end}}, "", media.Trim{Length: end}},
		"exact edit":                       {44_100, [][2]int64{{2048, 30_001}}, "", media.Trim{Start: 2048, Length: 30_001}},
		"an empty edit in front":           {44_100, [][2]int64{{0xffff_ffff, 50}, {2048, 30_001}}, "", media.Trim{Start: 2048, Length: 30_001}},
		"two edits that continue":          {44_100, [][2]int64{{2048, 10_000}, {12_048, 5_000}}, "", media.Trim{Start: 2048, Length: 15_000}},
		"two edits with a hole":            {44_100, [][2]int64{{2048, 10_000}, {22_048, 5_000}}, "", media.Trim{Start: 2048, Length: 10_000}},
		"an edit of no length":             {44_100, [][2]int64{{2048, 0}}, "", media.Trim{Start: 2048, Length: end - 2048}},
		"an edit past the end":             {44_100, [][2]int64{{2048, 90_000}}, "", media.Trim{Start: 2048, Length: end - 2048}},
		"the comment":                      {1000, nil, smpb(2112, end-2112-33_333, 33_333), media.Trim{Start: 2112, Length: 33_333}},
		"a comment of another file":        {1000, nil, smpb(2112, 7, 33_333), media.Trim{Start: 1024, Length: end - 1024}},
		"the comment at half the rate":     {1000, nil, smpb(1024, end/2-1024-16_000, 16_000), media.Trim{Start: 2048, Length: 32_000}},
		"an edit of all, and the comment":  {1000, [][2]int64{{0, 917}}, smpb(2112, end-2112-33_333, 33_333), media.Trim{Start: 2112, Length: 33_333}},
		"a coarse edit, and the comment":   {1000, [][2]int64{{2112, 756}}, smpb(2112, end-2112-33_333, 33_333), media.Trim{Start: 2112, Length: 33_333}},
		"a cut later, and the old comment": {1000, [][2]int64{{10_000, 500}}, smpb(2112, end-2112-33_333, 33_333), media.Trim{Start: 10_000, Length: 22_050}},
	} {
		t.Run(name, func(t *testing.T) {
			m := aac(40)
			m.movie, m.edits, m.smpb, m.roll = c.movie, c.edits, c.smpb, -1
			d, _ := containertest.Packets(t, Open, m.bytes())
			if got := d.Info().Trim; got != c.want {
				t.Errorf("%+v, want %+v (a tick is %d)", got, c.want, tick)
			}
		})
	}
}

func TestPrerollOfTheFile(t *testing.T) {
	m := aac(40)
	m.roll = -100
	d, _ := containertest.Packets(t, Open, m.bytes())
	if got := d.Info().Preroll; got != 100*2048 {
		t.Errorf("%d", got)
	}
}

func TestSuite(t *testing.T) {
	short := aac(12)
	short.perChunk = []int{3, 2}
	t.Run("behind", func(t *testing.T) { containertest.Run(t, containertest.Opener(Open), short.bytes()) })
	short.moovFirst, short.sizes = true, 8
	t.Run("front", func(t *testing.T) { containertest.Run(t, containertest.Opener(Open), short.bytes()) })
	t.Run("fragments", func(t *testing.T) {
		containertest.Run(t, containertest.Opener(Open), fragmented(aac(14), media.Trim{}, 0))
	})
}

// TestLongFile: a day of packets takes no more memory than its windows, and a seek few reads.
func TestLongFile(t *testing.T) {
	m := aac(0)
	m.moovFirst, m.perChunk = true, []int{40}
	const hours = 10
	for i := range hours * 3600 * 44_100 / 1024 {
		m.packets = append(m.packets, media.Packet{Data: []byte{byte(i), byte(i >> 8), byte(i >> 16)}, Time: media.Frames(i * 1024), Duration: 1024})
	}
	data := m.bytes()
	r := &containertest.Counting{R: bytes.NewReader(data)}
	d, err := Open(r, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Bytes > 1<<20 {
		t.Errorf("opening reads %d bytes", r.Bytes)
	}
	for _, i := range []int{0, 1_500_000, 3, 777_777} {
		r.Bytes, r.Reads = 0, 0
		if err := d.Seek(media.Frames(i*1024) + d.Info().Preroll); err != nil {
			t.Fatal(err)
		}
		var p media.Packet
		if err := d.Next(&p); err != nil || int(p.Time) != i*1024 || p.Data[0] != byte(i) || p.Data[2] != byte(i>>16) {
			t.Fatalf("packet %d: time %d, %v", i, p.Time/1024, err)
		}
		if r.Reads > 8 || r.Bytes > 1<<19 {
			t.Errorf("a seek to packet %d takes %d reads of %d bytes", i, r.Reads, r.Bytes)
		}
	}
	if n := testing.AllocsPerRun(1000, func() {
		var p media.Packet
		if err := d.Next(&p); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("a packet allocates %v times", n)
	}
}

func TestRefused(t *testing.T) {
	good := aac(10)
	none := aac(10)
	none.format.Codec = media.CodecPCM
	claim := func(kind string, at int, v byte) []byte {
		data := good.bytes()
		data[bytes.Index(data, []byte(kind))+at] = v
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":                {nil, container.ErrFormat},
		"no moov":              {good.bytes()[:60], container.ErrFormat},
		"too many sizes":       {claim("stsz", 12, 1), container.ErrFormat},
		"a billion samples":    {claim("stsz", 8, 1), container.ErrFormat},
		"too many chunks":      {claim("stco", 8, 1), container.ErrFormat},
		"another description":  {claim("stsc", 23, 2), container.ErrUnsupported},
		"video alone":          {bytes.ReplaceAll(good.bytes(), []byte("soun"), []byte("vide")), container.ErrUnsupported},
		"encrypted":            {bytes.ReplaceAll(good.bytes(), []byte("mp4a"), []byte("enca")), container.ErrUnsupported},
		"no sizes":             {bytes.ReplaceAll(good.bytes(), []byte("stsz"), []byte("xtsz")), container.ErrFormat},
		"a table of no length": {bytes.ReplaceAll(good.bytes(), []byte("stts\x00\x00\x00\x00\x00\x00\x00\x02"), []byte("stts\x00\x00\x00\x00\xff\xff\xff\xff")), container.ErrFormat},
	} {
		if _, err := Open(bytes.NewReader(c.data), int64(len(c.data))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, m := range layouts() {
		f.Add(m.bytes())
	}
	f.Add(fragmented(aac(14), media.Trim{Start: 3}, 0))
	f.Fuzz(func(t *testing.T, data []byte) { containertest.Exercise(t, containertest.Opener(Open), data) })
}
