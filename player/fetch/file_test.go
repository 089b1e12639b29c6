package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// shelf is a BlockStore in memory.
type shelf struct {
	mu   sync.Mutex
	held map[string][]byte
	fail error
}

func (s *shelf) Get(_ context.Context, key string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.held[key]
	return b, ok
}

func (s *shelf) Put(_ context.Context, key string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	if s.held == nil {
		s.held = make(map[string][]byte)
	}
	s.held[key] = bytes.Clone(data)
	return nil
}

const fileBytes = 20*BlockBytes + 12_345

func open(t *testing.T, c *Client, r FileRequest) *File {
	t.Helper()
	if r.URL == "" {
		r.URL = address
	}
	f, err := c.Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func shut(t *testing.T, f *File) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error("twice:", err)
	}
	if _, err := f.ReadAt(make([]byte, 1), f.Size()-1); f.Size() > BlockBytes && !errors.Is(err, ErrClosed) {
		t.Error("after Close:", err)
	}
}

// A file reads the same whatever its server can do, and however its connections break.
func TestFile(t *testing.T) {
	for name, s := range map[string]*resource{
		"ranges":           {etag: `"v1"`},
		"ranges, naked":    {},
		"ranges, broken":   {etag: `"v1"`, each: 100_000},
		"naked, broken":    {cuts: []int{100_000, -1, 7, -1, 0, -1, 200_000}},
		"no ranges":        {noRange: true},
		"no length":        {noRange: true, chunked: true},
		"no range, broken": {noRange: true, cuts: []int{-1, 300_000, 700_000, 1_000}},
	} {
		for _, memory := range []int64{0, 100_000} {
			t.Run(name, func(t *testing.T) {
				s := &resource{etag: s.etag, noRange: s.noRange, chunked: s.chunked, each: s.each, cuts: append([]int(nil), s.cuts...)}
				s.body = music(fileBytes)
				onNetwork(t, s.serve, func(t *testing.T, n *network) {
					dir := t.TempDir()
					f := open(t, n.client(Options{}), FileRequest{SpoolMemory: memory, SpoolDir: dir})
					if size := f.Size(); size != fileBytes && (size != -1 || !s.chunked) {
						t.Fatalf("size %d", size)
					}
					r := rand.New(rand.NewPCG(1, 2))
					for range 15 {
						off := r.Int64N(fileBytes)
						p := make([]byte, min(fileBytes-off, 1+r.Int64N(400_000)))
						if k, err := f.ReadAt(p, off); k != len(p) || err != nil {
							t.Fatalf("%d at %d: %d, %v", len(p), off, k, err)
						}
						sameBytes(t, p, s.body[off:off+int64(len(p))])
					}
					all, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<40))
					if err != nil || f.Size() != fileBytes || f.InOrder() {
						t.Fatalf("%v, size %d, in order: %v", err, f.Size(), f.InOrder())
					}
					sameBytes(t, all, s.body)
					for off, want := range map[int64]int{fileBytes - 5: 5, fileBytes: 0, fileBytes + 9: 0} {
						if k, err := f.ReadAt(make([]byte, 10), off); k != want || err != io.EOF {
							t.Errorf("10 bytes at %d: %d, %v", off, k, err)
						}
					}
					if _, err := f.ReadAt(make([]byte, 1), -1); !errors.Is(err, ErrRequest) {
						t.Error(err)
					}
					if left, _ := os.ReadDir(dir); len(left) > 0 && runtime.GOOS != "windows" {
						t.Errorf("%v would outlive a killed process", left[0].Name())
					}
					shut(t, f)
					if left, _ := os.ReadDir(dir); len(left) > 0 {
						t.Errorf("%v is left", left[0].Name())
					}
				})
			})
		}
	}
}

func TestSmallFiles(t *testing.T) {
	for _, size := range []int{0, 1, BlockBytes - 1, BlockBytes, BlockBytes + 1, 2 * BlockBytes} {
		for _, noRange := range []bool{false, true} {
			for _, chunked := range []bool{false, true} {
				s := &resource{body: music(size), noRange: noRange, chunked: chunked}
				onNetwork(t, s.serve, func(t *testing.T, n *network) {
					f := open(t, n.client(Options{}), FileRequest{})
					got, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<40))
					if err != nil || f.Size() != int64(size) {
						t.Fatalf("%d bytes, noRange %v, chunked %v: %v", size, noRange, chunked, err)
					}
					sameBytes(t, got, s.body)
					shut(t, f)
				})
			}
		}
	}
}

func TestFileTooLarge(t *testing.T) {
	for name, s := range map[string]*resource{
		"ranges": {}, "no ranges": {noRange: true}, "no length": {noRange: true, chunked: true},
	} {
		s.body = music(fileBytes)
		onNetwork(t, s.serve, func(t *testing.T, n *network) {
			f, err := n.client(Options{}).Open(t.Context(), FileRequest{URL: address, MaxBytes: fileBytes - 1, MaxSpool: fileBytes - 1})
			if err == nil && s.chunked {
				_, err = io.ReadAll(io.NewSectionReader(f, 0, 1<<40))
				shut(t, f)
			}
			if !errors.Is(err, ErrTooLarge) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// What is asked for is given as soon as it is here, not when its block is; what comes ahead of the
// reader comes with few requests; and who goes elsewhere doesn't wait for what is under way.
func TestReadAhead(t *testing.T) {
	s := &resource{body: music(40 * BlockBytes), etag: `"v1"`, pace: 100 * time.Millisecond} // 40 KiB a second
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		began := time.Now()
		f := open(t, n.client(Options{}), FileRequest{ReadAhead: 3 * BlockBytes})
		defer shut(t, f)
		p := make([]byte, 10)
		if _, err := f.ReadAt(p, 0); err != nil || time.Since(began) > 0 {
			t.Errorf("the first bytes came after %v: %v", time.Since(began), err)
		}
		if _, err := f.ReadAt(p, 20_000); err != nil || time.Since(began) > 500*time.Millisecond {
			t.Errorf("20 kB came after %v: %v", time.Since(began), err)
		}
		time.Sleep(time.Minute)
		if k := len(n.requests()); k != 1 || f.Held(0) != 4*BlockBytes {
			t.Errorf("%d requests, %d bytes held", k, f.Held(0))
		}
		for i := range int64(3) {
			_, _ = f.ReadAt(p, i*BlockBytes)
		}
		time.Sleep(time.Minute)
		if k := len(n.requests()); k != 2 || f.Held(0) != 6*BlockBytes {
			t.Errorf("%d requests for what was read, %d bytes held", k, f.Held(0))
		}
		// The reader goes elsewhere, and on from there.
		_, _ = f.ReadAt(p, 4*BlockBytes)
		synctest.Wait()
		began = time.Now()
		const there = 20*BlockBytes + 5000
		if _, err := f.ReadAt(p, there); err != nil || time.Since(began) > 0 {
			t.Errorf("after a seek: %v, %v", err, time.Since(began))
		}
		sameBytes(t, p, s.body[there:][:10])
		requests := n.requests()
		if got := requests[len(requests)-1].Header.Get("Range"); got != "bytes=1315720-1572863" {
			t.Errorf("asked for %q", got)
		}
		// And back within the block, to what was left out.
		if _, err := f.ReadAt(p, there-3000); err != nil {
			t.Error(err)
		}
		sameBytes(t, p, s.body[there-3000:][:10])
		if _, err := f.ReadAt(p, there+10); err != nil {
			t.Error(err)
		}
		sameBytes(t, p, s.body[there+10:][:10])
		f.SetReadAhead(8 * BlockBytes)
		time.Sleep(time.Minute)
		if f.Held(there-3000) != 29*BlockBytes-(there-3000) || f.ReadAhead() != 8*BlockBytes {
			t.Errorf("%d bytes held from %d on", f.Held(there-3000), there-3000)
		}
	})
}

// TestPeek: what is here is given, and what isn't is neither fetched nor waited for.
func TestPeek(t *testing.T) {
	for _, noRange := range []bool{false, true} {
		s := &resource{body: music(40 * BlockBytes), etag: `"v1"`, noRange: noRange, pace: 100 * time.Millisecond}
		onNetwork(t, s.serve, func(t *testing.T, n *network) {
			f := open(t, n.client(Options{}), FileRequest{ReadAhead: BlockBytes})
			defer shut(t, f)
			p := make([]byte, BlockBytes+10)
			if _, err := f.ReadAt(p, 0); err != nil {
				t.Fatal(err)
			}
			asked, began := len(n.requests()), time.Now()
			q := make([]byte, len(p))
			if !f.Peek(q, 0) {
				t.Fatal("what was read isn't here")
			}
			sameBytes(t, q, p)
			for _, off := range []int64{-1, 30 * BlockBytes, 40*BlockBytes - 5, 40 * BlockBytes, 41 * BlockBytes} {
				if f.Peek(q[:10], off) {
					t.Errorf("noRange %v: 10 bytes at %d are here", noRange, off)
				}
			}
			if time.Since(began) > 0 || len(n.requests()) != asked {
				t.Errorf("noRange %v: peeking took %v and %d requests", noRange, time.Since(began), len(n.requests())-asked)
			}
		})
	}
}

// TestReaderLosesInterest: a read ends with its reader's context, whatever the file does.
func TestReaderLosesInterest(t *testing.T) {
	for _, noRange := range []bool{false, true} {
		s := &resource{body: music(40 * BlockBytes), etag: `"v1"`, noRange: noRange, pace: 100 * time.Millisecond}
		onNetwork(t, s.serve, func(t *testing.T, n *network) {
			f := open(t, n.client(Options{}), FileRequest{})
			defer shut(t, f)
			cause := errors.New("elsewhere")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 3*time.Second, cause)
			defer cancel()
			if _, err := f.ReadAtContext(ctx, make([]byte, 3*BlockBytes), 30*BlockBytes); err != cause {
				t.Errorf("noRange %v: %v", noRange, err)
			}
		})
	}
}

func TestBlocksHeld(t *testing.T) {
	s := &resource{body: music(20 * BlockBytes), etag: `"v1"`}
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		f := open(t, n.client(Options{}), FileRequest{ReadAhead: -1, Keep: 4 * BlockBytes})
		defer shut(t, f)
		for i := range int64(20) {
			if _, err := f.ReadAt(make([]byte, BlockBytes), i*BlockBytes); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		b := f.reader.(*blocks)
		if len(b.table) != 4 || b.lru.Len() != 4 {
			t.Errorf("%d blocks in the table, %d in order of use", len(b.table), b.lru.Len())
		}
		if k := len(n.requests()); k != 20 {
			t.Errorf("%d requests for 20 blocks", k)
		}
	})
}

func TestFileReadTogether(t *testing.T) {
	s := &resource{body: music(12 * BlockBytes), etag: `"v1"`, each: 200_000}
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		f := open(t, n.client(Options{}), FileRequest{Keep: 6})
		var readers sync.WaitGroup
		for i := range uint64(8) {
			readers.Go(func() {
				r := rand.New(rand.NewPCG(i, 1))
				for range 20 {
					off := r.Int64N(11 * BlockBytes)
					p := make([]byte, r.Int64N(BlockBytes))
					if _, err := f.ReadAt(p, off); err != nil || !bytes.Equal(p, s.body[off:off+int64(len(p))]) {
						t.Errorf("%d at %d: %v", len(p), off, err)
						return
					}
				}
			})
		}
		readers.Wait()
		shut(t, f)
	})
}

func TestFileChanged(t *testing.T) {
	for name, change := range map[string]func(*resource){
		"etag": func(s *resource) { s.etag = `"v2"` },
		"size": func(s *resource) { s.etag, s.body = "", s.body[:len(s.body)-1] },
	} {
		s := &resource{body: music(fileBytes), etag: `"v1"`}
		onNetwork(t, s.serve, func(t *testing.T, n *network) {
			store := &shelf{}
			c := n.client(Options{})
			f := open(t, c, FileRequest{ReadAhead: -1, Blocks: store})
			p := make([]byte, 10)
			if _, err := f.ReadAt(p, 0); err != nil {
				t.Fatal(err)
			}
			s.set(change)
			if _, err := f.ReadAt(p, 3*BlockBytes); !errors.Is(err, ErrChanged) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := f.ReadAt(p, 0); !errors.Is(err, ErrChanged) {
				t.Errorf("%s, later: %v", name, err)
			}
			shut(t, f)
			f = open(t, c, FileRequest{ReadAhead: -1, Blocks: store})
			got, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
			if err != nil {
				t.Fatal(err)
			}
			sameBytes(t, got, s.body)
			shut(t, f)
		})
	}
	// A server that gives no ranges any more, but the same resource.
	same := &resource{body: music(fileBytes), etag: `"v1"`}
	onNetwork(t, same.serve, func(t *testing.T, n *network) {
		f := open(t, n.client(Options{}), FileRequest{ReadAhead: -1})
		same.set(func(s *resource) { s.noRange = true })
		p := make([]byte, 10)
		if _, err := f.ReadAt(p, 3*BlockBytes); err != nil {
			t.Error(err)
		}
		sameBytes(t, p, same.body[3*BlockBytes:][:10])
		shut(t, f)
	})
	// A download that had to begin again and brings other bytes.
	s := &resource{body: music(fileBytes), noRange: true, cuts: []int{700_000}}
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		f := open(t, n.client(Options{Retry: Retry{Rand: func() float64 { return 0.9 }}}), FileRequest{})
		if _, err := f.ReadAt(make([]byte, 10), 600_000); err != nil {
			t.Fatal(err)
		}
		s.set(func(s *resource) { s.body = bytes.Clone(s.body); s.body[5]++ })
		if _, err := f.ReadAt(make([]byte, 10), 800_000); !errors.Is(err, ErrChanged) {
			t.Error(err)
		}
		if _, err := f.ReadAt(make([]byte, 10), 600_000); err != nil {
			t.Error("what had come:", err)
		}
		shut(t, f)
	})
}

func TestFileFromStore(t *testing.T) {
	body := music(fileBytes)
	s := &resource{body: body, etag: `"v1"`}
	var status atomic.Int32
	onNetwork(t, func(w http.ResponseWriter, r *http.Request) {
		if code := status.Load(); code != 0 {
			w.WriteHeader(int(code))
			return
		}
		s.serve(w, r)
	}, func(t *testing.T, n *network) {
		store := &shelf{}
		c := n.client(Options{})
		read := func() {
			t.Helper()
			f := open(t, c, FileRequest{URL: address + "?tok=" + time.Now().String()[11:19], Blocks: store})
			got, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
			if err != nil {
				t.Fatal(err)
			}
			sameBytes(t, got, s.body)
			shut(t, f)
		}
		read()
		before := len(n.requests())
		read()
		if k := len(n.requests()) - before; k != 1 {
			t.Errorf("%d requests for a file that is here", k)
		}
		n.setDown(true)
		began := time.Now()
		read()
		if time.Since(began) > 0 {
			t.Errorf("waited %v for a server that refuses", time.Since(began))
		}
		n.setDown(false)
		status.Store(503)
		read()
		status.Store(401)
		if _, err := c.Open(t.Context(), FileRequest{URL: address, Blocks: store}); err == nil {
			t.Error("read without leave")
		}
		status.Store(0)
		s.set(func(s *resource) { s.body, s.etag = music(fileBytes + 1)[1:], `"v2"` })
		read()
		store.fail = errors.New("disk full")
		s.set(func(s *resource) { s.etag = `"v3"` })
		read()
	})
}

func TestFileEndsWhileRead(t *testing.T) {
	for _, noRange := range []bool{false, true} {
		s := &resource{body: music(fileBytes), etag: `"v1"`, noRange: noRange}
		onNetwork(t, s.serve, func(t *testing.T, n *network) {
			c := n.client(Options{})
			s.set(func(s *resource) { s.pace = time.Second })
			g := open(t, c, FileRequest{})
			time.AfterFunc(time.Second, func() { _ = g.Close() })
			if _, err := g.ReadAt(make([]byte, 10), 4*BlockBytes+100_000); !errors.Is(err, ErrClosed) {
				t.Errorf("noRange %v: %v", noRange, err)
			}

			cause := errors.New("skipped")
			ctx, cancel := context.WithCancelCause(t.Context())
			h, err := c.Open(ctx, FileRequest{URL: address})
			if err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(time.Second, func() { cancel(cause) })
			if _, err := h.ReadAt(make([]byte, 10), 4*BlockBytes+100_000); err != cause {
				t.Errorf("noRange %v: %v", noRange, err)
			}
			_ = h.Close()
		})
	}
}

// A block that could not be had is asked for anew by the next read.
func TestFileRecovers(t *testing.T) {
	s := &resource{body: music(fileBytes), etag: `"v1"`}
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		f := open(t, n.client(Options{}), FileRequest{ReadAhead: -1})
		defer shut(t, f)
		synctest.Wait()
		n.setDown(true)
		p := make([]byte, 10)
		began := time.Now()
		if _, err := f.ReadAt(p, 2*BlockBytes); !errors.Is(err, errRefused) || time.Since(began) > 16*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if _, err := f.ReadAt(p, 5); err != nil {
			t.Error("of a block that is here:", err)
		}
		n.setDown(false)
		if _, err := f.ReadAt(p, 2*BlockBytes); err != nil {
			t.Error("with the server back:", err)
		}
		sameBytes(t, p, s.body[2*BlockBytes:][:10])
	})
}

// Without validators only the bytes themselves tell that a block, broken and begun again, is of another
// version than what readers were given of it.
func TestBlockChangedWhileRead(t *testing.T) {
	s := &resource{body: music(fileBytes), pace: time.Second, cuts: []int{-1, 40_000}}
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		f := open(t, n.client(Options{}), FileRequest{ReadAhead: -1})
		if _, err := f.ReadAt(make([]byte, 10), 2*BlockBytes); err != nil {
			t.Fatal(err)
		}
		s.set(func(s *resource) { s.body = bytes.Clone(s.body); s.body[2*BlockBytes+3]++ })
		if _, err := f.ReadAt(make([]byte, 10), 2*BlockBytes+60_000); !errors.Is(err, ErrChanged) {
			t.Error(err)
		}
		shut(t, f)
	})
}

// Fetching ahead that fails isn't begun again while nobody reads.
func TestReadAheadRests(t *testing.T) {
	s := &resource{body: music(10 * BlockBytes), etag: `"v1"`}
	var refuse atomic.Bool
	onNetwork(t, func(w http.ResponseWriter, r *http.Request) {
		if refuse.Load() {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		s.serve(w, r)
	}, func(t *testing.T, n *network) {
		f := open(t, n.client(Options{}), FileRequest{ReadAhead: 2 * BlockBytes})
		defer shut(t, f)
		synctest.Wait()
		refuse.Store(true)
		_, _ = f.ReadAt(make([]byte, 10), 2*BlockBytes)
		time.Sleep(time.Hour)
		if k := len(n.requests()); k != 2 {
			t.Errorf("%d requests", k)
		}
		refuse.Store(false)
		if _, err := f.ReadAt(make([]byte, 10), 2*BlockBytes+20); err != nil { // a read of what is here wakes it
			t.Error(err)
		}
		synctest.Wait()
		if k := len(n.requests()); k != 3 {
			t.Errorf("%d requests", k)
		}
	})
}

// slowShelf is a BlockStore whose Get takes a while, whatever becomes of its context.
type slowShelf struct{ shelf }

func (s *slowShelf) Get(context.Context, string) ([]byte, bool) {
	time.Sleep(10 * time.Second)
	return nil, false
}

// A block whose fetching was called off for a reader elsewhere is fetched all the same when somebody
// began to wait for it in that moment.
func TestCalledOffAndWanted(t *testing.T) {
	s := &resource{body: music(10 * BlockBytes), etag: `"v1"`}
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		f := open(t, n.client(Options{}), FileRequest{Blocks: &slowShelf{}})
		defer shut(t, f)
		_, _ = f.ReadAt(make([]byte, 10), 0) // block 1 is looked for in the store now
		synctest.Wait()
		var readers sync.WaitGroup
		for _, index := range []int64{7, 1, 9} { // the last one takes fetching ahead away from 1
			readers.Go(func() {
				p := make([]byte, 10)
				if _, err := f.ReadAt(p, index*BlockBytes); err != nil || !bytes.Equal(p, s.body[index*BlockBytes:][:10]) {
					t.Errorf("block %d: %v", index, err)
				}
			})
			synctest.Wait()
		}
		readers.Wait()
	})
}
