package bmff

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

const (
	streamInfoBytes = 34
	alacConfigBytes = 24
	maxChannels     = 8 // what the decoders give at most
	maxRate         = 1 << 22
)

// parseDescription reads the first entry of stsd: what the samples are.
func parseDescription(stsd []byte) (info container.Info, err error) {
	if len(stsd) < 8 {
		return info, fmt.Errorf("mp4: stsd box cut: %w", container.ErrFormat)
	}
	found := false
	err = Boxes(stsd[8:], 0, func(b Box) (bool, error) {
		found = true
		info, err = parseEntry(b)
		return false, err
	})
	if err == nil && !found {
		err = fmt.Errorf("mp4: stsd without an entry: %w", container.ErrFormat)
	}
	return info, err
}

// parseEntry reads an AudioSampleEntry (ISO 14496-12 section 12.2.3) and the codec's own box in it.
func parseEntry(b Box) (info container.Info, err error) {
	r := Reader{B: b.Body}
	r.Take(8) // reserved, data reference
	version := r.U16()
	r.Take(6)
	f := &info.Format
	f.Channels, f.BitDepth = int(r.U16()), int(r.U16())
	r.Take(4)
	f.SampleRate = int(r.U32() >> 16)
	switch version { // QuickTime's longer entries
	case 1:
		r.Take(16)
	case 2:
		r.Take(4)
		f.SampleRate = int(min(math.Float64frombits(r.U64()), maxRate))
		f.Channels = int(min(r.U32(), maxChannels+1))
		r.Take(20)
	}
	if err := r.Err("sample entry"); err != nil {
		return info, err
	}
	switch {
	case isPCM(b.Kind):
		err = pcmConfig(f, b.Kind, r.B)
	case b.Kind == CC("fLaC"):
		err = flacConfig(f, r.B)
	case b.Kind == CC("Opus"):
		err = opusConfig(&info, r.B)
	case b.Kind == CC("mp4a"):
		err = mp4aConfig(&info, r.B)
	case b.Kind == CC("alac"):
		err = alacConfig(f, r.B)
	case b.Kind == CC("enca"):
		return info, fmt.Errorf("mp4: %s: %w", protection(r.B), container.ErrProtected)
	default:
		return info, fmt.Errorf("mp4: sample entry %v: %w", b.Kind, container.ErrCoding)
	}
	if err != nil {
		return info, err
	}
	if f.SampleRate <= 0 || f.Channels <= 0 || f.Channels > maxChannels {
		return info, fmt.Errorf("mp4: %d channels at %d Hz: %w", f.Channels, f.SampleRate, container.ErrUnsupported)
	}
	return info, nil
}

// protection names what an encrypted entry says of itself: its scheme and coding (ISO 14496-12, 8.12).
func protection(entry []byte) string {
	scheme, coding := "an unnamed scheme", "unknown coding"
	if schm, err := Descend(entry, "sinf", "schm"); err == nil && len(schm) >= 8 {
		scheme = fmt.Sprintf("scheme %q", schm[4:8])
	}
	if frma, err := Descend(entry, "sinf", "frma"); err == nil && len(frma) >= 4 {
		coding = fmt.Sprintf("coding %q", frma[:4])
	}
	return scheme + ", " + coding
}

// configBox finds a coding's own box in a sample entry; QuickTime puts it into one called "wave".
func configBox(entry []byte, name string) ([]byte, error) {
	body, err := Descend(entry, name)
	if err == nil {
		return body, nil
	}
	if inner, werr := Descend(entry, "wave", name); werr == nil {
		return inner, nil
	}
	return nil, err
}

// flacConfig reads dfLa: FLAC's metadata blocks as they stand in a native file ("Encapsulation of
// FLAC in ISO Base Media File Format" section 3.3.2). STREAMINFO comes first and says more than the
// sample entry can: rates above 65,535 don't fit into that.
func flacConfig(f *media.Format, entry []byte) error {
	dfla, err := Descend(entry, "dfLa")
	if err != nil {
		return err
	}
	r := Reader{B: dfla}
	r.Full()
	head := r.U32()
	body := r.Take(streamInfoBytes)
	if err := r.Err("dfLa"); err != nil {
		return err
	}
	if head>>24&0x7f != 0 || head&0xff_ffff != streamInfoBytes {
		return fmt.Errorf("mp4: dfLa doesn't start with STREAMINFO: %w", container.ErrFormat)
	}
	f.Codec = media.CodecFLAC
	f.Config = append([]byte(nil), body...)
	f.SampleRate = int(body[10])<<12 | int(body[11])<<4 | int(body[12])>>4
	f.Channels = int(body[12]>>1&7) + 1
	f.BitDepth = int(body[12]&1)<<4 | int(body[13])>>4 + 1
	return nil
}

// alacConfig reads ALACSpecificConfig out of the box of the entry's own name. It says more than the
// sample entry can.
func alacConfig(f *media.Format, entry []byte) error {
	body, err := configBox(entry, "alac")
	if err != nil {
		return err
	}
	r := Reader{B: body}
	r.Full()
	c := r.Take(alacConfigBytes)
	if err := r.Err("alac"); err != nil {
		return err
	}
	f.Codec = media.CodecALAC
	f.Config = append([]byte(nil), c...)
	f.BitDepth, f.Channels = int(c[5]), int(c[9])
	if rate := binary.BigEndian.Uint32(c[20:]); rate != 0 && rate <= maxRate {
		f.SampleRate = int(rate)
	}
	return nil
}

// opusConfig reads dOps ("Encapsulation of Opus in ISO Base Media File Format" section 4.3.2) and makes
// of it the identification header that stands in Ogg (RFC 7845 section 5.1): the same fields, with
// their low bytes first. Opus always decodes at 48 kHz.
func opusConfig(info *container.Info, entry []byte) error {
	dops, err := Descend(entry, "dOps")
	if err != nil {
		return err
	}
	r := Reader{B: dops}
	version, channels := r.U8(), r.U8()
	h := append([]byte("OpusHead"), 1, channels)
	preSkip := r.U16()
	h = binary.LittleEndian.AppendUint16(h, preSkip)
	h = binary.LittleEndian.AppendUint32(h, r.U32()) // sample rate of what was encoded
	h = binary.LittleEndian.AppendUint16(h, r.U16()) // output gain
	family := r.U8()
	h = append(h, family)
	if family != 0 {
		h = append(h, r.Take(2+int(channels))...)
	}
	if err := r.Err("dOps"); err != nil {
		return err
	}
	if version != 0 {
		return fmt.Errorf("mp4: dOps of version %d: %w", version, container.ErrUnsupported)
	}
	info.Format.Codec, info.Format.SampleRate, info.Format.BitDepth = media.CodecOpus, 48_000, 0
	info.Format.Channels, info.Format.Config = int(channels), h
	info.Preroll = opusPreroll
	info.Trim.Start = media.Frames(preSkip) // where no edit list says better, as packagers of HLS leave it out
	return nil
}

// How much goes before a wanted frame so that it sounds as if nothing was skipped, in frames.
const (
	opusPreroll = 15_360 // 320 ms: the 80 ms of RFC 7845 section 4.6 leave an error 10 to 21 dB below the music
	// aacPreroll is 32 packets. Low Complexity needs one; spectral band replication and parametric stereo
	// wait for a header and forget slowly.
	aacPreroll = 32 * 1024
)

// What is trimmed where no edit list tells, as ffmpeg's HLS leaves it out, in frames of the core.
const (
	// aacPriming is the first packet: it overlaps with nothing, so no encoder can put music there, and some
	// put more in front.
	aacPriming = 1024
	// lameDelay is LAME's own delay and that of a decoder. What stands in MP4 as MP3 comes from LAME.
	lameDelay = 576 + 529
)

// mp3Preroll is as many packets as the bit reservoir can reach back at the lowest bit rate: see
// prerollFrames of the package mp3.
func mp3Preroll(rate int) media.Frames {
	if rate >= 32_000 {
		return 12 * 1152
	}
	return 90 * 576
}

// coreRate is the sampling rate that an AudioSpecificConfig begins with (ISO 14496-3, 1.6.2.1); zero where it
// stands there as a number or isn't one.
func coreRate(asc []byte) int {
	if len(asc) < 2 || asc[0]>>3 == 31 {
		return 0
	}
	rates := [...]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
	if i := int(asc[0]&7<<1 | asc[1]>>7); i < len(rates) {
		return rates[i]
	}
	return 0
}

// Object types of DecoderConfigDescriptor (ISO 14496-1 table 5, mp4ra.org).
const (
	objectAAC     = 0x40
	objectAACMain = 0x66
	objectAACLow  = 0x67
	objectAACSSR  = 0x68
	objectMP3Low  = 0x69 // MPEG-2
	objectMP3     = 0x6b // MPEG-1
)

// mp4aConfig reads esds: which of the codings that share this entry it is.
func mp4aConfig(info *container.Info, entry []byte) error {
	f := &info.Format
	esds, err := configBox(entry, "esds")
	if err != nil {
		return err
	}
	r := Reader{B: esds}
	r.Full()
	r.descriptor(3) // ES_Descriptor
	r.U16()
	flags := r.U8()
	if flags&0x80 != 0 {
		r.U16()
	}
	if flags&0x40 != 0 {
		r.Take(int(r.U8()))
	}
	if flags&0x20 != 0 {
		r.U16()
	}
	r.descriptor(4) // DecoderConfigDescriptor
	object := r.U8()
	r.Take(12)
	if err := r.Err("esds"); err != nil {
		return err
	}
	f.BitDepth = 0
	switch object {
	case objectMP3, objectMP3Low:
		f.Codec = media.CodecMP3
		info.Trim.Start, info.Preroll = lameDelay, mp3Preroll(f.SampleRate)
		return nil
	case objectAAC, objectAACMain, objectAACLow, objectAACSSR:
		f.Codec = media.CodecAAC
	default:
		return fmt.Errorf("mp4: mp4a of object type %#x: %w", object, container.ErrCoding)
	}
	f.Config = append([]byte(nil), r.Take(r.descriptor(5))...) // AudioSpecificConfig
	info.Preroll = aacPreroll
	info.Trim.Start = aacPriming
	if core := coreRate(f.Config); core > 0 && f.SampleRate == 2*core {
		info.Trim.Start, info.Preroll = 2*aacPriming, 2*aacPreroll
	}
	return r.Err("esds")
}

// descriptor reads the head of an MPEG-4 descriptor of the tag wanted and gives its length
// (ISO 14496-1 section 8.3.3).
func (r *Reader) descriptor(tag uint8) int {
	if r.U8() != tag {
		r.Short = true
	}
	n := 0
	for range 4 {
		c := r.U8()
		n = n<<7 | int(c&0x7f)
		if c&0x80 == 0 {
			break
		}
	}
	return n
}
