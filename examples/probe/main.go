// Probe prints what URLs and files are: how they come, which container and coding they are in, what they
// say of themselves, which renditions a presentation has, how it is encrypted; and where the engine can't
// play one, why, and what to do about it. It plays nothing. It is made from the engine's stages alone,
// without a player: package detect opens whatever a file is, decoders decodes it.
//
// With --json it prints one JSON object a line for each argument, as report.go describes. The exit status
// is 0 when all can be played, 1 when something can't, 2 for a command line that makes no sense.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/alecthomas/kong"
)

// The exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// options is the command line.
type options struct {
	What    []string      `arg:"" help:"Files and URLs: music, HLS and DASH manifests, lists, radio."`
	JSON    bool          `name:"json" help:"One JSON object a line for each argument."`
	Decode  bool          `help:"Decode all of it, not just its beginning, and count what is damaged. Of manifests: the first segment of every rendition."`
	Timeout time.Duration `default:"30s" placeholder:"DUR" help:"For each argument; 30s unless given."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the program less the process around it. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	left := false // kong was asked for help, and would end the process
	parser, err := kong.New(&o, kong.Name("probe"), kong.Writers(stdout, stderr), kong.Exit(func(int) { left = true }),
		kong.Description("Prints what files and URLs are, and what to do where they can't be played."))
	if err != nil {
		_, _ = io.WriteString(stderr, err.Error()+"\n")
		return exitUsage
	}
	if _, err = parser.Parse(args); left {
		return exitOK
	} else if err != nil {
		_, _ = io.WriteString(stderr, "probe: "+err.Error()+"\n")
		return exitUsage
	}
	p := newProber(o.Decode)
	defer p.close()
	status := exitOK
	for i, what := range o.What {
		r := p.probe(ctx, what, o.Timeout)
		if !r.Playable {
			status = exitFailed
		}
		if o.JSON {
			err = json.NewEncoder(stdout).Encode(r)
		} else {
			err = printReport(stdout, r, i > 0)
		}
		if err != nil {
			_, _ = io.WriteString(stderr, "probe: "+err.Error()+"\n")
			return exitFailed
		}
		if errors.Is(ctx.Err(), context.Canceled) {
			return exitFailed
		}
	}
	return status
}
