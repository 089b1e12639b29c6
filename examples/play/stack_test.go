package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/api/server"
	"github.com/segue-audio/segue/api/server/encoder/goaac"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// service is the real backend over real HTTP, with one piece of music cut into two tracks at a place
// that no frame of any codec ends at.
func service(t *testing.T) (s *httptest.Server, tracks []api.Track, whole []int16) {
	t.Helper()
	const cut, total = 21*testRate + 4711, 40 * testRate
	whole = playertest.Music(3, total)
	music := t.TempDir()
	writeWAV(t, filepath.Join(music, "1 first.wav"), littleEndian(whole[:2*cut]))
	writeWAV(t, filepath.Join(music, "2 second.wav"), littleEndian(whole[2*cut:]))
	backend, err := server.New(t.Context(), server.Config{DataDir: t.TempDir(), MusicDir: music, Encoder: goaac.New(goaac.Fast)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := backend.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := backend.Ingest(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s = httptest.NewServer(backend.Handler())
	t.Cleanup(s.Close)
	client, err := api.New(s.URL, api.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for track, err := range client.Tracks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		tracks = append(tracks, track)
	}
	if len(tracks) != 2 || tracks[0].DurationMS < 21_000 {
		t.Fatalf("tracks: %+v", tracks)
	}
	return s, tracks, whole
}

func littleEndian(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

// TestWholeStack streams two tracks from the backend, then plays them again with the backend gone.
func TestWholeStack(t *testing.T) {
	s, tracks, whole := service(t)
	home, dir := t.TempDir(), t.TempDir()
	run := func(out string, args ...string) (int, []map[string]any) {
		cmd := program(t, append(args, "--json", "--server", s.URL, "--cache", filepath.Join(dir, "cache"),
			"--sink", "wav-fast:"+out, "--wav-format", "s16", tracks[0].ID, tracks[1].ID)...)
		cmd.Env = append(cmd.Env, "HOME="+home, "XDG_CACHE_HOME="+home, "XDG_CONFIG_HOME="+home)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(stdout)
		if err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // the exit status is looked at
		return cmd.ProcessState.ExitCode(), lines(t, string(text))
	}
	first := filepath.Join(dir, "first.wav")
	if status, _ := run(first, "--rendition", "highest"); status != 0 {
		t.Fatalf("exit %d", status)
	}
	if !bytes.Equal(wavData(t, first), littleEndian(whole)) {
		t.Error("the lossless rendition isn't the source, bit for bit")
	}
	s.Close()
	again := filepath.Join(dir, "again.wav")
	status, events := run(again)
	if status != 0 || !bytes.Equal(wavData(t, again), littleEndian(whole)) {
		t.Errorf("with the server gone: exit %d, or other samples", status)
	}
	if sum := last(t, events); sum["bytes_fetched"] != 0.0 || sum["cache_hits"] == 0.0 {
		t.Errorf("summary %v", sum)
	}
}

// roundabout takes another rendition each time it is asked, from AAC to FLAC and back.
type roundabout struct{ asked *atomic.Int64 }

func (r roundabout) Next(abr.State) abr.Decision {
	// Twice each of what follows FLAC: the first is the segment before, to warm the decoder up with.
	way := []int{4, 0, 0, 1, 4, 2, 2, 4, 3, 3}
	return abr.Decision{Index: way[int(r.asked.Add(1))%len(way)], Reason: abr.ReasonManual}
}

func (roundabout) Abandon(abr.State, abr.Progress) (abr.Decision, bool) { return abr.Decision{}, false }

// TestSwitchesBetweenCodecs changes codec and bit rate at every segment. Where FLAC is heard, every
// sample is the source's; where AAC is, it is the same music at the same place; nowhere is anything
// lost, doubled or out of tune with its neighbour.
func TestSwitchesBetweenCodecs(t *testing.T) {
	s, tracks, whole := service(t)
	client, err := api.New(s.URL, api.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := &playertest.Capture{Pace: sink.Unpaced}
	p := player.New(player.Config{Sink: out, Rule: roundabout{new(atomic.Int64)}})
	for _, track := range tracks {
		p.Append(player.Item{Title: track.Title, Resolve: func(ctx context.Context) (player.Location, error) {
			leave, err := client.Playback(ctx, track.ID)
			return player.Location{URL: leave.ManifestURL}, err
		}})
	}
	p.Play()
	if err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	switches := p.State().Stats.Switches
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	got := out.Music()
	if len(got) != len(whole) {
		t.Fatalf("%d frames came out, %d went in", len(got)/2, len(whole)/2)
	}
	const window = 512 // half an AAC frame: one that is missing or garbled can't hide in it
	exact, worst, at := 0, math.Inf(1), 0
	for i := 0; i+2*window <= len(got); i += 2 * window {
		if snr := snr(got[i:i+2*window], whole[i:i+2*window]); math.IsInf(snr, 1) {
			exact++
		} else if snr < worst {
			worst, at = snr, i/2
		}
	}
	windows := len(got) / 2 / window
	t.Logf("%d switches, %d of %d windows exact, the worst of the others %.1f dB at %.3f s", switches, exact, windows, worst, float64(at)/testRate)
	if switches < 6 || exact < windows/4 || exact > windows*3/4 {
		t.Errorf("%d switches, %d of %d windows exact", switches, exact, windows)
	}
	// At 48 kbps the noise in this music costs that much; a window that is shifted by two frames or
	// decoded without what came before has less than 3 dB.
	if worst < 6 {
		t.Errorf("at %.3f s the music is only %.1f dB above its error", float64(at)/testRate, worst)
	}
}

// TestSeekInAAC begins in the middle, near the edges of segments above all: what is heard must be what
// is heard there when nothing was skipped, to the bit, though AAC frames lean on those before them.
func TestSeekInAAC(t *testing.T) {
	s, tracks, _ := service(t)
	client, err := api.New(s.URL, api.Options{})
	if err != nil {
		t.Fatal(err)
	}
	leave, err := client.Playback(t.Context(), tracks[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	stretch := func(from, to time.Duration) []float32 {
		out := &playertest.Capture{Pace: sink.Unpaced}
		p := player.New(player.Config{Sink: out, Selection: player.Selection{Mode: player.ModeLowest}})
		p.Append(player.Item{URL: leave.ManifestURL, Start: from, Stop: to})
		p.Play()
		if err := errors.Join(p.Wait(t.Context()), p.Close()); err != nil {
			t.Fatal(err)
		}
		return out.Music()
	}
	all := stretch(0, 0)
	for _, ms := range []time.Duration{1, 3993, 3994, 3995, 4005, 4017, 4018, 4050, 7985, 7988, 8010, 8012, 12_000, 15_555, 20_000} {
		from := ms * time.Millisecond
		at := int(media.FramesIn(from, testRate))
		got := stretch(from, from+200*time.Millisecond)
		if want := testRate / 5; len(got)/2 != want {
			t.Errorf("from %v: %d frames, want %d", from, len(got)/2, want)
			continue
		}
		for i := range got {
			if got[i] != all[2*at+i] {
				t.Errorf("from %v: frame %d is %v, uninterrupted %v", from, i/2, got[i], all[2*at+i])
				break
			}
		}
	}
}

// snr is the level of want over that of the difference, in dB; +Inf where there is none.
func snr(got []float32, want []int16) float64 {
	signal, noise := 0.0, 0.0
	for i := range got {
		w := float64(want[i]) / 32768
		d := float64(got[i]) - w
		signal, noise = signal+w*w, noise+d*d
	}
	return 10 * math.Log10(signal/noise)
}
