package fetch

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

// What a server without ranges has sent can be read while the rest comes in, whether its length is known or
// not.
func TestFileGrows(t *testing.T) {
	for _, chunked := range []bool{false, true} {
		s := &resource{body: music(fileBytes), noRange: true, chunked: chunked, pace: 100 * time.Millisecond} // 40 KiB a second
		onNetwork(t, s.serve, func(t *testing.T, n *network) {
			began := time.Now()
			f := open(t, n.client(Options{}), FileRequest{})
			defer shut(t, f)
			p := make([]byte, 1000)
			for _, c := range []struct {
				off  int64
				soon time.Duration // after began
			}{{0, 0}, {3000, 0}, {40 << 10, time.Second}, {400 << 10, 10 * time.Second}, {5, 10 * time.Second}} {
				if _, err := f.ReadAt(p, c.off); err != nil {
					t.Fatal(err)
				}
				sameBytes(t, p, s.body[c.off:][:len(p)])
				if took := time.Since(began); took > c.soon+200*time.Millisecond {
					t.Errorf("chunked %v: what is at %d came after %v", chunked, c.off, took)
				}
			}
			if size := f.Size(); size != map[bool]int64{true: -1, false: fileBytes}[chunked] || !f.InOrder() {
				t.Errorf("size %d, in order: %v", size, f.InOrder())
			}
			if held := f.Held(1000); held < 400<<10-1000 || held > 420<<10 {
				t.Errorf("%d bytes are held", held)
			}
			if n, err := f.ReadAt(p, fileBytes-10); n != 10 || err != io.EOF {
				t.Errorf("at the end: %d, %v", n, err)
			}
			if f.Size() != fileBytes || f.InOrder() || len(n.requests()) != 1 {
				t.Errorf("size %d, in order: %v, %d requests", f.Size(), f.InOrder(), len(n.requests()))
			}
		})
	}
}

// A download that failed for good rests until somebody reads on; then it goes on where it was, or begins
// again where the server doesn't let it.
func TestGrowingFileRecovers(t *testing.T) {
	for _, etag := range []string{"", `"v1"`} {
		s := &resource{body: music(fileBytes), etag: etag, noRange: true, chunked: true, pace: time.Millisecond, cuts: []int{200_000}}
		onNetwork(t, s.serve, func(t *testing.T, n *network) {
			f := open(t, n.client(Options{}), FileRequest{})
			defer shut(t, f)
			n.setDown(true)
			p := make([]byte, 10)
			began := time.Now()
			if _, err := f.ReadAt(p, 300_000); !errors.Is(err, errRefused) || time.Since(began) > 20*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
			if _, err := f.ReadAt(p, 199_000); err != nil || !f.InOrder() {
				t.Error("of what is here:", err)
			}
			n.setDown(false)
			all, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<40))
			if err != nil {
				t.Fatal("with the server back:", err)
			}
			sameBytes(t, all, s.body)
		})
	}
}

// A server that claims more than it has is found out when it breaks off twice at one place: what it has is
// played, and the end is an error.
func TestShortFile(t *testing.T) {
	body := music(100_000)
	onNetwork(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "120000")
		_, _ = w.Write(body)
		panic(http.ErrAbortHandler)
	}, func(t *testing.T, n *network) {
		f := open(t, n.client(Options{}), FileRequest{})
		defer shut(t, f)
		all, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<40))
		if !errors.Is(err, ErrShort) || Unreachable(err) || len(n.requests()) != 2 {
			t.Errorf("%v after %d requests", err, len(n.requests()))
		}
		sameBytes(t, all, body)
	})
}

// A live stream is no file, whatever length it claims.
func TestEndlessIsNoFile(t *testing.T) {
	for _, h := range []http.Header{{"Icy-Name": {"x"}}, {"icy-br": {"128"}, "Content-Length": {"99999999"}}, {"Server": {"Icecast 2.4.4"}}} {
		onNetwork(t, func(w http.ResponseWriter, _ *http.Request) {
			for name, v := range h {
				w.Header()[name] = v
			}
			_, _ = w.Write(music(10_000))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, func(t *testing.T, n *network) {
			_, err := n.client(Options{}).Open(t.Context(), FileRequest{URL: address})
			if !errors.Is(err, ErrEndless) || len(n.requests()) != 1 {
				t.Errorf("%v: %v after %d requests", h, err, len(n.requests()))
			}
		})
	}
}
