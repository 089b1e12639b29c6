package docs_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/api.txt from the tree")

const surfaceFile = "api.txt"

// TestPublicSurface compares what an app can name with docs/api.txt, so that a change of it is seen
// in review and made on purpose.
func TestPublicSurface(t *testing.T) {
	got := surface(mustSources(t))
	if *update {
		if err := os.WriteFile(surfaceFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden, err := os.ReadFile(surfaceFile)
	if err != nil {
		t.Fatal(err)
	}
	gone, come := compareLines(string(golden), got)
	for _, line := range gone {
		t.Errorf("no longer there: %s", line)
	}
	for _, line := range come {
		t.Errorf("new: %s", line)
	}
	if t.Failed() {
		t.Error("the public surface changed; if that is meant, run go test ./docs -update, say in docs/CHANGELOG.md what users have to do, and commit both")
	}
}

// isPublic tells whether an app may import the package: no internal one, no program, no server.
func isPublic(s *source) bool {
	return !s.isTest() && !s.isMain() && !strings.Contains("/"+s.dir()+"/", "/internal/") &&
		!matches("api/server/...", s.dir()) && !matches("examples/...", s.dir())
}

// surface prints one line for each exported constant, variable, function, type, field and method,
// sorted within each package.
func surface(list []*source) string {
	lines := map[string][]string{}
	for _, s := range list {
		if isPublic(s) {
			lines[s.dir()] = append(lines[s.dir()], surfaceOf(s)...)
		}
	}
	var b strings.Builder
	b.WriteString("# The public surface. Written by go test ./docs -update; TestPublicSurface compares.\n")
	for _, dir := range slices.Sorted(maps.Keys(lines)) {
		slices.Sort(lines[dir])
		for _, line := range lines[dir] {
			fmt.Fprintf(&b, "%s: %s\n", dir, line)
		}
	}
	return b.String()
}

func surfaceOf(s *source) (lines []string) {
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if !d.Name.IsExported() || !exportedReceiver(d) {
				continue
			}
			if d.Recv != nil {
				lines = append(lines, fmt.Sprintf("method (%s) %s%s", oneLine(d.Recv.List[0].Type), d.Name.Name, signature(d.Type)))
			} else {
				lines = append(lines, fmt.Sprintf("func %s%s", d.Name.Name, signature(d.Type)))
			}
		case *ast.GenDecl:
			lines = append(lines, surfaceOfGroup(d)...)
		}
	}
	return lines
}

func surfaceOfGroup(d *ast.GenDecl) (lines []string) {
	var last *ast.ValueSpec // whose type and values an empty line of a constant block repeats
	for i, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				lines = append(lines, surfaceOfType(spec)...)
			}
		case *ast.ValueSpec:
			if len(spec.Values) > 0 || spec.Type != nil {
				last = spec
			}
			for j, name := range spec.Names {
				if name.IsExported() {
					lines = append(lines, fmt.Sprintf("%s %s%s", d.Tok, name.Name, valueOf(d.Tok, last, i, j)))
				}
			}
		}
	}
	return lines
}

// valueOf gives the type of a constant or variable, and a constant's value: apps store them. The
// place in the block stands for iota.
func valueOf(tok token.Token, spec *ast.ValueSpec, place, column int) string {
	text := ""
	if spec == nil {
		return text
	}
	if spec.Type != nil {
		text = " " + oneLine(spec.Type)
	}
	if tok == token.CONST && column < len(spec.Values) {
		value := oneLine(spec.Values[column])
		if strings.Contains(value, "iota") {
			value += fmt.Sprintf(" (iota %d)", place)
		}
		text += " = " + value
	}
	return text
}

func surfaceOfType(spec *ast.TypeSpec) (lines []string) {
	name := spec.Name.Name
	params := ""
	if spec.TypeParams != nil {
		params = fieldList(spec.TypeParams, "[", "]")
	}
	is := " "
	if spec.Assign.IsValid() {
		is = " = "
	}
	switch t := spec.Type.(type) {
	case *ast.StructType:
		lines = append(lines, "type "+name+params+is+"struct")
		for _, f := range t.Fields.List {
			for _, id := range f.Names {
				if id.IsExported() {
					lines = append(lines, fmt.Sprintf("type %s struct, %s %s%s", name, id.Name, oneLine(f.Type), tagOf(f)))
				}
			}
			if len(f.Names) == 0 {
				lines = append(lines, fmt.Sprintf("type %s struct, embeds %s", name, oneLine(f.Type)))
			}
		}
	case *ast.InterfaceType:
		lines = append(lines, "type "+name+params+is+"interface")
		for _, m := range t.Methods.List {
			f, ok := m.Type.(*ast.FuncType)
			if !ok {
				lines = append(lines, fmt.Sprintf("type %s interface, embeds %s", name, oneLine(m.Type)))
				continue
			}
			lines = append(lines, fmt.Sprintf("type %s interface, %s%s", name, m.Names[0].Name, signature(f)))
		}
	default:
		lines = append(lines, "type "+name+params+is+oneLine(spec.Type))
	}
	return lines
}

func tagOf(f *ast.Field) string {
	if f.Tag == nil {
		return ""
	}
	return " " + f.Tag.Value
}

func signature(f *ast.FuncType) string {
	text := ""
	if f.TypeParams != nil {
		text = fieldList(f.TypeParams, "[", "]")
	}
	text += fieldList(f.Params, "(", ")")
	if f.Results == nil {
		return text
	}
	if r := f.Results.List; len(r) == 1 && len(r[0].Names) == 0 {
		return text + " " + oneLine(r[0].Type)
	}
	return text + " " + fieldList(f.Results, "(", ")")
}

func fieldList(l *ast.FieldList, open, end string) string {
	var parts []string
	for _, f := range l.List {
		var names []string
		for _, id := range f.Names {
			names = append(names, id.Name)
		}
		part := oneLine(f.Type)
		if len(names) > 0 {
			part = strings.Join(names, ", ") + " " + part
		}
		parts = append(parts, part)
	}
	return open + strings.Join(parts, ", ") + end
}

// oneLine prints an expression without line breaks or comments.
func oneLine(e ast.Expr) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, token.NewFileSet(), e); err != nil {
		return fmt.Sprintf("(%v)", err)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// compareLines tells which lines of a are not in b, and the other way round.
func compareLines(a, b string) (gone, come []string) {
	before, after := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(a) {
		before[strings.TrimSpace(line)] = true
	}
	for line := range strings.Lines(b) {
		after[strings.TrimSpace(line)] = true
	}
	for _, line := range slices.Sorted(maps.Keys(before)) {
		if !after[line] {
			gone = append(gone, line)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(after)) {
		if !before[line] {
			come = append(come, line)
		}
	}
	return gone, come
}

func TestSurfacePrintsEveryKind(t *testing.T) {
	s, err := parse("abr/a.go", `package abr
const (
	A Kind = 7
	B Kind = iota
	C
	d
)
var E = 1
type Kind int
type S struct { F, g int; H []byte `+"`json:\"h\"`"+`; io.Reader }
type I interface { M(ctx context.Context, n ...int) (int, error); io.Closer }
type G[T any] = map[string]T
func F(a, b int, c func() error) *S { return nil }
func (s *S) M() {}
func (s *S) m() {}
func f() {}
type hidden struct{ F int }
func (hidden) M() {}
`)
	if err != nil {
		t.Fatal(err)
	}
	server, err := parse("api/server/a.go", "package server\nfunc F() {}")
	if err != nil {
		t.Fatal(err)
	}
	want := `abr: const A Kind = 7
abr: const B Kind = iota (iota 1)
abr: const C Kind = iota (iota 2)
abr: func F(a, b int, c func() error) *S
abr: method (*S) M()
abr: type G[T any] = map[string]T
abr: type I interface
abr: type I interface, M(ctx context.Context, n ...int) (int, error)
abr: type I interface, embeds io.Closer
abr: type Kind int
abr: type S struct
abr: type S struct, F int
abr: type S struct, H []byte ` + "`json:\"h\"`" + `
abr: type S struct, embeds io.Reader
abr: var E
`
	_, got, _ := strings.Cut(surface([]*source{s, server}), "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	gone, come := compareLines("x\ny\n", "y\nz\n")
	if len(gone) != 1 || gone[0] != "x" || len(come) != 1 || come[0] != "z" {
		t.Errorf("compareLines: gone %q, come %q", gone, come)
	}
}
