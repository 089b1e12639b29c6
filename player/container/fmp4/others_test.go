package fmp4

import (
	"bytes"
	"encoding/binary"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/codec/codectest"
	flaccodec "github.com/segue-audio/segue/player/codec/flac"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/media"
)

// flacFile has ffmpeg code 2.4 s of stereo.
func flacFile(t *testing.T, args ...string) (path string, d *flac.Demuxer, all []media.Packet) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "a.flac")
	source := "aevalsrc=0.4*sin(2*PI*(200+500*t)*t)+0.2*(random(0)-0.5)|0.5*sin(2*PI*331*t):d=2.4:s=44100"
	args = append([]string{"-v", "error", "-f", "lavfi", "-i", source}, args...)
	containertest.Tool(t, "ffmpeg", append(args, path)...)
	d, all = containertest.Packets(t, flac.Open, containertest.File(t, path))
	return path, d, all
}

// pcm has ffmpeg decode a file to raw samples of 32 bits.
func pcm(t *testing.T, path string) []byte {
	t.Helper()
	return containertest.Tool(t, "ffmpeg", "-v", "error", "-i", path, "-f", "s32le", "-")
}

// write makes one file of an init segment and fragments of five packets.
func write(t *testing.T, f media.Format, trim media.Trim, all []media.Packet) string {
	t.Helper()
	out := AppendInit(nil, f, trim)
	for n := uint32(1); len(all) > 0; n++ {
		k := min(5, len(all))
		out = AppendFragment(out, n, all[0].Time, all[:k])
		all = all[k:]
	}
	return containertest.Store(t, "out.mp4", out)
}

// TestOthersRead has ffmpeg decode what we write, and wants the bits that it decodes the source to.
func TestOthersRead(t *testing.T) {
	for _, args := range [][]string{
		{"-sample_fmt", "s16"},
		{"-sample_fmt", "s32", "-bits_per_raw_sample", "24", "-ar", "96000"},
		{"-sample_fmt", "s16", "-ac", "1", "-ar", "22050"},
	} {
		path, d, all := flacFile(t, args...)
		want := pcm(t, path)
		if got := pcm(t, write(t, d.Info().Format, media.Trim{}, all)); !bytes.Equal(got, want) {
			t.Errorf("%v: ffmpeg decodes %d bytes from our MP4, %d from the source, or others", args, len(got), len(want))
		}
	}
}

// TestOthersReadTimes has ffprobe tell the packets' times and sizes.
func TestOthersReadTimes(t *testing.T) {
	_, d, all := flacFile(t, "-sample_fmt", "s16")
	path := write(t, d.Info().Format, media.Trim{}, all)
	out := string(containertest.Tool(t, "ffprobe", "-v", "error", "-show_entries", "packet=pts,duration,size,flags", "-of", "csv=p=0", path))
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != len(all) {
		t.Fatalf("ffprobe sees %d packets, want %d", len(lines), len(all))
	}
	for i, p := range all {
		want := []string{strconv.Itoa(int(p.Time)), strconv.Itoa(int(p.Duration)), strconv.Itoa(len(p.Data))}
		fields := strings.Split(lines[i], ",")
		if len(fields) < 4 || fields[0] != want[0] || fields[1] != want[1] && fields[1] != "N/A" || fields[2] != want[2] || fields[3][0] != 'K' {
			t.Fatalf("ffprobe sees packet %d as %q, want %v", i, lines[i], want)
		}
	}
}

// TestOthersReadTrim has ffprobe put the frames that the edit list leaves out in front of zero.
func TestOthersReadTrim(t *testing.T) {
	_, d, all := flacFile(t, "-sample_fmt", "s16")
	path := write(t, d.Info().Format, media.Trim{Start: 1105}, all)
	out := string(containertest.Tool(t, "ffprobe", "-v", "error", "-show_entries", "packet=pts", "-of", "csv=p=0", path))
	for i, line := range strings.Fields(out) {
		if want := strconv.Itoa(int(all[i].Time) - 1105); strings.Trim(line, ",") != want {
			t.Fatalf("ffprobe sees packet %d at %s, want %s", i, line, want)
		}
	}
}

// split cuts a file in front of its first moof.
func split(t *testing.T, data []byte) (head, rest []byte) {
	t.Helper()
	at := bytes.Index(data, []byte("moof"))
	if at < 0 {
		t.Fatal("no moof")
	}
	return data[:at-4], data[at-4:]
}

// TestReadOthers reads the fragments that ffmpeg writes of FLAC, and decodes them to the source.
func TestReadOthers(t *testing.T) {
	path, source, all := flacFile(t, "-sample_fmt", "s16")
	out := filepath.Join(t.TempDir(), "b.mp4")
	for _, flags := range []string{
		"+frag_keyframe+empty_moov+default_base_moof", "+empty_moov+cmaf", "+frag_keyframe+empty_moov",
		"+empty_moov+dash+negative_cts_offsets",
	} {
		containertest.Tool(t, "ffmpeg", "-y", "-v", "error", "-i", path, "-c:a", "copy", "-f", "mp4", "-movflags", flags,
			"-frag_duration", "500000", "-strict", "-2", out)
		data := containertest.File(t, out)
		head, rest := split(t, data)
		in, err := ParseInit(head)
		if err != nil {
			t.Fatal(err)
		}
		if !in.Info().Format.SameDecoder(source.Info().Format) || !bytes.Equal(in.Info().Format.Config, source.Info().Format.Config) {
			t.Errorf("%s: format %+v, want %+v", flags, in.Info().Format, source.Info().Format)
		}
		if in.Info().Trim.Start != 0 {
			t.Errorf("%s: trim %+v", flags, in.Info().Trim)
		}
		if flags == "+frag_keyframe+empty_moov" {
			rest = data // its offsets count from the start of the file
		}
		s, err := in.OpenSegment(rest)
		if err != nil {
			t.Fatalf("%s: %v", flags, err)
		}
		got := containertest.Rest(t, s)
		for i := range got {
			if i == len(got)-1 {
				got[i].Duration = all[i].Duration // ffmpeg repeats the one before
			}
		}
		samePackets(t, got, all)
	}
	dec, err := flaccodec.New(source.Info().Format)
	if err != nil {
		t.Fatal(err)
	}
	var samples []byte
	for _, v := range codectest.Decode(t, dec, all) {
		samples = binary.LittleEndian.AppendUint32(samples, uint32(int32(float64(v)*(1<<31))))
	}
	if !bytes.Equal(samples, pcm(t, path)) {
		t.Error("the packets decode to something else than the source")
	}
}

// TestLabels reads what ffmpeg writes of codings that we only name.
func TestLabels(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		codec  media.Codec
		start  media.Frames
		config int
	}{
		"aac":  {[]string{"-c:a", "aac"}, media.CodecAAC, 1024, 5},
		"opus": {[]string{"-c:a", "libopus", "-ar", "48000"}, media.CodecOpus, 312, 19},
		"mp3":  {[]string{"-c:a", "libmp3lame", "-b:a", "128k"}, media.CodecMP3, 1105, 0},
		"alac": {[]string{"-c:a", "alac"}, media.CodecALAC, 0, 24},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "a.mp4")
			args := append([]string{"-v", "error", "-f", "lavfi", "-i", "sine=d=1:r=44100"}, c.args...)
			containertest.Tool(t, "ffmpeg", append(args, "-ac", "2", "-f", "mp4", "-movflags", "+frag_keyframe+default_base_moof+delay_moov", out)...)
			head, rest := split(t, containertest.File(t, out))
			in, err := ParseInit(head)
			if err != nil {
				t.Fatal(err)
			}
			f := in.Info().Format
			if f.Codec != c.codec || len(f.Config) < c.config || f.Channels != 2 || in.Info().Trim.Start != c.start {
				t.Errorf("%+v, want %v, %d bytes of config, start %d", in.Info(), c.codec, c.config, c.start)
			}
			s, err := in.OpenSegment(rest)
			if err != nil {
				t.Fatal(err)
			}
			all := containertest.Rest(t, s)
			last := all[len(all)-1]
			if got := (last.Time + last.Duration - c.start).Duration(f.SampleRate).Seconds(); math.Abs(got-1) > 0.05 {
				t.Errorf("%d packets last %.3f s", len(all), got)
			}
		})
	}
}

// TestCorpus reads fragmented audio that others made and compares with ffprobe's packets.
func TestCorpus(t *testing.T) {
	for _, name := range []string{
		"media3/cmaf/multi-segment/audio_init.mp4+media3/cmaf/multi-segment/audio_1.m4s",
		"mp4ff/aac_init.mp4+mp4ff/aac_1.m4s",
		"media3/mp4/sample_opus_fragmented.mp4",
		"mp4ff/cbcs_audiodec.mp4",
	} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			var data []byte
			for part := range strings.SplitSeq(name, "+") {
				data = append(data, containertest.File(t, containertest.Corpus(t, part)[0])...)
			}
			path := containertest.Store(t, "a.mp4", data)
			head, _ := split(t, data)
			in, err := ParseInit(head)
			if err != nil {
				t.Fatal(err)
			}
			s, err := in.OpenSegment(data)
			if err != nil {
				t.Fatal(err)
			}
			out := string(containertest.Tool(t, "ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", "packet=size",
				"-of", "csv=p=0", path))
			got := ""
			for _, p := range containertest.Rest(t, s) {
				got += strconv.Itoa(len(p.Data)) + "\n"
			}
			if want := strings.ReplaceAll(strings.TrimSpace(out), ",", "") + "\n"; got != want {
				t.Errorf("packets of %q bytes, ffprobe sees %q", got, want)
			}
			t.Logf("%+v, base %d", in.Info(), s.BaseTime())
		})
	}
}

// TestCorpusSurvives reads every MP4 of the corpora: an error or packets, no panic.
func TestCorpusSurvives(t *testing.T) {
	for _, pattern := range []string{"mp4ff/*", "media3/mp4/*.mp4", "media3/drm/*.mp4"} {
		for _, path := range containertest.Corpus(t, pattern) {
			data := containertest.File(t, path)
			in, err := ParseInit(data)
			if err != nil {
				continue
			}
			containertest.Exercise(t, containertest.SegmentOpener(in.OpenSegment), data)
		}
	}
}
