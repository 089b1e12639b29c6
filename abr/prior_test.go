package abr_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/media"
)

// TestPriorText: what is written is read, both ways, and nothing else is.
func TestPriorText(t *testing.T) {
	for text, want := range map[string]abr.Prior{
		"link1 0 0.000 0":            {},
		"link1 1170000 0.430 0":      abr.DefaultPrior(abr.Network3G),
		"link1 17600000 0.340 2":     {Level: media.Kbps(17_600), Volatility: 0.34, Outages: 2},
		"link1 100000000000 2.000 1": {Level: 100_000_000_000, Volatility: 2, Outages: 1},
	} {
		var got abr.Prior
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
		}
		if again, err := want.MarshalText(); err != nil || string(again) != text {
			t.Errorf("%+v: %q, %v, want %q", want, again, err, text)
		}
	}
	for _, text := range []string{
		"", "link1", "link2 1 0 0", "link1 1 0", "link1 1 0 0 0", "link1 -1 0 0", "link1 1 NaN 0", "link1 1 2.1 0", "link1 1 -1 0",
		"link1 1 0 3", "link1 1 0 -1", "link1 100000000001 0 0", "link1 1 0 x", " link1 1 0 0", "link1 1 0 0\n",
		"link1 1 0." + strings.Repeat("0", abr.MaxPriorBytes) + " 0",
	} {
		was := abr.Prior{Level: 7}
		got := was
		if err := got.UnmarshalText([]byte(text)); !errors.Is(err, abr.ErrPrior) || got != was {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	// Whatever was put together by hand becomes something that can be read.
	for _, p := range []abr.Prior{{Level: -1}, {Level: 1 << 60}, {Volatility: 9}, {Outages: 77}, {Outages: -1}} {
		text, _ := p.MarshalText()
		if err := new(abr.Prior).UnmarshalText(text); err != nil {
			t.Errorf("%+v: %q: %v", p, text, err)
		}
	}
}

func FuzzPrior(f *testing.F) {
	f.Add("link1 1170000 0.430 0")
	f.Add("link1 0 0 0")
	f.Add("link1 1 1e-9 2")
	f.Fuzz(func(t *testing.T, text string) {
		var p, again abr.Prior
		if err := p.UnmarshalText([]byte(text)); err != nil {
			if !errors.Is(err, abr.ErrPrior) || p != (abr.Prior{}) {
				t.Fatalf("%q: %+v, %v", text, p, err)
			}
			return
		}
		once, err := p.MarshalText()
		if err != nil || len(once) > abr.MaxPriorBytes {
			t.Fatalf("%+v: %q, %v", p, once, err)
		}
		if err := again.UnmarshalText(once); err != nil {
			t.Fatalf("%q, once %q: %v", text, once, err)
		}
		if twice, _ := again.MarshalText(); string(twice) != string(once) {
			t.Fatalf("%q became %q", once, twice)
		}
	})
}
