package main

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// icyInterval is how many bytes of sound stand between the titles of a radio station; zero for none.
func icyInterval(h http.Header) int {
	n, err := strconv.Atoi(h.Get("Icy-Metaint"))
	if err != nil || n < 0 || n > 1<<24 {
		return 0
	}
	return n
}

// icyTitle finds the title in a block of a radio station's metadata: StreamTitle='…';
func icyTitle(block []byte) string {
	_, rest, ok := bytes.Cut(block, []byte("StreamTitle='"))
	if !ok {
		return ""
	}
	title, _, _ := bytes.Cut(rest, []byte("';"))
	return strings.ToValidUTF8(string(bytes.TrimRight(title, "\x00")), "\uFFFD")
}

// listed gives the places that a list of music (M3U, PLS) names; none where it isn't one.
func listed(head []byte) (places []string) {
	text := strings.TrimPrefix(string(head), "\ufeff")
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	switch {
	case strings.HasPrefix(text, "#EXTM3U"):
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				places = append(places, line)
			}
		}
	case strings.EqualFold(strings.TrimSpace(first), "[playlist]"):
		for line := range strings.Lines(text) {
			key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
			if ok && strings.HasPrefix(strings.ToLower(strings.TrimSpace(key)), "file") {
				places = append(places, strings.TrimSpace(value))
			}
		}
	}
	return places
}
