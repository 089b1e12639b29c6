package clients_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// how is what capture.js is told.
type how struct {
	Origin string    `json:"-"`
	Player string    `json:"player"`
	URL    string    `json:"url"`
	Seeks  []float64 `json:"seeks"`  // seconds
	Change bool      `json:"change"` // begin with the lowest AAC and go to the highest
}

// browsed is what capture.js gives back.
type browsed struct {
	how        how
	Version    string   `json:"version"`
	Errors     []string `json:"errors"`
	Notes      []string `json:"notes"`      // of what it overcame
	Renditions []string `json:"renditions"` // codecs and bandwidth, as they changed
	Fetched    []string `json:"fetched"`    // the rendition of each segment, in the order they came
	Stalls     int      `json:"stalls"`
	Duration   float64  `json:"duration"` // seconds, as the element has it
	Whole      []byte   `json:"whole"`    // of samples, from the beginning to the end
	Seeks      [][]byte `json:"seeks"`
}

// site serves the page with the players from another origin than the music, as apps have it.
func site(t *testing.T, modules string) (origin string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/modules/", http.StripPrefix("/modules/", http.FileServer(http.Dir(filepath.Join(modules, "node_modules")))))
	for _, name := range []string{"page.html", "capture.js", "recorder.js"} {
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, filepath.Join(modules, name)) })
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// chromium finds the browser under the names that systems give it.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("chromium is not installed")
	return ""
}

// watch has a player in a browser play a URL, and judges it. It is done in real time, so a machine that is
// busy elsewhere may starve it: a play with gaps is tried once more.
func watch(t *testing.T, modules string, music []float32, h how) (version string, r result) {
	t.Helper()
	for range 2 {
		b := browse(t, modules, h)
		if version, r = b.Version, b.judge(t, music); len(r.heard.gaps) == 0 {
			break
		}
		t.Logf("with gaps: %v", r)
	}
	return version, r
}

// browse has a player in a browser play a URL, in real time.
func browse(t *testing.T, modules string, h how) *browsed {
	t.Helper()
	request, err := json.Marshal(map[string]any{"origin": h.Origin, "how": h, "executable": chromium(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "node", filepath.Join(modules, "browser.mjs"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(request), &out, &errs
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it then ends the browser
	cmd.WaitDelay = 10 * time.Second
	b := &browsed{how: h}
	if err := cmd.Run(); err != nil {
		b.Errors = append(b.Errors, fmt.Sprintf("%v: %.600s", err, errs.String()))
		return b
	}
	if err := json.Unmarshal(out.Bytes(), b); err != nil {
		t.Fatal(err)
	}
	return b
}

// judge says how what was heard differs from the music.
func (b *browsed) judge(t *testing.T, music []float32) (r result) {
	t.Helper()
	t.Logf("renditions %q, segments of %v, duration %.6f s, notes %q", b.Renditions, b.Fetched, b.Duration, b.Notes)
	r.renditions = b.Renditions
	if len(b.Errors) > 0 {
		r.err = fmt.Errorf("errors %q", b.Errors)
		return r
	}
	if r.heard, r.err = compare(music, floats(b.Whole)); r.err != nil {
		return r
	}
	if b.Stalls > 0 {
		r.heard.gaps = append(r.heard.gaps, fmt.Sprintf("%d stalls", b.Stalls))
	}
	if n := len(b.Fetched); b.how.Change && (!slices.Contains(b.Fetched, "aac-48") || n == 0 || b.Fetched[n-1] != "aac-320") {
		r.err = fmt.Errorf("didn't change: segments of %v", b.Fetched)
		return r
	}
	for i, to := range b.how.Seeks {
		if r.err = r.land(music, floats(b.Seeks[i]), to); r.err != nil {
			return r
		}
	}
	return r
}
