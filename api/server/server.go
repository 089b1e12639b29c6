// Package server is the reference backend: it brings a music folder into a catalogue, packages each
// track for adaptive streaming, and serves both over HTTP as ../openapi.yaml describes. Each
// module is a folder with an http.Handler of its own. It keeps all it needs in one data folder and
// talks to no other host.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/segue-audio/segue/api/server/catalogue"
	"github.com/segue-audio/segue/api/server/encoder"
	"github.com/segue-audio/segue/api/server/encoder/goaac"
	"github.com/segue-audio/segue/api/server/ingest"
	"github.com/segue-audio/segue/api/server/origin"
	"github.com/segue-audio/segue/api/server/packager"
	"github.com/segue-audio/segue/api/server/playback"
	"github.com/segue-audio/segue/api/server/problem"
	"github.com/segue-audio/segue/api/server/secrets"
	"github.com/segue-audio/segue/api/server/store"
)

// Config says what to serve, and how.
type Config struct {
	DataDir  string // made where absent; one server at a time may use it
	MusicDir string // "" means a demo album, which is made in the data folder

	Token     string           // a bearer token that the API then asks for; "" leaves it open
	PublicURL string           // where clients reach the server; "" means where their request went
	Logger    *slog.Logger     // nil discards
	Now       func() time.Time // nil means time.Now

	Encoder    encoder.Encoder     // of the lossy renditions; nil means the built-in one, at its most thorough
	Protection packager.Protection // "" means packager.AES128: encrypted HLS; packager.Clear gives DASH too
}

// Server is a running backend. Its methods may be called from any goroutine.
type Server struct {
	cfg      Config
	music    string
	store    *store.Store
	media    *os.Root
	covers   *os.Root
	packager *packager.Packager
	ingester *ingest.Ingester
	handler  http.Handler
}

// New opens the data folder and is then ready to serve what is in it. store.ErrInUse is wrapped by
// the error when another server has the folder.
func New(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.DataDir == "" {
		return nil, errors.New("server: no data folder given")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Encoder == nil {
		cfg.Encoder = goaac.New(goaac.Thorough)
	}
	if cfg.Protection == "" {
		cfg.Protection = packager.AES128
	}
	s := &Server{cfg: cfg, music: cfg.MusicDir, packager: packager.New(cfg.Encoder, cfg.Protection)}
	if s.music == "" {
		s.music = filepath.Join(cfg.DataDir, "demo")
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("server: %w", err), s.Close())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) (err error) {
	if s.store, err = store.Open(ctx, s.cfg.DataDir); err != nil {
		return err
	}
	keys, err := secrets.Open(filepath.Join(s.cfg.DataDir, "secret"))
	if err != nil {
		return err
	}
	if s.media, err = openRoot(filepath.Join(s.cfg.DataDir, "media")); err != nil {
		return err
	}
	if s.covers, err = openRoot(filepath.Join(s.cfg.DataDir, "covers")); err != nil {
		return err
	}
	var public *url.URL
	if s.cfg.PublicURL != "" {
		if public, err = url.Parse(s.cfg.PublicURL); err != nil {
			return err
		}
		if public.Scheme != "http" && public.Scheme != "https" || public.Host == "" {
			return fmt.Errorf("public URL %q: want http://host or https://host", s.cfg.PublicURL)
		}
	}
	s.ingester = ingest.New(ingest.Config{Music: s.music, Media: s.media, Covers: s.covers, Store: s.store,
		Secrets: keys, Packager: s.packager, Log: s.cfg.Logger})
	tokens := playback.NewTokens(keys.TokenKey(), s.cfg.Now)
	s.handler = s.routes(
		catalogue.New(s.store, s.covers, s.cfg.Logger),
		&playback.Handler{Store: s.store, Tokens: tokens, Log: s.cfg.Logger, PublicURL: public},
		origin.New(origin.Config{Store: s.store, Keys: keys, Tokens: tokens, Root: s.media, Log: s.cfg.Logger, Now: s.cfg.Now}))
	return nil
}

func openRoot(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}

// routes joins the modules. Media needs no bearer token: the one in its path is narrower.
func (s *Server) routes(catalogue, playback, origin http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v1/", bearer(s.cfg.Token, catalogue))
	mux.Handle("POST /v1/tracks/{id}/playback", bearer(s.cfg.Token, playback))
	mux.Handle("/v1/tracks/{id}/playback", problem.Methods("POST"))
	mux.Handle("GET /media/{token}/{track}/{path...}", origin)
	mux.Handle("/media/{token}/{track}/{path...}", problem.Methods("GET", "HEAD"))
	mux.HandleFunc("GET /healthz", s.health)
	mux.Handle("/healthz", problem.Methods("GET", "HEAD"))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { problem.NotFound(w, "the path") })
	return crossOrigin(mux)
}

// health answers whether the catalogue can be read, which is as much as being alive means here.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if _, err := s.store.Count(r.Context()); err != nil {
		problem.Internal(w, r, s.cfg.Logger, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(`{"status":"ok"}`)) // the client has gone: nobody is left to be told
}

// Handler serves the API and the media.
func (s *Server) Handler() http.Handler { return s.handler }

// Count tells how many tracks the catalogue has.
func (s *Server) Count(ctx context.Context) (int, error) { return s.store.Count(ctx) }

// Ingest brings the catalogue in line with the music folder, making the demo album first where
// none was given. Requests are served meanwhile. progress is called from one goroutine at a time
// and may be nil. The error is that of ctx or of a whole folder: a file that can't be used is only
// told to progress.
func (s *Server) Ingest(ctx context.Context, progress func(ingest.Progress)) error {
	if s.cfg.MusicDir == "" {
		if err := writeDemo(ctx, s.music, progress); err != nil {
			return fmt.Errorf("server: demo album: %w", err)
		}
	}
	return s.ingester.Run(ctx, progress)
}

// shutdownTime is what requests in flight get to end in.
const shutdownTime = 3 * time.Second

// Serve answers on l until ctx ends, then lets requests in flight finish for a short while. It
// closes l. The error is nil when it was ctx that ended it.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	hs := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second, // no request here has a body worth more
		IdleTimeout:       2 * time.Minute,
		WriteTimeout:      5 * time.Minute, // a lossless segment over a slow phone takes its time
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := hs.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = hs.Close() // they had their time
	}
	<-served
	return err
}

// Close closes the data folder. Requests and an Ingest in flight fail, so end them first. Closing
// twice is fine.
func (s *Server) Close() error {
	var errs []error
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	for _, r := range []*os.Root{s.media, s.covers} {
		if r != nil {
			errs = append(errs, r.Close())
		}
	}
	return errors.Join(errs...)
}
