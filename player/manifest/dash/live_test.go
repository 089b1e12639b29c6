package dash

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

var began = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// radio is a dynamic MPD.
func radio(attrs, template string) []byte {
	return mpd(`type="dynamic" id="r" availabilityStartTime="2026-01-01T12:00:00Z" publishTime="2026-01-01T12:00:00Z" `+attrs,
		`<Period id="p0" start="PT0S"><AdaptationSet mimeType="audio/mp4">`+template+rep+`</AdaptationSet></Period>`)
}

func parsedAt(t testing.TB, data []byte, at time.Duration) *Document {
	t.Helper()
	doc, err := Parse(data, mustURL(base), began.Add(at))
	if err != nil {
		t.Fatal(err)
	}
	if s := wrong(doc); s != "" {
		t.Fatal(s)
	}
	return doc
}

func first(d *Document) *manifest.Playlist { return d.Presentation.Renditions[0].Playlist }

// window tells which numbers are there at a moment, and which are listed.
func window(p *manifest.Playlist, now time.Time) string {
	there := -1
	for i, s := range p.Segments {
		if !s.Available.After(now) {
			there = i
		}
	}
	n := len(p.Segments)
	return fmt.Sprintf("%d-%d of %d", p.Segments[0].Sequence, p.Segments[max(there, 0)].Sequence, p.Segments[n-1].Sequence)
}

// TestWindow: what has left isn't listed, what is to come is listed with the moment when it will be there.
func TestWindow(t *testing.T) {
	numbered := `<SegmentTemplate duration="2" media="$Number$"/>`
	for name, c := range map[string]struct {
		attrs, template string
		at              time.Duration
		want            string
	}{
		"numbers":                 {`timeShiftBufferDepth="PT10S" minimumUpdatePeriod="PT2S"`, numbered, 60 * time.Second, "26-30 of 90"},
		"all since the beginning": {`minimumUpdatePeriod="PT2S"`, numbered, 60 * time.Second, "1-30 of 90"},
		"before its time": {`timeShiftBufferDepth="PT10S"`, `<SegmentTemplate duration="2" availabilityTimeOffset="1.5" media="$Number$"/>`,
			60*time.Second + 500*time.Millisecond, "26-31 of 91"},
		"an offset of the address": {`timeShiftBufferDepth="PT10S"`, `<BaseURL availabilityTimeOffset="3">x/</BaseURL>` + numbered, 60 * time.Second, "26-31 of 92"},
		"long afterwards":          {`timeShiftBufferDepth="PT10S"`, numbered, 24 * 365 * time.Hour, "15767996-15768000 of 15768060"},
		"a timeline": {`timeShiftBufferDepth="PT10S" minimumUpdatePeriod="PT2S"`,
			`<SegmentTemplate startNumber="20" media="$Time$"><SegmentTimeline><S t="40" d="2" r="9"/></SegmentTimeline></SegmentTemplate>`, 60 * time.Second, "25-29 of 29"},
		"an open timeline": {`timeShiftBufferDepth="PT10S" minimumUpdatePeriod="PT2S" mediaPresentationDuration="PT100S"`,
			`<SegmentTemplate startNumber="20" media="$Time$"><SegmentTimeline><S t="40" d="2" r="-1"/></SegmentTimeline></SegmentTemplate>`, 60 * time.Second, "25-29 of 49"},
	} {
		doc := parsedAt(t, radio(c.attrs, c.template), c.at)
		if got := window(first(doc), began.Add(c.at)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		for _, s := range first(doc).Segments {
			if want := began.Add(time.Duration(s.Sequence-1) * 2 * time.Second); !strings.Contains(name, "timeline") && !s.Time.Equal(want) {
				t.Errorf("%s: segment %d is of %v, want %v", name, s.Sequence, s.Time, want)
				break
			}
		}
	}
}

// TestLive: how a list grows is told.
func TestLive(t *testing.T) {
	template := `<SegmentTemplate duration="2" media="$Number$"/>`
	for name, c := range map[string]struct {
		attrs string
		want  string
	}{
		"updates": {`minimumUpdatePeriod="PT5S" timeShiftBufferDepth="PT60S" suggestedPresentationDelay="PT7S"`, "5s true 7s"},
		"always":  {`minimumUpdatePeriod="PT0S"`, "1s false 6s"},
		"never":   {`timeShiftBufferDepth="PT60S"`, "1m0s true 6s"},
	} {
		l := first(parsedAt(t, radio(c.attrs, template), time.Minute)).Live
		if got := fmt.Sprint(l.Reload, " ", l.Sliding, " ", l.HoldBack); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	over := first(parsedAt(t, radio(`mediaPresentationDuration="PT30S"`, template), time.Minute))
	if !over.Ended || over.Live != nil || len(over.Segments) != 15 {
		t.Errorf("what is over: ended %v, live %+v, %d segments", over.Ended, over.Live, len(over.Segments))
	}
	clocks := `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:ntp:2014" value="ntp.example"/><UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time https://x.example/"/>`
	doc, err := Parse([]byte(strings.Replace(string(radio("", template)), "</MPD>", clocks+"</MPD>", 1)), mustURL(base), began.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if c := first(doc).Live.Clock; c == nil || c.URL.String() != "https://h.example/time" {
		t.Errorf("clock %+v", c)
	}
}

// TestUpdates: over updates segments keep their numbers and their place, though the MPD counts anew.
func TestUpdates(t *testing.T) {
	timeline := func(from, n int) string {
		return fmt.Sprintf(`<SegmentTemplate media="$Time$"><SegmentTimeline><S t="%d" d="2" r="%d"/></SegmentTimeline></SegmentTemplate>`, from, n-1)
	}
	const attrs = `minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT20S"`
	doc := parsedAt(t, radio(attrs, timeline(40, 10)), time.Minute)
	type place struct {
		number int64
		start  time.Duration
	}
	known := map[string]place{}
	note := func(p *manifest.Playlist) {
		t.Helper()
		for _, s := range p.Segments {
			at := place{s.Sequence, s.Start}
			if was, ok := known[s.Name]; ok && was != at {
				t.Errorf("segment %s: %v, before %v", s.Name, at, was)
			}
			known[s.Name] = at
		}
	}
	note(first(doc))
	for i := 1; i < 30; i++ {
		next, err := doc.Update(radio(attrs, timeline(40+2*i, 10)), mustURL(base), began.Add(time.Minute+time.Duration(2*i)*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		note(first(next))
		doc = next
	}
	if len(known) != 39 {
		t.Errorf("%d segments", len(known))
	}
	// Where some were missed, the numbers show it.
	next, err := doc.Update(radio(attrs, timeline(140, 10)), mustURL(base), began.Add(160*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := first(next).Segments[0].Sequence-known["40"].number, int64(50); got != want {
		t.Errorf("after a hole %d on, want %d", got, want)
	}
	again, err := doc.Again(began.Add(10 * time.Minute))
	if err != nil || len(first(again).Segments) != 0 {
		t.Errorf("what has left is still listed: %v, %+v", err, first(again))
	}
}

func patch(ops string) []byte {
	return []byte(`<Patch xmlns="urn:mpeg:dash:schema:mpd-patch:2020" mpdId="r" originalPublishTime="2026-01-01T12:00:00Z" publishTime="2026-01-01T12:00:02Z">` + ops + `</Patch>`)
}

// TestPatch: each operation does what RFC 5261 says of it, and a patch for another document is refused as such.
func TestPatch(t *testing.T) {
	data := radio(`minimumUpdatePeriod="PT2S"`, `<SegmentTemplate media="$Time$"><SegmentTimeline><S t="0" d="2"/><S d="3"/></SegmentTimeline></SegmentTemplate>`)
	doc := parsedAt(t, data, time.Minute)
	const line = "/MPD/Period[@id='p0']/AdaptationSet[1]/SegmentTemplate/SegmentTimeline"
	for ops, want := range map[string]string{
		`<add sel="` + line + `"><S d="4"/><S d="5"/></add>`:                              "0+2 2+3 5+4 9+5",
		`<add sel="` + line + `/S[2]" pos="before"><S d="4"/></add>`:                      "0+2 2+4 6+3",
		`<add sel="` + line + `/S[1]" pos="after"><S d="4"/></add>`:                       "0+2 2+4 6+3",
		`<add sel="` + line + `" pos="prepend"><S t="9" d="1"/></add>`:                    "", // time then runs backwards
		`<remove sel="` + line + `/S[1]"/>`:                                               "0+3",
		`<replace sel="` + line + `/S[@d='3']"><S d="7"/></replace>`:                      "0+2 2+7",
		`<replace sel="` + line + `/S[2]/@d">9</replace>`:                                 "0+2 2+9",
		`<add sel="` + line + `/S[2]" type="@r">1</add>`:                                  "0+2 2+3 5+3",
		`<remove sel="` + line + `/S[1]/@t"/>`:                                            "0+2 2+3",
		`<remove sel="` + line + `/S[1]"/><add sel="` + line + `"><S t="3" d="1"/></add>`: "0+3 3+1",
	} {
		next, err := doc.Update(patch(ops), nil, began.Add(time.Minute))
		if want == "" {
			if !errors.Is(err, manifest.ErrFormat) {
				t.Errorf("%s: %v", ops, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", ops, err)
			continue
		}
		var got []string
		for _, s := range first(next).Segments {
			got = append(got, fmt.Sprintf("%d+%d", int(s.Time.Sub(began).Seconds()), int(s.Duration.Seconds())))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %s, want %s", ops, got, want)
		}
		if next.Published.Sub(began) != 2*time.Second {
			t.Errorf("%s: published %v", ops, next.Published)
		}
	}
	if n := len(first(doc).Segments); n != 2 {
		t.Errorf("the document itself has %d segments", n)
	}
	for _, c := range []struct {
		patch []byte
		want  error
	}{
		{[]byte(strings.Replace(string(patch("")), `"r"`, `"q"`, 1)), manifest.ErrUpdate},
		{[]byte(strings.Replace(string(patch("")), "12:00:00", "12:00:01", 1)), manifest.ErrUpdate},
		{patch(`<remove sel="/MPD/Period[@id='p1']"/>`), manifest.ErrUpdate},
		{patch(`<replace sel="/MPD/@nothing">x</replace>`), manifest.ErrUpdate},
		{patch(`<remove sel="/MPD"/>`), manifest.ErrUpdate},
		{patch(`<remove sel="Period"/>`), manifest.ErrFormat},
		{patch(`<remove sel="/MPD/Period["/>`), manifest.ErrFormat},
		{patch(`<remove sel="/MPD//Period"/>`), manifest.ErrFormat},
		{patch(`<paint sel="/MPD/Period"/>`), manifest.ErrFormat},
		{patch(`<add sel="/MPD/Period" pos="inside"><x/></add>`), manifest.ErrFormat},
		{patch(strings.Repeat(`<remove sel="/MPD/Period"/>`, maxOperations+1)), manifest.ErrLimit},
		{[]byte("<Patchwork/>"), manifest.ErrFormat},
	} {
		if _, err := doc.Update(c.patch, nil, began); !errors.Is(err, c.want) {
			t.Errorf("%.200s: %v, want %v", c.patch, err, c.want)
		}
	}
}

// TestNext: a patch is asked for as long as there is one, else the whole MPD.
func TestNext(t *testing.T) {
	more := `<Location>https://l.example/x.mpd</Location><PatchLocation ttl="60">p.mpp?t=1</PatchLocation>`
	doc := parsedAt(t, []byte(strings.Replace(string(radio("", `<SegmentTemplate duration="2" media="$Number$"/>`)), "</MPD>", more+"</MPD>", 1)), time.Minute)
	for _, c := range []struct {
		at    time.Duration
		want  string
		patch bool
	}{{59 * time.Second, "https://h.example/media/TOKEN/t1/p.mpp?t=1", true}, {61 * time.Second, "https://l.example/x.mpd", false}} {
		if u, patch := doc.Next(began.Add(c.at)); u.String() != c.want || patch != c.patch {
			t.Errorf("at %v: %v, %v", c.at, u, patch)
		}
	}
}

// TestExamplePatch applies the standard's own example.
func TestExamplePatch(t *testing.T) {
	all := corpus(t)
	dir := filepath.Dir(all[0])
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Skip(err)
		}
		return data
	}
	now := time.Date(2020, 5, 13, 5, 34, 30, 0, time.UTC)
	doc, err := Parse(read("example_G21_patch_base.mpd"), mustURL(base), now)
	if err != nil {
		t.Fatal(err)
	}
	next, err := doc.Update(read("example_G21_patch.mpp"), nil, now)
	if err != nil {
		t.Fatal(err)
	}
	was, is := first(doc), first(next)
	if len(is.Segments) != len(was.Segments)+7 || is.Segments[0].Sequence != was.Segments[0].Sequence || is.Segments[0].Start != was.Segments[0].Start {
		t.Errorf("%s\nbefore %s", brief(is), brief(was))
	}
	if u, patch := next.Next(now); !patch || u.Query().Get("publishTime") != "2020-05-13T05:34:28.601Z" {
		t.Errorf("next %v, %v", u, patch)
	}
}
