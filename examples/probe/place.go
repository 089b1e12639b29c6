package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/metadata"
)

// headBytes is how much of something is read to tell what it is.
const headBytes = 64 << 10

// place is where an argument leads to, as it was first looked at.
type place struct {
	url    *url.URL // after redirects; of a file too
	header http.Header
	head   []byte
	size   int64 // bytes; −1 where unknown
	title  string
}

// local tells whether it is a file of this machine.
func (p *place) local() bool { return p.url.Scheme == "file" }

// radio tells whether it is a stream that goes on: it says so itself, or has neither end nor parts.
func (p *place) radio() bool {
	if p.local() {
		return false
	}
	for name := range p.header {
		if strings.HasPrefix(name, "Icy-") {
			return true
		}
	}
	return p.size < 0 && len(p.head) == headBytes && strings.HasPrefix(p.header.Get("Content-Type"), "audio/")
}

// parse makes a URL of an argument, which may be a path.
func parse(what string) (*url.URL, error) {
	if u, err := url.Parse(what); err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "file") {
		return u, nil
	}
	path, err := filepath.Abs(what)
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: "file", Path: filepath.ToSlash(path)}, nil
}

// look reads the beginning of what stands at u.
func (p *prober) look(ctx context.Context, u *url.URL) (*place, error) {
	if u.Scheme == "file" {
		return lookLocal(u)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Icy-MetaData", "1")
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := p.http.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		return nil, &fetch.Error{URL: fetch.SafeURL(u), Attempts: 1, Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, &fetch.Error{URL: fetch.SafeURL(u), Attempts: 1, Err: &fetch.StatusError{Code: resp.StatusCode}}
	}
	at := &place{url: resp.Request.URL, header: resp.Header, size: resp.ContentLength}
	at.head = at.readHead(resp)
	return at, nil
}

// readHead reads the first bytes of sound, without the titles that a radio station puts between them. A body
// that breaks is as long as it came: what it lacks shows later.
func (p *place) readHead(resp *http.Response) []byte {
	var body io.Reader = resp.Body
	if interval := icyInterval(resp.Header); interval > 0 {
		body = metadata.NewICYReader(body, interval, func(_ int64, block []byte) {
			if p.title == "" {
				p.title = icyTitle(block)
			}
		})
	}
	head, _ := io.ReadAll(io.LimitReader(body, headBytes))
	return head
}

func lookLocal(u *url.URL) (*place, error) {
	f, err := os.Open(filepath.FromSlash(u.Path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe would be drained, a device never ends
		return nil, &os.PathError{Op: "open", Path: u.Path, Err: errors.New("not a regular file")}
	}
	head := make([]byte, min(headBytes, info.Size()))
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	return &place{url: u, head: head[:n], size: info.Size()}, nil
}

// file is something that can be read at any offset.
type file struct {
	io.ReaderAt
	io.Closer
	size int64
}

// open opens what stands at u for reading at any offset.
func (p *prober) open(ctx context.Context, u *url.URL) (*file, error) {
	if u.Scheme == "file" {
		f, err := os.Open(filepath.FromSlash(u.Path))
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err != nil {
			_ = f.Close()
			return nil, err
		}
		return &file{f, f, info.Size()}, nil
	}
	f, err := p.client.Open(ctx, fetch.FileRequest{URL: u.String(), ReadAhead: -1})
	if err != nil {
		return nil, err
	}
	return &file{f, f, f.Size()}, nil
}

// get reads a resource whole, of at most limit bytes.
func (p *prober) get(ctx context.Context, r *manifest.Resource, limit int64) ([]byte, error) {
	if r.URL.Scheme != "file" {
		resp, err := p.client.Get(ctx, fetch.Request{URL: r.URL.String(), Offset: r.Offset, Length: r.Length, Limit: limit})
		if err != nil {
			return nil, err
		}
		return resp.Body, nil
	}
	f, err := os.Open(filepath.FromSlash(r.URL.Path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	length := r.Length
	if length == 0 {
		length = limit + 1
	}
	data, err := io.ReadAll(io.NewSectionReader(f, r.Offset, length))
	if err == nil && int64(len(data)) > limit {
		err = fetch.ErrTooLarge
	}
	return data, err
}
