package hls

import (
	"net/url"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
)

// variables are what EXT-X-DEFINE defines (8216bis, 4.3 and 4.4.2.3).
type variables struct {
	values     map[string]string
	query      url.Values        // of the playlist's own URL
	importable map[string]string // the master's
	expanded   int               // bytes of the lines and values that had variables in them
}

// define handles EXT-X-DEFINE.
func (p *parser) define(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	var name, v string
	var ok bool
	if name, ok = a.get("NAME"); ok {
		if v, ok = a.get("VALUE"); !ok {
			return malformed("no VALUE")
		}
	} else if name, ok = a.get("QUERYPARAM"); ok {
		if v = p.vars.query.Get(name); v == "" {
			return malformed("the playlist's URL has no parameter %.40q", name)
		}
	} else if name, ok = a.get("IMPORT"); ok {
		if v, ok = p.vars.importable[name]; !ok {
			return malformed("no multivariant playlist defines %.40q", name)
		}
	} else {
		return malformed("neither NAME nor QUERYPARAM nor IMPORT")
	}
	return p.vars.set(name, v)
}

func (v *variables) set(name, value string) error {
	if name == "" || strings.Trim(name, variableChars) != "" {
		return malformed("bad variable name %.40q", name)
	}
	if _, dup := v.values[name]; dup {
		return malformed("variable %.40q is defined twice", name)
	}
	if len(v.values) >= maxVariables {
		return overLimit("more than %d variables", maxVariables)
	}
	if v.values == nil {
		v.values = make(map[string]string)
	}
	v.values[name] = value
	return nil
}

const variableChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// expand puts the values in place of {$name}. What a value holds is not looked at again, and all that is
// made this way counts against MaxBytes: a few lines could otherwise grow without bound.
func (v *variables) expand(s string) (string, error) {
	i := strings.Index(s, "{$")
	if i < 0 {
		return s, nil
	}
	var b strings.Builder
	for ; i >= 0; i = strings.Index(s, "{$") {
		name, rest, ok := strings.Cut(s[i+2:], "}")
		if !ok {
			return "", malformed("variable reference without its end: %.40q", s[i:])
		}
		value, ok := v.values[name]
		if !ok {
			return "", malformed("variable %.40q is not defined", name)
		}
		b.WriteString(s[:i])
		b.WriteString(value)
		if b.Len() > manifest.MaxLineBytes {
			return "", overLimit("line of more than %d bytes after substitution", manifest.MaxLineBytes)
		}
		s = rest
	}
	b.WriteString(s)
	if v.expanded += b.Len(); v.expanded > manifest.MaxBytes {
		return "", overLimit("more than %d bytes after substitution", manifest.MaxBytes)
	}
	return b.String(), nil
}
