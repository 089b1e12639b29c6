package abrtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/abr/abrtest"
)

const header = "duration_ms,kbps,latency_ms\n"

func TestReadTrace(t *testing.T) {
	for text, want := range map[string][]abrtest.Period{
		header + "500,2016,100\n500,0,100\n":      {period(500, 2016, 100), period(500, 0, 100)},
		header + "\n 333.25 , 1e3 ,0\r\n":         {period(333.25, 1000, 0)},
		header + "0,7,7\n1,2,3\n0,-1,0\n":         {period(1, 2, 3)},
		header + "1,2,3":                          {period(1, 2, 3)},
		"":                                        nil,
		header:                                    nil,
		"500,2016,100\n":                          nil,
		header + "500,2016\n":                     nil,
		header + "500,2016,100,1\n":               nil,
		header + "500,fast,100\n":                 nil,
		header + "0,2016,100\n":                   nil,
		header + "-5,2016,100\n":                  nil,
		header + "NaN,2016,100\n":                 nil,
		header + "500,-1,100\n":                   nil,
		header + "500,+Inf,100\n":                 nil,
		header + "500,1,-1\n":                     nil,
		header + "500,1,1e9\n":                    nil,
		header + "500,0,100\n":                    nil, // it would never end
		header + "604800000,1,0\n1,1,0\n":         nil,
		header + strings.Repeat(" ", 5000) + "\n": nil,
	} {
		got, err := abrtest.ReadTrace("name", strings.NewReader(text))
		if want == nil {
			if !errors.Is(err, abrtest.ErrTrace) {
				t.Errorf("%.40q: %v", text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%.40q: %v", text, err)
			continue
		}
		if !reflect.DeepEqual(got.Periods(), want) {
			t.Errorf("%.40q: %v", text, got.Periods())
		}
	}
	many := header + strings.Repeat("1,1,1\n", abrtest.MaxPeriods+1)
	if _, err := abrtest.ReadTrace("many", strings.NewReader(many)); !errors.Is(err, abrtest.ErrTraceLimit) {
		t.Errorf("too many periods: %v", err)
	}
	if _, err := abrtest.ReadTrace("endless", io.MultiReader(strings.NewReader(header), endless{})); !errors.Is(err, abrtest.ErrTraceLimit) {
		t.Errorf("endless: %v", err)
	}
}

// endless is empty lines for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	p[len(p)-1] = '\n'
	return len(p), nil
}

func TestReadTraces(t *testing.T) {
	folder := fstest.MapFS{
		"b.csv":  {Data: []byte(header + "1,2,3")},
		"a.csv":  {Data: []byte(header + "1,3,3")},
		"README": {Data: []byte("words")},
	}
	list, err := abrtest.ReadTraces(folder, "4g")
	if err != nil || len(list) != 2 || list[0].Name != "a" || list[1].Mean() != 2 || list[0].Network != "4g" {
		t.Errorf("%v %v", list, err)
	}
	folder["c.csv"] = &fstest.MapFile{Data: []byte("nonsense")}
	if _, err = abrtest.ReadTraces(folder, "4g"); !errors.Is(err, abrtest.ErrTrace) || !strings.Contains(err.Error(), "c.csv") {
		t.Errorf("%v", err)
	}
}

// FuzzReadTrace: what is read is written and read again the same, and can be used.
func FuzzReadTrace(f *testing.F) {
	f.Add(header + "500,2016,100\n500,0,100\n")
	f.Add(header + "1e-9,1e8,0\n1e7,0,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		trace, err := abrtest.ReadTrace("fuzzed", strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, abrtest.ErrTrace) {
				t.Fatal(err)
			}
			return
		}
		var b bytes.Buffer
		if err := trace.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := abrtest.ReadTrace("again", &b)
		if err != nil || !reflect.DeepEqual(again.Periods(), trace.Periods()) {
			t.Fatalf("%v", err)
		}
		for _, at := range []float64{0, 1, trace.Lap() - 1e-9, trace.Lap(), 1e9} {
			if got := trace.Arrival(at, 1e6); !(got >= at) {
				t.Fatalf("a megabit from %v is here at %v", at, got)
			}
		}
	})
}

// TestArrival: what arrives by a moment is what was carried until then.
func TestArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trace := anyTrace(t)
		from := rapid.Float64Range(0, 200e3).Draw(t, "from")
		bits := rapid.Float64Range(1, 1e8).Draw(t, "bits")
		at := trace.Arrival(from, bits)
		if got := trace.Bits(at) - trace.Bits(from); math.Abs(got-bits) > 1e-2 {
			t.Fatalf("%v of %v bits by %v", got, bits, at)
		}
		if at-from > 1 && trace.Bits(at) == trace.Bits(at-1) {
			t.Fatalf("the last of them arrived in an outage, at %v", at)
		}
	})
}

func TestTunnelled(t *testing.T) {
	steady, err := abrtest.Steady(1000, 50)
	if err != nil {
		t.Fatal(err)
	}
	tunnels, err := steady.Tunnelled()
	if err != nil {
		t.Fatal(err)
	}
	n, at := 0, 0.0
	for _, p := range tunnels.Periods() {
		switch {
		case p.Kbps == 0:
			n++
			if p.Duration < 10e3 || p.Duration > 60e3 {
				t.Errorf("a tunnel of %v ms", p.Duration)
			}
		case n == 0 && (p.Duration < 45e3 || p.Duration > 105e3), n > 0 && p.Duration > 220e3 && at < 1500e3:
			t.Errorf("%v ms without a tunnel", p.Duration)
		}
		at += p.Duration
	}
	if n < 6 || at < 1800e3 {
		t.Errorf("%d tunnels in %v ms", n, at)
	}
	again, err := steady.Tunnelled()
	if err != nil || !reflect.DeepEqual(again.Periods(), tunnels.Periods()) {
		t.Errorf("another time they lie elsewhere: %v", err)
	}
}

// TestMade: links of our own making are what they claim to be.
func TestMade(t *testing.T) {
	trace, err := abrtest.Fading{Kbps: 1000, Octaves: 1, Outages: 30, Length: 36000e3}.Trace("long")
	if err != nil {
		t.Fatal(err)
	}
	var logs []float64
	out, outages := 0.0, 0
	was := 1.0
	for _, p := range trace.Periods() {
		if p.Kbps == 0 {
			out += p.Duration
			if was > 0 {
				outages++
			}
		} else {
			logs = append(logs, math.Log2(p.Kbps/1000))
		}
		was = p.Kbps
	}
	mean, square := 0.0, 0.0
	for _, l := range logs {
		mean += l / float64(len(logs))
		square += l * l / float64(len(logs))
	}
	if math.Abs(mean) > 0.1 || math.Abs(square-1) > 0.15 {
		t.Errorf("median 2^%v × 1000, a deviation of %v octaves", mean, math.Sqrt(square))
	}
	if perHour := float64(outages) / 10; perHour < 18 || perHour > 36 { // less than 30: an outage keeps others away
		t.Errorf("%v outages an hour", perHour)
	}
	if lasts := out / float64(outages); lasts < 15e3 || lasts > 25e3 {
		t.Errorf("outages of %v ms", lasts)
	}
	list, err := abrtest.Made()
	if err != nil || len(list) != 24 {
		t.Fatalf("%d links, %v", len(list), err)
	}
	names := map[string]bool{}
	for _, made := range list {
		if names[made.Name] = true; made.Network == "" || made.Mean() < 100 {
			t.Errorf("%s: %v kbps", made.Name, made.Mean())
		}
	}
	if len(names) != len(list) {
		t.Error("two have one name")
	}
	for _, f := range []abrtest.Fading{{}, {Kbps: 100, Every: 1e-9}, {Kbps: math.NaN()}, {Kbps: 1, Memory: -1}} {
		if _, err := f.Trace("odd"); !errors.Is(err, abrtest.ErrTrace) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

func TestScaledAndChanges(t *testing.T) {
	trace := link(t, period(100, 10, 1), period(50, 20, 2))
	double, err := trace.Scaled(2)
	if err != nil || double.Mean() != 2*trace.Mean() || double.At(120).Latency != 2 {
		t.Errorf("%v %v", double, err)
	}
	for _, factor := range []float64{0, -1, math.NaN(), 1e300} {
		if _, err := trace.Scaled(factor); !errors.Is(err, abrtest.ErrTrace) {
			t.Errorf("by %v: %v", factor, err)
		}
	}
	if got := fmt.Sprint(trace.Changes(60, 320)); got != "[100 150 250 300]" {
		t.Error(got)
	}
}
