package bmff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

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
