package smpb

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Comment{
		// iTunes, fdkaac, and one without the zeros behind
		" 00000000 00000840 000001CA 00000000003F31F6 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000": {2112, 458, 4141558},
		" 00000000 00000800 00000307 00000000000228F9 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000": {2048, 775, 141561},
		"0 210 a2c 72a1c4":       {528, 2604, 7512516},
		"":                       {},
		"0 1 2":                  {},
		"0 1 2 0":                {},
		"0 1 2 x":                {},
		"0 -1 2 3":               {},
		"0 1 2 ffffffffffffffff": {},
		"0 1 2 " + strings.Repeat("0", 300) + "9": {},
	} {
		got, ok := Parse(text)
		if got != want || ok != (want != Comment{}) {
			t.Errorf("%q: %+v %v, want %+v", text, got, ok, want)
		}
	}
	if c, _ := Parse("0 840 1CA 3F31F6"); c.Total() != 4047*1024 {
		t.Errorf("total %d", c.Total())
	}
}

func FuzzParse(f *testing.F) {
	f.Add(" 00000000 00000840 000001CA 00000000003F31F6")
	f.Fuzz(func(t *testing.T, text string) {
		if c, ok := Parse(text); ok && (c.Length <= 0 || c.Total() < c.Length) {
			t.Errorf("%q: %+v", text, c)
		}
	})
}
