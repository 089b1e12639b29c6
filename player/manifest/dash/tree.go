package dash

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/segue-audio/segue/player/manifest/internal/charset"
)

// Limits on the text of an MPD, beside those of package manifest.
const (
	maxNodes = 150_000 // elements: a day of uneven segments in three timelines
	maxDepth = 32
	// What an element of another kind than a list's may hold. Each representation looks through its own and its set's.
	maxChildren   = 5000
	maxAttributes = 200
)

// node is an element of an MPD. An MPD patch is applied to the tree, which is then read as any other MPD.
type node struct {
	name     string // local; of a namespace that isn't DASH's own with our prefix for it
	attrs    []attribute
	children []*node
	text     string
}

type attribute struct{ name, value string }

// prefixes are our names of the namespaces that are of use here. What is in any other begins with "?:".
var prefixes = map[string]string{
	"":                                       "",
	"urn:mpeg:dash:schema:mpd:2011":          "",
	"urn:mpeg:dash:schema:mpd-patch:2020":    "",
	"urn:mpeg:cenc:2013":                     "cenc:",
	"http://www.w3.org/1999/xlink":           "xlink:",
	"https://dashif.org/cps":                 "dashif:",
	"https://dashif.org/":                    "dashif:",
	"http://dashif.org/guidelines/clearkey":  "dashif:",
	"https://dashif.org/guidelines/clearkey": "dashif:",
	"urn:microsoft:playready":                "mspr:",
	"urn:dvb:dash:dash-extensions:2014-1":    "dvb:",
}

func nameOf(n xml.Name) string {
	p, ok := prefixes[strings.ToLower(n.Space)]
	if !ok {
		return "?:" + n.Local
	}
	return p + n.Local
}

// readTree reads a document with one topmost element.
func readTree(data []byte) (*node, error) {
	r := treeReader{names: map[string]string{}}
	dec := xml.NewDecoder(bytes.NewReader(data))
	dec.CharsetReader = charset.Reader
	for {
		tok, err := dec.Token()
		if err == io.EOF && r.top != nil && len(r.open) == 0 {
			return r.top, nil
		}
		if err != nil {
			var syntax *xml.SyntaxError
			if errors.As(err, &syntax) {
				return nil, malformed("line %d: %s", syntax.Line, syntax.Msg)
			}
			return nil, malformed("%v", err)
		}
		if err := r.token(tok); err != nil {
			line, _ := dec.InputPos()
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

type treeReader struct {
	top   *node
	open  []*node
	texts [][]byte // of those that are open
	count int
	names map[string]string // each spelt once in memory
}

func (r *treeReader) token(tok xml.Token) error {
	switch tok := tok.(type) {
	case xml.StartElement:
		return r.start(tok)
	case xml.EndElement:
		last := len(r.open) - 1
		if text := r.texts[last]; len(text) > 0 {
			r.open[last].text = string(text)
		}
		r.open, r.texts = r.open[:last], r.texts[:last]
	case xml.CharData:
		if n := len(r.open); n > 0 && len(bytes.TrimSpace(tok)) > 0 {
			r.texts[n-1] = append(r.texts[n-1], tok...)
		}
	}
	return nil
}

func (r *treeReader) start(tok xml.StartElement) error {
	if r.count++; r.count > maxNodes {
		return overLimit("more than %d elements", maxNodes)
	}
	if len(r.open) == maxDepth {
		return overLimit("elements nested more than %d deep", maxDepth)
	}
	if len(tok.Attr) > maxAttributes {
		return overLimit("%d attributes", len(tok.Attr))
	}
	n := &node{name: r.intern(nameOf(tok.Name))}
	if len(tok.Attr) > 0 {
		n.attrs = make([]attribute, 0, len(tok.Attr))
	}
	for _, a := range tok.Attr {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" {
			continue
		}
		n.attrs = append(n.attrs, attribute{r.intern(nameOf(a.Name)), a.Value})
	}
	switch len(r.open) {
	case 0:
		if r.top != nil {
			return malformed("a second topmost element")
		}
		r.top = n
	default:
		parent := r.open[len(r.open)-1]
		switch parent.name {
		case "SegmentTimeline", "SegmentList", "EventStream", "Patch", "add":
		default:
			if len(parent.children) == maxChildren {
				return overLimit("more than %d elements in a %.40s", maxChildren, parent.name)
			}
		}
		parent.children = append(parent.children, n)
	}
	r.open, r.texts = append(r.open, n), append(r.texts, nil)
	return nil
}

func (r *treeReader) intern(s string) string {
	if known, ok := r.names[s]; ok {
		return known
	}
	if len(r.names) < 1000 {
		r.names[s] = s
	}
	return s
}

// attr gives an attribute's value without the space around it; ok is false where it is absent.
func (n *node) attr(name string) (value string, ok bool) {
	if n == nil {
		return "", false
	}
	for i := range n.attrs {
		if n.attrs[i].name == name {
			return strings.TrimSpace(n.attrs[i].value), true
		}
	}
	return "", false
}

// value is attr where absence is the same as "".
func (n *node) value(name string) string {
	v, _ := n.attr(name)
	return v
}

// child gives the first child of a name; nil for none.
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// all gives the children of a name.
func (n *node) all(name string) []*node {
	if n == nil {
		return nil
	}
	var found []*node
	for _, c := range n.children {
		if c.name == name {
			found = append(found, c)
		}
	}
	return found
}

// clone copies a tree, so that a patch doesn't change the document it is applied to.
func (n *node) clone() *node {
	c := &node{name: n.name, attrs: slices.Clone(n.attrs), text: n.text}
	if len(n.children) > 0 {
		c.children = make([]*node, len(n.children))
		for i, child := range n.children {
			c.children[i] = child.clone()
		}
	}
	return c
}

// size counts the elements of a tree.
func (n *node) size() int {
	count := 1
	for _, c := range n.children {
		count += c.size()
	}
	return count
}

// inner writes what is within an element: an event's message may be XML.
func (n *node) inner() string {
	if len(n.children) == 0 {
		return n.text
	}
	var b strings.Builder
	b.WriteString(strings.TrimSpace(n.text))
	for _, c := range n.children {
		c.write(&b)
	}
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	name := strings.TrimPrefix(n.name, "?:")
	b.WriteString("<" + name)
	for _, a := range n.attrs {
		b.WriteString(" " + strings.TrimPrefix(a.name, "?:") + `="`)
		_ = xml.EscapeText(b, []byte(a.value)) // a Builder never fails
		b.WriteString(`"`)
	}
	b.WriteString(">")
	_ = xml.EscapeText(b, []byte(strings.TrimSpace(n.text)))
	for _, c := range n.children {
		c.write(b)
	}
	b.WriteString("</" + name + ">")
}
