package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"github.com/segue-audio/segue/api/server/ingest"
)

// reporter tells what happens: in JSON lines for programs, in plain lines for files and pipes, and
// with one line that is written over for people at a terminal.
type reporter struct {
	mu    sync.Mutex
	out   io.Writer
	json  bool
	width int // of the terminal; zero where it isn't one
	dirty bool
	count map[ingest.Stage]int
}

func newReporter(asJSON bool, out io.Writer) *reporter {
	r := &reporter{out: out, json: asJSON, count: map[ingest.Stage]int{}}
	if f, ok := out.(*os.File); ok && !asJSON && term.IsTerminal(int(f.Fd())) {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			r.width = w
		}
	}
	return r
}

// event is a JSON line. Fields that an event doesn't have are left out.
type event struct {
	Event   string       `json:"event"`
	URL     string       `json:"url,omitempty"`
	Tracks  *int         `json:"tracks,omitempty"`
	Encoder string       `json:"encoder,omitempty"`
	Stage   ingest.Stage `json:"stage,omitempty"`
	Path    string       `json:"path,omitempty"`
	File    int          `json:"file,omitempty"`
	Files   int          `json:"files,omitempty"`
	Detail  string       `json:"detail,omitempty"`
}

func (r *reporter) listening(url, encoder string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.json {
		r.emit(event{Event: "listening", URL: url, Encoder: encoder})
		return
	}
	r.line("Listening on %s", url)
}

func (r *reporter) ready(url string, tracks int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.json {
		r.emit(event{Event: "ready", URL: url, Tracks: &tracks})
		return
	}
	noun := "tracks"
	if tracks == 1 {
		noun = "track"
	}
	r.line("Ready: %d %s on %s (%d new, %d as before, %d passed over)", tracks, noun, url,
		r.count[ingest.Added], r.count[ingest.Unchanged], r.count[ingest.Skipped])
}

func (r *reporter) progress(p ingest.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count[p.Stage]++
	if r.json {
		r.emit(event{Event: "progress", Stage: p.Stage, Path: p.Path, File: p.File, Files: p.Files, Detail: p.Detail})
		return
	}
	switch p.Stage {
	case ingest.Skipped:
		r.line("passed over %s: %s", p.Path, p.Detail)
	case ingest.Added:
		if r.width == 0 {
			r.line("[%d/%d] %s", p.File, p.Files, p.Path)
		}
	}
	if r.width > 0 {
		r.over(p)
	}
}

const barCells = 24

// over writes the bar and what is being done over the line before.
func (r *reporter) over(p ingest.Progress) {
	bar := ""
	for i := range barCells {
		if p.Files > 0 && i < barCells*p.File/p.Files {
			bar += "━"
		} else {
			bar += "╌"
		}
	}
	text := fmt.Sprintf(" %d/%d  %s %s", p.File, p.Files, p.Path, p.Detail)
	if p.Files == 0 {
		text = fmt.Sprintf(" looking for music: %d files", p.File)
		if p.Detail != "" {
			text = " " + p.Detail
		}
	}
	if cells := []rune(text); len(cells) > r.width-barCells-1 {
		text = string(cells[:max(0, r.width-barCells-1)])
	}
	_, _ = fmt.Fprintf(r.out, "\r\x1b[K%s%s", bar, text) // a terminal that is gone needs no telling
	r.dirty = true
}

func (r *reporter) line(format string, args ...any) {
	if r.dirty {
		_, _ = io.WriteString(r.out, "\r\x1b[K")
		r.dirty = false
	}
	_, _ = fmt.Fprintf(r.out, format+"\n", args...) // whoever read it has gone; serving goes on
}

func (r *reporter) emit(e event) {
	b, err := json.Marshal(e)
	if err != nil {
		return // texts and numbers always encode
	}
	_, _ = r.out.Write(append(b, '\n')) // whoever read it has gone; serving goes on
}
