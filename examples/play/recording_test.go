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
