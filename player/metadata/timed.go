package metadata

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// emsgText is the scheme of ID3 in fragmented MP4 (AOM's "Carriage of ID3 Timed Metadata in CMAF").
const emsgText = "https://aomedia.org/emsg/ID3"

// Message is an event message of fragmented MP4 (ISO 23009-1, 5.10.3.3).
type Message struct {
	Scheme, Value   string
	Timescale       uint32 // ticks a second of Time and Duration
	Time            uint64 // of the presentation; relative to the segment's start where Delta is set
	Delta           bool
	Duration, Ident uint32
	Data            []byte
}

// ParseMessage reads the body of an emsg box. The error wraps ErrFormat or ErrUnsupported.
func ParseMessage(b []byte) (m Message, err error) {
	if len(b) < 4 {
		return m, ErrFormat
	}
	version := b[0]
	b = b[4:]
	text := func() string {
		s, rest, ok := bytes.Cut(b, []byte{0})
		if !ok {
			err = ErrFormat
		}
		b = rest
		return anyText(s)
	}
	number := func(n int) (v uint64) {
		if len(b) < n {
			err, b = ErrFormat, nil
			return 0
		}
		for _, c := range b[:n] {
			v = v<<8 | uint64(c)
		}
		b = b[n:]
		return v
	}
	switch version {
	case 0:
		m.Scheme, m.Value = text(), text()
		m.Timescale, m.Time, m.Delta = uint32(number(4)), number(4), true
		m.Duration, m.Ident = uint32(number(4)), uint32(number(4))
	case 1:
		m.Timescale, m.Time = uint32(number(4)), number(8)
		m.Duration, m.Ident = uint32(number(4)), uint32(number(4))
		m.Scheme, m.Value = text(), text()
	default:
		return m, ErrUnsupported
	}
	if m.Timescale == 0 && err == nil {
		err = ErrFormat
	}
	m.Data = b
	return m, err
}

// ID3 reads the ID3v2 tag that the message carries; ok is false where it is of another scheme, or the tag
// says nothing.
func (m *Message) ID3() (tag Metadata, ok bool) {
	if m.Scheme != emsgText && m.Scheme != "urn:id3:emsg" || len(m.Data) < id3Header {
		return tag, false
	}
	tag, _ = ParseID3v2(m.Data) // what of it could be read counts
	return tag, !tag.Empty()
}

// Weight is how many bytes the texts, pictures and private data of m take.
func (m *Metadata) Weight() (n int) {
	for _, f := range m.Fields {
		n += len(f.Name) + len(f.Value)
	}
	for _, p := range m.Pictures {
		n += len(p.Data)
	}
	for _, p := range m.Private {
		n += len(p.Data)
	}
	return n
}

// TransportTimestamp is the owner of the PRIV frame that says when a segment of packed audio begins
// (RFC 8216, 3.4): no metadata.
const TransportTimestamp = "com.apple.streaming.transportStreamTimestamp"

// ParseSegmentTags reads the ID3v2 tags that a segment of packed audio begins with, and leaves out the
// timestamp that each of them has; ok is false where nothing else is there.
func ParseSegmentTags(segment []byte) (m Metadata, ok bool) {
	r := NewReader(bytes.NewReader(segment), int64(len(segment)), Options{})
	for off := int64(0); ; {
		n, err := r.ID3v2(off)
		if n == 0 || err != nil {
			break
		}
		off += n
	}
	m, _ = r.Metadata()
	m.Private = slices.DeleteFunc(m.Private, func(p Private) bool { return p.Owner == TransportTimestamp })
	return m, !m.Empty()
}

// TransportTime finds the timestamp of packed audio among the private data of a tag: 33 bits at 90 kHz.
func (m *Metadata) TransportTime() (ticks int64, ok bool) {
	for _, p := range m.Private {
		if p.Owner == TransportTimestamp && len(p.Data) >= 8 {
			return int64(binary.BigEndian.Uint64(p.Data) & (1<<33 - 1)), true
		}
	}
	return 0, false
}
