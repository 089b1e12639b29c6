package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Limits on what a steering server may answer.
const (
	MaxSteeringBytes = 256 << 10
	MaxPathways      = 16 // in an answer, and of a rendition
	maxSteeringURL   = 8 << 10
	maxSteeringQuery = 1 << 10 // the parameters of a clone, which every rendition gets
)

// How long an answer holds.
const (
	usualTTL   = 5 * time.Minute
	leastTTL   = 5 * time.Second // a server that says less is asked no more often
	longestTTL = 24 * time.Hour
)

// Directions are a steering server's answer: which pathways to take, the best first, and until when to keep to
// that (RFC 8216bis, 7.2; ETSI TS 103 998, 7).
type Directions struct {
	Order  []string // pathways; those that the presentation doesn't have are to be passed over
	TTL    time.Duration
	Reload *url.URL // where to ask next; nil: where this came from
	Clones []PathwayClone
}

// PathwayClone makes a pathway of another one: the same paths on another host, or with other parameters.
type PathwayClone struct {
	Base, ID string
	Host     string            // instead of the base's; "" keeps that
	Params   map[string]string // of the query, added or put in place

	// Variants and Renditions give whole URLs by Rendition.VariantID and RenditionID, where Host wouldn't do.
	Variants, Renditions map[string]*url.URL
}

// Ask is the URL to ask for directions: at is Directions.Reload, or nil to begin with. pathway is the one in
// use, and throughput what the network gives, zero for unknown. nil where Data is the answer.
func (s *Steering) Ask(at *url.URL, pathway string, throughput media.Bitrate) *url.URL {
	if at == nil {
		at = s.URL
	}
	if at == nil {
		return nil
	}
	u := *at
	q := u.Query()
	if s.Prefix == "_DASH" {
		pathway = strconv.Quote(pathway) // a list there, and quoted
	}
	q.Set(s.Prefix+"_pathway", pathway)
	if throughput > 0 {
		q.Set(s.Prefix+"_throughput", strconv.FormatInt(int64(throughput), 10))
	}
	u.RawQuery = q.Encode()
	return &u
}

// ParseDirections reads a steering server's answer that came from base. Errors wrap ErrFormat, ErrUnsupported
// (another version of the format) or ErrLimit; the player then goes on as before.
func ParseDirections(data []byte, base *url.URL) (*Directions, error) {
	if len(data) > MaxSteeringBytes {
		return nil, fmt.Errorf("steering of %d bytes: %w", len(data), ErrLimit)
	}
	var in struct {
		Version int      `json:"VERSION"`
		TTL     *float64 `json:"TTL"`
		Reload  string   `json:"RELOAD-URI"`
		Order   []string `json:"PATHWAY-PRIORITY"`
		DASH    []string `json:"SERVICE-LOCATION-PRIORITY"` // what DASH called it first
		Clones  []clone  `json:"PATHWAY-CLONES"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("steering: %w: %w", ErrFormat, err)
	}
	if in.Order == nil {
		in.Order = in.DASH
	}
	switch {
	case in.Version != 1:
		return nil, fmt.Errorf("steering: version %d: %w", in.Version, ErrUnsupported)
	case len(in.Order) == 0:
		return nil, fmt.Errorf("steering: no PATHWAY-PRIORITY: %w", ErrFormat)
	case len(in.Order) > MaxPathways || len(in.Clones) > MaxPathways:
		return nil, fmt.Errorf("steering: more than %d pathways: %w", MaxPathways, ErrLimit)
	}
	d := &Directions{Order: in.Order, TTL: usualTTL}
	if in.TTL != nil {
		seconds := min(max(*in.TTL, 0), longestTTL.Seconds())
		d.TTL = max(time.Duration(seconds*float64(time.Second)), leastTTL)
	}
	var err error
	if in.Reload != "" {
		if d.Reload, err = steeringURL(in.Reload, base); err != nil {
			return nil, err
		}
	}
	for _, c := range in.Clones {
		made, err := c.make(base)
		if err != nil {
			return nil, err
		}
		d.Clones = append(d.Clones, made)
	}
	return d, nil
}

// clone is an element of PATHWAY-CLONES.
type clone struct {
	Base    string `json:"BASE-ID"`
	ID      string `json:"ID"`
	Replace struct {
		Host       string            `json:"HOST"`
		Params     map[string]string `json:"PARAMS"`
		Variants   map[string]string `json:"PER-VARIANT-URIS"`
		Renditions map[string]string `json:"PER-RENDITION-URIS"`
	} `json:"URI-REPLACEMENT"`
}

func (c *clone) make(base *url.URL) (PathwayClone, error) {
	out := PathwayClone{Base: c.Base, ID: c.ID, Host: c.Replace.Host, Params: c.Replace.Params}
	if c.ID == "" || c.Base == "" {
		return out, fmt.Errorf("steering: a clone without ID or BASE-ID: %w", ErrFormat)
	}
	if u, err := url.Parse("https://" + out.Host + "/"); out.Host != "" && (err != nil || u.Host != out.Host) {
		return out, fmt.Errorf("steering: HOST %.80q: %w", out.Host, ErrFormat)
	}
	params := 0
	for k, v := range out.Params {
		params += len(k) + len(v)
	}
	if params > maxSteeringQuery {
		return out, fmt.Errorf("steering: PARAMS of %d bytes: %w", params, ErrLimit)
	}
	var err error
	if out.Variants, err = steeringURLs(c.Replace.Variants, base); err != nil {
		return out, err
	}
	out.Renditions, err = steeringURLs(c.Replace.Renditions, base)
	return out, err
}

func steeringURLs(in map[string]string, base *url.URL) (map[string]*url.URL, error) {
	var out map[string]*url.URL
	for id, uri := range in {
		u, err := steeringURL(uri, base)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = make(map[string]*url.URL, len(in))
		}
		out[id] = u
	}
	return out, nil
}

func steeringURL(uri string, base *url.URL) (*url.URL, error) {
	if len(uri) > maxSteeringURL {
		return nil, fmt.Errorf("steering: URI of %d bytes: %w", len(uri), ErrLimit)
	}
	u, err := url.Parse(uri)
	if err != nil {
		return nil, fmt.Errorf("steering: URI %.80q: %w", uri, ErrFormat)
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("steering: URI %.80q is not of HTTP: %w", uri, ErrFormat)
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// WithClones gives the presentation with further pathways. What there was keeps its place in Mirrors, and
// clones are added behind. A clone whose base is unknown is passed over, and so is one whose ID there is
// already; a clone may be the base of one after it. p is not changed.
func (p *Presentation) WithClones(clones []PathwayClone) *Presentation {
	q := *p
	for _, list := range []*[]Rendition{&q.Renditions, &q.Others} {
		*list = slices.Clone(*list)
		for i := range *list {
			(*list)[i].clone(clones)
		}
	}
	return &q
}

func (r *Rendition) clone(clones []PathwayClone) {
	if r.URL == nil {
		return
	}
	// Appending must not write into what p shares.
	r.Mirrors, r.Pathways = slices.Clip(r.Mirrors), slices.Clip(r.Pathways)
	for _, c := range clones {
		i := slices.Index(r.Pathways, c.Base)
		if i < 0 || slices.Contains(r.Pathways, c.ID) || len(r.Pathways) >= MaxPathways {
			continue
		}
		u := r.URL
		if i > 0 {
			u = r.Mirrors[i-1]
		}
		r.Mirrors = append(r.Mirrors, c.replace(u, r))
		r.Pathways = append(r.Pathways, c.ID)
	}
}

// replace makes the clone's URL of the base's.
func (c *PathwayClone) replace(base *url.URL, r *Rendition) *url.URL {
	u := *base
	switch {
	case r.VariantID != "" && c.Variants[r.VariantID] != nil:
		u = *c.Variants[r.VariantID]
	case r.RenditionID != "" && c.Renditions[r.RenditionID] != nil:
		u = *c.Renditions[r.RenditionID]
	case c.Host != "":
		u.Host = c.Host
	}
	if len(c.Params) > 0 {
		q := u.Query()
		for _, k := range slices.Sorted(maps.Keys(c.Params)) {
			q.Set(k, c.Params[k])
		}
		u.RawQuery = q.Encode()
	}
	return &u
}
