package metadata

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"strings"
)

// PictureKind is what a picture shows, by ID3's list (ID3v2.4 frames, 4.14), which FLAC and Vorbis share.
type PictureKind int

// The kinds that players tell apart.
const (
	PictureOther  PictureKind = 0
	PictureIcon   PictureKind = 1
	PictureFront  PictureKind = 3 // the front cover
	PictureBack   PictureKind = 4
	PictureLeaf   PictureKind = 5 // a page of the booklet
	PictureMedia  PictureKind = 6 // the disc itself
	PictureArtist PictureKind = 8
)

// maxPictureKind is the last of ID3's list.
const maxPictureKind = 20

// Picture is cover art.
type Picture struct {
	MIME        string // by its bytes where those are known, else as the file says
	Kind        PictureKind
	Description string
	Size        int64 // bytes of Data, as far as the file says, whether or not Data was read
	// Data is the picture; nil where it was left out for its size (see Options) or couldn't be had.
	Data          []byte
	Width, Height int // pixels; zero where unknown
}

// describe takes MIME type and size in pixels from the picture's own bytes.
func (p *Picture) describe(head []byte) {
	if p.Kind < 0 || p.Kind > maxPictureKind {
		p.Kind = PictureOther
	}
	if mime := http.DetectContentType(head); strings.HasPrefix(mime, "image/") {
		p.MIME = mime
	}
	p.MIME = strings.ToLower(strings.TrimSpace(p.MIME))
	switch p.MIME {
	case "jpg", "jpeg", "image/jpg":
		p.MIME = "image/jpeg"
	case "png", "gif", "bmp", "webp":
		p.MIME = "image/" + p.MIME
	}
	if w, h := dimensions(head); w > 0 && h > 0 {
		p.Width, p.Height = w, h
	}
}

// dimensions reads the size of a PNG, GIF, BMP, WebP or JPEG picture from its first bytes; zero where
// they don't tell.
func dimensions(b []byte) (width, height int) {
	le, be := binary.LittleEndian, binary.BigEndian
	switch {
	case len(b) >= 24 && bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return pixels(be.Uint32(b[16:]), be.Uint32(b[20:]))
	case len(b) >= 10 && bytes.HasPrefix(b, []byte("GIF8")):
		return pixels(uint32(le.Uint16(b[6:])), uint32(le.Uint16(b[8:])))
	case len(b) >= 26 && bytes.HasPrefix(b, []byte("BM")):
		h := int32(le.Uint32(b[22:])) // negative for pictures from the top down
		return pixels(le.Uint32(b[18:]), uint32(max(h, -h)))
	case len(b) >= 30 && bytes.HasPrefix(b, []byte("RIFF")) && string(b[8:12]) == "WEBP":
		return webp(b)
	case len(b) >= 4 && b[0] == 0xff && b[1] == 0xd8:
		return jpeg(b)
	}
	return 0, 0
}

// pixels refuses sizes that no picture has.
func pixels(w, h uint32) (width, height int) {
	if w > 1<<20 || h > 1<<20 {
		return 0, 0
	}
	return int(w), int(h)
}

// webp reads the three kinds of WebP header.
func webp(b []byte) (width, height int) {
	le := binary.LittleEndian
	switch string(b[12:16]) {
	case "VP8 ":
		return pixels(uint32(le.Uint16(b[26:])&0x3fff), uint32(le.Uint16(b[28:])&0x3fff))
	case "VP8L":
		v := le.Uint32(b[21:])
		return pixels(v&0x3fff+1, v>>14&0x3fff+1)
	case "VP8X":
		return pixels((le.Uint32(b[24:])&0xff_ffff)+1, (le.Uint32(b[26:])>>8)+1)
	}
	return 0, 0
}

// jpeg looks for the start of frame among the markers.
func jpeg(b []byte) (width, height int) {
	for b = b[2:]; len(b) >= 9 && b[0] == 0xff; {
		marker := b[1]
		switch {
		case marker == 0xff: // filling
			b = b[1:]
			continue
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			return pixels(uint32(binary.BigEndian.Uint16(b[7:])), uint32(binary.BigEndian.Uint16(b[5:])))
		}
		n := 2 + int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) {
			break
		}
		b = b[n:]
	}
	return 0, 0
}
