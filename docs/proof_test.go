package docs_test

import (
	"strings"
	"testing"
)

// TestStyleRulesCanFail breaks every rule of styleRules in a source of its own, and keeps it in
// another that looks much like it.
func TestStyleRulesCanFail(t *testing.T) {
	proven := map[string]int{}
	for _, c := range styleCases {
		name := c.file
		if name == "" {
			name = "abr/a.go"
		}
		text := c.text
		if !strings.Contains(text, "package ") {
			text = "package p\n" + text
		}
		s, err := parse(name, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want := ""
		if c.fails {
			want = "[" + c.rule + "]"
			proven[c.rule]++
		}
		if len(text) > 200 {
			text = text[:200] + "…"
		}
		wantViolation(t, name+" "+text, violations(s), want)
	}
	for _, r := range styleRules {
		if proven[r.name] == 0 {
			t.Errorf("nothing proves that the rule %q can fail; add a case to styleCases", r.name)
		}
	}
}

const (
	fails  = true
	passes = false
)

var styleCases = []struct {
	rule  string
	fails bool
	file  string // empty means abr/a.go
	text  string // a package clause is added where there is none
}{
	{"function-length", fails, "", "func f() {\n" + strings.Repeat("\n", maxFuncLines-1) + "}"},
	{"function-length", passes, "", "func f() {\n" + strings.Repeat("\n", maxFuncLines-2) + "}"},
	{"function-length", passes, "abr/a_test.go", "func f() {\n" + strings.Repeat("\n", maxFuncLines) + "}"},
	{"file-length", fails, "", strings.Repeat("\n", maxFileLines)},
	{"file-length", passes, "", strings.Repeat("\n", maxFileLines-1)},

	{"file-name", fails, "abr/rule_util.go", ""},
	{"file-name", fails, "player/common/a.go", ""},
	{"file-name", passes, "abr/commonplace.go", ""},

	{"init", fails, "", "func init() {}"},
	{"init", passes, "", "type t struct{}\nfunc (t) init() {}"},

	{"panic", fails, "", `func f() { panic("no") }`},
	{"panic", passes, "abr/a_test.go", `func f() { panic("fine in a test") }`},
	{"panic", passes, "abr/abrtest/a.go", `func f() { panic("fine in a suite") }`},
	{"panic", passes, "", "func f() { panic(0) } //house:ignore panic the caller recovers it one line later"},

	{"sleep", fails, "abr/a_test.go", `import "time"; func f() { time.Sleep(1) }`},
	{"sleep", fails, "abr/abrtest/a.go", `import "time"; func f() { time.Sleep(1) }`},
	{"sleep", passes, "abr/a_test.go", `import ("time"; "testing/synctest"); func f() { synctest.Wait(); time.Sleep(1) }`},
	{"sleep", passes, "", `import "time"; func f() { time.Sleep(1) }`},

	{"log", fails, "", `import "log"; func f() { log.Printf("x") }`},
	{"log", fails, "", `import "log/slog"; func f() { slog.Info("x") }`},
	{"log", fails, "", `import "os"; func f() { os.Exit(1) }`},
	{"log", passes, "examples/play/main.go", "package main\n" + `import "os"; func f() { os.Exit(1) }`},
	{"log", passes, "", `import "log/slog"; func f(l *slog.Logger) { l.Info("x") }`},
	{"log", passes, "", `import "log/slog"; func f(log *slog.Logger) { log.Info("x") }`},

	{"blank-import", fails, "", `import _ "net/http/pprof"`},
	{"blank-import", passes, "", `import _ "modernc.org/sqlite"`},

	{"global", fails, "", `var n int`},
	{"global", fails, "", `import "sync"; var mu sync.Mutex`},
	{"global", passes, "", `var table = []int{1, 2}`},
	{"global", passes, "", "import _ \"embed\"\n//go:embed a.txt\nvar text string"},
	{"global", passes, "abr/a_test.go", `var update bool`},

	{"exception", fails, "", "func f() {} //nolint:errcheck"},
	{"exception", fails, "", "//lint:ignore SA1000\nfunc f() {}"},
	{"exception", passes, "", "//lint:ignore SA1000 the pattern comes from the specification\nfunc f() {}"},

	{"documentation", fails, "", "func F() {}"},
	{"documentation", fails, "", "// Does things.\nfunc F() {}"},
	{"documentation", fails, "", "// Fast things.\nfunc F() {}"},
	{"documentation", passes, "", "// F does things.\nfunc F() {}"},
	{"documentation", passes, "", "// A Frame is one of each channel.\ntype Frame int"},
	{"documentation", fails, "", "type (\n\tT int\n)"},
	{"documentation", passes, "", "type (\n\t// T counts.\n\tT int\n)"},
	{"documentation", fails, "", "type t int\n// T counts.\ntype T int\nfunc (T) M() {}"},
	{"documentation", passes, "", "type t int\nfunc (t) M() {}"},
	{"documentation", fails, "", "// I is a seam.\ntype I interface {\n\tA()\n\t// B ends.\n\tB()\n}"},
	{"documentation", passes, "", "// I is a seam: A begins.\ntype I interface {\n\tA()\n\t// B ends.\n\tB()\n}"},
	{"documentation", fails, "", "const C = 1"},
	{"documentation", fails, "", "var (\n\tV = 1\n)"},
	{"documentation", passes, "", "// The kinds.\nconst (\n\tC = 1\n\tD = 2\n)"},
	{"documentation", passes, "examples/play/main.go", "package main\nfunc F() {}"},

	{"parameters", fails, "", "// F joins.\nfunc F(a, b, c, d, e int) {}"},
	{"parameters", passes, "", "// F joins.\nfunc F(a, b, c, d int) {}"},
	{"parameters", passes, "api/server/a.go", "// F joins.\nfunc F(a, b, c, d, e int) {}"},
	{"parameters", passes, "", "func f(a, b, c, d, e int) {}"},
	{"parameters", fails, "", "// F joins.\nfunc F(a int, deep bool) {}"},
	{"parameters", passes, "", "// SetShuffle turns it on or off.\nfunc SetShuffle(on bool) {}"},
	{"parameters", passes, "", "// F joins\n//\n//house:ignore parameters the order is the specification's own\nfunc F(a, b, c, d, e int) {}"},
}

func TestExceptionNeedsItsReason(t *testing.T) {
	s, err := parse("abr/a.go", "package p\nfunc f() { panic(0) } //house:ignore panic")
	if err != nil {
		t.Fatal(err)
	}
	got := violations(s)
	if len(got) != 2 || !strings.Contains(got[0], "exception without its reason") || !strings.Contains(got[1], "[panic]") {
		t.Errorf("an exception without a reason has to be refused and to excuse nothing, got %q", got)
	}
}

func TestPackageCommentRuleCanFail(t *testing.T) {
	for _, c := range []struct {
		dir   string
		texts []string
		want  string
	}{
		{"abr", []string{"package abr"}, "the package has no comment"},
		{"abr", []string{"// Package abr chooses.\npackage abr", "package abr"}, ""},
		{"abr", []string{"// Choosing.\npackage abr"}, "does not begin"},
		{"abr", []string{"// Package abr a.\npackage abr", "// Package abr b.\npackage abr"}, "2 files"},
		{"examples/play", []string{"// Play is a player.\npackage main"}, ""},
		{"examples/play", []string{"// Package main plays.\npackage main"}, "does not begin"},
	} {
		var files []*source
		for _, text := range c.texts {
			s, err := parse(c.dir+"/a.go", text)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, s)
		}
		wantViolation(t, strings.Join(c.texts, " + "), packageDocumented(c.dir, files), c.want)
	}
}
