package loader

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
)

// steering is what a presentation's steering server has said (RFC 8216bis, 7; ETSI TS 103 998). The
// presentation's mu guards it.
type steering struct {
	server *manifest.Steering // nil where nobody steers
	at     *url.URL           // where to ask next; nil for where the manifest says
	due    time.Time          // when to ask next
	asking bool
	gone   bool     // the server wants to be asked no more
	order  []string // of pathways, the best first
}

// extra are the URLs that a steering server added to those of the manifest, by rendition.
type extra struct {
	urls     [][]*url.URL
	pathways [][]string
}

// steerBy lets a presentation be steered; before any other loader sees it.
func (l *Loader) steerBy(s *manifest.Steering) {
	if s == nil {
		return
	}
	l.steering.server = s
	if s.Pathway != "" {
		l.steering.order = []string{s.Pathway}
	}
	if s.Data != nil {
		l.steering.gone = true
		d, err := manifest.ParseDirections(s.Data, l.top)
		if err != nil {
			l.env.Logger.Warn("steering", "err", err)
			return
		}
		l.follow(d)
		return
	}
	l.steering.due = time.Now()
	l.prefer()
}

// askDirections asks the steering server, when it is time, beside all else. The loader's goroutine only.
func (l *Loader) askDirections(ctx context.Context) {
	l.mu.Lock()
	s := &l.steering
	wait := s.server == nil || s.gone || s.asking || time.Now().Before(s.due)
	if wait {
		l.mu.Unlock()
		return
	}
	s.asking = true
	throughput, _ := l.env.Link.Estimate()
	at := s.server.Ask(s.at, l.pathwayLocked(max(0, l.current)), throughput)
	l.mu.Unlock()
	req := l.request(ObjectManifest, manifest.Resource{URL: at})
	req.Limit = manifest.MaxSteeringBytes
	p := l.presentation
	l.tasks.Go(func() {
		d, err := l.directions(ctx, req)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.steering.asking = false
		if err != nil {
			p.steering.failed(err)
			return
		}
		p.steering.due = time.Now().Add(d.TTL)
		if d.Reload != nil {
			p.steering.at = d.Reload
		}
		p.followLocked(d)
	})
}

// directions fetches a steering server's answer.
func (l *Loader) directions(ctx context.Context, req fetch.Request) (*manifest.Directions, error) {
	resp, err := l.env.Probe.Get(ctx, req)
	if err != nil {
		if ctx.Err() == nil {
			l.env.Logger.Info("steering server", "err", err)
		}
		return nil, err
	}
	d, err := manifest.ParseDirections(resp.Body, resp.URL)
	if err != nil {
		l.env.Logger.Warn("steering", "err", err)
	}
	return d, err
}

// steeringRest is how long after a failure a steering server is left alone.
const steeringRest = 5 * time.Minute

// failed takes note that the server couldn't be asked: what it said before holds.
func (s *steering) failed(err error) {
	s.due = time.Now().Add(steeringRest)
	var status *fetch.StatusError
	if !errors.As(err, &status) {
		return
	}
	s.gone = status.Code == http.StatusGone
	if status.Code == http.StatusTooManyRequests && status.RetryAfter > 0 {
		s.due = time.Now().Add(status.RetryAfter)
	}
}

// follow goes over to the pathways that a steering server prefers.
func (p *presentation) follow(d *manifest.Directions) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.followLocked(d)
}

// followLocked is follow where p.mu is held.
func (p *presentation) followLocked(d *manifest.Directions) {
	p.steering.order = d.Order
	if len(d.Clones) > 0 {
		whole := &manifest.Presentation{Renditions: p.sources}
		if p.extras.Load() != nil {
			whole.Renditions = slices.Clone(p.sources)
			for i := range whole.Renditions {
				r := &whole.Renditions[i]
				urls, names := p.extra(i)
				r.Mirrors, r.Pathways = slices.Concat(r.Mirrors, urls), slices.Concat(r.Pathways, names)
			}
		}
		whole = whole.WithClones(d.Clones)
		more := &extra{make([][]*url.URL, len(p.sources)), make([][]string, len(p.sources))}
		for i := range p.sources {
			r := &whole.Renditions[i]
			more.urls[i] = r.Mirrors[len(p.sources[i].Mirrors):]
			more.pathways[i] = r.Pathways[len(p.sources[i].Pathways):]
		}
		p.extras.Store(more)
	}
	p.preferLocked()
}

// prefer takes each rendition from its best pathway.
func (p *presentation) prefer() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.preferLocked()
}

func (p *presentation) preferLocked() {
	for i := range p.sources {
		if m := p.best(i); m >= 0 {
			p.using[i] = m
		}
	}
}

// best is the URL of a rendition that is the first in the server's order and doesn't rest; −1 where the order
// names none. p.mu is held.
func (p *presentation) best(i int) int {
	_, more := p.extra(i)
	names := slices.Concat(p.sources[i].Pathways, more)
	now := time.Now()
	for _, name := range p.steering.order {
		if m := slices.Index(names, name); m >= 0 && m < p.urls(i) && !p.rests[target{i, m}].After(now) {
			return m
		}
	}
	return -1
}

// pathwayLocked is the name of the pathway that rendition i is taken from. p.mu is held.
func (p *presentation) pathwayLocked(i int) string {
	_, more := p.extra(i)
	names := slices.Concat(p.sources[i].Pathways, more)
	if m := p.using[i]; m < len(names) {
		return names[m]
	}
	return ""
}

// extra are the URLs of rendition i that were added to the manifest's, and their pathways.
func (p *presentation) extra(i int) ([]*url.URL, []string) {
	if x := p.extras.Load(); x != nil && i < len(x.urls) {
		return x.urls[i], x.pathways[i]
	}
	return nil, nil
}
