package main

import (
	"strings"
	"testing"
	"unicode"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"Für Elise":                      "Für Elise",
		"夜の電車 👩\u200d🎤":                  "夜の電車 👩\u200d🎤",
		"a\nb\tc":                        "a b c",
		"\x1b[31mred\x1b[0m":             "[31mred [0m",
		"evil\u202etxt.exe":              "eviltxt.exe",
		"\u009b2Jclear":                  "2Jclear",
		"broken \xff\xfe utf-8":          "broken � utf-8",
		"  many   spaces\u2028next line": "many spaces next line",
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b]0;title\x07")
	f.Add("\xf0\x9f\u200e\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		got := printable(text)
		if i := strings.IndexFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }); i >= 0 {
			t.Fatalf("%q: %q", text, got)
		}
		if again := printable(got); again != got {
			t.Fatalf("%q: %q, then %q", text, got, again)
		}
	})
}
