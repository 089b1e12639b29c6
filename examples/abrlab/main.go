// Abrlab compares the rules that choose renditions: on recorded links or on links of its own making, with
// each other, with re-implementations of other players' rules, and with the optimum that knows the future.
//
//	abrlab table             rules × links: a table
//	abrlab run               one session: its figures, and with --svg a picture beside the optimum
//	abrlab replay            a session that a player recorded: what another rule would have decided
//	abrlab rules             the rules that there are, by name
//
// Recorded links are folders 3g, 4g and fixed of files "duration_ms,kbps,latency_ms"; where --traces names
// none, SEGUE_ABR or ../shared/abr are looked at. The exit status is 0 when all went well, 1 when
// something failed, 2 for a command line that makes no sense.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

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
	Table  tableCommand  `cmd:"" help:"Rules × links: mean quality, the worst tenth, and the share of what is attainable."`
	Run    runCommand    `cmd:"" help:"One session, and its picture."`
	Replay replayCommand `cmd:"" help:"What a rule would have decided in a session that a player recorded."`
	Rules  rulesCommand  `cmd:"" help:"The rules by name."`
}

// program is what commands need of the world.
type program struct {
	ctx            context.Context
	stdout, stderr io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(program{ctx, os.Stdout, os.Stderr}, os.Args[1:])
	stop()
	os.Exit(status)
}

// errUsage: the command line makes no sense.
var errUsage = errors.New("usage")

// run is the program less the process around it. It returns the exit status.
func run(p program, args []string) int {
	var o options
	left := false // kong was asked for help, and would end the process
	parser, err := kong.New(&o, kong.Name("abrlab"), kong.Writers(p.stdout, p.stderr), kong.Exit(func(int) { left = true }),
		kong.Description("Compares the rules that choose renditions."),
		kong.Vars{"rule": defaultRule, "cell": "1:30:4"})
	if err != nil {
		fmt.Fprintln(p.stderr, "abrlab:", err)
		return exitUsage
	}
	command, err := parser.Parse(args)
	switch {
	case left:
		return exitOK
	case err != nil:
		fmt.Fprintln(p.stderr, "abrlab:", err)
		return exitUsage
	}
	switch err = command.Run(&p); {
	case err == nil:
		return exitOK
	case errors.Is(err, errUsage):
		fmt.Fprintln(p.stderr, "abrlab:", err)
		return exitUsage
	}
	fmt.Fprintln(p.stderr, "abrlab:", err)
	return exitFailed
}
