package metadata

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// Lyrics are the words of a track, with their times or without.
type Lyrics struct {
	Language    string // ISO 639; empty where unknown
	Description string
	Lines       []Line // by time; empty where no times are known
	Plain       string // the words alone, a line feed behind each line
}

// Line is a line of lyrics and when it is sung.
type Line struct {
	Start, End time.Duration // End is zero where only the next Start tells
	Text       string        // empty for a pause
	Words      []Word        // by time; empty where no times are known within the line
}

// Word is a part of a line and when it begins. The parts of a line joined are its text.
type Word struct {
	Start time.Duration
	Text  string
}

// At gives the index of the line that is sung at moment t; −1 in front of the first one and behind the
// end of one that has an end.
func (l *Lyrics) At(t time.Duration) int {
	i, _ := slices.BinarySearchFunc(l.Lines, t, func(line Line, t time.Duration) int {
		if line.Start <= t {
			return -1
		}
		return 1
	})
	if i--; i < 0 || l.Lines[i].End > l.Lines[i].Start && t >= l.Lines[i].End {
		return -1
	}
	return i
}

// WordAt gives the index of the word of the line that is sung at moment t; −1 in front of the first, and
// where the line's words have no times.
func (l *Line) WordAt(t time.Duration) int {
	i := len(l.Words) - 1
	for i >= 0 && l.Words[i].Start > t {
		i--
	}
	return i
}

// ParseLyrics reads what stands in a field for lyrics: LRC or WebVTT where it is that, else plain words.
func ParseLyrics(text string) Lyrics {
	if strings.HasPrefix(strings.TrimSpace(text), "WEBVTT") {
		if l, err := ParseWebVTT(text); err == nil {
			return l
		}
	}
	if l, err := ParseLRC(text); err == nil {
		return l
	}
	return Lyrics{Plain: strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))}
}

// finish sorts the lines and makes the plain words of them.
func (l *Lyrics) finish() {
	slices.SortStableFunc(l.Lines, func(a, b Line) int { return int(min(max(a.Start-b.Start, -1), 1)) })
	var b strings.Builder
	for i, line := range l.Lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line.Text)
	}
	l.Plain = strings.TrimSpace(b.String())
}

// parseSYLT reads synchronised lyrics of ID3 (ID3v2.4 frames, 4.9). Times in MPEG frames can't be turned
// into others here: of those only the words are kept.
func parseSYLT(b []byte) (l Lyrics) {
	if len(b) < 6 {
		return l
	}
	encoding, inMilliseconds, content := b[0], b[4] == 2, b[5]
	if content > 2 { // movements, events, chords: no words
		return l
	}
	l.Language = language(b[1:4])
	name, rest := cutText(encoding, b[6:])
	l.Description = decodeText(encoding, name)
	var parts []Word
	for len(rest) > 4 && len(parts) < MaxLines {
		var text []byte
		before := rest
		text, rest = cutText(encoding, rest)
		if len(rest) < 4 {
			break
		}
		if encoding == 1 && !bytes.HasPrefix(text, []byte{0xff, 0xfe}) && !bytes.HasPrefix(text, []byte{0xfe, 0xff}) && len(parts) > 0 {
			text = before[:len(text)] // some write the mark once only: it was little-endian
		}
		parts = append(parts, Word{milliseconds(rest[:4]), decodeText(encoding, text)})
		rest = rest[4:]
	}
	l.Lines = linesOf(parts)
	l.finish()
	if !inMilliseconds {
		l.Lines = nil
	}
	return l
}

// linesOf joins syllables: where any begins with a line feed, that is where lines begin; else each is one.
func linesOf(parts []Word) (lines []Line) {
	breaks := slices.ContainsFunc(parts, func(w Word) bool { return strings.HasPrefix(w.Text, "\n") })
	for i, w := range parts {
		begins := !breaks || i == 0 || strings.HasPrefix(w.Text, "\n")
		w.Text = strings.Trim(w.Text, "\n")
		if begins {
			lines = append(lines, Line{Start: w.Start})
		}
		line := &lines[len(lines)-1]
		line.Text += w.Text
		if breaks {
			line.Words = append(line.Words, w)
		}
	}
	for i := range lines {
		if len(lines[i].Words) == 1 {
			lines[i].Words = nil
		}
	}
	return lines
}
