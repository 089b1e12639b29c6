package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/dash"
	"github.com/segue-audio/segue/player/manifest/hls"
)

var update = flag.Bool("update", false, "write docs/FORMATS.md anew; needs the corpora")

// formatsFile is what this test writes, seen from here.
const formatsFile = "../../docs/FORMATS.md"

// TestFormats decodes the corpora's files to their last packets and reads their manifests. What plays, and
// what doesn't for which reason, has to be as formats_expected_test.go claims, and docs/FORMATS.md has to
// say just that.
func TestFormats(t *testing.T) {
	root := filepath.Dir(containertest.Corpus(t, "media3")[0])
	c := &census{t: t, root: root, p: newProber(true), suites: map[string]*suite{}, kinds: map[string]int{}}
	defer c.p.close()
	for _, name := range corpusFiles(t, root) {
		c.file(name)
	}
	c.refuseStale()
	if t.Failed() {
		return
	}
	text := c.text()
	if *update {
		if err := os.WriteFile(formatsFile, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(text, containertest.File(t, formatsFile)) {
		t.Errorf("docs/FORMATS.md isn't what the corpora give; run go test ./examples/probe -run TestFormats -update")
	}
}

// corpusFiles lists the files that are media or manifests, from the corpora's folder. What else lies there (reference
// output, dumps, subtitles, pictures, pieces of headers, segments that their manifests lead to) is left out.
func corpusFiles(t *testing.T, root string) (names []string) {
	t.Helper()
	media := strings.Fields(".mp3 .bit .flac .ogg .opus .mka .wav .aac .mp4 .m4a .mov .MOV .3gp .isma .ts .mpd .m3u8 .id3")
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, p)
		name = filepath.ToSlash(name)
		switch base := path.Base(name); {
		case strings.Contains(base, "init") && !strings.Contains(base, "dashinit") && base != "init_truncated.mp4",
			strings.HasPrefix(name, "media3/hls/cea608/") && path.Ext(name) == ".ts":
		case slices.Contains(media, path.Ext(name)), name == "media3/dash/cea608/audio-dash0000000000.m4s",
			strings.HasPrefix(name, "media3/m3u8/"), strings.HasPrefix(name, "media3/mpd/"):
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// suite is the count of one folder of the corpora.
type suite struct {
	manifests      bool
	should, does   int
	because        map[string][]string // reason → files
	presentations  int                 // manifests whose media lie there too, and play
	presentationOf int
}

// census counts what plays.
type census struct {
	t      *testing.T
	root   string
	p      *prober
	suites map[string]*suite
	kinds  map[string]int // of sound and container, in files that play
	used   []string       // patterns that named a file
}

func (c *census) suite(name string, manifests bool) *suite {
	folder := path.Dir(name)
	if parts := strings.Split(folder, "/"); len(parts) > 2 {
		folder = path.Join(parts[0], parts[1])
	}
	if c.suites[folder] == nil || c.suites[folder].manifests != manifests {
		if manifests && c.suites[folder] != nil {
			folder += " (manifests)"
		}
		if c.suites[folder] == nil {
			c.suites[folder] = &suite{manifests: manifests, because: map[string][]string{}}
		}
	}
	return c.suites[folder]
}

// why finds the claim about a file; nil for one that should play.
func (c *census) why(list []reason, name string) *reason {
	for i := range list {
		for _, pattern := range list[i].files {
			ok, err := path.Match(pattern, name)
			if err != nil {
				c.t.Fatalf("%s: %v", pattern, err)
			}
			if ok {
				c.used = append(c.used, pattern)
				return &list[i]
			}
		}
	}
	return nil
}

// refuseStale fails for claims about files that aren't there.
func (c *census) refuseStale() {
	for _, r := range slices.Concat(reasons, manifestReasons) {
		for _, pattern := range r.files {
			if !slices.Contains(c.used, pattern) {
				c.t.Errorf("no file is %s, which is said to be %s", pattern, r.text)
			}
		}
	}
}

// file tries one file and counts it.
func (c *census) file(name string) {
	full := filepath.Join(c.root, filepath.FromSlash(name))
	if isManifest(name) {
		c.manifest(name, full)
		return
	}
	r := c.p.probe(c.t.Context(), full, time.Minute)
	s, why := c.suite(name, false), c.why(reasons, name)
	damaged := r.Stream != nil && r.Stream.Decoded != nil && r.Stream.Decoded.Damaged > 0
	switch {
	case why == nil && (r.Problem != nil || damaged):
		c.t.Errorf("%s should play: %+v %+v", name, r.Problem, r.Stream)
	case why != nil && why.kind == 0 && (r.Problem != nil || why.verdict == hidden && !damaged):
		c.t.Errorf("%s is said to be decoded to its end: %+v %+v", name, r.Problem, r.Stream)
	case why != nil && why.kind != 0 && (r.Problem == nil || r.Problem.Code != int(why.kind)):
		c.t.Errorf("%s is said to be %s (%d): %+v", name, why.text, int(why.kind), r.Problem)
	}
	s.count(name, why)
	if why == nil || why.verdict == hidden {
		c.kinds[strings.TrimSpace(r.Stream.Codec+" "+r.Stream.Profile)+"|"+r.Stream.Container]++
	}
}

// count books a file that was as claimed.
func (s *suite) count(name string, why *reason) {
	if why != nil {
		s.because[why.text] = append(s.because[why.text], path.Base(name))
	}
	if why == nil || why.verdict != excused {
		s.should++
	}
	if why == nil || why.verdict == hidden {
		s.does++
	}
}

func isManifest(name string) bool {
	return strings.HasSuffix(name, ".mpd") || strings.HasSuffix(name, ".m3u8") || strings.HasPrefix(name, "media3/m3u8/") ||
		strings.HasPrefix(name, "media3/mpd/")
}

// manifest reads a manifest and, where its media lie beside it, decodes all of their segments.
func (c *census) manifest(name, full string) {
	s, why := c.suite(name, true), c.why(manifestReasons, name)
	lists, err := readLists(full)
	kind := player.Kind(0)
	if err != nil {
		kind = player.KindOf(err)
	}
	switch {
	case strings.HasPrefix(name, "media3/mpd/"), strings.HasPrefix(name, "dash-schema/"): // dash's own test knows each
		if kind != 0 && kind != player.KindManifest && kind != player.KindManifestUnsupported {
			c.t.Errorf("%s: %v", name, err)
		}
		if kind != 0 {
			why = &reason{text: mpdReason(err), verdict: excused, kind: kind}
		}
	case why == nil && err != nil:
		c.t.Errorf("%s should be read: %v", name, err)
	case why != nil && kind != why.kind:
		c.t.Errorf("%s is said to be %s (%d): %v", name, why.text, int(why.kind), err)
	}
	s.count(name, why)
	for _, list := range lists {
		if list == nil || len(list.Segments) == 0 || !here(&list.Segments[0]) {
			continue
		}
		s.presentationOf++
		err := c.decodeAll(list)
		if err == nil {
			s.presentations++
		} else if player.KindOf(err) != player.KindContainerUnsupported && !strings.Contains(name, "webvtt") && !strings.Contains(name, "ttml") {
			c.t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			s.because["leads to video or subtitles"] = append(s.because["leads to video or subtitles"], path.Base(name))
		}
	}
}

// mpdReason says in general terms why an MPD is refused.
func mpdReason(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "no audio"):
		return "no sound in it"
	case strings.Contains(text, "to be understood"):
		return "an EssentialProperty that isn't understood"
	case errors.Is(err, manifest.ErrUnsupported):
		return "a feature that isn't supported"
	}
	return "no segments, or no times, are to be had from it"
}

// here tells whether a segment is a file of this machine.
func here(s *manifest.Segment) bool {
	if s.URL == nil || s.URL.Scheme != "file" {
		return false
	}
	_, err := os.Stat(filepath.FromSlash(s.URL.Path))
	return err == nil
}

// readLists reads a manifest of this machine and the playlists beside it, and asks nobody else.
func readLists(full string) ([]*manifest.Playlist, error) {
	base := &url.URL{Scheme: "file", Path: filepath.ToSlash(full)}
	data, err := os.ReadFile(full)
	if err != nil {
		return nil, err
	}
	var lists []*manifest.Playlist
	if bytes.Contains(data, []byte("<MPD")) {
		doc, err := dash.Parse(data, base, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			return nil, err
		}
		for _, r := range doc.Presentation.Renditions {
			lists = append(lists, r.Playlist)
		}
		return lists, nil
	}
	doc, err := hls.Parse(data, base, nil)
	if err != nil {
		return nil, err
	}
	if doc.Playlist != nil {
		return append(lists, doc.Playlist), nil
	}
	for _, r := range doc.Presentation.Renditions {
		if r.URL == nil || r.URL.Scheme != "file" {
			continue
		}
		data, err := os.ReadFile(filepath.FromSlash(r.URL.Path))
		if err != nil {
			continue // the corpus has the manifest alone
		}
		media, err := hls.Parse(data, r.URL, doc)
		if err != nil {
			return nil, err
		}
		lists = append(lists, media.Playlist)
	}
	return lists, nil
}

// decodeAll decodes every segment of a list that lies here.
func (c *census) decodeAll(list *manifest.Playlist) error {
	for i := range list.Segments {
		s, err := c.p.probeSegment(context.Background(), &list.Segments[i], everything)
		if err != nil {
			return fmt.Errorf("segment %d: %w", i, err)
		}
		if s.Decoded.Damaged > 0 {
			return fmt.Errorf("segment %d: %s", i, s.Decoded.Error)
		}
	}
	return nil
}

// text is docs/FORMATS.md.
func (c *census) text() []byte {
	var b bytes.Buffer
	b.WriteString(`# Formats

What plays, counted over files that others made to test players with: androidx/media's, the IETF's for FLAC, minimp3's
conformance streams, and those of Eyevinn/mp4ff, Eyevinn/hls-m3u8 and MPEGGroup/DASHSchema. ` + "`go test ./examples/probe -run TestFormats -update`" + `
writes this file from them, where they are at hand (` + "`SEGUE_CORPORA`" + `); the same test fails where it doesn't fit any more.

*Played* means: opened, and each packet decoded to the last one, with no packet damaged unless the file is
listed as damaged on purpose below. *Should play* are all files with sound in them, less those that nobody could play (broken
on purpose, encrypted without a key) and those in a coding that the player doesn't offer. All that are left out, and all
that fall short, are listed below with the reason.

## Files

| suite | should play | played |
|---|---:|---:|
`)
	c.rows(&b, false)
	b.WriteString("\n## Containers and codings\n\nHow many of the files that play are what.\n\n| container | sound | files |\n|---|---|---:|\n")
	for _, kind := range slices.SortedFunc(maps.Keys(c.kinds), func(a, b string) int {
		_, ca, _ := strings.Cut(a, "|")
		_, cb, _ := strings.Cut(b, "|")
		return strings.Compare(ca+a, cb+b)
	}) {
		sound, in, _ := strings.Cut(kind, "|")
		fmt.Fprintf(&b, "| %s | %s | %d |\n", in, sound, c.kinds[kind])
	}
	b.WriteString(`
## Manifests

*Read* means: every rendition and segment is in the model of package manifest; the errors of the others are typed. The last
column counts the renditions whose segments lie beside the manifest, and which were decoded to the last packet of the last of them.

| suite | should be read | read | renditions decoded |
|---|---:|---:|---:|
`)
	c.rows(&b, true)
	b.WriteString("\n## What isn't, and why\n")
	for _, name := range slices.Sorted(maps.Keys(c.suites)) {
		s := c.suites[name]
		if len(s.because) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n\n", name)
		for _, why := range slices.Sorted(maps.Keys(s.because)) {
			slices.Sort(s.because[why])
			files := slices.Compact(s.because[why])
			fmt.Fprintf(&b, "- %s (%d): %s\n", why, len(files), strings.Join(files, ", "))
		}
	}
	return b.Bytes()
}

func (c *census) rows(b *bytes.Buffer, manifests bool) {
	var should, does int
	for _, name := range slices.Sorted(maps.Keys(c.suites)) {
		s := c.suites[name]
		if s.manifests != manifests || s.should == 0 && !manifests {
			continue
		}
		should, does = should+s.should, does+s.does
		fmt.Fprintf(b, "| %s | %d | %d |", strings.TrimSuffix(name, " (manifests)"), s.should, s.does)
		if manifests {
			fmt.Fprintf(b, " %s |", decodedOf(s))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "| **all** | **%d** | **%d** |", should, does)
	if manifests {
		b.WriteString(" |")
	}
	b.WriteString("\n")
}

func decodedOf(s *suite) string {
	if s.presentationOf == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", s.presentations, s.presentationOf)
}
