package bmff

import (
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// PacketFrames is how many frames of uncompressed sound are joined to a packet. Files may have a sample,
// in the words of MP4, for each frame.
const PacketFrames = 4096

// pcmConfig reads the sample entries of uncompressed sound: those of ISO 23003-5, which say how samples
// are stored in a box of their own, and QuickTime's, of which it is the name that says most.
func pcmConfig(f *media.Format, kind FourCC, entry []byte) error {
	encoding, depth, err := pcmEncoding(f, kind, entry)
	if err != nil {
		return err
	}
	f.Codec, f.BitDepth, f.Config = media.CodecPCM, depth, []byte(encoding)
	return nil
}

// isPCM tells whether an entry is for pcmConfig.
func isPCM(kind FourCC) bool {
	switch string(kind[:]) {
	case "ipcm", "fpcm", "twos", "sowt", "raw ", "in24", "in32", "fl32", "fl64", "alaw", "ulaw":
		return true
	}
	return false
}

func pcmEncoding(f *media.Format, kind FourCC, entry []byte) (encoding string, depth int, err error) {
	letter, order := "s", "be"
	switch string(kind[:]) {
	case "ipcm", "fpcm":
		body, err := Descend(entry, "pcmC")
		if err != nil {
			return "", 0, err
		}
		r := Reader{B: body}
		r.Full()
		little := r.U8()&1 != 0
		depth = int(r.U8())
		if err := r.Err("pcmC"); err != nil {
			return "", 0, err
		}
		if little {
			order = "le"
		}
		if kind == CC("fpcm") {
			letter = "f"
		}
	case "alaw", "ulaw":
		return string(kind[:]), 8, nil
	case "raw ":
		letter, depth = "u", f.BitDepth
	case "twos":
		depth = f.BitDepth
	case "sowt":
		order, depth = "le", f.BitDepth
	default: // in24, in32, fl32, fl64
		if kind[0] == 'f' {
			letter = "f"
		}
		depth = int(kind[2]-'0')*10 + int(kind[3]-'0')
		if turned, err := littleEndian(entry); err != nil {
			return "", 0, err
		} else if turned {
			order = "le"
		}
	}
	switch name := fmt.Sprintf("%s%d", letter, depth); name {
	case "s8", "u8":
		return name, depth, nil
	case "s16", "s24", "s32", "f32", "f64":
		return name + order, depth, nil
	default:
		return "", 0, fmt.Errorf("mp4: %v of %d bits: %w", kind, depth, container.ErrUnsupported)
	}
}

// littleEndian reads "enda" in "wave", with which QuickTime turns the bytes of an entry round.
func littleEndian(entry []byte) (bool, error) {
	wave, ok, err := Child(entry, CC("wave"))
	if err != nil || !ok {
		return false, err
	}
	enda, ok, err := Child(wave.Body, CC("enda"))
	if err != nil || !ok {
		return false, err
	}
	r := Reader{B: enda.Body}
	return r.U16() == 1, r.Err("enda")
}
