package player_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// TestFaultsOverSockets is TestFaults' heart over real connections: a server that hangs up, ends early, goes
// silent, or is away for a while. It takes real time, so it runs with SEGUE_SWEEP=1 alone.
func TestFaultsOverSockets(t *testing.T) {
	if os.Getenv("SEGUE_SWEEP") != "1" {
		t.Skip("takes half a minute of real time: set SEGUE_SWEEP=1")
	}
	music := playertest.Music(12, 30*playertest.Rate)
	whole := playertest.NewService()
	path := whole.Track(t, "t0", music)
	half := func(w http.ResponseWriter, h http.Handler, r *http.Request) *http.ResponseController {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
		c := http.NewResponseController(w)
		_ = c.Flush()
		return c
	}
	for name, fault := range map[string]func(http.ResponseWriter, http.Handler, *http.Request){
		"hangs up": func(w http.ResponseWriter, h http.Handler, r *http.Request) {
			if conn, _, err := half(w, h, r).Hijack(); err == nil {
				_ = conn.Close()
			}
		},
		"ends early": func(w http.ResponseWriter, h http.Handler, r *http.Request) {
			half(w, h, r)
			panic(http.ErrAbortHandler)
		},
		"goes silent": func(w http.ResponseWriter, h http.Handler, r *http.Request) {
			half(w, h, r)
			<-r.Context().Done()
		},
		"never answers": func(_ http.ResponseWriter, _ http.Handler, r *http.Request) { <-r.Context().Done() },
		"is busy": func(w http.ResponseWriter, _ http.Handler, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := whole.Clone()
			var mu sync.Mutex
			done := map[string]bool{}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				first := !done[r.URL.Path] && (strings.HasSuffix(r.URL.Path, "/1.m4s") || strings.HasSuffix(r.URL.Path, "/4.m4s"))
				done[r.URL.Path] = true
				mu.Unlock()
				if first {
					fault(w, s, r)
					return
				}
				s.ServeHTTP(w, r)
			}))
			defer server.Close()
			out := &playertest.Capture{Pace: sink.Unpaced}
			p := player.New(player.Config{Sink: out})
			p.Append(player.Item{URL: server.URL + path})
			p.Play()
			if err := p.Wait(t.Context()); err != nil {
				t.Error(err)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			if _, err := playertest.Same(out.Music(), music); err != nil {
				t.Error(err)
			}
		})
	}
}
