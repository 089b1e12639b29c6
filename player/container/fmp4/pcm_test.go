package fmp4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"path/filepath"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// TestPCM reads what ffmpeg writes of uncompressed sound, and wants the bytes that it was given.
func TestPCM(t *testing.T) {
	for name, c := range map[string]struct {
		config string
		depth  int
	}{
		"u8": {"u8", 8}, "s8": {"s8", 8}, "s16le": {"s16le", 16}, "s16be": {"s16be", 16}, "s24le": {"s24le", 24}, "s24be": {"s24be", 24},
		"s32le": {"s32le", 32}, "f32be": {"f32be", 32}, "f64le": {"f64le", 64}, "alaw": {"alaw", 8}, "mulaw": {"ulaw", 8},
	} {
		dir := t.TempDir()
		raw, out := filepath.Join(dir, "raw"), filepath.Join(dir, "a.mov")
		containertest.Tool(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "aevalsrc=0.9*sin(2*PI*97*t)|0.4*sin(2*PI*331*t):d=0.7:s=48000", "-c:a", "pcm_"+name, "-f", name, raw)
		containertest.Tool(t, "ffmpeg", "-v", "error", "-f", name, "-ar", "48000", "-ac", "2", "-i", raw, "-c:a", "copy",
			"-f", "mov", "-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "300000", out)
		head, rest := split(t, containertest.File(t, out))
		in, err := ParseInit(head)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := media.Format{Codec: media.CodecPCM, SampleRate: 48_000, Channels: 2, BitDepth: c.depth, Config: []byte(c.config)}
		if f := in.Info().Format; !f.SameDecoder(want) {
			t.Errorf("%s: %+v (config %q), want %+v", name, f, f.Config, want)
		}
		s, err := in.OpenSegment(rest)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []byte
		at := media.Frames(0)
		for _, p := range containertest.Rest(t, s) {
			if p.Time != at || p.Duration > packetFrames {
				t.Errorf("%s: packet of %d frames at %d, want %d", name, p.Duration, p.Time, at)
			}
			at += p.Duration
			got = append(got, p.Data...)
		}
		if original := containertest.File(t, raw); !bytes.Equal(got, original) {
			t.Errorf("%s: %d bytes, want %d or others", name, len(got), len(original))
		}
	}
}

// TestPCMEntries reads the sample entries of files that aren't fragmented.
func TestPCMEntries(t *testing.T) {
	for name, want := range map[string]string{
		"sample_ipcm_16be.mp4": "s16be", "sample_ipcm_24le.mp4": "s24le", "sample_fpcm_32be.mp4": "f32be", "sample_fpcm_32le.mp4": "f32le", "sample_twos_pcm.mp4": "s16be",
	} {
		data := containertest.File(t, containertest.Corpus(t, "media3/mp4/"+name)[0])
		found := ""
		for at := bytes.Index(data, []byte("stsd")); at >= 0 && found == ""; {
			size := int(binary.BigEndian.Uint32(data[at-4:]))
			if info, err := parseDescription(data[at+4 : at-4+size]); err == nil && info.Format.Codec == media.CodecPCM {
				found = string(info.Format.Config)
			}
			next := bytes.Index(data[at+4:], []byte("stsd"))
			if next < 0 {
				break
			}
			at += 4 + next
		}
		if found != want {
			t.Errorf("%s: %q, want %q", name, found, want)
		}
	}
}

// TestPCMRefused has entries that no one decodes.
func TestPCMRefused(t *testing.T) {
	entry := func(kind string, depth int, more string) []byte {
		b := make([]byte, 28)
		b[17], b[19], b[24], b[25] = 2, byte(depth), 0xbb, 0x80
		b = append(b, more...)
		b = append(append(binary.BigEndian.AppendUint32(nil, uint32(len(b)+8)), kind...), b...)
		return append(make([]byte, 8), b...)
	}
	pcmC := func(flags, depth byte) string {
		return "\x00\x00\x00\x0epcmC\x00\x00\x00\x00" + string([]byte{flags, depth})
	}
	for _, c := range []struct {
		stsd []byte
		want error
	}{
		{entry("ipcm", 16, pcmC(0, 16)), nil},
		{entry("ipcm", 16, pcmC(0, 20)), container.ErrUnsupported},
		{entry("fpcm", 16, pcmC(1, 16)), container.ErrUnsupported},
		{entry("ipcm", 16, ""), container.ErrFormat},
		{entry("ipcm", 16, "\x00\x00\x00\x0dpcmC\x00\x00\x00\x00\x00"), container.ErrFormat},
		{entry("twos", 12, ""), container.ErrUnsupported},
		{entry("raw ", 16, ""), container.ErrUnsupported},
		{entry("in24", 16, "\x00\x00\x00\x12wave\x00\x00\x00\x0aenda\x00\x01"), nil},
		{entry("in24", 16, "\x00\x00\x00\x11wave\x00\x00\x00\x09enda\x00"), container.ErrFormat},
	} {
		info, err := parseDescription(c.stsd)
		if !errors.Is(err, c.want) {
			t.Errorf("%q: %+v, %v, want %v", c.stsd[12:16], info.Format, err, c.want)
		}
	}
}

// TestJoin has a segment with a sample, in MP4's words, for each frame.
func TestJoin(t *testing.T) {
	var all []sample
	for i := range 10_000 {
		all = join(all, sample{at: 4 * i, size: 4, time: media.Frames(i), duration: 1}, true)
	}
	if len(all) != 3 || all[1] != (sample{at: 4 * packetFrames, size: 4 * packetFrames, time: packetFrames, duration: packetFrames}) {
		t.Errorf("%d packets, %+v", len(all), all)
	}
	all = join(all, sample{at: 40_004, size: 4, time: 10_000, duration: 1}, true)  // a hole in the file
	all = join(all, sample{at: 40_008, size: 4, time: 10_002, duration: 1}, true)  // a hole in time
	all = join(all, sample{at: 40_012, size: 4, time: 10_003, duration: 1}, false) // not PCM
	if len(all) != 6 {
		t.Errorf("%d packets, want 6", len(all))
	}
}
