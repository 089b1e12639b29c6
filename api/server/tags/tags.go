// Package tags reads what a music file says of itself: ID3 in MP3, Vorbis comments in FLAC, RIFF
// INFO and ID3 in WAV, with ReplayGain and a picture. What a file leaves open is taken from its
// name and folders. Bad tags never make a file unusable: what can't be read is left out.
package tags

import (
	"encoding/binary"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// Limits on what tags may hold.
const (
	MaxText    = 1024     // bytes of one field; the rest is cut off
	MaxPicture = 16 << 20 // bytes of a picture; a greater one is left out
	maxBlocks  = 4096     // metadata blocks or chunks of one file
	maxComment = 1 << 20  // bytes of a FLAC's comments, or of RIFF INFO
	maxGain    = 64       // decibels either way; more is a slip of some tagger
	maxPeak    = 64       // 36 dB above full scale
)

// Tags are a file's tags with its picture.
type Tags struct {
	media.Tags
	Picture *Picture // nil where there is none
}

// Picture is cover art.
type Picture struct {
	Data []byte
	Ext  string // ".jpg", ".png", ".gif" or ".webp", by its content
}

// Read reads the tags of the file of size bytes that r reads. A file that has none gives the
// zero Tags.
func Read(r io.ReaderAt, size int64) Tags {
	var t Tags
	head := make([]byte, 12)
	n, _ := r.ReadAt(head, 0) // too short a file is no file with tags
	head = head[:n]
	switch {
	case strings.HasPrefix(string(head), "fLaC"):
		readFLAC(r, size, 4, &t)
	case isWave(head):
		readWave(r, size, &t)
	default:
		end := id3End(r, size)
		readID3(r, size, &t)
		if mark := make([]byte, 4); end > 0 {
			if _, err := r.ReadAt(mark, end); err == nil && string(mark) == "fLaC" {
				readFLAC(r, size, end+4, &t)
			}
		}
	}
	return t
}

func isWave(head []byte) bool {
	if len(head) < 12 || string(head[8:12]) != "WAVE" {
		return false
	}
	id := string(head[:4])
	return id == "RIFF" || id == "RF64" || id == "BW64"
}

// id3End tells where the ID3v2 tag ends that the file starts with; zero where there is none.
func id3End(r io.ReaderAt, size int64) int64 {
	h := make([]byte, 10)
	if _, err := r.ReadAt(h, 0); err != nil || string(h[:3]) != "ID3" {
		return 0
	}
	n := int64(10)
	for i, b := range h[6:] { // ID3v2.4, 3.1: seven bits a byte
		n += int64(b&0x7f) << (7 * (3 - i))
	}
	if h[5]&0x10 != 0 {
		n += 10 // a footer
	}
	if n > size || n > container.MaxTagBytes {
		return 0
	}
	return n
}

// set puts text into a field that is still empty.
func set(field *string, text string) {
	if *field == "" {
		*field = clean(text)
	}
}

// clean makes text fit to be shown: valid UTF-8 on one line, without the zeros that some formats
// end or part texts with.
func clean(s string) string {
	s = strings.Trim(s, "\x00 \t\r\n")
	s = strings.ReplaceAll(s, "\x00", ", ")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	s = strings.TrimSpace(s)
	if len(s) > MaxText {
		cut := MaxText
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = strings.TrimSpace(s[:cut])
	}
	return s
}

// number reads the leading digits of texts such as "3", "03/12" and "2004-05-06"; zero where
// there is none that makes sense.
func number(s string) int {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && end < 6 && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(s[:end])
	if err != nil || n > 9999 {
		return 0
	}
	return n
}

func setNumber(field *int, text string) {
	if *field == 0 {
		*field = number(text)
	}
}

// replayGain takes a field of ReplayGain 2.0, whatever its format, and says whether it was one.
func (t *Tags) replayGain(name, value string) bool {
	switch strings.ToLower(name) {
	case "replaygain_track_gain":
		setGain(&t.TrackGain, value)
	case "replaygain_album_gain":
		setGain(&t.AlbumGain, value)
	case "replaygain_track_peak":
		setPeak(&t.TrackPeak, value)
	case "replaygain_album_peak":
		setPeak(&t.AlbumPeak, value)
	default:
		return false
	}
	return true
}

func setGain(field **media.Decibels, s string) {
	s = strings.TrimSpace(s)
	if n := len(s) - 2; n > 0 && strings.EqualFold(s[n:], "dB") {
		s = strings.TrimSpace(s[:n])
	}
	if v, ok := decimal(s); ok && math.Abs(v) <= maxGain && *field == nil {
		d := media.Decibels(v)
		*field = &d
	}
}

func setPeak(field *float64, s string) {
	if v, ok := decimal(s); ok && v > 0 && v <= maxPeak && *field == 0 {
		*field = v
	}
}

// decimal reads a number as people write it, with a comma for a point in some countries, and
// refuses what strconv knows beyond that (NaN, hexadecimals).
func decimal(s string) (float64, bool) {
	s = strings.ReplaceAll(strings.TrimSpace(s), ",", ".")
	if s == "" || len(s) > 40 || strings.Trim(s, "+-.0123456789eE") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

// NewPicture takes data as a picture if it is one of the kinds that everything can show.
func NewPicture(data []byte) *Picture {
	if len(data) == 0 || len(data) > MaxPicture {
		return nil
	}
	ext, ok := map[string]string{"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp"}[http.DetectContentType(data)]
	if !ok {
		return nil
	}
	return &Picture{data, ext}
}

// readUpTo reads n bytes at off, or nil where the file doesn't hold them or n passes limit.
func readUpTo(r io.ReaderAt, off, n, limit, size int64) []byte {
	if n < 0 || n > limit || off < 0 || off > size-n {
		return nil
	}
	b := make([]byte, n)
	if _, err := r.ReadAt(b, off); err != nil && n > 0 {
		return nil
	}
	return b
}

func be32(b []byte) int64 { return int64(binary.BigEndian.Uint32(b)) }
func le32(b []byte) int64 { return int64(binary.LittleEndian.Uint32(b)) }
