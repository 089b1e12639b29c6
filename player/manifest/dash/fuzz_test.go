package dash

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

// typed tells whether an error says of what kind it is.
func typed(err error) bool {
	return errors.Is(err, manifest.ErrFormat) || errors.Is(err, manifest.ErrUnsupported) || errors.Is(err, manifest.ErrLimit)
}

func FuzzParse(f *testing.F) {
	seeds := [][]byte{
		static(`<SegmentTemplate timescale="10" duration="40" media="$RepresentationID$/$Number%03d$.m4s"/>` + rep),
		static(`<SegmentTemplate timescale="10" presentationTimeOffset="5" media="$Time$"><SegmentTimeline><S t="3" d="20" r="-1"/><S t="60" d="15" k="3" r="-1"/></SegmentTimeline></SegmentTemplate>` + rep),
		static(`<SegmentList duration="6"><Initialization range="0-9"/><SegmentURL media="a.m4s"/><SegmentURL mediaRange="100-199"/></SegmentList><Representation bandwidth="1"><BaseURL>all.mp4</BaseURL></Representation>`),
		static(`<Representation bandwidth="1"><BaseURL>//a/a.mp4?b</BaseURL><BaseURL>c.mp4</BaseURL><SegmentBase indexRange="500-599"/></Representation>`),
		radio(`minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT60S"`, `<SegmentTemplate timescale="1000" duration="2000" media="$Number$"/>`),
		mpd("", `<Period duration="PT1.5S"><EventStream timescale="3"><Event presentationTime="1"><a>b</a></Event></EventStream><AdaptationSet contentType="audio"><SegmentTemplate duration="1" media="$Time$"/>`+rep+`</AdaptationSet></Period><Period duration="PT2S"><AdaptationSet contentType="audio" lang="x"><SegmentTemplate duration="1" media="?$Time$"/>`+rep+`</AdaptationSet></Period>`),
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		now := began.Add(time.Minute)
		doc, err := Parse(data, mustURL(base), now)
		if err != nil {
			if !typed(err) {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		if s := wrong(doc); s != "" {
			t.Fatal(s)
		}
		again, err := Parse(data, mustURL(base), now)
		if err != nil || dump(doc) != dump(again) {
			t.Fatalf("parsed again: %v", err)
		}
		next, err := doc.Again(now.Add(time.Minute))
		if err != nil && !typed(err) {
			t.Fatalf("an error without a kind: %v", err)
		} else if err == nil && wrong(next) != "" {
			t.Fatal(wrong(next))
		}
	})
}

func FuzzPatch(f *testing.F) {
	f.Add([]byte(`<add sel="/MPD/Period[@id='p0']" pos="before"><S d="4"/></add>`))
	f.Add([]byte(`<replace sel="/MPD/Period[1]/AdaptationSet/@lang">x</replace><remove sel="/MPD/Period/AdaptationSet/SegmentTemplate"/>`))
	doc, err := Parse(radio(`minimumUpdatePeriod="PT2S"`, `<SegmentTemplate duration="2" media="$Number$"/>`), mustURL(base), began.Add(time.Minute))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, ops []byte) {
		next, err := doc.Update(patch(string(ops)), nil, began.Add(time.Minute))
		if err != nil {
			if !typed(err) {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		if s := wrong(next); s != "" {
			t.Fatal(s)
		}
	})
}

// TestHostile: no megabyte costs more than 64 MB, or long.
func TestHostile(t *testing.T) {
	const mega = 1 << 20
	fill := func(before, part, after string) []byte {
		return []byte(before + strings.Repeat(part, (mega-len(before)-len(after))/len(part)) + after)
	}
	head := string(mpd(`mediaPresentationDuration="PT24H"`, ""))
	head = strings.TrimSuffix(head, "</MPD>")
	set := head + `<Period><AdaptationSet mimeType="audio/mp4">`
	timeline := set + `<SegmentTemplate timescale="1000" media="$Number$-` + strings.Repeat("x", 2000) + `">`
	for name, data := range map[string][]byte{
		"elements":               fill(head, "<a/>", "</MPD>"),
		"attributes":             fill(head+"<a ", `b="" `, "/></MPD>"),
		"text and elements":      fill(head+"<Period>", "x<b/>", "</Period></MPD>"),
		"depth":                  fill(head, "<a>", ""),
		"periods":                fill(head, `<Period/>`, "</MPD>"),
		"sets":                   fill(head+"<Period>", `<AdaptationSet mimeType="audio/mp4"/>`, "</Period></MPD>"),
		"representations":        fill(set+`<SegmentTemplate duration="5" media="$RepresentationID$"/>`, `<Representation/>`, "</AdaptationSet></Period></MPD>"),
		"a timeline":             fill(timeline+"<SegmentTimeline>", `<S d="9"/>`, "</SegmentTimeline></SegmentTemplate>"+rep+"</AdaptationSet></Period></MPD>"),
		"repetitions":            []byte(timeline + `<SegmentTimeline><S d="1" r="-1"/></SegmentTimeline></SegmentTemplate>` + rep + "</AdaptationSet></Period></MPD>"),
		"addresses":              fill(head, `<BaseURL>a</BaseURL>`, "<Period/></MPD>"),
		"addresses of addresses": []byte(head + strings.Repeat(`<BaseURL>https://a.example/</BaseURL>`, 60) + `<Period>` + strings.Repeat(`<BaseURL>b/</BaseURL><BaseURL>c/</BaseURL>`, 5000) + `</Period></MPD>`),
		"events":                 fill(head+`<Period><EventStream>`, `<Event/>`, `</EventStream><AdaptationSet mimeType="audio/mp4"><SegmentTemplate duration="600" media="$Number$"/>`+rep+`</AdaptationSet></Period></MPD>`),
		"an endless stream":      radio(`minimumUpdatePeriod="PT2S"`, `<SegmentTemplate timescale="1000000" duration="1" media="$Number$"/>`),
	} {
		var a, b runtime.MemStats
		runtime.ReadMemStats(&a)
		_, err := Parse(data, mustURL(base), began.Add(24*365*time.Hour))
		runtime.ReadMemStats(&b)
		if err != nil && !typed(err) {
			t.Errorf("%s: %v", name, err)
		}
		if took := (b.TotalAlloc - a.TotalAlloc) >> 20; took > 64 {
			t.Errorf("%s: %d MB for %d bytes: %v", name, took, len(data), err)
		} else if os.Getenv("SEGUE_SWEEP") != "" {
			t.Logf("%s: %d MB for %d bytes: %v", name, took, len(data), err)
		}
	}
}
