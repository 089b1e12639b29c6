package loader

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/media"
)

// runFile plays a whole file as one run, from where the loader stands, and sees it come in.
func (l *Loader) runFile(ctx context.Context) error {
	src, err := l.openBytes(ctx)
	if err != nil {
		return err
	}
	demux, err := detect.Open(src, src.size())
	if err != nil {
		src.done()
		return err
	}
	src.opened.Store(true)
	info := demux.Info()
	length := info.Trim.Length
	if d, ok := demux.(interface{ Duration() media.Frames }); ok && length <= 0 {
		length = d.Duration()
	}
	rate := info.Format.SampleRate
	whole := length.Duration(rate)
	l.progress.SetLength(whole)
	name := Rendition{Codecs: string(info.Format.Codec), Lossless: info.Format.Lossless()}
	if size := src.size(); whole > 0 && size < container.Unknown {
		name.Bitrate = media.Bitrate(float64(size*8) / whole.Seconds())
	}
	l.task.Note(Opened{[]Rendition{name}, whole})
	src.window(name.Bitrate)
	if l.pos > 0 {
		if err := demux.Seek(media.FramesIn(l.pos, rate) + info.Trim.Start); err != nil {
			src.done()
			return err
		}
	}
	reason := abr.ReasonOnly
	if l.location > 0 {
		reason = reasonFallback
	}
	l.readTags(ctx, src, demux)
	paced := &pacer{Demuxer: demux, rate: rate}
	l.runs.push(&Run{Open: func() (container.Demuxer, error) { return paced, nil }, Reason: reason, close: src.done})
	return src.watch(ctx, whole, paced)
}

// source is a file as a demuxer reads it: it outlasts a network that is away. ReadAt is called from the
// loader's goroutine first and from the decoder's later.
type source struct {
	l    *Loader
	ctx  context.Context
	file *fetch.File // nil for a local one
	at   io.ReaderAt
	long int64 // of a local one
	done func()

	ahead  int64        // bytes to fetch ahead; the loader's own
	read   atomic.Int64 // where the demuxer's last read ended
	opened atomic.Bool  // the demuxer has what it wants to know before the first packet
	waits  atomic.Bool  // that it waits for the end was told
}

// size is the file's length in bytes; container.Unknown where only its end will tell.
func (s *source) size() int64 {
	if s.file == nil {
		return s.long
	}
	if n := s.file.Size(); n >= 0 {
		return n
	}
	return container.Unknown
}

// Held implements container.Arriving.
func (s *source) Held(off int64) int64 {
	if s.file == nil {
		return max(0, s.long-off)
	}
	return s.file.Held(off)
}

// InOrder implements container.Arriving.
func (s *source) InOrder() bool { return s.file != nil && s.file.InOrder() }

// farAhead is how far behind what is here a file is read, for that to be worth telling: its moov stands
// behind the music (M4A), and the server has no byte ranges.
const farAhead = 256 << 10

// ReadAt implements io.ReaderAt.
func (s *source) ReadAt(p []byte, off int64) (int, error) {
	s.read.Store(min(s.size(), off+int64(len(p))))
	if s.file == nil {
		return s.at.ReadAt(p, off)
	}
	if !s.opened.Load() && s.file.InOrder() && off > s.file.Held(0)+farAhead && !s.waits.Swap(true) {
		s.l.env.Logger.Warn("the file's index stands behind its music and the server has no byte ranges: waiting for all of it",
			"at", off, "here", s.file.Held(0))
	}
	for {
		n, err := s.file.ReadAtContext(s.ctx, p, off)
		switch {
		case err == nil || errors.Is(err, io.EOF):
			if s.l.hold.waits() {
				s.l.recovered()
			}
			return n, err
		case s.ctx.Err() != nil:
			return n, context.Cause(s.ctx)
		}
		if werr := s.l.outwait(s.ctx, err); werr != nil {
			return n, Stage("read file", werr)
		}
	}
}

// window makes the file come in as far ahead of the reader as is to be held.
func (s *source) window(rate media.Bitrate) {
	if s.file == nil {
		return
	}
	s.ahead = fetch.DefaultReadAhead
	if rate > 0 {
		hold, _, _ := s.l.depth()
		s.ahead = min(int64(float64(rate)/8*hold.Seconds()), s.l.env.BufferBytes/2)
	}
	if !s.l.yields() {
		s.file.SetReadAhead(s.ahead)
	}
}

// modestAhead is how far a file comes in while the link belongs to another entry, in bytes.
const modestAhead = 192 << 10

// Bounds on how often a file that is coming in is looked at.
const (
	shortestLook = 20 * time.Millisecond
	longestLook  = 500 * time.Millisecond
)

// watch keeps account of how much of the music is here, until all is.
func (s *source) watch(ctx context.Context, whole time.Duration, p *pacer) error {
	for look := shortestLook; ; look = min(2*look, longestLook) {
		read, size := s.read.Load(), s.size()
		here := read + s.Held(read)
		switch {
		case here >= size && whole > 0:
			s.l.progress.SetLoaded(whole)
		case whole > 0 && size < container.Unknown:
			s.l.progress.SetLoaded(time.Duration(float64(whole) * float64(here) / float64(size)))
		default:
			s.l.progress.SetLoaded(max(s.l.task.At, p.reaches(here)))
		}
		if here >= size {
			return nil
		}
		if !s.l.yields() {
			if s.file.ReadAhead() != s.ahead {
				s.file.SetReadAhead(s.ahead)
			}
			if s.file.Held(read) >= s.ahead/2 {
				s.l.filled()
			}
		}
		if err := pause(ctx, look); err != nil {
			return err
		}
	}
}

// openBytes opens the location for reading at any offset: anew, or as a loader before this one did.
func (l *Loader) openBytes(ctx context.Context) (*source, error) {
	s := &source{l: l, ctx: ctx}
	if l.top.Scheme == "file" {
		f, size, err := openLocal(l.top.Path)
		if err != nil {
			return nil, err
		}
		s.at, s.long, s.done = f, size, func() { _ = f.Close() }
		return s, nil
	}
	f, err := l.remote(ctx)
	if err != nil {
		return nil, err
	}
	// The file stays open for the next loader; the content closes it. Until the decoder is done with
	// it, the content must not be forgotten.
	of := l.known.shelf.content(l.known.key, &l.task.Spec)
	s.file, s.done = f, func() { of.shelf.release(of) }
	return s, nil
}

// remote gives the location's file over HTTP.
func (l *Loader) remote(ctx context.Context) (*fetch.File, error) {
	p := l.presentation
	p.mu.Lock()
	f := p.file
	p.mu.Unlock()
	if f != nil {
		return f, nil
	}
	req := l.fileRequest()
	// The file outlives the entry, so that a seek finds it open, but not the player.
	life, cancel := context.WithCancelCause(l.life)
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	f, err := l.client(l.otherPlace()).Open(life, req)
	if !stop() && err == nil {
		_ = f.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		cancel(nil)
		return nil, err
	}
	context.AfterFunc(l.life, func() { _ = f.Close() })
	l.recovered()
	p.mu.Lock()
	p.file = f
	p.mu.Unlock()
	l.known.settle(l.location, p)
	return f, nil
}

// openLocal opens a local file for reading at any offset.
func openLocal(path string) (*os.File, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	if st.IsDir() {
		f.Close()
		return nil, 0, &os.PathError{Op: "open", Path: path, Err: errors.New("is a directory")}
	}
	return f, st.Size(), nil
}
