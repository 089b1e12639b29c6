package main

import (
	"bufio"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"

	"golang.org/x/sys/unix"
)

// quietStderr takes file descriptor 2 away from the C libraries below the speaker: where ALSA or
// JACK find no device they write some thirty lines to it, and across the full-screen player at
// that. It returns the real standard error for our own messages, and what undoes it; their lines go
// to log. If it can't be done, stderr is returned as it is.
func quietStderr(stderr *os.File, log func() *slog.Logger) (real *os.File, restore func()) {
	const target = 2
	keep := func() (*os.File, func()) { return stderr, func() {} }
	if stderr.Fd() != target {
		return keep()
	}
	fd, err := unix.FcntlInt(target, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return keep()
	}
	real = os.NewFile(uintptr(fd), "stderr")
	r, w, err := os.Pipe()
	if err == nil {
		err = unix.Dup3(int(w.Fd()), target, 0)
		_ = w.Close() // descriptor 2 holds the pipe now
	}
	if err != nil {
		_ = real.Close()
		return keep()
	}
	// A crash report must not vanish with the rest. If this fails, it does: nothing better is left.
	_ = debug.SetCrashOutput(real, debug.CrashOptions{})
	var drained sync.WaitGroup
	drained.Go(func() {
		for lines := bufio.NewScanner(r); lines.Scan(); {
			log().Debug("audio driver", "says", lines.Text())
		}
		_ = r.Close()
	})
	return real, func() {
		_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
		_ = unix.Dup3(int(real.Fd()), target, 0) // closes the pipe's last writing end
		drained.Wait()
	}
}
