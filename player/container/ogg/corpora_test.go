package ogg

import (
	"bytes"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

func corpus(t *testing.T, name string) []byte {
	t.Helper()
	return containertest.File(t, containertest.Corpus(t, "media3/ogg/"+name)[0])
}

// TestCorpus has the lengths that opusdec, oggdec and ffmpeg decode these files to.
func TestCorpus(t *testing.T) {
	for _, c := range []struct {
		name    string
		packets int
		trim    media.Trim
		err     error
	}{
		{name: "bbb_1ch_16kHz_q10_vorbis.ogg", packets: 103, trim: media.Trim{Length: 48_000}},
		{name: "bbb_6ch_8kHz_opus.ogg", packets: 151, trim: media.Trim{Start: 312, Length: 144_000}},
		{name: "bear.opus", packets: 275, trim: media.Trim{Start: 312, Length: 131_520}},
		{name: "bear_duplicate_header.opus", packets: 275, trim: media.Trim{Start: 312, Length: 131_520}},
		{name: "bear_flac.ogg", packets: 33, trim: media.Trim{Length: 131_568}},
		{name: "bear_flac_noseektable.ogg", packets: 33, trim: media.Trim{Length: 131_568}},
		{name: "bear_vorbis.ogg", packets: 180, trim: media.Trim{Length: 131_568}},
		{name: "bear_vorbis_gap.ogg", packets: 180, trim: media.Trim{Length: 131_568}},
		{name: "bear_vorbis_with_large_metadata.ogg", packets: 180, trim: media.Trim{Length: 131_568}},
		{name: "opus_header", err: container.ErrFormat},
		{name: "invalid_ogg_header", err: container.ErrFormat},
		{name: "three_headers", err: container.ErrFormat}, // its checksums are zeros
		{name: "random_1000_pages", err: container.ErrLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := corpus(t, c.name)
			d, err := Open(bytes.NewReader(data), int64(len(data)))
			if !errors.Is(err, c.err) {
				t.Fatalf("%v, want %v", err, c.err)
			}
			if c.err != nil {
				return
			}
			if all := packets(t, data); len(all) != c.packets || d.Info().Trim != c.trim {
				t.Errorf("%d packets, trim %+v, want %d, %+v", len(all), d.Info().Trim, c.packets, c.trim)
			}
		})
	}
	checkSame(t, packets(t, corpus(t, "bear_vorbis_gap.ogg")), packets(t, corpus(t, "bear_vorbis.ogg")))
	checkSame(t, packets(t, corpus(t, "bear_duplicate_header.opus")), packets(t, corpus(t, "bear.opus")))
}

// TestProbe compares each packet's size and time with ffprobe's.
func TestProbe(t *testing.T) {
	paths := containertest.Corpus(t, "media3/ogg/b*")
	for _, s := range []string{"tone.opus", "tone.ogg", "tone.oga"} {
		paths = append(paths, filepath.Join("testdata", s))
	}
	for _, path := range paths {
		data := containertest.File(t, path)
		out := containertest.Tool(t, "ffprobe", "-v", "error", "-show_entries", "packet=pts,size", "-of", "csv=p=0", path)
		lines := strings.Fields(string(out))
		d := openBytes(t, data)
		got := packets(t, data)
		if len(lines) != len(got) {
			t.Errorf("%s: %d packets, ffprobe sees %d", path, len(got), len(lines))
			continue
		}
		for i, line := range lines {
			pts, rest, _ := strings.Cut(line, ",")
			size, _ := strconv.Atoi(strings.TrimRight(rest, ","))
			at, err := strconv.ParseInt(pts, 10, 64)
			// ffprobe counts from what is heard, granule positions of live streams in.
			want := media.Frames(at-d.links[0].base) + d.links[0].skip
			within := media.Frames(0)
			if d.info.Format.Codec == media.CodecVorbis {
				within = d.info.Preroll // it puts the steps between block sizes elsewhere
			}
			if err != nil || size != len(got[i].Data) || got[i].Time < want-within || got[i].Time > want+within {
				t.Fatalf("%s: packet %d: time %d, %d bytes, ffprobe says %q", path, i, got[i].Time, len(got[i].Data), line)
			}
		}
	}
}
