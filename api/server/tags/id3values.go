package tags

import (
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf16"
)

// maxID3Text bounds a text frame, and with it what is read of a tag for texts.
const maxID3Text = 64 << 10

// readID3Values reads the text frames that may hold several values, and dates. ID3v2.4 parts them by zeros
// (4.2), which the tag library drops, so that two artists come out as one word. Tags of a rarer
// make (unsynchronised, or with an extended header) are left to the library.
func readID3Values(r io.ReaderAt, end int64, t *Tags) {
	h := readUpTo(r, 0, 10, 10, end)
	if h == nil || h[3] != 3 && h[3] != 4 || h[5]&0xc0 != 0 {
		return
	}
	numbers := map[string]*int{"TDRC": &t.Year, "TYER": &t.Year, "TDRL": &t.Year} // the library takes no year from a whole date
	fields := map[string]*string{"TIT2": &t.Title, "TPE1": &t.Artist, "TPE2": &t.AlbumArtist, "TALB": &t.Album}
	off := int64(10)
	for range maxBlocks {
		f := readUpTo(r, off, 10, 10, end)
		if f == nil || f[0] == 0 { // padding
			return
		}
		n := be32(f[4:])
		if h[3] == 4 { // seven bits a byte since 2.4
			n = n&0x7f | n>>1&(0x7f<<7) | n>>2&(0x7f<<14) | n>>3&(0x7f<<21)
		}
		field, number := fields[string(f[:4])], numbers[string(f[:4])]
		if (field != nil || number != nil) && f[9] == 0 { // neither compressed nor encrypted
			b := readUpTo(r, off+10, n, maxID3Text, end)
			switch {
			case len(b) < 2:
			case field != nil:
				set(field, strings.Trim(id3Text(b[0], b[1:]), "\x00"))
			default:
				setNumber(number, id3Text(b[0], b[1:]))
			}
		}
		off += 10 + n
	}
}

// id3Text decodes a text by ID3's number of its encoding (ID3v2.4, 4).
func id3Text(encoding byte, b []byte) string {
	switch encoding {
	case 0:
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes)
	case 1, 2:
		var order binary.ByteOrder = binary.BigEndian
		units := make([]uint16, 0, len(b)/2)
		for i := 0; i+1 < len(b); i += 2 {
			switch u := order.Uint16(b[i:]); u {
			case 0xfeff: // each value has its own mark
			case 0xfffe:
				order = binary.LittleEndian
			default:
				units = append(units, u)
			}
		}
		return string(utf16.Decode(units))
	}
	return string(b)
}
