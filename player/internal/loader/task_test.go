package loader

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestIdentity: music has one name whatever it comes with, and a file that was written to has another.
func TestIdentity(t *testing.T) {
	key := func(s Spec) string { return s.Identity() }
	if a, b := key(Spec{URL: "http://u:p@h/x.flac?token=1#f"}), key(Spec{URL: "http://h/x.flac?token=2"}); a != b || a == "" {
		t.Errorf("%q and %q", a, b)
	}
	if key(Spec{ContentID: "id", URL: "http://h/x"}) != "id" {
		t.Error("the content's own name doesn't count")
	}
	if k := key(Spec{}); k != "" {
		t.Errorf("nothing is called %q", k)
	}
	file := filepath.Join(t.TempDir(), "a b.wav")
	if k := key(Spec{URL: file}); k != "" {
		t.Errorf("a file that isn't there is called %q", k)
	}
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := key(Spec{URL: file})
	if err := os.Chtimes(file, time.Time{}, time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	if after := key(Spec{URL: file}); before == "" || before == after {
		t.Errorf("%q, and written to %q", before, after)
	}
}
