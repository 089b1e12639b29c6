package clients_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// result is what came of one client with one stream.
type result struct {
	heard      heard
	seeks      []float64 // milliseconds by which a seek missed
	renditions []string
	known      string // why it isn't played, where that is known
	seekless   string // why it isn't sought in
	fades      string // what else is to be said
	err        error
}

// most is how far a seek may miss, in milliseconds: a player may begin with the frame that holds the moment.
const most = 30

// land compares where a seek landed with where it was to.
func (r *result) land(music, got []float32, to float64) error {
	at, err := landed(music, got, to)
	if err != nil {
		return fmt.Errorf("a seek to %.1f s: %w", to, err)
	}
	r.seeks = append(r.seeks, 1000*(at-to))
	return nil
}

func (r result) String() string {
	switch {
	case r.known != "":
		return "not played: " + r.known
	case r.err != nil:
		return "FAILED: " + strings.Join(strings.Fields(r.err.Error()), " ") // on one line of a table
	case !r.ok():
		return "FAILED: " + r.describe()
	}
	return r.describe()
}

func (r result) describe() string {
	s := r.heard.String()
	if r.fades != "" {
		s += "; " + r.fades
	}
	if r.seekless != "" {
		return s + "; no seeks: " + r.seekless
	}
	if len(r.seeks) > 0 {
		s += ", seeks"
		for _, ms := range r.seeks {
			s += fmt.Sprintf(" %+.1f ms", ms)
		}
	}
	return s
}

func (r result) ok() bool {
	missed := slices.ContainsFunc(r.seeks, func(ms float64) bool { return math.Abs(ms) > most })
	return r.err == nil && r.heard.ok() && !missed
}

// table is the outcome of a run.
type table struct{ lines []string }

func (tb *table) add(t *testing.T, client, stream string, r result) {
	t.Helper()
	tb.lines = append(tb.lines, fmt.Sprintf("| %s | %s | %v |", client, stream, r))
	if r.known == "" && !r.ok() {
		t.Errorf("%s, %s: %v", client, stream, r)
		return
	}
	t.Logf("%s, %s: %v", client, stream, r)
}

// write puts the lines where SEGUE_CLIENTS_TABLE says: between two marks of a document.
func (tb *table) write(t *testing.T) {
	t.Helper()
	name := os.Getenv("SEGUE_CLIENTS_TABLE")
	if name == "" {
		return
	}
	const begin, end = "<!-- begin -->\n", "<!-- end -->"
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table, between %q and %q", name, begin, end)
	}
	head := "| client | stream | what is heard |\n|---|---|---|\n"
	text := before + begin + head + strings.Join(tb.lines, "\n") + "\n" + end + after
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
