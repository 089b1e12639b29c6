package abrtest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

// Cache keeps plans from one run to the next. Several goroutines may use it at once.
type Cache interface {
	// Load gives what was stored under a key; ok is false where nothing was.
	Load(key string) (p Plan, ok bool, err error)

	// Store keeps a plan under a key, which is good as a file's name.
	Store(key string, p Plan) error
}

// FolderCache keeps each plan in a file of its own in a folder, which is made when it is first needed.
type FolderCache string

// Load implements Cache. What isn't a plan counts as nothing.
func (f FolderCache) Load(key string) (Plan, bool, error) {
	data, err := os.ReadFile(filepath.Join(string(f), key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil || len(data) == 0 || len(data) > MaxSegments {
		return nil, false, err
	}
	p := make(Plan, len(data))
	for i, b := range data {
		if p[i] = int(b) - 'a'; p[i] < 0 || p[i] >= MaxRenditions {
			return nil, false, nil
		}
	}
	return p, true, nil
}

// Store implements Cache: a letter for each segment, the lowest rendition being a.
func (f FolderCache) Store(key string, p Plan) error {
	data := make([]byte, len(p))
	for i, index := range p {
		data[i] = byte('a' + index)
	}
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return err
	}
	t, err := os.CreateTemp(string(f), "."+key)
	if err != nil {
		return err
	}
	_, err = t.Write(data)
	if err = errors.Join(err, t.Close()); err == nil {
		err = os.Rename(t.Name(), filepath.Join(string(f), key))
	}
	if err != nil {
		err = errors.Join(err, os.Remove(t.Name()))
	}
	return err
}

// CachedOptimum is Optimum as closely as the yardstick looks for it, from a cache if it is there; nil for no
// cache.
func (c Client) CachedOptimum(cache Cache) (Plan, error) {
	if err := c.plannable(); err != nil {
		return nil, err
	}
	var precision Precision
	precision.defaults()
	key := c.fingerprint(precision)
	if cache != nil {
		if p, ok, err := cache.Load(key); err != nil {
			return nil, err
		} else if ok && len(p) == len(c.Playlist.Segments) {
			return p, nil
		}
	}
	p, _, err := c.Optimum(precision)
	if err == nil && cache != nil {
		err = cache.Store(key, p)
	}
	return p, err
}

// searchVersion changes when the search finds other plans than before.
const searchVersion = 1

// fingerprint is of all that an optimum depends on.
func (c Client) fingerprint(p Precision) string {
	h := sha256.New()
	put := func(values ...float64) {
		for _, v := range values {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
			h.Write(b[:])
		}
	}
	put(searchVersion, p.Bucket, p.Slack, float64(p.Keep), c.Buffer, c.Weights.Stall, c.Weights.Start, c.Weights.Switch)
	put(float64(len(c.Trace.periods)))
	for _, q := range c.Trace.periods {
		put(q.Duration, q.Kbps, q.Latency)
	}
	put(float64(len(c.Playlist.Utility)))
	put(c.Playlist.Utility...)
	for _, s := range c.Playlist.Segments {
		put(float64(s.Track), s.Start, s.Duration)
		put(s.Bits...)
		if s.First {
			put(1)
		}
	}
	return fmt.Sprintf("plan-%s", hex.EncodeToString(h.Sum(nil)[:16]))
}
