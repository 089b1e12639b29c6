package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/player"
)

// memory keeps notes for a test.
type memory struct {
	mu   sync.Mutex
	docs map[string][]byte
}

func (m *memory) PutDocument(_ context.Context, key string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.docs == nil {
		m.docs = map[string][]byte{}
	}
	m.docs[key] = slices.Clone(data)
	return nil
}

func (m *memory) Document(_ context.Context, key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.docs[key]
	return data, ok
}

// shopServer answers like a Segue server with one album of three tracks, t0 to t2; t1 can't be
// played. Each leave to play is for another URL.
func shopServer(t *testing.T) *httptest.Server {
	track := func(id string) api.Track {
		gain := -6.5
		return api.Track{ID: id, Title: "Title " + id, Artist: "Artist", Album: "Album", AlbumID: "al", DurationMS: 61000, TrackGainDB: &gain}
	}
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}
	var mu sync.Mutex
	leaves := 0
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/tracks/{id}/playback", func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		if id != "t0" && id != "t2" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			answer(w, api.Problem{Title: "Not found", Status: 404, Code: api.CodeNotFound})
			return
		}
		mu.Lock()
		leaves++
		url := fmt.Sprintf("/media/token%d/%s/master.m3u8", leaves, id)
		mu.Unlock()
		answer(w, api.Playback{ManifestURL: url, ContentID: "content-" + id, ExpiresAt: time.Now().Add(time.Hour), Track: track(id)})
	})
	mux.HandleFunc("GET /v1/albums/al", func(w http.ResponseWriter, r *http.Request) {
		answer(w, api.Album{ID: "al", Title: "Album", Tracks: []api.Track{track("t0"), track("t1"), track("t2")}})
	})
	mux.HandleFunc("GET /v1/albums", func(w http.ResponseWriter, r *http.Request) {
		answer(w, api.AlbumPage{Items: []api.Album{{ID: "al", Title: "Album", TrackCount: 3}}})
	})
	mux.HandleFunc("GET /v1/albums/al/cover", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("picture")) })
	mux.HandleFunc("GET /v1/search", func(w http.ResponseWriter, r *http.Request) {
		answer(w, api.SearchResult{Tracks: []api.Track{track(r.URL.Query().Get("q"))}, Albums: []api.Album{{ID: "al"}}})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func testLibrary(t *testing.T, server string, kept notes) (*library, *[]error) {
	t.Helper()
	var told []error
	lib, err := newLibrary(options{Server: server}, kept, slog.New(slog.DiscardHandler), func(err error) { told = append(told, err) })
	if err != nil {
		t.Fatal(err)
	}
	return lib, &told
}

func TestTrackItem(t *testing.T) {
	lib, _ := testLibrary(t, shopServer(t).URL, nil)
	it, err := lib.trackItem(t.Context(), "t0")
	if err != nil {
		t.Fatal(err)
	}
	if it.Title != "Title t0" || it.ContentID != "content-t0" || it.Duration != 61*time.Second || it.URL != "" ||
		it.Tags.TrackGain == nil || *it.Tags.TrackGain != -6.5 || it.Tags.AlbumGain != nil {
		t.Errorf("%+v", it)
	}
	// The leave that came with the look-up is used first, then a new one is asked for each time.
	for _, token := range []string{"/token1/", "/token2/", "/token3/"} {
		if l, err := it.Resolve(t.Context()); err != nil || !strings.Contains(l.URL, token) {
			t.Errorf("%v, %v; want %s", l, err, token)
		}
	}
}

func TestAlbumLeavesOutWhatCannotBePlayed(t *testing.T) {
	lib, _ := testLibrary(t, shopServer(t).URL, nil)
	items, errs := lib.albumItems(t.Context(), "al")
	if len(items) != 2 || items[0].Title != "Title t0" || items[1].Title != "Title t2" {
		t.Errorf("%+v", items)
	}
	if len(errs) != 1 || !errors.Is(errs[0], player.KindNotFound) || !strings.Contains(errs[0].Error(), "(t1)") {
		t.Errorf("%v", errs)
	}
}

func TestOffline(t *testing.T) {
	server, kept := shopServer(t), &memory{}
	lib, _ := testLibrary(t, server.URL, kept)
	for _, name := range []string{"al", "words of it"} {
		if items, _ := lib.albumItems(t.Context(), name); len(items) != 2 {
			t.Fatal(items)
		}
	}
	server.Close()

	lib, told := testLibrary(t, server.URL+"/", kept)
	items, errs := lib.albumItems(t.Context(), "al")
	if len(items) != 2 || items[1].ContentID != "content-t2" || items[1].Title != "Title t2" || len(*told) != 1 {
		t.Errorf("%+v, %v, told %v", items, errs, *told)
	}
	if len(errs) != 1 || !errors.Is(errs[0], player.KindNetwork) {
		t.Errorf("%v", errs)
	}
	if items, errs := lib.albumItems(t.Context(), "words of it"); len(items) != 2 {
		t.Errorf("found by words: %v", errs)
	}
	if _, err := items[0].Resolve(t.Context()); !errors.Is(err, player.KindNetwork) {
		t.Errorf("resolving offline: %v", err)
	}

	lib, told = testLibrary(t, server.URL, &memory{})
	if _, err := lib.trackItem(t.Context(), "t0"); !errors.Is(err, player.KindNetwork) || len(*told) != 0 {
		t.Errorf("with nothing kept: %v, told %v", err, *told)
	}
	lib, _ = testLibrary(t, "http://127.0.0.1:1", kept)
	if _, err := lib.trackItem(t.Context(), "t0"); !errors.Is(err, player.KindNetwork) {
		t.Errorf("another server's note was taken: %v", err)
	}
}

// TestRefusalBeatsNotes: a server that says no is not overruled by what it said before.
func TestRefusalBeatsNotes(t *testing.T) {
	server, kept := shopServer(t), &memory{}
	lib, told := testLibrary(t, server.URL, kept)
	lib.keepTrack(t.Context(), "gone", trackNote{ContentID: "old"})
	if _, err := lib.trackItem(t.Context(), "gone"); !errors.Is(err, player.KindNotFound) || len(*told) != 0 {
		t.Errorf("%v, told %v", err, *told)
	}
}

func TestExpiredLeaveIsNotUsed(t *testing.T) {
	lib, _ := testLibrary(t, shopServer(t).URL, nil)
	old := &ticket{lib: lib, id: "t0", unused: &api.Playback{ManifestURL: "http://old", ExpiresAt: time.Now().Add(time.Second)}}
	if l, err := old.resolve(t.Context()); err != nil || !strings.Contains(l.URL, "token1") {
		t.Errorf("%v, %v", l, err)
	}
}

func TestBrokenNotesAreAbsent(t *testing.T) {
	kept := &memory{}
	lib, _ := testLibrary(t, "http://127.0.0.1:1", kept)
	for _, data := range []string{"", "{", "[]", `{"content_id":""}`, `{"content_id":5}`} {
		if err := kept.PutDocument(t.Context(), lib.noteKey("track/x"), []byte(data)); err != nil {
			t.Fatal(err)
		}
		if n, ok := lib.trackNote(t.Context(), "x"); ok {
			t.Errorf("%q: %+v", data, n)
		}
	}
}

func TestCoverIsKept(t *testing.T) {
	server, kept := shopServer(t), &memory{}
	lib, _ := testLibrary(t, server.URL, kept)
	it, err := lib.trackItem(t.Context(), "t0")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if data, err := lib.cover(t.Context(), it); err != nil || string(data) != "picture" {
			t.Errorf("%q, %v", data, err)
		}
		server.Close()
	}
}

func TestServerErrors(t *testing.T) {
	for status, kind := range map[int]player.Kind{401: player.KindUnauthorized, 403: player.KindForbidden, 404: player.KindNotFound,
		410: player.KindNotFound, 418: player.KindStatus, 500: player.KindServer} {
		if e := serverError("x", "y", fmt.Errorf("api: %w", &api.Error{Status: status})); e.Kind != kind || !e.Fatal {
			t.Errorf("%d: %v", status, e)
		}
	}
	if e := serverError("x", "y", context.DeadlineExceeded); e.Kind != player.KindTimeout {
		t.Error(e)
	}
}

func TestSearchCommand(t *testing.T) {
	server := shopServer(t)
	std, out, errs := capture(t)
	o := options{Server: server.URL, Search: "needle"}
	if status := searchCommand(t.Context(), o, std); status != exitOK || !strings.Contains(out(), "needle  Title needle") {
		t.Errorf("%d, %q, %q", status, out(), errs())
	}
	std, out, _ = capture(t)
	o.JSON = true
	want := `{"id":"needle","title":"Title needle","artist":"Artist","album":"Album","duration_ms":61000}` + "\n"
	if status := searchCommand(t.Context(), o, std); status != exitOK || out() != want {
		t.Errorf("%d, %q", status, out())
	}
	server.Close()
	std, out, errs = capture(t)
	if status := searchCommand(t.Context(), o, std); status != exitFailed || out() != "" || !strings.HasPrefix(errs(), "play: error 2001 ") {
		t.Errorf("%d, %q, %q", status, out(), errs())
	}
}
