package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac"
	"github.com/segue-audio/segue/player/codec/alac"
	codecflac "github.com/segue-audio/segue/player/codec/flac"
	codecmp3 "github.com/segue-audio/segue/player/codec/mp3"
	"github.com/segue-audio/segue/player/codec/opus"
	codecpcm "github.com/segue-audio/segue/player/codec/pcm"
	"github.com/segue-audio/segue/player/codec/vorbis"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/adts"
	"github.com/segue-audio/segue/player/container/aiff"
	"github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/container/mp4"
	"github.com/segue-audio/segue/player/container/ogg"
	"github.com/segue-audio/segue/player/container/wav"
	"github.com/segue-audio/segue/player/media"
)

// The lists of what is built in: a new codec or container is one line here.

var codecs = []struct {
	name media.Codec
	// rfc6381 are the prefixes that a manifest's CODECS names it with.
	rfc6381 []string
	// preroll is what to load before a wanted frame when the manifest is all that is known.
	preroll time.Duration
	// open makes a decoder; first is the packet that it will begin with, for codings that show in
	// their packets alone what they are.
	open func(f media.Format, first []byte) (codec.Decoder, error)
}{
	{media.CodecMP3, []string{"mp4a.40.34", "mp4a.69", "mp4a.6b", "mp4a.6B", "mp3"}, 300 * time.Millisecond,
		func(f media.Format, _ []byte) (codec.Decoder, error) { return codecmp3.New(f) }},
	{media.CodecFLAC, []string{"fLaC", "flac"}, 0,
		func(f media.Format, _ []byte) (codec.Decoder, error) { return codecflac.New(f) }},
	// Spectral band replication and parametric stereo are whole after 32 packets of 2048 frames.
	{media.CodecAAC, []string{"mp4a.40.5", "mp4a.40.29"}, 1500 * time.Millisecond, openAAC},
	{media.CodecAAC, []string{"mp4a.40", "mp4a.66", "mp4a.67", "mp4a.68"}, 300 * time.Millisecond, openAAC},
	{media.CodecOpus, []string{"opus", "Opus", "mp4a.ad", "mp4a.AD"}, 320 * time.Millisecond,
		func(f media.Format, _ []byte) (codec.Decoder, error) { return opus.New(f) }},
	{media.CodecVorbis, []string{"vorbis", "mp4a.dd"}, 100 * time.Millisecond,
		func(f media.Format, _ []byte) (codec.Decoder, error) { return vorbis.New(f) }},
	{media.CodecALAC, []string{"alac"}, 0,
		func(f media.Format, _ []byte) (codec.Decoder, error) { return alac.New(f) }},
	{media.CodecPCM, []string{"ipcm", "fpcm"}, 0,
		func(f media.Format, _ []byte) (codec.Decoder, error) { return codecpcm.New(f) }},
}

func openAAC(f media.Format, first []byte) (codec.Decoder, error) {
	return aac.New(aac.Inspect(f, first))
}

var files = []struct {
	magic func(head []byte) bool
	open  func(io.ReaderAt, int64) (container.Seeker, error)
}{
	{func(h []byte) bool { return hasPrefix(h, "fLaC") },
		func(r io.ReaderAt, n int64) (container.Seeker, error) { return flac.Open(r, n) }},
	{func(h []byte) bool { return isWave(h) },
		func(r io.ReaderAt, n int64) (container.Seeker, error) { return wav.Open(r, n) }},
	{func(h []byte) bool { return hasPrefix(h, "FORM") },
		func(r io.ReaderAt, n int64) (container.Seeker, error) { return aiff.Open(r, n) }},
	{func(h []byte) bool { return hasPrefix(h, "OggS") },
		func(r io.ReaderAt, n int64) (container.Seeker, error) { return ogg.Open(r, n) }},
	{isMP4, func(r io.ReaderAt, n int64) (container.Seeker, error) { return mp4.Open(r, n) }},
	{isAAC, func(r io.ReaderAt, n int64) (container.Seeker, error) { return adts.Open(r, n) }},
	// An ID3 tag may stand before FLAC and AAC too.
	{func(h []byte) bool { return hasPrefix(h, "ID3") }, openTagged},
	{func([]byte) bool { return true },
		func(r io.ReaderAt, n int64) (container.Seeker, error) { return mp3.Open(r, n) }},
}

func openTagged(r io.ReaderAt, n int64) (container.Seeker, error) {
	var head [10]byte
	off := int64(0)
	for off+10 < n {
		if _, err := r.ReadAt(head[:], off); err != nil {
			return nil, err
		}
		size := tagBytes(head[:])
		if size == 0 {
			break
		}
		off += int64(size)
	}
	switch {
	case isAAC(head[:]):
		return adts.Open(r, n)
	case hasPrefix(head[:], "fLaC"):
		return flac.Open(r, n)
	}
	return mp3.Open(r, n)
}

// tagBytes is the size of the ID3v2 tag that b starts with, or zero.
func tagBytes(b []byte) int {
	if len(b) < 10 || !hasPrefix(b, "ID3") {
		return 0
	}
	size := 10 + int(b[6]&127)<<21 + int(b[7]&127)<<14 + int(b[8]&127)<<7 + int(b[9]&127)
	if b[5]&0x10 != 0 {
		size += 10 // a footer
	}
	return size
}

// openFile finds out what a file is and opens it.
func openFile(r io.ReaderAt, size int64) (container.Seeker, error) {
	head := make([]byte, 64)
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	head = head[:n]
	if what := foreign(head); what != "" {
		return nil, fmt.Errorf("%w: %s", container.ErrUnsupported, what)
	}
	for _, f := range files {
		if f.magic(head) {
			return f.open(r, size)
		}
	}
	return nil, container.ErrFormat
}

// foreign names what we recognise and can't take apart, so that the message can say so.
func foreign(head []byte) string {
	if hasPrefix(head, "\x1a\x45\xdf\xa3") {
		return "Matroska"
	}
	return ""
}

// openSegment finds out what a media segment is and opens it. init is nil where the playlist named
// no init section.
func openSegment(init *fmp4.Init, data []byte) (container.Demuxer, error) {
	switch {
	case init != nil:
		return init.OpenSegment(data)
	case len(data) > 8 && bytes.Contains([]byte("styp moof sidx ftyp emsg prft"), data[4:8]):
		return nil, fmt.Errorf("%w: fMP4 segment without init section", container.ErrFormat)
	case len(data) > 376 && data[0] == 0x47 && data[188] == 0x47 && data[376] == 0x47:
		return nil, fmt.Errorf("%w: MPEG-TS", container.ErrUnsupported)
	case foreign(data) != "":
		return nil, fmt.Errorf("%w: %s", container.ErrUnsupported, foreign(data))
	}
	audio := data
	for tagBytes(audio) > 0 && tagBytes(audio) < len(audio) {
		audio = audio[tagBytes(audio):]
	}
	if isAAC(audio) {
		return adts.OpenSegment(data)
	}
	return mp3.OpenSegment(data)
}

// isMP4 recognises the boxes that MP4 and QuickTime files begin with.
func isMP4(h []byte) bool {
	return len(h) > 8 && bytes.Contains([]byte("ftyp moov mdat free skip wide"), h[4:8])
}

// isAAC recognises an ADTS header (ISO 14496-3, 1.A.2.2.1), whose layer is 0 as no MP3's is, and a
// LOAS AudioSyncStream (1.7.2).
func isAAC(h []byte) bool {
	return len(h) > 1 && (h[0] == 0xff && h[1]&0xf6 == 0xf0 || h[0] == 0x56 && h[1]&0xe0 == 0xe0)
}

// newDecoder makes the decoder for a stream of format f that begins with the packet first; lent are
// the decoders that the app brings; what they don't support falls to ours.
func newDecoder(f media.Format, first []byte, lent map[media.Codec]NewDecoder) (codec.Decoder, error) {
	if open := lent[f.Codec]; open != nil {
		if d, err := open(f); !errors.Is(err, codec.ErrUnsupported) {
			return d, err
		}
	}
	for _, c := range codecs {
		if c.name == f.Codec {
			return c.open(f, first)
		}
	}
	return nil, fmt.Errorf("%w: %q", codec.ErrUnsupported, f.Codec)
}

// prerollOf says how much music to load before a wanted moment, going by a manifest's CODECS.
func prerollOf(codecsAttr string) time.Duration {
	for _, c := range codecs {
		for _, p := range c.rfc6381 {
			if strings.HasPrefix(codecsAttr, p) {
				return c.preroll
			}
		}
	}
	return 300 * time.Millisecond
}

func lossless(codecsAttr string) bool {
	for _, p := range []string{"fLaC", "flac", "alac", "ipcm", "fpcm"} {
		if strings.HasPrefix(codecsAttr, p) {
			return true
		}
	}
	return false
}

func isWave(h []byte) bool {
	return hasPrefix(h, "RIFF") || hasPrefix(h, "RIFX") || hasPrefix(h, "RF64") || hasPrefix(h, "BW64")
}

func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }
