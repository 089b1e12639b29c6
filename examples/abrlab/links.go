package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/segue-audio/segue/abr/abrtest"
)

// linkFlags choose the links.
type linkFlags struct {
	Traces string `placeholder:"FOLDER" help:"Recorded links: folders of .csv files, each called after its kind of network. Without it $SEGUE_ABR/traces/dev or ../shared/abr/traces/dev, and where neither exists, links of its own making."`
	Made   bool   `help:"Links of its own making."`
	Stride int    `default:"1" help:"Take every n-th link of each network only."`
}

// load reads or makes the links, and says what they are.
func (f *linkFlags) load() (list []*abrtest.Trace, about string, err error) {
	folder := f.Traces
	if folder == "" && !f.Made {
		folder = usual()
	}
	if folder == "" {
		list, err = abrtest.Made()
		about = "links of our own making"
	} else {
		list, err = readFolder(folder)
		about = "recorded links"
	}
	if err != nil {
		return nil, "", err
	}
	if f.Stride < 1 {
		return nil, "", fmt.Errorf("%w: a stride of %d", errUsage, f.Stride)
	}
	var some []*abrtest.Trace
	seen := map[string]int{}
	for _, t := range list {
		if seen[t.Network]%f.Stride == 0 {
			some = append(some, t)
		}
		seen[t.Network]++
	}
	return some, fmt.Sprintf("%d %s", len(some), about), nil
}

// usual is where recorded links lie where nobody says; empty where there are none.
func usual() string {
	root := os.Getenv("SEGUE_ABR")
	if root == "" {
		root = filepath.Join("..", "shared", "abr")
	}
	dir := filepath.Join(root, "traces", "dev")
	if s, err := os.Stat(dir); err != nil || !s.IsDir() {
		return ""
	}
	return dir
}

// readFolder reads the folders in a folder, each a kind of network; or, where there are none, the folder
// itself, whose name is the kind.
func readFolder(dir string) ([]*abrtest.Trace, error) {
	children, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []*abrtest.Trace
	folders := 0
	for _, c := range children {
		if !c.IsDir() || strings.HasPrefix(c.Name(), ".") {
			continue
		}
		folders++
		more, err := abrtest.ReadTraces(os.DirFS(filepath.Join(dir, c.Name())), c.Name())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name(), err)
		}
		list = append(list, more...)
	}
	if folders == 0 {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		if list, err = abrtest.ReadTraces(os.DirFS(dir), filepath.Base(abs)); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: %w", dir, errNoTraces)
	}
	return list, nil
}

var errNoTraces = errors.New("no .csv files in it or in its folders")

// oneLink finds a link by the name of a file, or among the links by its own name.
func (f *linkFlags) oneLink(name string) (*abrtest.Trace, error) {
	if file, err := os.Open(name); err == nil {
		defer file.Close()
		t, err := abrtest.ReadTrace(strings.TrimSuffix(filepath.Base(name), ".csv"), file)
		if err != nil {
			return nil, err
		}
		abs, err := filepath.Abs(name)
		t.Network = filepath.Base(filepath.Dir(abs))
		return t, err
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	list, _, err := f.load()
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		if t.Name == name {
			return t, nil
		}
	}
	return nil, fmt.Errorf("%w: no link is called %q", errUsage, name)
}
