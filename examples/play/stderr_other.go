//go:build !linux

package main

import (
	"log/slog"
	"os"
)

// quietStderr does nothing: only Linux's audio libraries write to standard error on their own.
func quietStderr(stderr *os.File, _ func() *slog.Logger) (real *os.File, restore func()) {
	return stderr, func() {}
}
