package tags

import (
	"path"
	"regexp"
	"strings"
)

// Names for what neither tags nor folders tell.
const (
	UnknownArtist = "Unknown Artist"
	UnknownAlbum  = "Unknown Album"
)

// Namer fills gaps in tags from paths.
type Namer struct {
	numbered *regexp.Regexp // "01 Title", "1-03. Title"
	disc     *regexp.Regexp // "CD 2"
}

// NewNamer makes a Namer, which any number of goroutines may use.
func NewNamer() *Namer {
	return &Namer{
		numbered: regexp.MustCompile(`^(?:([0-9]{1,2})-)?([0-9]{1,3})(?:[ ._]|\s*[-–—.)]\s*)+(\S.*)$`),
		disc:     regexp.MustCompile(`(?i)^(?:cd|dis[ck])[ ._-]*([0-9]{1,2})$`),
	}
}

// Fill completes t from the path of the file below the music folder: Artist/Album/01 Title.flac,
// with a folder for each disc between album and title or without. It leaves no name empty.
func (n *Namer) Fill(t *Tags, file string) {
	title := clean(strings.TrimSuffix(path.Base(file), path.Ext(file)))
	folders := strings.Split(path.Dir(file), "/")
	if folders[0] == "." {
		folders = nil
	}
	if last := len(folders) - 1; last >= 0 {
		if m := n.disc.FindStringSubmatch(folders[last]); m != nil {
			setNumber(&t.Disc, m[1])
			folders = folders[:last]
		}
	}
	if m := n.numbered.FindStringSubmatch(title); m != nil {
		setNumber(&t.Disc, m[1])
		setNumber(&t.Track, m[2])
		title = m[3]
	}
	album, artist := UnknownAlbum, UnknownArtist
	if last := len(folders) - 1; last >= 0 {
		album = folders[last]
		if last > 0 {
			artist = folders[last-1]
		}
	}
	if t.Artist == "" {
		if t.AlbumArtist != "" {
			artist = t.AlbumArtist
		} else if t.Title == "" {
			if a, rest, ok := strings.Cut(title, " - "); ok && len(folders) < 2 { // "Artist - Title" in a flat folder
				artist, title = a, rest
			}
		}
	}
	set(&t.Title, title)
	set(&t.Artist, artist)
	set(&t.Album, album)
	// A name may have been nothing but what clean takes away.
	set(&t.Title, "Untitled")
	set(&t.Artist, UnknownArtist)
	set(&t.Album, UnknownAlbum)
}

// AlbumKey tells albums apart: by title and album artist where that is tagged, else by title and
// folder, so that a compilation holds together and two albums called "Greatest Hits" don't.
func (n *Namer) AlbumKey(t Tags, file string) string {
	if t.AlbumArtist != "" {
		return strings.ToLower("artist\x00" + t.AlbumArtist + "\x00" + t.Album)
	}
	dir := path.Dir(file)
	if n.disc.MatchString(path.Base(dir)) {
		dir = path.Dir(dir)
	}
	return strings.ToLower("folder\x00" + dir + "\x00" + t.Album)
}
