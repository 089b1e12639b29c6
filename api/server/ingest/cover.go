package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/segue-audio/segue/api/server/store"
	"github.com/segue-audio/segue/api/server/tags"
)

// pictureBeside looks for a cover in the folder of a file, the likeliest name first.
func pictureBeside(file string) *tags.Picture {
	dir := filepath.Dir(file)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // no cover, then: reading the music itself will tell what is wrong
	}
	best, bestRank := "", 0
	for _, e := range entries {
		if rank := coverRank(e.Name()); rank > 0 && (best == "" || rank < bestRank) {
			best, bestRank = e.Name(), rank
		}
	}
	if best == "" {
		return nil
	}
	path := filepath.Join(dir, best)
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() || st.Size() > tags.MaxPicture {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return tags.NewPicture(data)
}

// coverRank orders the names that covers go by, the best being 1; zero is none of them.
func coverRank(name string) int {
	name = strings.ToLower(name)
	ext := filepath.Ext(name)
	switch ext {
	case ".jpg", ".jpeg", ".png", ".webp", ".gif":
	default:
		return 0
	}
	for i, n := range []string{"cover", "folder", "front", "album", "albumart"} {
		if strings.TrimSuffix(name, ext) == n {
			return i + 1
		}
	}
	return 0
}

// putCover stores a picture under a name that its content gives. The same picture of a whole
// album is stored once.
func (in *Ingester) putCover(p *tags.Picture) (name string, err error) {
	sum := sha256.Sum256(p.Data)
	name = hex.EncodeToString(sum[:12]) + p.Ext
	if _, err := in.Covers.Stat(name); err == nil {
		return name, nil
	}
	temp := tempPrefix + edition() + name
	f, err := in.Covers.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return "", ours(err)
	}
	_, err = f.Write(p.Data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = in.Covers.Rename(temp, name)
	}
	return name, ours(err)
}

// lateCover finds a picture that was put beside an unchanged file afterwards.
func (in *Ingester) lateCover(ctx context.Context, c candidate, t store.Track) error {
	if t.Cover != "" {
		if _, err := in.Covers.Stat(t.Cover); err == nil {
			return nil
		}
	}
	p := pictureBeside(c.full)
	if p == nil {
		return nil
	}
	name, err := in.putCover(p)
	if err != nil {
		return err
	}
	return ours(in.Store.SetCover(ctx, t.ID, name))
}
