package ogg

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// pagesOf splits a file of pages.
func pagesOf(t *testing.T, data []byte) (pages [][]byte) {
	t.Helper()
	s := source{}
	s.R, s.End = bytes.NewReader(data), int64(len(data))
	for off := int64(0); off < s.End; {
		p, ok, err := s.at(off)
		if err != nil || !ok {
			t.Fatalf("no page at %d: %v", off, err)
		}
		pages = append(pages, data[p.off:p.end()])
		off = p.end()
	}
	return pages
}

func end(all []media.Packet) media.Frames {
	last := all[len(all)-1]
	return last.Time + last.Duration
}

// TestLostPages takes pages away: the others' packets stay at their times, and packets without data
// hold the place of the lost ones.
func TestLostPages(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			pages := pagesOf(t, s.remux(4))
			from := len(s.headers) + 3
			for _, lost := range []int{1, 2, 5} {
				if from+lost+3 > len(pages) {
					continue
				}
				damaged := bytes.Clone(bytes.Join(pages[from:from+lost], nil))
				damaged[40] ^= 1
				if lost > 1 {
					damaged = damaged[:50]
				}
				data := bytes.Join([][]byte{bytes.Join(pages[:from], nil), damaged, bytes.Join(pages[from+lost:], nil)}, nil)
				checkLost(t, packets(t, data), s.packets)
			}
		})
	}
}

// checkLost wants got to be want with packets lost, and no others.
func checkLost(t *testing.T, got, want []media.Packet) {
	t.Helper()
	at, found, holes := media.Frames(0), 0, media.Frames(0)
	byTime := map[media.Frames]media.Packet{}
	for _, p := range want {
		if p.Duration > 0 {
			byTime[p.Time+p.Duration] = p
		}
	}
	for i, p := range got {
		if p.Time != at {
			t.Fatalf("packet %d: time %d, the one before ends at %d", i, p.Time, at)
		}
		at += p.Duration
		if p.Data == nil {
			holes += p.Duration
		} else if w := byTime[at]; p.Duration > 0 {
			if !bytes.Equal(w.Data, p.Data) {
				t.Fatalf("packet %d, to %d, isn't the one that was there", i, at)
			}
			found++
		}
	}
	if at != end(want) || found == len(byTime) || found < len(byTime)/2 || holes == 0 {
		t.Fatalf("ends at %d, want %d; %d packets of %d, %d frames lost", at, end(want), found, len(byTime), holes)
	}
}

// TestRubbish puts what is no page between pages: nothing is lost.
func TestRubbish(t *testing.T) {
	rubbish := bytes.Repeat([]byte("OggS\x00\x00no music OggS"), 300)
	for _, s := range samples(t) {
		pages := pagesOf(t, s.remux(5))
		for _, at := range []int{1, len(s.headers), len(pages) - 1, len(pages)} {
			data := bytes.Join([][]byte{bytes.Join(pages[:at], nil), rubbish, bytes.Join(pages[at:], nil)}, nil)
			checkSame(t, packets(t, data), s.packets)
		}
		endless := bytes.Join([][]byte{bytes.Join(pages[:5], nil), make([]byte, container.MaxResyncBytes+2*searchBytes), bytes.Join(pages[5:], nil)}, nil)
		if _, err := containertest.Drain(openBytes(t, endless)); !errors.Is(err, container.ErrLimit) {
			t.Errorf("endless rubbish gives %v", err)
		}
	}
}

// TestGranules is for streams whose positions don't count from zero to the very end.
func TestGranules(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			l := layout{serial: 99, headers: s.headers, perPage: 9}
			skip, all := openBytes(t, l.write(s.packets)).Info().Trim.Start, end(s.packets)
			for _, c := range []struct {
				name string
				edit func(*layout)
				want media.Trim
			}{
				{"plain", func(*layout) {}, media.Trim{Start: skip, Length: all - skip}},
				{"live", func(l *layout) { l.base = 1 << 40 }, media.Trim{Start: skip, Length: all - skip}},
				{"cut end", func(l *layout) { l.cut = 77 }, media.Trim{Start: skip, Length: all - skip - 77}},
				{"no end", func(l *layout) { l.noEnd = true }, media.Trim{Start: skip, Length: all - skip}},
				{"one page", func(l *layout) { l.perPage, l.cut = 255, 50 }, media.Trim{Start: skip, Length: all - skip - 50}},
			} {
				l := l
				c.edit(&l)
				d := openBytes(t, l.write(s.packets))
				got, err := containertest.Drain(d)
				if err != io.EOF || d.Info().Trim != c.want {
					t.Errorf("%s: trim %+v, want %+v; %v", c.name, d.Info().Trim, c.want, err)
				}
				checkSame(t, got, s.packets)
			}
		})
	}
	// A Vorbis stream that was cut within its first page tells so by a position that is too low.
	s := samples(t)[1]
	d := openBytes(t, layout{serial: 9, headers: s.headers, perPage: 9, base: -100}.write(s.packets))
	if want := (media.Trim{Start: 100, Length: end(s.packets) - 100}); d.Info().Trim != want {
		t.Errorf("trim %+v, want %+v", d.Info().Trim, want)
	}
}

// TestRounded has positions as a muxer writes them that was given milliseconds.
func TestRounded(t *testing.T) {
	for _, s := range samples(t) {
		pages := pagesOf(t, s.remux(4))
		for i, p := range pages {
			if i > len(s.headers) && i < len(pages)-1 {
				p[6] ^= byte(i*7) & 31
			}
		}
		checkSame(t, packets(t, repair(bytes.Join(pages, nil))), s.packets)
	}
}

// TestMissingHeaders leaves out those that nobody needs.
func TestMissingHeaders(t *testing.T) {
	for _, s := range samples(t) {
		data := layout{serial: 3, headers: s.headers, perPage: 7, headless: true}.write(s.packets)
		d, err := Open(bytes.NewReader(data), int64(len(data)))
		if s.name == "tone.ogg" { // a Vorbis decoder needs its setup
			if !errors.Is(err, container.ErrFormat) {
				t.Errorf("%s: %v", s.name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got, _ := containertest.Drain(d)
		checkSame(t, got, s.packets)
	}
}

// multiplex puts pages of other streams between those of one: before it, behind, and unknown ones.
func multiplex(t *testing.T, data []byte) []byte {
	skeleton := [][]byte{rawPage(flagFirst, 0, 7, 0, []byte{10}, []byte("fishead\x00\x00\x00")), rawPage(flagLast, 0, 7, 1, []byte{0}, nil)}
	pages := pagesOf(t, data)
	mixed := [][]byte{skeleton[0], pages[0], rawPage(flagFirst, 0, 8, 0, []byte{7}, []byte("\x80theora")), pages[1], skeleton[1]}
	for i, p := range pages[2:] {
		mixed = append(mixed, p, rawPage(0, int64(i), 8, uint32(i)+1, []byte{200}, make([]byte, 200)))
	}
	return bytes.Join(mixed, nil)
}

func TestMultiplexed(t *testing.T) {
	all := samples(t)
	for _, s := range all {
		checkSame(t, packets(t, multiplex(t, s.remux(6))), s.packets)
	}
	containertest.Run(t, containertest.Opener(Open), multiplex(t, all[0].short().remux(6)))
}

func TestRefused(t *testing.T) {
	one := func(packet string) []byte {
		s := stream{serial: 1}
		s.packet([]byte(packet), 255, 0)
		s.flush(0, 0)
		s.packet([]byte("more"), 255, 0)
		s.flush(0, flagLast)
		return s.out
	}
	head := "OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00"
	var many []byte
	for i := range uint32(maxStreams + 1) {
		many = append(many, rawPage(flagFirst, 0, i, 0, []byte{7}, []byte("\x80theora"))...)
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":              {nil, container.ErrFormat},
		"text":               {[]byte("This is a text file."), container.ErrFormat},
		"Speex":              {one("Speex   1.2"), container.ErrUnsupported},
		"old FLAC":           {one("fLaC"), container.ErrUnsupported},
		"FLAC version 2":     {one("\x7fFLAC\x02\x00\x00\x01fLaC\x00\x00\x00\x22" + string(make([]byte, 34))), container.ErrUnsupported},
		"FLAC without rate":  {one("\x7fFLAC\x01\x00\x00\x01fLaC\x00\x00\x00\x22" + string(make([]byte, 34))), container.ErrFormat},
		"unknown":            {one("what is this?"), container.ErrUnsupported},
		"Opus version 16":    {one("OpusHead\x10" + head[9:]), container.ErrUnsupported},
		"Opus cut":           {one(head[:18]), container.ErrFormat},
		"Opus no channels":   {one("OpusHead\x01\x00" + head[10:]), container.ErrFormat},
		"Opus no table":      {one(head[:18] + "\x01"), container.ErrFormat},
		"Vorbis cut":         {one("\x01vorbis\x00\x00\x00\x00"), container.ErrFormat},
		"Vorbis block sizes": {one("\x01vorbis\x00\x00\x00\x00\x02\x44\xac\x00\x00" + string(make([]byte, 12)) + "\xe4\x01"), container.ErrFormat},
		"no first page":      {file(t, "tone.opus")[47:], container.ErrFormat},
		"too many streams":   {many, container.ErrLimit},
		"headers alone":      {file(t, "tone.ogg")[:58], container.ErrFormat},
	} {
		if _, err := Open(bytes.NewReader(c.data), int64(len(c.data))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestEndlessPacket has a packet that goes on and on: it is lost, the others aren't.
func TestEndlessPacket(t *testing.T) {
	s := samples(t)[2]
	want := bytes.Clone(s.packets[6].Data)
	for _, more := range []int{container.MaxPacketBytes, container.MaxPacketBytes + 200_000} {
		s.packets[6].Data = append(want[:len(want):len(want)], make([]byte, more)...)
		got := packets(t, s.remux(255))
		if len(got) != len(s.packets) || got[6].Data != nil || got[6].Duration != s.packets[6].Duration || !same(got[7], s.packets[7]) {
			t.Errorf("%d bytes more: packet of %d bytes for %d frames", more, len(got[6].Data), got[6].Duration)
		}
	}
}

// TestAllocations walks over the same pages again and again.
func TestAllocations(t *testing.T) {
	for _, s := range samples(t) {
		d := openBytes(t, s.remux(5))
		var p media.Packet
		round := func() {
			if err := d.Seek(0); err != nil {
				t.Fatal(err)
			}
			for d.Next(&p) == nil {
			}
		}
		round()
		round()
		if n := testing.AllocsPerRun(5, round); n > 0 {
			t.Errorf("%s: %v allocations", s.name, n)
		}
	}
}
