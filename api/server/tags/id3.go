package tags

import (
	"fmt"
	"io"

	"github.com/dhowden/tag"

	"github.com/segue-audio/segue/player/container"
)

// readID3 reads the ID3v2 tag in front, and an ID3v1 tag at the end for what that leaves open.
func readID3(r io.ReaderAt, size int64, t *Tags) {
	if end := id3End(r, size); end > 0 {
		readID3Values(r, end, t)
		v2, err := guarded(func() (tag.Metadata, error) {
			return tag.ReadID3v2Tags(io.NewSectionReader(r, 0, min(end, container.MaxTagBytes)))
		})
		if err == nil {
			takeID3(v2, t)
		}
	}
	if size < 128 {
		return
	}
	v1, err := guarded(func() (tag.Metadata, error) {
		return tag.ReadID3v1Tags(io.NewSectionReader(r, size-128, 128))
	})
	if err == nil {
		takeID3(v1, t)
	}
}

// guarded keeps a fault of the tag library from ending the server: its input is anyone's file.
func guarded(read func() (tag.Metadata, error)) (m tag.Metadata, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("tags: the tag library failed: %v", p)
		}
	}()
	if m, err = read(); err == nil && m == nil {
		err = tag.ErrNoTagsFound
	}
	return m, err
}

func takeID3(m tag.Metadata, t *Tags) {
	set(&t.Title, m.Title())
	set(&t.Artist, m.Artist())
	set(&t.Album, m.Album())
	set(&t.AlbumArtist, m.AlbumArtist())
	set(&t.Genre, m.Genre())
	track, _ := m.Track()
	disc, _ := m.Disc()
	for field, n := range map[*int]int{&t.Track: track, &t.Disc: disc, &t.Year: m.Year()} {
		if *field == 0 && n > 0 && n <= 9999 {
			*field = n
		}
	}
	front := t.Picture != nil
	for _, v := range m.Raw() { // repeated frames are told apart by their key, which varies
		switch v := v.(type) {
		case *tag.Comm:
			t.replayGain(clean(v.Description), clean(v.Text))
		case *tag.Picture:
			if isFront := v.Type == "Cover (front)"; !front && (isFront || t.Picture == nil) {
				if p := NewPicture(v.Data); p != nil {
					t.Picture, front = p, isFront
				}
			}
		}
	}
}
