package radio

import (
	"bytes"
	"time"
)

const (
	// spliceTail is how much of a tape's end is looked for in what a new connection brings.
	spliceTail = 1 << 10
	// spliceBytes and spliceTime are how much is looked through, and for how long: servers begin with some
	// 64 KiB of what they have sent before.
	spliceBytes = 512 << 10
	spliceTime  = 1500 * time.Millisecond
)

// splice looks for the end of a tape in what a new connection brings. A server begins with what it has sent
// last, so that a listener doesn't wait; to one who comes back that is a repetition. The bytes are the
// same for all listeners: where the tape's last are found, those behind them go on with it to the byte.
// Where they aren't, more was lost than the server repeats, and all of it is new.
type splice struct {
	old  *Tape // nil where there is nothing to go on with
	tail []byte
	came []byte
	seen int // of came: no tail begins in front
	from time.Time
}

func newSplice(old *Tape) *splice {
	s := &splice{old: old}
	if old != nil && !old.IsOver() {
		s.tail = old.tail(spliceTail)
	}
	return s
}

// joined is where a connection goes on.
type joined struct {
	found bool   // with the tape; else anew
	at    int64  // in the connection's audio: where rest begins
	rest  []byte // what came from there on
}

// take looks at more of what came, and tells where the connection goes on, once that is known.
func (s *splice) take(p []byte) (j joined, known bool) {
	if s.from.IsZero() {
		s.from = time.Now()
	}
	s.came = append(s.came, p...)
	if s.tail == nil {
		return joined{rest: s.came}, true
	}
	if i := bytes.Index(s.came[s.seen:], s.tail); i >= 0 {
		at := s.seen + i + len(s.tail)
		return joined{found: true, at: int64(at), rest: s.came[at:]}, true
	}
	s.seen = max(0, len(s.came)-len(s.tail)+1)
	late := time.Since(s.from) >= spliceTime
	if len(s.came) >= spliceBytes || late && s.old.starves() {
		return joined{rest: s.came}, true
	}
	return j, false
}
