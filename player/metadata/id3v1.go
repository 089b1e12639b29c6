package metadata

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

const (
	id3v1Bytes    = 128
	enhancedBytes = 227 // "TAG+", which stands in front of ID3v1 and goes on where its texts end
	apeBytes      = 32  // header or footer
)

// Tail reads the tags that end at offset end, from the last to the first: ID3v1, APEv1 and APEv2, and
// ID3v2.4 with a footer. start is where the audio begins, in front of which nothing is read. An APE tag
// goes before ID3v1, which cuts its texts. The errors are those of ID3v2.
func (r *Reader) Tail(start, end int64) error {
	var old []byte
	for range 8 {
		n, err := r.tailTag(start, end, &old)
		if err != nil {
			r.id3v1(old)
			return r.failed(err)
		}
		if n == 0 {
			break
		}
		end -= n
	}
	r.id3v1(old)
	return nil
}

// tailTag reads the tag that ends at end and tells how long it is; zero where there is none.
func (r *Reader) tailTag(start, end int64, old *[]byte) (size int64, err error) {
	from := max(start, end-id3v1Bytes-enhancedBytes)
	b, err := r.head(from, end, id3v1Bytes+enhancedBytes)
	n := len(b)
	switch {
	case err != nil:
		return 0, err
	case n >= id3v1Bytes && string(b[n-id3v1Bytes:n-id3v1Bytes+3]) == "TAG":
		if n == id3v1Bytes+enhancedBytes && string(b[:4]) == "TAG+" {
			*old = b
			return int64(n), nil
		}
		*old = b[n-id3v1Bytes:]
		return id3v1Bytes, nil
	case n >= apeBytes && string(b[n-apeBytes:n-apeBytes+8]) == "APETAGEX":
		return r.ape(start, end, b[n-apeBytes:])
	case n >= 15 && string(b[n-9:]) == "LYRICS200":
		size, err := strconv.ParseUint(string(b[n-15:n-9]), 10, 32)
		if err != nil {
			return 0, nil
		}
		return int64(size) + 15, r.lyrics3(max(start, end-int64(size)-15), end-15)
	case n >= id3Header && string(b[n-10:n-7]) == "3DI":
		size := 2*id3Header + synchsafe(b[n-4:])
		if end-size < start {
			return 0, nil
		}
		_, err := r.ID3v2(end - size)
		return size, err
	}
	return 0, nil
}

// id3v1 reads ID3v1, with "TAG+" in front or without.
func (r *Reader) id3v1(b []byte) {
	if len(b) < id3v1Bytes {
		return
	}
	plus := b[:len(b)-id3v1Bytes]
	b = b[len(plus):]
	text := func(at, n, more, long int) string {
		whole := b[at : at+n]
		if len(plus) == enhancedBytes {
			whole = append(append([]byte{}, whole...), plus[more:more+long]...)
		}
		cut, _, _ := strings.Cut(string(whole), "\x00")
		return strings.TrimSpace(anyText([]byte(cut)))
	}
	// What a longer tag says already would only be cut here.
	m := &r.m
	had := m.Tags
	for _, f := range []struct{ name, value, before string }{
		{"TITLE", text(3, 30, 4, 60), had.Title}, {"ARTIST", text(33, 30, 64, 60), had.Artist},
		{"ALBUM", text(63, 30, 124, 60), had.Album},
	} {
		if f.before == "" {
			m.add(f.name, f.value)
		}
	}
	plus = nil // the rest has no longer form
	if had.Year == 0 {
		m.add("DATE", text(93, 4, 0, 0))
	}
	comment := 30
	if b[125] == 0 && b[126] != 0 { // ID3v1.1
		comment = 28
		if had.Track == 0 {
			m.add("TRACKNUMBER", strconv.Itoa(int(b[126])))
		}
	}
	if m.Field("COMMENT") == "" {
		m.add("COMMENT", text(97, comment, 0, 0))
	}
	if had.Genre == "" {
		m.add("GENRE", genreName(int(b[127])))
	}
}

// lyrics3Fields are those of Lyrics3v2 that say what nothing else does: its titles are longer than
// ID3v1's.
var lyrics3Fields = map[string]string{"LYR": "LYRICS", "ETT": "TITLE", "EAR": "ARTIST", "EAL": "ALBUM", "INF": "COMMENT"}

// lyrics3 reads Lyrics3v2: "LYRICSBEGIN", then fields of three letters, five digits and text.
func (r *Reader) lyrics3(off, end int64) error {
	b, err := r.text(off, end-off)
	if err != nil {
		return err
	}
	rest, ok := strings.CutPrefix(string(b), "LYRICSBEGIN")
	if !ok {
		return fmt.Errorf("Lyrics3: %w", ErrFormat)
	}
	for len(rest) >= 8 {
		n, err := strconv.Atoi(rest[3:8])
		if err != nil || n < 0 || n > len(rest)-8 {
			break
		}
		if name := lyrics3Fields[rest[:3]]; name != "" {
			r.m.add(name, anyText([]byte(rest[8:8+n])))
		}
		rest = rest[8+n:]
	}
	return nil
}

// apeNames are APE's items that go by another name in Vorbis comments.
var apeNames = map[string]string{"PUBLISHER": "ORGANIZATION", "DEBUT ALBUM": "ORIGINALALBUM", "RECORD LOCATION": "LOCATION"}

// ape reads the APEv1 or APEv2 tag whose footer ends at end.
func (r *Reader) ape(start, end int64, footer []byte) (size int64, err error) {
	size = int64(binary.LittleEndian.Uint32(footer[12:]))
	from, count := end-size, int(binary.LittleEndian.Uint32(footer[16:]))
	if size < apeBytes || from < start || size > MaxTagBytes {
		return 0, nil // not a tag after all
	}
	whole := size
	if footer[23]&0x80 != 0 { // bit 31 of the flags: a header stands in front
		whole += apeBytes
	}
	fields, before := len(r.m.Fields), r.m.Tags
	defer func() { r.m.join(fields, before) }()
	for off, last := from, end-apeBytes; count > 0 && off+8 < last; count-- {
		if off, err = r.apeItem(off, last); err != nil {
			return whole, fmt.Errorf("APE: %w", err)
		}
		if len(r.m.Fields) >= MaxFields {
			return whole, fmt.Errorf("APE: more than %d items: %w", MaxFields, ErrLimit)
		}
	}
	return whole, nil
}

// apeItem reads one item and tells where the next one is.
func (r *Reader) apeItem(off, last int64) (next int64, err error) {
	b, err := r.head(off, last, 8+256)
	if err != nil {
		return 0, err
	}
	size, flags := int64(binary.LittleEndian.Uint32(b)), b[4]
	key, _, ok := strings.Cut(string(b[8:]), "\x00")
	value := off + 8 + int64(len(key)) + 1
	if !ok || size > last-value {
		return 0, fmt.Errorf("item of %d bytes, where %d are left: %w", size, last-value, ErrFormat)
	}
	upper := strings.ToUpper(key)
	switch kind := flags >> 1 & 3; {
	case kind == 0 && size <= MaxTextBytes:
		text, err := r.text(value, size)
		if err != nil {
			return 0, err
		}
		if name, ok := apeNames[upper]; ok {
			upper = name
		}
		if !strings.HasPrefix(upper, "MP3GAIN_") { // what mp3gain did to the file, not what there is to do
			r.m.add(upper, anyText(text))
		}
	case kind == 1 && strings.HasPrefix(upper, "COVER ART"):
		head, err := r.head(value, value+size, pictureHead)
		if err != nil {
			return 0, err
		}
		name, _, ok := strings.Cut(string(head), "\x00")
		if !ok {
			break
		}
		p := Picture{Description: anyText([]byte(name)), Kind: PictureOther}
		switch {
		case strings.Contains(upper, "FRONT"):
			p.Kind = PictureFront
		case strings.Contains(upper, "BACK"):
			p.Kind = PictureBack
		}
		at := value + int64(len(name)) + 1
		r.picture(p, at, value+size-at)
	}
	return value + size, nil
}
