package hls

import (
	"encoding/binary"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
)

// keyTag is one EXT-X-KEY (RFC 8216, 4.3.2.4).
type keyTag struct {
	method, format string
	place          int      // which run of tags between segments it stands in
	url            *url.URL // nil where unsupported
	name           string
	iv             *[16]byte
	supported      bool
}

// keyState is the set of keys in force. Each holds until the next tag of its KEYFORMAT, so several may
// hold at once, ways to the same key for different clients.
type keyState struct {
	tags   []keyTag
	place  int
	used   bool          // a segment came since the last tag
	shared *manifest.Key // of an explicit IV: the same for all segments under it
}

func (k *keyState) inForce() bool { return len(k.tags) > 0 }

// key handles EXT-X-KEY.
func (p *parser) key(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	tag := keyTag{method: a.value("METHOD"), format: "identity"}
	if f, ok := a.get("KEYFORMAT"); ok {
		tag.format = f
	}
	k := &p.media.keys
	switch tag.method {
	case "":
		return malformed("no METHOD")
	case "NONE":
		k.reset()
		return nil
	}
	if tag.method == "AES-128" && tag.format == "identity" && version1(a) {
		if err := p.identityKey(&tag, a); err != nil {
			return err
		}
	}
	return k.add(tag)
}

// identityKey fills in a tag whose URI gives the 16 bytes themselves.
func (p *parser) identityKey(tag *keyTag, a attributes) error {
	uri, ok := a.get("URI")
	if !ok {
		return malformed("no URI")
	}
	u, err := p.resolveExpanded(uri)
	if err != nil {
		return err
	}
	tag.url, tag.name, tag.supported = u, p.names.name(u), true
	if s, ok := a.get("IV"); ok {
		tag.iv, err = parseIV(s)
	}
	return err
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

func (k *keyState) reset() { k.tags, k.shared = nil, nil }

const maxKeys = 32 // in force at once

// add puts a tag in force. It ends those of earlier places that have its KEYFORMAT, and those of another
// METHOD too: a segment is encrypted in one way, so they cannot both speak of what follows. Two of one
// place stay side by side even with the same KEYFORMAT, which the RFC forbids and packagers do.
func (k *keyState) add(tag keyTag) error {
	if k.used {
		k.place++
		k.used = false
	}
	tag.place = k.place
	k.shared = nil
	k.tags = slices.DeleteFunc(k.tags, func(t keyTag) bool {
		return t.place != tag.place && (t.format == tag.format || t.method != tag.method)
	})
	if len(k.tags) >= maxKeys {
		return overLimit("more than %d keys for one segment", maxKeys)
	}
	k.tags = append(k.tags, tag)
	return nil
}

// of gives the key of the segment with the given sequence number; nil for a segment in clear.
func (k *keyState) of(sequence int64) (*manifest.Key, error) {
	k.used = true
	if len(k.tags) == 0 {
		return nil, nil
	}
	if k.shared != nil {
		return k.shared, nil
	}
	t := k.supported()
	if t == nil {
		return nil, k.refuse()
	}
	key := &manifest.Key{Method: t.method, URL: t.url, Name: t.name}
	if t.iv != nil {
		key.IV = *t.iv
		k.shared = key
	} else {
		key.IV = SequenceIV(sequence)
	}
	return key, nil
}

// supported gives the last tag in force that we can use; nil where there is none.
func (k *keyState) supported() *keyTag {
	for i := len(k.tags) - 1; i >= 0; i-- {
		if k.tags[i].supported {
			return &k.tags[i]
		}
	}
	return nil
}

func (k *keyState) refuse() error {
	var ways []string
	for _, t := range k.tags {
		ways = append(ways, t.method+" with KEYFORMAT "+t.format)
	}
	return unsupported("encryption %.200s", strings.Join(ways, ", "))
}
