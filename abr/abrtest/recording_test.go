package abrtest_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
)

// record plays a session and gives what a player would have recorded of it.
func record(t testing.TB, c abrtest.Client, rule abr.Rule) (string, abrtest.Metrics, []abrtest.Request) {
	t.Helper()
	var b bytes.Buffer
	var recorder *abrtest.Recorder
	var trail abrtest.Trail
	c.Trail = &trail
	m := play(t, c, &abrtest.Driver{Rule: rule, Record: func(now func() time.Duration) *abrtest.Recorder {
		recorder = abrtest.NewRecorder(&b, "default", now)
		return recorder
	}})
	if err := recorder.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String(), m, trail.Requests
}

func collapsing(t testing.TB) abrtest.Client {
	return abrtest.Client{
		Trace:    link(t, period(40e3, 2000, 50), period(60e3, 90, 50), period(900e3, 1500, 50)),
		Playlist: playlist(t, abrtest.Music{Tracks: 2, Track: 90e3}),
	}
}

// TestReplay: the rule that was recorded answers as it did, another one doesn't, and an Estimator that is told of the
// recorded samples says what the recorded one did.
func TestReplay(t *testing.T) {
	text, m, _ := record(t, collapsing(t), abr.ThroughputBuffer{})
	questions, flying, broken := 0, 0, 0
	for a, err := range abrtest.Replay(abrtest.ReadRecording(strings.NewReader(text)), abr.ThroughputBuffer{}) {
		if err != nil {
			t.Fatal(err)
		}
		if a.Differs || a.Estimated.Throughput != a.State.Throughput || a.Estimated.Latency != a.State.Latency || a.Estimated.Link != a.State.Link {
			t.Errorf("%+v", a)
		}
		questions++
		if a.Progress != nil {
			flying++
		}
		if a.Abandons {
			broken++
		}
	}
	if broken == 0 || broken != m.Abandons || flying < 20 || questions-flying != 46 {
		t.Errorf("%d questions, %d of them about requests in flight, %d broken off of %d", questions, flying, broken, m.Abandons)
	}
	differ := 0
	for a, err := range abrtest.Replay(abrtest.ReadRecording(strings.NewReader(text)), abr.Highest{}) {
		if err != nil {
			t.Fatal(err)
		}
		if a.Differs {
			differ++
		}
		if a.Progress != nil && a.Differs != (a.Decision != nil) { // the highest breaks nothing off
			t.Errorf("%+v", a)
		}
	}
	if differ < broken+5 {
		t.Errorf("the highest differs %d times", differ)
	}
}

// TestRecordedSessionAgain: what is made of a recording leads the rule the way that was recorded.
func TestRecordedSessionAgain(t *testing.T) {
	c := collapsing(t)
	text, was, requests := record(t, c, abr.ThroughputBuffer{})
	trace, err := abrtest.RecordedTrace("again", abrtest.ReadRecording(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	list, err := abrtest.RecordedPlaylist(abrtest.ReadRecording(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Segments) != len(c.Playlist.Segments) || math.Abs(list.Duration-c.Playlist.Duration) > 1 {
		t.Fatalf("%d segments, %v ms", len(list.Segments), list.Duration)
	}
	_, again, repeated := record(t, abrtest.Client{Trace: trace, Playlist: list}, abr.ThroughputBuffer{})
	same := 0
	for i := range min(len(requests), len(repeated)) {
		if requests[i].Index == repeated[i].Index {
			same++
		}
	}
	if same < len(requests)*9/10 || math.Abs(again.Stalled-was.Stalled) > 1000 || math.Abs(again.QoE-was.QoE) > 5 {
		t.Errorf("%d of %d requests are the same, QoE %v and %v", same, len(requests), again.QoE, was.QoE)
	}
}

const firstLine = `{"segue_abr":1,"rule":"r","at":0}` + "\n"

func TestReadRecording(t *testing.T) {
	question := `{"at":5,"state":{"Renditions":[{"Bitrate":64000}],"Current":-1,"Buffer":1000000000},"decision":{"Index":0,"Reason":"start-up"}}` + "\n"
	for text, want := range map[string]int{ // how many lines; −1 for refused
		firstLine:                       1,
		firstLine + question:            2,
		firstLine + question + `{"at":`: 2, // the player was killed
		firstLine + `{"at":1,"sample":{"Bytes":5,"Elapsed":7}}` + "\n": 2,
		firstLine + `{"at":1,"doubt":true,"later":"ignored"}` + "\n":   2,
		"":                                       -1,
		question:                                 -1,
		`{"segue_abr":2,"at":0}` + "\n":          -1,
		firstLine + "nonsense\n":                 -1,
		firstLine + `{"at":-1}` + "\n":           -1,
		firstLine + `{"at":1,"state":{}}` + "\n": -1,
		firstLine + `{"at":1,"decision":{"Index":0}}` + "\n":                                       -1,
		firstLine + `{"at":1,"state":{"Current":3},"decision":{"Index":-1}}` + "\n":                -1,
		firstLine + `{"at":1,"state":{"Current":-1},"decision":{"Index":1}}` + "\n":                -1,
		firstLine + `{"at":1,"rule":"` + strings.Repeat("a", abrtest.MaxRecordBytes) + `"}` + "\n": -1,
	} {
		n := 0
		var failed error
		for _, err := range abrtest.ReadRecording(strings.NewReader(text)) {
			if err != nil {
				failed = err
				break
			}
			n++
		}
		switch {
		case want < 0 && !errors.Is(failed, abrtest.ErrRecording), want >= 0 && (failed != nil || n != want):
			t.Errorf("%.80q: %d lines, %v", text, n, failed)
		}
	}
	if os.Getenv("SEGUE_SWEEP") != "" {
		var failed error
		for _, err := range abrtest.ReadRecording(strings.NewReader(firstLine + strings.Repeat("{\"at\":1}\n", abrtest.MaxRecords))) {
			failed = err
		}
		if !errors.Is(failed, abrtest.ErrRecordingLimit) {
			t.Errorf("a million lines: %v", failed)
		}
	}
	bad := io.MultiReader(strings.NewReader(firstLine), errorReader{})
	for _, err := range abrtest.ReadRecording(bad) {
		if err != nil && !errors.Is(err, errBroken) {
			t.Errorf("%v", err)
		}
	}
}

var errBroken = errors.New("broken")

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errBroken }

// TestRecorderFails: a full disk is told of, and the rule answers on.
func TestRecorderFails(t *testing.T) {
	r := abrtest.NewRecorder(brokenWriter{}, "default", nil)
	rule := r.Wrap(abr.Fixed{Index: 1})
	s := abr.State{Renditions: []abr.Rendition{{Bitrate: 1}, {Bitrate: 2}}}
	if d := rule.Next(s); d.Index != 1 || !errors.Is(r.Err(), errBroken) {
		t.Errorf("%+v, %v", d, r.Err())
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

// FuzzReadRecording: whatever is read can be asked again and made a link and a playlist of.
func FuzzReadRecording(f *testing.F) {
	short := collapsing(f)
	short.Playlist = playlist(f, abrtest.Music{Tracks: 1, Track: 20e3})
	text, _, _ := record(f, short, abr.ThroughputBuffer{})
	lines := strings.SplitAfter(text, "\n")
	f.Add(strings.Join(lines[:min(len(lines), 8)], "")) // short, so that finds are made small quickly
	f.Add(firstLine + `{"at":1,"sample":{"Bytes":5,"Elapsed":7}}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		read := func() func(func(abrtest.Record, error) bool) {
			return abrtest.ReadRecording(strings.NewReader(text))
		}
		for a, err := range abrtest.Replay(read(), abr.ThroughputBuffer{}) {
			if err == nil && a.Progress == nil && len(a.State.Renditions) > 0 && (a.Other.Index < 0 || a.Other.Index >= len(a.State.Renditions)) {
				t.Fatalf("%+v", a)
			}
		}
		trace, err := abrtest.RecordedTrace("fuzzed", read())
		if err == nil && !(trace.Lap() > 0) {
			t.Fatal(trace.Lap())
		}
		if list, err := abrtest.RecordedPlaylist(read()); err == nil && list.Check() != nil {
			t.Fatal(list.Check())
		}
	})
}
