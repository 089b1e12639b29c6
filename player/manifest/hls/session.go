package hls

import (
	"strings"

	"github.com/segue-audio/segue/player/manifest"
)

// defaultPathway is that of the variants which name none (8216bis, 4.4.6.2).
const defaultPathway = "."

// contentSteering handles EXT-X-CONTENT-STEERING (8216bis, 4.4.6.6).
func (p *parser) contentSteering(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	s := &manifest.Steering{Prefix: "_HLS", Pathway: a.value("PATHWAY-ID")}
	uri := a.value("SERVER-URI")
	switch data, is := strings.CutPrefix(uri, "data:"); {
	case uri == "":
		return nil
	case is:
		s.Data, err = parseData(data)
	default:
		s.URL, err = p.resolveExpanded(uri)
	}
	if err == nil {
		p.master.steering = s
	}
	return informative(err)
}

// beginWith puts the pathway that is to be begun with in front.
func beginWith(r *manifest.Rendition, pathway string) {
	for i, name := range r.Pathways {
		if name == pathway && i > 0 {
			r.Pathways[0], r.Pathways[i] = r.Pathways[i], r.Pathways[0]
			r.URL, r.Mirrors[i-1] = r.Mirrors[i-1], r.URL
			return
		}
	}
}

// sessionData handles EXT-X-SESSION-DATA (RFC 8216, 4.3.4.4).
func (p *parser) sessionData(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	if len(p.master.data) >= maxSessionItems {
		return overLimit("more than %d items of session data", maxSessionItems)
	}
	d := manifest.SessionData{ID: a.value("DATA-ID"), Value: a.value("VALUE"), Language: a.value("LANGUAGE")}
	if d.ID == "" {
		return nil
	}
	if uri, ok := a.get("URI"); ok {
		if d.URL, err = p.resolveExpanded(uri); err != nil {
			return informative(err)
		}
		if d.Format = a.value("FORMAT"); d.Format == "" {
			d.Format = "JSON"
		}
	}
	p.master.data = append(p.master.data, d)
	return nil
}

// sessionKey handles EXT-X-SESSION-KEY (RFC 8216, 4.3.4.5).
func (p *parser) sessionKey(value string) error {
	tag, err := p.keyTag(value)
	if err != nil || tag == nil {
		return informative(err)
	}
	if len(p.master.keys) >= maxSessionKeys {
		return overLimit("more than %d session keys", maxSessionKeys)
	}
	one := keyState{tags: []*keyTag{tag}}
	key, _ := one.make()
	p.master.keys = append(p.master.keys, *key)
	return nil
}
