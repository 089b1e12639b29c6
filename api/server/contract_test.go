package server_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/segue-audio/segue/api/server"
	"github.com/segue-audio/segue/api/server/encoder/goaac"
	"github.com/segue-audio/segue/api/server/packager"
)

// contract holds answers against openapi.yaml.
type contract struct {
	doc    *openapi3.T
	router routers.Router
	h      http.Handler
	token  string
	seen   map[string]bool // operation and status
}

func newContract(t *testing.T, h http.Handler) *contract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &contract{doc: doc, router: router, h: h, seen: map[string]bool{}}
}

// call sends a request and wants the answer to be as described.
func (c *contract) call(t *testing.T, method, target string, status int) []byte {
	t.Helper()
	req := httptest.NewRequest(method, target, nil)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	rec := httptest.NewRecorder()
	c.h.ServeHTTP(rec, req)
	body := rec.Body.Bytes()
	if rec.Code != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, target, rec.Code, status, body)
	}
	route, params, err := c.router.FindRoute(httptest.NewRequest(method, strings.SplitN(target, "?", 2)[0], nil))
	if err != nil {
		t.Fatalf("%s %s: not in the contract: %v", method, target, err)
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 rec.Code,
		Header:                 rec.Header(),
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	// The validator knows no pattern among media types; our own look at it is as strict.
	if kind := rec.Header().Get("Content-Type"); err != nil && !strings.HasPrefix(kind, "image/") {
		t.Errorf("%s %s: %v\n%s", method, target, err, body)
	}
	c.seen[route.Operation.OperationID+" "+rec.Result().Status[:3]] = true
	return body
}

func TestContract(t *testing.T) {
	music := t.TempDir()
	write(t, filepath.Join(music, "Band", "First", "01 One.wav"), wavFile(signal(3000, 2, 16, 1), 44100, 2, 16, nil))
	write(t, filepath.Join(music, "Band", "First", "02 Two.wav"), wavFile(signal(3000, 2, 16, 2), 44100, 2, 16, nil))
	write(t, filepath.Join(music, "Band", "Second", "01 Three.wav"), wavFile(signal(3000, 2, 16, 3), 44100, 2, 16, map[string]string{"INAM": "Drei", "ICRD": "1999-01-02", "IGNR": "Jazz"}))
	write(t, filepath.Join(music, "Band", "First", "cover.png"), cover(t))
	b := start(t, server.Config{MusicDir: music, Encoder: goaac.New(goaac.Fast), Protection: packager.Clear})
	c := newContract(t, b.Handler())

	// With an empty catalogue.
	for _, path := range []string{"/healthz", "/v1/tracks", "/v1/albums", "/v1/search?q=x"} {
		c.call(t, "GET", path, 200)
	}
	b.ingest(t)
	tracks := b.byTitle(t)
	one, three := tracks["One"], tracks["Drei"]
	if one.ID == "" || three.Genre != "Jazz" || three.Year != 1999 || three.TrackNo != 1 || one.Artist != "Band" || one.Album != "First" {
		t.Fatalf("catalogue %+v", tracks)
	}
	for _, target := range []string{
		"/v1/tracks", "/v1/tracks?limit=1", "/v1/tracks?limit=99999", "/v1/albums?limit=1",
		"/v1/tracks/" + one.ID, "/v1/tracks/" + three.ID, "/v1/albums/" + one.AlbumID, "/v1/albums/" + one.AlbumID + "/cover",
		"/v1/search?q=one", "/v1/search?q=ban&limit=1", "/v1/search?q=nothing+like+it",
	} {
		c.call(t, "GET", target, 200)
	}
	c.call(t, "POST", "/v1/tracks/"+one.ID+"/playback", 200)
	for _, target := range []string{"/v1/tracks?limit=0", "/v1/tracks?limit=x", "/v1/tracks?cursor=%25", "/v1/albums?cursor=!", "/v1/albums?limit=-1",
		"/v1/search", "/v1/search?q=", "/v1/search?q=%20", "/v1/search?q=" + strings.Repeat("x", 201), "/v1/search?q=x&limit=0", "/v1/tracks?%zz"} {
		c.call(t, "GET", target, 400)
	}
	for _, target := range []string{"/v1/tracks/none", "/v1/albums/none", "/v1/albums/none/cover", "/v1/albums/" + three.AlbumID + "/cover"} {
		c.call(t, "GET", target, 404)
	}
	c.call(t, "POST", "/v1/tracks/none/playback", 404)

	locked := start(t, server.Config{MusicDir: music, Token: "s3cret"})
	c.h = locked.Handler()
	for _, token := range []string{"", "s3cre", "s3crett", "S3cret"} {
		c.token = token
		for _, target := range []string{"/v1/tracks", "/v1/tracks/x", "/v1/albums", "/v1/albums/x", "/v1/albums/x/cover", "/v1/search?q=x"} {
			c.call(t, "GET", target, 401)
		}
		c.call(t, "POST", "/v1/tracks/x/playback", 401)
		c.call(t, "GET", "/healthz", 200)
	}
	c.token = "s3cret"
	c.call(t, "GET", "/v1/tracks", 200)
	c.complete(t)
}

// complete wants every answer that the contract describes to have been seen, and every method
// that it doesn't name to be refused.
func (c *contract) complete(t *testing.T) {
	t.Helper()
	for path, item := range c.doc.Paths.Map() {
		var allowed []string
		for method, op := range item.Operations() {
			allowed = append(allowed, method)
			for status := range op.Responses.Map() {
				if status != "default" && !c.seen[op.OperationID+" "+status] {
					t.Errorf("%s %s: no test saw status %s", method, path, status)
				}
			}
		}
		target := strings.ReplaceAll(path, "{id}", "x")
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			rec := httptest.NewRecorder()
			req := httptest.NewRequest(method, target, nil)
			req.Header.Set("Authorization", "Bearer "+c.token)
			c.h.ServeHTTP(rec, req)
			if refused := rec.Code == 405; refused == slices.Contains(allowed, method) {
				t.Errorf("%s %s: status %d, the contract names %v", method, path, rec.Code, allowed)
			} else if refused && !strings.Contains(rec.Header().Get("Allow"), allowed[0]) {
				t.Errorf("%s %s: Allow is %q", method, path, rec.Header().Get("Allow"))
			}
		}
	}
}
