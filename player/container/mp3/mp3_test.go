package mp3

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// tone is 30,870 frames of synthetic stereo at 44.1 kHz, coded by LAME 3.100 at 96 kbps; lowrate is
// half a second of it, mono, at 22.05 kHz and 32 kbps.
func tone(t testing.TB) []byte { return file(t, "tone.mp3") }

func file(t testing.TB, name string) []byte { return containertest.File(t, "testdata", name) }

func packets(t testing.TB, data []byte) (*Demuxer, []media.Packet) {
	t.Helper()
	return containertest.Packets(t, Open, data)
}

func joined(all []media.Packet) (b []byte) {
	for _, p := range all {
		b = append(b, p.Data...)
	}
	return b
}

func tag(body int) []byte {
	b := append([]byte("ID3\x04\x00\x00"), byte(body>>21&127), byte(body>>14&127), byte(body>>7&127), byte(body&127))
	return append(b, bytes.Repeat([]byte{0xff, 0xfb, 0x90, 0x64}, body/4+1)[:body]...) // tempting
}

func apeTag(body []byte) []byte {
	b := append([]byte("APETAGEX"), 0xd0, 7, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)+32))
	b = append(b, make([]byte, 16)...)
	return append(bytes.Clone(body), b...)
}

func TestSuite(t *testing.T) {
	_, all := packets(t, tone(t))
	frames := joined(all)
	v1 := append([]byte("TAG"), make([]byte, 125)...)
	for name, data := range map[string][]byte{
		"lame":    tone(t),
		"lowrate": file(t, "tone-lowrate.mp3"),
		"tagged":  bytes.Join([][]byte{tag(300), tag(77), tone(t), apeTag(make([]byte, 400)), v1}, nil),
		"rubbish": append(bytes.Repeat([]byte("rubbish \xff\xfb"), 50), frames...),
		"bare":    frames,
	} {
		t.Run(name, func(t *testing.T) { containertest.Run(t, containertest.Opener(Open), data) })
		t.Run(name+" in order", func(t *testing.T) { containertest.InOrder(t, containertest.Opener(Open), data, 6000) })
	}
	t.Run("segment", func(t *testing.T) {
		containertest.Run(t, containertest.SegmentOpener(OpenSegment), append(AppendTimestampTag(nil, 1234), frames...))
	})
}

// TestTempting has APE tags with what looks like frames in them, behind the music and, where none should be, in
// front of it, behind an ID3 tag.
func TestTempting(t *testing.T) {
	first, want := packets(t, tone(t))
	head := append(append([]byte("APETAGEX"), 0xd0, 7, 0, 0), binary.LittleEndian.AppendUint32(nil, 400+32)...)
	head = append(append(head, 1, 0, 0, 0, 0, 0, 0, 0xa0), make([]byte, 8)...)
	foot := apeTag(bytes.Repeat([]byte{0xff, 0xfb, 0x90, 0x64}, 100))
	for where, data := range map[string][]byte{
		"in front": bytes.Join([][]byte{tag(30), head, foot, tone(t)}, nil), "behind": append(tone(t), foot...),
	} {
		d, got := packets(t, data)
		if len(got) != len(want) || !bytes.Equal(got[0].Data, want[0].Data) || d.Info().Trim != first.Info().Trim {
			t.Errorf("%s: %d packets, want %d; %+v", where, len(got), len(want), d.Info())
		}
	}
}

// TestLong is for what a file within one read doesn't show: refilling and the sparse index.
func TestLong(t *testing.T) {
	_, all := packets(t, tone(t))
	data := bytes.Repeat(joined(all), 12)
	if len(all)*12 < 4*indexStep || len(data) < 2*searchBytes {
		t.Fatal("not long enough to test the index")
	}
	containertest.Run(t, containertest.Opener(Open), data)
}

func TestParseHeader(t *testing.T) {
	for _, c := range []struct {
		b    []byte
		want Header
		err  error
	}{
		{b: []byte{0xff, 0xfb, 0x90, 0x64}, want: Header{1, 44_100, 2, 128_000, 417, 1152, false, false, 1, false}},
		{b: []byte{0xff, 0xfb, 0x92, 0x64}, want: Header{1, 44_100, 2, 128_000, 418, 1152, false, true, 1, false}},
		{b: []byte{0xff, 0xfa, 0xe4, 0x00}, want: Header{1, 48_000, 2, 320_000, 960, 1152, true, false, 0, false}},
		{b: []byte{0xff, 0xfb, 0xea, 0x00}, want: Header{1, 32_000, 2, 320_000, 1441, 1152, false, true, 0, false}},
		{b: []byte{0xff, 0xf3, 0x84, 0xc0}, want: Header{2, 24_000, 1, 64_000, 192, 576, false, false, 3, false}},
		{b: []byte{0xff, 0xf3, 0x82, 0xc0}, want: Header{2, 22_050, 1, 64_000, 209, 576, false, true, 3, false}},
		{b: []byte{0xff, 0xe3, 0x18, 0xc4}, want: Header{25, 8000, 1, 8000, 72, 576, false, false, 3, false}},
		{b: []byte{0xff, 0xfb, 0x00, 0x64}, err: container.ErrUnsupported}, // free format
		{b: []byte{0xff, 0xfd, 0x90, 0x64}, err: container.ErrUnsupported}, // Layer II
		{b: []byte{0xff, 0xff, 0x90, 0x64}, err: container.ErrUnsupported}, // Layer I
		{b: []byte{0xff, 0xf9, 0x90, 0x64}, err: container.ErrFormat},      // reserved layer (AAC in ADTS)
		{b: []byte{0xff, 0xeb, 0x90, 0x64}, err: container.ErrFormat},      // reserved version
		{b: []byte{0xff, 0xfb, 0xf0, 0x64}, err: container.ErrFormat},      // bitrate 15
		{b: []byte{0xff, 0xfb, 0x9c, 0x64}, err: container.ErrFormat},      // sample rate 3
		{b: []byte{0xff, 0xfb, 0x90, 0x66}, err: container.ErrFormat},      // emphasis 2
		{b: []byte{0xff, 0xfb, 0x90}, err: container.ErrFormat},
		{b: []byte("ID3\x04"), err: container.ErrFormat},
	} {
		got, err := ParseHeader(c.b)
		if !errors.Is(err, c.err) || c.err == nil && got != c.want {
			t.Errorf("% x: %+v, %v, want %+v, %v", c.b, got, err, c.want, c.err)
		}
	}
}

func TestLAMEHeader(t *testing.T) {
	d, all := packets(t, tone(t))
	if want := (media.Trim{Start: 576 + 529, Length: 30_870}); d.Info().Trim != want {
		t.Errorf("trim %+v, want %+v", d.Info().Trim, want)
	}
	if d.Duration() != 30_870 || d.Info().Preroll != 9*1152 {
		t.Errorf("duration %d, pre-roll %d", d.Duration(), d.Info().Preroll)
	}
	if all[0].Time != 0 || bytes.Contains(all[0].Data, []byte("LAME3.100\x01")) {
		t.Error("the Info frame is given as audio")
	}
	// Without the count of frames, only the start is known until the end was seen.
	data := bytes.Clone(tone(t))
	at := bytes.Index(data, []byte("Info"))
	data[at+7] &^= 1
	data = append(data[:at+8], append(data[at+12:at+4+36+120], append([]byte{0, 0, 0, 0}, data[at+4+36+120:]...)...)...)
	d, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if want := (media.Trim{Start: 576 + 529}); d.Info().Trim != want || d.Duration() != 0 {
		t.Errorf("trim %+v, want %+v; duration %d", d.Info().Trim, want, d.Duration())
	}
	if err := d.Scan(); err != nil {
		t.Fatal(err)
	}
	if want := media.Frames(len(all))*1152 - 1105; d.Duration() != want {
		t.Errorf("duration %d after Scan, want %d", d.Duration(), want)
	}
	var p media.Packet
	if err := d.Next(&p); err != nil || p.Time != 0 {
		t.Errorf("Scan moved: time %d, %v", p.Time, err)
	}
}

// TestDamage puts rubbish between frames and takes bytes away: the other frames stay.
func TestDamage(t *testing.T) {
	_, all := packets(t, tone(t))
	head, tail := joined(all[:9]), joined(all[9:])
	rubbish := bytes.Repeat([]byte("no music\xff\xfb\x10"), 9000)
	for name, c := range map[string]struct {
		data []byte
		want int
	}{
		"rubbish between frames": {bytes.Join([][]byte{head, rubbish, tail}, nil), len(all)},
		"rubbish at the end":     {bytes.Join([][]byte{head, tail, rubbish}, nil), len(all)},
		"tag between frames":     {bytes.Join([][]byte{head, tag(90_000), tail}, nil), len(all)},
		"bytes missing":          {append(bytes.Clone(head), tail[7:]...), len(all) - 1},
		"cut last frame":         {append(bytes.Clone(head), tail[:len(tail)-1]...), len(all) - 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := packets(t, c.data)
			if len(got) != c.want {
				t.Fatalf("%d packets, want %d", len(got), c.want)
			}
			for i, p := range got {
				want := all[i+len(all)-c.want]
				if i < 9 || name == "cut last frame" {
					want = all[i]
				}
				if !bytes.Equal(p.Data, want.Data) || p.Time != media.Frames(i)*1152 {
					t.Fatalf("packet %d differs", i)
				}
			}
		})
	}
	endless := bytes.Join([][]byte{head, make([]byte, container.MaxResyncBytes+searchBytes), tail}, nil)
	d, err := Open(bytes.NewReader(endless), int64(len(endless)))
	for p := (media.Packet{}); err == nil; err = d.Next(&p) {
	}
	if !errors.Is(err, container.ErrLimit) {
		t.Errorf("endless rubbish gives %v", err)
	}
}

func TestRefused(t *testing.T) {
	layer2 := bytes.Repeat(append([]byte{0xff, 0xfd, 0x90, 0x64}, make([]byte, 413)...), 4)
	huge := append([]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f"), tone(t)...)
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":       {nil, container.ErrFormat},
		"text":        {[]byte(strings.Repeat("This is a text file.\n", 500)), container.ErrFormat},
		"Layer II":    {layer2, container.ErrUnsupported},
		"huge tag":    {huge, container.ErrLimit},
		"many tags":   {append(bytes.Repeat(tag(10), 17), tone(t)...), container.ErrLimit},
		"tag to end":  {tag(100), container.ErrFormat},
		"cut in tag":  {tag(100)[:50], container.ErrFormat},
		"one byte ff": {[]byte{0xff}, container.ErrFormat},
	} {
		if _, err := Open(bytes.NewReader(c.data), int64(len(c.data))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestTimestampTag(t *testing.T) {
	want := "ID3\x04\x00\x00\x00\x00\x00\x3f" + "PRIV\x00\x00\x00\x35\x00\x00" +
		"com.apple.streaming.transportStreamTimestamp\x00" + "\x00\x00\x00\x01\x02\x03\x04\x05"
	if got := string(AppendTimestampTag(nil, 0x1_0203_0405)); got != want {
		t.Errorf("tag is %q, want %q", got, want)
	}
	_, all := packets(t, tone(t))
	frames := joined(all)
	for _, ticks := range []int64{0, 1, 90_000, 1<<33 - 1, 1 << 33, 1<<33 + 5} {
		s, err := OpenSegment(append(AppendTimestampTag(nil, ticks), frames...))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := s.Timestamp(); !ok || got != ticks%(1<<33) {
			t.Errorf("timestamp %d, %v, want %d", got, ok, ticks%(1<<33))
		}
	}
	// Version 2.3 counts sizes plainly; a title frame longer than 127 bytes shows the difference.
	title := append([]byte("TIT2\x00\x00\x00\xc8\x00\x00"), make([]byte, 200)...)
	priv := []byte(want[10:])
	body := append(title, priv...)
	old := append([]byte{'I', 'D', '3', 3, 0, 0, 0, 0, byte(len(body) >> 7), byte(len(body) & 127)}, body...)
	s, err := OpenSegment(append(old, frames...))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := s.Timestamp(); !ok || got != 0x1_0203_0405 {
		t.Errorf("ID3v2.3: timestamp %d, %v", got, ok)
	}
	if s, err = OpenSegment(frames); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Timestamp(); ok {
		t.Error("a timestamp without a tag")
	}
}

// TestTimestampForOthers has ffmpeg play a playlist of one segment and tell its times.
func TestTimestampForOthers(t *testing.T) {
	_, all := packets(t, tone(t))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.mp3"), append(AppendTimestampTag(nil, 900_000), joined(all)...), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "list.m3u8")
	list := "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.75,\na.mp3\n#EXT-X-ENDLIST\n"
	if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	out := string(containertest.Tool(t, "ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path))
	times := strings.Fields(strings.ReplaceAll(out, ",", " "))
	if len(times) != len(all) {
		t.Fatalf("ffprobe sees %d packets, want %d", len(times), len(all))
	}
	for i, s := range times {
		at, err := strconv.ParseFloat(s, 64)
		if want := 10 + float64(i*1152)/44_100; err != nil || math.Abs(at-want) > 0.0001 {
			t.Fatalf("ffprobe sees packet %d at %s, want %.6f", i, s, want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(tone(f))
	f.Add(append(tag(20), tone(f)[:900]...))
	f.Add(append(tone(f)[:2000], apeTag(make([]byte, 30))...))
	f.Fuzz(func(t *testing.T, data []byte) { containertest.Exercise(t, containertest.Opener(Open), data) })
}

func FuzzOpenSegment(f *testing.F) {
	f.Add(append(AppendTimestampTag(nil, 90_000), tone(f)[:1500]...))
	f.Add(tone(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		containertest.Exercise(t, containertest.SegmentOpener(OpenSegment), data)
		if s, err := OpenSegment(data); err == nil {
			if ticks, ok := s.Timestamp(); ticks < 0 || ticks >= 1<<33 || !ok && ticks != 0 {
				t.Fatalf("timestamp %d, %v", ticks, ok)
			}
		}
	})
}

func FuzzParseHeader(f *testing.F) {
	f.Add([]byte{0xff, 0xfb, 0x90, 0x64})
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ParseHeader(data)
		if err == nil && (h.FrameBytes < 24 || h.FrameBytes > maxFrameBytes || h.SampleRate < 8000) {
			t.Fatalf("%+v", h)
		}
	})
}

func BenchmarkNext(b *testing.B) {
	data := bytes.Repeat(tone(b), 100)
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

// TestITunSMPB has the trim in a comment of a tag in front, as iTunes writes it in place of LAME's header.
func TestITunSMPB(t *testing.T) {
	_, all := packets(t, tone(t))
	comment := "\x00engiTunSMPB\x00 00000000 00000210 00000A2C 0000000000001000 00000000"
	frame := binary.BigEndian.AppendUint32([]byte("COMM"), uint32(len(comment)))
	frame = append(append(frame, 0, 0), comment...)
	tag := append([]byte("ID3\x03\x00\x00\x00\x00\x00"), byte(len(frame)))
	tag = append(tag, frame...)
	d, _ := packets(t, append(bytes.Clone(tag), joined(all)...))
	if want := (media.Trim{Start: 528 + 529, Length: 4096}); d.Info().Trim != want || d.Duration() != 4096 {
		t.Errorf("trim %+v, duration %d, want %+v", d.Info().Trim, d.Duration(), want)
	}
	d, _ = packets(t, append(bytes.Clone(tag), tone(t)...))
	if want := (media.Trim{Start: 576 + 529, Length: 30_870}); d.Info().Trim != want {
		t.Errorf("beside LAME's header: trim %+v, want %+v", d.Info().Trim, want)
	}
}
