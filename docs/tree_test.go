// Package docs_test holds the tests of the house itself: which package may import which, how the
// code is written, what the public surface is, and whether the documentation tells the truth. Each
// rule is a pure function over parsed source, so that a table of bad sources can prove that it fails.
package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/segue-audio/segue"

// source is one Go file of the tree.
type source struct {
	path string // slash-separated, from the root
	text string
	fset *token.FileSet
	file *ast.File
}

func (s *source) dir() string  { return path.Dir(s.path) }
func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }
func (s *source) isMain() bool { return s.file.Name.Name == "main" }

// inSuite tells whether the file belongs to a conformance suite or a rig for tests, which is compiled
// into tests only: codec/codectest, player/playertest.
func (s *source) inSuite() bool { return strings.HasSuffix(s.dir(), "test") }

func (s *source) line(p token.Pos) int { return s.fset.Position(p).Line }

// at makes a violation: where, what is wrong, and after a semicolon what to do about it.
func (s *source) at(p token.Pos, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: ", s.path, s.line(p)) + fmt.Sprintf(format, args...)
}

// imports lists the import paths of the file.
func (s *source) imports() []string {
	var list []string
	for _, spec := range s.file.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			list = append(list, p)
		}
	}
	return list
}

func parse(name, text string) (*source, error) {
	s := &source{path: name, text: text, fset: token.NewFileSet()}
	var err error
	s.file, err = parser.ParseFile(s.fset, name, text, parser.ParseComments)
	return s, err
}

// root is the top of the tree, seen from this package's folder, where go test runs it.
const root = ".."

// built is what make puts at the top and git ignores.
var built = map[string]bool{"bin": true, "coverage.out": true}

// walk visits every file that belongs to the tree, hidden folders left out.
func walk(visit func(name string) error) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		hidden := strings.HasPrefix(d.Name(), ".") && name != "."
		if built[name] || hidden && d.IsDir() {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		return visit(name)
	})
}

// sources parses every Go file of the tree once, fixtures in testdata left out.
var sources = sync.OnceValues(func() ([]*source, error) {
	var list []*source
	err := walk(func(name string) error {
		if path.Ext(name) != ".go" || strings.Contains(name, "testdata/") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		s, err := parse(name, string(text))
		if err != nil {
			return err
		}
		list = append(list, s)
		return nil
	})
	return list, err
})

func mustSources(t *testing.T) []*source {
	t.Helper()
	list, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("no Go files found: is this test run in docs/ of the whole tree?")
	}
	return list
}

// packages groups sources by folder.
func packages(list []*source) map[string][]*source {
	m := map[string][]*source{}
	for _, s := range list {
		m[s.dir()] = append(m[s.dir()], s)
	}
	return m
}

// report makes each violation a failure of its own.
func report(t *testing.T, violations []string) {
	t.Helper()
	for _, v := range violations {
		t.Error(v)
	}
}
