package metadata

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// r128Offset moves a gain for R128's −23 LUFS to ReplayGain 2.0's −18.
const r128Offset media.Decibels = 5

// SMPB is the name of the field in which iTunes, and encoders that follow it, say of which length a stream's
// music is, and how much stands around it.
const SMPB = "ITUNSMPB"

// aliases are names that one thing goes by in Vorbis comments, APE items and user-defined ID3 frames.
var aliases = map[string]string{
	"ALBUM ARTIST": "ALBUMARTIST", "ALBUM_ARTIST": "ALBUMARTIST", "BAND": "ALBUMARTIST",
	"TRACK": "TRACKNUMBER", "TRACKNUM": "TRACKNUMBER", "TOTALTRACKS": "TRACKTOTAL",
	"DISC": "DISCNUMBER", "DISK": "DISCNUMBER", "DISCNUM": "DISCNUMBER", "TOTALDISCS": "DISCTOTAL",
	"YEAR": "DATE", "RECORDING_DATE": "DATE", "DESCRIPTION": "COMMENT",
	"UNSYNCED LYRICS": "LYRICS", "UNSYNCEDLYRICS": "LYRICS", "SYNCEDLYRICS": "LYRICS", "SYNCED LYRICS": "LYRICS",
}

// add takes a field under any of its names.
func (m *Metadata) add(name, value string) {
	name = strings.ToUpper(strings.TrimSpace(name))
	if a, ok := aliases[name]; ok {
		name = a
	}
	if several := strings.Trim(value, "\x00"); strings.Contains(several, "\x00") {
		for one := range strings.SplitSeq(several, "\x00") {
			m.add(name, one)
		}
		return
	}
	if value = strings.Trim(value, " \t\n\x00"); value == "" || len(m.Fields) >= MaxFields {
		return
	}
	switch {
	case strings.HasPrefix(name, "ITUN") && name != SMPB: // iTunNORM, iTunPGAP, iTunes_CDDB_…: iTunes's own
		return
	case name == "LYRICS":
		m.addLyrics(ParseLyrics(value))
	}
	for _, f := range m.Fields { // the same again, from another tag
		if f.Name == name && f.Value == value {
			return
		}
	}
	m.Fields = append(m.Fields, Field{name, value})
	m.note(name, value)
}

// note puts a field into Tags. What came first stays: readers begin with the tag that is to be believed
// most.
func (m *Metadata) note(name, value string) {
	t := &m.Tags
	switch name {
	case "TITLE":
		first(&t.Title, value)
	case "ARTIST":
		first(&t.Artist, value)
	case "ALBUM":
		first(&t.Album, value)
	case "ALBUMARTIST":
		first(&t.AlbumArtist, value)
	case "GENRE":
		first(&t.Genre, value)
	case "COMPOSER":
		first(&t.Composer, value)
	case "TRACKNUMBER":
		numbers(value, &t.Track, &t.Tracks)
	case "TRACKTOTAL":
		numbers(value, &t.Tracks, nil)
	case "DISCNUMBER":
		numbers(value, &t.Disc, &t.Discs)
	case "DISCTOTAL":
		numbers(value, &t.Discs, nil)
	case "DATE", "ORIGINALDATE":
		year(value, &t.Year)
	case "LENGTH":
		if ms, err := strconv.ParseInt(value, 10, 64); err == nil && ms > 0 && ms < 1<<40 && t.Duration == 0 {
			t.Duration = time.Duration(ms) * time.Millisecond
		}
	default:
		m.noteGain(name, value)
	}
}

// noteGain reads ReplayGain's fields and Opus's (RFC 7845, 5.2.1), which ReplayGain's own overrule.
func (m *Metadata) noteGain(name, value string) {
	t := &m.Tags
	switch name {
	case "REPLAYGAIN_TRACK_GAIN":
		t.TrackGain = gain(value, t.TrackGain)
	case "REPLAYGAIN_ALBUM_GAIN":
		t.AlbumGain = gain(value, t.AlbumGain)
	case "REPLAYGAIN_TRACK_PEAK":
		peak(value, &t.TrackPeak)
	case "REPLAYGAIN_ALBUM_PEAK":
		peak(value, &t.AlbumPeak)
	case "R128_TRACK_GAIN":
		t.TrackGain = r128(value, t.TrackGain)
	case "R128_ALBUM_GAIN":
		t.AlbumGain = r128(value, t.AlbumGain)
	}
}

// join puts all values of a field that has several into Tags, when a tag is at its end: fields from index
// from on are its own, and before is what Tags was without it.
func (m *Metadata) join(from int, before media.Tags) {
	t := &m.Tags
	for _, j := range []struct {
		name, before string
		to           *string
	}{
		{"TITLE", before.Title, &t.Title}, {"ARTIST", before.Artist, &t.Artist}, {"ALBUMARTIST", before.AlbumArtist, &t.AlbumArtist},
		{"COMPOSER", before.Composer, &t.Composer}, {"GENRE", before.Genre, &t.Genre},
	} {
		if j.before != "" {
			continue
		}
		var all []string
		for _, f := range m.Fields[from:] {
			if f.Name == j.name && len(all) < maxJoined {
				all = append(all, f.Value)
			}
		}
		if len(all) > 1 {
			*j.to = strings.Join(all, ", ")
		}
	}
}

// maxJoined bounds the values of one field that Tags holds.
const maxJoined = 64

func first(to *string, value string) {
	if *to == "" {
		*to = value
	}
}

// numbers reads "3" or "3/9".
func numbers(value string, n, of *int) {
	a, b, _ := strings.Cut(value, "/")
	number(a, n)
	if of != nil {
		number(b, of)
	}
}

func number(s string, to *int) {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	if n, err := strconv.ParseUint(s[:end], 10, 31); err == nil && *to == 0 {
		*to = int(n)
	}
}

// year finds four digits in a date: "2003-04-01", "01.04.2003".
func year(value string, to *int) {
	digits := 0
	for i := 0; i <= len(value); i++ {
		if i < len(value) && value[i] >= '0' && value[i] <= '9' {
			digits++
			continue
		}
		if digits == 4 && *to == 0 {
			number(value[i-4:i], to)
		}
		digits = 0
	}
}

// gain reads "-7.03 dB". before is what stands already, and stays.
func gain(value string, before *media.Decibels) *media.Decibels {
	if before != nil {
		return before
	}
	if v, ok := decimal(value); ok && math.Abs(v) <= 150 {
		d := media.Decibels(v)
		return &d
	}
	return nil
}

func peak(value string, to *float64) {
	if v, ok := decimal(value); ok && v > 0 && v < 1000 && *to == 0 {
		*to = v
	}
}

// decimal reads the number that a text begins with, in which some write a comma.
func decimal(value string) (float64, bool) {
	s := strings.ReplaceAll(strings.TrimSpace(value), ",", ".")
	end := 0
	for end < len(s) && strings.IndexByte("+-.0123456789eE", s[end]) >= 0 {
		end++
	}
	v, err := strconv.ParseFloat(s[:end], 64)
	return v, err == nil
}

// r128 reads a gain in 256ths of a decibel.
func r128(value string, before *media.Decibels) *media.Decibels {
	if before != nil {
		return before
	}
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 16)
	if err != nil {
		return nil
	}
	d := media.Decibels(n)/256 + r128Offset
	return &d
}
