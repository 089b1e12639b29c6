package ts

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// check compares packets with frames: what, from, so many.
func check(t *testing.T, what string, got []media.Packet, want [][]byte, from media.Frames) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d packets, want %d", what, len(got), len(want))
		return
	}
	for i, p := range got {
		if p.Time != from+media.Frames(i)*1024 || p.Duration != 1024 || !bytes.Equal(p.Data, want[i][7:]) {
			t.Errorf("%s: packet %d: time %d (want %d), duration %d, %d bytes (want %d)", what, i, p.Time, from+media.Frames(i)*1024,
				p.Duration, len(p.Data), len(want[i])-7)
			return
		}
	}
}

func TestSuite(t *testing.T) {
	for name, data := range map[string][]byte{
		"one frame a PES packet": simple(frames(12), 1, 126_000),
		"several":                simple(frames(17), 5, 0),
	} {
		t.Run(name, func(t *testing.T) { containertest.Run(t, containertest.Opener(Open), data) })
		t.Run(name+", as a segment", func(t *testing.T) { containertest.Run(t, containertest.SegmentOpener(OpenSegment), data) })
	}
}

// TestLarge seeks in a file that is too long to be read through.
func TestLarge(t *testing.T) {
	data := simple(frames(9000), 7, 1<<33-90_000)
	counted := &containertest.Counting{R: bytes.NewReader(data)}
	d, err := Open(counted, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if d.Duration() != 9000*1024 {
		t.Errorf("duration %d, want %d", d.Duration(), 9000*1024)
	}
	for _, n := range []int{8000, 100, 8999, 4000, 32, 0} {
		before := counted.Bytes
		if err := d.Seek(media.Frames(n)*1024 + 5); err != nil {
			t.Fatal(err)
		}
		var p media.Packet
		if err := d.Next(&p); err != nil || p.Time != media.Frames(max(0, n-32))*1024 {
			t.Errorf("after a seek to packet %d: %d, %v", n, p.Time, err)
		}
		if read := counted.Bytes - before; read > 1<<20 {
			t.Errorf("a seek to packet %d read %d bytes of %d", n, read, len(data))
		}
	}
}

// TestLayouts reads the packets of other sizes, and rubbish between them.
func TestLayouts(t *testing.T) {
	all := frames(40)
	for _, l := range layouts {
		m := newMuxer(0x0f)
		m.layout = l
		m.tables()
		for i, f := range all {
			if i == 20 {
				m.b = append(m.b, bytes.Repeat([]byte("rubbish"), 99)...)
			}
			m.pes(soundPID, ticks(i, 1024, 5000), f)
		}
		if !Is(m.b[:1024]) {
			t.Errorf("%+v isn't known", l)
		}
		d, got := containertest.Packets(t, Open, append([]byte("rubbish in front"), m.b...))
		check(t, fmt.Sprint(l), got, all, 0)
		if d.Duration() != 40*1024 {
			t.Errorf("%+v: duration %d", l, d.Duration())
		}
	}
	if Is(bytes.Repeat([]byte{0xff, 0xfb, 0x90, 0x47}, 256)) || Is(nil) || Is([]byte("G")) {
		t.Error("rubbish is taken for a transport stream")
	}
}

// TestFramesAcrossPackets cuts the frames without regard to PES packets.
func TestFramesAcrossPackets(t *testing.T) {
	all := frames(60)
	var es []byte
	var starts []int
	for _, f := range all {
		starts = append(starts, len(es))
		es = append(es, f...)
	}
	for _, size := range []int{50, 333, 700, 2000} {
		m := newMuxer(0x0f)
		m.tables()
		for at, k := 0, 0; at < len(es); at += size {
			for k < len(starts) && starts[k] < at {
				k++
			}
			pts := int64(-1)
			if k < len(starts) && starts[k] < at+size { // a frame begins here
				pts = ticks(k, 1024, 90_000)
			}
			m.pes(soundPID, pts, es[at:min(len(es), at+size)])
		}
		_, got := containertest.Packets(t, Open, m.b)
		check(t, fmt.Sprint(size), got, all, 0)
		s, err := OpenSegment(m.b)
		if err != nil {
			t.Fatal(err)
		}
		check(t, "segment", containertest.Rest(t, s), all, 44_100)
	}
}

// TestAcrossSegments cuts within PES packets and frames, as careless packagers do.
func TestAcrossSegments(t *testing.T) {
	all := frames(40)
	m := newMuxer(0x0f)
	m.tables()
	head := len(m.b)
	for i := 0; i < 40; i += 4 {
		m.pes(soundPID, ticks(i, 1024, 0), bytes.Join(all[i:i+4], nil))
	}
	for cut := head; cut < len(m.b); cut += packetBytes {
		first, err := OpenSegment(m.b[:cut])
		if err != nil {
			continue // too short to have a frame
		}
		got := containertest.Rest(t, first)
		if len(m.b)-cut < 3000 {
			break
		}
		second, err := OpenSegment(append(bytes.Clone(m.b[:head]), m.b[cut:]...))
		if err != nil {
			t.Fatal(err)
		}
		second.Continue(first)
		check(t, fmt.Sprintf("cut at %d", cut), append(got, containertest.Rest(t, second)...), all, 0)
	}
	// What doesn't belong together isn't joined.
	other, err := OpenSegment(simple(all[20:], 1, ticks(20, 1024, 0)))
	if err != nil {
		t.Fatal(err)
	}
	first, _ := OpenSegment(m.b[:head+5*packetBytes])
	containertest.Rest(t, first)
	other.Continue(first)
	check(t, "another segment", containertest.Rest(t, other), all[20:], 20*1024)
}

// TestDamage loses a packet of the transport stream, or damages it, and wants the frames that it doesn't touch.
func TestDamage(t *testing.T) {
	all := frames(60)
	data := simple(all, 6, 0)
	for n := 2; n < len(data)/packetBytes-1; n++ {
		at := n * packetBytes
		lost := append(bytes.Clone(data[:at]), data[at+packetBytes:]...)
		marked := bytes.Clone(data)
		marked[at+1] |= 0x80
		repeated := append(bytes.Clone(data[:at+packetBytes]), data[at:]...)
		_, got := containertest.Packets(t, Open, repeated)
		check(t, "repeated", got, all, 0)
		for name, bad := range map[string][]byte{"lost": lost, "marked as bad": marked} {
			_, got := containertest.Packets(t, Open, bad)
			if len(got) < 60-6-6 {
				t.Fatalf("packet %d %s: %d of 60 frames are left", n, name, len(got))
			}
			k := 0
			for _, p := range got {
				for k < 60 && !bytes.Equal(all[k][7:], p.Data) {
					k++
				}
				first := 0 // of the file: its time is zero, whatever was lost before
				if n < 8 {
					first = 6
				}
				if k >= 54 { // behind the last time stamp nothing tells how much is lost
					break
				}
				if p.Time != media.Frames(k)*1024 && p.Time != media.Frames(k-first)*1024 {
					t.Fatalf("packet %d %s: frame %d at %d", n, name, k, p.Time)
				}
			}
		}
	}
}

// TestClock has time stamps that wrap, that leave a hole, that are set back, and that another clock gives.
func TestClock(t *testing.T) {
	all := frames(30)
	const second = 44_100
	for name, c := range map[string]struct {
		shift int64 // of the time stamps from frame 10 on, in ticks
		jump  bool
		from  int64
		hole  media.Frames
	}{
		"none":                      {from: 77},
		"wraps":                     {from: 1<<33 - 10_000},
		"shivers":                   {shift: 900},
		"a hole":                    {shift: 5 * 2090, hole: 5 * 1024},
		"a long hole":               {shift: 11 * clock},
		"set back":                  {shift: -5 * clock, from: 10 * clock},
		"another clock":             {shift: 2 * clock, jump: true},
		"another clock, far behind": {shift: -1 << 32, jump: true, from: 1 << 32},
	} {
		m := newMuxer(0x0f)
		m.tables()
		for i := range all {
			pts := ticks(i, 1024, c.from)
			if i >= 10 {
				m.jump = c.jump && i == 10
				pts = (pts + c.shift) & ticksMask
			}
			m.pes(soundPID, pts, all[i])
		}
		_, got := containertest.Packets(t, Open, m.b)
		check(t, name, got[:10], all[:10], 0)
		check(t, name, got[10:], all[10:], 10*1024+c.hole)
		s, err := OpenSegment(m.b)
		if err != nil {
			t.Fatal(err)
		}
		got = containertest.Rest(t, s)
		from := media.Frames(media.Rescale(c.from, clock, second))
		check(t, name, got[:10], all[:10], from)
		check(t, name, got[10:], all[10:], from+10*1024+c.hole)
		if at, ok := s.Timestamp(); !ok || at != c.from {
			t.Errorf("%s: time stamp %d, %v", name, at, ok)
		}
	}
}

// TestPrograms has several programs, and refuses by name.
func TestPrograms(t *testing.T) {
	build := func(streams ...[]byte) []byte { // each of a program of its own
		m := newMuxer(0)
		var pat []byte
		for i := range streams {
			pat = append(pat, 0, byte(i+1), 0xe0|pmtPID>>8, byte(i))
		}
		m.section(patPID, 0, 1, pat)
		for i := len(streams) - 1; i >= 0; i-- {
			m.section(pmtPID+i, 2, i+1, append([]byte{0xff, 0xff, 0xf0, 0}, streams[i]...))
		}
		for i, f := range frames(10) {
			m.pes(soundPID, ticks(i, 1024, 0), f)
			m.pes(soundPID+1, ticks(i, 1024, 0), adtsFrame(999, 30))
		}
		return m.b
	}
	language := []byte{0x0a, 4, 'd', 'e', 'u', 0}
	data := build(esInfo(0x1b, 0x200), append(esInfo(0x81, 0x201), esInfo(0x0f, soundPID, language...)...), esInfo(0x0f, soundPID+1))
	d, got := containertest.Packets(t, Open, data)
	check(t, "the first with sound", got, frames(10), 0)
	if s := d.Streams(); len(s) != 4 || s[2].Language != "deu" || s[2].Kind != "AAC" || s[2].Program != 2 || s[1].Kind != "AC-3" {
		t.Errorf("streams %+v", s)
	}
	for what, c := range map[string]struct {
		data []byte
		want string
		kind error
	}{
		"AC-3":       {build(esInfo(0x81, soundPID)), "AC-3", container.ErrCoding},
		"AC-3, DVB":  {build(esInfo(0x06, soundPID, 0x6a, 0)), "AC-3", container.ErrCoding},
		"Opus":       {build(esInfo(0x06, soundPID, 5, 4, 'O', 'p', 'u', 's')), "Opus", container.ErrCoding},
		"SAMPLE-AES": {build(esInfo(0xcf, soundPID)), "AAC encrypted with SAMPLE-AES", container.ErrProtected},
		"video":      {build(esInfo(0x1b, soundPID)), "no sound among 1", container.ErrNoAudio},
	} {
		if _, err := OpenSegment(c.data); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %v: %s", what, err, c.kind, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	scrambled := simple(frames(10), 1, 0)
	for at := 2 * packetBytes; at < len(scrambled); at += packetBytes {
		scrambled[at+3] |= 0x80
	}
	badTables := simple(frames(10), 1, 0)
	badTables[packetBytes-3] ^= 1
	layer2 := newMuxer(0x03)
	layer2.tables()
	for i := range 9 {
		layer2.pes(soundPID, int64(i), append([]byte{0xff, 0xfd, 0x84, 0x04}, make([]byte, 300)...))
	}
	noFrames := newMuxer(0x0f)
	noFrames.tables()
	noFrames.pes(soundPID, 0, make([]byte, 5000))
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":       {nil, container.ErrFormat},
		"text":        {bytes.Repeat([]byte("GET / HTTP/1.1\n"), 500), container.ErrFormat},
		"scrambled":   {scrambled, container.ErrProtected},
		"bad tables":  {badTables, container.ErrFormat},
		"layer II":    {layer2.b, container.ErrCoding},
		"no frames":   {noFrames.b, container.ErrFormat},
		"tables only": {simple(nil, 1, 0), container.ErrFormat},
		"far away":    {make([]byte, container.MaxResyncBytes+100_000), container.ErrLimit},
	} {
		if _, err := OpenSegment(c.data); !errors.Is(err, c.want) {
			t.Errorf("segment, %s: %v, want %v", name, err, c.want)
		}
		if _, err := Open(bytes.NewReader(c.data), int64(len(c.data))); !errors.Is(err, c.want) {
			t.Errorf("file, %s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(simple(frames(6), 2, 1<<33-3000))
	f.Fuzz(func(t *testing.T, data []byte) { containertest.Exercise(t, containertest.Opener(Open), data) })
}

func FuzzOpenSegment(f *testing.F) {
	f.Add(simple(frames(6), 2, 1<<33-3000))
	m := newMuxer(0x0f)
	m.more = esInfo(0x15, id3PID, 0x26, 13, 0xff, 0xff, 'I', 'D', '3', ' ', 0xff, 'I', 'D', '3', ' ', 0, 0x0f)
	m.tables()
	m.pes(id3PID, 100, []byte("ID3\x04\x00\x00\x00\x00\x00\x0fTIT2\x00\x00\x00\x05\x00\x00\x03Song"))
	m.pes(soundPID, 100, bytes.Join(frames(6), nil))
	f.Add(m.b)
	f.Fuzz(func(t *testing.T, data []byte) {
		containertest.Exercise(t, containertest.SegmentOpener(OpenSegment), data)
		s, err := OpenSegment(data)
		if err != nil {
			return
		}
		for _, m := range s.Timed() {
			if m.Time < 0 {
				t.Fatalf("metadata at %d", m.Time)
			}
		}
		var p media.Packet
		for s.Next(&p) == nil {
		}
		again, err := OpenSegment(data)
		if err != nil {
			t.Fatal(err)
		}
		again.Continue(s)
		if _, err := containertest.Drain(again); err == nil {
			t.Fatal("no end")
		}
	})
}
