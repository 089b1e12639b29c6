package metadata

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/segue-audio/segue/player/media"
)

// maxICYInterval is how many bytes of audio may lie between two blocks of metadata; servers send some
// 8 to 32 thousand.
const maxICYInterval = 1 << 20

// Station is what the headers of an Internet radio's response say.
type Station struct {
	Name, Genre, Description, URL string
	Bitrate                       media.Bitrate // zero where unknown
	Interval                      int           // bytes of audio between two blocks of metadata; zero where there are none
}

// ParseStation reads icy-* headers, and those of Icecast that say the same. The error wraps ErrLimit where
// the interval makes no sense: the stream can't be taken apart then.
func ParseStation(h http.Header) (s Station, err error) {
	text := func(names ...string) string {
		for _, n := range names {
			if v := strings.TrimSpace(h.Get(n)); v != "" {
				return anyText([]byte(v[:min(len(v), 4096)]))
			}
		}
		return ""
	}
	s.Name, s.Genre = text("icy-name", "ice-name"), text("icy-genre", "ice-genre")
	s.Description, s.URL = text("icy-description", "ice-description"), text("icy-url", "ice-url")
	rate, _, _ := strings.Cut(text("icy-br", "ice-bitrate"), ",") // some repeat it
	if kbps, err := strconv.ParseUint(strings.TrimSpace(rate), 10, 16); err == nil {
		s.Bitrate = media.Kbps(int64(kbps))
	}
	if v := text("icy-metaint"); v != "" {
		n, err := strconv.ParseUint(v, 10, 31)
		if err != nil || n > maxICYInterval {
			return s, fmt.Errorf("icy-metaint %q: %w", v, ErrLimit)
		}
		s.Interval = int(n)
	}
	return s, nil
}

// Title is what a radio says it is playing.
type Title struct {
	Text   string // StreamTitle as it is
	Artist string // in front of " - " in it; empty where there is no such part
	Title  string // behind it, else all
	URL    string // StreamUrl: often a picture, or the station's page
}

// ParseTitle reads a block of ICY metadata: StreamTitle='…';StreamUrl='…';
func ParseTitle(block []byte) (t Title) {
	s := anyText(block)
	t.Text, t.URL = icyValue(s, "StreamTitle"), icyValue(s, "StreamUrl")
	if artist, title, ok := strings.Cut(t.Text, " - "); ok {
		t.Artist, t.Title = strings.TrimSpace(artist), strings.TrimSpace(title)
	} else {
		t.Title = t.Text
	}
	return t
}

// Metadata is the title as a moment of a stream has it: Tags, and the Fields STREAMTITLE and STREAMURL.
func (t Title) Metadata() (m Metadata) {
	m.Tags.Title, m.Tags.Artist = t.Title, t.Artist
	for _, f := range []Field{{"TITLE", t.Title}, {"ARTIST", t.Artist}, {"STREAMTITLE", t.Text}, {"STREAMURL", t.URL}} {
		if f.Value != "" || f.Name == "STREAMTITLE" {
			m.Fields = append(m.Fields, f)
		}
	}
	return m
}

// icyValue finds a value. Titles have quotes in them that nobody escapes, so one ends where the next key
// begins, or the block.
func icyValue(s, key string) string {
	lower := strings.ToLower(s)
	i := strings.Index(lower, strings.ToLower(key)+"='")
	if i < 0 || len(lower) != len(s) {
		return ""
	}
	v := s[i+len(key)+2:]
	end := strings.LastIndexByte(v, '\'')
	for at := 0; ; {
		k := strings.Index(v[at:], "';")
		if k < 0 {
			break
		}
		at += k + 2
		rest := strings.TrimLeft(v[at:], " \x00")
		if next := strings.IndexByte(rest, '='); rest == "" || next > 0 && strings.HasPrefix(rest[next:], "='") && icyKey(rest[:next]) {
			end = at - 2
			break
		}
	}
	if end < 0 {
		return strings.TrimSpace(v) // cut
	}
	return strings.TrimSpace(v[:end])
}

// icyKey tells whether a word may be a key: letters, digits and "_".
func icyKey(s string) bool {
	return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// ICYReader takes the titles out of an Internet radio's stream: what is read from it is audio alone. It
// is used by one goroutine at a time.
type ICYReader struct {
	r        io.Reader
	interval int
	left     int   // bytes of audio in front of the next block
	read     int64 // bytes of audio so far
	heard    func(at int64, block []byte)
	block    []byte
	err      error
}

// NewICYReader reads a stream that has metadata behind every interval bytes of audio, none where that is
// not positive. heard is given each block that isn't empty, with the offset, in bytes of audio, from which
// on it holds; the block is valid until it returns. It is called from within Read.
func NewICYReader(r io.Reader, interval int, heard func(at int64, block []byte)) *ICYReader {
	return &ICYReader{r: r, interval: interval, left: interval, heard: heard, block: make([]byte, 255*16)}
}

// Read gives audio: some, or the error of the stream below. A stream that ends within a block of metadata
// gives io.ErrUnexpectedEOF.
func (r *ICYReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if r.interval > 0 && r.left == 0 {
		if r.err = r.metadata(); r.err != nil {
			return 0, r.err
		}
		r.left = r.interval
	}
	if r.interval > 0 {
		p = p[:min(len(p), r.left)]
	}
	n, err := r.r.Read(p)
	r.left -= n
	r.read += int64(n)
	r.err = err
	return n, err
}

// metadata reads a block: its length in units of 16 bytes, then so many, filled up with zeros.
func (r *ICYReader) metadata() error {
	if _, err := io.ReadFull(r.r, r.block[:1]); err != nil {
		return err
	}
	b := r.block[:int(r.block[0])*16]
	if _, err := io.ReadFull(r.r, b); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	if len(b) > 0 && r.heard != nil {
		r.heard(r.read, b)
	}
	return nil
}
