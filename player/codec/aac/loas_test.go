package aac

import "github.com/segue-audio/segue/player/media"

// writeLOAS puts packets into a LOAS file (1.7.2, 1.7.3), each frame with its configuration: how the tests
// hand any configuration to a decoder to compare with.
func writeLOAS(f media.Format, packets []media.Packet) (out []byte) {
	_, bits, err := ParseConfigPrefix(f.Config)
	if err != nil {
		return nil
	}
	for _, p := range packets {
		w := bitWriter{}
		w.write(1, 0) // useSameStreamMux
		w.write(1, 0) // audioMuxVersion
		w.write(1, 1) // allStreamsSameTimeFraming
		w.write(6+4+3, 0)
		for i := range bits {
			w.write(1, int(f.Config[i/8]>>(7-i%8)))
		}
		w.write(3, 0)    // frameLengthType
		w.write(8, 0xff) // latmBufferFullness
		// Other data of no length, which takes nine bits for each digit of it, make the payload begin
		// with a byte: some decoders count alignment within it from the frame's start.
		digits := (8 - (29+bits)%8) % 8
		w.write(1, min(digits, 1)) // otherDataPresent
		for i := range digits {
			w.write(1, min(digits-1-i, 1))
			w.write(8, 0)
		}
		w.write(1, 0) // crcCheckPresent
		n := len(p.Data)
		for ; n >= 255; n -= 255 {
			w.write(8, 255)
		}
		w.write(8, n)
		for _, b := range p.Data {
			w.write(8, int(b))
		}
		out = append(out, 0x56, 0xe0|byte(len(w.out)>>8), byte(len(w.out)))
		out = append(out, w.out...)
	}
	return out
}
