package main

import (
	"strings"
	"unicode"
)

// printable makes text that came from a file or the network safe for a terminal and keeps it on one
// line: control and formatting characters, which could move the cursor, recolour the screen or turn
// the reading direction, become spaces or vanish.
func printable(s string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '\u200d' || unicode.IsPrint(r): // the joiner holds emoji together
			return r
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		}
		return -1
	}, strings.ToValidUTF8(s, "�"))
	return strings.Join(strings.Fields(clean), " ")
}
