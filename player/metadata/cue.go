package metadata

import (
	"strconv"
	"strings"
	"time"
)

// ParseCue reads a cue sheet as text, as Vorbis comments and files beside the music carry it: a chapter
// for each track. What makes no sense in it is passed over.
func ParseCue(text string) (chapters []Chapter) {
	var c *Chapter
	files := 0
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch strings.ToUpper(word) {
		case "FILE":
			if files++; files > 1 {
				return chapters // of another file
			}
		case "TRACK":
			if len(chapters) == MaxChapters {
				return chapters
			}
			chapters = append(chapters, Chapter{Start: -1})
			c = &chapters[len(chapters)-1]
		case "TITLE":
			if c != nil {
				c.Title = strings.Trim(strings.TrimSpace(rest), `"`)
			}
		case "INDEX":
			number, at, _ := strings.Cut(strings.TrimSpace(rest), " ")
			if t, ok := cueTime(at); ok && c != nil && (c.Start < 0 || number == "01" || number == "1") {
				c.Start = t
			}
		}
	}
	kept := chapters[:0]
	for _, c := range chapters {
		if c.Start >= 0 {
			kept = append(kept, c)
		}
	}
	return kept
}

// cueTime reads minutes, seconds and 75ths of a second.
func cueTime(s string) (time.Duration, bool) {
	parts := strings.Split(strings.TrimSpace(s), ":")
	if len(parts) != 3 {
		return 0, false
	}
	var n [3]int64
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 24)
		if err != nil {
			return 0, false
		}
		n[i] = int64(v)
	}
	return time.Duration((n[0]*60+n[1])*75+n[2]) * time.Second / 75, true
}
