package abrtest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// The reasons for which a trace is refused.
var (
	ErrTrace      = errors.New("abrtest: trace")
	ErrTraceLimit = fmt.Errorf("%w: larger than the limit", ErrTrace)
)

// MaxTraceBytes is the most that a trace's file may have.
const MaxTraceBytes = 16 << 20

// traceHeader is the first line of a trace's file.
const traceHeader = "duration_ms,kbps,latency_ms"

// ReadTrace reads a recorded link: lines of "duration_ms,kbps,latency_ms" below a line that says just that. Those
// of no duration are left out.
// The error wraps ErrTrace, or is the reader's own.
func ReadTrace(name string, r io.Reader) (*Trace, error) {
	limited := &io.LimitedReader{R: r, N: MaxTraceBytes + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(make([]byte, 0, 4096), 4096)
	var periods []Period
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		switch {
		case n == 1 && line != traceHeader:
			return nil, fmt.Errorf("%w: the first line is not %q", ErrTrace, traceHeader)
		case n == 1 || line == "":
			continue
		case len(periods) == MaxPeriods:
			return nil, fmt.Errorf("%w: %d periods", ErrTraceLimit, MaxPeriods)
		}
		p, err := parsePeriod(line)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrTrace, n, err)
		}
		if p.Duration != 0 { // a recorder's two lines in one millisecond: the first was nothing
			periods = append(periods, p)
		}
	}
	switch err := lines.Err(); {
	case limited.N <= 0:
		return nil, fmt.Errorf("%w: %d bytes", ErrTraceLimit, MaxTraceBytes)
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%w: a line of more than 4096 bytes", ErrTraceLimit)
	case err != nil:
		return nil, err
	}
	return NewTrace(name, periods)
}

func parsePeriod(line string) (p Period, err error) {
	parts := strings.Split(line, ",")
	if len(parts) != 3 {
		return p, fmt.Errorf("%d values, not 3", len(parts))
	}
	for i, to := range []*float64{&p.Duration, &p.Kbps, &p.Latency} {
		if *to, err = strconv.ParseFloat(strings.TrimSpace(parts[i]), 64); err != nil {
			return p, err
		}
	}
	return p, nil
}

// Write writes the trace as ReadTrace reads it.
func (t *Trace) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, traceHeader)
	for _, p := range t.periods {
		for i, v := range []float64{p.Duration, p.Kbps, p.Latency} {
			out.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
			out.WriteByte(",,\n"[i])
		}
	}
	return out.Flush()
}

// ReadTraces reads all files of a folder whose names end in .csv, in the order of their names, as links of
// one kind of network.
func ReadTraces(folder fs.FS, network string) ([]*Trace, error) {
	names, err := fs.Glob(folder, "*.csv")
	if err != nil {
		return nil, err
	}
	var list []*Trace
	for _, name := range names {
		t, err := readFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		t.Network = network
		list = append(list, t)
	}
	return list, nil
}

func readFile(folder fs.FS, name string) (*Trace, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadTrace(strings.TrimSuffix(path.Base(name), ".csv"), f)
}
