package hls

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/manifest"
)

// brief lists renditions in a line each: bit rate, language, roles and where it is to be had.
func brief(d *Document, list []manifest.Rendition) string {
	var out []string
	for _, r := range list {
		s := fmt.Sprintf("%d", r.Bitrate)
		for _, more := range []string{r.Language, strings.Join(r.Roles, "+"), d.Name(r.URL)} {
			if more != "" {
				s += " " + more
			}
		}
		for _, m := range r.Mirrors {
			s += "|" + d.Name(m)
		}
		if len(r.Pathways) > 0 {
			s += fmt.Sprintf(" %v", r.Pathways)
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// TestGroups: what plays where nobody chose, and what else there is.
func TestGroups(t *testing.T) {
	member := func(group, name, more string) string {
		return fmt.Sprintf("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=%q,NAME=%q%s\n", group, name, more)
	}
	variant := func(rate int, group, more string) string {
		return fmt.Sprintf("#EXT-X-STREAM-INF:BANDWIDTH=%d,AUDIO=%q%s\nv%d.m3u8\n", rate, group, more, rate)
	}
	en, de := `,LANGUAGE="en",URI="`, `,LANGUAGE="de",URI="`
	const described = `,CHARACTERISTICS="public.accessibility.describes-video,x.y",AUTOSELECT=YES,DEFAULT=YES`
	for _, c := range []struct{ name, text, renditions, others string }{
		{"the default", member("g", "E", en+`e"`) + member("g", "D", de+`d",DEFAULT=YES`) + variant(1, "g", ""), "1 de d", "1 en e"},
		{"the first of equals", member("g", "E", en+`e"`) + member("g", "D", de+`d"`) + variant(1, "g", ""), "1 en e", "1 de d"},
		{"autoselect", member("g", "E", en+`e"`) + member("g", "D", de+`d",AUTOSELECT=YES`) + variant(1, "g", ""), "1 de d", "1 en e"},
		{"no description for the blind by itself", member("g", "E", en+`x"`+strings.ReplaceAll(described, ",DEFAULT=YES", "")) + member("g", "D", de+`d",AUTOSELECT=YES`) + variant(1, "g", ""),
			"1 de d", "1 en public.accessibility.describes-video+x.y x"},
		{"one language in all groups", member("lo", "E", en+`le"`) + member("lo", "D", de+`ld",DEFAULT=YES`) + member("hi", "E", en+`he",DEFAULT=YES`) + member("hi", "D", de+`hd"`) +
			variant(2, "hi", "") + variant(1, "lo", ""), "1 en le, 2 en he", "1 de ld, 2 de hd"},
		{"another name for it", member("lo", "E", en+`le",DEFAULT=YES`) + member("lo", "D", de+`ld"`) + member("hi", "D", de+`hd"`) + member("hi", "English", en+`he"`) +
			variant(1, "lo", "") + variant(2, "hi", ""), "1 en le, 2 en he", "1 de ld, 2 de hd"},
		{"of two in one language the same", member("lo", "A", en+`la"`) + member("lo", "B", en+`lb",DEFAULT=YES`) + member("hi", "A", en+`ha",DEFAULT=YES`) + member("hi", "B", en+`hb"`) +
			variant(1, "lo", "") + variant(2, "hi", ""), "1 en lb, 2 en hb", "1 en la, 2 en ha"},
		{"a group without it", member("lo", "E", en+`le"`) + member("hi", "D", de+`hd"`) + variant(1, "lo", "") + variant(2, "hi", ""), "1 en le, 2 de hd", ""},
		{"within the variant", member("g", "E", `,LANGUAGE="en"`) + member("g", "D", de+`d"`) + variant(1, "g", ""), "1 en v1.m3u8", "1 de d"},
		{"the variant has the other", member("g", "E", `,LANGUAGE="en"`) + member("g", "D", de+`d",DEFAULT=YES`) + variant(1, "g", ""), "1 de d", "1 en v1.m3u8"},
		{"shared by variants", member("g", "E", en+`e"`) + member("g", "D", de+`d"`) + variant(9, "g", "") + variant(5, "g", ""), "5 en e", "5 de d"},
		{"another mix", member("s", "E", en+`s",CHANNELS="2"`) + member("m", "E", en+`m",CHANNELS="6"`) + member("m", "D", de+`d",CHANNELS="6"`) + variant(3, "m", "") + variant(1, "s", ",NAME=\"Low\""),
			"1 en s", "3 de d, 3 en m"},
		{"nothing for two speakers", member("m", "E", en+`m",CHANNELS="6"`) + member("n", "E", en+`n",CHANNELS="8"`) + member("n", "D", de+`d"`) + variant(3, "m", "") + variant(4, "n", ""),
			"3 en m, 4 en n", "4 de d"},
		{"a group that isn't there", variant(1, "g", ""), "1 v1.m3u8", ""},
	} {
		doc, err := Parse([]byte("#EXTM3U\n"+c.text), mustURL("https://h/m.m3u8"), nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		checkDocument(t, doc)
		p := doc.Presentation
		if r, o := brief(doc, p.Renditions), brief(doc, p.Others); r != c.renditions || o != c.others {
			t.Errorf("%s: %q and %q, want %q and %q", c.name, r, o, c.renditions, c.others)
		}
	}
}

// TestSelect: what isn't played unasked can be chosen, as a ladder, whatever the variants are called.
func TestSelect(t *testing.T) {
	doc, err := Parse([]byte("#EXTM3U\n"+
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"lo\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,URI=\"le\"\n"+
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"lo\",NAME=\"Deutsch\",LANGUAGE=\"de\",URI=\"ld\"\n"+
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"hi\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,URI=\"he\"\n"+
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"hi\",NAME=\"Deutsch\",LANGUAGE=\"de\",URI=\"hd\"\n"+
		"#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"lo\",NAME=\"Low\"\nl\n#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO=\"hi\",NAME=\"High\"\nh\n"), mustURL("https://h/m"), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := doc.Presentation
	for language, want := range map[string]string{"de-AT": "1 de ld, 2 de hd", "fr": "1 en le, 2 en he"} {
		if got := brief(doc, p.Select(manifest.Selection{Languages: []string{language}})); got != want {
			t.Errorf("%s: %q, want %q", language, got, want)
		}
	}
	if p.Renditions[0].Name != "Low" || p.Others[0].Name != "Deutsch" {
		t.Errorf("named %q and %q", p.Renditions[0].Name, p.Others[0].Name)
	}
}

func TestChannels(t *testing.T) {
	for text, want := range map[string]int{
		"2": 2, "6": 6, "2/-/BINAURAL": 2, "16/JOC": 16, "20/OA/BED-6": 20, "": 0, "many": 0, "999999": 0,
	} {
		if got := channels(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// TestPathways: what is the same on several hosts is one rendition.
func TestPathways(t *testing.T) {
	steer := func(pathway string) string {
		if pathway != "" {
			pathway = `,PATHWAY-ID="` + pathway + `"`
		}
		return "#EXT-X-CONTENT-STEERING:SERVER-URI=\"/s?x\"" + pathway + "\n"
	}
	v := func(rate int, uri, pathway, more string) string {
		if pathway != "" {
			more += `,PATHWAY-ID="` + pathway + `"`
		}
		return fmt.Sprintf("#EXT-X-STREAM-INF:BANDWIDTH=%d%s\n%s\n", rate, more, uri)
	}
	ab := v(1, "a1", "A", "") + v(2, "a2", "A", "") + v(1, "b1", "B", "") + v(2, "b2", "B", "")
	stable := func(id string) string { return `,STABLE-VARIANT-ID="` + id + `"` }
	for _, c := range []struct{ name, text, want, first string }{
		{"in the manifest's order", steer("") + ab, "1 a1|b1 [A B], 2 a2|b2 [A B]", "A"},
		{"the first named", steer("B") + ab, "1 b1|a1 [B A], 2 b2|a2 [B A]", "B"},
		{"a name that nobody has", steer("C") + ab, "1 a1|b1 [A B], 2 a2|b2 [A B]", "C"},
		{"the unnamed one", steer("") + v(1, "a", "", "") + v(1, "b", "B", ""), "1 a|b [. B]", "."},
		{"no steering, redundant all the same", ab, "1 a1|b1, 2 a2|b2", ""},
		{"alike on one pathway", steer("") + v(1, "a", "A", "") + v(1, "aa", "A", ""), "1 a [A], 1 aa [A]", "A"},
		{"stable names say the same", steer("") + v(1, "a", "A", stable("x")) + v(2, "b", "B", stable("x")), "1 a|b [A B]", "A"},
		{"stable names say otherwise", steer("") + v(1, "a", "A", stable("x")) + v(1, "b", "B", stable("y")), "1 a [A], 1 b [B]", "A"},
		{"by group", steer("") + `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="ga",NAME="E",URI="ea",STABLE-RENDITION-ID="e"` + "\n" +
			`#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="gb",NAME="E",URI="eb",STABLE-RENDITION-ID="e"` + "\n" + v(1, "a", "A", `,AUDIO="ga"`+stable("x")) + v(1, "b", "B", `,AUDIO="gb"`), "1 ea|eb [A B]", "A"},
	} {
		doc, err := Parse([]byte("#EXTM3U\n"+c.text), mustURL("https://h/m.m3u8"), nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		checkDocument(t, doc)
		if got := brief(doc, doc.Presentation.Renditions); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		switch s := doc.Presentation.Steering; {
		case s == nil && c.first == "":
		case s == nil || s.Pathway != c.first || s.URL.String() != "https://h/s?x" || s.Prefix != "_HLS":
			t.Errorf("%s: steering %+v", c.name, s)
		}
	}
	doc, err := Parse([]byte("#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI=\"data:application/json;base64,e30=\"\n"+ab), nil, nil)
	if err != nil || string(doc.Presentation.Steering.Data) != "{}" || doc.Presentation.Steering.URL != nil {
		t.Errorf("answer in place: %+v, %v", doc, err)
	}
}

// TestSteered: the clones of a steering server's answer are made of what the playlist said.
func TestSteered(t *testing.T) {
	doc, err := Parse([]byte("#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI=\"/s\"\n"+
		"#EXT-X-STREAM-INF:BANDWIDTH=1,STABLE-VARIANT-ID=\"v\",PATHWAY-ID=\"A\"\nhttps://a.example/v.m3u8\n"), mustURL("https://h/m"), nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := manifest.ParseDirections([]byte(`{"VERSION":1,"PATHWAY-PRIORITY":["B"],"PATHWAY-CLONES":[
		{"BASE-ID":"A","ID":"B","URI-REPLACEMENT":{"HOST":"b.example"}},
		{"BASE-ID":"A","ID":"C","URI-REPLACEMENT":{"PER-VARIANT-URIS":{"v":"https://c.example/x"}}}]}`), mustURL("https://h/s"))
	if err != nil {
		t.Fatal(err)
	}
	r := doc.Presentation.WithClones(d.Clones).Renditions[0]
	if !slices.Equal(r.Pathways, []string{"A", "B", "C"}) || r.Mirrors[0].String() != "https://b.example/v.m3u8" || r.Mirrors[1].String() != "https://c.example/x" {
		t.Errorf("%+v", r)
	}
}

func TestSession(t *testing.T) {
	doc, err := Parse([]byte("#EXTM3U\n"+
		`#EXT-X-SESSION-DATA:DATA-ID="com.example.title",VALUE="Größe, \n",LANGUAGE="de"`+"\n"+
		`#EXT-X-SESSION-DATA:DATA-ID="com.example.lyrics",URI="l.json"`+"\n"+
		`#EXT-X-SESSION-DATA:DATA-ID="com.example.raw",URI="l",FORMAT=RAW`+"\n"+
		`#EXT-X-SESSION-KEY:METHOD=AES-128,URI="k"`+"\n"+
		`#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,KEYFORMAT="org.w3.clearkey",KEYID=0x1,URI="https://l/"`+"\n"+
		"#EXT-X-STREAM-INF:BANDWIDTH=1\na\n"), mustURL("https://h/t/m"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []manifest.SessionData{
		{ID: "com.example.title", Value: `Größe, \n`, Language: "de"},
		{ID: "com.example.lyrics", URL: mustURL("https://h/t/l.json"), Format: "JSON"},
		{ID: "com.example.raw", URL: mustURL("https://h/t/l"), Format: "RAW"},
	}
	if got := doc.Presentation.Data; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	keys := []manifest.Key{
		{Method: "AES-128", URL: mustURL("https://h/t/k"), Name: "k"},
		{Method: "SAMPLE-AES", Systems: []manifest.KeySystem{{Format: "org.w3.clearkey", URL: mustURL("https://l/"), KID: []byte{15: 1}}}},
	}
	if got := doc.Presentation.Keys; !reflect.DeepEqual(got, keys) {
		t.Errorf("%+v", got)
	}
}
