package flac

import (
	"bytes"
	"errors"
	"math"
	"os"
	"testing"

	mewkiz "github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

const testBlock = 192

// encode makes a FLAC file of mono 16-bit frames; the last one is short.
func encode(t testing.TB, frames int) []byte {
	t.Helper()
	var buf bytes.Buffer
	info := &meta.StreamInfo{BlockSizeMin: testBlock, BlockSizeMax: testBlock, SampleRate: 44_100, NChannels: 1,
		BitsPerSample: 16, NSamples: uint64(frames*testBlock - 50)}
	enc, err := mewkiz.NewEncoder(&buf, info)
	if err != nil {
		t.Fatal(err)
	}
	for i := range frames {
		samples := make([]int32, testBlock)
		if i == frames-1 {
			samples = samples[:testBlock-50]
		}
		for k := range samples {
			samples[k] = int32(9000*math.Sin(float64(i*testBlock+k)/17)) + int32(i*k*7919%61)
		}
		f := &frame.Frame{
			Header: frame.Header{HasFixedBlockSize: true, BlockSize: uint16(len(samples)), SampleRate: 44_100,
				Channels: frame.ChannelsMono, BitsPerSample: 16},
			Subframes: []*frame.Subframe{{SubHeader: frame.SubHeader{Pred: frame.PredFixed, Order: 2,
				RiceSubframe: &frame.RiceSubframe{Partitions: []frame.RicePartition{{Param: 7}}}},
				Samples: samples, NSamples: len(samples)}},
		}
		if err := enc.WriteFrame(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := enc.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func packets(t testing.TB, data []byte) (*Demuxer, []media.Packet) {
	t.Helper()
	return containertest.Packets(t, Open, data)
}

// headLength is where the frames of encode's files start: fLaC, STREAMINFO.
func headLength(t testing.TB, data []byte) int {
	t.Helper()
	d, _ := packets(t, data)
	return int(d.first)
}

func TestSuite(t *testing.T) {
	data := encode(t, 14)
	id3 := append([]byte("ID3\x04\x00\x00\x00\x00\x01\x00"), make([]byte, 128)...)
	for name, data := range map[string][]byte{
		"plain": data,
		"id3":   append(id3, data...),
	} {
		t.Run(name, func(t *testing.T) { containertest.Run(t, containertest.Opener(Open), data) })
		t.Run(name+" in order", func(t *testing.T) { containertest.InOrder(t, containertest.Opener(Open), data, 20000) })
	}
}

// TestLong is for what one read doesn't show: refilling, and halving in Seek.
func TestLong(t *testing.T) {
	data := encode(t, 1400)
	if len(data) < 4*walkBytes {
		t.Fatalf("%d bytes are not enough to halve", len(data))
	}
	containertest.Run(t, containertest.Opener(Open), data)
}

func TestFirst(t *testing.T) {
	data := encode(t, 14)
	d, all := packets(t, data)
	if len(all) != 14 || d.Info().Trim.Length != 14*testBlock-50 || d.Info().Preroll != 0 {
		t.Fatalf("%d packets, %+v", len(all), d.Info())
	}
	if !bytes.Equal(d.Info().Format.Config, data[8:8+StreamInfoBytes]) {
		t.Error("Config isn't STREAMINFO")
	}
	var joined []byte
	for i, p := range all {
		if p.Time != media.Frames(i*testBlock) {
			t.Errorf("packet %d at %d", i, p.Time)
		}
		joined = append(joined, p.Data...)
	}
	if !bytes.Equal(joined, data[d.first:]) {
		t.Error("the packets together aren't the frames of the file")
	}
	if si := d.StreamInfo(); si.MaxBlock != testBlock || si.SampleRate != 44_100 || si.Channels != 1 ||
		si.BitDepth != 16 || si.Samples != 14*testBlock-50 {
		t.Errorf("%+v", si)
	}
}

// TestDamage breaks frames in ways that hide their ends, and wants every other frame given, at its
// time, with no hole in time.
func TestDamage(t *testing.T) {
	data := encode(t, 40)
	d, all := packets(t, data)
	offset := func(i int) int { // of packet i
		at := int(d.first)
		for _, p := range all[:i] {
			at += len(p.Data)
		}
		return at
	}
	change := func(fn func(b []byte) []byte) []byte { return fn(bytes.Clone(data)) }
	for _, c := range []struct {
		name     string
		data     []byte
		from, to int // packets that may be lost
	}{
		{"a bit in a frame", change(func(b []byte) []byte { b[offset(7)+40] ^= 4; return b }), 7, 8},
		{"a header", change(func(b []byte) []byte { b[offset(7)+2] ^= 0x10; return b }), 7, 8},
		{"the second header", change(func(b []byte) []byte { b[offset(1)+2] ^= 0x10; return b }), 1, 2},
		{"a header where there is none", change(func(b []byte) []byte {
			copy(b[offset(7)+20:], b[offset(30):offset(30)+9]) // with a number that comes later
			b[offset(7)+1] = 0
			b[offset(8)+1] = 0
			return b
		}), 7, 9},
		{"a later one's header", change(func(b []byte) []byte { copy(b[offset(7):], b[offset(30):offset(30)+6]); return b }), 7, 8},
		{"an earlier one's header", change(func(b []byte) []byte { copy(b[offset(7):], b[offset(3):offset(3)+6]); return b }), 7, 8},
		{"a checksum", change(func(b []byte) []byte { b[offset(8)-1] ^= 1; return b }), 7, 8},
		{"the first header", change(func(b []byte) []byte { b[offset(0)+1] = 0; return b }), 0, 1},
		{"the last frame", change(func(b []byte) []byte { b[offset(39)+20] ^= 1; return b }), 39, 40},
		{"three frames", change(func(b []byte) []byte { clear(b[offset(7)+3 : offset(9)+9]); return b }), 7, 10},
		{"bytes missing", change(func(b []byte) []byte { return append(b[:offset(7)+9], b[offset(9)+5:]...) }), 7, 10},
		{"bytes put in", change(func(b []byte) []byte {
			return append(b[:offset(7):offset(7)], append(bytes.Repeat([]byte{0xff, 0xf8}, 5000), data[offset(7):]...)...)
		}), 7, 7},
		{"a tag at the end", append(bytes.Clone(data), bytes.Repeat([]byte("TAG"), 40)...), 40, 40},
		{"a tag behind damage", change(func(b []byte) []byte {
			b[offset(38)+20] ^= 1
			return append(b, bytes.Repeat([]byte("TAG"), 40)...) // zeros would leave the checksum right
		}), 38, 39},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := packets(t, c.data)
			at := media.Frames(0)
			sound := map[media.Frames][]byte{}
			for _, p := range got {
				if p.Time != at {
					t.Fatalf("packet at %d, the one before ends at %d", p.Time, at)
				}
				at += p.Duration
				sound[p.Time] = p.Data
			}
			if at != all[39].Time+all[39].Duration {
				t.Fatalf("the last packet ends at %d", at)
			}
			for i, p := range all {
				// Rubbish behind a frame is left to its decoder.
				if (i < c.from || i >= c.to) && !bytes.HasPrefix(sound[p.Time], p.Data) {
					t.Errorf("frame %d is lost", i)
				}
			}
		})
	}
}

// TestLongGap loses more time than one packet can stand for.
func TestLongGap(t *testing.T) {
	data := encode(t, 1400)
	d, all := packets(t, data)
	from, to := int(d.first), int(d.first)
	for i, p := range all[:900] {
		if to += len(p.Data); i < 400 {
			from = to
		}
	}
	clear(data[from:to])
	_, got := packets(t, data)
	at, lost := media.Frames(0), media.Frames(0)
	for _, p := range got {
		if p.Time != at || p.Duration > maxBlock {
			t.Fatalf("packet at %d of %d, the one before ends at %d", p.Time, p.Duration, at)
		}
		if at += p.Duration; len(p.Data) == 0 {
			lost += p.Duration
		}
	}
	if lost != 500*testBlock || at != 1400*testBlock-50 {
		t.Errorf("%d frames lost of %d, want %d of %d", lost, at, 500*testBlock, 1400*testBlock-50)
	}
}

// TestHeaderWithin has a frame whose samples spell the header of another one, checksum and all.
func TestHeaderWithin(t *testing.T) {
	header := func(number byte) []byte {
		b := []byte{0xff, 0xf8, 0x19, 0x08, number} // 192 frames at 44.1 kHz, mono, 16 bits
		return append(b, crc8(b))
	}
	var data []byte
	for i := range byte(12) {
		f := append(header(i), 0x02) // stored plainly
		for k := range 192 {
			f = append(f, byte(k), i)
		}
		copy(f[30:], header(i+40))
		copy(f[99:], header(i)) // one that would go backwards
		crc := crc16(0, f)
		data = append(data, append(f, byte(crc>>8), byte(crc))...)
	}
	_, all := packets(t, data)
	if len(all) != 12 {
		t.Fatalf("%d packets, want 12", len(all))
	}
	for i, p := range all {
		if len(p.Data) != len(data)/12 || p.Time != media.Frames(i)*192 {
			t.Fatalf("packet %d: %d bytes at %d", i, len(p.Data), p.Time)
		}
	}
}

// TestHeadless reads frames without fLaC and STREAMINFO, from the middle of a stream.
func TestHeadless(t *testing.T) {
	data := encode(t, 40)
	_, all := packets(t, data)
	cut := headLength(t, data)
	for _, p := range all[:10] {
		cut += len(p.Data)
	}
	d, got := packets(t, append([]byte("rubbish"), data[cut:]...))
	if len(got) != 30 || got[0].Time != 0 || !bytes.Equal(got[0].Data, all[10].Data) {
		t.Fatalf("%d packets, the first at %d", len(got), got[0].Time)
	}
	si, err := ParseStreamInfo(d.Info().Format.Config)
	if err != nil || si.SampleRate != 44_100 || si.Channels != 1 || si.BitDepth != 16 {
		t.Errorf("made up %+v, %v", si, err)
	}
	if err := d.Seek(25 * testBlock); err != nil {
		t.Fatal(err)
	}
	var p media.Packet
	if err := d.Next(&p); err != nil || !bytes.Equal(p.Data, all[35].Data) {
		t.Errorf("Seek: packet at %d, %v", p.Time, err)
	}
}

// TestSeekTable makes tables that are right, wrong and absurd: where Seek lands doesn't change.
func TestSeekTable(t *testing.T) {
	data := encode(t, 1400)
	d, all := packets(t, data)
	point := func(sample, offset uint64) []byte {
		b := make([]byte, seekPointBytes)
		for i := range 8 {
			b[i], b[8+i] = byte(sample>>(56-8*i)), byte(offset>>(56-8*i))
		}
		return b
	}
	right, wrong, absurd := []byte{}, []byte{}, []byte{}
	at := uint64(0)
	for i, p := range all {
		if i%100 == 0 {
			right = append(right, point(uint64(p.Time), at)...)
			wrong = append(wrong, point(uint64(p.Time)+testBlock, at+uint64(i%7))...)
			absurd = append(absurd, point(math.MaxUint64-uint64(i), math.MaxUint64-uint64(i))...)
		}
		at += uint64(len(p.Data))
	}
	for name, table := range map[string][]byte{"right": right, "wrong": wrong, "absurd": absurd} {
		b := bytes.Clone(data[:d.first])
		b[4] &= 0x7f // STREAMINFO isn't the last block any more
		b = append(b[:8+StreamInfoBytes], 0x80|blockSeekTable, byte(len(table)>>16), byte(len(table)>>8), byte(len(table)))
		b = append(append(b, table...), data[d.first:]...)
		s, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		if len(s.meta.seeks) == 0 && name != "absurd" {
			t.Fatal("the table isn't read")
		}
		for i := 0; i < len(all); i += 37 {
			if err := s.Seek(all[i].Time + 5); err != nil {
				t.Fatal(err)
			}
			var p media.Packet
			if err := s.Next(&p); err != nil || p.Time != all[i].Time || !bytes.Equal(p.Data, all[i].Data) {
				t.Fatalf("%s: Seek(%d) lands at %d, %v", name, all[i].Time+5, p.Time, err)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for name, data := range map[string][]byte{
		"empty":     nil,
		"magic":     []byte("fLaC"),
		"text":      bytes.Repeat([]byte("not music\n"), 1000),
		"no frames": encode(t, 2)[:42],
	} {
		if _, err := Open(bytes.NewReader(data), int64(len(data))); !errors.Is(err, container.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := append([]byte("fLaC"), bytes.Repeat([]byte{1, 0, 0, 0}, maxBlocks+1)...)
	if _, err := Open(bytes.NewReader(many), int64(len(many))); !errors.Is(err, container.ErrLimit) {
		t.Errorf("endless metadata: %v", err)
	}
}

// TestHostile feeds headers that all claim the longest frame and never end, behind one frame that is
// sound in its checksums: the work is bounded.
func TestHostile(t *testing.T) {
	header := []byte{0xff, 0xf8, 0x79, 0x7e, 0, 0xff, 0xfe}
	header = append(header, crc8(header))
	if h, err := ParseFrameHeader(header, StreamInfo{}); err != nil || most(h) != container.MaxPacketBytes {
		t.Fatalf("%+v, %v", h, err)
	}
	crc := crc16(0, header)
	data := append(bytes.Clone(header), byte(crc>>8), byte(crc))
	// So many that from none of them on the checksum comes out right by chance.
	count, sum := 0, crc16(0, header)
	for sum != 0 {
		count, sum = count+1, crc16(sum, header)
	}
	if count*count/2*len(header) < 8*maxWaste {
		t.Fatalf("%d headers are too few", count)
	}
	data = append(data, bytes.Repeat(header, count)...)
	d, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; err == nil; n++ {
		if n > 10 {
			t.Fatal("packets of nothing")
		}
		err = d.Next(new(media.Packet))
	}
	if !errors.Is(err, container.ErrLimit) {
		t.Error(err)
	}
	if d.s.wasted > maxWaste+container.MaxPacketBytes {
		t.Errorf("%d bytes searched in vain", d.s.wasted)
	}
}

func TestParseFrameHeader(t *testing.T) {
	si := StreamInfo{MinBlock: 4096, MaxBlock: 4096, SampleRate: 35_467, BitDepth: 15}
	for _, c := range []struct {
		b    []byte
		want FrameHeader
	}{
		{[]byte{0xff, 0xf8, 0xc9, 0x18, 0x00}, FrameHeader{false, 0, 0, 4096, 44_100, 2, 16, 6}},
		{[]byte{0xff, 0xf8, 0xc9, 0xa8, 0x05}, FrameHeader{false, 5, 5 * 4096, 4096, 44_100, 2, 16, 6}},
		{[]byte{0xff, 0xf8, 0xc0, 0x00, 0xc2, 0x80}, FrameHeader{false, 128, 128 * 4096, 4096, 35_467, 1, 15, 7}},
		{[]byte{0xff, 0xf9, 0x6c, 0x7c, 0xf0, 0x90, 0x80, 0x80, 0x0f, 0x60}, FrameHeader{true, 65_536, 65_536, 16, 96_000, 8, 24, 11}},
		{[]byte{0xff, 0xf8, 0x7e, 0x3e, 0x01, 0x11, 0x67, 0x34, 0x8f}, FrameHeader{false, 1, 4096, 4456, 134_550, 4, 32, 10}},
	} {
		sum := byte(0)
		for crc8(append(c.b[:len(c.b):len(c.b)], sum)) != 0 {
			sum++
		}
		got, err := ParseFrameHeader(append(c.b, sum), si)
		if err != nil || got != c.want {
			t.Errorf("% x: %+v, %v, want %+v", c.b, got, err, c.want)
		}
		if _, err := ParseFrameHeader(append(c.b[:len(c.b):len(c.b)], sum^1), si); !errors.Is(err, container.ErrFormat) {
			t.Errorf("% x with a wrong checksum: %v", c.b, err)
		}
	}
}

// TestOldNumbering reads numbers that count samples under a bit that says they count frames.
func TestOldNumbering(t *testing.T) {
	old := numbering{nominal: 4096, variable: true}
	if got := old.sample(FrameHeader{Number: 4608}); got != 4608 {
		t.Errorf("sample %d", got)
	}
	data := encode(t, 30)
	d, all := packets(t, data)
	out := bytes.Clone(data[:d.first])
	for _, p := range all {
		f := bytes.Clone(p.Data)
		n := p.Time
		h, err := ParseFrameHeader(f, d.StreamInfo())
		if err != nil {
			t.Fatal(err)
		}
		number := []byte{byte(n)}
		if n >= 0x80 {
			number = []byte{0xc0 | byte(n>>6), 0x80 | byte(n&63)}
		}
		if n >= 0x800 {
			number = []byte{0xe0 | byte(n>>12), 0x80 | byte(n>>6&63), 0x80 | byte(n&63)}
		}
		head := append(bytes.Clone(f[:4]), number...)
		head = append(head, f[5:h.Bytes-1]...) // numbers below 128 take a byte in the file
		head = append(head, 0)
		head[len(head)-1] = crc8(head[:len(head)-1])
		body := append(head, f[h.Bytes:len(f)-2]...)
		crc := crc16(0, body)
		out = append(append(out, body...), byte(crc>>8), byte(crc))
	}
	_, got := packets(t, out)
	if len(got) != len(all) {
		t.Fatalf("%d packets, want %d", len(got), len(all))
	}
	for i := range got {
		if got[i].Time != all[i].Time {
			t.Fatalf("packet %d at %d, want %d", i, got[i].Time, all[i].Time)
		}
	}
	containertest.Run(t, containertest.Opener(Open), out)
}

func TestCRC16(t *testing.T) {
	if got := crc16(0, []byte("123456789")); got != 0xfee8 { // the check value of CRC-16/UMTS
		t.Errorf("%#x", got)
	}
	if got := crc8([]byte("123456789")); got != 0xf4 { // of CRC-8/SMBUS
		t.Errorf("%#x", got)
	}
}

// TestCorpusSeeks moves about in real files and wants the packets of sequential reading.
func TestCorpusSeeks(t *testing.T) {
	for _, path := range containertest.Corpus(t, "media3/flac/bear*.flac") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d, all := packets(t, data)
		for i := range all {
			k := (i*11 + 5) % len(all)
			if err := d.Seek(all[k].Time + all[k].Duration - 1); err != nil {
				t.Fatal(err)
			}
			var p media.Packet
			if err := d.Next(&p); err != nil || p.Time != all[k].Time || !bytes.Equal(p.Data, all[k].Data) {
				t.Fatalf("%s: Seek to packet %d: %d, %v", path, k, p.Time, err)
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	data := encode(f, 6)
	f.Add(data)
	f.Add(data[42:])
	f.Add(append([]byte("ID3\x04\x00\x00\x00\x00\x00\x04abcd"), data...))
	f.Fuzz(func(t *testing.T, data []byte) { containertest.Exercise(t, containertest.Opener(Open), data) })
}

func FuzzParseFrameHeader(f *testing.F) {
	f.Add(encode(f, 1)[42:])
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ParseFrameHeader(data, StreamInfo{SampleRate: 1, BitDepth: 8})
		if err == nil && (h.BlockSize < 1 || h.BlockSize > maxBlock || h.Channels < 1 || h.Channels > 8 || h.Bytes > maxHeaderBytes || h.Sample < 0) {
			t.Fatalf("%+v", h)
		}
	})
}

func FuzzParseStreamInfo(f *testing.F) {
	f.Add(encode(f, 1)[8:42])
	f.Fuzz(func(t *testing.T, data []byte) {
		if si, err := ParseStreamInfo(data); err == nil && !bytes.Equal(si.appendTo(nil), data[:StreamInfoBytes]) {
			t.Fatalf("%+v writes other bytes than it was read from", si)
		}
	})
}

func BenchmarkNext(b *testing.B) {
	data := encode(b, 4000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		d, err := Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			b.Fatal(err)
		}
		for p := (media.Packet{}); err == nil; err = d.Next(&p) {
		}
	}
}
