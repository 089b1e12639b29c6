package metadata

import (
	"fmt"
	"html"
	"strings"
	"time"
)

// ParseWebVTT reads the cues of a WebVTT file (W3C) as lines of lyrics. Positions, styles and voices are
// left out; time stamps within a cue become words. The error wraps ErrFormat or ErrLimit.
func ParseWebVTT(text string) (l Lyrics, err error) {
	if len(text) > MaxTextBytes {
		return l, fmt.Errorf("WebVTT: %d bytes: %w", len(text), ErrLimit)
	}
	text = strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n"), "\r", "\n")
	head, rest, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(head, "WEBVTT") || len(head) > 6 && head[6] != ' ' && head[6] != '\t' {
		return l, fmt.Errorf("WebVTT: no WEBVTT in front: %w", ErrFormat)
	}
	for len(rest) > 0 {
		var block string
		block, rest, _ = strings.Cut(rest, "\n\n")
		rest = strings.TrimLeft(rest, "\n")
		line, ok := cue(strings.Trim(block, "\n"))
		if !ok {
			continue
		}
		if len(l.Lines) == MaxLines {
			return Lyrics{}, fmt.Errorf("WebVTT: more than %d cues: %w", MaxLines, ErrLimit)
		}
		l.Lines = append(l.Lines, line)
	}
	l.finish()
	return l, nil
}

// cue reads a block: an identifier perhaps, the times, and text. Notes and styles are none.
func cue(block string) (line Line, ok bool) {
	times, text, _ := strings.Cut(block, "\n")
	if !strings.Contains(times, "-->") {
		times, text, _ = strings.Cut(text, "\n")
	}
	from, to, ok := strings.Cut(times, "-->")
	if !ok {
		return line, false
	}
	to, _, _ = strings.Cut(strings.TrimSpace(to), " ") // settings follow
	to, _, _ = strings.Cut(to, "\t")
	var okFrom, okTo bool
	line.Start, okFrom = clock(from)
	line.End, okTo = clock(to)
	if !okFrom || !okTo || line.End < line.Start {
		return line, false
	}
	line.Text, line.Words = cueText(text, line.Start)
	return line, true
}

// cueText takes the tags out of a cue's text.
func cueText(text string, start time.Duration) (plain string, words []Word) {
	text = strings.ReplaceAll(strings.TrimSpace(text), "\n", " ")
	var all strings.Builder
	from, timed := start, false
	part := func(s string) {
		if s = html.UnescapeString(s); s == "" {
			return
		}
		all.WriteString(s)
		if n := len(words); n > 0 && words[n-1].Start == from {
			words[n-1].Text += s
		} else if n < MaxLines {
			words = append(words, Word{from, s})
		}
	}
	for {
		i := strings.IndexByte(text, '<')
		if i < 0 {
			part(text)
			break
		}
		part(text[:i])
		inside, rest, ok := bracketed(text[i:], '<', '>')
		if !ok {
			break
		}
		if t, ok := clock(inside); ok && strings.Contains(inside, ":") {
			from, timed = t, true
		}
		text = rest
	}
	if !timed {
		words = nil
	}
	return strings.TrimSpace(all.String()), words
}
