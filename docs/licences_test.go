package docs_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sdkLicences lists the modules that may be linked into an app through the packages it embeds, with
// the licence found in each. Only permissive ones: an app in an app store can't fulfil what the GPL
// and LGPL ask of a statically linked library.
const sdkLicences = `
	github.com/ebitengine/oto/v3        Apache-2.0
	github.com/ebitengine/purego        Apache-2.0
	github.com/hajimehoshi/go-mp3       Apache-2.0
	github.com/icza/bitio               Apache-2.0
	github.com/jfreymuth/vorbis         MIT
	github.com/mewkiz/flac              Unlicense
	github.com/mewkiz/pkg               Unlicense
	github.com/mewpkg/term              Unlicense
	github.com/dustin/go-humanize       MIT
	github.com/google/uuid              BSD
	github.com/mattn/go-isatty          MIT
	github.com/ncruces/go-strftime      MIT
	github.com/thesyncim/gopus          BSD
	github.com/remyoudompheng/bigfft    BSD
	golang.org/x/sync                   BSD
	golang.org/x/sys                    BSD
	modernc.org/libc                    BSD
	modernc.org/mathutil                BSD
	modernc.org/memory                  BSD
	modernc.org/sqlite                  BSD
`

// programLicences lists what only the server and the examples link. The LGPL is allowed here: who runs a
// server has its source and can link it anew, as the licence wants. docs/imports_test.go keeps such a
// module to one package, and sdkLicences keeps it out of apps.
const programLicences = `
	github.com/alecthomas/kong          MIT
	github.com/atotto/clipboard         BSD
	github.com/aymanbagabas/go-osc52/v2 MIT
	github.com/charmbracelet/bubbletea  MIT
	github.com/charmbracelet/bubbles    MIT
	github.com/charmbracelet/colorprofile MIT
	github.com/charmbracelet/lipgloss   MIT
	github.com/charmbracelet/x/ansi     MIT
	github.com/charmbracelet/x/cellbuf  MIT
	github.com/charmbracelet/x/term     MIT
	github.com/clipperhouse/displaywidth MIT
	github.com/clipperhouse/stringish   MIT
	github.com/clipperhouse/uax29/v2    MIT
	github.com/dhowden/tag              BSD
	github.com/erikgeiser/coninput      MIT
	github.com/lucasb-eyer/go-colorful  MIT
	github.com/mattn/go-localereader    MIT
	github.com/mattn/go-runewidth       MIT
	github.com/muesli/ansi              MIT
	github.com/muesli/cancelreader      MIT
	github.com/muesli/termenv           MIT
	github.com/rivo/uniseg              MIT
	github.com/tphakala/go-aac          LGPL
	github.com/tphakala/simd            MIT
	github.com/xo/terminfo              MIT
	golang.org/x/term                   BSD
	golang.org/x/text                   BSD
	golang.org/x/time                   BSD
`

// sdkPatterns are the packages that apps embed.
var sdkPatterns = []string{"./player/...", "./abr/...", "./drm/...", "./cache/...", "./api", "./mobile/..."}

func TestLicences(t *testing.T) {
	sdk, programs := parseLicences(sdkLicences), parseLicences(programLicences)
	report(t, checkLicences(linked(t, existing(sdkPatterns)...), sdk, "an app that embeds the SDK"))
	maps.Copy(programs, sdk)
	report(t, checkLicences(linked(t, "./..."), programs, aProgram))
}

// aProgram is what may be linked with what is under the LGPL, where programLicences says so.
const aProgram = "a program of this tree"

// existing leaves out patterns whose folder isn't there.
func existing(patterns []string) []string {
	return slices.DeleteFunc(slices.Clone(patterns), func(p string) bool {
		_, err := os.Stat(filepath.Join(root, strings.TrimSuffix(p, "/...")))
		return err != nil
	})
}

func parseLicences(text string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 2 {
			m[f[0]] = f[1]
		}
	}
	return m
}

// linked maps the modules that the packages link to the licence in their folder.
func linked(t *testing.T, patterns ...string) map[string]string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-f", "{{with .Module}}{{.Path}}\t{{.Dir}}{{end}}"}, patterns...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v%s", err, stderrOf(err))
	}
	m := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if name == "" || name == module || m[name] != "" {
			continue
		}
		m[name] = licenceIn(t, dir)
	}
	return m
}

func stderrOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return "\n" + string(exit.Stderr)
	}
	return ""
}

func licenceIn(t *testing.T, dir string) string {
	t.Helper()
	for _, pattern := range []string{"LICENSE", "LICENSE.*", "LICENCE*", "COPYING*", "UNLICENSE*"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			continue
		}
		text, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		return licenceOf(string(text))
	}
	return "none found"
}

// licenceOf names a licence by the sentence that only it has. The refused ones are looked for first,
// because their texts quote others.
func licenceOf(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, l := range []struct{ name, sentence string }{
		{"AGPL", "GNU AFFERO GENERAL PUBLIC LICENSE"},
		{"LGPL", "GNU LESSER GENERAL PUBLIC LICENSE"},
		{"GPL", "GNU GENERAL PUBLIC LICENSE"},
		{"MPL-2.0", "Mozilla Public License"},
		{"Apache-2.0", "Apache License Version 2.0"},
		{"Unlicense", "free and unencumbered software released into the public domain"},
		{"BSD", "Redistribution and use in source and binary forms"},
		{"MIT", "Permission is hereby granted, free of charge"},
		{"ISC", "Permission to use, copy, modify, and/or distribute"},
	} {
		if strings.Contains(text, l.sentence) {
			return l.name
		}
	}
	return "unknown"
}

func checkLicences(linked, allowed map[string]string, into string) (violations []string) {
	for _, name := range slices.Sorted(maps.Keys(linked)) {
		switch found := linked[name]; {
		case found == "LGPL" && allowed[name] == found && into == aProgram:
		case strings.Contains(found, "GPL") || strings.HasPrefix(found, "MPL"):
			violations = append(violations, fmt.Sprintf("%s (%s) would be linked into %s; only permissive licences may be", name, found, into))
		case allowed[name] == "":
			violations = append(violations, fmt.Sprintf("%s (%s) is linked into %s and not listed; read its licence and add it to docs/licences_test.go", name, found, into))
		case allowed[name] != found:
			violations = append(violations, fmt.Sprintf("%s has the licence %s, docs/licences_test.go says %s; read it and correct the list", name, cmp.Or(found, "none"), allowed[name]))
		}
	}
	return violations
}

func TestLicenceRuleCanFail(t *testing.T) {
	allowed := map[string]string{"a": "MIT", "copyleft": "LGPL"}
	for _, c := range []struct{ name, text, want string }{
		{"a", "Permission is hereby granted, free of\ncharge, to any person", ""},
		{"a", "Redistribution and use in source and binary forms", "has the licence BSD"},
		{"a", "All rights reserved.", "has the licence unknown"},
		{"b", "Permission is hereby granted, free of charge, to any person", "not listed"},
		{"copyleft", "GNU LESSER GENERAL PUBLIC LICENSE Version 2.1", "only permissive"},
	} {
		wantViolation(t, c.text, checkLicences(map[string]string{c.name: licenceOf(c.text)}, allowed, "an app"), c.want)
	}
	for name, want := range map[string]string{"copyleft": "", "a": "only permissive"} {
		wantViolation(t, "a program with "+name, checkLicences(map[string]string{name: "LGPL"}, allowed, aProgram), want)
	}
}
