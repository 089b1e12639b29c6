package ogg

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/segue-audio/segue/player/container/containertest"
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

// stream writes one logical stream, as a muxer would.
type stream struct {
	out    []byte
	serial uint32
	seq    uint32
	lacing []byte
	body   []byte
	goesOn bool
}

// flush writes the page at hand.
func (s *stream) flush(granule int64, flags byte) {
	if s.goesOn {
		flags |= flagContinued
	}
	if s.seq == 0 {
		flags |= flagFirst
	}
	s.goesOn = len(s.lacing) > 0 && s.lacing[len(s.lacing)-1] == 255
	s.out = append(s.out, rawPage(flags, granule, s.serial, s.seq, s.lacing, s.body)...)
	s.seq++
	s.lacing, s.body = s.lacing[:0], s.body[:0]
}

func rawPage(flags byte, granule int64, serial, seq uint32, lacing, body []byte) []byte {
	p := append([]byte("OggS"), 0, flags)
	p = binary.LittleEndian.AppendUint64(p, uint64(granule))
	p = binary.LittleEndian.AppendUint32(p, serial)
	p = binary.LittleEndian.AppendUint32(p, seq)
	p = append(p, 0, 0, 0, 0, byte(len(lacing)))
	p = append(append(p, lacing...), body...)
	binary.LittleEndian.PutUint32(p[22:], slowCRC(p))
	return p
}

// slowCRC is the checksum bit by bit, to compare with.
func slowCRC(b []byte) (crc uint32) {
	for _, c := range b {
		crc ^= uint32(c) << 24
		for range 8 {
			top := crc >> 31
			crc <<= 1
			if top != 0 {
				crc ^= 0x04c1_1db7
			}
		}
	}
	return crc
}

// packet puts a packet on the page, which is flushed whenever it has most segments.
func (s *stream) packet(data []byte, most int, granuleSoFar int64) {
	rest := data
	for last := false; !last; {
		n := min(len(rest), 255)
		last = n < 255
		s.lacing = append(s.lacing, byte(n))
		s.body = append(s.body, rest[:n]...)
		rest = rest[n:]
		if !last && len(s.lacing) >= most {
			s.flush(granuleSoFar, 0)
		}
	}
}

// layout says how remux lays packets out.
type layout struct {
	serial   uint32
	headers  [][]byte
	perPage  int   // segments
	base     int64 // granule position of the first frame
	cut      int64 // frames cut at the end
	noEnd    bool  // the last page isn't marked
	headless bool  // leave out all but the first header
}

func (l layout) write(all []media.Packet) []byte {
	s := stream{serial: l.serial}
	for i, h := range l.headers {
		if i == 0 || !l.headless {
			s.packet(h, 255, noGranule)
			s.flush(0, 0)
		}
	}
	granule, ended := l.base, int64(noGranule)
	for i, p := range all {
		s.packet(p.Data, l.perPage, ended)
		granule += int64(p.Duration)
		ended = granule
		if i == len(all)-1 {
			flags := byte(flagLast)
			if l.noEnd {
				flags = 0
			}
			s.flush(granule-l.cut, flags)
		} else if len(s.lacing) >= l.perPage {
			s.flush(granule, 0)
			ended = noGranule
		}
	}
	return s.out
}

// headers gives a file's header packets.
func headers(t testing.TB, data []byte, count int) (out [][]byte) {
	t.Helper()
	s := source{}
	s.R, s.End = bytes.NewReader(data), int64(len(data))
	var held []byte
	for off := int64(0); len(out) < count; {
		p, err := s.next(off, s.End)
		if err != nil {
			t.Fatal(err)
		}
		off = p.end()
		body := p.body
		for _, n := range p.lacing {
			held = append(held, body[:n]...)
			if body = body[n:]; n < 255 && len(out) < count {
				out, held = append(out, held), nil
			}
		}
	}
	return out
}

// sample is one of the small files, taken apart to be put together otherwise.
type sample struct {
	name    string
	headers [][]byte
	packets []media.Packet
}

func samples(t testing.TB) (all []sample) {
	t.Helper()
	for _, c := range []struct {
		name    string
		headers int
	}{{"tone.opus", 2}, {"tone.ogg", 3}, {"tone.oga", 3}} {
		data := file(t, c.name)
		all = append(all, sample{c.name, headers(t, data, c.headers), packets(t, data)})
	}
	return all
}

// remux writes a sample with few segments on a page, so that packets go over pages.
func (s sample) remux(perPage int) []byte {
	return layout{serial: 99, headers: s.headers, perPage: perPage}.write(s.packets)
}

func same(a, b media.Packet) bool {
	return a.Time == b.Time && a.Duration == b.Duration && bytes.Equal(a.Data, b.Data)
}

func checkSame(t *testing.T, got, want []media.Packet) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d packets, want %d", len(got), len(want))
	}
	for i := range got {
		if !same(got[i], want[i]) {
			t.Fatalf("packet %d is (%d, %d, %d bytes), want (%d, %d, %d bytes)", i,
				got[i].Time, got[i].Duration, len(got[i].Data), want[i].Time, want[i].Duration, len(want[i].Data))
		}
	}
}

// short keeps so much of a sample as a suite needs that looks at every byte of it.
func (s sample) short() sample {
	s.packets = s.packets[:min(12, len(s.packets)/2)]
	return s
}

func TestSuite(t *testing.T) {
	for _, s := range samples(t) {
		for _, perPage := range []int{3, 17} {
			checkSame(t, packets(t, s.remux(perPage)), s.packets)
		}
		t.Run(s.name, func(t *testing.T) { containertest.Run(t, containertest.Opener(Open), s.short().remux(3)) })
		t.Run(s.name+" in order", func(t *testing.T) { containertest.InOrder(t, containertest.Opener(Open), s.remux(3), 8192) })
	}
}

func TestChecksum(t *testing.T) {
	data := file(t, "tone.oga")
	for _, n := range []int{0, 1, 7, 8, 9, 1000} {
		if got, want := crc32(0, data[:n]), slowCRC(data[:n]); got != want {
			t.Errorf("%d bytes: %08x, want %08x", n, got, want)
		}
	}
}

// repair makes every page's checksum right, so that what a fuzzer changes isn't turned away at the door.
func repair(data []byte) []byte {
	data = bytes.Clone(data)
	for off := 0; off+pageHeaderBytes <= len(data); {
		if string(data[off:off+4]) != "OggS" {
			off++
			continue
		}
		size := pageHeaderBytes + int(data[off+26])
		if off+size > len(data) {
			break
		}
		for _, n := range data[off+pageHeaderBytes : off+size] {
			size += int(n)
		}
		if off+size > len(data) {
			break
		}
		binary.LittleEndian.PutUint32(data[off+22:], checksum(data[off:off+size]))
		off += size
	}
	return data
}

func FuzzOpen(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(s.remux(4)[:1500])
		s.packets = s.packets[:6]
		f.Add(append(s.remux(3), layout{serial: 5, headers: s.headers, perPage: 9, base: 4000}.write(s.packets)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		containertest.Exercise(t, containertest.Opener(Open), data)
		containertest.Exercise(t, containertest.Opener(Open), repair(data))
	})
}
