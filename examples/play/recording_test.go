package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
)

// TestRecordingIsReplayed: what a run recorded is what the rule says when it is asked again.
func TestRecordingIsReplayed(t *testing.T) {
	origin := playertest.NewService()
	rates := []media.Bitrate{media.Kbps(48), media.Kbps(160), media.Kbps(900)}
	path := origin.Padded(t, "a", rates, 40*time.Second)
	server := httptest.NewServer(&playertest.Link{Handler: origin, Rate: func(time.Duration) media.Bitrate { return media.Kbps(20_000) }})
	defer server.Close()
	file := filepath.Join(t.TempDir(), "choices.jsonl")
	if status, _, errs := play(t, "--json", "--sink", "null-fast", "--cache", "off", "--rule", "throughput", "--record-abr", file, server.URL+path); status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	questions, samples := 0, 0
	read := func() *os.File {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	for r, err := range abrtest.ReadRecording(read()) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Sample != nil {
			samples++
		}
	}
	for a, err := range abrtest.Replay(abrtest.ReadRecording(read()), abr.ThroughputBuffer{}) {
		if err != nil {
			t.Fatal(err)
		}
		questions++
		if a.Differs {
			t.Errorf("at %v: recorded %+v, now %+v", a.At, a.Decision, a.Other)
		}
		if a.Estimated.Throughput != a.State.Throughput {
			t.Errorf("at %v: an estimate of %v, now %v", a.At, a.State.Throughput, a.Estimated.Throughput)
		}
	}
	if questions < 10 || samples < 10 {
		t.Errorf("%d questions and %d samples of ten segments", questions, samples)
	}
}

// TestNetworkIsRemembered: what a run learned of a network is what the next one expects of it.
func TestNetworkIsRemembered(t *testing.T) {
	origin := playertest.NewService()
	path := origin.Padded(t, "a", []media.Bitrate{media.Kbps(48), media.Kbps(900)}, 60*time.Second)
	server := httptest.NewServer(&playertest.Link{Handler: origin, Rate: func(time.Duration) media.Bitrate { return media.Kbps(40_000) }})
	defer server.Close()
	cache := t.TempDir()
	expected := func(network string) (level media.Bitrate) {
		file := filepath.Join(t.TempDir(), "choices.jsonl")
		if status, _, errs := play(t, "--sink", "null-fast", "--cache", cache, "--network", network, "--record-abr", file, server.URL+path); status != 0 {
			t.Fatalf("status %d: %s", status, errs)
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for r, err := range abrtest.ReadRecording(f) {
			if err != nil {
				t.Fatal(err)
			}
			if r.Prior != nil {
				return r.Prior.Level
			}
		}
		return 0
	}
	usual := abr.DefaultPrior(abr.Network3G).Level
	if got := expected("3g"); got != usual {
		t.Errorf("a new network: %v, want %v", got, usual)
	}
	if got := expected("3g"); got <= usual {
		t.Errorf("a network that was fast the last time: %v", got)
	}
	if got, want := expected("4g"), abr.DefaultPrior(abr.Network4G).Level; got != want {
		t.Errorf("another network: %v, want %v", got, want)
	}
}
