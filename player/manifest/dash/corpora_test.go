package dash

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

// moment is the present of the tests: a time at which the corpora's dynamic MPDs were live, where it is after the
// file's publishTime; else that.
var moment = time.Date(2016, 10, 14, 18, 0, 0, 0, time.UTC)

// corpus gives the MPDs that others made: from SEGUE_CORPORA, or beside the project's root.
func corpus(t testing.TB) []string {
	dir := os.Getenv("SEGUE_CORPORA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "corpora")
	}
	var all []string
	for _, pattern := range []string{"media3/mpd/*", "media3/dash/*/*.mpd", "dash-schema/*.mpd"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		t.Skipf("no corpora at %s: set SEGUE_CORPORA", dir)
	}
	slices.Sort(all)
	return all
}

// presentOf is the moment to read an MPD at.
func presentOf(data []byte) time.Time {
	tree, err := readTree(data)
	if err != nil {
		return moment
	}
	at, _ := tree.time("publishTime")
	if at.IsZero() {
		return moment
	}
	return at.Add(time.Minute)
}

// TestCorpora compares all that is made of each MPD of the corpora, or why it is refused, with dumps that were checked
// by eye. SEGUE_GOLDEN=write writes them anew.
func TestCorpora(t *testing.T) {
	var got bytes.Buffer
	for _, path := range corpus(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.ToSlash(filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path)))
		fmt.Fprintf(&got, "== %s\n", name)
		doc, err := Parse(data, mustURL("https://h.example/media/TOKEN/"+name), presentOf(data))
		if err != nil {
			kind := "?"
			for k, e := range map[string]error{"format": manifest.ErrFormat, "unsupported": manifest.ErrUnsupported, "limit": manifest.ErrLimit} {
				if errors.Is(err, e) {
					kind = k
				}
			}
			fmt.Fprintf(&got, "refused (%s): %v\n", kind, err)
			continue
		}
		if s := wrong(doc); s != "" {
			t.Errorf("%s: %s", name, s)
		}
		got.WriteString(dump(doc))
	}
	golden := filepath.Join("testdata", "corpora.dump")
	if os.Getenv("SEGUE_GOLDEN") == "write" {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, got.String(), string(want))
}

// compare tells of the first line that differs.
func compare(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	file := ""
	for i := range max(len(g), len(w)) {
		a, b := "(end)", "(end)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if strings.HasPrefix(a, "== ") {
			file = a
		}
		if a != b {
			t.Fatalf("line %d, %s:\ngot  %s\nwant %s", i+1, file, a, b)
		}
	}
}
