package dash

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

const base = "https://h.example/media/TOKEN/t1/x.mpd?sig=S"

// mpd wraps periods.
func mpd(attrs, body string) []byte {
	return []byte(`<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
		`xmlns:cenc="urn:mpeg:cenc:2013" xmlns:dvb="urn:dvb:dash:dash-extensions:2014-1" ` + attrs + `>` + body + `</MPD>`)
}

// static is an MPD of one period of 10 s with one set.
func static(body string) []byte {
	return mpd(`mediaPresentationDuration="PT10.000000S"`, `<Period><AdaptationSet mimeType="audio/mp4" codecs="mp4a.40.2">`+body+`</AdaptationSet></Period>`)
}

func parsed(t testing.TB, data []byte) *Document {
	t.Helper()
	doc, err := Parse(data, mustURL(base), moment)
	if err != nil {
		t.Fatal(err)
	}
	if s := wrong(doc); s != "" {
		t.Fatal(s)
	}
	return doc
}

// brief writes a list's segments: number, start, duration and the name, in seconds.
func brief(p *manifest.Playlist) string {
	var all []string
	for _, s := range p.Segments {
		text := fmt.Sprintf("%d %.3f+%.3f %s", s.Sequence, s.Start.Seconds(), s.Duration.Seconds(), s.Name)
		if s.Discontinuity {
			text = "| " + text
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

const rep = `<Representation id="a" bandwidth="128000"/>`

// TestSegments holds what is listed against the rules of ISO 23009-1, 5.3.9.
func TestSegments(t *testing.T) {
	for name, c := range map[string]struct {
		mpd  []byte
		want string
	}{
		"number and duration": {
			static(`<SegmentTemplate timescale="10" duration="40" media="$RepresentationID$/$Number$.m4s"/>` + rep),
			"1 0.000+4.000 a/1.m4s, 2 4.000+4.000 a/2.m4s, 3 8.000+2.000 a/3.m4s",
		},
		"widths, bandwidth, a dollar sign": {
			static(`<SegmentTemplate duration="5" startNumber="7" media="$$-$Bandwidth%08d$-$Number%03d$"/>` + rep),
			"7 0.000+5.000 $-00128000-007, 8 5.000+5.000 $-00128000-008",
		},
		"a period that was rounded up has no more segments": {
			mpd(`mediaPresentationDuration="PT8.001S"`, `<Period><AdaptationSet mimeType="audio/mp4"><SegmentTemplate duration="4" media="$Number$"/>`+rep+`</AdaptationSet></Period>`),
			"1 0.000+4.000 1, 2 4.000+4.000 2",
		},
		"endNumber": {
			static(`<SegmentTemplate duration="4" endNumber="2" media="$Number$"/>` + rep),
			"1 0.000+4.000 1, 2 4.000+4.000 2",
		},
		"a timeline, times from an offset": {
			static(`<SegmentTemplate timescale="10" presentationTimeOffset="100" media="$Time$"><SegmentTimeline><S t="100" d="40" r="1"/><S d="20"/></SegmentTimeline></SegmentTemplate>` + rep),
			"1 0.000+4.000 100, 2 4.000+4.000 140, 3 8.000+2.000 180",
		},
		"a timeline that goes on to the next entry and to the end": {
			static(`<SegmentTemplate timescale="10" media="$Number$-$Time$"><SegmentTimeline><S d="20" r="-1"/><S t="60" d="15" r="-1"/></SegmentTimeline></SegmentTemplate>` + rep),
			"1 0.000+2.000 1-0, 2 2.000+2.000 2-20, 3 4.000+2.000 3-40, 4 6.000+1.500 4-60, 5 7.500+1.500 5-75, 6 9.000+1.000 6-90",
		},
		"a timeline with a hole and numbers": {
			static(`<SegmentTemplate timescale="1" media="$Number$"><SegmentTimeline><S t="0" d="2" n="5"/><S t="6" d="2" n="8"/></SegmentTimeline></SegmentTemplate>` + rep),
			"5 0.000+2.000 5, 6 6.000+2.000 8",
		},
		"segments in parts": {
			static(`<SegmentTemplate media="$Number$-$SubNumber$"><SegmentTimeline><S t="0" d="4" k="2"/></SegmentTimeline></SegmentTemplate>` + rep),
			"1 0.000+2.000 1-1, 2 2.000+2.000 1-2",
		},
		"what lies before the period and behind it": {
			static(`<SegmentTemplate presentationTimeOffset="5" media="$Time$"><SegmentTimeline><S t="0" d="4" r="5"/></SegmentTimeline></SegmentTemplate>` + rep),
			"2 0.000+3.000 4, 3 3.000+4.000 8, 4 7.000+3.000 12",
		},
		"a list": {
			static(`<SegmentList duration="6"><SegmentURL media="a.m4s"/><SegmentURL mediaRange="100-199"/></SegmentList><Representation bandwidth="1"><BaseURL>all.mp4</BaseURL></Representation>`),
			"1 0.000+6.000 a.m4s, 2 6.000+4.000 all.mp4#100+100",
		},
		"a list with a timeline": {
			static(`<SegmentList><SegmentTimeline><S d="7"/><S d="3"/></SegmentTimeline><SegmentURL media="a"/><SegmentURL media="b"/></SegmentList>` + rep),
			"1 0.000+7.000 a, 2 7.000+3.000 b",
		},
		"a list of one": {
			static(`<SegmentList><SegmentURL media="a"/></SegmentList>` + rep),
			"1 0.000+10.000 a",
		},
		"the most specific level counts, the others fill in": {
			mpd(`mediaPresentationDuration="PT10.000000S"`, `<Period><SegmentTemplate timescale="1000" duration="9000" startNumber="3"/><AdaptationSet mimeType="audio/mp4">`+
				`<SegmentTemplate duration="5000" media="no"/><Representation bandwidth="1"><SegmentTemplate media="$Number$"/></Representation></AdaptationSet></Period>`),
			"3 0.000+5.000 3, 4 5.000+5.000 4",
		},
		"identifiers in the query stay in names": {
			static(`<SegmentTemplate duration="5" media="s.php?n=$Number$"/>` + rep),
			"1 0.000+5.000 s.php?n=1, 2 5.000+5.000 s.php?n=2",
		},
		"a token in the query does not": {
			static(`<SegmentTemplate duration="10" media="$Number$.m4s?token=1"/>` + rep),
			"1 0.000+10.000 1.m4s",
		},
		"periods": {
			mpd(`type="static"`, `<Period duration="PT4.000000S"><AdaptationSet mimeType="audio/mp4"><SegmentTemplate duration="3" media="a$Number$"/>`+rep+`</AdaptationSet></Period>`+
				`<Period duration="PT3.000000S"><AdaptationSet mimeType="audio/mp4"><SegmentTemplate timescale="2" presentationTimeOffset="8" media="b$Time$"><SegmentTimeline><S t="8" d="6"/></SegmentTimeline></SegmentTemplate>`+rep+`</AdaptationSet></Period>`),
			"1 0.000+3.000 a1, 2 3.000+1.000 a2, | 3 4.000+3.000 b8",
		},
		"a period that begins before the one before it is over": {
			mpd(`mediaPresentationDuration="PT6.000000S"`, `<Period start="PT1S" duration="PT9S"><AdaptationSet mimeType="audio/mp4"><SegmentTemplate duration="3" media="a$Number$"/>`+rep+`</AdaptationSet></Period>`+
				`<Period start="PT5S"><AdaptationSet mimeType="audio/mp4"><SegmentTemplate duration="3" media="b$Number$"/>`+rep+`</AdaptationSet></Period>`),
			"1 0.000+3.000 a1, 2 3.000+1.000 a2, | 3 4.000+1.000 b1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := brief(parsed(t, c.mpd).Presentation.Renditions[0].Playlist); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestRefused: what can't be played, or isn't an MPD, is told apart.
func TestRefused(t *testing.T) {
	set := func(s string) []byte {
		return mpd(`mediaPresentationDuration="PT10S"`, `<Period><AdaptationSet mimeType="audio/mp4">`+s+`</AdaptationSet></Period>`)
	}
	for name, c := range map[string]struct {
		mpd  []byte
		want error
		says string
	}{
		"nothing":                     {nil, manifest.ErrFormat, ""},
		"cut short":                   {[]byte("<MPD><Period>"), manifest.ErrFormat, "line 1"},
		"something else":              {[]byte("<html></html>"), manifest.ErrFormat, "html"},
		"no period":                   {mpd("", ""), manifest.ErrFormat, "no period"},
		"a type":                      {mpd(`type="magic"`, ""), manifest.ErrFormat, "MPD@type"},
		"live since nobody knows":     {mpd(`type="dynamic"`, "<Period/>"), manifest.ErrFormat, "availabilityStartTime"},
		"no sound":                    {set(`<Representation mimeType="video/mp4"/>`), manifest.ErrUnsupported, "no audio"},
		"too long":                    {append(mpd("", ""), make([]byte, manifest.MaxBytes)...), manifest.ErrLimit, ""},
		"too deep":                    {[]byte(strings.Repeat("<a>", 100)), manifest.ErrLimit, "deep"},
		"a duration":                  {mpd(`mediaPresentationDuration="10 s"`, ""), manifest.ErrFormat, "duration"},
		"an age":                      {mpd(`mediaPresentationDuration="P1000Y"`, ""), manifest.ErrLimit, ""},
		"time backwards":              {mpd("", `<Period start="PT9S"/><Period start="PT1S"/>`), manifest.ErrFormat, "behind"},
		"an unknown identifier":       {set(`<SegmentTemplate duration="1" media="$Nummer$"/>` + rep), manifest.ErrFormat, "Nummer"},
		"an odd dollar sign":          {set(`<SegmentTemplate duration="1" media="$Number"/>` + rep), manifest.ErrFormat, "odd"},
		"a format":                    {set(`<SegmentTemplate duration="1" media="$Number%5x$"/>` + rep), manifest.ErrFormat, "format"},
		"a wide number":               {set(`<SegmentTemplate duration="1" media="$Number%0999d$"/>` + rep), manifest.ErrLimit, "digits"},
		"no media":                    {set(`<SegmentTemplate duration="1"/>` + rep), manifest.ErrFormat, "without media"},
		"no address":                  {set(rep), manifest.ErrFormat, "no segments"},
		"no time":                     {set(`<SegmentTemplate timescale="0" duration="1" media="$Number$"/>` + rep), manifest.ErrFormat, "timescale"},
		"an endless timeline":         {mpd("", `<Period><AdaptationSet mimeType="audio/mp4"><SegmentTemplate media="$Time$"><SegmentTimeline><S d="1" r="-1"/></SegmentTimeline></SegmentTemplate>`+rep+`</AdaptationSet></Period>`), manifest.ErrFormat, "without an end"},
		"a timeline that goes back":   {set(`<SegmentTemplate media="$Time$"><SegmentTimeline><S t="9" d="1"/><S t="2" d="1"/></SegmentTimeline></SegmentTemplate>` + rep), manifest.ErrFormat, "backwards"},
		"many segments":               {set(`<SegmentTemplate timescale="1000000" duration="1" media="$Number$"/>` + rep), manifest.ErrLimit, "MB"},
		"a long segment":              {mpd(`mediaPresentationDuration="PT2H"`, `<Period><AdaptationSet mimeType="audio/mp4"><SegmentTemplate duration="3600" media="$Number$"/>`+rep+`</AdaptationSet></Period>`), manifest.ErrLimit, "segment of"},
		"another scheme":              {set(`<BaseURL>file:///etc/</BaseURL><SegmentTemplate duration="4" media="$Number$"/>` + rep), manifest.ErrUnsupported, "scheme"},
		"a set that isn't understood": {set(`<EssentialProperty schemeIdUri="urn:x"/><SegmentTemplate duration="4" media="$Number$"/>` + rep), manifest.ErrUnsupported, "urn:x"},
		"an MPD that isn't":           {mpd("", `<EssentialProperty schemeIdUri="urn:x"/><Period/>`), manifest.ErrUnsupported, "urn:x"},
		"a rendition that isn't":      {set(`<SegmentTemplate duration="4" media="$Number$"/><Representation id="a"><EssentialProperty schemeIdUri="urn:x"/></Representation>`), manifest.ErrUnsupported, "urn:x"},
		"one that needs another":      {set(`<SegmentTemplate duration="4" media="$Number$"/><Representation id="a" dependencyId="b"/>`), manifest.ErrUnsupported, "depends"},
		"WebM":                        {set(`<SegmentTemplate duration="4" media="$Number$"/><Representation id="a" mimeType="audio/webm"/>`), manifest.ErrUnsupported, "webm"},
		"a period from elsewhere":     {mpd(`mediaPresentationDuration="PT9S"`, `<Period xlink:href="a.xml" duration="PT4S"/>`), manifest.ErrUnsupported, "XLink"},
		"a set from elsewhere":        {set(`</AdaptationSet><AdaptationSet xlink:href="a.xml" xlink:actuate="onLoad">`), manifest.ErrUnsupported, "XLink"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := Parse(c.mpd, mustURL(base), moment)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%+v, error %v, want %v with %q", doc, err, c.want, c.says)
			}
		})
	}
}

// TestEssential: what is understood, or an alternative to what is, doesn't hinder; nor what isn't essential.
func TestEssential(t *testing.T) {
	for _, property := range []string{
		`<SupplementalProperty schemeIdUri="urn:x"/>`,
		`<EssentialProperty schemeIdUri="urn:mpeg:mpegB:cicp:ProgramLoudness" value="-13.5 LUFS"/>`,
		`<EssentialProperty id="1" schemeIdUri="urn:x"/><EssentialProperty id="1" schemeIdUri="urn:mpeg:dash:role:2011"/>`,
	} {
		doc := parsed(t, static(property+`<SegmentTemplate duration="5" media="$Number$"/>`+rep))
		if l := doc.Presentation.Renditions[0].Loudness; strings.Contains(property, "LUFS") && (l == nil || *l != -13.5) {
			t.Errorf("loudness %v", l)
		}
	}
}

// TestLinks: what stands for nothing is left out, and what holds something itself is taken as it is.
func TestLinks(t *testing.T) {
	period := func(attrs string) string {
		return `<Period ` + attrs + `><AdaptationSet mimeType="audio/mp4"><SegmentTemplate duration="5" media="$Number$"/>` + rep + `</AdaptationSet></Period>`
	}
	for name, c := range map[string]struct {
		periods string
		want    string
	}{
		"to nothing":     {`<Period xlink:href="urn:mpeg:dash:resolve-to-zero:2013"/>` + period(`duration="PT5.000000S"`), "1 0.000+5.000 1"},
		"with a content": {period(`xlink:href="ad.xml" duration="PT5.000000S"`), "1 0.000+5.000 1"},
		"of no length":   {period(`duration="PT5.000000S"`) + `<Period xlink:href="ad.xml" duration="PT0S"/>`, "1 0.000+5.000 1"},
	} {
		if got := brief(parsed(t, mpd("", c.periods)).Presentation.Renditions[0].Playlist); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestIndexes: a file with an index comes as one segment, and Expand puts the index's pieces in its place.
func TestIndexes(t *testing.T) {
	doc := parsed(t, static(`<Representation bandwidth="1"><BaseURL>a.mp4</BaseURL><SegmentBase timescale="100" presentationTimeOffset="200" indexRange="500-599"/></Representation>`))
	list := doc.Presentation.Renditions[0].Playlist
	s := &list.Segments[0]
	if got := resource(s.Index); got != "https://h.example/media/TOKEN/t1/a.mp4 (500+100) name a.mp4#500+100" {
		t.Errorf("index %s", got)
	}
	if got := resource(s.Init); got != "https://h.example/media/TOKEN/t1/a.mp4 (0+500) name a.mp4#0+500" {
		t.Errorf("init %s", got)
	}
	pieces := []manifest.Piece{
		{Offset: 600, Size: 50, Start: 0, Duration: 150, Scale: 100}, // before the period
		{Offset: 650, Size: 50, Start: 150, Duration: 450, Scale: 100},
		{Offset: 700, Size: 50, Start: 600, Duration: 700, Scale: 100},
		{Offset: 750, Size: 50, Start: 1300, Duration: 100, Scale: 100}, // behind it
	}
	got, err := list.Expand(0, pieces)
	if err != nil {
		t.Fatal(err)
	}
	if want := "1 0.000+4.000 a.mp4#650+50, 2 4.000+6.000 a.mp4#700+50"; brief(got) != want {
		t.Errorf("got  %s\nwant %s", brief(got), want)
	}
	if len(list.Segments) != 1 || list.Segments[0].Index == nil {
		t.Error("the list itself was changed")
	}
	for _, bad := range [][]manifest.Piece{nil, {{Offset: -1, Size: 1, Scale: 1}}, {{Size: 1, Duration: 1}}, {{Size: 1, Start: 1 << 62, Scale: 1}}} {
		if _, err := list.Expand(0, bad); !errors.Is(err, manifest.ErrFormat) && !errors.Is(err, manifest.ErrLimit) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// TestBases: alternatives are tried by priority and weight, and all have one name.
func TestBases(t *testing.T) {
	doc := parsed(t, mpd(`mediaPresentationDuration="PT4S"`, `<BaseURL serviceLocation="a" dvb:priority="2">https://a.example/x/</BaseURL>`+
		`<BaseURL serviceLocation="b">https://b.example/y/</BaseURL><BaseURL serviceLocation="c" dvb:weight="5">https://c.example/z/</BaseURL>`+
		`<ContentSteering defaultServiceLocation="b c">steer</ContentSteering>`+
		`<Period><AdaptationSet mimeType="audio/mp4"><BaseURL>s/</BaseURL><SegmentTemplate duration="4" media="$Number$.m4s"/>`+rep+`</AdaptationSet></Period>`))
	r := doc.Presentation.Renditions[0]
	s := r.Playlist.Segments[0]
	got := fmt.Sprintf("%v %v %s %v %v %s", s.URL, s.Mirrors, s.Name, r.Pathways, doc.Presentation.Steering.URL, doc.Presentation.Steering.Pathway)
	want := "https://c.example/z/s/1.m4s [https://b.example/y/s/1.m4s https://a.example/x/s/1.m4s] s/1.m4s [c b a] https://h.example/media/TOKEN/t1/steer b"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestNamesStay: another host, another token and another order of hosts leave names as they were.
func TestNamesStay(t *testing.T) {
	body := func(bases string) []byte {
		return mpd(`mediaPresentationDuration="PT4S"`, bases+`<Period><AdaptationSet mimeType="audio/mp4"><SegmentTemplate duration="4" initialization="i.mp4?$$t=1" media="d/$Number$.m4s"/>`+rep+`</AdaptationSet></Period>`)
	}
	var first []string
	for i, c := range []struct{ base, bases string }{
		{"https://h.example/media/TOKEN/t1/x.mpd", ""},
		{"https://other.example/OTHER/x.mpd?a=b", ""},
		{"https://h.example/x.mpd", "<BaseURL>https://cdn1.example/TOKEN/</BaseURL>"},
		{"https://h.example/x.mpd", "<BaseURL>https://cdn1.example/a/</BaseURL><BaseURL dvb:priority=\"0\">https://cdn2.example/b/</BaseURL>"},
	} {
		doc, err := Parse(body(c.bases), mustURL(c.base), moment)
		if err != nil {
			t.Fatal(err)
		}
		s := doc.Presentation.Renditions[0].Playlist.Segments[0]
		names := []string{s.Name, s.Init.Name}
		if i == 0 {
			first = names
		}
		if !slices.Equal(names, first) || names[0] != "d/1.m4s" {
			t.Errorf("%s %s: names %q, want %q", c.base, c.bases, names, first)
		}
	}
}

// TestTracks: the main sound in the first language is what plays; the rest can be chosen.
func TestTracks(t *testing.T) {
	set := func(attrs, inside string, rates ...int) string {
		s := `<AdaptationSet mimeType="audio/mp4" ` + attrs + `>` + inside + `<SegmentTemplate duration="4" media="$RepresentationID$-$Number$"/>`
		for _, r := range rates {
			s += fmt.Sprintf(`<Representation id="r%d" bandwidth="%d"/>`, r, r)
		}
		return s + `</AdaptationSet>`
	}
	role := func(v string) string { return `<Role schemeIdUri="urn:mpeg:dash:role:2011" value="` + v + `"/>` }
	doc := parsed(t, mpd(`mediaPresentationDuration="PT4S"`, `<Period>`+
		set(`lang="de" codecs="mp4a.40.2"`, role("commentary"), 7)+
		set(`lang="fr" codecs="mp4a.40.2"`, role("main"), 64, 32)+
		set(`lang="en" codecs="mp4a.40.2"`, role("main"), 96)+
		set(`lang="fr" codecs="fLaC"`, role("main"), 900)+
		set(`lang="fr" codecs="ec-3"`, role("main")+`<AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="6"/>`, 384)+
		`</Period>`))
	rates := func(all []manifest.Rendition) (got []int) {
		for _, r := range all {
			got = append(got, int(r.Bitrate))
		}
		return got
	}
	p := doc.Presentation
	if got := rates(p.Renditions); !slices.Equal(got, []int{32, 64, 900}) {
		t.Errorf("what plays unasked: %v", got)
	}
	for _, c := range []struct {
		s    manifest.Selection
		want []int
	}{
		{manifest.Selection{}, []int{32, 64, 900}},
		{manifest.Selection{Languages: []string{"en-GB"}}, []int{96}},
		{manifest.Selection{Languages: []string{"es", "en"}}, []int{96}},
		{manifest.Selection{Languages: []string{"es"}}, []int{32, 64, 900}},
		{manifest.Selection{Languages: []string{"fr"}, Codecs: []string{"mp4a"}}, []int{32, 64}},
		{manifest.Selection{Codecs: []string{"opus"}}, []int{32, 64, 900}},
		{manifest.Selection{Roles: []string{"commentary"}}, []int{7}},
	} {
		if got := rates(p.Select(c.s)); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.s, got, c.want)
		}
	}
}

// TestPeriodsAreMatched: a rendition goes on in the next period with what is most like it.
func TestPeriodsAreMatched(t *testing.T) {
	period := func(lang string, reps string) string {
		return `<Period duration="` + map[string]string{"en": "PT4.000000S", "de": "PT8.000000S"}[lang] + `"><AdaptationSet mimeType="audio/mp4" lang="` + lang + `"><SegmentTemplate duration="8" media="$RepresentationID$"/>` + reps + `</AdaptationSet></Period>`
	}
	doc := parsed(t, mpd("", period("en", `<Representation id="ad" bandwidth="100" codecs="mp4a.40.2"/>`)+
		period("de", `<Representation id="lo" bandwidth="64" codecs="mp4a.40.2"/><Representation id="hi" bandwidth="900" codecs="fLaC"/>`)+
		period("de", `<Representation id="hi" bandwidth="70" codecs="mp4a.40.2"/><Representation id="x" bandwidth="1000" codecs="fLaC"/>`)+
		period("de", `<Representation id="y" bandwidth="64" codecs="mp4a.40.2"/><Representation id="lo" bandwidth="300" codecs="mp4a.40.2"/>`)))
	var got []string
	for _, r := range doc.Presentation.Renditions {
		got = append(got, brief(r.Playlist))
	}
	want := []string{"1 0.000+4.000 ad, | 2 4.000+8.000 lo, | 3 12.000+8.000 hi, | 4 20.000+8.000 lo",
		"1 0.000+4.000 ad, | 2 4.000+8.000 hi, | 3 12.000+8.000 x, | 4 20.000+8.000 lo"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestProtection: what protects a rendition is said in whole, wherever it stands.
func TestProtection(t *testing.T) {
	doc := parsed(t, mpd(`mediaPresentationDuration="PT4S" xmlns:dashif="https://dashif.org/CPS"`,
		`<ContentProtection refId="m" schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cbcs" cenc:default_KID="9eb4050d-e44b-4802-932e-27d75083e266"/>`+
			`<Period><AdaptationSet mimeType="audio/mp4"><ContentProtection ref="m"/>`+
			`<ContentProtection schemeIdUri="URN:UUID:E2719D58-A985-B3C9-781A-B030AF78D30E"><dashif:Laurl>https://l.example/</dashif:Laurl><cenc:pssh> AAEC </cenc:pssh></ContentProtection>`+
			`<SegmentTemplate duration="4" media="$Number$"/>`+rep+`</AdaptationSet></Period>`))
	k := doc.Presentation.Renditions[0].Playlist.Segments[0].Key
	got := fmt.Sprintf("%s %s %s %x %x %s", k.Method, k.Name, k.Systems[0].Format, k.Systems[0].KID, k.Systems[0].Data, k.Systems[0].Licence)
	want := "cbcs 9eb4050de44b4802932e27d75083e266 urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e 9eb4050de44b4802932e27d75083e266 000102 https://l.example/"
	if got != want || len(k.Systems) != 1 {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestRounded: how coarsely times are written is known to whoever joins the music.
func TestRounded(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"PT5S": time.Millisecond, "PT5.5S": time.Millisecond, "PT5.016S": time.Millisecond, "PT5.0155S": 100 * time.Microsecond,
		"PT5.015510S": 0, "PT1M5.0155102S": 0,
	} {
		doc := parsed(t, mpd("", `<Period duration="`+text+`"><AdaptationSet mimeType="audio/mp4"><SegmentTemplate duration="100" media="$Number$"/>`+rep+`</AdaptationSet></Period>`))
		if got := doc.Presentation.Renditions[0].Playlist.Segments[0].Origin.Slack; got != want {
			t.Errorf("%s: slack %v, want %v", text, got, want)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"PT0S": 0, "PT1.5S": 1500 * time.Millisecond, "PT1H2M3S": 3723 * time.Second, "P1DT1S": 86401 * time.Second,
		"P1Y2M3D": (365 + 60 + 3) * 24 * time.Hour, "PT.25S": 250 * time.Millisecond, "PT36H": 36 * time.Hour,
		"PT0.0000000019S": 1, "PT1384015H43M16.234S": 1384015*time.Hour/1 + 43*time.Minute + 16234*time.Millisecond,
	} {
		if want > maxTime {
			continue
		}
		if got, _, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "P", "PT", "5S", "PT5", "PT5X", "PT-5S", "PTS", "PT1S2M", "PT1.2.3S", "PT1e3S", "-PT1S", "P99999999999999999999Y"} {
		if d, _, err := parseDuration(text); err == nil {
			t.Errorf("%q: taken for %v", text, d)
		}
	}
}
