package aac

import (
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/media"
)

// splitADTS takes an ADTS file apart (1.A.2), for the tests alone: packets and the Format that the
// first header gives.
func splitADTS(t testing.TB, data []byte) (media.Format, []media.Packet) {
	t.Helper()
	var f media.Format
	var packets []media.Packet
	for len(data) >= 7 {
		if data[0] != 0xff || data[1]&0xf6 != 0xf0 {
			t.Fatalf("no ADTS header after %d packets: %x", len(packets), data[:7])
		}
		head := 7
		if data[1]&1 == 0 {
			head = 9
		}
		size := int(data[3]&3)<<11 | int(data[4])<<3 | int(data[5])>>5
		if size < head || size > len(data) {
			break
		}
		if data[6]&3 != 0 {
			t.Fatal("several blocks in an ADTS frame")
		}
		if packets == nil {
			c := Config{
				ObjectType:    int(data[2]>>6) + 1,
				SampleRate:    rates[data[2]>>2&15],
				ChannelConfig: int(data[2]&1)<<2 | int(data[3]>>6),
			}
			f = media.Format{Codec: media.CodecAAC, SampleRate: c.SampleRate, Channels: c.ChannelConfig, Config: c.Append(nil)}
		}
		packets = append(packets, media.Packet{Data: data[head:size]})
		data = data[size:]
	}
	return f, packets
}

// writeADTS is the way back.
func writeADTS(c Config, packets []media.Packet) (out []byte) {
	for _, p := range packets {
		const head, noCRC = 7, 0xfff1
		w := bitWriter{}
		w.write(16, noCRC)
		w.write(2, typeLowComplexity-1)
		w.write(4, slices.Index(rates[:], c.SampleRate))
		w.write(4, c.ChannelConfig)
		w.write(4, 0)
		w.write(13, head+len(p.Data))
		w.write(11, 0x7ff)
		w.write(2, 0)
		out = append(append(out, w.out...), p.Data...)
	}
	return out
}
