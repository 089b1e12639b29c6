package player_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// broadcast is a radio server, in the manner of SHOUTcast: what it sends is what has been recorded by now, with
// a burst of what was before at first.
type broadcast struct {
	audio  []byte
	rate   float64 // bytes a second
	burst  int
	status string // of the answer; "" for ICY's
	header string // further lines

	answers map[string]string // by path: what is given in place of a stream

	interval int                                   // bytes of audio between two titles; zero for none
	title    func(at int) string                   // of what begins at a byte of the recording
	cut      func(conn int) (bytes int)            // after how many bytes of audio to hang up; zero for never
	refuse   func(since time.Duration) string      // an answer in place of the stream; "" for none
	lead     func(at int) (head []byte, begin int) // what a connection begins with, and where it joins; nil for nothing and anywhere

	mu    sync.Mutex
	began time.Time
	conns []int // where each connection joined
}

// live is how far the recording has come.
func (b *broadcast) live() int {
	return min(len(b.audio), int(b.rate*time.Since(b.began).Seconds()))
}

// serve answers one connection.
func (b *broadcast) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	request := make([]byte, 4096)
	n, err := c.Read(request)
	if err != nil {
		return
	}
	if b.answers != nil {
		_, path, _ := strings.Cut(string(request[:n]), " ")
		path, _, _ = strings.Cut(path, " ")
		body, ok := b.answers[path]
		status := "HTTP/1.1 200 OK"
		if !ok {
			status = "HTTP/1.1 404 Not Found"
		}
		_, _ = fmt.Fprintf(c, "%s\r\nServer: Icecast\r\nContent-Type: audio/x-mpegurl\r\nConnection: close\r\n\r\n%s", status, body)
		return
	}
	b.mu.Lock()
	if b.began.IsZero() {
		b.began = time.Now().Add(-time.Duration(float64(b.burst) / b.rate * float64(time.Second)))
	}
	b.mu.Unlock()
	if b.refuse != nil {
		if answer := b.refuse(time.Since(b.began)); answer != "" {
			_, _ = io.WriteString(c, answer)
			return
		}
	}
	at := max(0, b.live()-b.burst)
	var head []byte
	if b.lead != nil {
		head, at = b.lead(at)
	}
	b.mu.Lock()
	nth := len(b.conns)
	b.conns = append(b.conns, at)
	b.mu.Unlock()
	interval := 0
	status := b.status
	if status == "" {
		status = "ICY 200 OK\r\nicy-name:Test FM\r\nicy-genre:Noise\r\nicy-br:128"
	}
	status += b.header
	if b.interval > 0 && strings.Contains(string(request[:n]), "Icy-Metadata: 1") {
		interval = b.interval
		status += fmt.Sprintf("\r\nicy-metaint:%d", interval)
	}
	if _, err := io.WriteString(c, status+"\r\n\r\n"); err != nil {
		return
	}
	b.send(c, b.stream(head, at, interval), nth)
}

// stream gives what is sent from a byte of the recording on, up to what is live.
func (b *broadcast) stream(head []byte, at, interval int) func() []byte {
	told, left := "", interval
	var out []byte
	put := func(p []byte, from int) {
		for len(p) > 0 {
			n := len(p)
			if interval > 0 {
				n = min(n, left)
			}
			out = append(out, p[:n]...)
			p, from = p[n:], from+n
			if left -= n; interval > 0 && left == 0 {
				left = interval
				text := b.title(from)
				if text == told {
					out = append(out, 0)
					continue
				}
				told = text
				block := "StreamTitle='" + text + "';"
				units := (len(block) + 15) / 16
				out = append(append(append(out, byte(units)), block...), make([]byte, 16*units-len(block))...)
			}
		}
	}
	return func() []byte {
		out = out[:0]
		if head != nil {
			put(head, at)
			head = nil
		}
		to := b.live()
		put(b.audio[at:to], at)
		at = to
		return out
	}
}

// send sends what is live, now and then, until the connection is to be hung up or the recording is over.
func (b *broadcast) send(c net.Conn, next func() []byte, nth int) {
	left := 1 << 40
	if b.cut != nil {
		if n := b.cut(nth); n > 0 {
			left = n
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		p := next()
		p = p[:min(len(p), left)]
		if _, err := c.Write(p); err != nil {
			return
		}
		if left -= len(p); left <= 0 || b.live() == len(b.audio) {
			return
		}
		<-tick.C
	}
}

// joins tells where the connections have joined the recording.
func (b *broadcast) joins() []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.conns)
}

// client reaches the broadcasts by their hosts' names, over pipes.
func onAir(t testing.TB, stations map[string]*broadcast) *http.Client {
	tr := fetch.NewTransport(fetch.Timeouts{})
	tr.Proxy = nil
	tr.DialContext = fetch.AcceptICY(func(ctx context.Context, _, addr string) (net.Conn, error) {
		name, _, _ := net.SplitHostPort(addr)
		b := stations[name]
		if b == nil {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: io.ErrClosedPipe}
		}
		ours, theirs := net.Pipe()
		go b.serve(theirs)
		return ours, ctx.Err()
	})
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// tuneIn makes a player of radios.
func tuneIn(t testing.TB, client *http.Client, items ...player.Item) *rig {
	t.Helper()
	r := &rig{out: &playertest.Capture{Pace: sink.RealTime}, read: make(chan struct{})}
	r.Player = player.New(player.Config{Sink: r.out, HTTP: client, BufferBytes: 512 << 10})
	events := r.Events(context.Background())
	go func() {
		defer close(r.read)
		for e := range events {
			r.events = append(r.events, e)
		}
	}()
	r.Append(items...)
	r.Play()
	return r
}

// stop ends listening.
func (r *rig) stop(t testing.TB) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	<-r.read
	time.Sleep(time.Second) // the server finds out
}

// recording encodes music, and gives what a player makes of all of it.
func recording(t testing.TB, name string, seconds int, args ...string) (audio []byte, want []float32) {
	t.Helper()
	pcm := playertest.Music(9, seconds*playertest.Rate)
	c := coding{rate: playertest.Rate, encode: ffmpeg(name, args...)}
	path := c.stored(t, pcm, []int{len(pcm) / 2})[0]
	return containertest.File(t, path), played(t, player.Config{}, player.Item{URL: path})
}

// stretch is a part of what was heard that is a part of the recording, in frames.
type stretch struct{ heard, recorded, frames int }

// stretches finds the parts of what was heard in the recording: from the first whole window on, each as long as
// every sample is the same.
func stretches(got, want []float32) (list []stretch) {
	const window = 256 // frames
	index := map[[8]float32]int{}
	key := func(pcm []float32, i int) (k [8]float32) {
		copy(k[:], pcm[2*i:])
		return k
	}
	const step = 64
	for i := 0; i+4 <= len(want)/2; i += step {
		index[key(want, i)] = i
	}
	floor := 0
	for i := 0; i+window <= len(got)/2; {
		here := i
		at, ok := index[key(got, i)]
		n := 0
		for ok && i > floor && at > 0 && got[2*i-2] == want[2*at-2] && got[2*i-1] == want[2*at-1] {
			i, at = i-1, at-1 // the index has every step-th frame alone
		}
		for ok && i+n < len(got)/2 && at+n < len(want)/2 && got[2*(i+n)] == want[2*(at+n)] && got[2*(i+n)+1] == want[2*(at+n)+1] {
			n++
		}
		if n < window {
			i = here + 1
			continue
		}
		list = append(list, stretch{i, at, n})
		i += n
		floor = i
	}
	return list
}

const mp3Rate = 16_000 // bytes a second at 128 kbps

// TestRadio tunes in to a SHOUTcast server that hangs up after a while: the music goes on without a frame
// lost or repeated, though the server begins each connection with what it has sent already. The titles come
// when their bytes are heard.
func TestRadio(t *testing.T) {
	audio, want := recording(t, "a.mp3", 30, "-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0")
	synctest.Test(t, func(t *testing.T) {
		b := &broadcast{
			audio: audio, rate: mp3Rate, burst: 64 << 10, interval: 8000,
			title: func(at int) string { return fmt.Sprintf("A - %d", at/80_000) },
			cut:   func(nth int) int { return []int{0, 100_003, 200_001, 0}[min(nth, 3)] },
		}
		r := tuneIn(t, onAir(t, map[string]*broadcast{"radio.test": b}), player.Item{URL: "http://radio.test/listen"})
		time.Sleep(24 * time.Second)
		st := r.State()
		r.stop(t)
		got := r.out.Music()
		parts := stretches(got, want)
		if len(parts) != 1 || parts[0].heard > 4*1152 || parts[0].frames < 22*playertest.Rate || len(b.joins()) != 4 {
			t.Errorf("%d frames heard, of which in one piece: %v; joined at %v", len(got)/2, parts, b.joins())
		}
		if n, frames := r.out.Gaps(); n != 0 {
			t.Errorf("%d gaps of %d frames", n, frames)
		}
		if st.Duration != 0 || len(count[player.Failed](r)) != 0 || st.Metadata == nil || st.Metadata.Station == nil || st.Metadata.Station.Name != "Test FM" {
			t.Errorf("duration %v, %d failures, %+v", st.Duration, len(count[player.Failed](r)), st.Metadata)
		}
		if len(parts) > 0 {
			checkTitles(t, r, parts[0], 80_000, 8000)
		}
	})
}

// checkTitles compares when titles were told with where in the recording they are.
func checkTitles(t *testing.T, r *rig, part stretch, every, interval int) {
	t.Helper()
	titles := count[player.TimedMetadata](r)
	if len(titles) < 4 {
		t.Errorf("%d titles", len(titles))
	}
	for i, told := range titles {
		var n int
		if _, err := fmt.Sscanf(told.Metadata.Field("STREAMTITLE"), "A - %d", &n); err != nil || told.Metadata.Tags.Artist != "A" {
			t.Errorf("%+v", told.Metadata)
			continue
		}
		if i == 0 {
			continue // it holds since before the tuning in
		}
		// The block stands behind the first interval's end that lies behind the title's byte.
		frame := float64(told.Position)/float64(time.Second)*playertest.Rate - float64(part.heard-part.recorded)
		at := int(frame / playertest.Rate * mp3Rate)
		if late := at - n*every; late < -2*418 || late > interval+2*418 {
			t.Errorf("title %d is told %d bytes behind its place", n, late)
		}
	}
}

// TestRadioOutage takes the server away for longer than the music that is here lasts: that is used up, and then
// what is live is heard, once.
func TestRadioOutage(t *testing.T) {
	audio, want := recording(t, "a.mp3", 34, "-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0")
	synctest.Test(t, func(t *testing.T) {
		const burst = 64 << 10
		b := &broadcast{
			audio: audio, rate: mp3Rate, burst: burst,
			cut: func(nth int) int { return []int{0, 150_000, 0}[min(nth, 2)] }, // the first one finds out what it is
			refuse: func(since time.Duration) string {
				if s := since.Seconds(); s > 8 && s < 18 {
					return "HTTP/1.0 404 File Not Found\r\n\r\n"
				}
				return ""
			},
		}
		r := tuneIn(t, onAir(t, map[string]*broadcast{"radio.test": b}), player.Item{URL: "http://radio.test/a.mp3"})
		time.Sleep(26 * time.Second)
		r.stop(t)
		parts := stretches(r.out.Music(), want)
		if len(parts) != 2 {
			t.Fatalf("%v", parts)
		}
		// All of the first connection is heard to its last whole frame, and nothing of the second twice.
		first, second := parts[0], parts[1]
		end := first.recorded + first.frames
		if bytes := end * mp3Rate / playertest.Rate; bytes < 150_000-3*418 || bytes > 150_000 {
			t.Errorf("the first connection's %d bytes are heard up to byte %d", 150_000, bytes)
		}
		if second.recorded < end || second.heard-(first.heard+first.frames) > 4*1152 {
			t.Errorf("%v", parts)
		}
		if stalls := count[player.Rebuffering](r); len(stalls) != 1 || len(count[player.LiveMoved](r)) != 1 {
			t.Errorf("%d stalls, %d moves", len(stalls), len(count[player.LiveMoved](r)))
		}
	})
}

// TestRadioPause pauses for longer than the stream is held, and for less.
func TestRadioPause(t *testing.T) {
	const seconds = 60
	pcm := playertest.Music(9, seconds*playertest.Rate)
	c := coding{rate: playertest.Rate, encode: ffmpeg("a.oga", "-c:a", "flac")}
	audio := containertest.File(t, c.stored(t, pcm, []int{len(pcm) / 2})[0])
	want := playertest.Floats(pcm)
	pages, headers := oggPages(audio)
	rate := float64(len(audio)) / seconds
	for _, pause := range []time.Duration{2 * time.Second, 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			b := &broadcast{audio: audio, rate: rate, burst: 256 << 10, status: "HTTP/1.0 200 OK\r\nServer: Icecast 2.4.4\r\nContent-Type: application/ogg"}
			b.lead = func(at int) ([]byte, int) {
				k, _ := slices.BinarySearch(pages, at)
				return audio[:headers], max(headers, pages[min(k, len(pages)-1)])
			}
			r := tuneIn(t, onAir(t, map[string]*broadcast{"radio.test": b}), player.Item{URL: "http://radio.test/live"})
			time.Sleep(5 * time.Second)
			r.Pause()
			time.Sleep(pause)
			r.Play()
			time.Sleep(15 * time.Second)
			live := int(float64(b.live()) / rate * playertest.Rate)
			r.stop(t)
			parts := stretches(r.out.Music(), want)
			t.Log(pause, parts, b.joins(), live)
			for i := range parts[1:] {
				if gone := parts[i+1].recorded - parts[i].recorded - parts[i].frames; gone < 0 || pause < time.Minute/4 && gone > playertest.Rate/20 {
					t.Errorf("after %v: %v", pause, parts)
				}
			}
			last := parts[len(parts)-1]
			behind := live - last.recorded - last.frames
			if held := int(256<<10/rate*playertest.Rate) + playertest.Rate; pause > time.Minute/4 && behind > held || len(b.joins()) != map[bool]int{true: 3, false: 2}[pause > time.Minute/4] {
				t.Errorf("after %v: %d frames behind, %d connections", pause, behind, len(b.joins()))
			}
		})
	}
}

// oggPages gives where the pages of an Ogg file begin, and where those of the headers end.
func oggPages(file []byte) (pages []int, headers int) {
	for at := 0; at+27 < len(file); {
		pages = append(pages, at)
		segments := int(file[at+26])
		size := 27 + segments
		for _, n := range file[at+27 : at+27+segments] {
			size += int(n)
		}
		if binary.LittleEndian.Uint64(file[at+6:]) == 0 {
			headers = at + size
		}
		at += size
	}
	return pages, headers
}

// TestRadioLists: a radio's address is a list of its servers. The first that can be had is heard, and when it
// goes, the next one.
func TestRadioLists(t *testing.T) {
	audio, want := recording(t, "a.mp3", 28, "-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0")
	few := []string{"listen.pls", "tune?id=3"}
	for name, text := range map[string]string{
		"listen.pls": "[playlist]\nFile1=http://gone.test/\nFile2=http://full.test/s\nFile3=http://one.test/;stream.mp3\nFile4=http://two.test/s\n",
		"listen.m3u": "http://full.test/s\nhttp://one.test/s\nhttp://two.test/s\n", "tune?id=3": "#EXTM3U\n#EXTINF:-1,FM\nhttp://lists.test/nested.asx\n",
		"listen.xspf": "<playlist version='1' xmlns='http://xspf.org/ns/0/'><trackList><track><location>http://one.test/</location></track><track><location>http://two.test/</location></track></trackList></playlist>",
	} {
		if !slices.Contains(containertest.Sweep(few, []string{name}), name) {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			station := func() *broadcast { return &broadcast{audio: audio, rate: mp3Rate, burst: 64 << 10} }
			one, two, full := station(), station(), station()
			one.cut = func(int) int { return 150_000 }
			one.refuse = func(since time.Duration) string {
				if since > 7*time.Second {
					return "HTTP/1.0 404 Gone\r\n\r\n"
				}
				return ""
			}
			full.refuse = func(time.Duration) string { return "ICY 401 Service Unavailable\r\n\r\n" }
			lists := &broadcast{answers: map[string]string{
				"/" + name: text, "/nested.asx": "<ASX VERSION=\"3.0\"><entry><ref href=\"http://full.test/\"/><ref href=\"http://one.test/\"/><ref href=\"http://two.test/\"/></entry></ASX>",
			}}
			r := tuneIn(t, onAir(t, map[string]*broadcast{"one.test": one, "two.test": two, "full.test": full, "lists.test": lists}), player.Item{URL: "http://lists.test/" + name})
			time.Sleep(20 * time.Second)
			r.stop(t)
			parts := stretches(r.out.Music(), want)
			if len(parts) == 0 || len(one.joins()) < 2 || len(two.joins()) == 0 || len(r.out.Music())/2 < 18*playertest.Rate {
				t.Errorf("%s: %v; one joined %v, two %v", name, parts, one.joins(), two.joins())
			}
			for _, f := range count[player.Failed](r) {
				t.Errorf("%s: %v", name, f.Err)
			}
		})
	}
}

// TestRadioChanges: what a radio sends changes its coding on the way, as where one programme follows another. What
// is of one coding follows without a seam, and all of it is heard.
func TestRadioChanges(t *testing.T) {
	pcm := playertest.Music(4, 15*playertest.Rate)
	third := len(pcm) / 3
	encode := func(name string, rate int, part []int16, args ...string) []byte {
		c := coding{rate: rate, encode: ffmpeg(name, args...)}
		return containertest.File(t, c.stored(t, part, []int{len(part) / 2})[0])
	}
	mp3 := func(rate int, part []int16, args ...string) []byte {
		return encode("a.mp3", rate, part, append([]string{"-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0"}, args...)...)
	}
	for name, parts := range map[string][3][]byte{
		"Ogg": {
			encode("a.oga", playertest.Rate, pcm[:third], "-c:a", "flac", "-metadata", "title=One"),
			encode("b.oga", playertest.Rate, pcm[third:2*third], "-c:a", "flac", "-metadata", "title=Two"),
			encode("c.ogg", playertest.Rate, pcm[2*third:], "-c:a", "libvorbis", "-metadata", "title=Three"),
		},
		"MP3": {mp3(playertest.Rate, pcm[:third]), mp3(48_000, pcm[third:2*third], "-ac", "1"), mp3(playertest.Rate, pcm[2*third:])},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := &broadcast{
				audio: slices.Concat(parts[0], parts[1], parts[2]), rate: 150_000, status: "HTTP/1.0 200 OK\r\nServer: Icecast 2.4.4\r\nContent-Type: audio/x",
				refuse: func(since time.Duration) string {
					if since > 5*time.Second {
						return "HTTP/1.0 404 Gone\r\n\r\n"
					}
					return ""
				},
			}
			r := tuneIn(t, onAir(t, map[string]*broadcast{"radio.test": b}), player.Item{URL: "http://radio.test/"})
			time.Sleep(30 * time.Second)
			r.stop(t)
			got := r.out.Music()
			t.Logf("%s: %d frames", name, len(got)/2)
			if n := len(got) / 2; n < 14*playertest.Rate || n > 16*playertest.Rate {
				t.Errorf("%s: %d frames are heard", name, n)
			}
			if name == "MP3" {
				return
			}
			same := stretches(got[:min(len(got), 2*third)], playertest.Floats(pcm[:2*third]))
			if len(same) != 1 || same[0] != (stretch{0, 0, third}) {
				t.Errorf("%v", same)
			}
			for i, told := range count[player.TimedMetadata](r) {
				want := []string{"One", "Two", "Three"}[min(i, 2)]
				if off := told.Position - time.Duration(i)*5*time.Second; told.Metadata.Tags.Title != want || off < 0 || off > time.Second/10 {
					t.Errorf("%v: %+v", told.Position, told.Metadata.Tags)
				}
			}
			if n := len(count[player.TimedMetadata](r)); n != 3 {
				t.Errorf("%d titles", n)
			}
		})
	}
}
