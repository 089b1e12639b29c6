package hls

import (
	"net/url"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/address"
)

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
	if path, query, _ := strings.Cut(uri, "?"); p.dir != "" && address.Plain(path) && (len(path) == len(uri) || plainQuery(query)) {
		u := &url.URL{Scheme: p.base.Scheme, User: p.base.User, Host: p.base.Host, Path: p.dir + path, RawQuery: query}
		return u, p.addresses.Count(u)
	}
	ref, err := url.Parse(uri)
	if err != nil {
		return nil, malformed("bad URI %.80q", uri)
	}
	return p.addresses.Resolve(p.base, ref)
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

func (n *namer) name(u *url.URL) string { return address.Name(n.top, u, n.keepQuery) }

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
