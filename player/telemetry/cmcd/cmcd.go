// Package cmcd writes Common Media Client Data (CTA-5004, version 1): what a player tells a CDN with
// each request, so that server logs can be read by session and by buffer. It only writes: what to
// say is the caller's to know.
package cmcd

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/segue-audio/segue/player/media"
)

// MaxText is the most characters of a session or content id (CTA-5004, table 1).
const MaxText = 64

// Object is the kind of what is requested: the key "ot".
type Object string

// The objects.
const (
	Manifest Object = "m"
	Audio    Object = "a"
	Init     Object = "i"
	Key      Object = "k" // a key, licence or certificate
	Other    Object = "o"
)

// Format is the kind of stream: the key "sf".
type Format string

// The formats.
const (
	HLS         Format = "h"
	DASH        Format = "d"
	Progressive Format = "o" // a file: "other" in the standard's words
)

// Data is what one request says. Zero fields are left out, but for Buffer in a request for Audio.
type Data struct {
	Object   Object
	Bitrate  media.Bitrate // br: encoded, of the object
	Top      media.Bitrate // tb: the highest rendition that may be asked for
	Duration time.Duration // d: playing time of the object

	Buffer     time.Duration // bl: music ahead; sent for Audio, even when zero
	Deadline   time.Duration // dl: until the object's first sample is needed
	Throughput media.Bitrate // mtp: as measured
	Next       string        // nor: the object asked for next, relative to this one
	NextRange  string        // nrr: its byte range, as "first-last"
	StartUp    bool          // su: asked for at start, after a seek or after running dry

	Starved   bool          // bs: the buffer ran dry since the last request
	Requested media.Bitrate // rtp: the most throughput that is of use

	Session string // sid
	Content string // cid
	Format  Format // sf
	Live    bool   // st: "l", else "v"; sent together with Format
	Speed   float64
}

// pair is one key with its value as written.
type pair struct{ key, text string }

// Headers are the four request headers, each with the keys that CTA-5004 puts there.
var headers = []struct{ name, keys string }{
	{"CMCD-Object", " br d ot tb "},
	{"CMCD-Request", " bl dl mtp nor nrr su "},
	{"CMCD-Session", " cid pr sf sid st "},
	{"CMCD-Status", " bs rtp "},
}

// pairs lists what is to be said, in the order of the keys.
func (d *Data) pairs() []pair {
	var out []pair
	add := func(key, text string) {
		if text != "" {
			out = append(out, pair{key, key + text})
		}
	}
	// A flag stands alone where it is true.
	flag := func(key string, on bool) {
		if on {
			out = append(out, pair{key, key})
		}
	}
	if d.Object == Audio {
		out = append(out, pair{"bl", "bl=" + strconv.FormatInt(hundreds(milliseconds(d.Buffer)), 10)})
	}
	add("br", number(kilobits(d.Bitrate)))
	flag("bs", d.Starved)
	add("cid", text(limit(d.Content)))
	add("d", number(milliseconds(d.Duration)))
	add("dl", number(hundreds(milliseconds(d.Deadline))))
	add("mtp", number(hundreds(kilobits(d.Throughput))))
	add("nor", text(url.PathEscape(d.Next)))
	add("nrr", text(d.NextRange))
	add("ot", token(string(d.Object)))
	if d.Speed > 0 && d.Speed != 1 { // 1 is what it means to be silent about it
		add("pr", "="+strconv.FormatFloat(math.Round(d.Speed*1000)/1000, 'f', -1, 64))
	}
	add("rtp", number(hundreds(kilobits(d.Requested))))
	add("sf", token(string(d.Format)))
	add("sid", text(limit(d.Session)))
	if d.Format != "" {
		add("st", token(map[bool]string{false: "v", true: "l"}[d.Live]))
	}
	flag("su", d.StartUp)
	add("tb", number(kilobits(d.Top)))
	return out
}

// String is the payload as it stands, not yet escaped, in a query: keys in order of the alphabet.
func (d Data) String() string {
	var all []string
	for _, p := range d.pairs() {
		all = append(all, p.text)
	}
	return strings.Join(all, ",")
}

// SetHeader writes the payload into h, in place of one that is there. Cross-origin requests from a
// browser would need the server's consent for such headers; a native app's don't.
func (d Data) SetHeader(h http.Header) {
	pairs := d.pairs()
	for _, group := range headers {
		var of []string
		for _, p := range pairs {
			if strings.Contains(group.keys, " "+p.key+" ") {
				of = append(of, p.text)
			}
		}
		h.Del(group.name)
		if len(of) > 0 {
			h.Set(group.name, strings.Join(of, ","))
		}
	}
}

// AddQuery appends the payload to u's query and leaves what is there as it is written, since it may be
// signed.
func (d Data) AddQuery(u *url.URL) {
	payload := d.String()
	if payload == "" {
		return
	}
	kept := slices.DeleteFunc(strings.Split(u.RawQuery, "&"), func(s string) bool {
		return s == "" || strings.HasPrefix(s, "CMCD=")
	})
	escaped := strings.ReplaceAll(url.QueryEscape(payload), "+", "%20")
	u.RawQuery = strings.Join(append(kept, "CMCD="+escaped), "&")
}

func number(n int64) string {
	if n <= 0 {
		return ""
	}
	return "=" + strconv.FormatInt(n, 10)
}

func token(s string) string {
	if s == "" {
		return ""
	}
	return "=" + s
}

// text quotes s as a string of RFC 8941, 3.3.3; what such a string can't hold is escaped before or
// left out.
func text(s string) string {
	if s == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString(`="`)
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r >= 0x7f:
			b.WriteString(url.PathEscape(string(r)))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// limit shortens s so that it is written with at most MaxText characters, whole ones.
func limit(s string) string {
	n := 0
	for at, r := range s {
		if r < 0x20 || r >= 0x7f {
			n += 3 * utf8.RuneLen(r)
		} else {
			n++
		}
		if n > MaxText {
			return s[:at]
		}
	}
	return s
}

func milliseconds(d time.Duration) int64 { return max(0, d).Round(time.Millisecond).Milliseconds() }

func kilobits(b media.Bitrate) int64 { return (max(0, int64(b)) + 500) / 1000 }

func hundreds(n int64) int64 { return (n + 50) / 100 * 100 }
