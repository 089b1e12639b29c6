package tags

import (
	"io"
	"unicode/utf8"
)

// readWave reads the INFO list and the ID3 chunk of a WAV file, wherever they stand.
func readWave(r io.ReaderAt, size int64, t *Tags) {
	off := int64(12)
	for range maxBlocks {
		h := readUpTo(r, off, 8, 8, size)
		if h == nil {
			return
		}
		n := le32(h[4:])
		off += 8
		switch string(h[:4]) {
		case "LIST":
			if b := readUpTo(r, off, n, maxComment, size); len(b) >= 4 && string(b[:4]) == "INFO" {
				readInfo(b[4:], t)
			}
		case "id3 ", "ID3 ":
			if n <= size-off {
				readID3(io.NewSectionReader(r, off, n), n, t)
			}
		}
		off += n + n&1 // chunks start at even offsets
	}
}

func readInfo(b []byte, t *Tags) {
	for len(b) >= 8 {
		n := le32(b[4:])
		if n > int64(len(b)-8) {
			return
		}
		value := b[8 : 8+n]
		text := string(value)
		if !utf8.Valid(value) { // the format leaves the encoding open; what isn't UTF-8 was most likely written on Windows
			runes := make([]rune, len(value))
			for i, c := range value {
				runes[i] = rune(c)
			}
			text = string(runes)
		}
		switch string(b[:4]) {
		case "INAM":
			set(&t.Title, text)
		case "IART":
			set(&t.Artist, text)
		case "IPRD":
			set(&t.Album, text)
		case "IGNR":
			set(&t.Genre, text)
		case "ICRD":
			setNumber(&t.Year, text)
		case "ITRK", "IPRT":
			setNumber(&t.Track, text)
		}
		b = b[min(int64(len(b)), 8+n+n&1):]
	}
}
