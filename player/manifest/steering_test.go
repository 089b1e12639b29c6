package manifest

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func parseURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

const directions = `{
	"VERSION": 1, "TTL": 120.5, "RELOAD-URI": "next?session=7", "PATHWAY-PRIORITY": ["C", "B", "A"], "FUTURE": {},
	"PATHWAY-CLONES": [
		{"BASE-ID": "A", "ID": "C", "URI-REPLACEMENT": {"HOST": "c.example:8443", "PARAMS": {"token": "x y", "a": "1"}}},
		{"BASE-ID": "C", "ID": "D", "URI-REPLACEMENT": {"PER-VARIANT-URIS": {"v1": "https://d.example/v1.m3u8"},
			"PER-RENDITION-URIS": {"r1": "/r1.m3u8?q=1"}, "PARAMS": {"a": "2"}}},
		{"BASE-ID": "unknown", "ID": "E", "URI-REPLACEMENT": {"HOST": "e.example"}},
		{"BASE-ID": "A", "ID": "B", "URI-REPLACEMENT": {"HOST": "not.taken"}}]}`

func TestDirections(t *testing.T) {
	d, err := ParseDirections([]byte(directions), parseURL(t, "https://s.example/steer/now"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(d.Order, []string{"C", "B", "A"}) || d.TTL != 120500*time.Millisecond ||
		d.Reload.String() != "https://s.example/steer/next?session=7" || len(d.Clones) != 4 {
		t.Errorf("%+v", d)
	}
	for text, want := range map[string]time.Duration{
		`{"VERSION":1,"PATHWAY-PRIORITY":["A"]}`:                  usualTTL,
		`{"VERSION":1,"TTL":0,"PATHWAY-PRIORITY":["A"]}`:          leastTTL,
		`{"VERSION":1,"TTL":-1e300,"PATHWAY-PRIORITY":["A"]}`:     leastTTL,
		`{"VERSION":1,"TTL":1e300,"PATHWAY-PRIORITY":["A"]}`:      longestTTL,
		`{"VERSION":1,"TTL":9,"SERVICE-LOCATION-PRIORITY":["A"]}`: 9 * time.Second,
	} {
		if d, err := ParseDirections([]byte(text), nil); err != nil || d.TTL != want || d.Reload != nil {
			t.Errorf("%s: %+v, %v", text, d, err)
		}
	}
}

func TestBadDirections(t *testing.T) {
	with := func(s string) string { return `{"VERSION":1,"PATHWAY-PRIORITY":["A"],` + s + `}` }
	for text, want := range map[string]error{
		"":                                       ErrFormat,
		"[]":                                     ErrFormat,
		"{}":                                     ErrUnsupported,
		`{"VERSION":2,"PATHWAY-PRIORITY":["A"]}`: ErrUnsupported,
		`{"VERSION":1}`:                          ErrFormat,
		with(`"TTL":"soon"`):                     ErrFormat,
		with(`"RELOAD-URI":"file:///etc/passwd"`):                                                                                              ErrFormat,
		with(`"RELOAD-URI":"http://[::1/"`):                                                                                                    ErrFormat,
		with(`"RELOAD-URI":"` + strings.Repeat("x", maxSteeringURL+1) + `"`):                                                                   ErrLimit,
		with(`"PATHWAY-CLONES":[{"BASE-ID":"A"}]`):                                                                                             ErrFormat,
		with(`"PATHWAY-CLONES":[{"BASE-ID":"A","ID":"B","URI-REPLACEMENT":{"HOST":"a/b"}}]`):                                                   ErrFormat,
		with(`"PATHWAY-CLONES":[{"BASE-ID":"A","ID":"B","URI-REPLACEMENT":{"HOST":"user@a"}}]`):                                                ErrFormat,
		with(`"PATHWAY-CLONES":[{"BASE-ID":"A","ID":"B","URI-REPLACEMENT":{"PER-VARIANT-URIS":{"v":"ftp://x/"}}}]`):                            ErrFormat,
		`{"VERSION":1,"PATHWAY-PRIORITY":["A"` + strings.Repeat(`,"A"`, MaxPathways) + `]}`:                                                    ErrLimit,
		with(`"PATHWAY-CLONES":[{"BASE-ID":"A","ID":"B","URI-REPLACEMENT":{"PARAMS":{"p":"` + strings.Repeat("x", maxSteeringQuery) + `"}}}]`): ErrLimit,
		strings.Repeat(" ", MaxSteeringBytes+1):                                                                                                ErrLimit,
	} {
		if d, err := ParseDirections([]byte(text), parseURL(t, "https://s.example/")); !errors.Is(err, want) || d != nil {
			t.Errorf("%.80s: %+v, %v, want %v", text, d, err, want)
		}
	}
}

func TestAsk(t *testing.T) {
	hls := &Steering{URL: parseURL(t, "https://s.example/?video=12"), Prefix: "_HLS"}
	dash := &Steering{URL: hls.URL, Prefix: "_DASH"}
	next := parseURL(t, "https://t.example/")
	for _, c := range []struct{ got, want string }{
		{hls.Ask(nil, "CDN A", 0).String(), "https://s.example/?_HLS_pathway=CDN+A&video=12"},
		{hls.Ask(next, "A", 5_000_000).String(), "https://t.example/?_HLS_pathway=A&_HLS_throughput=5000000"},
		{dash.Ask(next, "A", 0).String(), "https://t.example/?_DASH_pathway=%22A%22"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
	if u := (&Steering{Data: []byte("{}")}).Ask(nil, "A", 0); u != nil {
		t.Errorf("asks %s for what is at hand", u)
	}
}

func TestClones(t *testing.T) {
	d, err := ParseDirections([]byte(directions), parseURL(t, "https://s.example/"))
	if err != nil {
		t.Fatal(err)
	}
	room := make([]*url.URL, 1, 8) // an append in place would show
	room[0] = parseURL(t, "https://b.example/v1.m3u8")
	p := &Presentation{
		Renditions: []Rendition{{
			URL: parseURL(t, "https://a.example/v1.m3u8?t=0&a=9"), VariantID: "v1",
			Mirrors: room, Pathways: []string{"A", "B"},
		}, {URL: parseURL(t, "https://x.example/")}, {Playlist: &Playlist{}}},
		Others: []Rendition{{URL: parseURL(t, "https://a.example/r1.m3u8"), RenditionID: "r1", Pathways: []string{"A"}}},
	}
	before := fmt.Sprintf("%+v", p)
	q := p.WithClones(d.Clones)
	if after := fmt.Sprintf("%+v", p); after != before || room[:2][1] != nil {
		t.Errorf("changed what it was given: %s", after)
	}
	for _, c := range []struct {
		r    Rendition
		want []string
	}{
		{q.Renditions[0], []string{"A", "B https://b.example/v1.m3u8", "C https://c.example:8443/v1.m3u8?a=1&t=0&token=x+y", "D https://d.example/v1.m3u8?a=2"}},
		{q.Renditions[1], nil},
		{q.Renditions[2], nil},
		{q.Others[0], []string{"A", "C https://c.example:8443/r1.m3u8?a=1&token=x+y", "D https://s.example/r1.m3u8?a=2&q=1", "B https://not.taken/r1.m3u8"}},
	} {
		var got []string
		for i, name := range c.r.Pathways {
			if i > 0 {
				name += " " + c.r.Mirrors[i-1].String()
			}
			got = append(got, name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
	if again := q.WithClones(d.Clones); !reflect.DeepEqual(again.Renditions[0], q.Renditions[0]) {
		t.Errorf("cloned twice: %+v", again.Renditions[0])
	}
}

func TestWhen(t *testing.T) {
	zero := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := &Playlist{Segments: []Segment{
		{Start: 0, Duration: 4 * time.Second, Time: zero},
		{Start: 4 * time.Second, Duration: 4 * time.Second, Time: zero.Add(time.Minute)}, // an hour of nothing before it
	}}
	for at, want := range map[time.Duration]time.Duration{
		-1: -1, 0: 0, time.Second: time.Second, 4 * time.Second: 4 * time.Second, 30 * time.Second: 4 * time.Second,
		61 * time.Second: 5 * time.Second, 70 * time.Second: 14 * time.Second,
	} {
		if got := p.When(zero.Add(at)); got != want {
			t.Errorf("%v: %v, want %v", at, got, want)
		}
	}
	for _, never := range []time.Time{{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got := p.When(never); got != -1 {
			t.Errorf("%v: %v", never, got)
		}
	}
	if got := (&Playlist{Segments: []Segment{{Duration: 1}}}).When(zero); got != -1 {
		t.Errorf("without dates: %v", got)
	}
}

func FuzzDirections(f *testing.F) {
	f.Add([]byte(directions))
	f.Add([]byte(`{"VERSION":1,"TTL":1e999,"PATHWAY-PRIORITY":[""]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ParseDirections(data, &url.URL{Scheme: "https", Host: "s.example", Path: "/"})
		if err != nil {
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrLimit) {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		if d.TTL < leastTTL || d.TTL > longestTTL || len(d.Order) == 0 {
			t.Fatalf("%+v", d)
		}
		p := &Presentation{Renditions: []Rendition{{URL: &url.URL{Scheme: "http", Host: "a"}, VariantID: "v", Pathways: []string{"A"}}}}
		r := p.WithClones(d.Clones).Renditions[0]
		if len(r.Mirrors) != len(r.Pathways)-1 || len(r.Pathways) > MaxPathways {
			t.Fatalf("%+v", r)
		}
		for _, u := range r.Mirrors {
			if _, err := url.Parse(u.String()); err != nil || u.Host == "" {
				t.Fatalf("clone %q: %v", u, err)
			}
		}
	})
}
