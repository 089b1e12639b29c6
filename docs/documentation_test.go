package docs_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"strings"
)

// documented checks the comment of every exported identifier, in programs and tests excepted. A block
// of constants or variables shares one comment; a field is read in its struct and needs none.
func documented(s *source, report reporter) {
	if s.isTest() || s.isMain() {
		return
	}
	want := func(p token.Pos, name string, docs ...*ast.CommentGroup) {
		text := ""
		for _, doc := range docs {
			text += doc.Text()
		}
		switch {
		case strings.TrimSpace(text) == "":
			report(p, "exported %s has no comment; say what it is for, units and errors included", name)
		case !beginsWith(text, name):
			report(p, "the comment of %s does not begin with its name", name)
		}
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && exportedReceiver(d) {
				want(d.Pos(), d.Name.Name, d.Doc)
			}
		case *ast.GenDecl:
			documentedSpecs(d, want, report)
		}
	}
}

func documentedSpecs(d *ast.GenDecl, want func(token.Pos, string, ...*ast.CommentGroup), report reporter) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if !spec.Name.IsExported() {
				continue
			}
			doc := spec.Doc
			if !d.Lparen.IsValid() {
				doc = d.Doc
			}
			want(spec.Pos(), spec.Name.Name, doc)
			if i, ok := spec.Type.(*ast.InterfaceType); ok {
				documentedMethods(i, doc.Text(), report)
			}
		case *ast.ValueSpec:
			if !spec.Names[0].IsExported() {
				continue
			}
			if d.Lparen.IsValid() {
				if d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					want(spec.Pos(), spec.Names[0].Name)
				}
				continue
			}
			want(spec.Pos(), spec.Names[0].Name, d.Doc)
		}
	}
}

// documentedMethods wants each method explained, by a comment of its own or by name in the interface's.
// The only method of an interface is explained by its interface.
func documentedMethods(i *ast.InterfaceType, doc string, report reporter) {
	for _, m := range i.Methods.List {
		if len(m.Names) == 1 && m.Doc == nil && m.Comment == nil && len(i.Methods.List) > 1 && !strings.Contains(doc, m.Names[0].Name) {
			report(m.Pos(), "method %s of an interface has no comment; list its legal outcomes", m.Names[0].Name)
		}
	}
}

// beginsWith tells whether a comment's first word, an article aside, is the name.
func beginsWith(text, name string) bool {
	for _, article := range []string{"", "A ", "An ", "The "} {
		if rest, ok := strings.CutPrefix(text, article+name); ok && (rest == "" || !strings.ContainsAny(rest[:1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")) {
			return true
		}
	}
	return false
}

func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	t := f.Recv.List[0].Type
	for {
		switch inner := t.(type) {
		case *ast.StarExpr:
			t = inner.X
		case *ast.IndexExpr:
			t = inner.X
		case *ast.IndexListExpr:
			t = inner.X
		case *ast.Ident:
			return inner.IsExported()
		default:
			return false
		}
	}
}

// packageDocumented wants one comment for each package that isn't tests alone: what it is for and
// what it refuses.
func packageDocumented(dir string, files []*source) []string {
	var docs []string
	name := ""
	for _, s := range files {
		if s.isTest() {
			continue
		}
		name = s.file.Name.Name
		if s.file.Doc != nil {
			docs = append(docs, s.file.Doc.Text())
		}
	}
	want := "Package " + name + " "
	if name == "main" {
		base := path.Base(dir)
		want = strings.ToUpper(base[:1]) + base[1:] + " " // the go command's own habit
	}
	switch {
	case name == "":
		return nil
	case len(docs) == 0:
		return []string{fmt.Sprintf("%s: the package has no comment; begin one with %q and say what it is for and what it refuses", dir, want)}
	case len(docs) > 1:
		return []string{fmt.Sprintf("%s: %d files have a package comment; keep one", dir, len(docs))}
	case !strings.HasPrefix(strings.ReplaceAll(docs[0], "\n", " "), want):
		return []string{fmt.Sprintf("%s: the package comment does not begin with %q", dir, want)}
	}
	return nil
}
