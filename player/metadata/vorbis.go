package metadata

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// VorbisComment reads the comment header of size bytes at off, from the vendor's length on: that of
// FLAC's block, of Vorbis behind its "\x03vorbis", of Opus behind "OpusTags". The error wraps ErrFormat,
// ErrLimit or that of reading, and concerns the rest of the header.
func (r *Reader) VorbisComment(off, size int64) error {
	fields, before := len(r.m.Fields), r.m.Tags
	err := r.comments(off, off+size)
	r.m.join(fields, before)
	if err != nil {
		return r.failed(fmt.Errorf("comments (Vorbis): %w", err))
	}
	return nil
}

func (r *Reader) comments(off, end int64) error {
	length := func(at int64) (int64, error) {
		b, err := r.at(at, 4)
		if err != nil {
			return 0, err
		}
		n := int64(binary.LittleEndian.Uint32(b))
		if n > end-at-4 {
			return 0, fmt.Errorf("text of %d bytes, where %d are left: %w", n, end-at-4, ErrFormat)
		}
		return n, nil
	}
	vendor, err := length(off)
	if err != nil {
		return err
	}
	off += 4 + vendor
	b, err := r.at(off, 4)
	if err != nil {
		return err
	}
	count := binary.LittleEndian.Uint32(b)
	if count > MaxFields {
		return fmt.Errorf("%d comments: %w", count, ErrLimit)
	}
	list := vorbisComments{r: r}
	defer list.end()
	off += 4
	for range count {
		n, err := length(off)
		if err != nil {
			return err
		}
		if err := list.one(off+4, n); err != nil {
			return err
		}
		off += 4 + n
	}
	return nil
}

// vorbisComments gathers what several comments say together.
type vorbisComments struct {
	r        *Reader
	chapters map[string]*Chapter // by their number's digits
	order    []string
	cover    []byte // of COVERART
	mime     string
}

// one takes the comment of n bytes at off.
func (v *vorbisComments) one(off, n int64) error {
	m := &v.r.m
	head, err := v.r.head(off, off+n, 64)
	if err != nil {
		return err
	}
	name, _, ok := strings.Cut(string(head), "=")
	if !ok {
		return nil
	}
	name = strings.ToUpper(name)
	value := off + int64(len(name)) + 1
	size := off + n - value
	switch name {
	case "METADATA_BLOCK_PICTURE", "COVERART":
		return v.encoded(name, value, size)
	}
	if size > MaxTextBytes {
		return nil
	}
	b, err := v.r.text(value, size)
	if err != nil {
		return err
	}
	text := anyText(b)
	switch {
	case name == "COVERARTMIME":
		v.mime = text
	case name == "CUESHEET":
		m.Chapters = append(m.Chapters, ParseCue(text)...)
	case v.chapter(name, text):
	default:
		m.add(name, text)
	}
	return nil
}

// encoded takes a picture in base64. Of one that is too long only its head is decoded.
func (v *vorbisComments) encoded(name string, off, size int64) error {
	n := size
	if size/4*3 > v.r.opt.PictureBytes+pictureHead {
		n = min(size, pictureHead+headBytes) &^ 3
	}
	b, err := v.r.at(off, int(n))
	if err != nil {
		return err
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	k, err := base64.StdEncoding.Decode(data, b)
	if err != nil && k == 0 {
		return nil
	}
	data = data[:k]
	if name == "COVERART" {
		v.cover = data
		return nil
	}
	whole := int64(len(data))
	if n < size {
		whole = size / 4 * 3
	}
	if p, ok := parseFLACPicture(data, whole, v.r.opt.PictureBytes); ok {
		v.r.m.addPicture(p)
	}
	return nil
}

// chapter takes CHAPTER001 and CHAPTER001NAME (the Ogg chapter extension).
func (v *vorbisComments) chapter(name, text string) bool {
	number, ok := strings.CutPrefix(name, "CHAPTER")
	number, isName := strings.CutSuffix(number, "NAME")
	if !ok || len(number) != 3 || strings.Trim(number, "0123456789") != "" {
		return false
	}
	if v.chapters == nil {
		v.chapters = map[string]*Chapter{}
	}
	c := v.chapters[number]
	if c == nil {
		c = &Chapter{Start: -1}
		v.chapters[number], v.order = c, append(v.order, number)
	}
	if isName {
		c.Title = text
	} else if t, ok := clock(text); ok {
		c.Start = t
	}
	return true
}

// end gives out what was gathered.
func (v *vorbisComments) end() {
	slices.Sort(v.order)
	for _, number := range v.order {
		if c := v.chapters[number]; c.Start >= 0 {
			v.r.m.Chapters = append(v.r.m.Chapters, *c)
		}
	}
	if len(v.cover) > 0 {
		v.r.kept(Picture{MIME: v.mime, Kind: PictureFront}, v.cover)
	}
}

// clock reads "01:02:03.456", "02:03.45" or "123.4", with a comma for the point or a third colon too.
func clock(s string) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	whole, fraction, _ := strings.Cut(strings.Replace(s, ",", ".", 1), ".")
	var total time.Duration
	parts := strings.Split(whole, ":")
	if len(parts) > 3 {
		return 0, false
	}
	for _, p := range parts {
		n, err := strconv.ParseUint(p, 10, 31)
		if err != nil {
			return 0, false
		}
		total = total*60 + time.Duration(n)
	}
	if total > 1<<32 {
		return 0, false
	}
	total *= time.Second
	unit := time.Second
	for _, c := range fraction[:min(9, len(fraction))] {
		if c < '0' || c > '9' {
			return 0, false
		}
		unit /= 10
		total += time.Duration(c-'0') * unit
	}
	return total, true
}
