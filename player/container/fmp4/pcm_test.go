package fmp4

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/internal/bmff"
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
			if p.Time != at || p.Duration > bmff.PacketFrames {
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
