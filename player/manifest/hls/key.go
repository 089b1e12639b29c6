package hls

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
)

// identity is the KEYFORMAT whose URI gives the 16 bytes themselves.
const identity = "identity"

// keyTag is one EXT-X-KEY (RFC 8216, 4.3.2.4).
type keyTag struct {
	method string
	format string // KEYFORMAT, whatever its version
	place  int    // which run of tags between segments it stands in
	name   string
	iv     *[16]byte
	system manifest.KeySystem
}

// direct tells whether the tag leads to the 16 bytes by itself.
func (t *keyTag) direct() bool { return t.system.Format == identity && t.system.URL != nil }

// whole tells whether a METHOD encrypts whole resources, and with them the init section; the others leave
// that alone, and encrypt samples.
func whole(method string) bool { return strings.HasPrefix(method, "AES-") }

// keyState is the set of keys in force. Each holds until the next tag of its KEYFORMAT, so several may
// hold at once, ways to the same key for different clients.
type keyState struct {
	tags    []*keyTag
	place   int
	used    bool          // a segment came since the last tag
	current *manifest.Key // what of gave last; nil after a change
	runs    []keyRun
}

// keyRun is the tags in force from a segment on, for updates to go on from.
type keyRun struct {
	sequence int64
	tags     []*keyTag
}

// key handles EXT-X-KEY.
func (p *parser) key(value string) error {
	tag, err := p.keyTag(value)
	if err != nil || tag == nil {
		if err == nil {
			p.media.keys.set(nil)
		}
		return err
	}
	return p.media.keys.add(tag)
}

// keyTag reads EXT-X-KEY or EXT-X-SESSION-KEY; nil for METHOD=NONE.
func (p *parser) keyTag(value string) (*keyTag, error) {
	a, err := p.attributes(value)
	if err != nil {
		return nil, err
	}
	tag := &keyTag{method: a.value("METHOD")}
	switch tag.method {
	case "":
		return nil, malformed("no METHOD")
	case "NONE":
		return nil, nil
	}
	k := &tag.system
	if k.Format = a.value("KEYFORMAT"); k.Format == "" {
		k.Format = identity
	}
	if strings.HasPrefix(strings.ToLower(k.Format), "urn:uuid:") {
		k.Format = strings.ToLower(k.Format)
	}
	tag.format = k.Format
	if !version1(a) { // not to be taken for what we know
		k.Format += " " + a.value("KEYFORMATVERSIONS")
	}
	if err := p.keyURI(tag, a); err != nil {
		return nil, err
	}
	if s, ok := a.get("KEYID"); ok { // of Widevine and of ClearKey
		id, err := parseIV(s)
		if err != nil {
			return nil, in("KEYID", err)
		}
		k.KID = id[:]
	}
	if s, ok := a.get("IV"); ok {
		tag.iv, err = parseIV(s)
	}
	return tag, err
}

// keyURI reads where a key is to be had: an address of a licence server, the data of a key system, or for
// identity the key itself.
func (p *parser) keyURI(tag *keyTag, a attributes) error {
	k := &tag.system
	uri, ok := a.get("URI")
	if !ok {
		if k.Format == identity {
			return malformed("no URI")
		}
		return nil
	}
	var err error
	if data, is := strings.CutPrefix(uri, "data:"); is {
		k.Data, err = parseData(data)
		return err
	}
	if k.Format == identity {
		if k.URL, err = p.resolveExpanded(uri); err == nil {
			tag.name = p.names.name(k.URL)
		}
		return err
	}
	// What the scheme means (skd and others) is the key system's business, and we never fetch it.
	if k.URL, err = url.Parse(uri); err != nil {
		return malformed("bad URI %.80q", uri)
	}
	if k.URL.Scheme == "" {
		k.URL = p.base.ResolveReference(k.URL)
	}
	return p.addresses.Count(k.URL)
}

// parseData reads what follows "data:" (RFC 2397).
func parseData(s string) ([]byte, error) {
	head, body, ok := strings.Cut(s, ",")
	if !ok {
		return nil, malformed("data URI without a comma")
	}
	text, err := url.PathUnescape(body)
	if err != nil {
		return nil, malformed("data URI: bad escape")
	}
	if !strings.HasSuffix(strings.TrimSpace(head), ";base64") {
		return []byte(text), nil
	}
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	data, err := encoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, malformed("data URI: bad base64")
	}
	return data, nil
}

// version1 tells whether KEYFORMATVERSIONS, a list as "1/2", has the version that we know.
func version1(a attributes) bool {
	s, ok := a.get("KEYFORMATVERSIONS")
	return !ok || slices.Contains(strings.Split(s, "/"), "1")
}

// parseIV reads a hexadecimal-sequence, a 128-bit number whose leading zeros may be missing.
func parseIV(s string) (*[16]byte, error) {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok {
		digits, ok = strings.CutPrefix(s, "0X")
	}
	if !ok || digits == "" || len(digits) > 32 {
		return nil, malformed("IV %.40q is not 0x and 1 to 32 digits", s)
	}
	var iv [16]byte
	full := strings.Repeat("0", 32-len(digits)) + digits
	if _, err := hex.Decode(iv[:], []byte(full)); err != nil {
		return nil, malformed("IV %.40q is not hexadecimal", s)
	}
	return &iv, nil
}

// SequenceIV is the IV of a segment whose EXT-X-KEY gives none (RFC 8216, 5.2).
func SequenceIV(sequence int64) (iv [16]byte) {
	binary.BigEndian.PutUint64(iv[8:], uint64(sequence))
	return iv
}

const maxKeys = 8 // in force at once

// set puts tags in force, in place of all that were.
func (k *keyState) set(tags []*keyTag) {
	k.tags, k.current = tags, nil
}

// add puts a tag in force. It ends those of earlier places that have its KEYFORMAT, and those of another
// METHOD too: a segment is encrypted in one way, so they cannot both speak of what follows. Two of one
// place stay side by side even with the same KEYFORMAT, which the RFC forbids and packagers do.
func (k *keyState) add(tag *keyTag) error {
	if k.used {
		k.place++
		k.used = false
	}
	tag.place = k.place
	tags := make([]*keyTag, 0, len(k.tags)+1) // runs keep the old ones
	for _, t := range k.tags {
		if t.place == tag.place || t.format != tag.format && t.method == tag.method {
			tags = append(tags, t)
		}
	}
	if len(tags) >= maxKeys {
		return overLimit("more than %d keys for one segment", maxKeys)
	}
	k.set(append(tags, tag))
	return nil
}

// of gives the key of the segment with the given sequence number; nil for a segment in clear.
func (k *keyState) of(sequence int64) *manifest.Key {
	k.used = true
	if k.current == nil {
		k.runs = append(k.runs, keyRun{sequence, k.tags})
		k.current, _ = k.make()
		if k.current == nil {
			k.current = &manifest.Key{} // in clear, and not to be made again
		}
	}
	switch {
	case k.current.Method == "":
		return nil
	case k.explicitIV():
		return k.current
	}
	key := *k.current
	key.IV = SequenceIV(sequence)
	return &key
}

// ofInit gives the key of an init section; nil where that is in clear. There is no sequence number to make an
// IV of, so it must be written (RFC 8216, 4.3.2.5).
func (k *keyState) ofInit() (*manifest.Key, error) {
	key, tag := k.make()
	if key == nil || !whole(key.Method) {
		return nil, nil
	}
	if tag.iv == nil {
		return nil, malformed("EXT-X-KEY comes before EXT-X-MAP and has no IV")
	}
	return key, nil
}

// make gives what the tags in force say together, and the tag that decides; nil for clear.
func (k *keyState) make() (*manifest.Key, *keyTag) {
	lead := k.lead()
	if lead == nil {
		return nil, nil
	}
	key := &manifest.Key{Method: lead.method}
	if lead.direct() {
		key.URL, key.Name = lead.system.URL, lead.name
	}
	if lead.iv != nil {
		key.IV = *lead.iv
	}
	if lead.direct() && whole(lead.method) {
		return key, lead
	}
	for _, t := range k.tags {
		if t.method == lead.method {
			key.Systems = append(key.Systems, t.system)
		}
	}
	return key, lead
}

// lead gives the tag in force that decides how segments are read: the last that leads to a key for whole
// segments by itself, else the last that leads to a key, else the last that has an IV, else the last. nil for
// segments in clear.
func (k *keyState) lead() *keyTag {
	var best *keyTag
	rank := -1
	for _, t := range k.tags {
		r := 0
		switch {
		case t.direct() && whole(t.method):
			r = 3
		case t.direct():
			r = 2
		case t.iv != nil:
			r = 1
		}
		if r >= rank {
			best, rank = t, r
		}
	}
	return best
}

func (k *keyState) explicitIV() bool {
	t := k.lead()
	return t != nil && t.iv != nil
}
