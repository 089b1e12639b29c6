package main

import "time"

// report is what is known of one argument. Its JSON is the interface for scripts: names stay, and what
// isn't known is left out. Times are in seconds, rates in bits a second.
type report struct {
	What     string `json:"what"`                 // as given
	Protocol string `json:"protocol"`             // "file", "http", "https", "radio"
	Type     string `json:"media_type,omitempty"` // as the server says
	Bytes    int64  `json:"bytes,omitempty"`
	Ranges   *bool  `json:"ranges,omitempty"` // whether the server gives parts of it

	Manifest *manifestReport `json:"manifest,omitempty"`
	List     []string        `json:"list,omitempty"` // the places that a list of music names
	Radio    *radioReport    `json:"radio,omitempty"`
	Stream   *streamReport   `json:"stream,omitempty"`
	About    *aboutReport    `json:"about,omitempty"`

	Playable bool     `json:"playable"`
	Problem  *problem `json:"problem,omitempty"`
}

// problem is why something can't be played.
type problem struct {
	Code   int    `json:"code"` // of player.Kind
	Reason string `json:"reason"`
	Error  string `json:"error"`
	Advice string `json:"advice"`
}

// manifestReport is what a manifest says.
type manifestReport struct {
	Kind       string            `json:"kind"` // "HLS", "DASH"
	Live       bool              `json:"live"`
	Duration   seconds           `json:"duration,omitempty"`
	Renditions []renditionReport `json:"renditions"`
}

// renditionReport is one rendition of a presentation: what the manifest says, and what its first segment is.
type renditionReport struct {
	Bitrate    int64         `json:"bitrate,omitempty"` // peak
	Average    int64         `json:"average_bitrate,omitempty"`
	Codecs     string        `json:"codecs,omitempty"` // RFC 6381
	Name       string        `json:"name,omitempty"`
	Language   string        `json:"language,omitempty"`
	Segments   int           `json:"segments,omitempty"`
	Target     seconds       `json:"target,omitempty"`
	Duration   seconds       `json:"duration,omitempty"`
	Encryption []string      `json:"encryption,omitempty"`
	Stream     *streamReport `json:"stream,omitempty"`
	Problem    *problem      `json:"problem,omitempty"`
}

// radioReport is what a radio station says of itself.
type radioReport struct {
	Name  string `json:"name,omitempty"`
	Genre string `json:"genre,omitempty"`
	Title string `json:"title,omitempty"` // of what is on now, where it was said at once
}

// streamReport is what the sound is.
type streamReport struct {
	Container  string      `json:"container"`
	Codec      string      `json:"codec"`
	Profile    string      `json:"profile,omitempty"`
	SampleRate int         `json:"sample_rate,omitempty"` // of the music that comes out
	Channels   int         `json:"channels,omitempty"`
	BitDepth   int         `json:"bit_depth,omitempty"`
	Lossless   bool        `json:"lossless"`
	Duration   seconds     `json:"duration,omitempty"`
	Packets    int         `json:"packets,omitempty"`
	Bitrate    int64       `json:"bitrate,omitempty"` // of the packets, on average
	Trim       *trimReport `json:"trim,omitempty"`
	Decoded    *decoded    `json:"decoded,omitempty"`
}

// trimReport is which part of the decoded sound is music, in frames at the stream's rate.
type trimReport struct {
	Start  int64 `json:"start"`
	Length int64 `json:"length,omitempty"` // absent: to the end
}

// decoded is what came of decoding everything.
type decoded struct {
	Frames  int64  `json:"frames"` // before trimming
	Heard   int64  `json:"heard"`  // of them
	Packets int    `json:"packets"`
	Damaged int    `json:"damaged"`         // packets that couldn't be decoded
	Error   string `json:"error,omitempty"` // of the first
}

// aboutReport is what the music says of itself.
type aboutReport struct {
	Title       string          `json:"title,omitempty"`
	Artist      string          `json:"artist,omitempty"`
	Album       string          `json:"album,omitempty"`
	AlbumArtist string          `json:"album_artist,omitempty"`
	Composer    string          `json:"composer,omitempty"`
	Genre       string          `json:"genre,omitempty"`
	Year        int             `json:"year,omitempty"`
	Track       int             `json:"track,omitempty"`
	Disc        int             `json:"disc,omitempty"`
	TrackGain   *float64        `json:"track_gain_db,omitempty"`
	AlbumGain   *float64        `json:"album_gain_db,omitempty"`
	Pictures    []pictureReport `json:"pictures,omitempty"`
	Chapters    []chapterReport `json:"chapters,omitempty"`
	Lyrics      int             `json:"lyrics_lines,omitempty"`
	Fields      int             `json:"fields,omitempty"` // texts in all
}

// pictureReport is a cover or the like.
type pictureReport struct {
	Type  string `json:"type,omitempty"`
	Bytes int64  `json:"bytes,omitempty"`
}

// chapterReport is a part of the music with a name.
type chapterReport struct {
	Start seconds `json:"start"`
	Title string  `json:"title"`
}

// seconds is a time as JSON has it.
type seconds float64

func secondsOf(d time.Duration) seconds { return seconds(d.Seconds()) }
