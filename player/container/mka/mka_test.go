package mka

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// check compares packets of AAC with what they were made of.
func check(t *testing.T, what string, got []media.Packet, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d packets, want %d", what, len(got), len(want))
		return
	}
	for i, p := range got {
		if p.Time != media.Frames(i)*1024 || p.Duration != 1024 || !bytes.Equal(p.Data, want[i]) {
			t.Errorf("%s: packet %d: time %d, duration %d, %d bytes (want %d)", what, i, p.Time, p.Duration, len(p.Data), len(want[i]))
			return
		}
	}
}

func TestSuite(t *testing.T) {
	data, want := aacFile(45)
	containertest.Run(t, containertest.Opener(Open), data)
	d, got := containertest.Packets(t, Open, data)
	check(t, "all", got, want)
	f := d.Info().Format
	if f.Codec != media.CodecAAC || f.SampleRate != 48_000 || f.Channels != 2 || !bytes.Equal(f.Config, aacASC) {
		t.Errorf("%+v", f)
	}
}

// indexed has n packets, ten to a cluster, and an index behind them that only every other cluster is in.
func indexed(n int) (b []byte, packets [][]byte) {
	var clusters, cues [][]byte
	at := 0
	seek := func(to int) []byte {
		return el(idSeekHead, el(idSeek, el(idSeekID, []byte{0x1c, 0x53, 0xbb, 0x6b}), el(idSeekAt, num(int64(to)))))
	}
	head := [][]byte{seek(0), el(idInfo, el(idScale, num(1_000_000)), el(idDuration, flt(float64(ms(n))))), el(idTracks, audioTrack(1, "A_AAC", aacASC))}
	for _, h := range head {
		at += len(h)
	}
	for i := 0; i < n; i += 10 {
		parts := [][]byte{el(idTime, num(int64(ms(i))))}
		for k := i; k < min(n, i+10); k++ {
			packets = append(packets, packet(k, 100+k*37%200))
			parts = append(parts, simple(1, int16(ms(k)-ms(i)), 0, packets[k]))
		}
		if i%20 == 0 { // of which most lie between milliseconds
			cues = append(cues, el(idCue, el(idCueTime, num(int64(ms(i)))), el(idCuePlaces, el(idCueTrack, num(1)), el(idCueAt, num(int64(at))))))
		}
		clusters = append(clusters, el(idCluster, parts...))
		at += len(clusters[len(clusters)-1])
	}
	head[0] = seek(at)
	body := append(append(head, clusters...), el(idCues, cues...))
	return append(el(idEBML), el(idSegment, body...)...), packets
}

// TestCues seeks far by the index: to the very packet, though the index and the clusters count in milliseconds,
// and without reading what lies between.
func TestCues(t *testing.T) {
	data, packets := indexed(5000)
	counted := &containertest.Counting{R: bytes.NewReader(data)}
	d, err := Open(counted, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Duration(); got < 5000*1024-48 || got > 5000*1024+48 {
		t.Errorf("duration %d", got)
	}
	for _, n := range []int{4001, 4999, 100, 3333, 32} {
		before := counted.Bytes
		if err := d.Seek(media.Frames(n)*1024 + 1023); err != nil {
			t.Fatal(err)
		}
		var p media.Packet
		for i := n - 32; i < min(5000, n+40); i++ {
			if err := d.Next(&p); err != nil || p.Time != media.Frames(i)*1024 || !bytes.Equal(p.Data, packets[i]) {
				t.Fatalf("seek to packet %d: packet %d at %d, %v", n, i, p.Time, err)
			}
		}
		if read := counted.Bytes - before; read > 300_000 {
			t.Errorf("a seek to packet %d read %d bytes of %d", n, read, len(data))
		}
	}
	if err := d.Seek(5000 * 1024); err != nil {
		t.Fatal(err)
	}
	if err := d.Next(&media.Packet{}); err != io.EOF {
		t.Errorf("past the end: %v", err)
	}
}

// TestLacing has all kinds, also of blocks in groups, among blocks of another track.
func TestLacing(t *testing.T) {
	var want [][]byte
	for i := range 24 {
		n := 30 + i*97%600
		if i >= 8 && i < 16 {
			n = 100 // lacing of one size
		}
		want = append(want, packet(i, n))
	}
	track := append(el(idTrack, el(idNumber, num(9)), el(idType, []byte{1})), audioTrack(1, "A_AAC", aacASC)...)
	data := file(track,
		el(idCluster, el(idTime, num(0)), simple(1, 0, 1, want[:4]...), simple(9, 0, 0, packet(1, 5000)), simple(1, int16(ms(4)), 3, want[4:8]...)),
		el(idCluster, el(idTime, num(int64(ms(8)))), simple(1, 0, 2, want[8:12]...), el(idGroup, el(idBlock, blockBody(1, int16(ms(12)-ms(8)), 2, want[12:16]...)))),
		el(idCluster, el(idTime, num(int64(ms(16)))), el(idGroup, el(idBlock, blockBody(1, 0, 3, want[16:20]...)), el(0xfb, num(1))), simple(1, int16(ms(20)-ms(16)), 1, want[20:]...)),
	)
	_, got := containertest.Packets(t, Open, data)
	check(t, "laced", got, want)
	containertest.Run(t, containertest.Opener(Open), data)
}

// TestEndless has a segment and clusters of unknown size, as live streams have.
func TestEndless(t *testing.T) {
	_, want := aacFile(30)
	b := el(idEBML)
	body := [][]byte{el(idInfo, el(idScale, num(1_000_000))), el(idTracks, audioTrack(1, "A_AAC", aacASC))}
	for i := 0; i < 30; i += 10 {
		parts := [][]byte{el(idTime, num(int64(ms(i))))}
		for k := i; k < i+10; k++ {
			parts = append(parts, simple(1, int16(ms(k)-ms(i)), 0, want[k]))
		}
		body = append(body, endless(idCluster, parts...))
	}
	b = append(b, endless(idSegment, body...)...)
	_, got := containertest.Packets(t, Open, b)
	check(t, "endless", got, want)
	containertest.Run(t, containertest.Opener(Open), b)
}

// TestDelayAndPadding trims both ends.
func TestDelayAndPadding(t *testing.T) {
	packets := [][]byte{packet(1, 50), packet(2, 50), packet(3, 50)}
	track := audioTrack(1, "A_AAC", aacASC, el(idDelay, num(21_333_333)))
	data := file(track, el(idCluster, el(idTime, num(5000)), simple(1, 0, 0, packets[0]), simple(1, 21, 0, packets[1]),
		el(idGroup, el(idBlock, blockBody(1, 43, 0, packets[2])), el(idDiscard, num(10_000_000)))))
	d, got := containertest.Packets(t, Open, data)
	if d.Info().Trim != (media.Trim{Start: 1024}) {
		t.Errorf("trim %+v", d.Info().Trim)
	}
	if len(got) != 3 || got[2].Time != 2048 || got[2].Duration != 1024-480 {
		t.Errorf("%+v", got)
	}
}

// TestHole leaves packets out, and has a time that goes back.
func TestHole(t *testing.T) {
	data := file(audioTrack(1, "A_AAC", aacASC), el(idCluster, el(idTime, num(0)),
		simple(1, 0, 0, packet(0, 9)), simple(1, int16(ms(5)), 0, packet(5, 9)), simple(1, int16(ms(2)), 0, packet(2, 9))))
	_, got := containertest.Packets(t, Open, data)
	if len(got) != 3 || got[1].Time != 5*1024 || got[2].Time != 6*1024 {
		t.Errorf("%+v", got)
	}
}

// TestStripped puts the beginning back that packets share.
func TestStripped(t *testing.T) {
	strip := el(idEncodings, el(idEncoding, el(idCompression, el(idAlgorithm, []byte{3}), el(idSettings, []byte("head")))))
	data := file(audioTrack(1, "A_AAC", aacASC, strip), el(idCluster, el(idTime, num(0)), simple(1, 0, 2, []byte("one"), []byte("two"))))
	_, got := containertest.Packets(t, Open, data)
	check(t, "stripped", got, [][]byte{[]byte("headone"), []byte("headtwo")})
}

// TestRubbish has bytes between clusters that are no elements.
func TestRubbish(t *testing.T) {
	_, want := aacFile(20)
	cluster := func(from, to int) []byte {
		parts := [][]byte{el(idTime, num(int64(ms(from))))}
		for k := from; k < to; k++ {
			parts = append(parts, simple(1, int16(ms(k)-ms(from)), 0, want[k]))
		}
		return el(idCluster, parts...)
	}
	data := file(audioTrack(1, "A_AAC", aacASC), cluster(0, 10), make([]byte, 50_000), cluster(10, 20))
	_, got := containertest.Packets(t, Open, data)
	check(t, "rubbish between", got, want)
}

func TestRefused(t *testing.T) {
	good, _ := aacFile(10)
	with := func(track []byte) []byte {
		return file(track, el(idCluster, el(idTime, num(0)), simple(1, 0, 0, packet(1, 9))))
	}
	encodings := func(inner []byte) []byte { return el(idEncodings, el(idEncoding, inner)) }
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":      {nil, container.ErrFormat},
		"text":       {[]byte("GET / HTTP/1.1"), container.ErrFormat},
		"head alone": {good[:60], container.ErrFormat},
		"video":      {with(el(idTrack, el(idNumber, num(1)), el(idType, []byte{1}))), container.ErrNoAudio},
		"AC-3":       {with(audioTrack(1, "A_AC3", nil)), container.ErrCoding},
		"encrypted":  {with(audioTrack(1, "A_AAC", aacASC, encodings(el(idEncryption)))), container.ErrProtected},
		"zlib":       {with(audioTrack(1, "A_AAC", aacASC, encodings(el(idCompression)))), container.ErrUnsupported},
		"no config":  {with(audioTrack(1, "A_AAC", nil)), container.ErrUnsupported},
		"no header":  {with(audioTrack(1, "A_VORBIS", []byte{2, 255})), container.ErrFormat},
		"no stream":  {with(audioTrack(1, "A_FLAC", []byte("fLaC"))), container.ErrFormat},
		"PCM of 12":  {with(audioTrack(1, "A_PCM/INT/LIT", nil, el(idAudio, el(idDepth, []byte{12})))), container.ErrUnsupported},
		"off":        {with(audioTrack(1, "A_AAC", aacASC, el(idEnabled, []byte{0}))), container.ErrNoAudio},
		"no packets": {file(audioTrack(2, "A_AAC", aacASC), el(idCluster, simple(1, 0, 0, packet(1, 9)))), container.ErrFormat},
		"large":      {el(idEBML, []byte{}, nil), container.ErrFormat},
	} {
		if _, err := Open(bytes.NewReader(c.data), int64(len(c.data))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	data, want := aacFile(12)
	f.Add(data)
	cued, _ := indexed(35)
	f.Add(cued)
	f.Add(file(audioTrack(1, "A_AAC", aacASC), el(idCluster, el(idTime, num(0)), simple(1, 0, 3, want[:4]...), simple(1, 85, 1, want[4:8]...))))
	f.Add(file(audioTrack(1, "A_PCM/INT/LIT", nil, el(idAudio, el(idDepth, []byte{16}))), el(idCluster, el(idTime, num(0)), simple(1, 0, 0, packet(1, 400)))))
	f.Fuzz(func(t *testing.T, data []byte) { containertest.Exercise(t, containertest.Opener(Open), data) })
}
