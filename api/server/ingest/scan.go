package ingest

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFiles bounds how many files one folder may bring in.
const maxFiles = 2_000_000

// candidate is a file that may be music.
type candidate struct {
	path    string // below the music folder, with forward slashes
	full    string
	size    int64
	modTime int64 // nanoseconds since 1970
}

// trouble is a place that could not be looked into.
type trouble struct {
	path string
	err  error
}

type found struct {
	files   []candidate // in lexical order, so that albums come in one after another
	trouble []trouble
}

// scan walks the folder. Links to files are followed, links to folders aren't: they make circles.
func scan(ctx context.Context, root string, progress func(files int)) (found, error) {
	var f found
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		return f, err
	}
	if st, err := os.Stat(root); err != nil {
		return f, err
	} else if !st.IsDir() {
		return f, fmt.Errorf("%s is not a folder", root)
	}
	err = filepath.WalkDir(root, func(full string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rel, relErr := filepath.Rel(root, full)
		if relErr != nil {
			return relErr
		}
		rel = filepath.ToSlash(rel)
		if err != nil {
			if rel == "." {
				return err
			}
			f.trouble = append(f.trouble, trouble{rel, err})
			return fs.SkipDir
		}
		if d.IsDir() {
			if rel != "." && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		c, ok, err := look(full, rel, d)
		if err != nil {
			f.trouble = append(f.trouble, trouble{rel, err})
			return nil
		}
		if ok {
			if f.files = append(f.files, c); len(f.files) > maxFiles {
				return fmt.Errorf("more than %d files", maxFiles)
			}
			if len(f.files)%100 == 0 {
				progress(len(f.files))
			}
		}
		return nil
	})
	slices.SortFunc(f.files, func(a, b candidate) int { return strings.Compare(a.path, b.path) })
	return f, err
}

// look tells whether a file may be music: it is called so, or begins so.
func look(full, rel string, d fs.DirEntry) (c candidate, ok bool, err error) {
	if strings.HasPrefix(d.Name(), ".") {
		return c, false, nil // macOS leaves "._Title.mp3" beside files on foreign disks
	}
	st, err := os.Stat(full)
	if err != nil {
		return c, false, err
	}
	if !st.Mode().IsRegular() {
		return c, false, nil
	}
	switch strings.ToLower(filepath.Ext(rel)) {
	case ".mp3", ".flac", ".wav", ".wave", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".wma", ".aif", ".aiff", ".ape", ".wv":
		// Those that we don't take are worth a word on why.
	default:
		if ok, err = beginsAsMusic(full); !ok || err != nil {
			return c, false, err
		}
	}
	return candidate{rel, full, st.Size(), st.ModTime().UnixNano()}, true, nil
}

// beginsAsMusic goes by marks that nothing else begins with. A bare MP3 frame is no such mark: two
// bytes of 0xFF begin many files.
func beginsAsMusic(full string) (bool, error) {
	f, err := os.Open(full)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // was only read
	head := make([]byte, 12)
	if _, err := io.ReadFull(f, head); err != nil {
		return false, nil // shorter than any music
	}
	return string(head[:4]) == "fLaC" || string(head[:3]) == "ID3" ||
		string(head[8:]) == "WAVE" && (string(head[:4]) == "RIFF" || string(head[:4]) == "RF64"), nil
}
