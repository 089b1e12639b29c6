package abrtest

import (
	"sort"
	"time"
)

// never is past any limit.
const never = time.Duration(1) << 61

// span visits the stretches of constant rate from a moment on, until visit says stop.
func (l *Link) span(from time.Duration, visit func(start, end time.Duration, bytesPerSecond float64) (stop bool)) {
	first := sort.Search(len(l.Steps), func(i int) bool { return l.Steps[i].At > from })
	for i := max(first-1, 0); i < len(l.Steps); i++ {
		s, end := l.Steps[i], never
		if i+1 < len(l.Steps) {
			end = l.Steps[i+1].At
		}
		if visit(max(s.At, from), end, float64(s.Rate)/8) {
			return
		}
	}
}

// bytes tells how many pass from one moment to another.
func (l *Link) bytes(from, to time.Duration) int64 {
	sum := 0.0
	l.span(from, func(start, end time.Duration, rate float64) bool {
		sum += max(0, (min(end, to)-start).Seconds()) * rate
		return end >= to
	})
	return int64(sum)
}

// arrival tells when the last of n bytes is in whose first may flow at from.
func (l *Link) arrival(from time.Duration, n int64) time.Duration {
	left := float64(n)
	at := never
	l.span(from, func(start, end time.Duration, rate float64) bool {
		if pass := (end - start).Seconds() * rate; pass < left || rate == 0 {
			left -= pass
			return false
		}
		at = start + time.Duration(left/rate*float64(time.Second))
		return true
	})
	return at
}
