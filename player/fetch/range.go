package fetch

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxOffset bounds every offset, length and size that is sent or believed: sums of two never overflow.
const maxOffset = 1 << 60

// contentRange is a parsed Content-Range header.
type contentRange struct {
	first, last int64 // inclusive; −1, −1 where the range was not satisfiable
	size        int64 // of the whole resource; −1 where unknown
}

// parseContentRange reads "bytes 0-9/100", "bytes 0-9/*" and "bytes */100" (RFC 9110, 14.4).
func parseContentRange(s string) (contentRange, error) {
	bad := func() (contentRange, error) {
		return contentRange{}, fmt.Errorf("%w: Content-Range %.64q", ErrRange, s)
	}
	unit, rest, ok := strings.Cut(s, " ")
	if !ok || !strings.EqualFold(unit, "bytes") {
		return bad()
	}
	span, total, ok := strings.Cut(rest, "/")
	if !ok {
		return bad()
	}
	r := contentRange{first: -1, last: -1, size: -1}
	if total != "*" {
		if r.size, ok = parseOffset(total); !ok {
			return bad()
		}
	}
	if span == "*" {
		if r.size < 0 {
			return bad()
		}
		return r, nil
	}
	from, to, ok := strings.Cut(span, "-")
	if !ok {
		return bad()
	}
	var okFirst, okLast bool
	r.first, okFirst = parseOffset(from)
	r.last, okLast = parseOffset(to)
	if !okFirst || !okLast || r.last < r.first || (r.size >= 0 && r.last >= r.size) {
		return bad()
	}
	return r, nil
}

// parseOffset reads digits and nothing else: strconv would take a sign.
func parseOffset(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || n > maxOffset || s[0] == '+' {
		return 0, false
	}
	return int64(n), true
}

// version tells two versions of a resource apart.
type version struct {
	etag     string // as sent, weak ones included; "" where there is none
	modified string // Last-Modified as sent
	strong   string // what If-Range may carry: a strong validator, "" where there is none
}

// versionOf reads a response's validators. A Last-Modified date is a strong one only when it lies at
// least a second before Date (RFC 9110, 8.8.2.2): until then the resource may change unseen.
func versionOf(h http.Header) version {
	v := version{etag: h.Get("ETag"), modified: h.Get("Last-Modified")}
	if strings.HasPrefix(v.etag, `"`) {
		v.strong = v.etag
		return v
	}
	modified, err1 := http.ParseTime(v.modified)
	date, err2 := http.ParseTime(h.Get("Date"))
	if v.etag == "" && err1 == nil && err2 == nil && date.Sub(modified) >= time.Second {
		v.strong = v.modified
	}
	return v
}

// same tells whether nothing speaks against v and w being of one version. A validator that only one
// of two answers carries (a 206 may leave Last-Modified out) says nothing.
func (v version) same(w version) bool {
	if v.etag != "" && w.etag != "" {
		return v.etag == w.etag
	}
	return v.modified == "" || w.modified == "" || v.modified == w.modified
}

// rangeHeader is the value of a Range header for length bytes (zero: all) from offset.
func rangeHeader(offset, length int64) string {
	if length == 0 {
		return fmt.Sprintf("bytes=%d-", offset)
	}
	return fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)
}
