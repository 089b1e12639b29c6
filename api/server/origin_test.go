package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/api/server"
	"github.com/segue-audio/segue/api/server/encoder/goaac"
	"github.com/segue-audio/segue/api/server/packager"
)

func request(h http.Handler, method, target string, header ...string) *http.Response {
	req := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec.Result()
}

func code(t *testing.T, resp *http.Response) api.Code {
	t.Helper()
	var p api.Problem
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || resp.Header.Get("Content-Type") != "application/problem+json" || p.Status != resp.StatusCode {
		t.Errorf("not a problem document: %v, %+v", err, p)
	}
	return p.Code
}

// one is a backend with one track of a second and the path of its manifest's folder. Its clock
// stands where now says.
func one(t testing.TB, now *time.Time) (b *backend, track api.Track, base string) {
	t.Helper()
	music := t.TempDir()
	write(t, filepath.Join(music, "a.wav"), wavFile(signal(44100, 2, 16, 1), 44100, 2, 16, nil))
	write(t, filepath.Join(music, "b.wav"), wavFile(signal(44100, 2, 16, 2), 44100, 2, 16, nil))
	b = start(t, server.Config{MusicDir: music, Encoder: goaac.New(goaac.Fast), Now: func() time.Time { return *now }})
	b.ingest(t)
	p, err := b.client.Playback(context.Background(), b.byTitle(t)["a"].ID)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(p.ManifestURL)
	if err != nil {
		t.Fatal(err)
	}
	return b, p.Track, strings.TrimSuffix(u.Path, "master.m3u8")
}

func TestMediaAccess(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	b, track, base := one(t, &now)
	h := b.Handler()
	for name, want := range map[string][2]string{
		"master.m3u8":     {"application/vnd.apple.mpegurl", "private, max-age=43200"},
		"flac/index.m3u8": {"application/vnd.apple.mpegurl", "private, max-age=43200"},
		"flac/init.mp4":   {"audio/mp4", "public, max-age=31536000, immutable"},
		"flac/0.m4s":      {"audio/mp4", "public, max-age=31536000, immutable"},
		"key.bin":         {"application/octet-stream", "private, max-age=2592000"},
	} {
		resp := request(h, "GET", base+name)
		if got := [2]string{resp.Header.Get("Content-Type"), resp.Header.Get("Cache-Control")}; resp.StatusCode != 200 || got != want {
			t.Errorf("%s: %s %q, want %q", name, resp.Status, got, want)
		}
		if name == "key.bin" && resp.ContentLength != 16 {
			t.Errorf("a key of %d bytes", resp.ContentLength)
		}
		if head := request(h, "HEAD", base+name); head.StatusCode != 200 || head.Header.Get("Content-Length") != resp.Header.Get("Content-Length") {
			t.Errorf("HEAD %s: %s", name, head.Status)
		}
		tag := resp.Header.Get("ETag")
		if again := request(h, "GET", base+name, "If-None-Match", tag); tag == "" || again.StatusCode != 304 {
			t.Errorf("%s: ETag %s gives %s", name, tag, again.Status)
		}
	}
	part := request(h, "GET", base+"flac/0.m4s", "Range", "bytes=10-19")
	if part.StatusCode != 206 || part.ContentLength != 10 || !strings.HasPrefix(part.Header.Get("Content-Range"), "bytes 10-19/") {
		t.Errorf("a range: %s, %d bytes, %s", part.Status, part.ContentLength, part.Header.Get("Content-Range"))
	}
	if resp := request(h, "GET", base+"flac/0.m4s", "Range", "bytes=99999999-"); resp.StatusCode != 416 {
		t.Errorf("a range past the end: %s", resp.Status)
	}
	other := b.byTitle(t)["b"]
	stolen := strings.Replace(base, track.ID, other.ID, 1)
	for name, path := range map[string]string{"another track": stolen, "a changed token": strings.Replace(base, "/media/A", "/media/B", 1), "rubbish": "/media/x/" + track.ID + "/"} {
		if resp := request(h, "GET", path+"key.bin"); resp.StatusCode != 403 || code(t, resp) != api.CodeTokenInvalid {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
	now = now.Add(12*time.Hour - time.Second)
	if resp := request(h, "GET", base+"key.bin"); resp.StatusCode != 200 {
		t.Errorf("a second before the end: %s", resp.Status)
	}
	now = now.Add(time.Second)
	for _, name := range []string{"master.m3u8", "key.bin", "flac/0.m4s"} {
		if resp := request(h, "GET", base+name); resp.StatusCode != 403 || code(t, resp) != api.CodeTokenExpired {
			t.Errorf("after the end: %s", resp.Status)
		}
	}
}

// What is in clear has an MPD and no key; what is encrypted the other way round.
func TestProtections(t *testing.T) {
	music := t.TempDir()
	write(t, filepath.Join(music, "a.wav"), wavFile(signal(4410, 2, 16, 1), 44100, 2, 16, nil))
	for _, p := range []packager.Protection{packager.AES128, packager.Clear} {
		b := start(t, server.Config{MusicDir: music, Encoder: goaac.New(goaac.Fast), Protection: p})
		b.ingest(t)
		leave, err := b.client.Playback(t.Context(), b.byTitle(t)["a"].ID)
		if err != nil || (leave.DASHURL != "") != (p == packager.Clear) {
			t.Fatalf("%s: %+v, %v", p, leave, err)
		}
		base := strings.TrimSuffix(leave.ManifestURL, "master.m3u8")
		if p == packager.Clear && leave.DASHURL != base+"manifest.mpd" {
			t.Errorf("MPD at %s", leave.DASHURL)
		}
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		for name, in := range map[string]struct {
			protection packager.Protection
			kind       string
		}{
			"manifest.mpd": {packager.Clear, "application/dash+xml"}, "aac-48/init-dash.mp4": {packager.Clear, "audio/mp4"}, "key.bin": {packager.AES128, "application/octet-stream"},
		} {
			want := 404
			if in.protection == p {
				want = 200
			}
			resp := request(b.Handler(), "GET", u.Path+name)
			if kind := resp.Header.Get("Content-Type"); resp.StatusCode != want || want == 200 && kind != in.kind {
				t.Errorf("%s: %s: %s of %s, want %d", p, name, resp.Status, kind, want)
			}
		}
	}
}

// Nothing but what was packaged for the token's own track comes out, however it is spelled.
func TestMediaPaths(t *testing.T) {
	now := time.Now()
	b, track, base := one(t, &now)
	other := b.byTitle(t)["b"]
	for _, path := range []string{
		"", "flac", "flac/", "flac/1.m4s", "flac/0.mp3", "flac/00.m4s", "flac/0.m4s/", "none/index.m3u8", "flac//0.m4s", "KEY.BIN",
		"..%2f..%2fsecret", "%2e%2e/%2e%2e/secret", "flac/..%2f..%2f..%2fcatalogue.db", "..%2f" + other.ID + "/master.m3u8",
		"flac/index.m3u8%00", "flac%5cindex.m3u8", "flac/" + strings.Repeat("9", 300) + ".m4s", "/etc/passwd", "%2fetc%2fpasswd",
	} {
		resp := request(b.Handler(), "GET", base+path)
		if resp.StatusCode == 200 || resp.StatusCode >= 500 {
			t.Errorf("%q: %s", path, resp.Status)
		}
	}
	for _, id := range []string{"..", ".", "%2e%2e", track.ID + ".x", strings.ToUpper(track.ID)} {
		if resp := request(b.Handler(), "GET", strings.Replace(base, track.ID, id, 1)+"key.bin"); resp.StatusCode == 200 || resp.StatusCode >= 500 {
			t.Errorf("track %q: %s", id, resp.Status)
		}
	}
	for _, m := range []string{"POST", "PUT", "DELETE"} {
		if resp := request(b.Handler(), m, base+"key.bin"); resp.StatusCode != 405 || code(t, resp) != api.CodeMethod {
			t.Errorf("%s: %s", m, resp.Status)
		}
	}
	if resp := request(b.Handler(), "GET", "/nowhere"); resp.StatusCode != 404 || code(t, resp) != api.CodeNotFound {
		t.Errorf("an unknown path: %s", resp.Status)
	}
}

func TestCrossOrigin(t *testing.T) {
	now := time.Now()
	b, _, base := one(t, &now)
	resp := request(b.Handler(), "OPTIONS", base+"flac/0.m4s", "Origin", "https://app.test", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "range")
	if resp.StatusCode != 204 || resp.Header.Get("Access-Control-Allow-Origin") != "https://app.test" ||
		!strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "Range") || !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight: %s %v", resp.Status, resp.Header)
	}
	resp = request(b.Handler(), "GET", base+"flac/0.m4s", "Origin", "https://app.test")
	if resp.Header.Get("Access-Control-Allow-Origin") != "https://app.test" || resp.Header.Get("Vary") != "Origin" {
		t.Errorf("answer: %v", resp.Header)
	}
	// Errors too, or a page can't tell why.
	if resp = request(b.Handler(), "GET", "/v1/tracks/none", "Origin", "https://app.test"); resp.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("error: %v", resp.Header)
	}
	if resp = request(b.Handler(), "GET", "/healthz"); resp.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("not asked from a page: %v", resp.Header)
	}
}

func TestPublicURL(t *testing.T) {
	for _, bad := range []string{"music.test", "ftp://x", "http://"} {
		if _, err := server.New(context.Background(), server.Config{DataDir: t.TempDir(), MusicDir: t.TempDir(), PublicURL: bad}); err == nil {
			t.Errorf("%q was taken for a public URL", bad)
		}
	}
	music := t.TempDir()
	write(t, filepath.Join(music, "a.wav"), wavFile(signal(4410, 2, 16, 1), 44100, 2, 16, nil))
	b := start(t, server.Config{MusicDir: music, Encoder: goaac.New(goaac.Fast), PublicURL: "https://music.test/sub"})
	b.ingest(t)
	p, err := b.client.Playback(context.Background(), b.byTitle(t)["a"].ID)
	if err != nil || !strings.HasPrefix(p.ManifestURL, "https://music.test/sub/media/") {
		t.Errorf("%s, %v", p.ManifestURL, err)
	}
	if !strings.HasPrefix(p.ContentID, "segue:"+p.Track.ID) {
		t.Errorf("content id %q", p.ContentID)
	}
}

// BenchmarkSegment is what one segment costs the server beside the network.
func BenchmarkSegment(b *testing.B) {
	now := time.Now()
	be, _, base := one(b, &now)
	h := be.Handler()
	for b.Loop() {
		if resp := request(h, "GET", base+"flac/0.m4s"); resp.StatusCode != 200 {
			b.Fatal(resp.Status)
		}
	}
}
