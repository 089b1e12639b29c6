// Package address makes the URLs and the names of what a manifest leads to, whichever protocol it is of.
package address

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
)

// MaxBytes bounds one resolved URL.
const MaxBytes = 8 << 10

// Maker resolves addresses and counts what they take in memory. Its errors wrap manifest.ErrFormat,
// ErrUnsupported or ErrLimit. It is used by one goroutine at a time.
type Maker struct {
	// Scheme is the manifest's. Beside http and https an address may have this one: what comes from a file may
	// lead to files, and what comes from nowhere to anywhere; what comes from the network must not have the
	// player open local files.
	Scheme string
	Limit  int // bytes of all the URLs that may be made
	Made   int // bytes of those that were
}

// Resolve makes an absolute URL without a fragment (RFC 3986, 5.2). An empty base leaves ref as it is.
func (m *Maker) Resolve(base, ref *url.URL) (*url.URL, error) {
	var u *url.URL
	if *base != (url.URL{}) {
		u = base.ResolveReference(ref)
	} else { // resolving against nothing would make the path absolute
		alone := *ref
		u = &alone
	}
	u.Fragment, u.RawFragment, u.ForceQuery = "", "", false
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return nil, fmt.Errorf("no host in URL %.80q: %w", ref, manifest.ErrFormat)
		}
	case m.Scheme:
	default:
		return nil, fmt.Errorf("URL scheme %.20q: %w", u.Scheme, manifest.ErrUnsupported)
	}
	return u, m.Count(u)
}

// Count holds the limits on a URL that was made otherwise.
func (m *Maker) Count(u *url.URL) error {
	n := len(u.Scheme) + len(u.Host) + len(u.Path) + len(u.RawPath) + len(u.RawQuery)
	if n > MaxBytes {
		return fmt.Errorf("URL of %d bytes: %w", n, manifest.ErrLimit)
	}
	if m.Made += n; m.Made > m.Limit {
		return fmt.Errorf("more than %d bytes of URLs: %w", m.Limit, manifest.ErrLimit)
	}
	return nil
}

// Directory gives the path of base up to its last slash where a Plain address can be appended to it instead
// of being resolved: most are such, and resolving takes ten times the memory. It is "" where it can't.
func Directory(base *url.URL) string {
	i := strings.LastIndexByte(base.Path, '/')
	if i < 0 || base.Path[0] != '/' || base.Opaque != "" || base.RawPath != "" || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return ""
	}
	dir := base.Path[:i+1]
	if strings.Contains(dir, "//") || strings.Contains(dir, "/.") {
		return "" // resolving would clean it
	}
	return dir
}

// Plain tells whether uri is a path below the directory with nothing in it to be cleaned, escaped or taken
// for a scheme, a query or a fragment.
func Plain(uri string) bool {
	before := byte('/')
	for i := range len(uri) {
		c := uri[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '_', c == '=', c == ',', c == ';', c == '+', c == '@', c == '$', c == '&', c == '~':
		case (c == '.' || c == '/') && before != '/':
		default:
			return false
		}
		before = c
	}
	return uri != ""
}

// Name names what stands at u whatever the host and the token: its path as seen from the directory of top,
// the topmost manifest. On another host, or where top is nil, it is the whole URL. The query stays only if
// asked for.
func Name(top, u *url.URL, query bool) string {
	var s string
	if u.Opaque != "" || top == nil || u.Scheme != top.Scheme || u.Host != top.Host {
		s = (&url.URL{Scheme: u.Scheme, Opaque: u.Opaque, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
	} else {
		s = relative(top.EscapedPath(), u.EscapedPath())
	}
	if query && u.RawQuery != "" {
		s += "?" + u.RawQuery
	}
	return s
}

// relative gives path as seen from the directory that from lies in.
func relative(from, path string) string {
	if from == "" && strings.HasPrefix(path, "/") {
		from = "/" // "https://host" is its own top directory
	}
	same := 0 // bytes up to and with the last slash that both share
	for i := 0; i < len(from) && i < len(path) && from[i] == path[i]; i++ {
		if from[i] == '/' {
			same = i + 1
		}
	}
	up := strings.Count(from[same:], "/")
	rest := path[same:]
	if first, _, _ := strings.Cut(rest, "/"); up == 0 && (first == "" || strings.Contains(first, ":")) {
		return "./" + rest // neither empty nor like another host's
	}
	return strings.Repeat("../", up) + rest
}

// Part adds to a name which bytes of the resource are meant.
func Part(name string, offset, length int64) string {
	return name + "#" + strconv.FormatInt(offset, 10) + "+" + strconv.FormatInt(length, 10)
}
