package loader

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/fetch"
)

// divert goes over to the entry's next location after err, if it has one that didn't fail a short while
// ago.
func (l *Loader) divert(err error) bool {
	now := time.Now()
	l.failedAt[l.location] = now
	for k := 1; k < len(l.failedAt); k++ {
		i := (l.location + k) % len(l.failedAt)
		if failed := l.failedAt[i]; failed.IsZero() || now.Sub(failed) >= restFor {
			l.env.Logger.Warn("location fails, trying another", "from", l.location, "to", i, "err", err)
			l.move(i)
			return true
		}
	}
	return false
}

// otherPlace reports whether another location is worth a try, so that this one needs but one.
func (l *Loader) otherPlace() bool {
	for i, failed := range l.failedAt {
		if i != l.location && (failed.IsZero() || time.Since(failed) >= restFor) {
			return true
		}
	}
	return false
}

// elsewhere reports whether rendition i, or other music in its place, can be had from another host.
func (l *Loader) elsewhere(i int) bool { return l.spare(i) || l.otherPlace() }

// move makes the loader go on at another of the entry's locations, or anew at its own.
func (l *Loader) move(i int) {
	l.location, l.before, l.presentation = i, l.presentation, nil
	clear(l.grows)
	l.place = place{current: -1, pos: l.pos, discontinuity: l.discontinuity}
	l.renewed, l.offline = false, false
}

// locate finds what to load. Where the URL can't be had and the cache knows the content, that of the
// last time serves to read the cache with.
func (l *Loader) locate(ctx context.Context) error {
	if l.presentation != nil {
		return nil
	}
	if p := l.known.place(l.location); p != nil && (l.location <= len(l.task.Spec.Alternatives) || p.url == l.locations[l.location].URL) {
		l.presentation = p
		return nil
	}
	if err := l.relocate(ctx); err != nil {
		return err
	}
	l.succeed(l.before)
	return nil
}

// relocate asks for the URL anew, and forgets what was known of the location.
func (l *Loader) relocate(ctx context.Context) error {
	p := newPresentation(l.known)
	p.url, p.header, p.content = l.task.Spec.URL, l.task.Spec.Header, l.task.Spec.ContentID
	if l.location > 0 {
		alt := l.locations[l.location]
		p.url, p.header = alt.URL, alt.Header
		if p.content != "" {
			p.content += "#" + strconv.Itoa(l.location)
		}
	}
	offline := false
	if l.task.Spec.Resolve != nil && l.location == 0 {
		u, h, err := l.task.Spec.Resolve(ctx)
		switch {
		case err == nil:
			p.url, p.header = u, h
		case ctx.Err() != nil:
			return context.Cause(ctx)
		default:
			doc, ok := l.document(ctx, p, topName)
			if !ok {
				return err
			}
			l.env.Logger.Info("can't resolve, playing from the cache", "content", p.content, "err", err)
			p.url, offline = doc.URL, true
		}
	}
	u, err := parseLocation(p.url)
	if err != nil {
		return fmt.Errorf("%w: %w", fetch.ErrRequest, err)
	}
	p.top = u
	p.isFile.Store(isFile(u))
	if p.content == "" {
		c := *u
		c.RawQuery, c.Fragment, c.User = "", "", nil
		p.content = c.String()
	}
	l.presentation, l.offline = p, offline
	return nil
}

// parseLocation reads a URL, or a path as a file URL.
func parseLocation(s string) (*url.URL, error) {
	if u, err := url.Parse(s); err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "file") {
		return u, nil
	} else if err == nil && len(u.Scheme) > 1 && strings.Contains(s, "://") {
		return nil, fmt.Errorf("scheme %q is not supported", u.Scheme)
	}
	if s == "" {
		return nil, errors.New("no URL")
	}
	abs, err := filepath.Abs(s)
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}, nil
}

// isFile tells whether the location is a single file by its name. Others are looked into first.
func isFile(u *url.URL) bool {
	switch strings.ToLower(filepath.Ext(u.Path)) {
	case ".mp3", ".flac", ".wav", ".wave", ".ogg", ".oga", ".opus", ".m4a", ".m4b", ".mp4", ".mov", ".aac", ".aif", ".aiff":
		return true
	case ".m3u8", ".m3u", ".mpd", ".pls", ".xspf", ".asx":
		return false
	}
	return u.Scheme == "file"
}
