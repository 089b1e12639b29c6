package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// asHello makes the test's own binary be the program.
const asHello = "SEGUE_TEST_AS_HELLO"

func TestMain(m *testing.M) {
	if os.Getenv(asHello) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestMissingFile goes all the way to the loader and back without a device.
func TestMissingFile(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "missing.flac")
	cmd.Env = append(os.Environ(), asHello+"=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "2006 not found (missing.flac)") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestShortEnough keeps the promise that the first program fits on a screen.
func TestShortEnough(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), "\n"); n > 25 {
		t.Errorf("%d lines", n)
	}
}
