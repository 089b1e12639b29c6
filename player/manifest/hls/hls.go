// Package hls reads HTTP Live Streaming playlists (RFC 8216 and its successor draft, protocol version 13)
// into the model of package manifest, and writes the ones that our backend serves.
//
// It takes the audio of a presentation and leaves the rest: variants with video serve for the sound in
// them; I-frame lists, subtitles and closed captions are passed over. Encryption of every METHOD and
// KEYFORMAT is told as it is written; who fetches says what can be played. I-frame playlists give
// manifest.ErrUnsupported, since there is no sound in them.
//
// Playlists in the wild are sloppier than the RFC, so comments before #EXTM3U, a byte order mark, stray
// spaces, a missing target duration and a missing newline at the end are forgiven, and what only informs (dates,
// date ranges, session data, reports, hints) is passed over where it can't be made sense of. Nothing is forgiven that leaves it open which bytes to play, or that tells of a
// playlist cut short.
package hls

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/internal/address"
)

// Limits beside those of package manifest.
const (
	maxResolvedBytes = 32 << 20 // all the URLs of a playlist, resolved
	maxVariables     = 1000
	maxAttributes    = 256    // of one tag
	maxRanges        = 10_000 // EXT-X-DATERANGE
	maxParts         = 50_000 // of all the segments
	maxSessionItems  = 1000   // EXT-X-SESSION-DATA
	maxSessionKeys   = 1000   // EXT-X-SESSION-KEY
	maxReports       = 1000   // EXT-X-RENDITION-REPORT
)

// Document is a parsed playlist: exactly one of Presentation and Playlist is set.
type Document struct {
	Presentation *manifest.Presentation // of a multivariant (master) playlist
	Playlist     *manifest.Playlist     // of a media playlist

	base      *url.URL
	variables map[string]string
	keepQuery bool // renditions differ by their query alone, so names must keep it

	begin *begin // of a multivariant playlist, for the media playlists that have none

	// What an update of a media playlist goes on from.
	queried bool     // names keep the query
	keyRuns []keyRun // of a playlist that isn't ended
}

// Parse reads a playlist of either kind. base is the URL that the playlist came from, after redirects.
// master is the document whose Presentation led here, and nil where the playlist is what the listener
// asked for: it gives the variables that the playlist imports, and the directory that names are relative
// to. Errors wrap manifest.ErrFormat, ErrUnsupported or ErrLimit and name the line.
//
// A Resource's Name is its URL relative to the directory of the topmost playlist, less query and fragment:
// with the master at https://h/media/TOKEN/t1/master.m3u8, segment 0.mp3 of rendition
// mp3-320/index.m3u8 is "mp3-320/0.mp3". On another host it is the whole URL, less query and fragment. Two
// additions keep names apart: a byte range adds "#offset+length", and where a playlist's resources (or
// a master's renditions) differ by nothing but the query, the query stays. Names are in the escaped form
// of URLs.
func Parse(data []byte, base *url.URL, master *Document) (*Document, error) {
	return ParseUpdate(data, base, master, nil)
}

// ParseUpdate is Parse for a media playlist that was read before: old is what that gave, and nil gives
// what Parse gives. A delta update (EXT-X-SKIP) takes from old the segments and date ranges that it leaves
// out; where old doesn't have them all, the error wraps manifest.ErrUpdate, and the playlist is to be asked
// for without _HLS_skip. A playlist without EXT-X-SKIP is read as a whole, and only named as old was. old
// is left as it is, and shares memory with the result.
func ParseUpdate(data []byte, base *url.URL, master, old *Document) (*Document, error) {
	if len(data) > manifest.MaxBytes {
		return nil, fmt.Errorf("hls: playlist of %d bytes: %w", len(data), manifest.ErrLimit)
	}
	if base == nil {
		base = &url.URL{}
	}
	if n := len(base.String()); n > address.MaxBytes {
		return nil, fmt.Errorf("hls: base URL of %d bytes: %w", n, manifest.ErrLimit)
	}
	p := parser{
		lines:     lineReader{rest: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))},
		base:      base,
		addresses: address.Maker{Scheme: base.Scheme, Limit: maxResolvedBytes},
		names:     namer{top: base},
		vars:      variables{query: base.Query()},
	}
	p.dir = address.Directory(base)
	if master != nil && master.base != nil {
		p.names.top, p.names.keepQuery = master.base, master.keepQuery
		p.vars.importable = master.variables
		p.media.begin = master.begin
	}
	if old != nil && old.Playlist != nil {
		p.media.old = old
		p.names.keepQuery = p.names.keepQuery || old.queried
	}
	doc, err := p.parse()
	if err != nil {
		return nil, fmt.Errorf("hls: %w", err)
	}
	return doc, nil
}

// Name gives the name, as of a Resource, of a rendition's playlist (or of anything else) that this
// document leads to.
func (d *Document) Name(u *url.URL) string {
	n := namer{top: d.base, keepQuery: d.keepQuery}
	return n.name(u)
}

// kind is what a playlist turned out to be; tags of both kinds in one playlist are an error
// (RFC 8216, 4.1).
type kind string

const (
	unknownKind kind = ""
	masterKind  kind = "multivariant"
	mediaKind   kind = "media"
)

type parser struct {
	lines     lineReader
	base      *url.URL
	dir       string // of base, where plain names can simply be appended to it; else ""
	names     namer
	vars      variables
	kind      kind
	addresses address.Maker

	master masterState
	media  mediaState
}

func (p *parser) parse() (*Document, error) {
	if err := p.header(); err != nil {
		return nil, err
	}
	for {
		line, ok, err := p.lines.next()
		if err != nil {
			return nil, p.at(err)
		}
		if !ok {
			break
		}
		if err := p.line(line); err != nil {
			return nil, p.at(err)
		}
	}
	doc := &Document{base: p.base, variables: p.vars.values}
	var err error
	switch p.kind {
	case masterKind:
		doc.begin = p.media.begin
		doc.Presentation, err = p.finishMaster()
		doc.keepQuery = p.names.keepQuery || queryTellsApart(doc.Presentation)
	case mediaKind:
		err = p.finishMedia(doc)
	default:
		err = malformed("no tag that tells a multivariant from a media playlist")
	}
	if err != nil {
		return nil, err
	}
	return doc, nil
}

// header finds #EXTM3U, which the RFC wants on the first line and people put comments before.
func (p *parser) header() error {
	for {
		line, ok, err := p.lines.next()
		if err != nil {
			return p.at(err)
		}
		switch {
		case !ok:
			return malformed("no #EXTM3U")
		case line == "#EXTM3U":
			return nil
		case line[0] != '#' || isTag(line):
			return p.at(malformed("does not begin with #EXTM3U"))
		}
	}
}

func (p *parser) line(line string) error {
	if line[0] != '#' {
		return p.uri(line)
	}
	if !isTag(line) {
		return nil
	}
	name, value := splitTag(line)
	switch name { // of both kinds
	case "EXT-X-DEFINE":
		return in(name, p.define(value))
	case "EXT-X-START":
		return in(name, p.start(value))
	}
	if handle, ok := masterTag(name); ok {
		if err := p.become(masterKind); err != nil {
			return in(name, err)
		}
		return in(name, handle(p, value))
	}
	if handle, ok := mediaTag(name); ok {
		if err := p.become(mediaKind); err != nil {
			return in(name, err)
		}
		return in(name, handle(p, value))
	}
	return nil // clients ignore the tags that they do not know (RFC 8216, 6.3.1)
}

func (p *parser) become(k kind) error {
	if p.kind != unknownKind && p.kind != k {
		return malformed("belongs to a %s playlist, in a %s playlist", k, p.kind)
	}
	p.kind = k
	return nil
}

func (p *parser) uri(line string) error {
	switch p.kind {
	case masterKind:
		return p.variantURI(line)
	case mediaKind:
		return p.segmentURI(line)
	}
	return malformed("a URI before any tag that says what it is")
}

// at adds the line that was read last.
func (p *parser) at(err error) error { return fmt.Errorf("line %d: %w", p.lines.number, err) }

// in adds the tag's name to an error.
func in(tag string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", tag, err)
}

func malformed(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, manifest.ErrFormat)...)
}

// informative passes over a fault in what the music doesn't depend on.
func informative(err error) error {
	if errors.Is(err, manifest.ErrLimit) {
		return err
	}
	return nil
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, manifest.ErrUnsupported)...)
}

func overLimit(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, manifest.ErrLimit)...)
}
