package hls

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
)

// plainDirectory gives the path of base up to its last slash where a plain name can be appended to it
// instead of being resolved: most lines are such names, and resolving takes ten times the memory. "" where
// it can't.
func plainDirectory(base *url.URL) string {
	i := strings.LastIndexByte(base.Path, '/')
	if i < 0 || base.Opaque != "" || base.RawPath != "" || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return ""
	}
	dir := base.Path[:i+1]
	if strings.Contains(dir, "//") || strings.Contains(dir, "/.") {
		return "" // resolving would clean it
	}
	return dir
}

// plainName tells whether s is a path below the directory with nothing in it to be cleaned, escaped or taken
// for a scheme, a query or a fragment.
func plainName(s string) bool {
	before := byte('/')
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '_', c == '=', c == ',', c == ';', c == '+', c == '@', c == '$', c == '&', c == '~':
		case (c == '.' || c == '/') && before != '/':
		default:
			return false
		}
		before = c
	}
	return s != ""
}

// plainQuery tells whether s is a query that isn't empty, and nothing else.
func plainQuery(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	return s != ""
}

// resolve makes an absolute URL of a URI line.
func (p *parser) resolve(line string) (*url.URL, error) {
	uri, err := p.vars.expand(line)
	if err != nil {
		return nil, err
	}
	return p.resolveExpanded(uri)
}

// resolveExpanded is resolve for an attribute's value, in which variables have been put in place: they
// must not be twice.
func (p *parser) resolveExpanded(uri string) (*url.URL, error) {
	if path, query, _ := strings.Cut(uri, "?"); p.dir != "" && plainName(path) && (len(path) == len(uri) || plainQuery(query)) {
		u := &url.URL{Scheme: p.base.Scheme, User: p.base.User, Host: p.base.Host, Path: p.dir + path, RawQuery: query}
		return u, p.countURL(u)
	}
	u, err := url.Parse(uri)
	if err != nil {
		return nil, malformed("bad URI %.80q", uri)
	}
	if *p.base != (url.URL{}) { // resolving against nothing would make the path absolute
		u = p.base.ResolveReference(u)
	}
	u.Fragment, u.RawFragment, u.ForceQuery = "", "", false
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return nil, malformed("no host in URI %.80q", uri)
		}
	case p.base.Scheme:
		// A playlist from a file may lead to files, and one from nowhere to anywhere; one from the
		// network must not have the player open local files.
	default:
		return nil, unsupported("URI scheme %.20q", u.Scheme)
	}
	return u, p.countURL(u)
}

// countURL holds the limits on URLs.
func (p *parser) countURL(u *url.URL) error {
	n := len(u.Scheme) + len(u.Host) + len(u.Path) + len(u.RawPath) + len(u.RawQuery)
	if n > maxURLBytes {
		return overLimit("URL of %d bytes", n)
	}
	if p.resolved += n; p.resolved > maxResolvedBytes {
		return overLimit("more than %d bytes of URLs", maxResolvedBytes)
	}
	return nil
}

// sameURL compares what tells resources apart.
func sameURL(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.Host == b.Host && a.Path == b.Path && a.RawPath == b.RawPath &&
		a.RawQuery == b.RawQuery && a.Opaque == b.Opaque
}

// namer makes names: see Parse.
type namer struct {
	top       *url.URL
	keepQuery bool
}

func (n *namer) name(u *url.URL) string {
	s := n.path(u)
	if n.keepQuery && u.RawQuery != "" {
		s += "?" + u.RawQuery
	}
	return s
}

func (n *namer) path(u *url.URL) string {
	if u.Opaque != "" || n.top == nil || u.Scheme != n.top.Scheme || u.Host != n.top.Host {
		return (&url.URL{Scheme: u.Scheme, Opaque: u.Opaque, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
	}
	return relative(n.top.EscapedPath(), u.EscapedPath())
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

// part adds to a name which bytes of the resource are meant.
func part(name string, offset, length int64) string {
	return name + "#" + strconv.FormatInt(offset, 10) + "+" + strconv.FormatInt(length, 10)
}

// queryTellsApart tells whether two renditions have the same URL but for the query.
func queryTellsApart(p *manifest.Presentation) bool {
	if p == nil {
		return false
	}
	seen := make(map[string]string, len(p.Renditions))
	for _, r := range p.Renditions {
		u := *r.URL
		u.RawQuery = ""
		key := u.String()
		if q, ok := seen[key]; ok && q != r.URL.RawQuery {
			return true
		}
		seen[key] = r.URL.RawQuery
	}
	return false
}
