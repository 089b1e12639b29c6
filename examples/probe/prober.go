package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/fetch"
)

// prober looks at things. It is used by one goroutine.
type prober struct {
	client *fetch.Client
	http   *http.Client
	decode bool
}

func newProber(decode bool) *prober {
	h := &http.Client{Transport: fetch.NewTransport(fetch.Timeouts{})}
	return &prober{client: fetch.New(fetch.Options{HTTP: h}), http: h, decode: decode}
}

func (p *prober) close() { p.client.CloseIdle() }

// probe describes what an argument is.
func (p *prober) probe(ctx context.Context, what string, timeout time.Duration) *report {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r := &report{What: what}
	err := p.fill(ctx, r)
	r.Problem = problemOf(err)
	r.Playable = err == nil
	return r
}

// fill finds out all that goes into the report, and gives the reason why it can't be played.
func (p *prober) fill(ctx context.Context, r *report) error {
	u, err := parse(r.What)
	if err != nil {
		return err
	}
	r.Protocol = u.Scheme
	at, err := p.look(ctx, u)
	if err != nil {
		return err
	}
	r.Bytes = max(0, at.size)
	r.Type = at.header.Get("Content-Type")
	if !at.local() && at.header.Get("Accept-Ranges") != "" {
		ranges := at.header.Get("Accept-Ranges") == "bytes"
		r.Ranges = &ranges
	}
	head := bytes.TrimLeft(bytes.TrimPrefix(at.head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte("#EXTM3U")) && bytes.Contains(head, []byte("#EXT-X-")):
		r.Manifest, err = p.probeHLS(ctx, at)
	case bytes.Contains(head[:min(len(head), 4096)], []byte("<MPD")):
		r.Manifest, err = p.probeDASH(ctx, at)
	case listed(head) != nil:
		r.List = listed(head)
	case at.radio():
		r.Protocol = "radio"
		r.Radio = &radioReport{at.header.Get("Icy-Name"), at.header.Get("Icy-Genre"), at.title}
		r.Stream, err = p.probeRadio(ctx, at)
	default:
		err = p.probeFile(ctx, r, at)
	}
	return err
}

// probeRadio describes what a station sends, by the little that was heard of it.
func (p *prober) probeRadio(ctx context.Context, at *place) (*streamReport, error) {
	r := bytes.NewReader(at.head)
	c, err := detect.Identify(r, r.Size())
	if err != nil {
		return nil, err
	}
	demux, err := c.Open(r, r.Size())
	if err != nil {
		return nil, err
	}
	s, err := probeStream(ctx, demux, c.Name, packets)
	if s != nil { // that of the little
		s.Duration, s.Packets, s.Trim = 0, 0, nil
	}
	return s, err
}

// probeFile describes a whole file.
func (p *prober) probeFile(ctx context.Context, r *report, at *place) error {
	f, err := p.open(ctx, at.url)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	look := beginning
	if at.local() {
		look = packets
	}
	if p.decode {
		look = everything
	}
	r.Stream, r.About, err = probeMedia(ctx, f, f.size, look)
	return err
}

// probeMedia describes the media file of size bytes that r reads.
func probeMedia(ctx context.Context, r io.ReaderAt, size int64, look depth) (*streamReport, *aboutReport, error) {
	c, err := detect.Identify(r, size)
	if err != nil {
		return nil, nil, err
	}
	demux, err := c.Open(r, size)
	if err != nil {
		return nil, nil, err
	}
	about := aboutFile(demux, r)
	s, err := probeStream(ctx, demux, c.Name, look)
	if errors.Is(err, container.ErrFormat) && s.Packets > 0 {
		return s, about, nil // cut short: what is there is played
	}
	return s, about, err
}
