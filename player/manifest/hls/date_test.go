package hls

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestDates: segments without a date get theirs from the last before them, those in front of the first date
// from that.
func TestDates(t *testing.T) {
	const pdt = "#EXT-X-PROGRAM-DATE-TIME:"
	for _, c := range []struct{ name, text, want string }{
		{"none", one + one, "- -"},
		{"forwards", pdt + "2026-01-01T00:00:00Z\n" + one + one + one, "00:00:00 00:00:04 00:00:08"},
		{"backwards", one + one + pdt + "2026-01-01T00:00:10.5Z\n" + one, "00:00:02.5 00:00:06.5 00:00:10.5"},
		{"a jump", pdt + "2026-01-01T00:00:00Z\n" + one + pdt + "2026-01-01T01:00:00Z\n" + one + one, "00:00:00 01:00:00 01:00:04"},
		{"zones", pdt + "2026-01-01T02:00:00+02:00\n" + one + pdt + "2026-01-01T02:00:00.25+0100\n" + one + pdt + "2026-01-01T01:00:00-01\n" + one,
			"00:00:00 01:00:00.25 02:00:00"},
		{"no zone", pdt + "2026-01-01T02:00:00.125\n" + one, "02:00:00.125"},
		{"rubbish", pdt + "yesterday\n" + one + pdt + "2026-01-01T00:00:04Z\n" + one + pdt + "2026-13-01T00:00:04Z\n" + one, "00:00:00 00:00:04 00:00:08"},
		{"of a segment in parts", pdt + "2026-01-01T00:00:00Z\n#EXT-X-PART:DURATION=1,URI=\"p\"\n", "00:00:00"},
	} {
		doc, err := Parse([]byte(mediaHead+c.text), mustURL("https://h/x.m3u8"), nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, s := range doc.Playlist.Segments {
			if s.Time.IsZero() {
				got = append(got, "-")
			} else {
				got = append(got, strings.TrimPrefix(s.Time.Format("2006-01-02 15:04:05.999"), "2026-01-01 "))
			}
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%s: %s, want %s", c.name, g, c.want)
		}
	}
}

const rangeHead = mediaHead + "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z\n" + one + one

// TestDateRanges follows where ranges begin and end.
func TestDateRanges(t *testing.T) {
	at := func(s string) string { return "START-DATE=\"2026-01-01T00:00:" + s + "Z\"" }
	for _, c := range []struct{ name, text, want string }{
		{"open", `ID="a",` + at("05"), "a 5s …"},
		{"duration", `ID="a",DURATION=2.5,` + at("05"), "a 5s 7.5s"},
		{"end", `ID="a",END-DATE="2026-01-01T00:00:06Z",` + at("05"), "a 5s 6s"},
		{"no length", `ID="a",DURATION=0,` + at("05"), "a 5s 5s"},
		{"before the list", `ID="a",START-DATE="2025-12-31T23:59:59Z"`, "a -1s …"},
		{"behind the list", `ID="a",` + at("30"), "a 30s …"},
		{"rubbish", `ID="a",START-DATE="soon"`, ""},
		{"until the next", `ID="a",CLASS="c",END-ON-NEXT=YES,` + at("01") + "\n#EXT-X-DATERANGE:ID=\"b\",CLASS=\"c\",END-ON-NEXT=YES," + at("03") +
			"\n#EXT-X-DATERANGE:ID=\"x\",CLASS=\"d\"," + at("02"), "a 1s 3s, b 3s …, x 2s …"},
		{"in two tags", `ID="a",X-ONE="1",` + at("05") + "\n#EXT-X-DATERANGE:ID=\"a\",X-TWO=0x2,DURATION=1", "a 5s 6s map[X-ONE:1 X-TWO:0x2]"},
		{"with a wrong start", `ID="a",` + at("05") + "\n#EXT-X-DATERANGE:ID=\"a\",DURATION=1," + at("06"), "a 5s 6s"},
	} {
		doc, err := Parse([]byte(rangeHead+"#EXT-X-DATERANGE:"+c.text+"\n"), mustURL("https://h/x.m3u8"), nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		zero := doc.Playlist.Segments[0].Time
		var got []string
		for _, r := range doc.Playlist.Ranges {
			end := "…"
			if !r.End.IsZero() {
				end = r.End.Sub(zero).String()
			}
			s := fmt.Sprintf("%s %v %s", r.ID, r.Start.Sub(zero), end)
			if from := r.Start.Sub(zero); r.From != from && !(from < 0 && r.From == -1) {
				s += fmt.Sprintf(" at %v", r.From)
			}
			if strings.Contains(c.want, "map") {
				s += fmt.Sprint(" ", r.Attributes)
			}
			got = append(got, s)
		}
		if g := strings.Join(got, ", "); g != c.want {
			t.Errorf("%s: %s, want %s", c.name, g, c.want)
		}
	}
}

// TestDateRangesOfUpdates: where an update says which ranges went, the others stay.
func TestDateRangesOfUpdates(t *testing.T) {
	r := func(id, more string) string {
		return "#EXT-X-DATERANGE:ID=\"" + id + "\",START-DATE=\"2026-01-01T00:00:01Z\"" + more + "\n"
	}
	old, err := Parse([]byte(rangeHead+r("a", ",X-A=1")+r("b", "")+r("c", "")), mustURL("https://h/x.m3u8"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ skip, more, want string }{
		{"SKIPPED-SEGMENTS=2", "", ""},
		{"SKIPPED-SEGMENTS=2", r("b", ""), "b"},
		{`SKIPPED-SEGMENTS=2,RECENTLY-REMOVED-DATERANGES=""`, r("d", ""), "a b c d"},
		{`SKIPPED-SEGMENTS=2,RECENTLY-REMOVED-DATERANGES="a` + "\t" + `c"`, r("b", ",DURATION=5"), "b+5s"},
	} {
		doc, err := ParseUpdate([]byte(mediaHead+"#EXT-X-SKIP:"+c.skip+"\n"+one+c.more), mustURL("https://h/x.m3u8"), nil, old)
		if err != nil {
			t.Errorf("%s: %v", c.skip, err)
			continue
		}
		var got []string
		for _, r := range doc.Playlist.Ranges {
			if d := r.End.Sub(r.Start); !r.End.IsZero() {
				r.ID += "+" + d.String()
			}
			got = append(got, r.ID)
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%s: %s, want %s", c.skip, g, c.want)
		}
	}
	if a := old.Playlist.Ranges[0].Attributes; len(a) != 1 {
		t.Errorf("the list from before was changed: %v", a)
	}
}

// TestBegin: a place that isn't precise is moved to the beginning of its segment.
func TestBegin(t *testing.T) {
	master, err := Parse([]byte("#EXTM3U\n#EXT-X-START:TIME-OFFSET=1,PRECISE=YES\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n"), mustURL("https://h/m"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tag    string
		master *Document
		want   time.Duration
	}{
		{"TIME-OFFSET=5.5,PRECISE=YES", nil, 5500 * time.Millisecond},
		{"TIME-OFFSET=5.5", nil, 4 * time.Second},
		{"TIME-OFFSET=5.5,PRECISE=NO", nil, 4 * time.Second},
		{"TIME-OFFSET=-5.5,PRECISE=YES", nil, -5500 * time.Millisecond},
		{"TIME-OFFSET=-5.5", nil, -8 * time.Second},
		{"TIME-OFFSET=-99", nil, -12 * time.Second},
		{"TIME-OFFSET=99", nil, 99 * time.Second},
		{"TIME-OFFSET=5.5,PRECISE=YES", master, 5500 * time.Millisecond},
		{"", master, time.Second},
	} {
		tag := "#EXT-X-START:" + c.tag + "\n"
		if c.tag == "" {
			tag = ""
		}
		doc, err := Parse([]byte(mediaHead+tag+one+one+one), mustURL("https://h/a"), c.master)
		if err != nil || doc.Playlist.Begin == nil || *doc.Playlist.Begin != c.want {
			t.Errorf("%s: %v, %v, want %v", c.tag, doc, err, c.want)
		}
	}
}
