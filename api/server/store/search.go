package store

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/segue-audio/segue/api"
)

// maxWords bounds the words of a search: each is one more walk through the index.
const maxWords = 12

// Search gives the tracks and albums that match text, at most limit of each, the best first. Each
// word has to begin a word of the title, artist or album; where nothing does, the words may also
// stand inside of others.
func (s *Store) Search(ctx context.Context, text string, limit int) (found api.SearchResult, err error) {
	found = api.SearchResult{Tracks: []api.Track{}, Albums: []api.Album{}}
	words := searchWords(text)
	if len(words) == 0 {
		return found, nil
	}
	if err := s.searchIn(ctx, "words", prefixQuery(words), limit, &found); err != nil {
		return found, err
	}
	parts := partsQuery(words)
	if len(found.Tracks)+len(found.Albums) > 0 || parts == "" {
		return found, nil
	}
	return found, s.searchIn(ctx, "parts", parts, limit, &found)
}

func (s *Store) searchIn(ctx context.Context, index, match string, limit int, found *api.SearchResult) error {
	// A hit in the title says more than one in the artist, and that more than one in the album.
	weigh := map[string][2]string{"words": {"bm25(track_words, 10, 5, 3)", "bm25(album_words, 10, 5)"}, "parts": {"rank", "rank"}}[index]
	tracks, err := s.trackList(ctx, "SELECT "+trackColumns+" FROM track_"+index+" f JOIN tracks t ON t.n = f.rowid WHERE track_"+index+
		" MATCH ? ORDER BY "+weigh[0]+", t.sort_key LIMIT ?", match, limit)
	if err != nil {
		return err
	}
	found.Tracks = append(found.Tracks, tracks...)
	rows, err := s.read.QueryContext(ctx, "SELECT "+albumColumns+" FROM album_"+index+" f JOIN albums a ON a.n = f.rowid WHERE album_"+index+
		" MATCH ? ORDER BY "+weigh[1]+", a.sort_key LIMIT ?", match, limit)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err says all
	for rows.Next() {
		a, err := scanAlbum(rows)
		if err != nil {
			return err
		}
		found.Albums = append(found.Albums, a)
	}
	return rows.Err()
}

// searchWords cuts text as the index's tokenizer does, at whatever is neither letter nor digit, so
// that nothing of FTS5's query language is left in it.
func searchWords(text string) []string {
	if len(text) > api.MaxQuerySize {
		text = text[:api.MaxQuerySize]
	}
	words := strings.FieldsFunc(strings.ToValidUTF8(text, " "), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.M, r) && !unicode.Is(unicode.Co, r)
	})
	return words[:min(len(words), maxWords)]
}

func prefixQuery(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteString(`"` + w + `"*`)
	}
	return b.String()
}

// partsQuery asks for the words of three runes and more, anywhere; "" where there is none, since
// a trigram index can't find fewer.
func partsQuery(words []string) string {
	var long []string
	for _, w := range words {
		if utf8.RuneCountInString(w) >= 3 {
			long = append(long, `"`+w+`"`)
		}
	}
	return strings.Join(long, " AND ")
}
