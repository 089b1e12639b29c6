package player_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// stream is a presentation of segments that a program made which nobody here wrote.
type stream struct {
	coding
	// tail is how many frames longer than the source the stream may be played: nothing in it tells where the
	// music ends, so that the padding of the last packet is heard.
	tail int
}

// shakaPackager is the command of shaka-packager: what SEGUE_SHAKA_PACKAGER names, else what is in PATH.
func shakaPackager(t testing.TB) string {
	t.Helper()
	name := os.Getenv("SEGUE_SHAKA_PACKAGER")
	if name == "" {
		name = "shaka-packager"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip("shaka-packager isn't installed (set SEGUE_SHAKA_PACKAGER)")
	}
	return path
}

// shaka codes with ffmpeg and has shaka-packager make a stream of it. The words in descriptor and flags may say DIR.
func shaka(codec, descriptor, flags, manifest string) func(testing.TB, string, string) string {
	return shakaOf(ffmpeg("coded.mp4", append(strings.Fields(codec), "-strict", "-2")...), descriptor, flags, manifest)
}

// shakaOf is shaka with another encoder.
func shakaOf(encode func(testing.TB, string, string) string, descriptor, flags, manifest string) func(testing.TB, string, string) string {
	return func(t testing.TB, dir, path string) string {
		t.Helper()
		program := shakaPackager(t)
		file := encode(t, dir, path)
		out := filepath.Join(dir, "out")
		if err := os.Mkdir(out, 0o700); err != nil {
			t.Fatal(err)
		}
		put := strings.NewReplacer("DIR", out, "IN", file)
		args := append([]string{put.Replace(descriptor)}, strings.Fields(put.Replace(flags))...)
		containertest.Tool(t, program, append(args, "--quiet")...)
		return filepath.Join(out, manifest)
	}
}

// The ways of shaka-packager.
const (
	shakaSegments = "in=IN,stream=audio,init_segment=DIR/init.mp4,segment_template=DIR/$Number%03d$.m4s"
	shakaTimes    = "in=IN,stream=audio,init_segment=DIR/init.mp4,segment_template=DIR/$Time$.m4s"
	shakaFile     = "in=IN,stream=audio,output=DIR/a.mp4"
	shakaStatic   = "--segment_duration 1.5 --generate_static_live_mpd --mpd_output DIR/out.mpd"
	shakaOnDemand = "--segment_duration 1.5 --fragment_duration 1.5 --mpd_output DIR/out.mpd"
	shakaHLS      = "--segment_duration 1.5 --hls_master_playlist_output DIR/out.m3u8"
)

// ffdash has ffmpeg make DASH.
func ffdash(codec, flags string) func(testing.TB, string, string) string {
	return ffmpeg("dash/out.mpd", append(strings.Fields(codec), strings.Fields("-strict -2 -f dash -seg_duration 1.5 "+flags)...)...)
}

// ffhls has ffmpeg make HLS.
func ffhls(codec, flags string) func(testing.TB, string, string) string {
	return ffmpeg("hls/index.m3u8", append(strings.Fields(codec), strings.Fields("-strict -2 -f hls -hls_time 1.5 -hls_playlist_type vod "+flags)...)...)
}

// streams are all that are tried.
func streams() []stream {
	const aac, flac, opus, mp3 = "-c:a aac -b:a 160k", "-c:a flac", "-c:a libopus -b:a 128k", "-c:a libmp3lame -b:a 192k"
	one := func(name string, encode func(testing.TB, string, string) string, kinds ...string) stream {
		s := stream{coding: coding{name: name, encode: encode, rate: 44_100}}
		for _, k := range kinds {
			switch k {
			case "exact":
				s.exact = true
			case "few":
				s.few = true
			case "half":
				s.half, s.tail = true, 4096 // shaka-packager takes the end from the packets
			case "48k":
				s.rate = 48_000
			case "tail":
				s.tail = 1152
			case "open":
				s.open = "nothing tells where the music begins"
			}
		}
		return s
	}
	return []stream{
		one("DASH; shaka; template and timeline; FLAC", shaka(flac, shakaSegments, shakaStatic, "out.mpd"), "exact", "few"),
		one("DASH; shaka; times in names; FLAC", shaka(flac, shakaTimes, shakaStatic, "out.mpd"), "exact"),
		one("DASH; shaka; template and timeline; AAC", shaka(aac, shakaSegments, shakaStatic, "out.mpd")),
		one("DASH; shaka; template and timeline; Opus", shaka(opus, shakaSegments, shakaStatic, "out.mpd"), "48k"),
		one("DASH; shaka; template and duration; FLAC", shaka(flac, shakaSegments, shakaStatic+" --segment_template_constant_duration", "out.mpd"), "exact"),
		one("DASH; shaka; on demand (sidx); FLAC", shaka(flac, shakaFile, shakaOnDemand, "out.mpd"), "exact"),
		one("DASH; shaka; on demand (sidx); AAC", shaka(aac, shakaFile, shakaOnDemand, "out.mpd"), "few"),
		one("DASH; shaka; on demand (sidx); Opus", shaka(opus, shakaFile, shakaOnDemand, "out.mpd"), "48k"),
		one("DASH; ffmpeg; template and timeline; FLAC", ffdash(flac, "-use_template 1 -use_timeline 1"), "exact"),
		one("DASH; ffmpeg; template and timeline; AAC", ffdash(aac, "-use_template 1 -use_timeline 1"), "tail"),
		one("DASH; ffmpeg; template and timeline; Opus", ffdash(opus, "-use_template 1 -use_timeline 1 -dash_segment_type mp4"), "48k", "tail"),
		one("DASH; ffmpeg; template and duration; FLAC", ffdash(flac, "-use_template 1 -use_timeline 0"), "exact"),
		one("DASH; ffmpeg; template and duration; AAC", ffdash(aac, "-use_template 1 -use_timeline 0"), "tail"),
		one("DASH; ffmpeg; list; FLAC", ffdash(flac, "-use_template 0 -use_timeline 0"), "exact", "few"),
		one("DASH; ffmpeg; list; AAC", ffdash(aac, "-use_template 0 -use_timeline 0"), "tail"),
		one("DASH; ffmpeg; list of ranges of one file; FLAC", ffdash(flac, "-single_file 1"), "exact"),
		one("DASH; ffmpeg; list of ranges of one file; AAC", ffdash(aac, "-single_file 1"), "tail"),
		one("DASH; shaka; on demand (sidx); HE-AAC", shakaOf(tool("fdkaac", "coded.mp4", "-S -p 5 -G 2 -b 64000 -o OUT IN"), shakaFile, shakaOnDemand, "out.mpd"), "half"),
		one("HLS; shaka; fMP4; FLAC", shaka(flac, shakaSegments, shakaHLS, "out.m3u8"), "exact"),
		one("HLS; shaka; fMP4; AAC", shaka(aac, shakaSegments, shakaHLS, "out.m3u8")),
		one("HLS; shaka; fMP4; Opus", shaka(opus, shakaSegments, shakaHLS, "out.m3u8"), "48k"),
		one("HLS; shaka; ranges of one file; FLAC", shaka(flac, shakaFile, shakaHLS, "out.m3u8"), "exact"),
		one("HLS; shaka; ranges of one file; AAC", shaka(aac, shakaFile, shakaHLS, "out.m3u8")),
		one("HLS; shaka; TS; AAC", shaka(aac, "in=IN,stream=audio,segment_template=DIR/$Number$.ts", shakaHLS, "out.m3u8"), "open"),
		one("HLS; shaka; packed AAC", shaka(aac, "in=IN,stream=audio,segment_template=DIR/$Number$.aac", shakaHLS, "out.m3u8"), "open"),
		one("HLS; shaka; packed MP3", shaka(mp3, "in=IN,stream=audio,segment_template=DIR/$Number$.mp3", shakaHLS, "out.m3u8"), "open"),
		one("HLS; ffmpeg; fMP4; FLAC", ffhls(flac, "-hls_segment_type fmp4"), "exact", "few"),
		one("HLS; ffmpeg; fMP4; AAC", ffhls(aac, "-hls_segment_type fmp4")),
		one("HLS; ffmpeg; fMP4; Opus", ffhls(opus, "-hls_segment_type fmp4"), "48k"),
		one("HLS; ffmpeg; one file in fMP4; FLAC", ffhls(flac, "-hls_segment_type fmp4 -hls_flags single_file"), "exact"),
		one("HLS; ffmpeg; TS; AAC", ffhls(aac, "-hls_segment_type mpegts"), "open"),
		one("HLS; ffmpeg; TS; MP3", ffhls(mp3, "-hls_segment_type mpegts"), "open"),
		one("HLS; ffmpeg; TS; one file; AAC", ffhls(aac, "-hls_segment_type mpegts -hls_flags single_file"), "open"),
		one("HLS; ffmpeg; packed AAC", ffhls(aac, "-hls_segment_type mpegts -hls_segment_filename DIR/%d.aac"), "open"),
		one("HLS; ffmpeg; packed MP3", ffhls(mp3, "-hls_segment_type mpegts -hls_segment_filename DIR/%d.mp3"), "open"),
	}
}

// served serves what lies in a file's folder on a socket of this machine, and gives the file's URL.
func served(t testing.TB, path string) string {
	t.Helper()
	s := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(path))))
	t.Cleanup(s.Close)
	return s.URL + "/" + filepath.Base(path)
}

// listened is what comes out of a player that has the real network to fetch with.
func listened(t testing.TB, cfg player.Config, url string) []float32 {
	t.Helper()
	out := &playertest.Capture{Pace: sink.Unpaced}
	cfg.Sink = out
	p := player.New(cfg)
	p.Append(player.Item{URL: url})
	p.Play()
	err := p.Wait(t.Context())
	if cerr := p.Close(); cerr != nil {
		t.Errorf("Close: %v", cerr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Music()
}

// streamsFile has the results; SEGUE_GOLDEN=write together with SEGUE_SWEEP writes them anew.
const streamsFile = "../docs/STREAMS.md"

// tabulate puts a table in the place of the one below a heading of the file, where that was asked for.
func tabulate(t testing.TB, heading, table string) {
	t.Helper()
	if os.Getenv("SEGUE_GOLDEN") != "write" || os.Getenv("SEGUE_SWEEP") == "" {
		return
	}
	text := string(containertest.File(t, streamsFile))
	before, rest, ok := strings.Cut(text, "## "+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", streamsFile, heading)
	}
	if _, after, more := strings.Cut(rest, "\n## "); more {
		table += "\n## " + after
	}
	if err := os.WriteFile(streamsFile, []byte(before+"## "+heading+"\n\n"+table), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestForeignStreams plays streams that shaka-packager and ffmpeg made, from a server on this machine, and holds
// what comes out against the source.
func TestForeignStreams(t *testing.T) {
	const frames = 261_459 // no multiple of any coding's packet
	pcm, want := piece([]int{frames})
	table := "| stream | more | shift | bits |\n|---|---:|---:|---|\n"
	for _, s := range streams() {
		if !containertest.Sweep(s.few, true) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			path := s.stored(t, pcm, []int{frames})[0]
			table += s.check(t, listened(t, player.Config{SampleRate: s.rate}, served(t, path)), want)
		})
	}
	tabulate(t, "Streams", table)
}

// check compares what was played with the source, and gives a line of the table.
func (s stream) check(t *testing.T, got, want []float32) string {
	t.Helper()
	length := (len(got) - len(want)) / 2
	search := playertest.Search{Window: 4096, Most: 3000}
	var shifts []int
	for _, at := range []int{0, len(want) / 8, len(want) / 4, len(want)/2 - search.Window} {
		shifts = append(shifts, search.Shift(got, want, at))
	}
	same := slices.Equal(got[:min(len(got), len(want))], want)
	t.Logf("%s: length %+d, shifts %v, bits %v", s.name, length, shifts, same)
	switch {
	case s.open != "":
		// All of the music is there, at one distance.
		if length < 0 || slices.Min(shifts) != slices.Max(shifts) || shifts[0] < 0 || shifts[0] > length {
			t.Errorf("length %+d, shifts %v", length, shifts)
		}
	case length < 0 || length > s.tail:
		t.Errorf("length %+d", length)
	case slices.ContainsFunc(shifts, func(n int) bool { return n != 0 && !(s.half && abs(n) == 1) }):
		t.Errorf("shifts %v", shifts)
	case s.exact && !same:
		t.Error("not the source's bits")
	}
	bits := ""
	if same {
		bits = "all"
	}
	return fmt.Sprintf("| %s | %d | %d | %s |\n", s.name, length, shifts[0], bits)
}

var (
	periodOf = regexp.MustCompile(`(?s)<Period[^>]*>(.*)</Period>`)
	mpdOf    = regexp.MustCompile(`(?s)^(.*<MPD[^>]*?)(\smediaPresentationDuration="[^"]*")([^>]*>).*$`)
)

// joined makes one MPD of several, each of which becomes a period, in the folder that holds theirs.
func joined(t testing.TB, paths []string, lengths []int, rate int) string {
	t.Helper()
	text := string(containertest.File(t, paths[0]))
	parts := mpdOf.FindStringSubmatch(text)
	if parts == nil {
		t.Fatalf("no MPD: %s", text)
	}
	dir := t.TempDir()
	out := parts[1] + parts[3] + "\n"
	for i, path := range paths {
		name := fmt.Sprint(i)
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Dir(path))); err != nil {
			t.Fatal(err)
		}
		body := periodOf.FindStringSubmatch(string(containertest.File(t, path)))
		if body == nil {
			t.Fatalf("no period in %s", path)
		}
		out += fmt.Sprintf("<Period id=\"p%d\" duration=\"PT%.6fS\"><BaseURL>%d/</BaseURL>%s</Period>\n", i, float64(lengths[i])/float64(rate), i, body[1])
	}
	return write(t, filepath.Join(dir, "joined.mpd"), out+"</MPD>\n")
}

// TestForeignPeriods cuts music into pieces, has each made a stream, and joins the streams as periods: what is
// heard is the whole, with neither a sample lost nor one doubled.
func TestForeignPeriods(t *testing.T) {
	table := "| stream | more | missing | doubled | error at the joins |\n|---|---:|---:|---:|---:|\n"
	lengths := []int{90_001, 51_443, 70_777}
	pcm, want := piece(lengths)
	for _, s := range streams() {
		if !strings.HasPrefix(s.name, "DASH") || !containertest.Sweep(s.few, true) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			path := joined(t, s.stored(t, pcm, lengths), lengths, s.rate)
			got := listened(t, player.Config{SampleRate: s.rate}, served(t, path))
			r := s.seams(got, want, lengths)
			t.Logf("%s: length %+d shift %d missing %d repeated %d seam %.2f bend %.2f", s.name, r.length, r.shift, r.missing, r.repeated, r.seam, r.bend)
			table += fmt.Sprintf("| %s | %d | %d | %d | %.2f |\n", s.name, r.length, r.missing, r.repeated, r.seam)
			if s.half && abs(r.shift) <= 1 { // of two frames of its core
				r.shift = 0
			}
			if r.length != 0 || r.shift != 0 || r.missing != 0 || r.repeated != 0 || r.seam > seamLimit || r.bend > bendLimit {
				t.Errorf("%+v", r)
			}
			if s.exact && !slices.Equal(got, want) {
				t.Error("not the source's bits")
			}
		})
	}
	tabulate(t, "Periods", table)
}
