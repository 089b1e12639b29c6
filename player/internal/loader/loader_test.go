package loader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/media"
)

const (
	segments = 40
	// A segment is as many frames of ADTS as come next to 4 s.
	frames        = 172
	segmentLength = frames * 1024 * time.Second / 44100
)

// album is a server of one track in two renditions, without a network.
type album struct {
	mu    sync.Mutex
	asked map[string]int
	gone  string // a host that refuses everything
}

func (a *album) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	a.asked[r.URL.Path]++
	gone := a.gone == r.URL.Host
	a.mu.Unlock()
	body, status := a.body(r.URL.Path)
	if gone {
		body, status = nil, http.StatusNotFound
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

func (a *album) body(path string) ([]byte, int) {
	switch {
	case path == "/top.m3u8":
		return []byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.2\"\n0/list.m3u8\n" +
			"#EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\n1/list.m3u8\n"), http.StatusOK
	case strings.HasSuffix(path, "list.m3u8"):
		var b strings.Builder
		b.WriteString("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n")
		for i := range segments {
			fmt.Fprintf(&b, "#EXTINF:%.6f,\n%d.aac\n", segmentLength.Seconds(), i)
		}
		b.WriteString("#EXT-X-ENDLIST\n")
		return []byte(b.String()), http.StatusOK
	case strings.HasSuffix(path, ".aac"):
		return adts(frames), http.StatusOK
	}
	return nil, http.StatusNotFound
}

// adts is n frames of AAC-LC at 44.1 kHz in stereo, with nothing to decode in them.
func adts(n int) []byte {
	const size = 16
	frame := [size]byte{0xff, 0xf1, 1<<6 | 4<<2, 2 << 6, size >> 3, size&7<<5 | 0x1f, 0xfc}
	return bytes.Repeat(frame[:], n)
}

// bench is a loader at work, and what it said.
type bench struct {
	*Loader
	t      *testing.T
	server *album
	rule   atomic.Int64 // the rendition to load
	done   chan error
	stop   context.CancelFunc

	mu    sync.Mutex
	notes []any
}

func newBench(t *testing.T, server *album, spec Spec) *bench {
	b := &bench{t: t, server: server, done: make(chan error, 1)}
	server.asked = map[string]int{}
	client := fetch.New(fetch.Options{HTTP: &http.Client{Transport: server}, Retry: fetch.Retry{Attempts: 1}})
	env := &Env{
		Fetch: client, Probe: client, Link: &Link{}, Counters: &Counters{}, Logger: slog.New(slog.DiscardHandler),
		Buffer: 30 * time.Second, BufferBytes: 32 << 20,
		Choice: func() Choice { return Choice{Rule: abr.Fixed{Index: int(b.rule.Load())}} },
	}
	ctx, stop := context.WithCancel(t.Context())
	b.stop = stop
	b.Loader = New(t.Context(), env, Task{Spec: spec, Lead: func() time.Duration { return 0 }, Note: func(what any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.notes = append(b.notes, what)
	}})
	go func() { b.done <- b.Run(ctx) }()
	b.rest()
	return b
}

// rest lets the loader do all that it can do now.
func (b *bench) rest() {
	time.Sleep(2 * longestRest)
	synctest.Wait()
}

// noted counts the notes of T's kind.
func noted[T any](b *bench) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, what := range b.notes {
		if _, ok := what.(T); ok {
			n++
		}
	}
	return n
}

// take decodes and plays segment i, and the parts of it that came before the whole.
func (b *bench) take(i, rendition int) {
	b.t.Helper()
	r, ok, err := b.Runs().Pop(b.t.Context())
	for ok && r.Packets > 0 {
		part := r
		if r, ok, err = b.Runs().Pop(b.t.Context()); ok && (r.Segment != part.Segment || part.Packets > frames) {
			b.t.Fatalf("segment %d: %+v behind a part of another", i, r)
		}
	}
	if err != nil || !ok || r.Index != i || r.Rendition != rendition || (r.Start-time.Duration(i)*segmentLength).Abs() > time.Millisecond {
		b.t.Fatalf("segment %d of rendition %d: %+v %v %v", i, rendition, r, ok, err)
	}
	demux, err := r.Open()
	if err != nil {
		b.t.Fatal(err)
	}
	var p media.Packet
	n := 0
	for demux.Next(&p) == nil {
		n++
	}
	if n != frames || r.IsFile() || r.Continues != (i > 0) {
		b.t.Errorf("segment %d: %d packets, continues %v", i, n, r.Continues)
	}
	r.Done()
	b.Progress().SetPlayed(time.Duration(i+1) * segmentLength)
	b.rest()
}

// TestRoom: as much is loaded as Env.Buffer asks for, and then one segment for each that is played, up to the end.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &album{}, Spec{URL: "http://a.example/top.m3u8"})
		const full = 8 // of 4 s are the first to be more than 30 s
		if n, _ := b.Runs().Waiting(); n < full || noted[SegmentIn](b) != full || noted[Filled](b) != 1 || noted[Opened](b) != 1 {
			t.Errorf("%d runs wait, %d segments are in", n, noted[SegmentIn](b))
		}
		if ahead := b.Progress().Ahead(); (ahead - full*segmentLength).Abs() > time.Millisecond {
			t.Errorf("%v ahead", ahead)
		}
		time.Sleep(time.Hour)
		for i := range segments {
			b.take(i, 0)
			if n := noted[SegmentIn](b); n != min(full+i+1, segments) {
				t.Errorf("%d segments in after %d were played", n, i+1)
			}
		}
		if _, ok, err := b.Runs().Pop(t.Context()); ok || err != nil {
			t.Error("a run behind the last", err)
		}
		if err := <-b.done; err != nil || noted[AllIn](b) != 1 || !b.Progress().AllIn() {
			t.Error(err, noted[AllIn](b))
		}
		b.stop()
		b.Close()
		if w := b.env.Counters.Wasted.Load(); w != 0 {
			t.Errorf("%d bytes fetched in vain", w)
		}
	})
}

// TestReconsider: what the decoder hasn't begun is loaded anew as the rule says now, and nothing is lost or doubled.
func TestReconsider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &album{}, Spec{URL: "http://a.example/top.m3u8"})
		b.take(0, 0)
		b.rule.Store(1)
		b.Reconsider()
		b.rest()
		for i := 1; i < 12; i++ {
			b.take(i, 1)
		}
		size := int64(len(adts(frames)))
		if w := b.env.Counters.Wasted.Load(); w != 8*size {
			t.Errorf("%d bytes fetched in vain, want those of 8 segments: %d", w, 8*size)
		}
		b.stop()
		if err := <-b.done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		b.Close()
		if w := b.env.Counters.Wasted.Load(); w != 16*size {
			t.Errorf("%d bytes fetched in vain once it is closed, want those of 16 segments", w)
		}
	})
}

// TestLocationFails: music goes on at the next location, from where the one before broke off.
func TestLocationFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &album{}
		b := newBench(t, server, Spec{URL: "http://a.example/top.m3u8", Alternatives: []Location{{URL: "http://b.example/top.m3u8"}}})
		b.take(0, 0)
		server.mu.Lock()
		server.gone = "a.example"
		server.mu.Unlock()
		for i := 1; i < 9; i++ {
			b.take(i, 0)
		}
		r, ok, err := b.Runs().Pop(t.Context())
		if err != nil || !ok || r.Index != 8 || r.Continues { // for another decoder to warm up with
			t.Fatal(r, ok, err)
		}
		if r, ok, err = b.Runs().Pop(t.Context()); err != nil || !ok || r.Index != 9 || !r.Continues {
			t.Fatal(r, ok, err)
		}
		if n := server.asked["/0/list.m3u8"]; n != 2 {
			t.Errorf("the list was read %d times, want once from each location", n)
		}
		b.stop()
		<-b.done
		b.Close()
	})
}

// TestAllIn: that nothing is left to load is known as soon as it is so, while the loader still waits for room to
// choose anew: a mixer that ran dry may be waiting for just that.
func TestAllIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &album{}, Spec{URL: "http://a.example/top.m3u8", Stop: 8*segmentLength - time.Millisecond})
		if b.Progress().Ahead() < 31*time.Second || !b.Progress().AllIn() {
			t.Errorf("%v ahead, all in %v", b.Progress().Ahead(), b.Progress().AllIn())
		}
		whole := newBench(t, &album{}, Spec{URL: "http://a.example/top.m3u8"})
		if whole.Progress().AllIn() {
			t.Error("all is in of what doesn't fit")
		}
	})
}
