// Package metadata reads what audio says of itself: tags, cover art, chapters, lyrics, loudness, and
// the titles that a live stream carries. It knows ID3, APE, Vorbis comments, FLAC's blocks, iTunes's
// atoms, RIFF and AIFF chunks, ICY, LRC and WebVTT. It writes none of them, and refuses whatever has to
// be looked up elsewhere: linked pictures, databases.
//
// Everything is read through io.ReaderAt, and no more of it than is wanted: a cover of five megabytes
// between two titles is stepped over, not fetched. All it reads is untrusted: each count and length has
// a limit here, and bad input gives an error, never a panic.
package metadata

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// Limits on what a file may say of itself. What is beyond them is left out; see ErrLimit.
const (
	MaxTagBytes     = 64 << 20 // one tag, pictures included
	MaxPictureBytes = 16 << 20 // one picture
	MaxTextBytes    = 1 << 20  // one text, lyrics included
	MaxPrivateBytes = 64 << 10 // one Private
	MaxFields       = 4096     // texts, pictures or boxes of one tag
	MaxPictures     = 64
	MaxChapters     = 4096
	MaxLines        = 20_000 // of one Lyrics
)

// Errors that all readers wrap. What was read before one stays.
var (
	// ErrFormat: the bytes are not what they claim to be, or end too early.
	ErrFormat = errors.New("not valid metadata")
	// ErrLimit: more than a limit named above.
	ErrLimit = errors.New("metadata limit exceeded")
	// ErrUnsupported: valid, but of a kind that isn't read.
	ErrUnsupported = errors.New("unsupported metadata")
)

// Metadata is what a file, or a moment of a stream, says of itself. Slices in it may be shared: they are
// not to be written to.
type Metadata struct {
	Tags     media.Tags
	Fields   []Field // every text, those in Tags included
	Pictures []Picture
	Chapters []Chapter // by time
	Lyrics   []Lyrics
	Private  []Private
	Station  *Station // of an Internet radio; nil for all else
}

// Field is a text under a name as Vorbis comments have it: upper case, TITLE, TRACKNUMBER, ISRC. The
// other formats' names are put into it where they have a counterpart. A field with several values comes
// several times.
type Field struct{ Name, Value string }

// Private is data for programs (ID3's PRIV).
type Private struct {
	Owner string // who defines Data: an address, or a name
	Data  []byte
}

// Chapter is a part of a track with a name.
type Chapter struct {
	Start, End time.Duration // End is zero where only the next Start, or the end of the track, tells
	Title      string
	Picture    *Picture // nil where it has none of its own
}

// Timed is metadata that belongs to a moment of a stream.
type Timed struct {
	Time     media.Frames // on the stream's raw timeline, as a packet's
	Metadata Metadata
}

// Empty tells whether nothing was found.
func (m *Metadata) Empty() bool {
	return len(m.Fields)+len(m.Pictures)+len(m.Chapters)+len(m.Lyrics)+len(m.Private) == 0 && m.Station == nil && m.Tags == (media.Tags{})
}

// Field gives the first value of a field by its name in upper case; empty where it is absent.
func (m *Metadata) Field(name string) string {
	for _, f := range m.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Cover gives the picture to show for the whole: the front cover, else the first; nil where there is
// none.
func (m *Metadata) Cover() *Picture {
	if i := slices.IndexFunc(m.Pictures, func(p Picture) bool { return p.Kind == PictureFront }); i >= 0 {
		return &m.Pictures[i]
	}
	if len(m.Pictures) > 0 {
		return &m.Pictures[0]
	}
	return nil
}

// ChapterAt gives the index of the chapter that holds moment t: of those that do, the one that began
// last. It is −1 in front of the first one and in a gap.
func (m *Metadata) ChapterAt(t time.Duration) int {
	for i := len(m.Chapters) - 1; i >= 0; i-- {
		if c := &m.Chapters[i]; c.Start <= t && (c.End <= c.Start || t < c.End) {
			return i
		}
	}
	return -1
}

// SyncedLyrics gives the first lyrics with times; nil where there are none.
func (m *Metadata) SyncedLyrics() *Lyrics {
	for i := range m.Lyrics {
		if len(m.Lyrics[i].Lines) > 0 {
			return &m.Lyrics[i]
		}
	}
	return nil
}

// sortChapters puts them into the order of time and cuts what is over the limit.
func (m *Metadata) sortChapters() {
	slices.SortStableFunc(m.Chapters, func(a, b Chapter) int { return int(min(max(a.Start-b.Start, -1), 1)) })
	m.Chapters = m.Chapters[:min(len(m.Chapters), MaxChapters)]
}

// addPicture keeps a picture, unless there are many already or the same again (as in two tags of a file).
func (m *Metadata) addPicture(p Picture) {
	same := func(q Picture) bool {
		return q.Kind == p.Kind && q.Size == p.Size && q.Description == p.Description && string(q.Data) == string(p.Data)
	}
	if len(m.Pictures) < MaxPictures && !slices.ContainsFunc(m.Pictures, same) {
		m.Pictures = append(m.Pictures, p)
	}
}

// addLyrics keeps lyrics; what has neither lines nor text is none.
func (m *Metadata) addLyrics(l Lyrics) {
	if l.Plain = strings.TrimSpace(l.Plain); (l.Plain != "" || len(l.Lines) > 0) && len(m.Lyrics) < MaxPictures {
		m.Lyrics = append(m.Lyrics, l)
	}
}
