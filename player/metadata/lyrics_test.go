package metadata_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/metadata"
)

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func TestLRC(t *testing.T) {
	l, err := metadata.ParseLRC("\ufeff[ti:Song]\r\n[la:de]\r\n[offset:+500]\r\n\r\n[00:12.00][01:02.5]Refrain [ad lib]\r\n[00:01]first\r\n" +
		"[00:05.250]\r\n[0:07:50] third\r\nno stamp\r\n[1:00:00.00]late\r\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []metadata.Line{{Start: ms(500), Text: "first"}, {Start: ms(4750)}, {Start: ms(7000), Text: "third"},
		{Start: ms(11500), Text: "Refrain [ad lib]"}, {Start: ms(62000), Text: "Refrain [ad lib]"}, {Start: time.Hour - ms(500), Text: "late"}}
	if len(l.Lines) != len(want) {
		t.Fatalf("%+v", l.Lines)
	}
	for i, w := range want {
		if g := l.Lines[i]; g.Start != w.Start || g.Text != w.Text || g.Words != nil {
			t.Errorf("line %d: %+v, want %+v", i, g, w)
		}
	}
	if l.Language != "de" || !strings.HasPrefix(l.Plain, "first\n\nthird\nRefrain") {
		t.Errorf("%q %q", l.Language, l.Plain)
	}
	for at, line := range map[int]int{0: -1, 499: -1, 500: 0, 4749: 0, 4750: 1, 11500: 3, 100_000: 4, 4_000_000: 5} {
		if got := l.At(ms(at)); got != line {
			t.Errorf("line %d at %d ms, want %d", got, at, line)
		}
	}
}

func TestLRCWords(t *testing.T) {
	l, err := metadata.ParseLRC("[offset:-100]\n[00:01.00]<00:01.00>And <00:01.50>so <00:02.00>on<00:03.00>\n[00:04.00] <00:04.00> we <00:05.00> go\n[00:06.00]a <3 b\n[00:09.00][00:10.00]<00:09.00>x<00:09.50>y\n")
	if err != nil {
		t.Fatal(err)
	}
	first := l.Lines[0]
	if first.Text != "And so on" || len(first.Words) != 3 || first.Words[1] != (metadata.Word{Start: ms(1600), Text: "so "}) || first.End != ms(3000) {
		t.Errorf("%+v", first)
	}
	if second := l.Lines[1]; second.Text != "we go" || len(second.Words) != 2 || second.Words[1].Start != ms(5100) {
		t.Errorf("%+v", second)
	}
	if third := l.Lines[2]; third.Text != "a <3 b" || third.Words != nil {
		t.Errorf("%+v", third)
	}
	if again := l.Lines[4]; again.Text != "xy" || again.Words != nil {
		t.Errorf("%+v", again)
	}
	for at, want := range map[int]int{1000: -1, 1100: 0, 1599: 0, 1600: 1, 2100: 2, 9000: 2} {
		if got := first.WordAt(ms(at)); got != want {
			t.Errorf("word %d at %d ms, want %d", got, at, want)
		}
	}
}

func TestLRCRefusals(t *testing.T) {
	for _, text := range []string{"", "just words", "[ti:only]", "[00:xx]no", "[99999999999:00]x", "[-1:00]x"} {
		if l, err := metadata.ParseLRC(text); !errors.Is(err, metadata.ErrFormat) {
			t.Errorf("%q: %+v, %v", text, l, err)
		}
	}
	if _, err := metadata.ParseLRC(strings.Repeat("[00:01]x\n", metadata.MaxLines+1)); !errors.Is(err, metadata.ErrLimit) {
		t.Errorf("too many lines: %v", err)
	}
	if _, err := metadata.ParseLRC(strings.Repeat("[00:01]", metadata.MaxLines+1)); !errors.Is(err, metadata.ErrLimit) {
		t.Errorf("too many stamps: %v", err)
	}
	if _, err := metadata.ParseLRC(strings.Repeat(" ", metadata.MaxTextBytes+1)); !errors.Is(err, metadata.ErrLimit) {
		t.Errorf("too long: %v", err)
	}
}

func TestWebVTT(t *testing.T) {
	l, err := metadata.ParseWebVTT("WEBVTT - lyrics\r\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\r\n\r\nNOTE a remark\r\nwith --&gt; arrows\r\n\r\nSTYLE\r\n::cue {}\r\n\r\n" +
		"1\r\n00:01.000 --> 00:02.500 align:start position:10%\r\n<v Bob>Hello &amp; <i>good</i>\r\nbye\r\n\r\n" +
		"00:00:03.000 --> 00:00:05.000\r\nOne <00:00:04.000>two <c.x>three</c>\r\n\r\n00:07.000 --> 00:06.000\r\nbackwards\r\n\r\nbroken --> cue\r\nx\r\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Lines) != 2 || l.Lines[0].Text != "Hello & good bye" || l.Lines[0].End != ms(2500) || l.Lines[0].Words != nil {
		t.Fatalf("%+v", l.Lines)
	}
	if w := l.Lines[1].Words; l.Lines[1].Text != "One two three" || len(w) != 2 || w[0].Text != "One " || w[1].Start != ms(4000) || w[1].Text != "two three" {
		t.Errorf("%+v", l.Lines[1])
	}
	for at, want := range map[int]int{999: -1, 1000: 0, 2499: 0, 2500: -1, 3000: 1, 5000: -1} {
		if got := l.At(ms(at)); got != want {
			t.Errorf("cue %d at %d ms, want %d", got, at, want)
		}
	}
	for _, text := range []string{"", "WEBVTTX", "SRT", " WEBVTT"} {
		if _, err := metadata.ParseWebVTT(text); !errors.Is(err, metadata.ErrFormat) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLyricsFindOutWhatTheyAre(t *testing.T) {
	if l := metadata.ParseLyrics("WEBVTT\n\n00:01.000 --> 00:02.000\nvtt"); len(l.Lines) != 1 || l.Lines[0].Text != "vtt" {
		t.Errorf("%+v", l)
	}
	if l := metadata.ParseLyrics("[00:01]lrc"); len(l.Lines) != 1 || l.Lines[0].Text != "lrc" {
		t.Errorf("%+v", l)
	}
	if l := metadata.ParseLyrics("plain\r\nwords\n"); len(l.Lines) != 0 || l.Plain != "plain\nwords" {
		t.Errorf("%+v", l)
	}
}

func TestSYLTSyllables(t *testing.T) {
	body := "\x00eng\x02\x01\x00" + "Hel\x00\x00\x00\x03\xe8" + "lo\x00\x00\x00\x04\x4c" + "\nworld\x00\x00\x00\x07\xd0"
	m, err := metadata.ParseID3v2(id3Tag(3, 0, id3Frame(3, "SYLT", 0, []byte(body))))
	if err != nil || len(m.Lyrics) != 1 {
		t.Fatalf("%+v, %v", m, err)
	}
	l := m.Lyrics[0]
	if len(l.Lines) != 2 || l.Lines[0].Text != "Hello" || len(l.Lines[0].Words) != 2 || l.Lines[1].Start != 2*time.Second || l.Lines[1].Text != "world" || l.Language != "eng" {
		t.Errorf("%+v", l)
	}
	// Times that count MPEG frames are nothing to go by, but the words stay.
	frames := strings.Replace(body, "\x02\x01\x00", "\x01\x01\x00", 1)
	if m, _ = metadata.ParseID3v2(id3Tag(3, 0, id3Frame(3, "SYLT", 0, []byte(frames)))); len(m.Lyrics) != 1 || m.Lyrics[0].Lines != nil || m.Lyrics[0].Plain != "Hello\nworld" {
		t.Errorf("%+v", m.Lyrics)
	}
}
