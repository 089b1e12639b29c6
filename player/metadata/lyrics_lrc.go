package metadata

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseLRC reads lyrics with a time stamp, or several, in front of each line, and perhaps one in front of
// each word: "[01:02.34]<01:02.34>And <01:03.00>so". A positive [offset:…] of milliseconds brings all of
// it forward. The error wraps ErrFormat where no line has a time, and ErrLimit.
func ParseLRC(text string) (l Lyrics, err error) {
	if len(text) > MaxTextBytes {
		return l, fmt.Errorf("LRC: %d bytes: %w", len(text), ErrLimit)
	}
	var offset time.Duration
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r", "\n")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		var stamps []time.Duration
		for {
			inside, rest, ok := bracketed(line, '[', ']')
			if !ok {
				break
			}
			if t, ok := stamp(inside); ok {
				stamps = append(stamps, t)
			} else if key, value, ok := strings.Cut(inside, ":"); ok && len(stamps) == 0 {
				l.header(key, value, &offset)
			} else {
				break // part of the words
			}
			line = strings.TrimSpace(rest)
		}
		for _, t := range stamps {
			if len(l.Lines) >= MaxLines {
				return Lyrics{}, fmt.Errorf("LRC: more than %d lines: %w", MaxLines, ErrLimit)
			}
			l.Lines = append(l.Lines, lrcLine(t, line, len(stamps) == 1))
		}
	}
	if len(l.Lines) == 0 {
		return Lyrics{}, fmt.Errorf("LRC: no time stamps: %w", ErrFormat)
	}
	for i := range l.Lines {
		line := &l.Lines[i]
		line.Start = max(0, line.Start-offset)
		for k := range line.Words {
			line.Words[k].Start = max(0, line.Words[k].Start-offset)
		}
	}
	l.finish()
	return l, nil
}

// bracketed parts what stands between a pair of brackets that line begins with from the rest.
func bracketed(line string, open, end byte) (inside, rest string, ok bool) {
	if line == "" || line[0] != open {
		return "", "", false
	}
	i := strings.IndexByte(line, end)
	if i < 0 {
		return "", "", false
	}
	return line[1:i], line[i+1:], true
}

// stamp reads minutes, seconds and a fraction: "01:02.34", "1:02:340", "01:02".
func stamp(s string) (time.Duration, bool) {
	if strings.Count(s, ":") == 0 || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	if strings.Count(s, ":") == 2 && !strings.ContainsAny(s, ".,") { // the third part is the fraction
		i := strings.LastIndexByte(s, ':')
		s = s[:i] + "." + s[i+1:]
	}
	return clock(s)
}

// header takes a line of LRC that is none of the words.
func (l *Lyrics) header(key, value string, offset *time.Duration) {
	value = strings.TrimSpace(value)
	switch strings.ToLower(strings.TrimSpace(key)) {
	case "offset":
		if ms, err := strconv.ParseInt(strings.TrimPrefix(value, "+"), 10, 32); err == nil {
			*offset = time.Duration(ms) * time.Millisecond
		}
	case "la", "lang":
		l.Language = value
	case "ti":
		first(&l.Description, value)
	}
}

// lrcLine takes the stamps of words out of a line. timed says that they may be kept: a line that is sung
// several times has them for one of these.
func lrcLine(start time.Duration, text string, timed bool) Line {
	line := Line{Start: start}
	var plain strings.Builder
	from := start
	keep := func(part string) {
		if part == "" {
			return
		}
		plain.WriteString(part)
		if timed && len(line.Words) < MaxLines {
			line.Words = append(line.Words, Word{from, part})
		}
	}
	found := false
	for text != "" {
		i := strings.IndexByte(text, '<')
		if i < 0 {
			break
		}
		inside, rest, ok := bracketed(text[i:], '<', '>')
		t, isStamp := time.Duration(0), false
		if ok && inside != "" {
			t, isStamp = stamp(inside)
		}
		if !isStamp {
			keep(text[:i+1])
			text = text[i+1:]
			continue
		}
		keep(text[:i])
		if found = true; strings.TrimSpace(rest) == "" {
			line.End = t // the last stamp says when the last word is over
		}
		from, text = t, strings.TrimLeft(rest, " ")
		if len(rest) != len(text) && plain.Len() > 0 && !strings.HasSuffix(plain.String(), " ") {
			keepSpace(&line, &plain)
		}
	}
	keep(text)
	line.Text = strings.TrimSpace(plain.String())
	if !found || !timed {
		line.Words, line.End = nil, 0
	}
	return line
}

// keepSpace puts the space behind a stamp to the word in front of it.
func keepSpace(line *Line, plain *strings.Builder) {
	plain.WriteByte(' ')
	if n := len(line.Words); n > 0 {
		line.Words[n-1].Text += " "
	}
}
