package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"github.com/segue-audio/segue/api"
)

// searchLimit bounds the tracks and albums of one answer.
const searchLimit = 100

// jsonFound is a line of --search --json.
type jsonFound struct {
	ID         string `json:"id"`
	Title      string `json:"title"`
	Artist     string `json:"artist"`
	Album      string `json:"album"`
	DurationMS int64  `json:"duration_ms"`
}

// searchCommand lists the server's tracks that match. It returns the exit status.
func searchCommand(ctx context.Context, o options, std streams) int {
	lib, err := newLibrary(o, nil, slog.New(slog.DiscardHandler), func(error) {})
	if err != nil {
		printNotice(std.err, err.Error())
		return exitUsage
	}
	found, err := lib.search(ctx, o.Search)
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case err != nil:
		printError(std.err, asPlayerError(err))
		return exitFailed
	}
	if o.JSON {
		enc := json.NewEncoder(std.out)
		enc.SetEscapeHTML(false)
		for _, t := range found.Tracks {
			if err := enc.Encode(jsonFound{t.ID, t.Title, t.Artist, t.Album, t.DurationMS}); err != nil {
				return exitFailed
			}
		}
		return exitOK
	}
	if len(found.Tracks) == 0 {
		printNotice(std.err, fmt.Sprintf("nothing found for %q", o.Search))
		return exitOK
	}
	printTracks(std.out, found.Tracks, terminalWidth(std.out))
	return exitOK
}

// terminalWidth is how wide a table may be; 100 columns where out is no terminal.
func terminalWidth(out *os.File) int {
	if width, _, err := term.GetSize(int(out.Fd())); err == nil && width > 0 {
		return max(width, 60)
	}
	return 100
}

// printTracks writes a table: id, title, artist, album, length. The id is never shortened: it is
// what one plays.
func printTracks(w io.Writer, tracks []api.Track, width int) {
	ids := len("id")
	for _, t := range tracks {
		ids = max(ids, ansi.StringWidth(printable(t.ID)))
	}
	const gap, length = 2, 7
	room := max(width-ids-length-4*gap, 24)
	title, artist := room*2/5, room*3/10
	album := room - title - artist
	row := func(id, t, a, al, d string) {
		_, _ = fmt.Fprintf(w, "%s  %s  %s  %s  %*s\n", cell(id, ids), cell(t, title), cell(a, artist), cell(al, album), length, d)
	}
	row("id", "title", "artist", "album", "length")
	for _, t := range tracks {
		row(t.ID, t.Title, t.Artist, t.Album, clock(t.Duration()))
	}
}

// cell is text cut or padded to width columns of a terminal.
func cell(text string, width int) string {
	text = ansi.Truncate(printable(text), width, "…")
	return text + spaces(width-ansi.StringWidth(text))
}
