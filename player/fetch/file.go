package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// Limits and defaults of a File.
const (
	BlockBytes         = 64 << 10  // a File is held, and stored, in blocks of so many bytes
	DefaultReadAhead   = 1 << 20   // bytes
	DefaultKeep        = 4 << 20   // bytes
	DefaultMaxFile     = 4 << 30   // bytes of a file read in blocks
	DefaultSpoolMemory = 16 << 20  // bytes of a file held in memory when the server has no ranges
	DefaultMaxSpool    = 512 << 20 // bytes of such a file in all
)

// revalidateWithin bounds the question whether a file that Blocks holds is still the server's. It is
// short: with the server away, the answer is in Blocks already.
const revalidateWithin = 3 * time.Second

// BlockStore keeps blocks from one run to the next; *cache.Store is one. It is called from several
// goroutines at once. Get tells whether it has the block, which is then the caller's own. Put may fail:
// the File goes on without.
type BlockStore interface {
	Get(ctx context.Context, key string) ([]byte, bool)
	Put(ctx context.Context, key string, data []byte) error
}

// FileRequest says what to open.
type FileRequest struct {
	URL    string
	Header http.Header

	ReadAhead int64 // bytes fetched ahead of the last block read; zero means DefaultReadAhead, negative none
	Keep      int64 // bytes held in memory; zero means DefaultKeep. ReadAhead and two blocks at least are
	MaxBytes  int64 // a longer file gives ErrTooLarge; zero means DefaultMaxFile

	// Of a server without byte ranges the file is downloaded from its start, whatever is read of it:
	// up to SpoolMemory bytes (zero: DefaultSpoolMemory) in memory, longer ones in a temporary file
	// of SpoolDir ("": os.TempDir), at most MaxSpool bytes (zero: DefaultMaxSpool).
	SpoolMemory int64
	SpoolDir    string
	MaxSpool    int64

	// Blocks, where set, is asked before the network and given what came. Name is the file's name in
	// it: independent of host and token. "" means the URL without its query.
	Blocks BlockStore
	Name   string

	Decorate func(*http.Request) // see Request
	Retrying func(Attempt)       // see Request
	Received func(n int64)       // see Request
}

// File is a remote file read at any offset. ReadAt may be called from several goroutines at once.
type File struct {
	url    *url.URL
	header http.Header
	reader reader
	close  func() error
	once   sync.Once
	err    error
}

// reader is what stands behind a File. Ranges asked for lie within the file.
type reader interface {
	size() int64 // −1 while unknown; then ranges asked for may lie behind the end: io.EOF
	inOrder() bool
	readAt(ctx context.Context, p []byte, off int64) (int, error)
	held(off int64) int64
	peek(p []byte, off int64) bool
	readAhead() int64
	setAhead(n int64)
}

// Size is the file's length in bytes; −1 while it isn't known, which it is when all of the file is here.
func (f *File) Size() int64 { return f.reader.size() }

// InOrder tells that what isn't here can only be had after all that lies in front of it: the server has no
// byte ranges, and the file isn't here as a whole yet.
func (f *File) InOrder() bool { return f.reader.inOrder() }

// URL is where the file was found, after redirects.
func (f *File) URL() *url.URL { return f.url }

// Header is that of the response the file was opened with; empty where it was opened without the network.
func (f *File) Header() http.Header { return f.header }

// ReadAt reads as io.ReaderAt does, and waits for the network where it must: for no more bytes than
// asked for, so that a header can be read before its block is whole. Errors are those of Client.Get,
// ErrChanged (for ever) when the file became another one, and ErrShort behind the end of one that turned out
// shorter than its server says. After another error the next read tries again. After Close it gives
// ErrClosed, to calls in flight too.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	return f.ReadAtContext(context.Background(), p, off)
}

// ReadAtContext is ReadAt for a reader who may lose interest: once ctx is done it gives ctx's cause.
func (f *File) ReadAtContext(ctx context.Context, p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("%w: offset %d", ErrRequest, off)
	}
	size := f.reader.size()
	if size < 0 {
		return f.reader.readAt(ctx, p, off)
	}
	if off >= size {
		return 0, io.EOF
	}
	short := int64(len(p)) > size-off
	if short {
		p = p[:size-off]
	}
	n, err := f.reader.readAt(ctx, p, off)
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}

// Held is how many bytes from off on are here, without a hole.
func (f *File) Held(off int64) int64 { return f.reader.held(off) }

// Peek reads p at off if all of it is here, and tells whether it was. It neither waits nor asks for anything:
// what is fetched ahead stays where the last read put it.
func (f *File) Peek(p []byte, off int64) bool {
	return off >= 0 && off <= maxOffset && f.reader.peek(p, off)
}

// ReadAhead is how many bytes are fetched ahead of the last read; SetReadAhead changes it. A file
// without byte ranges is fetched to its end whatever is said.
func (f *File) ReadAhead() int64 { return f.reader.readAhead() }

// SetReadAhead makes n bytes be fetched ahead of the last read.
func (f *File) SetReadAhead(n int64) { f.reader.setAhead(max(n, 0)) }

// Close ends what is in flight, waits for the goroutine that fetches and removes the temporary
// file. Twice is fine.
func (f *File) Close() error {
	f.once.Do(func() { f.err = f.close() })
	return f.err
}

// head is what Blocks keeps of a file, so that it can be read with the server away.
type head struct {
	Size     int64  `json:"size"`
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
	Strong   string `json:"strong,omitempty"`
}

func (h head) pin() *pin {
	return &pin{of: version{etag: h.ETag, modified: h.Modified, strong: h.Strong}, size: h.Size}
}

// Open opens a file over HTTP. ctx bounds the file's whole life: once it is done, reads give its
// cause. Errors are those of Get. With Blocks, a file that is in there is opened even when the server
// can't be reached; its blocks are used only while the server, where it can be asked, has the same version.
//
// What a server without byte ranges gives is read while it is downloaded, from its start on; where it doesn't
// say the length either, that is known at the end. What it says of a live stream is answered with ErrEndless:
// see Client.Stream.
func (c *Client) Open(ctx context.Context, r FileRequest) (*File, error) {
	if err := r.fill(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	f, err := c.open(ctx, cancel, r)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	return f, nil
}

func (c *Client) open(ctx context.Context, cancel context.CancelCauseFunc, r FileRequest) (*File, error) {
	if h, ok := r.stored(ctx); ok {
		fresh, header, err := c.revalidate(ctx, r, h)
		if err != nil {
			return nil, err
		}
		if fresh {
			u, _ := url.Parse(r.URL) // fill has parsed it
			b := newBlocks(c, ctx, r, h)
			go func() {
				defer close(b.done)
				b.run()
			}()
			return b.file(cancel, u, header), nil
		}
	}
	return c.first(ctx, cancel, r)
}

// fill puts in the defaults.
func (r *FileRequest) fill() error {
	u, err := url.Parse(r.URL)
	if err != nil {
		return &Error{URL: "?", Err: ErrRequest}
	}
	if r.Name == "" {
		bare := *u
		bare.RawQuery, bare.Fragment, bare.User = "", "", nil
		r.Name = bare.String()
	}
	if r.ReadAhead == 0 {
		r.ReadAhead = DefaultReadAhead
	}
	r.ReadAhead = max(r.ReadAhead, 0)
	for _, limit := range []struct {
		v    *int64
		deft int64
	}{{&r.Keep, DefaultKeep}, {&r.MaxBytes, DefaultMaxFile}, {&r.SpoolMemory, DefaultSpoolMemory}, {&r.MaxSpool, DefaultMaxSpool}} {
		if *limit.v <= 0 {
			*limit.v = limit.deft
		}
	}
	return nil
}

func (r *FileRequest) headKey() string { return r.Name + "#head" }

// blockKey names a block by the version too: blocks of two versions never meet in one file.
func (r *FileRequest) blockKey(h head, i int64) string {
	v := h.Strong
	if v == "" {
		v = h.ETag + h.Modified
	}
	return r.Name + "#" + strconv.FormatInt(h.Size, 10) + "#" + v + "#" + strconv.FormatInt(i, 10)
}

// stored reads the head that an earlier Open left.
func (r *FileRequest) stored(ctx context.Context) (head, bool) {
	if r.Blocks == nil {
		return head{}, false
	}
	b, ok := r.Blocks.Get(ctx, r.headKey())
	var h head
	if !ok || json.Unmarshal(b, &h) != nil || h.Size <= 0 || h.Size > r.MaxBytes {
		return head{}, false
	}
	return h, true
}

// revalidate asks the server once for one byte of a stored file. fresh: it is the same version, or the
// server can't say. A refusal (401, 404 …) is an error: what may not be read any more isn't.
func (c *Client) revalidate(ctx context.Context, r FileRequest, h head) (fresh bool, header http.Header, err error) {
	asking, cancel := context.WithTimeout(ctx, revalidateWithin)
	defer cancel()
	t, err := c.newTransfer(Request{URL: r.URL, Header: r.Header, Length: 1}, &memory{})
	if err != nil {
		return false, nil, err
	}
	t.start = time.Now()
	t.pin = h.pin()
	err = t.attempt(asking)
	var status *StatusError
	switch {
	case ctx.Err() != nil:
		return false, nil, context.Cause(ctx)
	case err == nil:
		return true, t.last.Header, nil
	case errors.As(err, &status) && !status.Temporary() && status.Code != http.StatusRequestedRangeNotSatisfiable:
		return false, nil, &Error{URL: SafeURL(t.url), Attempts: 1, Err: err}
	}
	return retryable(err), nil, nil
}

// nothing is an empty file.
type nothing struct{}

func (nothing) size() int64                                        { return 0 }
func (nothing) inOrder() bool                                      { return false }
func (nothing) readAt(context.Context, []byte, int64) (int, error) { return 0, io.EOF }
func (nothing) held(int64) int64                                   { return 0 }
func (nothing) peek(p []byte, _ int64) bool                        { return len(p) == 0 }
func (nothing) readAhead() int64                                   { return 0 }
func (nothing) setAhead(int64)                                     {}
