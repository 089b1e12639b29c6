package dash

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/address"
)

// Limits on addresses.
const (
	maxResolvedBytes = 16 << 20 // all the paths of an MPD's URLs
	maxLocations     = 8        // alternatives of one address
)

// location is one of the alternatives that BaseURL elements give (ISO 23009-1, 5.6).
type location struct {
	url      *url.URL
	service  string // serviceLocation, for steering
	priority int64  // of DVB-DASH (ETSI TS 103 285, 10.8.2.1): the lowest comes first
	weight   int64
	offset   span // availabilityTimeOffset
	first    bool // the document's own first choice, by which things are named
}

// bases resolves the BaseURL elements of n against the alternatives above it.
func (p *parser) bases(n *node, above []location) ([]location, error) {
	elements := n.all("BaseURL")
	if len(elements) == 0 {
		return above, nil
	}
	var all []location
	for i, e := range elements {
		uri := strings.TrimSpace(e.text)
		ref, err := url.Parse(uri)
		if err != nil {
			return nil, malformed("BaseURL %.80q", uri)
		}
		for _, a := range above {
			l, err := p.baseOf(e, a, ref)
			if err != nil {
				return nil, err
			}
			l.first = i == 0 && a.first
			if !slices.ContainsFunc(all, func(o location) bool { return *o.url == *l.url }) {
				all = append(all, l)
			}
			if len(all) > 64 {
				return nil, overLimit("more than 64 base URLs in one place")
			}
		}
	}
	return all, nil
}

// baseOf resolves one BaseURL against one of the alternatives above.
func (p *parser) baseOf(e *node, above location, ref *url.URL) (location, error) {
	l := above
	u, err := p.addresses.Resolve(above.url, ref)
	if err != nil {
		return l, err
	}
	l.url = u
	if ref.Host != "" {
		l.service, l.priority, l.weight, l.offset = "", 1, 1, span{}
	}
	if s, ok := e.attr("serviceLocation"); ok {
		l.service = s
	}
	if l.priority, err = e.uint("dvb:priority", l.priority); err != nil {
		return l, err
	}
	if l.weight, err = e.uint("dvb:weight", l.weight); err != nil {
		return l, err
	}
	if o, err := e.seconds("availabilityTimeOffset"); err != nil {
		return l, err
	} else if o.known {
		l.offset.Duration += o.Duration
		l.offset.known = true
	}
	return l, nil
}

// ordered puts alternatives into the order to try them in: by priority, then the weightier first, so that
// reading the same text twice gives the same, then as written.
func ordered(all []location) []location {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b location) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(b.weight, a.weight))
	})
	return all[:min(len(all), maxLocations)]
}

// places makes the URLs of what stands at a URI, in all alternatives, and its name.
type places struct {
	p     *parser
	bases []location // ordered
	dirs  []string   // of each base, the directory; "" where it has to be resolved at length
	first int        // which of bases names things
	dir   string     // the name of the directory of bases[first]
	query bool       // names keep the query: nothing else tells them apart
	slab  []url.URL  // to take URLs from
}

func (p *parser) places(bases []location) *places {
	pl := &places{p: p, bases: ordered(bases)}
	pl.first = max(0, slices.IndexFunc(pl.bases, func(l location) bool { return l.first }))
	for _, b := range pl.bases {
		pl.dirs = append(pl.dirs, address.Directory(b.url))
	}
	if dir := pl.dirs[pl.first]; dir != "" {
		u := *pl.bases[pl.first].url
		u.Path, u.RawQuery = dir+"x", ""
		pl.dir = strings.TrimSuffix(p.name(&u, false), "x")
	}
	return pl
}

// at gives the URL of a URI in the first of the alternatives, its mirrors in the others, and its name. "" is
// the base itself.
func (pl *places) at(uri string) (u *url.URL, mirrors []*url.URL, name string, err error) {
	easy := address.Plain(uri)
	var ref *url.URL
	if !easy {
		if ref, err = url.Parse(uri); err != nil {
			return nil, nil, "", malformed("URL %.80q", uri)
		}
	}
	for i := range pl.bases {
		at, err := pl.one(i, uri, ref)
		if err != nil {
			return nil, nil, "", err
		}
		if i == pl.first {
			if easy && pl.dirs[i] != "" {
				name = pl.dir + uri
			} else {
				name = pl.p.name(at, pl.query)
			}
		}
		if i == 0 {
			u = at
		} else {
			mirrors = append(mirrors, at)
		}
	}
	return u, mirrors, name, nil
}

// one gives the URL of a URI in alternative i.
func (pl *places) one(i int, uri string, ref *url.URL) (*url.URL, error) {
	base := pl.bases[i].url
	if uri == "" {
		return base, nil
	}
	if ref != nil || pl.dirs[i] == "" {
		if ref == nil {
			var err error
			if ref, err = url.Parse(uri); err != nil {
				return nil, malformed("URL %.80q", uri)
			}
		}
		return pl.p.addresses.Resolve(base, ref)
	}
	if len(pl.slab) == 0 {
		pl.slab = make([]url.URL, 256)
	}
	u := &pl.slab[0]
	pl.slab = pl.slab[1:]
	*u = url.URL{Scheme: base.Scheme, User: base.User, Host: base.Host, Path: pl.dirs[i] + uri}
	return u, pl.p.addresses.Count(u)
}

// name names what stands at a URL, as seen from where the MPD's first BaseURL leads.
func (p *parser) name(u *url.URL, keepQuery bool) string { return address.Name(p.top, u, keepQuery) }

// resource makes one of a URI and a byte range as MPDs write it ("" for all).
func (pl *places) resource(uri, byteRangeText string) (res manifest.Resource, mirrors []*url.URL, err error) {
	res.URL, mirrors, res.Name, err = pl.at(uri)
	if err != nil || byteRangeText == "" {
		return res, mirrors, err
	}
	if res.Offset, res.Length, err = byteRange(byteRangeText); err != nil {
		return res, nil, err
	}
	res.Name = address.Part(res.Name, res.Offset, res.Length)
	return res, mirrors, nil
}
