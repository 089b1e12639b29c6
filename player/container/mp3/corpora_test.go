package mp3

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// count opens a file and gives the number of its packets.
func count(t *testing.T, path string) (d *Demuxer, n int, err error) {
	t.Helper()
	data := containertest.File(t, path)
	d, err = Open(bytes.NewReader(data), int64(len(data)))
	for p := (media.Packet{}); err == nil; n++ {
		err = d.Next(&p)
	}
	if errors.Is(err, io.EOF) {
		return d, n - 1, nil
	}
	return d, n, err
}

type corpusFile struct {
	name    string
	packets int
	start   media.Frames
	heard   media.Frames // as Duration tells at the end
	err     error
}

func checkCorpus(t *testing.T, folder string, files []corpusFile) {
	for _, c := range files {
		t.Run(c.name, func(t *testing.T) {
			d, got, err := count(t, containertest.Corpus(t, folder+"/"+c.name)[0])
			if c.err != nil {
				if !errors.Is(err, c.err) {
					t.Errorf("%v, want %v", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got != c.packets || d.Info().Trim.Start != c.start || d.Duration() != c.heard {
				t.Errorf("%d packets, start %d, %d frames heard, want %d, %d, %d", got, d.Info().Trim.Start,
					d.Duration(), c.packets, c.start, c.heard)
			}
		})
	}
}

// TestCorpus has the counts that ffprobe 5.1 gives for these files, less what isn't a frame of audio:
// ffprobe counts a last packet of rubbish, and the Info frame where rubbish stands in front of it.
func TestCorpus(t *testing.T) {
	checkCorpus(t, "media3/mp3", []corpusFile{
		{name: "100kB-garbage-prefix.mp3", packets: 41 - 1, start: 1105, heard: 44_100},
		{name: "200kB-garbage-prefix.mp3", packets: 41 - 1, start: 1105, heard: 44_100},
		{name: "1024_incrementing_bytes.mp3", err: container.ErrFormat},
		{name: "bear-cbr-constant-frame-size-no-seek-table.mp3", packets: 116, heard: 116 * 1152},
		{name: "bear-cbr-no-seek-table-trailing-garbage.mp3", packets: 109 - 1, heard: 108 * 1152},
		{name: "bear-cbr-variable-frame-size-no-seek-table.mp3", packets: 108, heard: 108 * 1152},
		{name: "bear-id3-numeric-genre.mp3", packets: 118 - 1, start: 1105, heard: 133_632},
		{name: "bear-id3.mp3", packets: 118 - 1, start: 1105, heard: 133_632},
		{name: "bear-vbr-no-seek-table.mp3", packets: 117, heard: 117 * 1152},
		{name: "bear-vbr-vbri-header-truncated-toc.mp3", packets: 117, heard: 117 * 1152},
		{name: "bear-vbr-vbri-header.mp3", packets: 117, heard: 117 * 1152},
		{name: "bear-vbr-xing-header-no-toc.mp3", packets: 117, start: 1105, heard: 133_632},
		{name: "bear-vbr-xing-header-replaygain-accurate.mp3", packets: 117, start: 1105, heard: 133_632},
		{name: "bear-vbr-xing-header-replaygain-fast.mp3", packets: 117, start: 1105, heard: 133_632},
		{name: "bear-vbr-xing-header.mp3", packets: 117, start: 1105, heard: 133_632},
		{name: "sine-wave-cbr-trailing-id3v1.mp3", packets: 40, heard: 40 * 1152},
		{name: "test-cbr-info-header-pcut-frame.mp3", packets: 41, start: 1105, heard: 45_252},
		{name: "test-cbr-info-header-trailing-garbage.mp3", packets: 41 - 1, start: 1105, heard: 44_100},
		{name: "test-cbr-info-header.mp3", packets: 40, start: 1105, heard: 44_100},
	})
}

// TestVectors has the counts of the reference output, and where that lacks frames those of ffprobe.
func TestVectors(t *testing.T) {
	checkCorpus(t, "mp3-vectors", []corpusFile{
		{name: "ILL4_sync.bit", err: container.ErrUnsupported}, // Layer I
		{name: "M2L3_bitrate_16_all.bit", packets: 476, heard: 476 * 576},
		{name: "M2L3_bitrate_24_all.bit", packets: 476, heard: 476 * 576},
		{name: "M2L3_noise.bit", packets: 386, heard: 386 * 576},
		{name: "l3-compl.bit", packets: 216, heard: 216 * 1152},
		{name: "l3-he_44khz.bit", packets: 410, heard: 410 * 1152},
		{name: "l3-he_free.bit", packets: 68, heard: 68 * 1152},
		{name: "l3-nonstandard-he_44_48khz.bit", packets: 410, heard: 410 * 1152}, // 48 kHz is not of this stream
		{name: "l3-nonstandard-id3v1-apetag.bit", packets: 1, heard: 1152},
		{name: "l3-nonstandard-id3v2-only.bit", err: container.ErrFormat},
		{name: "l3-nonstandard-sin1k0db_lame_vbrtag.bit", packets: 316, start: 1105, heard: 362_880},
		{name: "l3-nonstandard-vbrtag-corrupted.bit", start: 1105}, // a header alone, that claims 315 frames
		{name: "l3-nonstandard-vbrtag-noframes.bit"},
		{name: "l3-si_block.bit", packets: 64, heard: 64 * 1152},
		{name: "l3-test45.bit", packets: 822, heard: 822 * 576},
	})
}
