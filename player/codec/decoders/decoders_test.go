package decoders_test

import (
	"errors"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/decoders"
	"github.com/segue-audio/segue/player/media"
)

func TestNew(t *testing.T) {
	lc := []byte{0x12, 0x10} // AudioSpecificConfig: LC, 44,100 Hz, two channels
	for _, c := range []struct {
		format         media.Format
		rate, channels int
		err            error
	}{
		{media.Format{Codec: media.CodecMP3, SampleRate: 44_100, Channels: 2}, 44_100, 2, nil},
		{media.Format{Codec: media.CodecAAC, SampleRate: 44_100, Channels: 2, Config: lc}, 44_100, 2, nil},
		{media.Format{Codec: media.CodecPCM, SampleRate: 8000, Channels: 1, Config: []byte("s16le")}, 8000, 1, nil},
		{media.Format{Codec: "ac-3", SampleRate: 48_000, Channels: 6}, 0, 0, codec.ErrUnsupported},
		{media.Format{}, 0, 0, codec.ErrUnsupported},
	} {
		d, err := decoders.New(c.format, nil)
		if !errors.Is(err, c.err) {
			t.Errorf("%q: %v, want %v", c.format.Codec, err, c.err)
		}
		if err == nil && (d.SampleRate() != c.rate || d.Channels() != c.channels) {
			t.Errorf("%q: %d channels at %d Hz", c.format.Codec, d.Channels(), d.SampleRate())
		}
		if err != nil && d != nil {
			t.Errorf("%q: a decoder beside the error %v", c.format.Codec, err)
		}
	}
}

// TestNames goes by what manifests call codings (RFC 6381), the longer name before the shorter.
func TestNames(t *testing.T) {
	for name, want := range map[string]struct {
		codec   media.Codec
		preroll time.Duration
	}{
		"mp4a.40.2":  {media.CodecAAC, 300 * time.Millisecond},
		"mp4a.40.5":  {media.CodecAAC, 1500 * time.Millisecond},
		"mp4a.40.29": {media.CodecAAC, 1500 * time.Millisecond},
		"mp4a.40.34": {media.CodecMP3, 300 * time.Millisecond},
		"mp4a.6B":    {media.CodecMP3, 300 * time.Millisecond},
		"fLaC":       {media.CodecFLAC, 0},
		"Opus":       {media.CodecOpus, 320 * time.Millisecond},
		"alac":       {media.CodecALAC, 0},
		"ec-3":       {"", 300 * time.Millisecond},
		"":           {"", 300 * time.Millisecond},
	} {
		if got := decoders.Known(name); got != want.codec {
			t.Errorf("%q is %q, want %q", name, got, want.codec)
		}
		if got := decoders.Preroll(name); got != want.preroll {
			t.Errorf("%q: %v before, want %v", name, got, want.preroll)
		}
	}
}
