package dsp

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the measured tables of docs/DSP.md")

// sheetFile holds prose and, between marks, tables that TestSheet measures.
const sheetFile = "../../docs/DSP.md"

// tables are what is measured, by the name in the marks. Those of peers need their programs and are
// written only on update.
func tables(t *testing.T, peers bool) map[string]string {
	list := map[string]string{
		"resampler": resampleTable(t),
		"meter":     meterTable(t),
		"limiter":   limiterTable(t),
		"equaliser": equaliserTable(t),
	}
	if peers {
		if found := sheetPeers(); len(found) > 0 {
			list["peers"] = peerTable(t, found)
		}
	}
	return list
}

const rateHeader = "| kHz | by | ripple, dB | flat to | what is above, dB | beside a tone, dB | delay |\n|---|---|---|---|---|---|---|\n"

func resampleTable(t *testing.T) string {
	s := rateHeader
	for _, pair := range sheetPairs {
		for _, q := range []Quality{Fast, Good, Best} {
			s += ours(t, pair[0], pair[1], q).line(pair[0], pair[1], qualityNames[q])
		}
	}
	return s
}

func peerTable(t *testing.T, found []peer) string {
	s := rateHeader
	for _, pair := range sheetPairs[:5] {
		for _, p := range found {
			s += p.measure(t, pair[0], pair[1]).line(pair[0], pair[1], p.name)
		}
	}
	return s
}

func meterTable(t *testing.T) string {
	s := "| document, case | wanted | read |\n|---|---|---|\n"
	row := func(document string, r reading, unit string) {
		s += fmt.Sprintf("| %s, %s | %.1f %s | %.2f |\n", document, r.what, r.want, unit, r.got)
	}
	for _, r := range ebuIntegrated(t, 48000) {
		row("Tech 3341", r, "LUFS")
	}
	nine, twelve := ebuAlternating(t, 48000)
	ten, eleven, thirteen, fourteen := ebuBursts(t)
	for _, c := range []struct {
		name string
		list []reading
	}{
		{"9, furthest of 1,200", nine}, {"10, furthest of 20", ten}, {"11, furthest of 20", eleven},
		{"12, furthest of 900", twelve}, {"13, furthest of 20", thirteen}, {"14, furthest of 20", fourteen},
	} {
		r := furthest(c.list)
		r.what = c.name
		row("Tech 3341", r, "LUFS")
	}
	for _, r := range ebuTruePeak(t) {
		row("Tech 3341", r, "dBTP")
	}
	for _, r := range ebuRange(t) {
		row("Tech 3342", r, "LU")
	}
	return s
}

func limiterTable(t *testing.T) string {
	s := "| signal | true peak over the ceiling before, dB | after, dB |\n|---|---|---|\n"
	limiterOvershoots(t, func(name string, before []float32, after float64) {
		s += fmt.Sprintf("| %s | %+.1f | %+.2f |\n", name, overshoot(before, 1, Ceiling), after)
	})
	s += "\n| tone that is 6 dB too loud | 40 Hz | 100 Hz | 1 kHz | 5 kHz |\n|---|---|---|---|---|\n| distortion, % "
	for _, freq := range []float64{40, 100, 1000, 5000} {
		s += fmt.Sprintf("| %.3f ", limiterDistortion(t, freq))
	}
	return s + "|\n"
}

func equaliserTable(t *testing.T) string {
	s := "| kHz | at the bands, dB | between them, dB |\n|---|---|---|\n"
	for _, rate := range []int{8000, 22050, 44100, 48000, 96000} {
		at, between := equaliserErrors(t, rate)
		s += fmt.Sprintf("| %s | ±%.2f | ±%.2f |\n", kilo(rate), at, between)
	}
	return s
}

// TestSheet holds docs/DSP.md to what is measured. Figures may differ by a little: processors round
// differently. With -update it writes the tables anew.
func TestSheet(t *testing.T) {
	if !*update && os.Getenv("SEGUE_SWEEP") == "" {
		t.Skip("the sheet is measured with SEGUE_SWEEP=1, and written with -update")
	}
	doc, err := os.ReadFile(sheetFile)
	if err != nil {
		t.Fatal(err)
	}
	was := string(doc)
	for name, table := range tables(t, *update) {
		begin, end := "<!-- measured: "+name+" -->\n", "<!-- end -->"
		head, rest, ok := strings.Cut(was, begin)
		old, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("no place for %s in %s", name, sheetFile)
		}
		was = head + begin + table + end + tail
		if !*update {
			if line := alike(old, table); line != "" {
				t.Errorf("%s: %s; run with -update", name, line)
			}
		}
	}
	if *update && !bytes.Equal(doc, []byte(was)) {
		if err := os.WriteFile(sheetFile, []byte(was), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var figure = regexp.MustCompile(`[-+±]?\d+(\.\d+)?`)

// alike compares two tables: the words must be equal, and the figures within 5 % or 0.02. It gives the
// first line that isn't so.
func alike(a, b string) string {
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	if len(left) != len(right) {
		return fmt.Sprintf("%d lines, measured are %d", len(left), len(right))
	}
	for i := range left {
		x, y := figure.FindAllString(left[i], -1), figure.FindAllString(right[i], -1)
		same := figure.ReplaceAllString(left[i], "") == figure.ReplaceAllString(right[i], "") && len(x) == len(y)
		for k := 0; same && k < len(x); k++ {
			v, errV := strconv.ParseFloat(strings.Trim(x[k], "±"), 64)
			w, errW := strconv.ParseFloat(strings.Trim(y[k], "±"), 64)
			same = errV == nil && errW == nil && math.Abs(v-w) <= max(0.02, 0.05*math.Abs(v))
		}
		if !same {
			return fmt.Sprintf("%q, measured is %q", left[i], right[i])
		}
	}
	return ""
}

// TestAlike: the comparison sees what it should.
func TestAlike(t *testing.T) {
	if alike("| a | -1.00 | ±0.5 |", "| a | -1.01 | ±0.51 |") != "" {
		t.Error("a little is too much")
	}
	for _, other := range []string{"| a | -120 | x |", "| a | -113 | y |", "| a | -113 | x |\n"} {
		if alike("| a | -113 | x |", other) == "" {
			t.Errorf("%q passes", other)
		}
	}
}
