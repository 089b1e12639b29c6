package bmff

import "github.com/segue-audio/segue/player/media"

// maxRoll bounds what a file may ask for as pre-roll, in samples.
const maxRoll = 1024

// roll is the pre-roll that a track asks for in its sample groups (ISO 14496-12, 10.1), "roll" for AAC and
// Opus, "prol" with the same body, in frames.
func (t *Track) roll(stbl []byte) (most media.Frames) {
	packet := media.Frames(0)
	switch t.Info.Format.Codec {
	case media.CodecAAC:
		packet = 2048
	case media.CodecOpus:
		packet = 960
	}
	_ = Boxes(stbl, 0, func(b Box) (bool, error) { // what is broken asks for nothing
		if b.Kind == CC("sgpd") {
			most = max(most, roll(b.Body)*packet)
		}
		return true, nil
	})
	return most
}

// roll is how many samples before a wanted one the group descriptions ask for.
func roll(body []byte) media.Frames {
	r := Reader{B: body}
	version, _ := r.Full()
	kind := string(r.Take(4))
	if kind != "roll" && kind != "prol" {
		return 0
	}
	length := uint32(2)
	if version == 1 {
		length = r.U32()
	}
	if version >= 2 {
		r.U32() // the description that is used where none is named
	}
	most := media.Frames(0)
	for n := min(r.U32(), 64); n > 0; n-- {
		size := length
		if size == 0 {
			size = r.U32()
		}
		entry := r.Take(int(min(size, 64)))
		if len(entry) < 2 {
			break
		}
		most = max(most, -media.Frames(int16(uint16(entry[0])<<8|uint16(entry[1]))))
	}
	return min(most, maxRoll)
}
