package fetch

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// TestNetworkChanged: what hangs on the old network is asked for again at once, what flows goes on.
func TestNetworkChanged(t *testing.T) {
	s := &resource{body: music(100_000), etag: `"v1"`}
	var hang, part atomic.Bool // for the next request
	hang.Store(true)
	onNetwork(t, func(w http.ResponseWriter, r *http.Request) {
		if hang.Swap(false) {
			<-r.Context().Done()
			return
		}
		if part.Swap(false) {
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(s.body[:50_000])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		s.serve(w, r)
	}, func(t *testing.T, n *network) {
		c := n.client(Options{})
		time.AfterFunc(2*time.Second, c.WithRetry(Retry{Attempts: 1}).NetworkChanged)
		began := time.Now()
		resp, err := c.Get(t.Context(), Request{URL: address})
		if took := time.Since(began); err != nil || took != 2*time.Second || resp.Attempts != 2 {
			t.Errorf("%v after %v, %d attempts", err, took, resp.Attempts)
		}
		// 4 KiB every 100 ms: no attempt is broken off.
		s.set(func(s *resource) { s.pace = 100 * time.Millisecond })
		time.AfterFunc(time.Second, c.NetworkChanged)
		if resp, err = c.Get(t.Context(), Request{URL: address}); err != nil || resp.Attempts != 1 {
			t.Errorf("a body that flows: %v, %d attempts", err, resp.Attempts)
		}
		// A body that flowed and flows no more is given 0.6 s, not 8.
		part.Store(true)
		time.AfterFunc(500*time.Millisecond, c.NetworkChanged)
		began = time.Now()
		s.set(func(s *resource) { s.pace = 0 })
		resp, err = c.Get(t.Context(), Request{URL: address})
		if took := time.Since(began); err != nil || resp.Wire != 100_000 || took != 1100*time.Millisecond {
			t.Errorf("a body that ceases: %v after %v", err, took)
		}
	})
	// A server that isn't there is asked again at once, however long the pause was to be.
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		n.setDown(true)
		c := n.client(Options{Retry: Retry{Base: time.Hour, Max: time.Hour, Budget: 2 * time.Hour}})
		time.AfterFunc(time.Second, func() { n.setDown(false); s.set(func(s *resource) { s.pace = 0 }); c.NetworkChanged() })
		began := time.Now()
		if _, err := c.Get(t.Context(), Request{URL: address}); err != nil || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestDecide: the app has the last word on what may be mended, and none on what can't.
func TestDecide(t *testing.T) {
	status := 503
	onNetwork(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(status)
	}, func(t *testing.T, n *network) {
		var seen []Attempt
		c := n.client(Options{Retry: Retry{Rand: func() float64 { return 0 }, Decide: func(a Attempt) (time.Duration, bool) {
			seen = append(seen, a)
			return 7 * time.Second, a.Total < 3
		}}})
		began := time.Now()
		_, err := c.Get(t.Context(), Request{URL: address + "?tok=sesame"})
		var e *Error
		if !errors.As(err, &e) || e.Attempts != 3 || time.Since(began) != 14*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if len(seen) != 3 || seen[0].Pause != 3*time.Second || !seen[0].Again || seen[2].Failed != 3 || seen[1].Idle != 7*time.Second {
			t.Errorf("%+v", seen)
		}
		noSecrets(t, "Attempt", seen[0].URL)
		seen, status = nil, 404
		if _, err = c.Get(t.Context(), Request{URL: address}); !errors.As(err, &e) || e.Attempts != 1 || seen != nil {
			t.Errorf("404: %v, %+v", err, seen)
		}
	})
}

// TestRequestStall: a listener who is about to run dry waits less for a connection that hangs.
func TestRequestStall(t *testing.T) {
	s := &resource{body: music(20_000), etag: `"v1"`, pace: time.Hour}
	onNetwork(t, s.serve, func(t *testing.T, n *network) {
		var pauses []Attempt
		time.AfterFunc(20*time.Second, func() { s.set(func(s *resource) { s.pace = 0 }) })
		_, err := n.client(Options{Retry: Retry{Rand: func() float64 { return 0 }}}).Get(t.Context(), Request{
			URL: address, Stall: 2 * time.Second, Retrying: func(a Attempt) { pauses = append(pauses, a) },
		})
		if err != nil || len(pauses) != 4 {
			t.Fatalf("%v, %+v", err, pauses)
		}
		for i, want := range []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second} {
			if a := pauses[i]; a.Idle != want || !errors.Is(a.Err, ErrStalled) {
				t.Errorf("stall %d: %+v", i, a)
			}
		}
		if len(n.requests()) != 5 {
			t.Errorf("%d requests", len(n.requests()))
		}
	})
}
