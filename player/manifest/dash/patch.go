package dash

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
)

// Limits on a patch.
const (
	maxOperations = 5000
	maxVisits     = 5_000_000 // elements that all selectors look at
)

// patched applies a patch (ISO 23009-1, 5.15; the operations are those of RFC 5261) to a copy of a tree.
func patched(tree, patch *node) (*node, error) {
	if err := fits(tree, patch); err != nil {
		return nil, err
	}
	if n := len(patch.children); n > maxOperations {
		return nil, overLimit("%d operations", n)
	}
	if tree.size()+patch.size() > maxNodes {
		return nil, overLimit("more than %d elements", maxNodes)
	}
	// The MPD hangs below a node of its own, so that "/MPD" is a step like any other.
	root := &node{children: []*node{tree.clone()}}
	visits := 0
	for _, op := range patch.children {
		if err := apply(root, op, &visits); err != nil {
			return nil, err
		}
	}
	if len(root.children) != 1 || root.children[0].name != "MPD" {
		return nil, noUpdate("nothing is left of the MPD")
	}
	mpd := root.children[0]
	if at, ok := patch.attr("publishTime"); ok {
		mpd.set("publishTime", at)
	}
	return mpd, nil
}

// fits tells whether a patch is for a tree: for the MPD of that id, as it was at that time.
func fits(tree, patch *node) error {
	if id := patch.value("mpdId"); id != tree.value("id") {
		return noUpdate("for the MPD %.40q, and this is %.40q", id, tree.value("id"))
	}
	of, err := patch.time("originalPublishTime")
	if err != nil {
		return err
	}
	at, err := tree.time("publishTime")
	if err == nil && !of.Equal(at) {
		err = noUpdate("for the MPD of %v, and this is of %v", of, at)
	}
	return err
}

// apply does one operation.
func apply(root, op *node, visits *int) error {
	steps, err := parseSelector(op.value("sel"))
	if err != nil {
		return err
	}
	attr := ""
	if last := steps[len(steps)-1]; strings.HasPrefix(last.name, "@") {
		attr, steps = last.name[1:], steps[:len(steps)-1]
	}
	parent, at, err := find(root, steps, visits)
	if err != nil {
		return err
	}
	found := parent.children[at]
	switch {
	case op.name == "add":
		return add(parent, at, op)
	case op.name == "replace" && attr != "":
		if _, ok := found.attr(attr); !ok {
			return noUpdate("no attribute %.40q to replace", attr)
		}
		found.set(attr, strings.TrimSpace(op.text))
	case op.name == "replace":
		if len(op.children) != 1 {
			return malformed("a replacement of %d elements", len(op.children))
		}
		parent.children[at] = op.children[0].clone()
	case op.name == "remove" && attr != "":
		found.attrs = slices.DeleteFunc(found.attrs, func(a attribute) bool { return a.name == attr })
	case op.name == "remove":
		parent.children = slices.Delete(parent.children, at, at+1)
	default:
		return malformed("an operation %.40q", op.name)
	}
	return nil
}

// add adds to the element at a place: an attribute, or elements within it or beside it.
func add(parent *node, at int, op *node) error {
	target := parent.children[at]
	if attr, ok := strings.CutPrefix(op.value("type"), "@"); ok {
		target.set(attr, strings.TrimSpace(op.text))
		return nil
	}
	fresh := op.clone().children
	switch pos := op.value("pos"); pos {
	case "":
		target.children = append(target.children, fresh...)
	case "prepend":
		target.children = slices.Insert(target.children, 0, fresh...)
	case "before":
		parent.children = slices.Insert(parent.children, at, fresh...)
	case "after":
		parent.children = slices.Insert(parent.children, at+1, fresh...)
	default:
		return malformed("a position %.40q", pos)
	}
	return nil
}

func (n *node) set(name, value string) {
	for i := range n.attrs {
		if n.attrs[i].name == name {
			n.attrs[i].value = value
			return
		}
	}
	n.attrs = append(n.attrs, attribute{name, value})
}

// step is one step of a selector: the part of XPath that an MPD patch may use (5.15.3).
type step struct {
	name     string // "@…" for an attribute
	position int    // from 1 on; zero for any
	attr     string // "" for no condition
	value    string
}

// parseSelector reads "/MPD/Period[@id='1']/AdaptationSet[2]/@x".
func parseSelector(sel string) ([]step, error) {
	rest, ok := strings.CutPrefix(sel, "/")
	if !ok {
		return nil, malformed("selector %.80q", sel)
	}
	var steps []step
	for rest != "" || len(steps) == 0 {
		n := strings.IndexAny(rest, "/[")
		if n < 0 {
			n = len(rest)
		}
		s := step{name: localName(rest[:n])}
		rest = rest[n:]
		for strings.HasPrefix(rest, "[") {
			inside, behind, ok := cutCondition(rest[1:])
			if !ok || !s.condition(inside) {
				return nil, malformed("selector %.80q", sel)
			}
			rest = behind
		}
		if s.name == "" || len(steps) > maxDepth {
			return nil, malformed("selector %.80q", sel)
		}
		steps = append(steps, s)
		if rest == "" {
			break
		}
		if rest, ok = strings.CutPrefix(rest, "/"); !ok || rest == "" {
			return nil, malformed("selector %.80q", sel)
		}
	}
	if len(steps) == 1 && strings.HasPrefix(steps[0].name, "@") {
		return nil, malformed("selector %.80q", sel)
	}
	return steps, nil
}

// localName takes the prefix off that a selector may give to DASH's own namespace. Those of others keep
// theirs.
func localName(s string) string {
	at, name := "", s
	if strings.HasPrefix(s, "@") {
		at, name = "@", s[1:]
	}
	if prefix, local, ok := strings.Cut(name, ":"); ok && (prefix == "mpd" || prefix == "dash" || prefix == "d") {
		name = local
	}
	return at + name
}

// cutCondition cuts behind the bracket that closes a condition; within quotes there may be others.
func cutCondition(s string) (inside, behind string, ok bool) {
	quote := byte(0)
	for i := range len(s) {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == ']':
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}

// condition takes what stands in brackets: a position, or an attribute's value.
func (s *step) condition(text string) bool {
	text = strings.TrimSpace(text)
	if n, err := strconv.Atoi(text); err == nil {
		// XPath counts from 1, but the standard's own example has [0] for the first.
		s.position = max(n, 1)
		return n >= 0 && n < maxNodes
	}
	name, value, ok := strings.Cut(text, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok || !strings.HasPrefix(name, "@") || s.attr != "" || len(value) < 2 || value[0] != value[len(value)-1] || value[0] != '\'' && value[0] != '"' {
		return false
	}
	s.attr, s.value = localName(name)[1:], value[1:len(value)-1]
	return s.attr != ""
}

// find finds the one element that a selector means: the first of them, should there be several.
func find(root *node, steps []step, visits *int) (parent *node, at int, err error) {
	at = -1
	for i, s := range steps {
		if i > 0 {
			parent = parent.children[at]
		} else {
			parent = root
		}
		at = -1
		left := max(s.position, 1)
		for k, c := range parent.children {
			if *visits++; *visits > maxVisits {
				return nil, 0, overLimit("selectors that look at more than %d elements", maxVisits)
			}
			if c.name != s.name || s.attr != "" && c.value(s.attr) != s.value {
				continue
			}
			if left--; left == 0 {
				at = k
				break
			}
		}
		if at < 0 {
			return nil, 0, noUpdate("no element %.40q", s.name)
		}
	}
	return parent, at, nil
}

// noUpdate says that a patch belongs to another document.
func noUpdate(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, manifest.ErrUpdate)...)
}
