package mka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/adts"
	"github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/container/ogg"
	"github.com/segue-audio/segue/player/media"
)

const (
	typeAudio   = 2
	maxTracks   = 128
	maxRate     = 1 << 22
	maxChannels = 8
	// pcmFrames is how long a packet of uncompressed sound is at most.
	pcmFrames = 4096
	// headerStripping is the one ContentCompAlgo that costs nothing.
	headerStripping = 3
	alacBytes       = 24
)

// track is a TrackEntry (RFC 9559, 5.1.4).
type track struct {
	number  int64
	codec   string
	private []byte
	delay   int64  // of the codec, in nanoseconds
	each    int64  // nanoseconds of a packet; zero where it isn't told
	strip   []byte // what each packet begins with, and was left out of the file

	rate     float64
	channels int64
	depth    int64

	info container.Info
	grid media.Frames // what times are multiples of, as far as is known; zero for nothing
	// duration gives the frames of a packet, and the shape it leaves for the next one's; nil where only
	// the file tells.
	duration func(packet []byte, before int) (media.Frames, int)
	pcm      int // bytes of a frame; zero for what isn't uncompressed
}

// chooseTrack gives the first enabled track of sound in a coding that we know. The error wraps
// container.ErrCoding, container.ErrProtected, container.ErrNoAudio or container.ErrFormat.
func chooseTrack(tracks []byte) (found *track, err error) {
	var refused error
	count := 0
	each(tracks, func(id uint32, body []byte) bool {
		if count++; id != idTrack || count > maxTracks {
			return count <= maxTracks
		}
		t, kind, enabled, terr := parseTrack(body)
		if kind != typeAudio || !enabled {
			return true
		}
		if terr == nil {
			terr = t.begin()
		}
		if terr == nil {
			found = t
		} else if refused == nil {
			refused = terr
		}
		return found == nil
	})
	switch {
	case found != nil:
		return found, nil
	case refused != nil:
		return nil, refused
	case count > 0:
		return nil, fmt.Errorf("mka: no track of sound: %w", container.ErrNoAudio)
	}
	return nil, fmt.Errorf("mka: no tracks: %w", container.ErrFormat)
}

func parseTrack(b []byte) (t *track, kind int64, enabled bool, err error) {
	t, enabled = &track{rate: 8000, channels: 1}, true
	each(b, func(id uint32, body []byte) bool {
		switch id {
		case idNumber:
			t.number = number(body)
		case idType:
			kind = number(body)
		case idEnabled:
			enabled = number(body) != 0
		case idCodec:
			t.codec = string(bytes.TrimRight(body, "\x00"))
		case idPrivate:
			t.private = bytes.Clone(body)
		case idDelay:
			t.delay = number(body)
		case idEach:
			t.each = number(body)
		case idAudio:
			each(body, func(id uint32, body []byte) bool {
				switch id {
				case idRate:
					t.rate = float(body)
				case idChannels:
					t.channels = number(body)
				case idDepth:
					t.depth = number(body)
				}
				return true
			})
		case idEncodings:
			err = t.encodings(body)
		}
		return err == nil
	})
	return t, kind, enabled, err
}

// encodings reads what was done to the packets (5.1.4.1.31): the beginning that they share may be left out;
// what else there is, is refused.
func (t *track) encodings(b []byte) (err error) {
	each(b, func(id uint32, body []byte) bool {
		algorithm := int64(-1)
		each(body, func(id uint32, body []byte) bool {
			switch id {
			case idCompression:
				algorithm = 0
				each(body, func(id uint32, body []byte) bool {
					switch id {
					case idAlgorithm:
						algorithm = number(body)
					case idSettings:
						t.strip = bytes.Clone(body)
					}
					return true
				})
			case idEncryption:
				err = fmt.Errorf("mka: encrypted track: %w", container.ErrProtected)
			}
			return true
		})
		if err == nil && algorithm >= 0 && algorithm != headerStripping {
			err = fmt.Errorf("mka: packets compressed by algorithm %d: %w", algorithm, container.ErrUnsupported)
		}
		return err == nil
	})
	return err
}

// begin reads the codec's own data.
func (t *track) begin() error {
	if !(t.rate >= 1 && t.rate < maxRate) || t.channels < 1 || t.channels > maxChannels {
		return fmt.Errorf("mka: %d channels at %g Hz: %w", t.channels, t.rate, container.ErrUnsupported)
	}
	f := &t.info.Format
	f.SampleRate, f.Channels = int(t.rate), int(t.channels)
	var err error
	switch {
	case t.codec == "A_OPUS", t.codec == "A_VORBIS":
		err = t.beginOgg()
	case t.codec == "A_FLAC":
		err = t.beginFLAC()
	case t.codec == "A_AAC":
		err = t.beginAAC()
	case t.codec == "A_MPEG/L3":
		f.Codec = media.CodecMP3
		t.duration = func(p []byte, _ int) (media.Frames, int) {
			h, _ := mp3.ParseHeader(p) // what isn't a frame has no duration
			return media.Frames(h.Samples), 0
		}
		t.grid = 576
		t.info.Preroll = 12 * 1152
	case t.codec == "A_ALAC":
		err = t.beginALAC()
	case strings.HasPrefix(t.codec, "A_PCM/"):
		err = t.beginPCM()
	default:
		return fmt.Errorf("mka: %q: %w", t.codec, container.ErrCoding)
	}
	if err != nil {
		return err
	}
	if t.delay > 0 && f.Codec != media.CodecOpus { // its own header says it to the frame
		t.info.Trim.Start = media.Frames(media.Rescale(min(t.delay, 1e10), 1e9, int64(f.SampleRate)))
	}
	return nil
}

func (t *track) beginOgg() error {
	headers := [][]byte{t.private}
	if t.codec == "A_VORBIS" {
		headers = nil
		if len(t.private) > 0 && t.private[0] == 2 {
			sizes, at, ok := xiphSizes(t.private[1:], 2)
			if last := len(t.private) - 1 - at - sum(sizes); ok && last >= 0 {
				rest := t.private[1+at:]
				for _, n := range append(sizes, last) {
					headers, rest = append(headers, rest[:n]), rest[n:]
				}
			}
		}
	}
	c, err := ogg.NewCoding(headers)
	if err != nil {
		return fmt.Errorf("mka: %s: %w", t.codec, err)
	}
	t.info, t.grid, t.duration = c.Info(), c.Grid(), c.Duration
	return nil
}

func sum(sizes []int) (n int) {
	for _, s := range sizes {
		n += s
	}
	return n
}

func (t *track) beginFLAC() error {
	const head = 8 // "fLaC" and the head of the first block
	if len(t.private) < head+flac.StreamInfoBytes || string(t.private[:4]) != "fLaC" {
		return fmt.Errorf("mka: A_FLAC without STREAMINFO: %w", container.ErrFormat)
	}
	config := t.private[head : head+flac.StreamInfoBytes]
	si, err := flac.ParseStreamInfo(config)
	if err != nil {
		return fmt.Errorf("mka: %w", err)
	}
	t.info.Format = media.Format{Codec: media.CodecFLAC, SampleRate: si.SampleRate, Channels: si.Channels, BitDepth: si.BitDepth, Config: config}
	if si.MinBlock == si.MaxBlock {
		t.grid = media.Frames(si.MaxBlock)
	}
	t.duration = func(p []byte, _ int) (media.Frames, int) {
		h, _ := flac.ParseFrameHeader(p, si) // a damaged one has no duration
		return media.Frames(h.BlockSize), 0
	}
	return nil
}

func (t *track) beginAAC() error {
	rate, channels, block, err := adts.ParseConfig(t.private)
	if err != nil {
		return fmt.Errorf("mka: %w", err)
	}
	t.info.Format = media.Format{Codec: media.CodecAAC, SampleRate: rate, Channels: channels, Config: t.private}
	t.info.Preroll, t.grid = adts.Preroll*block, block
	t.duration = func([]byte, int) (media.Frames, int) { return block, 0 }
	return nil
}

func (t *track) beginALAC() error {
	config := t.private
	if len(config) >= 12+alacBytes && string(config[4:8]) == "alac" { // as a box
		config = config[12:]
	}
	if len(config) < alacBytes || config[9] == 0 || config[9] > maxChannels {
		return fmt.Errorf("mka: A_ALAC without its configuration: %w", container.ErrFormat)
	}
	f := &t.info.Format
	f.Codec, f.Config, f.BitDepth, f.Channels = media.CodecALAC, config[:alacBytes], int(config[5]), int(config[9])
	if rate := binary.BigEndian.Uint32(config[20:]); rate > 0 && rate < maxRate {
		f.SampleRate = int(rate)
	}
	block := media.Frames(min(binary.BigEndian.Uint32(config), 1<<16))
	t.grid = block
	t.duration = func([]byte, int) (media.Frames, int) { return block, 0 }
	return nil
}

func (t *track) beginPCM() error {
	name := ""
	switch {
	case t.codec == "A_PCM/INT/LIT" && t.depth == 8:
		name = "u8"
	case t.codec == "A_PCM/INT/BIG" && t.depth == 8:
		name = "s8"
	case t.codec == "A_PCM/INT/LIT" && (t.depth == 16 || t.depth == 24 || t.depth == 32):
		name = fmt.Sprintf("s%dle", t.depth)
	case t.codec == "A_PCM/INT/BIG" && (t.depth == 16 || t.depth == 24 || t.depth == 32):
		name = fmt.Sprintf("s%dbe", t.depth)
	case t.codec == "A_PCM/FLOAT/IEEE" && (t.depth == 32 || t.depth == 64):
		name = fmt.Sprintf("f%dle", t.depth)
	default:
		return fmt.Errorf("mka: %s of %d bits: %w", t.codec, t.depth, container.ErrUnsupported)
	}
	t.info.Format.Codec, t.info.Format.BitDepth, t.info.Format.Config = media.CodecPCM, int(t.depth), []byte(name)
	t.pcm = int(t.depth/8) * int(t.channels)
	t.duration = func(p []byte, _ int) (media.Frames, int) { return media.Frames(len(p) / t.pcm), 0 }
	return nil
}
