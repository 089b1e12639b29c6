package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// ErrTooLarge says that an answer passed the limit on its size and was given up.
var ErrTooLarge = errors.New("answer exceeds the size limit")

// Error is an answer that the service gave instead of what was asked for.
type Error struct {
	Status int    // of HTTP
	Code   Code   // "" where the service sent none
	Title  string // short, the same for every error of its kind
	Detail string // about this one; "" where the service sent none
}

// Error gives title, detail and status in one line.
func (e *Error) Error() string {
	title := e.Title
	if title == "" {
		title = http.StatusText(e.Status)
	}
	if e.Detail != "" {
		return fmt.Sprintf("%s: %s (HTTP %d)", title, e.Detail, e.Status)
	}
	return fmt.Sprintf("%s (HTTP %d)", title, e.Status)
}

// IsNotFound tells whether the service answered that there is no such thing.
func IsNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

// IsUnauthorised tells whether the service wants another token, or one at all.
func IsUnauthorised(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden)
}

// maxProblemBytes bounds the body of an error.
const maxProblemBytes = 64 << 10

// maxText bounds a field of an error that is going to be shown to someone.
const maxText = 500

// errorFrom reads an answer that isn't a success. What isn't a problem document (a proxy's page of
// HTML) is told by its status alone.
func errorFrom(resp *http.Response) *Error {
	e := &Error{Status: resp.StatusCode, Title: http.StatusText(resp.StatusCode)}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "application/problem+json" && kind != "application/json" {
		return e
	}
	var p Problem
	if json.NewDecoder(io.LimitReader(resp.Body, maxProblemBytes)).Decode(&p) != nil {
		return e
	}
	if p.Title != "" {
		e.Title = cut(p.Title)
	}
	e.Detail, e.Code = cut(p.Detail), Code(cut(string(p.Code)))
	return e
}

func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	return s[:maxText] + "…"
}
