package main

import "time"

// usage is what the process has cost so far. Zeros mean that the system doesn't tell.
type usage struct {
	peakRSS      int64 // bytes
	user, system time.Duration
}
