package server_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/api/server"
	"github.com/segue-audio/segue/api/server/encoder/goaac"
	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/hls"
	"github.com/segue-audio/segue/player/media"
)

// get fetches a URL that must be there.
func get(t testing.TB, u string) []byte {
	t.Helper()
	resp, err := http.Get(u)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v: %s", u, resp.Status, err, b)
	}
	return b
}

// presentation parses the master playlist of a track and each rendition's own.
func presentation(t testing.TB, b *backend, id string) map[string]rendition {
	t.Helper()
	p, err := b.client.Playback(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(p.ManifestURL)
	if err != nil {
		t.Fatal(err)
	}
	master, err := hls.Parse(get(t, p.ManifestURL), base, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]rendition{}
	for _, r := range master.Presentation.Renditions {
		doc, err := hls.Parse(get(t, r.URL.String()), r.URL, master)
		if err != nil {
			t.Fatal(err)
		}
		all[r.Name] = rendition{r, doc.Playlist}
	}
	return all
}

type rendition struct {
	manifest.Rendition
	list *manifest.Playlist
}

// clear fetches every segment, and decrypts it where it has a key.
func (r rendition) clear(t testing.TB) (segments [][]byte) {
	t.Helper()
	for _, s := range r.list.Segments {
		plain, err := get(t, s.URL.String()), error(nil)
		if s.Key != nil {
			plain, err = aes128.Decrypt(nil, plain, get(t, s.Key.URL.String()), s.Key.IV)
		}
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		segments = append(segments, plain)
	}
	return segments
}

// decode has ffmpeg decode a rendition over HTTP, as floats.
func (r rendition) decode(t testing.TB, channels int) []float64 {
	t.Helper()
	raw := run(t, "ffmpeg", "-v", "error", "-xerror", "-allowed_extensions", "ALL", "-i", r.URL.String(), "-ac", fmt.Sprint(channels), "-f", "f32le", "-")
	return floats(raw)
}

func floats(raw []byte) []float64 {
	out := make([]float64, len(raw)/4)
	for i := range out {
		out[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	return out
}

// lag finds by how many samples got must be shifted to resemble want most, how much it then does (1
// is the same but for the level), and its level beside want's.
func lag(want, got []float64, most int) (shift int, likeness, level float64) {
	from, n := most, min(len(want), len(got))-2*most
	n = min(n, 6000)
	for d := -most; d <= most; d++ {
		var dot, a, b float64
		for i := from; i < from+n; i++ {
			x, y := want[i], got[i+d]
			dot, a, b = dot+x*y, a+x*x, b+y*y
		}
		if c := dot / math.Sqrt(a*b); c > likeness {
			shift, likeness, level = d, c, math.Sqrt(b/a)
		}
	}
	return shift, likeness, level
}

func left(interleaved []float64, channels int) []float64 {
	out := make([]float64, len(interleaved)/channels)
	for i := range out {
		out[i] = interleaved[i*channels]
	}
	return out
}

// The whole way: a folder of FLAC, WAV and MP3 is brought in, and what comes out over HTTP is the
// same music, to the bit where it is lossless and to the sample where it isn't.
func TestWhatGoesInComesOut(t *testing.T) {
	tool(t, "ffmpeg", "flac", "lame")
	const all = "aac-48 aac-96 aac-160 aac-320"
	music := t.TempDir()
	type source struct {
		title          string
		rate, channels int
		bits, frames   int
		renditions     string
	}
	sources := []source{
		{"cd", 44100, 2, 16, 44100*5 + 44177, all + " flac"},
		{"mono", 48000, 1, 24, 48000, all + " flac"},
		{"hires", 96000, 2, 24, 96000*5 + 48000, all + " flac"},
		{"tiny", 22050, 2, 8, 500, all + " flac"},
		{"dot", 80000, 1, 16, 20, all + " flac"},
		{"lossy", 44100, 2, 16, 44100*5 + 40005, "aac-48 aac-96 aac-128"},
	}
	pcm := map[string][]int32{}
	for i, s := range sources {
		pcm[s.title] = signal(s.frames, s.channels, s.bits, uint64(i))
		path := filepath.Join(music, s.title+".wav")
		write(t, path, wavFile(pcm[s.title], s.rate, s.channels, s.bits, nil))
		switch s.title {
		case "cd", "hires":
			run(t, "flac", "-s", "--delete-input-file", path)
		case "lossy":
			run(t, "lame", "--quiet", "-b", "128", path, filepath.Join(music, "lossy.mp3"))
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	b := start(t, server.Config{MusicDir: music, Encoder: goaac.New(goaac.Fast)})
	b.ingest(t)
	tracks := b.byTitle(t)
	for _, s := range sources {
		t.Run(s.title, func(t *testing.T) {
			tr, ok := tracks[s.title]
			if !ok {
				t.Fatalf("not in the catalogue: %+v", b.steps)
			}
			if want := int64(s.frames) * 1000 / int64(s.rate); tr.DurationMS != want || tr.Lossless != (s.title != "lossy") {
				t.Errorf("track %+v, want %d ms", tr, want)
			}
			all := presentation(t, b, tr.ID)
			var names []string
			for n := range all {
				names = append(names, n)
			}
			slices.SortFunc(names, func(a, b string) int { return int(all[a].Bitrate - all[b].Bitrate) })
			want := strings.Fields(s.renditions)
			slices.Sort(want)
			if got := slices.Sorted(slices.Values(names)); !slices.Equal(got, want) {
				t.Fatalf("renditions %v, want %v", got, want)
			}
			original := make([]float64, len(pcm[s.title]))
			for i, v := range pcm[s.title] {
				original[i] = float64(v) / math.Exp2(float64(s.bits-1))
			}
			for _, name := range names {
				if name == "flac" {
					checkFLAC(t, all[name], s.rate, s.channels, original)
				} else {
					checkAAC(t, all[name], s.rate, left(original, s.channels))
				}
				checkRates(t, all[name])
			}
			checkGrid(t, all)
		})
	}
}

func checkFLAC(t *testing.T, r rendition, rate, channels int, want []float64) {
	t.Helper()
	if r.list.Trim == nil || r.list.Trim.Start != 0 || int(r.list.Trim.Length) != len(want)/channels || r.list.TrimRate != rate || r.Codecs != "fLaC" {
		t.Errorf("flac: trim %+v at %d, codecs %s", r.list.Trim, r.list.TrimRate, r.Codecs)
	}
	got := r.decode(t, channels)
	if len(got) != len(want) {
		t.Fatalf("flac: %d samples, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("flac: sample %d is %v, want %v", i, got[i], want[i])
		}
	}
	init, err := fmp4.ParseInit(get(t, r.list.Segments[0].Init.URL.String()))
	if err != nil {
		t.Fatal(err)
	}
	var next media.Frames
	for i, data := range r.clear(t) {
		seg, err := init.OpenSegment(data)
		if err != nil {
			t.Fatalf("flac: segment %d: %v", i, err)
		}
		if seg.BaseTime() != next {
			t.Errorf("flac: segment %d starts at %d, want %d", i, seg.BaseTime(), next)
		}
		var p media.Packet
		for seg.Next(&p) == nil {
			next = p.Time + p.Duration
		}
	}
	if int(next) != len(want)/channels {
		t.Errorf("flac: segments hold %d frames, want %d", next, len(want)/channels)
	}
}

func checkAAC(t *testing.T, r rendition, rate int, source []float64) {
	t.Helper()
	out := 48000
	if rate%11025 == 0 {
		out = 44100
	}
	frames := max(1, (len(source)*out+rate/2)/rate)
	if r.list.Trim == nil || r.list.Trim.Start != 1024 || int(r.list.Trim.Length) != frames || r.list.TrimRate != out || r.Codecs != "mp4a.40.2" {
		t.Fatalf("%s: trim %+v at %d, codecs %s; want 1024, %d at %d", r.Name, r.list.Trim, r.list.TrimRate, r.Codecs, frames, out)
	}
	init, err := fmp4.ParseInit(get(t, r.list.Segments[0].Init.URL.String()))
	if err != nil || init.Info().Trim != *r.list.Trim {
		t.Fatalf("%s: the init section says %+v, %v", r.Name, init.Info().Trim, err)
	}
	dec, err := aac.New(init.Info().Format)
	if err != nil {
		t.Fatal(err)
	}
	var pcm []float64
	buf := make([]float32, 2*codec.MaxFrames)
	for i, data := range r.clear(t) {
		seg, err := init.OpenSegment(data)
		if err != nil {
			t.Fatalf("%s: segment %d: %v", r.Name, i, err)
		}
		var p media.Packet
		for seg.Next(&p) == nil {
			n, err := dec.Decode(buf, &p)
			if err != nil || n != 1024 || p.Duration != 1024 || int(p.Time) != len(pcm) {
				t.Fatalf("%s: packet at %d, where %d frames were, gives %d of %d: %v", r.Name, p.Time, len(pcm), n, p.Duration, err)
			}
			for k := range n {
				pcm = append(pcm, float64(buf[2*k]))
			}
		}
	}
	if len(pcm) < frames+1024 || len(pcm) >= frames+2048 {
		t.Errorf("%s: %d frames coded for %d to be heard", r.Name, len(pcm), frames)
	}
	// ffmpeg keeps what follows the music; in the middle it agrees with us.
	if got := left(r.decode(t, 2), 2); len(got) < frames || len(got) > len(pcm) {
		t.Errorf("%s: ffmpeg decodes %d frames of %d", r.Name, len(got), frames)
	}
	if len(source) < 5000 {
		return // too short for telling a shift
	}
	want := source
	if out != rate {
		want = resampled(t, source, rate, out)
	}
	shift, like, level := lag(want, pcm[1024:1024+frames], 60)
	// Noise is the hardest for a coder, and the low rates keep no treble at all.
	least := map[string]float64{"aac-48": 0.6, "aac-96": 0.75, "aac-128": 0.75, "aac-160": 0.85, "aac-320": 0.9}[r.Name]
	if shift != 0 || like < least {
		t.Errorf("%s: shifted by %d, likeness %.4f", r.Name, shift, like)
	}
	if r.Name == "aac-320" && math.Abs(level-1) > 0.05 {
		t.Errorf("%s: level %.3f of the source's", r.Name, level)
	}
}

// resampled has ffmpeg make another rate of a source, as a yardstick for where its samples lie.
func resampled(t *testing.T, source []float64, from, to int) []float64 {
	t.Helper()
	var in bytes.Buffer
	for _, v := range source {
		_ = binary.Write(&in, binary.LittleEndian, float32(v))
	}
	path := filepath.Join(t.TempDir(), "in.f32")
	write(t, path, in.Bytes())
	return floats(run(t, "ffmpeg", "-v", "error", "-f", "f32le", "-ar", fmt.Sprint(from), "-ac", "1", "-i", path, "-f", "f32le", "-ar", fmt.Sprint(to), "-"))
}

// checkGrid wants all renditions to be cut at the very same frames of the music, and their playlists to say
// so: AAC's ends not before FLAC's by a nanosecond, or a player that climbs fetches a segment too many.
func checkGrid(t *testing.T, all map[string]rendition) {
	t.Helper()
	ref := all["aac-48"]
	for name, r := range all {
		if len(r.list.Segments) != len(ref.list.Segments) {
			t.Errorf("%s has %d segments, aac-48 %d", name, len(r.list.Segments), len(ref.list.Segments))
			continue
		}
		for i, s := range r.list.Segments[:len(r.list.Segments)-1] {
			heard := func(s manifest.Segment, l *manifest.Playlist) time.Duration {
				return s.Start + s.Duration - l.Trim.Start.Duration(l.TrimRate)
			}
			d := heard(ref.list.Segments[i], ref.list) - heard(s, r.list)
			if d < 0 || d > 2*time.Microsecond || name != "flac" && d != 0 {
				t.Errorf("%s: segment %d ends %v before that of aac-48", name, i, d)
			}
			if s.Duration < 3500*time.Millisecond || s.Duration > 4500*time.Millisecond {
				t.Errorf("%s: segment %d lasts %v", name, i, s.Duration)
			}
		}
	}
}

// checkRates wants a BANDWIDTH that no segment passes, and that one reaches.
func checkRates(t *testing.T, r rendition) {
	t.Helper()
	var bytes, peak float64
	for _, s := range r.list.Segments {
		n := float64(len(get(t, s.URL.String()))) * 8
		bytes += n
		if s.Duration > 2*time.Second || len(r.list.Segments) == 1 {
			peak = max(peak, n/s.Duration.Seconds())
		}
	}
	average := bytes / r.list.Duration().Seconds()
	peak = max(peak, average) // what is told is no less than the average
	if math.Abs(float64(r.Bitrate)-peak) > 2 || math.Abs(float64(r.Average)-average) > 2 {
		t.Errorf("%s: told %d and %d, measured %.0f and %.0f", r.Name, r.Bitrate, r.Average, peak, average)
	}
}
