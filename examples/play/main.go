// Play is a music player for the terminal, made from the engine in package player and the client in
// package api. It plays files, URLs and the tracks of a Segue server, and it is the command that
// the engine is measured with from outside.
//
// On a terminal it shows what plays, how full the buffer is, what the network gives and which
// rendition is heard, and it searches the server's catalogue. Elsewhere it prints plain lines. With
// --json it prints the lines described in report_json.go and nothing else on standard output; they
// are the stable interface for scripts. It keeps no library of its own and edits no files; where it was
// left on the screen, or with --resume, it remembers in the user's state folder (play.json).
//
// The exit status is 0 when everything was played, 1 when something could not be (a line on
// standard error names it with the code of its player.Kind), 2 for a command line that makes no
// sense and 130 after SIGINT, SIGTERM or SIGHUP, which end it in order: a WAV file is finished and
// the summary printed.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// The exit statuses.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	std := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, started: time.Now()}
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup makes it
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	status := run(ctx, os.Args[1:], std)
	stop()
	os.Exit(status)
}

// streams is what the program talks through.
type streams struct {
	in, out, err *os.File
	started      time.Time // zero of every t_ms
}

// run is the program less the process around it. It returns the exit status.
func run(ctx context.Context, args []string, std streams) int {
	o, status, done := parseFlags(args, std)
	if done {
		return status
	}
	if o.Search != "" {
		return searchCommand(ctx, o, std)
	}
	return playCommand(ctx, o, std)
}
