package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/dash"
	"github.com/segue-audio/segue/player/manifest/hls"
)

// manifestSeeds are manifests of the corpora with much in them.
var manifestSeeds = []string{
	"media3/m3u8/live_low_latency_media_can_block_reload_low_latency_full_segment", "media3/m3u8/multivariant_with_content_steering",
	"media3/m3u8/live_low_latency_media_can_skip_dateranges", "hls-m3u8/master-groups-and-iframe.m3u8", "hls-m3u8/media-playlist-with-byterange.m3u8",
	"media3/dash/multi-track-with-offset/sample.mpd", "media3/cmaf/multi-segment/manifest.mpd", "media3/mpd/sample_mpd_live",
	"media3/mpd/sample_mpd_clear_key_license_url", "dash-schema/example_G1.mpd", "dash-schema/example_G7.mpd",
}

func manifests(t testing.TB) map[string][]byte {
	t.Helper()
	root := filepath.Dir(containertest.Corpus(t, "media3")[0])
	all := map[string][]byte{}
	for _, name := range manifestSeeds {
		all[name] = containertest.File(t, root, filepath.FromSlash(name))
	}
	return all
}

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// parseManifest parses as both, and wants typed errors.
func parseManifest(t testing.TB, name string, data []byte) {
	t.Helper()
	base := &url.URL{Scheme: "https", Host: "host", Path: "/a/b"}
	_, err := hls.Parse(data, base, nil)
	_, derr := dash.Parse(data, base, noon)
	for _, err := range []error{err, derr} {
		if err != nil && !errors.Is(err, manifest.ErrFormat) && !errors.Is(err, manifest.ErrUnsupported) && !errors.Is(err, manifest.ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestManifestsCut parses manifests cut at every byte, and with a bit of it turned over.
func TestManifestsCut(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, data := range manifests(t) {
		for n := 0; n < len(data); n += containertest.Sweep(1+len(data)/100, 1) {
			parseManifest(t, name, data[:n])
			bad := bytes.Clone(data)
			bad[n] ^= 1 << rng.IntN(8)
			parseManifest(t, name, bad)
		}
	}
}

// TestManifestAllocations gives the parsers a megabyte made of manifests. What they allocate in all is counted.
func TestManifestAllocations(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for name, data := range manifests(t) {
		for range containertest.Sweep(1, 30) {
			at := rng.IntN(len(data))
			piece := data[at:min(len(data), at+1+rng.IntN(200))]
			big := append(bytes.Clone(data[:at]), bytes.Repeat(piece, (1<<20-len(data))/len(piece))...)
			big = append(big, data[at:]...)
			if n := allocatedByParsing(t, name, big); n > mostAllocated {
				t.Errorf("%s: %d MB allocated for %d bytes with %.60q over and over", name, n>>20, len(big), piece)
			}
		}
	}
}

// TestManifestsMadeToGrow has manifests whose few bytes ask for much.
func TestManifestsMadeToGrow(t *testing.T) {
	fill := func(s string) string { return strings.Repeat(s, 1_000_000/len(s)) }
	mpd := func(set string) string {
		return `<MPD type="static" mediaPresentationDuration="PT9S"><Period><AdaptationSet mimeType="audio/mp4">` + set + `</AdaptationSet></Period></MPD>`
	}
	const rep, head = `<Representation id="a" bandwidth="1"/>`, "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"
	cases := map[string]string{
		"a list of URLs for many representations": mpd(`<SegmentList duration="1">` + strings.Repeat(`<SegmentURL media="a"/>`, 40_000) + `</SegmentList>` +
			strings.Repeat(rep, 200)),
		"a template for many representations": mpd(`<SegmentTemplate media="$Number$" timescale="1000000" duration="1"/>` + strings.Repeat(rep, 200)),
		"segments":                            head + fill("#EXTINF:1,\na\n") + "#EXT-X-ENDLIST\n",
	}
	for name, text := range containertest.Sweep(nil, map[string]string{
		"elements":        mpd(fill("<a/>")),
		"attributes":      mpd("<a " + fill(`b="" `) + "/>"),
		"depth":           mpd(fill("<a>")),
		"representations": mpd(fill(rep)),
		"a timeline":      mpd(`<SegmentTemplate media="$Time$"><SegmentTimeline>` + fill(`<S d="1"/>`) + `</SegmentTimeline></SegmentTemplate>` + rep),
		"addresses":       mpd(strings.Repeat(`<BaseURL>a</BaseURL>`, 4000) + `<SegmentTemplate media="$Number$" duration="1"/>` + strings.Repeat(rep, 200)),
		"key systems":     mpd(fill(`<ContentProtection schemeIdUri="urn:uuid:a"/>`) + `<SegmentTemplate media="$Number$" duration="1"/>` + rep),
		"events": strings.Replace(mpd(`<SegmentTemplate media="$Number$" duration="1"/>`+rep), "<Period>",
			`<Period><EventStream schemeIdUri="a">`+fill(`<Event/>`)+`</EventStream>`, 1),
		"keys":     head + fill("#EXT-X-KEY:METHOD=AES-128,URI=\"a\"\n#EXTINF:1,\na\n") + "#EXT-X-ENDLIST\n",
		"parts":    head + "#EXT-X-PART-INF:PART-TARGET=1\n#EXTINF:1,\na\n" + fill("#EXT-X-PART:DURATION=1,URI=\"a\"\n"),
		"dates":    head + "#EXTINF:1,\na\n" + fill("#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2020-01-01T00:00:00Z\"\n"),
		"variants": "#EXTM3U\n" + fill("#EXT-X-STREAM-INF:BANDWIDTH=1\na\n"),
		"variables": "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"" + strings.Repeat("x", 6000) + "\"\n#EXT-X-TARGETDURATION:1\n" +
			fill("#EXTINF:1,\n{$a}\n") + "#EXT-X-ENDLIST\n",
	}) {
		cases[name] = text
	}
	for name, text := range cases {
		if n := allocatedByParsing(t, name, []byte(text)); n > mostAllocated {
			t.Errorf("%s: %d MB allocated for %d bytes", name, n>>20, len(text))
		}
	}
}

// mostAllocated is what parsing a megabyte may allocate in all, freed or not.
const mostAllocated = 64 << 20

func allocatedByParsing(t *testing.T, name string, data []byte) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	parseManifest(t, name, data)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzManifest parses anything as every kind of manifest, and asks for the segments of what comes of it.
func FuzzManifest(f *testing.F) {
	f.Add([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na\n#EXT-X-ENDLIST\n"))
	f.Add([]byte(`<MPD type="static" mediaPresentationDuration="PT4S"><Period><AdaptationSet mimeType="audio/mp4"><SegmentTemplate media="$Number$" duration="1"/>` +
		`<Representation id="a" bandwidth="1"/></AdaptationSet></Period></MPD>`))
	if root := os.Getenv("SEGUE_CORPORA"); root != "" {
		for _, name := range manifestSeeds {
			if data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name))); err == nil {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		parseManifest(t, "input", data)
		base := &url.URL{Scheme: "https", Host: "host", Path: "/a/b"}
		doc, err := dash.Parse(data, base, noon)
		if err != nil {
			return
		}
		if next, err := doc.Again(noon.Add(time.Minute)); err == nil {
			for _, r := range next.Presentation.Renditions {
				if r.Playlist != nil {
					firstSegment(r.Playlist)
				}
			}
		}
		if _, err := doc.Update(data, base, noon.Add(time.Second)); err != nil && !errors.Is(err, manifest.ErrFormat) &&
			!errors.Is(err, manifest.ErrUnsupported) && !errors.Is(err, manifest.ErrLimit) {
			t.Errorf("update: %v", err)
		}
	})
}
