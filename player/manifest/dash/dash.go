// Package dash reads the manifests of MPEG-DASH, MPDs (ISO 23009-1, fifth edition), into the model of package
// manifest: periods are joined into one timeline, segments that a template describes are listed, and what
// an MPD says on several levels is said once.
//
// It takes the audio and leaves the rest. Adaptation sets and representations that carry an EssentialProperty which
// isn't understood are left out, as the standard has it, and so are those that need others beside them. It
// refuses what it would play wrongly: elements that have to be fetched from elsewhere first (XLink), and MPDs
// none of whose audio can be used, give manifest.ErrUnsupported.
package dash

import (
	"fmt"
	"net/url"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

// Document is a parsed MPD. It never changes.
type Document struct {
	Presentation *manifest.Presentation

	// Title is that of the ProgramInformation; "" where there is none.
	Title string
	// Published is publishTime; zero where the MPD doesn't say.
	Published time.Time
	// Locations are where to fetch the MPD from the next time, the first choice first; none: from where it
	// came from (ISO 23009-1, 5.4).
	Locations []*url.URL

	patches []patchAt
	tree    *node
	base    *url.URL
	zero    time.Time // the moment that a dynamic MPD's timeline begins at
}

// patchAt is where a patch of the MPD can be had, and until when.
type patchAt struct {
	url   *url.URL
	until time.Time // zero for ever
}

// Parse reads an MPD. base is the URL that it came from, after redirects; now is the time by the server's clock,
// as well as that is known, and counts for dynamic MPDs alone: it decides which of their segments are listed.
// Errors wrap manifest.ErrFormat, ErrUnsupported or ErrLimit.
//
// Renditions is the first choice of manifest.Presentation.Select, and Others the rest. In a static MPD the timeline
// begins with the first period; in a dynamic one a minute before what can be played at now, and stays as it is over
// updates. A segment's Sequence is its $Number$, counted on over later periods.
//
// A Resource's Name is its path relative to the MPD's directory, or to that which the MPD's first own BaseURL leads to,
// less the query; of several alternatives the first as written counts. On another host it is the whole URL, less
// the query. A byte range adds "#offset+length", and where a template puts its identifiers into the query,
// that stays.
func Parse(data []byte, base *url.URL, now time.Time) (*Document, error) {
	tree, err := read(data)
	if err == nil && tree.name != "MPD" {
		err = malformed("the topmost element is %.40q", tree.name)
	}
	if err != nil {
		return nil, fmt.Errorf("dash: %w", err)
	}
	doc, err := interpret(tree, base, now, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("dash: %w", err)
	}
	return doc, nil
}

// Update reads what came from where Next said, and gives the document that follows d: an MPD, or a patch of d's own
// (ISO 23009-1, 5.15), whose error wraps manifest.ErrUpdate where it belongs to another. Segments that both
// documents have keep their Sequence; renditions that both have keep their order.
func (d *Document) Update(data []byte, base *url.URL, now time.Time) (*Document, error) {
	tree, err := read(data)
	if err != nil {
		return nil, fmt.Errorf("dash: %w", err)
	}
	switch tree.name {
	case "MPD":
	case "Patch":
		if tree, err = patched(d.tree, tree); err != nil {
			return nil, fmt.Errorf("dash: patch: %w", err)
		}
		base = d.base
	default:
		return nil, fmt.Errorf("dash: %w", malformed("the topmost element is %.40q", tree.name))
	}
	next, err := interpret(tree, base, now, d.zero)
	if err != nil {
		return nil, fmt.Errorf("dash: %w", err)
	}
	next.follow(d)
	return next, nil
}

// Again gives the document as it is at another moment: a dynamic MPD that needn't be fetched again has more
// segments as time goes by.
func (d *Document) Again(now time.Time) (*Document, error) {
	next, err := interpret(d.tree, d.base, now, d.zero)
	if err != nil {
		return nil, fmt.Errorf("dash: %w", err)
	}
	next.follow(d)
	return next, nil
}

// Next gives where to fetch from what Update takes, at a moment: a patch where one is offered, else the whole MPD;
// nil: from where the MPD came from.
func (d *Document) Next(now time.Time) (from *url.URL, patch bool) {
	for _, p := range d.patches {
		if p.until.IsZero() || now.Before(p.until) {
			return p.url, true
		}
	}
	if len(d.Locations) > 0 {
		return d.Locations[0], false
	}
	return nil, false
}

// read reads a document's text.
func read(data []byte) (*node, error) {
	if len(data) > manifest.MaxBytes {
		return nil, overLimit("MPD of %d bytes", len(data))
	}
	return readTree(data)
}

// in adds an element's attribute to an error.
func in(n *node, name string, err error) error { return fmt.Errorf("%s@%s: %w", n.name, name, err) }

func malformed(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, manifest.ErrFormat)...)
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, manifest.ErrUnsupported)...)
}

func overLimit(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, manifest.ErrLimit)...)
}
