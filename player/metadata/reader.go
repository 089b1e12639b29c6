package metadata

import (
	"errors"
	"fmt"
	"io"
)

// Options of a Reader. The zero value reads everything.
type Options struct {
	// PictureBytes: a longer picture is described, and its Data left out; zero means MaxPictureBytes,
	// negative that no Data is read.
	PictureBytes int64
}

// Reader gathers what the tags of one file say. Its methods read one kind of tag each, wherever the
// caller knows or supposes it; a field that an earlier one has set is kept. A Reader is used by one
// goroutine at a time.
type Reader struct {
	r    io.ReaderAt
	size int64
	opt  Options
	m    Metadata
	err  error // the first one that cost a part of something
}

// NewReader reads from the file of size bytes that r reads.
func NewReader(r io.ReaderAt, size int64, o Options) *Reader {
	if o.PictureBytes == 0 || o.PictureBytes > MaxPictureBytes {
		o.PictureBytes = MaxPictureBytes
	}
	return &Reader{r: r, size: size, opt: o}
}

// Metadata is what was found so far, and the first error that a tag was read no further for. The error
// wraps one of this package's or that of reading; the Metadata is good either way.
func (r *Reader) Metadata() (Metadata, error) {
	r.m.sortChapters()
	return r.m, r.err
}

// failed keeps the first error of all.
func (r *Reader) failed(err error) error {
	if err != nil && r.err == nil {
		r.err = err
	}
	return err
}

// at reads n bytes at off. Fewer are ErrFormat.
func (r *Reader) at(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off > r.size || int64(n) > r.size-off {
		return nil, fmt.Errorf("%d bytes at %d of %d: %w", n, off, r.size, ErrFormat)
	}
	b := make([]byte, n)
	if got, err := r.r.ReadAt(b, off); got < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = ErrFormat
		}
		return nil, fmt.Errorf("%d bytes at %d: %w", n, off, err)
	}
	return b, nil
}

// head reads up to n bytes at off, as far as end.
func (r *Reader) head(off, end int64, n int) ([]byte, error) {
	return r.at(off, int(max(0, min(int64(n), end-off))))
}

// text reads n bytes of text at off; longer than MaxTextBytes is ErrLimit.
func (r *Reader) text(off, n int64) ([]byte, error) {
	if n > MaxTextBytes {
		return nil, fmt.Errorf("text of %d bytes: %w", n, ErrLimit)
	}
	return r.at(off, int(n))
}

// picture adds a picture of which all but the bytes is known. They lie at off.
func (r *Reader) picture(p Picture, off, size int64) {
	p = r.loaded(p, off, size)
	r.m.addPicture(p)
}

// headBytes of a picture are read for its size in pixels: the start of frame of a JPEG lies behind its
// colour profile and preview.
const headBytes = 4 << 10

// loaded reads the bytes of a picture, if they are wanted and can be had.
func (r *Reader) loaded(p Picture, off, size int64) Picture {
	p.Size = size
	if size <= r.opt.PictureBytes {
		data, err := r.at(off, int(size))
		if r.failed(err) == nil {
			p.Data = data
			p.describe(data)
			return p
		}
	}
	if head, err := r.at(off, int(min(size, headBytes))); err == nil {
		p.describe(head)
	}
	return p
}

// kept adds a picture whose bytes are in memory.
func (r *Reader) kept(p Picture, data []byte) {
	p.Size = int64(len(data))
	p.describe(data)
	if p.Size <= r.opt.PictureBytes {
		p.Data = data
	}
	r.m.addPicture(p)
}
