//go:build unix

package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

func resourceUsage() usage {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return usage{}
	}
	u := usage{user: time.Duration(r.Utime.Nano()), system: time.Duration(r.Stime.Nano()), peakRSS: int64(r.Maxrss)}
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
		u.peakRSS *= 1024 // kilobytes everywhere but on Apple's systems
	}
	if n := highWaterMark(); n > 0 {
		u.peakRSS = n
	}
	return u
}

// highWaterMark reads Linux's own count of this program's memory in bytes: ru_maxrss survives exec
// there, so it may be that of a bigger parent. Zero elsewhere.
func highWaterMark() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(after, []byte("kB"))
	n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		return 0
	}
	return n * 1024
}
