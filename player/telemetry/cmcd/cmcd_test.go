package cmcd

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// full says all that can be said.
var full = Data{
	Object: Audio, Bitrate: 320_400, Top: 1_411_000, Duration: 4004 * time.Millisecond,
	Buffer: 12_340 * time.Millisecond, Deadline: 12_260 * time.Millisecond, Throughput: 5_449_000,
	Next: "../320/seg 5.m4s", NextRange: "0-99", StartUp: true, Starved: true, Requested: 15_049_000,
	Session: "6e2fb550-c457-11e9-bb97-0800200c9a66", Content: `a "b" \c`, Format: HLS, Speed: 1.25,
}

func TestPayload(t *testing.T) {
	for _, test := range []struct {
		name string
		data Data
		want string
	}{
		{"nothing", Data{}, ""},
		{"everything", full, `bl=12300,br=320,bs,cid="a \"b\" \\c",d=4004,dl=12300,mtp=5400,nor="..%2F320%2Fseg%205.m4s",` +
			`nrr="0-99",ot=a,pr=1.25,rtp=15000,sf=h,sid="6e2fb550-c457-11e9-bb97-0800200c9a66",st=v,su,tb=1411`},
		{"an empty buffer is said of audio", Data{Object: Audio}, `bl=0,ot=a`},
		{"and of nothing else", Data{Object: Manifest, Format: DASH, Live: true}, `ot=m,sf=d,st=l`},
		{"normal speed is not said", Data{Object: Key, Speed: 1}, `ot=k`},
		{"below nought", Data{Object: Init, Bitrate: -1, Duration: -time.Second, Deadline: -1}, `ot=i`},
		{"ids have a limit", Data{Session: strings.Repeat("é", 100)}, `sid="` + strings.Repeat("%C3%A9", 10) + `"`},
	} {
		if got := test.data.String(); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

func TestHeadersHoldEachKeyOnce(t *testing.T) {
	h := http.Header{"Cmcd-Status": {"stale"}, "Accept": {"*/*"}}
	full.SetHeader(h)
	want := map[string]string{
		"CMCD-Object":  "br=320,d=4004,ot=a,tb=1411",
		"CMCD-Request": `bl=12300,dl=12300,mtp=5400,nor="..%2F320%2Fseg%205.m4s",nrr="0-99",su`,
		"CMCD-Session": `cid="a \"b\" \\c",pr=1.25,sf=h,sid="6e2fb550-c457-11e9-bb97-0800200c9a66",st=v`,
		"CMCD-Status":  "bs,rtp=15000",
		"Accept":       "*/*",
	}
	count := 0
	for name, text := range want {
		if got := h.Get(name); got != text {
			t.Errorf("%s: got %s, want %s", name, got, text)
		}
		if name != "Accept" {
			count += len(strings.Split(text, ","))
		}
	}
	if all := len(full.pairs()); count != all {
		t.Errorf("%d keys in the headers, %d in all", count, all)
	}
	Data{}.SetHeader(h)
	if len(h) != 1 {
		t.Errorf("nothing to say left %v", h)
	}
}

func TestQueryLeavesTheRestAsWritten(t *testing.T) {
	u, err := url.Parse("https://cdn.example/a.m4s?sig=a%2fb+c&CMCD=old&e=")
	if err != nil {
		t.Fatal(err)
	}
	d := Data{Object: Audio, Content: "x y"}
	d.AddQuery(u)
	if got, want := u.RawQuery, "sig=a%2fb+c&e=&CMCD=bl%3D0%2Ccid%3D%22x%20y%22%2Cot%3Da"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := u.Query().Get("CMCD"); got != d.String() {
		t.Errorf("read back as %s", got)
	}
}

// FuzzText: whatever the ids are, the payload stays printable ASCII, one line, with paired quotes.
func FuzzText(f *testing.F) {
	f.Add("a", `"`, "\\")
	f.Add("\x00\n", "\xff\xfe", "é")
	f.Fuzz(func(t *testing.T, session, content, next string) {
		s := Data{Object: Audio, Session: session, Content: content, Next: next}.String()
		quotes := 0
		for i := 0; i < len(s); i++ {
			switch {
			case s[i] < 0x20 || s[i] > 0x7e:
				t.Fatalf("byte %#x in %q", s[i], s)
			case s[i] == '\\':
				i++
			case s[i] == '"':
				quotes++
			}
		}
		if quotes%2 != 0 {
			t.Fatalf("open quote in %q", s)
		}
	})
}
