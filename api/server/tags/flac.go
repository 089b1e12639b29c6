package tags

import (
	"io"
	"strings"
)

// Numbers of FLAC metadata blocks and of the picture type that is wanted (RFC 9639, 8.1 and 8.8).
const (
	blockComment = 4
	blockPicture = 6
	frontCover   = 3
)

// readFLAC reads the metadata blocks that start at off.
func readFLAC(r io.ReaderAt, size, off int64, t *Tags) {
	front := false
	for range maxBlocks {
		h := readUpTo(r, off, 4, 4, size)
		if h == nil {
			return
		}
		n := int64(h[1])<<16 | int64(h[2])<<8 | int64(h[3])
		off += 4
		switch h[0] & 0x7f {
		case blockComment:
			readComments(readUpTo(r, off, n, maxComment, size), t)
		case blockPicture:
			if front {
				break
			}
			kind, p := readPicture(readUpTo(r, off, n, MaxPicture+1<<16, size))
			if p != nil && (t.Picture == nil || kind == frontCover) {
				t.Picture, front = p, kind == frontCover
			}
		}
		if off += n; h[0]&0x80 != 0 {
			return
		}
	}
}

// readComments reads a Vorbis comment header (its lengths are little-endian, RFC 9639, 8.6).
func readComments(b []byte, t *Tags) {
	next := func() (string, bool) {
		if len(b) < 4 || le32(b) > int64(len(b)-4) {
			return "", false
		}
		n := le32(b)
		s := string(b[4 : 4+n])
		b = b[4+n:]
		return s, true
	}
	if _, ok := next(); !ok || len(b) < 4 { // the vendor
		return
	}
	b = b[4:] // the count: the end of the block ends the list as well
	fields := map[string][]string{}
	for {
		s, ok := next()
		if !ok {
			break
		}
		if name, value, ok := strings.Cut(s, "="); ok && !t.replayGain(name, value) {
			name = strings.ToUpper(name)
			fields[name] = append(fields[name], value)
		}
	}
	all := func(names ...string) string { // a field may stand several times: several artists
		for _, n := range names {
			if v := fields[n]; len(v) > 0 {
				return strings.Join(v, ", ")
			}
		}
		return ""
	}
	set(&t.Title, all("TITLE"))
	set(&t.Artist, all("ARTIST", "PERFORMER"))
	set(&t.Album, all("ALBUM"))
	set(&t.AlbumArtist, all("ALBUMARTIST", "ALBUM ARTIST"))
	set(&t.Genre, all("GENRE"))
	setNumber(&t.Track, all("TRACKNUMBER", "TRACK"))
	setNumber(&t.Disc, all("DISCNUMBER", "DISC"))
	setNumber(&t.Year, all("DATE", "YEAR", "ORIGINALDATE"))
}

// readPicture reads a picture block: its type and, unless it is only a link, the picture.
func readPicture(b []byte) (kind int64, p *Picture) {
	field := func() []byte {
		if len(b) < 4 || be32(b) > int64(len(b)-4) {
			b = nil
			return nil
		}
		n := be32(b)
		f := b[4 : 4+n]
		b = b[4+n:]
		return f
	}
	if len(b) < 4 {
		return 0, nil
	}
	kind, b = be32(b), b[4:]
	field() // the media type: the content tells it better
	field() // a description
	if len(b) < 16 {
		return 0, nil
	}
	b = b[16:] // width, height, depth and colours
	return kind, NewPicture(field())
}
