package store

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/segue-audio/segue/api"
)

// maxCursor bounds a cursor in bytes: names in it are cut, see fold.
const maxCursor = 4096

// A sort key holds the whole order of an entry in one text, so that a page goes on from the key
// of its last entry, however the catalogue changed in between.
func trackSortKey(t api.Track) string {
	artist := t.AlbumArtist
	if artist == "" {
		artist = t.Artist
	}
	return strings.Join([]string{fold(artist), fold(t.Album), t.AlbumID, fmt.Sprintf("%04d%05d", t.DiscNo, t.TrackNo), fold(t.Title), t.ID}, "\x01")
}

func albumSortKey(a api.Album) string {
	return strings.Join([]string{fold(a.Artist), fmt.Sprintf("%04d", a.Year), fold(a.Title), a.ID}, "\x01")
}

// fold makes a name comparable: lower case, no diacritics, no leading article, cut to 200 runes.
func fold(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range norm.NFD.String(strings.ToLower(strings.TrimSpace(s))) {
		if unicode.Is(unicode.Mn, r) || r < ' ' {
			continue
		}
		if n++; n > 200 {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimPrefix(b.String(), "the ")
}

func sealCursor(key string) string { return base64.RawURLEncoding.EncodeToString([]byte(key)) }

func openCursor(c string) (string, error) {
	if len(c) > maxCursor {
		return "", ErrCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil {
		return "", ErrCursor
	}
	return string(b), nil
}
