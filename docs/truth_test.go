package docs_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// topLevel is all that may stand at the top of the tree, beside files and folders that begin with a dot.
var topLevel = []string{
	"player", "abr", "drm", "cache", "api", "mobile", "examples", "docs",
	"go.mod", "go.sum", "README.md", "Makefile", "LICENSE",
}

// ignored are the kinds of files that .gitignore keeps out of the tree.
var ignored = []string{".test", ".prof", ".wav"}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	report(t, strangersAtTop(names))
}

func strangersAtTop(names []string) (violations []string) {
	for _, name := range names {
		if !strings.HasPrefix(name, ".") && !built[name] && !slices.Contains(ignored, path.Ext(name)) && !slices.Contains(topLevel, name) {
			violations = append(violations, fmt.Sprintf("%s stands at the top of the tree; move it to where it belongs on the data path, or into docs or examples", name))
		}
	}
	return violations
}

// machinePath finds paths that exist on one person's machine only.
var machinePath = regexp.MustCompile(`(^|[\s"'` + "`" + `(=:,])(/(home|Users|root|work|tmp|private|mnt)/[A-Za-z0-9_.-]+|[A-Z]:\\\\?Users)`)

// textFiles are the kinds of files that people write.
var textFiles = []string{".go", ".md", ".yaml", ".yml", ".sh", ".json", ".sql", ".txt", ".mod", ".html", ".svg", ".css", ".js", ".kt", ".swift", ".xml", ".gradle"}

func TestNoMachinePaths(t *testing.T) {
	err := walk(func(name string) error {
		if !slices.Contains(textFiles, path.Ext(name)) && path.Base(name) != "Makefile" {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		report(t, machinePaths(name, string(text)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func machinePaths(name, text string) (violations []string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if m := machinePath.FindString(line); m != "" {
			violations = append(violations, fmt.Sprintf("%s:%d: %q is a path of one machine; use t.TempDir, an environment variable or a path within the tree", name, n, strings.TrimSpace(m)))
		}
	}
	return violations
}

// builtPrograms is what go build leaves in an example's folder; .gitignore keeps it out of the tree.
var builtPrograms = regexp.MustCompile(`^examples/[a-z]+/(abrlab|backend|hello|play|probe)$`)

func TestNoPrograms(t *testing.T) {
	err := walk(func(name string) error {
		if builtPrograms.MatchString(name) {
			return nil
		}
		f, err := os.Open(filepath.Join(root, name))
		if err != nil {
			return err
		}
		defer f.Close()
		head := make([]byte, 4)
		n, err := f.Read(head)
		if err != nil && n > 0 {
			return err
		}
		report(t, programs(name, head[:n]))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// programs tells by its first bytes whether a file is a compiled program: ELF, PE or Mach-O.
func programs(name string, head []byte) (violations []string) {
	for _, magic := range []string{"\x7fELF", "MZ", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"} {
		if strings.HasPrefix(string(head), magic) {
			violations = append(violations, name+" is a compiled program; the tree holds sources")
		}
	}
	return violations
}

const (
	readme    = "README.md"
	helloFile = "examples/hello/main.go"
	// helloEnds is the line by which a reader has seen the whole first program.
	helloEnds = 25
	// helloLines is how many lines of the program do something.
	helloLines = 8
)

// TestReadmeProgramIsTheExample compares the README's program with examples/hello, which is compiled
// with the rest of the tree and run by its own test.
func TestReadmeProgramIsTheExample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, readme))
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join(root, helloFile))
	if err != nil {
		t.Fatal(err)
	}
	report(t, programDiffers(string(text), string(example)))
}

// programDiffers wants the README's first Go block to be, line for line, the body of the example's
// main function.
func programDiffers(text, example string) []string {
	before, rest, ok := strings.Cut(text, "```go\n")
	program, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		return []string{readme + ": no Go block; show the program of " + helloFile}
	}
	if end := strings.Count(before, "\n") + 1 + strings.Count(program, "\n"); end > helloEnds {
		return []string{fmt.Sprintf("%s: the program ends at line %d, it should by line %d; say less above it", readme, end, helloEnds)}
	}
	_, body, _ := strings.Cut(example, "func main() {\n")
	body, _, _ = strings.Cut(body, "\n}\n")
	want, got := lines(body), lines(program)
	if len(want) > helloLines {
		return []string{fmt.Sprintf("%s: main has %d lines, the limit is %d; the first program has to stay small", helloFile, len(want), helloLines)}
	}
	if !slices.Equal(want, got) {
		return []string{fmt.Sprintf("%s: the program is not the body of main in %s; copy it\nhave %q\nwant %q", readme, helloFile, got, want)}
	}
	return nil
}

// lines splits a text, less the indentation and empty lines.
func lines(text string) (list []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```")
)

// TestLinks follows every link within the tree, headings included.
func TestLinks(t *testing.T) {
	texts := map[string]string{}
	err := walk(func(name string) error {
		text, err := os.ReadFile(filepath.Join(root, name))
		if path.Ext(name) == ".md" {
			texts[name] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(root, name))
		return err == nil
	}
	report(t, brokenLinks(texts, exists))
}

func brokenLinks(texts map[string]string, exists func(string) bool) (violations []string) {
	for name, text := range texts {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			target := m[1] + m[2]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			full := name
			if file != "" {
				full = path.Join(path.Dir(name), file)
			}
			switch {
			case !exists(full):
				violations = append(violations, fmt.Sprintf("%s links to %s, which isn't there; correct the link or write the file", name, target))
			case anchor != "" && path.Ext(full) == ".md" && !slices.Contains(anchors(texts[full]), anchor):
				violations = append(violations, fmt.Sprintf("%s links to %s, but no heading of %s gives #%s; correct the anchor", name, target, full, anchor))
			}
		}
	}
	return violations
}

// anchors makes of each heading what forges link it by: lower case, punctuation dropped, spaces dashed.
func anchors(text string) (list []string) {
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		list = append(list, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1]))
	}
	return list
}

func TestTruthRulesCanFail(t *testing.T) {
	wantViolation(t, "top level", strangersAtTop([]string{"player", "go.mod", ".ci", "bin"}), "")
	wantViolation(t, "top level", strangersAtTop([]string{"player", "internal"}), "internal stands at the top")

	home := "/ho" + "me/ann/music"
	wantViolation(t, "machine path", machinePaths("a.go", `open("`+home+`")`), "path of one machine")
	wantViolation(t, "machine path", machinePaths("a.go", `see https://example.org`+home), "")
	wantViolation(t, "machine path", machinePaths("a.go", `mux.Handle("/v1/tracks")`), "")

	wantViolation(t, "program", programs("examples/x/x", []byte("\x7fELF")), "compiled program")
	wantViolation(t, "program", programs("a.go", []byte("pack")), "")

	example := "package main\n\nfunc main() {\n\ta()\n\tb()\n}\n"
	wantViolation(t, "program", programDiffers("# T\n```go\na()\nb()\n```\n", example), "")
	wantViolation(t, "program", programDiffers("# T\n```go\na()\nc()\n```\n", example), "is not the body of main")
	wantViolation(t, "program", programDiffers("# T\n"+strings.Repeat("\n", 30)+"```go\na()\nb()\n```\n", example), "by line 25")
	wantViolation(t, "program", programDiffers("# T\n", example), "no Go block")
	long := "func main() {\n" + strings.Repeat("\ta()\n", helloLines+1) + "}\n"
	wantViolation(t, "program", programDiffers("```go\na()\n```\n", long), "has to stay small")

	exists := func(name string) bool { return name == "README.md" || name == "docs/WHY.md" }
	texts := func(text string) map[string]string {
		return map[string]string{"README.md": text, "docs/WHY.md": "# Why a ring, and not a channel?\n"}
	}
	for text, want := range map[string]string{
		"[why](docs/WHY.md#why-a-ring-and-not-a-channel)": "",
		"[why](docs/WHY.md#why-a-channel)":                "no heading of docs/WHY.md",
		"[why](WHY.md)":                                   "which isn't there",
		`<img src="docs/path.svg">`:                       "which isn't there",
		"[site](https://example.org/x)":                   "",
		"```\n[x](nowhere)\n```\n":                        "",
	} {
		wantViolation(t, text, brokenLinks(texts(text), exists), want)
	}
}
