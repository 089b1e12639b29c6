package hls

import (
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// run gives what a program prints; the test is skipped where that isn't installed.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// TestFFmpegLists reads what ffmpeg writes: every resource that the model names must lie there, byte ranges
// must cover their file without a gap, and the length must be ffprobe's.
func TestFFmpegLists(t *testing.T) {
	for name, args := range map[string][]string{
		"transport stream": {"-hls_flags", "program_date_time+independent_segments"},
		"fragmented MP4":   {"-hls_segment_type", "fmp4", "-hls_segment_filename", "%d.m4s"},
		"one file":         {"-hls_segment_type", "fmp4", "-hls_flags", "single_file"},
		"encrypted":        {"-hls_enc", "1", "-hls_enc_key", "00112233445566778899aabbccddeeff"},
		"event":            {"-hls_playlist_type", "event", "-hls_flags", "discont_start", "-start_number", "1234567"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			args := append([]string{"-v", "error", "-f", "lavfi", "-i", "sine=d=5.3:r=48000", "-c:a", "aac", "-hls_time", "1", "-hls_list_size", "0"}, args...)
			run(t, dir, "ffmpeg", append(args, "list.m3u8")...)
			path := filepath.Join(dir, "list.m3u8")
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := Parse(data, &url.URL{Scheme: "file", Path: path}, nil)
			if err != nil {
				t.Fatalf("%v\n%s", err, data)
			}
			checkDocument(t, doc)
			p := doc.Playlist
			seconds, err := strconv.ParseFloat(run(t, dir, "ffprobe", "-v", "error", "-allowed_extensions", "ALL", "-show_entries", "format=duration", "-of", "csv=p=0", path), 64)
			if err != nil || math.Abs(p.Duration().Seconds()-seconds) > 0.001 {
				t.Errorf("%v, ffprobe says %v s (%v)", p.Duration(), seconds, err)
			}
			if len(p.Segments) < 5 || !p.Ended {
				t.Errorf("%d segments, ended %v\n%s", len(p.Segments), p.Ended, data)
			}
			covered := map[string]int64{}
			for i := range p.Segments {
				s := &p.Segments[i]
				info, err := os.Stat(s.URL.Path)
				if err != nil {
					t.Fatal(err)
				}
				if s.Length == 0 {
					continue
				}
				if covered[s.URL.Path] == 0 {
					covered[s.URL.Path] = s.Init.Offset + s.Init.Length
				}
				if s.Offset != covered[s.URL.Path] || i == len(p.Segments)-1 && s.Offset+s.Length > info.Size() {
					t.Errorf("segment %d: %d+%d of %d bytes, expected to begin at %d", i, s.Offset, s.Length, info.Size(), covered[s.URL.Path])
				}
				covered[s.URL.Path] = s.Offset + s.Length
			}
			switch first := p.Segments[0]; {
			case name == "encrypted" && (first.Key == nil || first.Key.Method != "AES-128"),
				name == "one file" && (first.Length == 0 || first.Init == nil || first.Init.Length == 0),
				name == "fragmented MP4" && first.Init == nil,
				name == "event" && (!first.Discontinuity || first.Sequence != 1234567),
				name == "transport stream" && time.Since(first.Time).Abs() > time.Hour:
				t.Errorf("%+v\n%s", first, data)
			}
		})
	}
}
