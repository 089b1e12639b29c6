// Backend serves a music folder to Segue's player, or a demo album where no folder is given.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/segue-audio/segue/api/server"
	"github.com/segue-audio/segue/api/server/encoder"
	"github.com/segue-audio/segue/api/server/encoder/ffmpeg"
	"github.com/segue-audio/segue/api/server/encoder/goaac"
	"github.com/segue-audio/segue/api/server/ingest"
	"github.com/segue-audio/segue/api/server/packager"
	"github.com/segue-audio/segue/api/server/store"
)

// Exit statuses.
const (
	exitFailure = 1
	exitUsage   = 2
)

type flags struct {
	Data      string `help:"Folder for the catalogue and the packaged music (default: segue/backend in your cache folder)." type:"path" placeholder:"DIR"`
	Music     string `help:"Folder with MP3, FLAC and WAV to serve (default: a demo album made on the spot)." type:"existingdir" placeholder:"DIR"`
	Listen    string `help:"Address to serve on; port 0 takes a free one." default:"127.0.0.1:8080" placeholder:"ADDR"`
	Encoder   string `help:"What makes AAC: built-in, built-in-fast (a third of the time, and less well), or ffmpeg's, which must be installed." enum:"built-in,built-in-fast,ffmpeg" default:"built-in" placeholder:"NAME"`
	Protect   string `help:"aes-128 encrypts the segments, for HLS; clear leaves them, for HLS and DASH." enum:"aes-128,clear" default:"aes-128" placeholder:"HOW"`
	Token     string `help:"Bearer token that clients of the API must show." env:"SEGUE_TOKEN"`
	PublicURL string `help:"URL under which clients reach this server, where a proxy stands between." placeholder:"URL"`
	JSON      bool   `name:"json" help:"Print events as JSON lines."`
	Verbose   bool   `short:"v" help:"Log to stderr what goes wrong inside."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main but for what belongs to the process. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var f flags
	code := -1
	parser, err := kong.New(&f, kong.Name("backend"), kong.Writers(stdout, stderr), kong.Exit(func(c int) { code = c }),
		kong.Description("Serves music to Segue: brings a folder into a catalogue, packages it as adaptive streams, and answers the API. Ends on SIGTERM or Ctrl-C."))
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "backend:", err)
		return exitFailure
	}
	_, err = parser.Parse(args)
	switch {
	case code >= 0: // --help was asked for and given
		return code
	case err != nil:
		_, _ = fmt.Fprintf(stderr, "backend: %v\nTry --help.\n", err)
		return exitUsage
	}
	if err := serve(ctx, f, newReporter(f.JSON, stdout), stderr); err != nil {
		_, _ = fmt.Fprintln(stderr, "backend:", err)
		return exitFailure
	}
	return 0
}

// serve listens first, so that a player may wait for the catalogue to fill, then brings in the
// music, and goes on until ctx ends.
func serve(ctx context.Context, f flags, report *reporter, stderr io.Writer) (err error) {
	if f.Data == "" {
		if f.Data, err = defaultData(f.Music); err != nil {
			return err
		}
	}
	level := slog.LevelError + 1
	if f.Verbose {
		level = slog.LevelInfo
	}
	enc, err := f.encoder()
	if err != nil {
		return err
	}
	s, err := server.New(ctx, server.Config{DataDir: f.Data, MusicDir: f.Music, Token: f.Token, PublicURL: f.PublicURL,
		Encoder: enc, Protection: packager.Protection(f.Protect),
		Logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))})
	if errors.Is(err, store.ErrInUse) {
		return fmt.Errorf("another backend uses %s; end it or choose another --data", f.Data)
	} else if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", f.Listen)
	if err != nil {
		return err
	}
	url := "http://" + l.Addr().String()
	report.listening(url, enc.Name())

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var both sync.WaitGroup
	defer both.Wait() // before Close: neither may use the store after it
	both.Go(func() {
		if err := bringIn(ctx, s, report, url); err != nil && ctx.Err() == nil {
			cancel(err)
		}
	})
	if err := s.Serve(ctx, l); err != nil {
		cancel(err)
		return err
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// encoder is the one that was asked for.
func (f flags) encoder() (encoder.Encoder, error) {
	switch f.Encoder {
	case "built-in-fast":
		return goaac.New(goaac.Fast), nil
	case "ffmpeg":
		e, err := ffmpeg.Find("")
		if err != nil {
			return nil, fmt.Errorf("--encoder ffmpeg: %w", err)
		}
		return e, nil
	}
	return goaac.New(goaac.Thorough), nil
}

func bringIn(ctx context.Context, s *server.Server, report *reporter, url string) error {
	if err := s.Ingest(ctx, func(p ingest.Progress) { report.progress(p) }); err != nil {
		return err
	}
	n, err := s.Count(ctx)
	if err != nil {
		return err
	}
	report.ready(url, n)
	return nil
}

// defaultData is a folder that may be lost without harm, one for each music folder.
func defaultData(music string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder (%w); give --data", err)
	}
	name := "demo"
	if music != "" {
		sum := sha256.Sum256([]byte(music)) // kong has made it absolute
		name = fmt.Sprintf("%s-%x", filepath.Base(music), sum[:4])
	}
	return filepath.Join(cache, "segue", "backend", name), nil
}
