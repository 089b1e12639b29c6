package dash

import (
	"net/url"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/address"
)

// maxPeriods bounds the periods of an MPD.
const maxPeriods = 2000

// parser makes a Document of a tree.
type parser struct {
	mpd  *node
	base *url.URL
	top  *url.URL // what names are relative to
	now  time.Time

	dynamic   bool
	begun     time.Time // availabilityStartTime; then, when the timeline begins
	end       span      // mediaPresentationDuration
	update    span      // minimumUpdatePeriod
	depth     span      // timeShiftBufferDepth
	live      *manifest.Live
	periods   []*period
	addresses address.Maker
	budget    int // bytes that may be made
	listed    int // bytes of all that was made so far, about
	reps      int
	refs      map[string]*node
	entries   map[*node][]*node // of SegmentList and SegmentTimeline, which many representations may share
	rounded   time.Duration     // how far off the end of a static MPD may be
	why       error             // why the last thing that was left out was
}

// period is a Period (ISO 23009-1, 5.3.2).
type period struct {
	node  *node
	id    string
	start time.Duration // of the timeline
	slack time.Duration // of start
	until span          // where it ends; unknown: where its segments do
	bases []location
	sets  []*set

	protected []*node
	segments  segmentElements
}

// interpret makes a Document of a tree.
func interpret(tree *node, base *url.URL, now, zero time.Time) (*Document, error) {
	if base == nil {
		base = &url.URL{}
	}
	if n := len(base.String()); n > address.MaxBytes {
		return nil, overLimit("base URL of %d bytes", n)
	}
	p := &parser{mpd: tree, base: base, now: now, addresses: address.Maker{Scheme: base.Scheme, Limit: maxResolvedBytes}}
	elements := tree.size()
	p.budget, p.listed = maxListBytes+bytesPerElement*elements, nodeBytes*elements
	if err := p.readTimes(); err != nil {
		return nil, err
	}
	if what, ok := strange(tree); ok {
		return nil, unsupported("the MPD needs %.80q to be understood", what)
	}
	bases, err := p.bases(tree, []location{{url: base, priority: 1, weight: 1, first: true}})
	if err != nil {
		return nil, err
	}
	p.top = base
	for _, b := range bases {
		if b.first {
			p.top = b.url
		}
	}
	p.collectProtection()
	if err := p.readPeriods(bases); err != nil {
		return nil, err
	}
	if p.dynamic {
		p.begin(zero)
		if p.live, err = p.readLive(); err != nil {
			return nil, err
		}
	}
	doc := &Document{tree: tree, base: base, zero: p.begun, Title: p.title()}
	if doc.Published, err = tree.time("publishTime"); err != nil {
		return nil, err
	}
	if err := p.readLocations(doc); err != nil {
		return nil, err
	}
	return doc, p.present(doc)
}

// readTimes reads what the MPD element says of time.
func (p *parser) readTimes() (err error) {
	switch kind := p.mpd.value("type"); kind {
	case "", "static":
	case "dynamic":
		p.dynamic = true
	default:
		return in(p.mpd, "type", malformed("%.40q", kind))
	}
	for _, d := range []struct {
		name string
		to   *span
	}{
		{"mediaPresentationDuration", &p.end}, {"minimumUpdatePeriod", &p.update}, {"timeShiftBufferDepth", &p.depth},
	} {
		if *d.to, err = p.mpd.duration(d.name); err != nil {
			return err
		}
	}
	if p.begun, err = p.mpd.time("availabilityStartTime"); err != nil {
		return err
	}
	if p.dynamic && p.begun.IsZero() {
		return malformed("a dynamic MPD without availabilityStartTime")
	}
	return nil
}

func (p *parser) title() string {
	if t := p.mpd.child("ProgramInformation").child("Title"); t != nil {
		return strings.TrimSpace(t.text)
	}
	return ""
}

// readPeriods reads the periods and finds out where each begins and ends (ISO 23009-1, 5.3.2.1).
func (p *parser) readPeriods(bases []location) error {
	nodes := p.mpd.all("Period")
	if len(nodes) > maxPeriods {
		return overLimit("%d periods", len(nodes))
	}
	before := span{known: true} // where the one before ends
	for _, n := range nodes {
		start, err := n.duration("start")
		if err != nil {
			return err
		}
		length, err := n.duration("duration")
		if err != nil {
			return err
		}
		if keep, err := p.linked(n); err != nil {
			return err
		} else if !keep {
			continue
		}
		if !start.known {
			if start = before; len(p.periods) == 0 && p.dynamic || !start.known {
				before = span{}
				continue // announced early: it has no place on the timeline yet (5.3.2.1)
			}
		}
		if k := len(p.periods); k > 0 && start.Duration < p.periods[k-1].start {
			return malformed("a period at %v behind one at %v", start.Duration, p.periods[k-1].start)
		} else if k > 0 {
			p.periods[k-1].endBy(start)
		}
		at := &period{node: n, id: n.value("id"), start: start.Duration, slack: start.slack}
		if length.known {
			at.until = span{start.Duration + length.Duration, max(start.slack, length.slack), length.digits, true}
		}
		before = at.until
		if at.bases, err = p.bases(n, bases); err != nil {
			return err
		}
		p.periods = append(p.periods, at)
	}
	if len(p.periods) == 0 {
		return malformed("no period whose beginning is known")
	}
	p.settle()
	return nil
}

// endBy lets a period end where the next begins, if not before.
func (at *period) endBy(next span) {
	if !at.until.known || at.until.Duration > next.Duration {
		at.until = next
	}
}

// length is how long a period is.
func (at *period) length() time.Duration {
	if !at.until.known {
		return maxTime
	}
	return at.until.Duration - at.start
}

// settle ends the last period with the presentation, and begins a static timeline with the first.
func (p *parser) settle() {
	last := p.periods[len(p.periods)-1]
	if p.end.known {
		last.endBy(p.end)
	}
	if p.dynamic {
		return
	}
	// Nothing comes behind that would have to wait, so that what was rounded costs no music: ffmpeg writes
	// tenths of a second.
	if last.until.known && last.until.digits < 6 {
		p.rounded = time.Second
		for range last.until.digits {
			p.rounded /= 10
		}
	}
	p.shift(p.periods[0].start)
}

// shift lets the timeline begin at another moment of it.
func (p *parser) shift(by time.Duration) {
	for _, at := range p.periods {
		at.start -= by
		if at.until.known {
			at.until.Duration -= by
		}
	}
}

// begin lets a live timeline begin at a moment, or, where that isn't known, shortly before what can be played.
// MPDs like to count from 1970.
func (p *parser) begin(zero time.Time) {
	if zero.IsZero() {
		depth := behind
		if p.depth.known {
			depth = p.depth.Duration
		}
		zero = p.begun.Add(max(p.periods[0].start, p.elapsed()-depth-time.Minute))
	}
	p.shift(min(max(zero.Sub(p.begun), -maxTime), maxTime))
	p.begun = zero
}

// elapsed is how long after the timeline's beginning it is now.
func (p *parser) elapsed() time.Duration {
	return min(max(p.now.Sub(p.begun), -maxTime/2), maxTime/2)
}

// linked decides about an element that is to be had from elsewhere (XLink, ISO 23009-1, 5.5): it is
// left out where the link says that it stands for nothing, or may be resolved later and holds nothing;
// it is kept where what it holds itself will do.
func (p *parser) linked(n *node) (keep bool, err error) {
	href, ok := n.attr("xlink:href")
	switch {
	case !ok:
		return true, nil
	case href == "urn:mpeg:dash:resolve-to-zero:2013":
		return false, nil
	case n.value("xlink:actuate") == "onLoad":
		return false, unsupported("a %s that has to be fetched from elsewhere (XLink)", n.name)
	case len(n.children) > 0:
		return true, nil
	}
	length, err := n.duration("duration")
	if err == nil && n.name == "Period" && (length.Duration > 0 || !length.known && p.mpd.child("Period") == n) {
		err = unsupported("a period that has to be fetched from elsewhere (XLink)")
	}
	return false, err
}

// readLocations reads where to fetch the next from.
func (p *parser) readLocations(doc *Document) error {
	for _, l := range p.mpd.all("Location") {
		u, err := p.reference(l)
		if err != nil {
			return err
		}
		if len(doc.Locations) < maxLocations {
			doc.Locations = append(doc.Locations, u)
		}
	}
	for _, l := range p.mpd.all("PatchLocation") {
		u, err := p.reference(l)
		if err != nil {
			return err
		}
		ttl, err := l.seconds("ttl")
		if err != nil {
			return err
		}
		at := patchAt{url: u}
		if ttl.known && !doc.Published.IsZero() {
			at.until = doc.Published.Add(ttl.Duration)
		}
		if len(doc.patches) < maxLocations && doc.Published.After(time.Time{}) && p.mpd.value("id") != "" {
			doc.patches = append(doc.patches, at)
		}
	}
	return nil
}

// reference resolves an element's text against the MPD's own URL.
func (p *parser) reference(n *node) (*url.URL, error) {
	ref, err := url.Parse(strings.TrimSpace(n.text))
	if err != nil {
		return nil, malformed("%s %.80q", n.name, n.text)
	}
	return p.addresses.Resolve(p.base, ref)
}
