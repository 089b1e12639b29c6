package aac

import "github.com/segue-audio/segue/player/media"

// writeLOAS puts packets into a LOAS file (1.7.2, 1.7.3), each frame with its configuration: how the tests
// hand any configuration to a decoder to compare with.
func writeLOAS(f media.Format, packets []media.Packet) (out []byte) {
	c, bits, err := ParseConfigPrefix(f.Config)
	if err != nil {
		return nil
	}
	_ = c
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
		w.write(2, 0)    // otherDataPresent, crcCheckPresent
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
