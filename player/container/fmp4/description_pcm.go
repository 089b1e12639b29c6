package fmp4

import (
	"fmt"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

// packetFrames is how many frames of uncompressed sound are joined to a packet. Files may have a sample,
// in the words of MP4, for each frame.
const packetFrames = 4096

// pcmConfig reads the sample entries of uncompressed sound: those of ISO 23003-5, which say how samples
// are stored in a box of their own, and QuickTime's, of which it is the name that says most.
func pcmConfig(f *media.Format, kind fourCC, entry []byte) error {
	encoding, depth, err := pcmEncoding(f, kind, entry)
	if err != nil {
		return err
	}
	f.Codec, f.BitDepth, f.Config = media.CodecPCM, depth, []byte(encoding)
	return nil
}

// isPCM tells whether an entry is for pcmConfig.
func isPCM(kind fourCC) bool {
	switch string(kind[:]) {
	case "ipcm", "fpcm", "twos", "sowt", "raw ", "in24", "in32", "fl32", "fl64", "alaw", "ulaw":
		return true
	}
	return false
}

func pcmEncoding(f *media.Format, kind fourCC, entry []byte) (encoding string, depth int, err error) {
	letter, order := "s", "be"
	switch string(kind[:]) {
	case "ipcm", "fpcm":
		body, err := descend(entry, "pcmC")
		if err != nil {
			return "", 0, err
		}
		r := reader{b: body}
		r.full()
		little := r.u8()&1 != 0
		depth = int(r.u8())
		if err := r.err("pcmC"); err != nil {
			return "", 0, err
		}
		if little {
			order = "le"
		}
		if kind == cc("fpcm") {
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
		return "", 0, fmt.Errorf("fmp4: %v of %d bits: %w", kind, depth, container.ErrUnsupported)
	}
}

// littleEndian reads "enda" in "wave", with which QuickTime turns the bytes of an entry round.
func littleEndian(entry []byte) (bool, error) {
	wave, ok, err := child(entry, cc("wave"))
	if err != nil || !ok {
		return false, err
	}
	enda, ok, err := child(wave.body, cc("enda"))
	if err != nil || !ok {
		return false, err
	}
	r := reader{b: enda.body}
	return r.u16() == 1, r.err("enda")
}

// join appends a sample to those before it: uncompressed sound that goes on where the last sample ends,
// in the file and in time, makes one packet with it.
func join(all []sample, s sample, pcm bool) []sample {
	if n := len(all) - 1; pcm && n >= 0 {
		last := &all[n]
		if last.at+last.size == s.at && last.time+last.duration == s.time && last.duration+s.duration <= packetFrames {
			last.size += s.size
			last.duration += s.duration
			return all
		}
	}
	return append(all, s)
}
