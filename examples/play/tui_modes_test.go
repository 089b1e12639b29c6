package main

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/muesli/termenv"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/waveform"
)

// richModel shows a track with everything to tell.
func richModel(width, height int) (*model, *script) {
	m, e := testModel(width, height)
	e.about = about()
	e.state.Shuffle.Mode, e.state.Repeat, e.state.Muted = player.ShuffleTracks, player.RepeatAll, true
	e.state.Sleep = player.SleepState{Sleep: player.Sleep{After: time.Hour}, Remaining: 754 * time.Second}
	e.wave = waveform.Waveform{Step: time.Second}
	for i := range 150 {
		e.wave.Points = append(e.wave.Points, waveform.Point{RMS: int8(8 + 20*((i/10)%3))})
	}
	m.sound.set(soundSettings{Preset: "Rock", Width: 0})
	m.learn(true)
	m.wave = wave{}
	m.look()
	return m, e
}

func TestRichViews(t *testing.T) {
	for _, size := range []struct{ w, h int }{{80, 24}, {120, 40}, {60, 18}} {
		m, _ := richModel(size.w, size.h)
		golden(t, fmt.Sprintf("view_rich_%dx%d.txt", size.w, size.h), m.View()+"\n")
	}
	m, _ := richModel(80, 24)
	press(t, m, "L")
	golden(t, "view_lyrics.txt", m.View()+"\n")
	m, e := richModel(80, 24)
	e.state.Holds = player.HoldNetwork
	m.look()
	if v := m.View(); !strings.Contains(v, "◌ waiting for the network") {
		t.Error(v)
	}
}

// TestHeaderGivesWay: the volume is always told, and what matters most of the rest.
func TestHeaderGivesWay(t *testing.T) {
	m, _ := richModel(80, 24)
	for width := 30; width < 140; width++ {
		line := m.header(width)
		if !strings.HasSuffix(line, "muted") || width > 50 && !strings.Contains(line, "sleep 12:34") {
			t.Errorf("%d: %q", width, line)
		}
		if all := strings.Contains(line, "mono"); all == strings.Contains(line, "…") && width > 50 {
			t.Errorf("%d: %q", width, line)
		}
	}
}

func TestChapterKeys(t *testing.T) {
	tests := []struct {
		at   time.Duration
		keys string
		told string
	}{
		{0, ">", "seek 10s"}, {11 * time.Second, ">", "seek 1m30s"}, {12 * time.Second, "<", "seek 0s"}, {20 * time.Second, "<", "seek 10s"},
		{91 * time.Second, "<", "seek 10s"}, {91 * time.Second, ">", ""},
	}
	for _, test := range tests {
		m, e := richModel(80, 24)
		e.state.Position = test.at
		m.look()
		press(t, m, test.keys)
		if got := e.told(); got != test.told {
			t.Errorf("%v %s: %q, want %q", test.at, test.keys, got, test.told)
		}
	}
}

func TestLyricsPane(t *testing.T) {
	m, e := richModel(80, 24)
	press(t, m, "L")
	if v := m.View(); !strings.Contains(v, "♪ What is sung now") || strings.Count(v, "♪") != 1 {
		t.Fatal(v)
	}
	press(t, m, "down", "enter")
	if got := e.told(); got != "seek 1m40s" {
		t.Error(got)
	}
	press(t, m, "esc")
	if m.pane != paneQueue || !strings.Contains(m.View(), "♪ What is sung now") {
		t.Error(m.View())
	}
	e.about.Lyrics = nil
	m.event(player.Event{What: player.MetadataChanged{}})
	press(t, m, "L", "enter", "down")
	if v := m.View(); !strings.Contains(v, "no lyrics") || e.told() != "" {
		t.Error(v)
	}
}

// TestAnotherTrackForgetsTheWords: nothing of one track is shown with the next.
func TestAnotherTrackForgetsTheWords(t *testing.T) {
	m, e := richModel(80, 24)
	m.event(player.Event{What: player.TimedMetadata{Metadata: about()}})
	e.about.Chapters, e.about.Lyrics, e.wave.Points = nil, nil, nil
	e.state.Current, e.state.Index = 4, 3
	m.look()
	if v := m.View(); strings.Contains(v, "♪") || strings.Contains(v, "2/3") || m.shaped() {
		t.Error(v)
	}
}

// TestWaveBar: as wide as it is asked to be, with lines where nothing is known, and plain without colours.
func TestWaveBar(t *testing.T) {
	m, _ := richModel(80, 24)
	if m.shaped() {
		t.Error("a shape without colours doesn't tell the position")
	}
	m.theme = testTheme(termenv.ANSI256)
	codes := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	for rows := 1; rows <= 2; rows++ {
		lines := m.waveBar(rows, 40, 200*time.Second, 10, 20)
		if len(lines) != rows {
			t.Fatalf("%d rows: %d", rows, len(lines))
		}
		for _, line := range lines {
			if n := len([]rune(codes.ReplaceAllString(line, ""))); n != 40 {
				t.Errorf("%d cells: %q", n, line)
			}
		}
		bottom := []rune(codes.ReplaceAllString(lines[rows-1], ""))
		if !strings.ContainsRune("▁▂▃▄▅▆▇█", bottom[0]) || bottom[5] != '█' || bottom[39] != '╌' {
			t.Errorf("%s", string(bottom))
		}
		if !strings.Contains(lines[rows-1], "\x1b[38;5;80m"+string(bottom[:10])) {
			t.Errorf("the part that was played is not in its colour: %q", lines[rows-1])
		}
	}
}

// TestALongQueueCostsAFrameNothing: with 20,000 entries a frame asks for no more memory than with 100;
// BenchmarkFrame says what time it takes.
func TestALongQueueCostsAFrameNothing(t *testing.T) {
	cost := func(n int) (times, bytes uint64) {
		const frames = 20
		frame := frameOf(n)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range frames {
			frame()
		}
		runtime.ReadMemStats(&after)
		return (after.Mallocs - before.Mallocs) / frames, (after.TotalAlloc - before.TotalAlloc) / frames
	}
	short, shortBytes := cost(100)
	long, longBytes := cost(20_000)
	t.Logf("%d allocations of %d bytes; with 100 entries %d of %d", long, longBytes, short, shortBytes)
	if long > short+20 || longBytes > shortBytes+shortBytes/4 {
		t.Errorf("%d allocations of %d bytes; with 100 entries %d of %d", long, longBytes, short, shortBytes)
	}
}

func BenchmarkFrame(b *testing.B) {
	for _, n := range []int{100, 20_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			frame := frameOf(n)
			for b.Loop() {
				frame()
			}
		})
	}
}

// frameOf gives what draws one frame with n entries in the queue.
func frameOf(n int) func() {
	m, e := testModel(120, 40)
	e.queue = e.queue[:0]
	e.add(make([]player.Item, n))
	for i := range e.queue {
		e.queue[i].Item = player.Item{Title: "T", Duration: time.Minute}
	}
	e.list()
	frame := func() {
		m.look()
		_ = m.View()
	}
	frame()
	return frame
}
