package metadata

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// windows1252 are the characters of 0x80 to 0x9f; zero where there is none. What calls itself Latin-1
// nearly always means this.
var windows1252 = [32]rune{
	0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,
	0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
}

func latin1(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		r := rune(c)
		if c >= 0x80 && c < 0xa0 && windows1252[c-0x80] != 0 {
			r = windows1252[c-0x80]
		}
		s.WriteRune(r)
	}
	return s.String()
}

// anyText reads text whose encoding isn't told, or told wrongly more often than not. Bytes above ASCII
// that happen to be valid UTF-8 are UTF-8: in Latin-1 they would be nonsense. Text that has no valid
// sequence at all is Latin-1. What is left was UTF-8 once: a character cut at the end goes, and broken
// ones become U+FFFD.
func anyText(b []byte) string {
	if utf8.Valid(b) {
		return tidy(string(b))
	}
	valid := 0
	var s strings.Builder
	for rest := b; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		switch {
		case r != utf8.RuneError || n > 1:
			if n > 1 {
				valid++
			}
			s.WriteRune(r)
		case !utf8.FullRune(rest):
			n = len(rest)
		default:
			s.WriteRune(r)
		}
		rest = rest[n:]
	}
	if valid == 0 {
		return tidy(latin1(b))
	}
	return tidy(s.String())
}

// utf16Text reads UTF-16. Without a byte order mark it is big-endian where assume says so, unless its
// bytes say otherwise: in nearly all text one half of each unit is zero far more often than the other.
func utf16Text(b []byte, assume binary.ByteOrder) string {
	order := assume
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		order, b = binary.LittleEndian, b[2:]
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		order, b = binary.BigEndian, b[2:]
	default:
		var zeros [2]int
		for i, c := range b {
			if c == 0 {
				zeros[i&1]++
			}
		}
		if zeros[0] > 2*zeros[1]+1 {
			order = binary.BigEndian
		} else if zeros[1] > 2*zeros[0]+1 {
			order = binary.LittleEndian
		}
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return tidy(strings.ReplaceAll(string(utf16.Decode(units)), "\ufeff", ""))
}

// tidy ends text at a line's own end: carriage returns become line feeds, other control characters go,
// and zeros at the end do.
func tidy(s string) string {
	s = strings.TrimRight(s, "\x00")
	s = strings.TrimPrefix(s, "\ufeff")
	clean := true
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\n' && s[i] != '\t' && s[i] != 0 {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r < ' ' && r != '\n' && r != '\t' && r != 0:
			return -1
		}
		return r
	}, s)
}
