package adts

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/internal/id3"
	"github.com/segue-audio/segue/player/media"
)

func file(t testing.TB, name string) []byte { return containertest.File(t, "testdata", name) }

func openBytes(t testing.TB, data []byte) *Demuxer {
	t.Helper()
	d, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func packets(t testing.TB, data []byte) []media.Packet {
	t.Helper()
	return containertest.Rest(t, openBytes(t, data))
}

// checkData wants packets of these bytes, one behind the other.
func checkData(t *testing.T, got []media.Packet, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d packets, want %d", len(got), len(want))
	}
	at := media.Frames(0)
	for i, p := range got {
		if !bytes.Equal(p.Data, want[i]) || p.Time != at {
			t.Fatalf("packet %d: %d bytes at %d, want %d at %d", i, len(p.Data), p.Time, len(want[i]), at)
		}
		at += p.Duration
	}
}

func dataOf(all []media.Packet) (out [][]byte) {
	for _, p := range all {
		out = append(out, p.Data)
	}
	return out
}

// frames writes packets as ADTS, some of them to a frame.
func frames(h header, perFrame int, blocks [][]byte) (out []byte) {
	for len(blocks) > 0 {
		n := min(perFrame, len(blocks))
		h.blocks = n
		var body, positions []byte
		for i, b := range blocks[:n] {
			if i > 0 && h.crc {
				positions = binary.BigEndian.AppendUint16(positions, uint16(len(body)))
			}
			body = append(body, b...)
			if h.crc && n > 1 {
				body = append(body, 0xcc, 0xcc)
			}
		}
		blocks = blocks[n:]
		if h.crc {
			positions = append(positions, 0xc5, 0xc5)
		}
		size := headerBytes + len(positions) + len(body)
		w := writer{}
		w.write(0x7ff8, 15)
		w.write(map[bool]int{true: 0, false: 1}[h.crc], 1)
		w.write(h.object-1, 2)
		w.write(h.rateIndex, 4)
		w.write(0, 1)
		w.write(h.configuration, 3)
		w.write(0, 4)
		w.write(size, 13)
		w.write(0x7ff, 11)
		w.write(n-1, 2)
		out = append(append(append(out, w.b...), positions...), body...)
	}
	return out
}

var lc = header{object: 2, rateIndex: 4, configuration: 2}

func crc(h header) header { h.crc = true; return h }

func tag(n int) []byte {
	return append([]byte{'I', 'D', '3', 4, 0, 0, 0, 0, byte(n >> 7), byte(n & 127)}, make([]byte, n)...)
}

func TestSuite(t *testing.T) {
	blocks := dataOf(packets(t, file(t, "tone.aac")))[:16]
	tail := append([]byte("TAG"), make([]byte, 125)...)
	for name, data := range map[string][]byte{
		"fdkaac":      file(t, "tone.aac"),
		"LOAS":        file(t, "tone.loas"),
		"crc":         frames(crc(lc), 1, blocks),
		"four blocks": frames(crc(lc), 4, blocks),
		"merged":      frames(lc, 3, blocks),
		"tagged":      bytes.Join([][]byte{tag(300), tag(77), file(t, "tone.aac"), tail}, nil),
		"rubbish":     append(bytes.Repeat([]byte("rubbish \xff\xf1"), 50), file(t, "tone.aac")...),
		"subframes":   latm{subframes: 3}.write(blocks),
		"version 1":   latm{version: 1, subframes: 2, every: 4}.write(blocks),
	} {
		t.Run(name, func(t *testing.T) { containertest.Run(t, containertest.Opener(Open), data) })
		lead := int64(4096)
		if name == "LOAS" || name == "rubbish" {
			lead = 8192 // which of the two kinds it is shows later
		}
		t.Run(name+" in order", func(t *testing.T) { containertest.InOrder(t, containertest.Opener(Open), data, lead) })
	}
	t.Run("segment", func(t *testing.T) {
		containertest.Run(t, containertest.SegmentOpener(OpenSegment), append(id3.AppendTimestamp(nil, 1234), file(t, "tone.aac")...))
	})
}

// TestLong is for what a file within one read doesn't show: refilling and the index.
func TestLong(t *testing.T) {
	data := bytes.Repeat(file(t, "tone.loas"), 8)
	if len(packets(t, data)) < 4*indexStep || len(data) < searchBytes {
		t.Fatal("not long enough to test the index")
	}
	containertest.Run(t, containertest.Opener(Open), data)
}

func TestParseHeader(t *testing.T) {
	for _, c := range []struct {
		b    string
		want header
		ok   bool
	}{
		{"\xff\xf1\x50\x80\x0b\x82\xd0", header{2, 4, 2, false, 92, 1}, true},
		{"\xff\xf0\x50\x80\x0b\x82\xd0", header{2, 4, 2, true, 92, 1}, true},
		{"\xff\xf9\x6c\x40\x20\x1f\xff", header{2, 11, 1, false, 256, 4}, true}, // MPEG-2
		{"\xff\xf1\xf0\x80\x0b\x82\xd0", header{4, 12, 2, false, 92, 1}, true},
		{"\xff\xf1\x74\x80\x0b\x82\xd0", header{}, false}, // rate 13
		{"\xff\xf3\x50\x80\x0b\x82\xd0", header{}, false}, // Layer III
		{"\xff\xe1\x50\x80\x0b\x82\xd0", header{}, false},
		{"\xff\xf1\x50\x80\x00\xe2\xd0", header{}, false}, // as long as its header
		{"\xff\xf1\x50\x80\x0b\x82", header{}, false},
	} {
		if h, ok := parseHeader([]byte(c.b)); ok != c.ok || ok && h != c.want {
			t.Errorf("% x: %+v, %v, want %+v", c.b, h, ok, c.want)
		}
	}
}

// TestBlocks has several raw_data_blocks in a frame: apart where the frame tells where they begin, else
// as one packet of their common duration.
func TestBlocks(t *testing.T) {
	blocks := dataOf(packets(t, file(t, "tone.aac")))
	for _, n := range []int{1, 2, 3, 4} {
		checkData(t, packets(t, frames(crc(lc), n, blocks)), blocks)
		var merged [][]byte
		for i := 0; i < len(blocks); i += n {
			merged = append(merged, bytes.Join(blocks[i:min(i+n, len(blocks))], nil))
		}
		got := packets(t, frames(lc, n, blocks))
		checkData(t, got, merged)
		if last := got[len(got)-1]; last.Time+last.Duration != media.Frames(len(blocks))*blockFrames {
			t.Errorf("%d blocks a frame: the end is at %d", n, last.Time+last.Duration)
		}
	}
	// A position that lies outside its frame costs the blocks of the frame.
	bad := frames(crc(lc), 2, blocks)
	bad[headerBytes] = 0xff
	got := packets(t, bad)
	if len(got) != len(blocks) || len(got[0].Data)+len(got[1].Data) != 0 || !bytes.Equal(got[2].Data, blocks[2]) {
		t.Errorf("%d packets, the second of %d bytes", len(got), len(got[1].Data))
	}
}

// TestProgram has the channels in a list at the start of the first block.
func TestProgram(t *testing.T) {
	list := program{tag: 3, object: 1, rateIndex: 4, mixdown: [3]int{5, -1, 6},
		elements: [3][]int{{0, 16}, nil, {17}}, lfe: []int{2}, data: []int{1}, coupling: []int{16}, comment: []byte("hi")}
	w := writer{}
	w.write(elementProgram, 3)
	list.append(&w)
	// The list in a block is aligned to the block, three bits behind where it begins.
	inBlock := writer{}
	inBlock.write(elementProgram, 3)
	unaligned := bits{b: w.b, pos: 3}
	for unaligned.pos < 8*len(w.b)-8*(len(list.comment)+1) {
		inBlock.write(unaligned.read(1), 1)
	}
	block := append(inBlock.b, byte(len(list.comment)))
	block = append(append(block, list.comment...), 0xe0)
	h := lc
	h.configuration = 0
	d := openBytes(t, frames(h, 1, [][]byte{block, block, block, block, block}))
	if f := d.Info().Format; f.Channels != 6 || f.SampleRate != 44_100 {
		t.Fatalf("%+v", f)
	}
	r := bits{b: d.Info().Format.Config}
	c, known, err := readConfig(&r)
	if err != nil || !known || c.channels != 6 || c.rate != 44_100 || c.object != 2 || r.pos != 8*len(r.b) {
		t.Errorf("%+v, %v, %v, %d bits of %d", c, known, err, r.pos, 8*len(r.b))
	}
	r = bits{b: d.Info().Format.Config, pos: 16}
	if p, ok := readProgram(&r, 0); !ok || string(p.comment) != "hi" || p.tag != 3 || p.mixdown != list.mixdown || p.coupling[0] != 16 {
		t.Errorf("list %+v", p)
	}
	none := frames(h, 1, dataOf(packets(t, file(t, "tone.aac"))))
	if _, err := Open(bytes.NewReader(none), int64(len(none))); !errors.Is(err, container.ErrUnsupported) {
		t.Errorf("no list: %v", err)
	}
}

// TestDamage puts rubbish between frames and takes bytes away: the other frames stay.
func TestDamage(t *testing.T) {
	for _, name := range []string{"tone.aac", "tone.loas"} {
		data := file(t, name)
		want := dataOf(packets(t, data))
		d := openBytes(t, data)
		c := cursor{pos: d.first}
		for range 9 {
			if _, err := d.step(&c); err != nil {
				t.Fatal(err)
			}
		}
		head, tail := data[:c.pos], data[c.pos:]
		rubbish := bytes.Repeat([]byte("no music\xff\xf1\x56\xe0"), 9000)
		for what, data := range map[string][]byte{
			"rubbish between frames": bytes.Join([][]byte{head, rubbish, tail}, nil),
			"rubbish at the end":     bytes.Join([][]byte{head, tail, rubbish}, nil),
			"tag between frames":     bytes.Join([][]byte{head, tag(9000), tail}, nil),
		} {
			t.Run(name+": "+what, func(t *testing.T) { checkData(t, packets(t, data), want) })
		}
		checkData(t, packets(t, append(bytes.Clone(head), tail[7:]...)), append(want[:9:9], want[10:]...))
		checkData(t, packets(t, data[:len(data)-1]), want[:len(want)-1])
		endless := bytes.Join([][]byte{head, make([]byte, container.MaxResyncBytes+searchBytes), tail}, nil)
		if _, err := containertest.Drain(openBytes(t, endless)); !errors.Is(err, container.ErrLimit) {
			t.Errorf("endless rubbish gives %v", err)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":      {nil, container.ErrFormat},
		"text":       {[]byte(strings.Repeat("This is a text file.\n", 500)), container.ErrFormat},
		"many tags":  {append(bytes.Repeat(tag(10), 17), file(t, "tone.aac")...), container.ErrLimit},
		"tag to end": {tag(100), container.ErrFormat},
	} {
		if _, err := Open(bytes.NewReader(c.data), int64(len(c.data))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := OpenSegment(tag(100)[:50]); !errors.Is(err, container.ErrFormat) {
		t.Errorf("segment cut in its tag: %v", err)
	}
}

func TestTimestamp(t *testing.T) {
	for _, ticks := range []int64{0, 900_000, 1<<33 - 1} {
		s, err := OpenSegment(append(id3.AppendTimestamp(nil, ticks), file(t, "tone.aac")...))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := s.Timestamp(); !ok || got != ticks {
			t.Errorf("timestamp %d, %v, want %d", got, ok, ticks)
		}
	}
	s, err := OpenSegment(file(t, "tone.aac"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Timestamp(); ok {
		t.Error("a timestamp without a tag")
	}
}

func TestScan(t *testing.T) {
	for _, name := range []string{"tone.aac", "tone.loas"} {
		data := bytes.Repeat(file(t, name), 3)
		d := openBytes(t, data)
		all := packets(t, data)
		if d.Duration() != 0 {
			t.Errorf("%s: a duration before the end was seen", name)
		}
		if err := d.Scan(); err != nil || d.Duration() != media.Frames(len(all))*blockFrames {
			t.Errorf("%s: duration %d of %d packets, %v", name, d.Duration(), len(all), err)
		}
		var p media.Packet
		if err := d.Next(&p); err != nil || p.Time != 0 {
			t.Errorf("%s: Scan moved: time %d, %v", name, p.Time, err)
		}
	}
}

// TestIndex fills the index over its bound.
func TestIndex(t *testing.T) {
	var x index
	const n = maxIndex * indexStep * 3
	for i := range int64(n) {
		x.note(cursor{pos: i * 10, n: i})
	}
	if len(x.entries) > maxIndex || x.step < 2*indexStep {
		t.Fatalf("%d entries %d apart", len(x.entries), x.step)
	}
	for _, want := range []int64{0, 1, x.step - 1, x.step, n / 3, n - 1} {
		c, ok := x.before(want)
		if !ok || c.n > want || c.n+2*x.step < want || c.pos != 10*c.n {
			t.Errorf("before %d: %+v, %v", want, c, ok)
		}
	}
	if _, ok := x.before(-1); ok {
		t.Error("an entry before the first")
	}
}

// TestAllocations walks over the same frames again and again.
func TestAllocations(t *testing.T) {
	for _, data := range [][]byte{file(t, "tone.aac"), file(t, "tone.loas"),
		latm{subframes: 2}.write(dataOf(packets(t, file(t, "tone.aac"))))} {
		d := openBytes(t, data)
		var p media.Packet
		round := func() {
			if err := d.Seek(0); err != nil {
				t.Fatal(err)
			}
			for d.Next(&p) == nil {
			}
		}
		round()
		if n := testing.AllocsPerRun(5, round); n > 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func FuzzOpen(f *testing.F) {
	blocks := dataOf(packets(f, file(f, "tone.aac")))[:6]
	f.Add(frames(crc(lc), 3, blocks))
	f.Add(frames(lc, 1, blocks))
	f.Add(latm{subframes: 2}.write(blocks))
	f.Add(latm{version: 1, subframes: 1, every: 2}.write(blocks))
	f.Fuzz(func(t *testing.T, data []byte) { containertest.Exercise(t, containertest.Opener(Open), data) })
}

func FuzzOpenSegment(f *testing.F) {
	f.Add(append(id3.AppendTimestamp(nil, 90_000), file(f, "tone.aac")[:500]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		containertest.Exercise(t, containertest.SegmentOpener(OpenSegment), data)
	})
}

// TestITunSMPB has the trim in a comment of a tag in front, as iTunes writes it.
func TestITunSMPB(t *testing.T) {
	comment := "\x00engiTunSMPB\x00 00000000 00000840 00000100 0000000000000300 00000000"
	frame := binary.BigEndian.AppendUint32([]byte("COMM"), uint32(len(comment)))
	frame = append(append(frame, 0, 0), comment...)
	tag := append([]byte("ID3\x03\x00\x00\x00\x00\x00"), byte(len(frame)))
	data := append(append(tag, frame...), file(t, "tone.aac")...)
	d := openBytes(t, data)
	if want := (media.Trim{Start: 2112, Length: 768}); d.Info().Trim != want || d.Duration() != 768 {
		t.Errorf("trim %+v, duration %d, want %+v", d.Info().Trim, d.Duration(), want)
	}
	containertest.Rest(t, d)
	if d.Duration() != 768 {
		t.Errorf("duration %d at the end", d.Duration())
	}
}
