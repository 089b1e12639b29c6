package dash

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
)

// maxSystems bounds the key systems of one representation.
const maxSystems = 32

// mp4Protection is the scheme that names a method of ISO 23001-7 and the key's id.
const mp4Protection = "urn:mpeg:dash:mp4protection:2011"

// collectProtection finds the ContentProtection elements that others refer to (ISO 23009-1, 5.8.4.1).
func (p *parser) collectProtection() {
	p.refs = map[string]*node{}
	var walk func(n *node)
	walk = func(n *node) {
		for _, c := range n.children {
			switch c.name {
			case "ContentProtection":
				if id := c.value("refId"); id != "" {
					p.refs[id] = c
				}
			case "Period", "AdaptationSet", "Representation":
				walk(c)
			}
		}
	}
	walk(p.mpd)
}

// protection reads the ContentProtection elements of a representation and its set; nil where it is in
// clear.
func (p *parser) protection(s *set, rep *node) (*manifest.Key, error) {
	all := append(p.protections(rep), s.protected...)
	if len(all) == 0 {
		return nil, nil
	}
	if len(all) > maxSystems {
		return nil, overLimit("more than %d key systems", maxSystems)
	}
	key := &manifest.Key{Method: "cenc"}
	var kid []byte
	for _, c := range all {
		if strings.EqualFold(c.value("schemeIdUri"), mp4Protection) && c.value("value") != "" {
			key.Method = c.value("value")
		}
		if kid == nil {
			kid = parseKID(c.value("cenc:default_KID"))
		}
	}
	for _, c := range all {
		scheme := strings.ToLower(c.value("schemeIdUri"))
		if scheme == mp4Protection && len(all) > 1 {
			continue
		}
		system := manifest.KeySystem{Format: scheme, KID: kid, Data: initData(c), Licence: licenceOf(c)}
		if own := parseKID(c.value("cenc:default_KID")); own != nil {
			system.KID = own
		}
		key.Systems = append(key.Systems, system)
	}
	key.Name = hex.EncodeToString(kid)
	return key, nil
}

// protections gives the ContentProtection elements of a level. In a period some stand only to be referred to.
func (p *parser) protections(n *node) []*node {
	var all []*node
	for _, c := range n.all("ContentProtection") {
		if n.name == "Period" && c.value("refId") != "" {
			continue
		}
		if to := p.refs[c.value("ref")]; to != nil {
			c = to
		}
		all = append(all, c)
	}
	return all
}

// parseKID reads a default_KID, the first of several: a UUID. nil where there is none, or no such thing:
// the media says it too.
func parseKID(s string) []byte {
	fields := strings.Fields(s)
	if len(fields) == 0 {
		return nil
	}
	kid, err := hex.DecodeString(strings.ReplaceAll(fields[0], "-", ""))
	if err != nil || len(kid) != 16 {
		return nil
	}
	return kid
}

// initData gives what a key system is to be started with: a PSSH box, or PlayReady's own object.
func initData(c *node) []byte {
	for _, name := range []string{"cenc:pssh", "mspr:pro"} {
		if n := c.child(name); n != nil {
			text := bytes.Join(bytes.Fields([]byte(n.text)), nil)
			if data, err := base64.StdEncoding.DecodeString(string(text)); err == nil && len(data) > 0 {
				return data
			}
		}
	}
	return nil
}

// licenceOf gives the licence server that a ContentProtection names. The element has had several
// namespaces.
func licenceOf(c *node) string {
	for _, n := range c.children {
		local := n.name[strings.LastIndexByte(n.name, ':')+1:]
		if !strings.EqualFold(local, "laurl") {
			continue
		}
		if u := strings.TrimSpace(n.text); u != "" {
			return u
		}
		if u := n.value("licenseUrl"); u != "" {
			return u
		}
	}
	return ""
}
