package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/segue-audio/segue/api"
)

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func put(t testing.TB, s *Store, path string, tr api.Track) {
	t.Helper()
	if tr.AlbumID == "" {
		tr.AlbumID = "al-" + tr.Album
	}
	err := s.PutTrack(context.Background(), Track{Track: tr, Packager: "1", Edition: "e", WrappedKey: []byte{1}}, File{Path: path, Size: 1})
	if err != nil {
		t.Fatal(err)
	}
}

func ids(list []api.Track) string {
	var out []string
	for _, t := range list {
		out = append(out, t.ID)
	}
	return strings.Join(out, " ")
}

func TestSearch(t *testing.T) {
	s := open(t, t.TempDir())
	put(t, s, "1", api.Track{ID: "jóga", Title: "Jóga", Artist: "Björk", Album: "Homogenic"})
	put(t, s, "2", api.Track{ID: "acdc", Title: "Back in Black", Artist: "AC/DC", Album: "Back in Black"})
	put(t, s, "3", api.Track{ID: "black", Title: "Black", Artist: "Pearl Jam", Album: "Ten"})
	put(t, s, "4", api.Track{ID: "hanami", Title: "花見の歌", Artist: "東京楽団", Album: "四季"})
	put(t, s, "5", api.Track{ID: "quote", Title: `Say "OR" NOT`, Artist: "Near*", Album: "title:col"})
	for _, c := range []struct{ q, tracks string }{
		{"joga", "jóga"},
		{"JÓGA", "jóga"},
		{"bjo hom", "jóga"},             // prefixes, across columns
		{"bjork black", ""},             // every word counts
		{"black", "black acdc"},         // the whole title before a part of it
		{"ac/dc", "acdc"},               // punctuation only parts words
		{"mogen", "jóga"},               // inside a word: only the trigrams find it
		{"ogá", "jóga"},                 // and they, too, ignore diacritics
		{"花見", "hanami"},                // no spaces to part words at
		{"見の歌", "hanami"},               //
		{`"OR" NOT`, "quote"},           // the query language is not for callers
		{"near*", "quote"},              //
		{"title:col", "quote"},          //
		{"^black", "black acdc"},        //
		{"", ""},                        //
		{`" * ( ) -`, ""},               //
		{"zz", ""},                      //
		{"\xff\x00black", "black acdc"}, //
		{strings.Repeat("black ", 500), "black acdc"},
	} {
		got, err := s.Search(context.Background(), c.q, 10)
		if err != nil {
			t.Errorf("search %q: %v", c.q, err)
		} else if ids(got.Tracks) != c.tracks {
			t.Errorf("search %q = %q, want %q", c.q, ids(got.Tracks), c.tracks)
		}
	}
	got, err := s.Search(context.Background(), "homogenic", 10)
	if err != nil || len(got.Albums) != 1 || got.Albums[0].Title != "Homogenic" {
		t.Errorf("albums: %+v, %v", got.Albums, err)
	}
}

func TestPages(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := context.Background()
	var want []string
	for i := range 25 {
		id := fmt.Sprintf("t%02d", i)
		want = append(want, id)
		put(t, s, id, api.Track{ID: id, Title: "x", Artist: "The Ärtist", Album: "A", TrackNo: i + 1})
	}
	var got []string
	cursor := ""
	for range 10 {
		page, next, err := s.Tracks(ctx, cursor, 10)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Fields(ids(page))...)
		if cursor = next; cursor == "" {
			break
		}
		put(t, s, "new"+next[:3], api.Track{ID: "new" + next[len(next)-3:], Title: "x", Artist: "Aaa", Album: "A2"}) // before the cursor: must not shift the pages
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages give %v", got)
	}
	if _, _, err := s.Tracks(ctx, "%%%", 10); !errors.Is(err, ErrCursor) {
		t.Errorf("rubbish as a cursor: %v", err)
	}
	albums, next, err := s.Albums(ctx, "", 2)
	if err != nil || len(albums) != 2 || next != "" || albums[1].TrackCount != 25 {
		t.Errorf("albums: %+v %q %v", albums, next, err)
	}
}

func TestAlbumFollowsItsTracks(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := context.Background()
	put(t, s, "b", api.Track{ID: "b", Title: "B", Artist: "Two", Album: "Mix", TrackNo: 2, DurationMS: 10})
	put(t, s, "a", api.Track{ID: "a", Title: "A", Artist: "One", Album: "Mix", TrackNo: 1, DurationMS: 5})
	a, err := s.Album(ctx, "al-Mix")
	if err != nil || a.Artist != VariousArtists || a.DurationMS != 15 || ids(a.Tracks) != "a b" {
		t.Fatalf("%+v, %v", a, err)
	}
	gone, err := s.Keep(ctx, map[string]bool{"a": true})
	if err != nil || !slices.Equal(gone, []string{"b"}) {
		t.Fatalf("gone %v, %v", gone, err)
	}
	if a, err = s.Album(ctx, "al-Mix"); err != nil || a.Artist != "One" || a.TrackCount != 1 {
		t.Errorf("after removal: %+v, %v", a, err)
	}
	if _, err := s.Keep(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Album(ctx, "al-Mix"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an album without tracks: %v", err)
	}
	for _, q := range []string{"mix", "ix", "one"} {
		if found, err := s.Search(ctx, q, 5); err != nil || len(found.Tracks)+len(found.Albums) != 0 {
			t.Errorf("%q still finds %+v, %v", q, found, err)
		}
	}
}

// Two files of the same bytes are one track, which stays until the second is gone.
func TestTwoFilesOneTrack(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := context.Background()
	tr := api.Track{ID: "a", Title: "A", Artist: "One", Album: "Mix"}
	put(t, s, "x/1", tr)
	put(t, s, "y/1", tr)
	if gone, err := s.Keep(ctx, map[string]bool{"y/1": true}); err != nil || len(gone) != 0 {
		t.Errorf("gone %v, %v", gone, err)
	}
	if gone, err := s.Keep(ctx, nil); err != nil || !slices.Equal(gone, []string{"a"}) {
		t.Errorf("gone %v, %v", gone, err)
	}
}

func TestReopen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "with ? and # in it")
	s := open(t, dir)
	gain := -6.5
	want := api.Track{ID: "a", Title: "A", Artist: "One", Album: "Mix", AlbumID: "m", TrackNo: 3, DiscNo: 1, Year: 1999, Genre: "g",
		DurationMS: 1234, Lossless: true, TrackGainDB: &gain}
	put(t, s, "p", want)
	if _, err := Open(context.Background(), dir); !errors.Is(err, ErrInUse) {
		t.Errorf("a second server on the folder: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	s = open(t, dir)
	got, err := s.Track(context.Background(), "a")
	if err != nil || *got.TrackGainDB != gain || got.TrackPeak != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	got.TrackGainDB = want.TrackGainDB
	if got.Track != want {
		t.Errorf("got %+v, want %+v", got.Track, want)
	}
	if entries, _ := os.ReadDir(dir); len(entries) < 2 {
		t.Errorf("the database is not in its folder: %v", entries)
	}
}

// What anyone may type must give an answer and never a fault of the query language.
func FuzzSearch(f *testing.F) {
	s := open(f, f.TempDir())
	put(f, s, "1", api.Track{ID: "a", Title: "Jóga", Artist: "Björk", Album: "Homogenic"})
	for _, q := range []string{"jo", `"`, "a AND b", "NEAR(a b)", "{title}: x", "\x00", "é\u0301", "😀", "²", "ⅷ", "a\u200db", "\ue000x"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		if _, err := s.Search(context.Background(), q, 5); err != nil {
			t.Errorf("search %q: %v", q, err)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(sealCursor("a\x01b"))
	f.Fuzz(func(t *testing.T, c string) {
		key, err := openCursor(c)
		if err == nil && len(key) > maxCursor {
			t.Errorf("a key of %d bytes", len(key))
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	s := open(b, b.TempDir())
	words := strings.Fields("amber birch cedar dune ember frost glade harbour iris juniper kelp lark moss night opal pine quartz river stone thistle")
	for i := range 5000 {
		w := func(n int) string { return words[(i*n+i/20*n)%len(words)] }
		put(b, s, fmt.Sprint(i), api.Track{ID: fmt.Sprint(i), Title: w(3) + " " + w(7), Artist: w(11), Album: fmt.Sprint(w(13), i/12)})
	}
	for _, q := range []string{"amb", "river pine", "arbou", "zzzz"} {
		b.Run(q, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Search(context.Background(), q, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
