package docs_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Limits on what one reader has to hold in the head at once. Tests, being lists, may be longer.
const (
	maxFuncLines = 100
	maxFileLines = 600
)

// styleRules is every rule on a single file. To add one, add cases to the table in proof_test.go.
//
// Where breaking a rule makes the code plainer, break it and say why, in a line at the end of the
// comment above or behind the code: "//house:ignore RULE reason". The reason is compulsory.
var styleRules = []styleRule{
	{"function-length", functionLength},
	{"file-length", fileLength},
	{"file-name", fileName},
	{"init", noInit},
	{"panic", noPanic},
	{"sleep", noSleepInTests},
	{"log", noDefaultLog},
	{"blank-import", noBlankImport},
	{"global", noMutableGlobal},
	{"exception", exceptionsGiveReasons},
	{"documentation", documented},
	{"parameters", plainParameters},
}

type styleRule struct {
	name  string
	check func(*source, reporter)
}

// reporter takes a violation: what is wrong, and after a semicolon what to do about it.
type reporter func(p token.Pos, format string, args ...any)

var ignore = regexp.MustCompile(`^//house:ignore (\S+)(.*)`)

// violations runs every rule on the file and leaves out what the code itself excuses.
func violations(s *source) (list []string) {
	excused := map[string]map[int]bool{} // rule → lines
	for _, group := range s.file.Comments {
		for _, c := range group.List {
			m := ignore.FindStringSubmatch(c.Text)
			if m == nil {
				continue
			}
			if len(strings.Fields(m[2])) < 3 {
				list = append(list, s.at(c.Pos(), "exception without its reason; write //house:ignore %s and why", m[1]))
				continue
			}
			if excused[m[1]] == nil {
				excused[m[1]] = map[int]bool{}
			}
			excused[m[1]][s.line(c.Pos())] = true
			excused[m[1]][s.line(group.End())+1] = true
		}
	}
	for _, r := range styleRules {
		r.check(s, func(p token.Pos, format string, args ...any) {
			if !excused[r.name][s.line(p)] {
				list = append(list, s.at(p, format, args...)+" ["+r.name+"]")
			}
		})
	}
	return list
}

func TestStyle(t *testing.T) {
	for _, s := range mustSources(t) {
		report(t, violations(s))
	}
	for dir, files := range packages(mustSources(t)) {
		report(t, packageDocumented(dir, files))
	}
}

func functionLength(s *source, report reporter) {
	if s.isTest() {
		return
	}
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := s.line(f.End()) - s.line(f.Pos()) + 1; n > maxFuncLines {
			report(f.Pos(), "%s has %d lines, the limit is %d; name a part of it and move it out", f.Name.Name, n, maxFuncLines)
		}
	}
}

func fileLength(s *source, report reporter) {
	if n := strings.Count(s.text, "\n"); n > maxFileLines && !s.isTest() {
		report(s.file.Package, "the file has %d lines, the limit is %d; split it where the story has a chapter", n, maxFileLines)
	}
}

var emptyNames = map[string]bool{"helper": true, "helpers": true, "util": true, "utils": true, "common": true, "misc": true, "shared": true}

func fileName(s *source, report reporter) {
	words := strings.FieldsFunc(strings.TrimSuffix(s.path, ".go"), func(r rune) bool { return r == '_' || r == '/' })
	for _, word := range words {
		if emptyNames[word] {
			report(s.file.Package, "%q says nothing; name the file or folder after what it does", word)
		}
	}
}

func noInit(s *source, report reporter) {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			report(f.Pos(), "init function; let the caller list what is built in, once and explicitly")
		}
	}
}

// calls visits every call of a plain or package-qualified function: "panic", "time.Sleep".
func calls(s *source, visit func(name string, p token.Pos)) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		switch fun := call.Fun.(type) {
		case *ast.Ident:
			visit(fun.Name, call.Pos())
		case *ast.SelectorExpr:
			if pkg, ok := fun.X.(*ast.Ident); ok {
				visit(pkg.Name+"."+fun.Sel.Name, call.Pos())
			}
		}
		return true
	})
}

func noPanic(s *source, report reporter) {
	calls(s, func(name string, p token.Pos) {
		if name == "panic" && !s.isTest() && !s.inSuite() {
			report(p, "panic ends the app that embeds us; return an error")
		}
	})
}

func noSleepInTests(s *source, report reporter) {
	calls(s, func(name string, p token.Pos) {
		if name == "time.Sleep" && (s.isTest() || s.inSuite()) && !inSynctest(s) {
			report(p, "time.Sleep makes a test slow or flaky; use testing/synctest, or wait for the event")
		}
	})
}

// inSynctest tells whether the file runs its tests in bubbles, where sleeping is free and exact.
func inSynctest(s *source) bool { return slices.Contains(s.imports(), "testing/synctest") }

// noDefaultLog keeps the process's log to programs: an engine that writes there writes into its host.
func noDefaultLog(s *source, report reporter) {
	if s.isTest() || s.isMain() {
		return
	}
	imports := map[string]bool{} // a variable may be called log as well
	for _, p := range s.imports() {
		imports[p] = true
	}
	calls(s, func(name string, p token.Pos) {
		pkg, fun, _ := strings.Cut(name, ".")
		switch {
		case pkg == "log" && imports["log"] && fun != "New", pkg == "slog" && imports["log/slog"] && slices.Contains([]string{"Debug", "Info", "Warn", "Error", "Log", "Default", "SetDefault"}, fun):
			report(p, "%s uses the process's logger; take a *slog.Logger from the caller", name)
		case name == "os.Exit":
			report(p, "os.Exit ends the app that embeds us; return an error")
		}
	})
}

// blankImports are the ones that can't be had otherwise.
var blankImports = map[string]string{
	"embed":              "the compiler wants it beside a go:embed line",
	"modernc.org/sqlite": "database/sql finds a driver by registration only",
	"image/png":          "image.Decode finds a format by registration only",
	"image/jpeg":         "image.Decode finds a format by registration only",
}

func noBlankImport(s *source, report reporter) {
	for _, spec := range s.file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err == nil && spec.Name != nil && spec.Name.Name == "_" && blankImports[p] == "" {
			report(spec.Pos(), "blank import of %s; call it by name, or add it to blankImports in docs/style_test.go with a reason", p)
		}
	}
}

// noMutableGlobal refuses package variables that can only be meant to change: those without a value.
func noMutableGlobal(s *source, report reporter) {
	if s.isTest() {
		return
	}
	for _, d := range s.file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			if len(v.Values) == 0 && !embeds(g, v) {
				report(v.Pos(), "package variable %s changes while the program runs; hold it in a value that the caller owns", v.Names[0].Name)
			}
		}
	}
}

// embeds tells whether a go:embed line gives the variable its value.
func embeds(g *ast.GenDecl, v *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{g.Doc, v.Doc} {
		if doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") }) {
			return true
		}
	}
	return false
}

var (
	lintIgnore = regexp.MustCompile(`^//lint:(file-)?ignore \S+ \S+`)
	foreign    = regexp.MustCompile(`^//\s*(nolint|nosec)`)
)

func exceptionsGiveReasons(s *source, report reporter) {
	for _, group := range s.file.Comments {
		for _, c := range group.List {
			switch {
			case foreign.MatchString(c.Text):
				report(c.Pos(), "exception for a linter that isn't run; write //lint:ignore CHECK reason")
			case strings.HasPrefix(c.Text, "//lint:") && !lintIgnore.MatchString(c.Text):
				report(c.Pos(), "exception without its reason; write //lint:ignore CHECK reason")
			}
		}
	}
}

// plainParameters looks at what apps call: a bare bool says nothing where it is passed, and a
// fifth parameter gets passed in the wrong order. The lone bool of a setter,
// SetShuffle(on bool), is fine.
func plainParameters(s *source, report reporter) {
	if !isPublic(s) {
		return
	}
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !f.Name.IsExported() || !exportedReceiver(f) {
			continue
		}
		count, bools := 0, 0
		for _, field := range f.Type.Params.List {
			n := max(len(field.Names), 1)
			count += n
			if id, ok := field.Type.(*ast.Ident); ok && id.Name == "bool" {
				bools += n
			}
		}
		if count > 4 {
			report(f.Pos(), "%s takes %d parameters; put them into an options struct", f.Name.Name, count)
		}
		if bools > 0 && count > 1 {
			report(f.Pos(), "%s takes a bare bool among others; a named type or an options struct says what true means", f.Name.Name)
		}
	}
}
