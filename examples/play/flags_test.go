package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/sink"
)

// capture gives streams that go to files, and what was written to them so far.
func capture(t *testing.T) (std streams, out, errs func() string) {
	t.Helper()
	dir := t.TempDir()
	open := func(name string) (*os.File, func() string) {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f, func() string {
			data, err := os.ReadFile(f.Name())
			if err != nil {
				t.Fatal(err)
			}
			return string(data)
		}
	}
	std.started = time.Now()
	std.in, _ = open("in")
	std.out, out = open("out")
	std.err, errs = open("err")
	return std, out, errs
}

func TestFlags(t *testing.T) {
	t.Setenv("SEGUE_SERVER", "")
	t.Setenv("SEGUE_TOKEN", "")
	tests := []struct {
		args string
		ok   func(o options) bool
	}{
		{"a.flac", func(o options) bool {
			return slices.Equal(o.Args, []string{"a.flac"}) && o.Sink == sinkSpec{kind: "speaker"} && o.Volume == 1 &&
				o.Speed == 1 && o.WAVFormat == "f32" && o.CacheSize == 1<<30 && o.Cache == "" &&
				o.Rendition == renditionSpec{} && o.loudness() == dsp.Loudness{}
		}},
		{"--json a.flac --sink wav-fast:x:y.wav b.flac -v --wav-format s16", func(o options) bool {
			return slices.Equal(o.Args, []string{"a.flac", "b.flac"}) && o.JSON && o.Verbose && o.WAVFormat == "s16" &&
				o.Sink == sinkSpec{kind: "wav", path: "x:y.wav", pace: sink.Unpaced}
		}},
		{"x --seek 12.5s --start 1:30 --duration 90 --buffer 8s --crossfade 2.5", func(o options) bool {
			return o.Seek == seconds(12500*time.Millisecond) && o.Start == seconds(90*time.Second) &&
				o.Duration == o.Start && o.Buffer == seconds(8*time.Second) && o.Crossfade == seconds(2500*time.Millisecond)
		}},
		{"x --rendition 2 --max-bitrate 128kbps --cache off --cache-size 512MB", func(o options) bool {
			return o.Rendition == renditionSpec{Mode: player.ModeFixed, Index: 2} && o.MaxBitrate == 128_000 &&
				o.Cache == "off" && o.CacheSize == 512_000_000
		}},
		{"--rendition=lowest x --volume 35% --speed 1.5 --loudness album --sample-rate 48000", func(o options) bool {
			return o.Rendition.Mode == player.ModeLowest && o.Volume == 0.35 && o.Speed == 1.5 &&
				o.loudness().Mode == dsp.LoudnessAlbum && o.Rate == 48000
		}},
		{"x --album abc --sink null-fast", func(o options) bool {
			return slices.Equal(o.Args, []string{"x", "album:abc"}) && o.Sink == sinkSpec{kind: "null", pace: sink.Unpaced}
		}},
		{"--search words --json --token secret", func(o options) bool { return o.Search == "words" && o.Token == "secret" }},
		{"x --shuffle --repeat all --sleep 30m", func(o options) bool {
			return o.Shuffle == shuffleSpec(player.ShuffleTracks) && o.repeat() == player.RepeatAll &&
				o.Sleep == sleepSpec{After: 30 * time.Minute} && slices.Equal(o.Args, []string{"x"})
		}},
		{"--shuffle x", func(o options) bool {
			return slices.Equal(o.Args, []string{"x"}) && o.given["shuffle"] && !o.given["seed"]
		}},
		{"--shuffle=albums x --seed 7 --repeat=one --sleep track --resume --queue l.m3u", func(o options) bool {
			return o.Shuffle == shuffleSpec(player.ShuffleAlbums) && o.Seed == 7 && o.repeat() == player.RepeatOne &&
				o.Sleep == sleepSpec{End: player.SleepTrack} && o.Resume && o.Queue == "l.m3u"
		}},
		{"x --loudness auto --loudness-target -14 --crossfade-curve smooth --skip-silence --balance -0.5", func(o options) bool {
			return o.loudness() == dsp.Loudness{Mode: dsp.LoudnessAuto, Target: -14} && o.curve() == dsp.Smooth && o.SkipSilence &&
				o.sound() == soundSettings{Preset: flatPreset, Balance: -0.5, Width: 1}
		}},
		{"x --eq small --mono", func(o options) bool { return o.sound() == soundSettings{Preset: "Small speakers"} }},
		{"x --eq-gains -1,0,0,0,0,0,0,0,0,2.5 --width 150%", func(o options) bool {
			return o.sound() == soundSettings{Gains: gainsSpec{0: -1, 9: 2.5}, Width: 1.5}
		}},
		{"--resume", func(o options) bool { return o.Resume && len(o.Args) == 0 }},
		{"-- --strange-name.mp3", func(o options) bool { return slices.Equal(o.Args, []string{"--strange-name.mp3"}) }},
	}
	for _, test := range tests {
		std, _, errs := capture(t)
		o, status, done := parseFlags(strings.Fields(test.args), std)
		if done || !test.ok(o) {
			t.Errorf("%s: status %d, %+v, %s", test.args, status, o, errs())
		}
	}
}

func TestHeaderFlagKeepsCommas(t *testing.T) {
	std, _, _ := capture(t)
	o, _, done := parseFlags([]string{"--header", "X-A: 1, 2", "u", "--header", "x-a: 3"}, std)
	if h := headers(o.Header); done || !slices.Equal(h.Values("X-A"), []string{"1, 2", "3"}) {
		t.Errorf("%v", h)
	}
}

func TestServerComesFromTheEnvironment(t *testing.T) {
	t.Setenv("SEGUE_SERVER", "http://music.example")
	t.Setenv("SEGUE_TOKEN", "t")
	std, _, _ := capture(t)
	if o, _, _ := parseFlags([]string{"x"}, std); o.Server != "http://music.example" || o.Token != "t" {
		t.Errorf("%q %q", o.Server, o.Token)
	}
	if o, _, _ := parseFlags([]string{"x", "--server", "http://other.example"}, std); o.Server != "http://other.example" {
		t.Errorf("%q", o.Server)
	}
}

func TestBadFlagsAreUsage(t *testing.T) {
	for _, args := range []string{
		"", "--bogus x", "x --seek soon", "x --volume 1.5", "x --volume -1", "x --speed 3", "x --speed 0.4", "x --crossfade 13",
		"x --sink loud", "x --sink wav:", "x --sink wav", "x --sink null:x", "x --sink speaker-fast", "x --wav-format u8",
		"x --rendition -1", "x --rendition best", "x --max-bitrate 128", "x --cache-size 0", "x --header nocolon",
		"x --sample-rate 1", "x --loudness loud", "x --search y", "x --start -3s",
		"x --shuffle=some", "x --seed 1", "x --seed -1 --shuffle", "x --repeat two", "x --sleep 0", "x --sleep soon", "x --eq none", "x --eq s",
		"x --eq-gains 1,2", "x --eq-gains 13,0,0,0,0,0,0,0,0,0", "x --eq rock --eq-gains 0,0,0,0,0,0,0,0,0,1", "x --balance 2", "x --width -1",
		"x --mono --width 2", "x --loudness-target -14", "x --loudness auto --loudness-target -3", "x --crossfade-curve round", "--search y --resume",
	} {
		std, out, errs := capture(t)
		_, status, done := parseFlags(strings.Fields(args), std)
		if !done || status != exitUsage || out() != "" || !strings.HasPrefix(errs(), "play: ") {
			t.Errorf("%q: done %v, status %d, said %q and %q", args, done, status, out(), errs())
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	for arg, want := range map[string]string{"--help": "--max-bitrate", "-h": "first_audio_ms", "--version": "play (Segue) "} {
		std, out, _ := capture(t)
		if _, status, done := parseFlags([]string{arg}, std); !done || status != exitOK || !strings.Contains(out(), want) {
			t.Errorf("%s: done %v, status %d, %q", arg, done, status, out())
		}
	}
}
