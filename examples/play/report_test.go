package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file in testdata, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update writes it anew).\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

// story is one of every event, in a plausible order.
func story(at func(time.Duration) time.Time) []player.Event {
	s := time.Second
	return []player.Event{
		{Time: at(10 * time.Millisecond), What: player.StateChanged{Phase: player.Buffering, Intent: player.Playing, Reason: "play"}},
		{Time: at(90 * time.Millisecond), Entry: 1, What: player.Loaded{Rendition: 2, Segment: 0, Bytes: 164023, Elapsed: 41 * time.Millisecond}},
		{Time: at(100500 * time.Microsecond), Entry: 1, What: player.TrackStarted{Item: player.Item{
			URL: "http://me:pw@host/a.m3u8?token=x#y", Title: "Über <&> \x1b[31m", Artist: "A", Album: "B"}, Duration: 200 * s}},
		{Time: at(100500 * time.Microsecond), Entry: 1, What: player.RenditionChanged{From: -1, To: 2, Bitrate: 320000,
			Codecs: "mp4a.40.34", Reason: "start-up"}},
		{Time: at(5 * s), Entry: 1, What: player.RenditionChanged{From: 2, To: 0, Bitrate: 64000, Codecs: "mp4a.40.34",
			Position: 4900 * time.Millisecond, Reason: "throughput"}},
		{Time: at(6 * s), Entry: 1, What: player.Rebuffering{Position: 5900 * time.Millisecond}},
		{Time: at(7200 * time.Millisecond), Entry: 1, What: player.Rebuffered{Position: 5900 * time.Millisecond, Length: 1200 * time.Millisecond}},
		{Time: at(9 * s), Entry: 1, What: player.Seeked{Position: 100 * s}},
		{Time: at(10 * s), Entry: 1, What: player.TrackEnded{Position: 101 * s, Reason: "error"}},
		{Time: at(10 * s), Entry: 1, What: player.Failed{Err: &player.Error{Kind: player.KindNotFound, Op: "load segment 26", Entry: 1,
			Title: "Über", Fatal: true, Err: errors.New("HTTP 404\nnot here")}}},
		{Time: at(10 * s), Entry: 2, What: player.TrackStarted{Item: player.Item{URL: "b.mp3"}, Gapless: true}},
		{Time: at(11 * s), What: player.Lagged{N: 3}},
		{Time: at(11 * s), What: player.QueueChanged{Reason: player.ReasonShuffled, Version: 4}},
		{Time: at(11 * s), Entry: 2, What: player.VolumeChanged{Volume: 0.5, Muted: true}},
		{Time: at(11 * s), Entry: 2, What: player.SpeedChanged{Speed: 1.5}},
		{Time: at(11 * s), Entry: 2, What: player.SleepChanged{Sleep: player.Sleep{After: time.Minute}, Remaining: time.Minute}},
		{Time: at(11 * s), Entry: 2, What: player.SilenceSkipped{From: s, To: 2500 * time.Millisecond}},
		{Time: at(11 * s), Entry: 2, What: player.LiveMoved{From: s, To: 3 * s, Reason: player.ReasonWindow}},
		{Time: at(11 * s), Entry: 2, What: player.MusicMissing{Position: 3 * s, Length: 4 * s, Reason: player.ReasonGap}},
		{Time: at(11 * s), Entry: 2, What: player.OutputLost{Position: s, Err: &player.Error{Kind: player.KindNoDevice, Op: "open", Err: errors.New("unplugged")}}},
		{Time: at(11 * s), What: player.StateChanged{Phase: player.Ready, Intent: player.Playing, Holds: player.HoldOutput, Reason: player.ReasonOutput}},
		{Time: at(11500 * time.Millisecond), Entry: 2, What: player.OutputRestored{SampleRate: 48000, After: 500 * time.Millisecond}},
		{Time: at(11500 * time.Millisecond), What: player.StateChanged{Phase: player.Ready, Intent: player.Playing, Reason: player.ReasonOutput}},
		{Time: at(11500 * time.Millisecond), Entry: 2, What: player.Underrun{N: 2}},
		{Time: at(11600 * time.Millisecond), Entry: 2, What: player.MetadataChanged{Metadata: about()}},
		{Time: at(11600 * time.Millisecond), Entry: 2, What: player.ChapterChanged{Index: 1, Chapter: about().Chapters[1], Position: 10 * s}},
		{Time: at(11600 * time.Millisecond), Entry: 2, What: player.LyricLine{Index: 0, Line: about().Lyrics[0].Lines[0], Position: s}},
		{Time: at(11600 * time.Millisecond), Entry: 2, What: player.TimedMetadata{Position: s, Metadata: metadata.Metadata{Tags: media.Tags{Title: "On\x1b air", Artist: "D. J."}}}},
		{Time: at(12 * s), Entry: 2, What: player.TrackEnded{Position: 2 * s, Reason: "end"}},
		{Time: at(12 * s), What: player.StateChanged{Phase: player.Ended, Intent: player.Playing, Reason: "end"}},
	}
}

// about is what a file with everything says of itself.
func about() metadata.Metadata {
	gain := media.Decibels(-6.5)
	return metadata.Metadata{
		Tags:     media.Tags{Title: "Title", Artist: "Artist", Album: "Album", AlbumArtist: "Many", Genre: "Talk", Track: 3, Disc: 1, Year: 1999, TrackGain: &gain},
		Pictures: make([]metadata.Picture, 1),
		Chapters: []metadata.Chapter{{Title: "Opening"}, {Start: 10 * time.Second, End: 50 * time.Second, Title: "The \x1bmiddle"}, {Start: 90 * time.Second, Title: "Close"}},
		Lyrics: []metadata.Lyrics{{Lines: []metadata.Line{{Start: time.Second, Text: "First line"}, {Start: 60 * time.Second, Text: "A second one"},
			{Start: 80 * time.Second, Text: "What is sung now"}, {Start: 100 * time.Second, Text: "What comes"}}}},
	}
}

func TestJSONReport(t *testing.T) {
	var out, errs bytes.Buffer
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := &jsonReport{out: &out, errors: &errs, started: start, sought: start.Add(8900 * time.Millisecond)}
	tally := &tally{}
	for _, e := range story(start.Add) {
		track, ended := tally.event(e)
		if r.event(e); ended {
			r.ended(e.Time, track)
		}
	}
	line := summaryLine(summary{
		stats: player.Stats{FirstAudio: 90500 * time.Microsecond, Rebuffers: 1, RebufferTime: 1200 * time.Millisecond, Switches: 1,
			BytesFetched: 1000, BytesWasted: 10, CacheHits: 2, CacheMisses: 3, Underruns: 4, FramesPlayed: 441000, Concealed: 5, Errors: 1},
		played: 10 * time.Second, tally: tally, usage: usage{peakRSS: 4096, user: time.Second, system: 20 * time.Millisecond}, exit: tally.exit(),
	}, jsonHead{"summary", 12001})
	r.write(line)
	golden(t, "report.jsonl", out.String())
	golden(t, "report.jsonl.stderr", errs.String())
}

// TestJSONIsDocumented finds every name of the lines in --help.
func TestJSONIsDocumented(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "report.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		event, _ := fields["event"].(string)
		if !regexp.MustCompile(`(?m)^  ` + event + ` `).MatchString(jsonHelp) {
			t.Errorf("event %q is not documented", event)
		}
		for name := range names(fields) {
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(jsonHelp) {
				t.Errorf("%s: %q is not documented", event, name)
			}
		}
	}
}

// names gives the names in an object and in those within it.
func names(fields map[string]any) map[string]bool {
	all := map[string]bool{}
	for name, value := range fields {
		all[name] = true
		if inner, ok := value.(map[string]any); ok {
			maps.Copy(all, names(inner))
		}
	}
	return all
}

func TestSummaryWithoutSound(t *testing.T) {
	line := summaryLine(summary{tally: &tally{}}, jsonHead{"summary", 1})
	data, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"first_audio_ms":null`, `"errors":[]`, `"exit":0`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%s lacks %s", data, want)
		}
	}
}

func TestPlainReport(t *testing.T) {
	var out, errs bytes.Buffer
	r := &plainReport{out: &out, err: &errs}
	for _, e := range story(time.Now().Add) {
		r.event(e)
	}
	r.notice("no audio device:\nplaying in silence")
	golden(t, "report.txt", out.String())
	golden(t, "report.txt.stderr", errs.String())
}

func TestTallyExit(t *testing.T) {
	fatal := &player.Error{Kind: player.KindNetwork, Op: "x", Fatal: true}
	tests := []struct {
		name   string
		errors []*player.Error
		exit   int
		kept   int
	}{
		{"none", nil, exitOK, 0},
		{"fatal, told twice", []*player.Error{fatal, {Kind: player.KindNetwork, Op: "x", Fatal: true}}, exitFailed, 1},
		{"survived network", []*player.Error{{Kind: player.KindServer}}, exitOK, 1},
		{"survived decoding", []*player.Error{{Kind: player.KindDecode}}, exitFailed, 1},
		{"two entries", []*player.Error{{Kind: player.KindServer, Entry: 1}, {Kind: player.KindServer, Entry: 2}}, exitOK, 2},
	}
	for _, test := range tests {
		var sum tally
		for _, e := range test.errors {
			sum.event(player.Event{What: player.Failed{Err: e}})
		}
		if sum.exit() != test.exit || len(sum.errors) != test.kept {
			t.Errorf("%s: exit %d with %d errors", test.name, sum.exit(), len(sum.errors))
		}
	}
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0:00", -time.Second: "0:00", 61 * time.Second: "1:01", 59999 * time.Millisecond: "0:59",
		time.Hour + 2*time.Minute + 3*time.Second: "1:02:03"} {
		if got := clock(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
