package containertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Corpus gives the paths in the shared corpora that match a pattern, and skips the test where they
// are absent. They are looked for in the folder that SEGUE_CORPORA names, else in
// ../shared/corpora seen from the project's root.
func Corpus(t testing.TB, pattern string) []string {
	t.Helper()
	dir := os.Getenv("SEGUE_CORPORA")
	if dir == "" {
		dir = filepath.Join(root(t), "..", "shared", "corpora")
	}
	paths, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skipf("no corpus files %s in %s (set SEGUE_CORPORA)", pattern, dir)
	}
	return paths
}

// Sweep chooses what a test tries: few things, or all where SEGUE_SWEEP is set.
func Sweep[T any](few, all T) T {
	if os.Getenv("SEGUE_SWEEP") != "" {
		return all
	}
	return few
}

// File gives the contents of a file, whose path may be given in parts.
func File(t testing.TB, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Store writes a file, which goes when the test ends, and gives its path.
func Store(t testing.TB, name string, data []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
	}
}

// Tool runs a program that no one here wrote and gives its standard output. It skips the test where
// the program isn't installed.
func Tool(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s isn't installed", name)
	}
	cmd := exec.Command(name, args...)
	out, err := cmd.Output()
	if err != nil {
		stderr := ""
		if e, ok := err.(*exec.ExitError); ok {
			stderr = string(e.Stderr)
		}
		t.Fatalf("%s %v: %v\n%s", name, args, err, stderr)
	}
	return out
}
