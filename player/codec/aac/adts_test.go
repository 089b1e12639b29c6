package aac

import (
	"testing"

	"github.com/segue-audio/segue/player/media"
)

// splitADTS takes an ADTS file apart (1.A.2), for the tests alone: packets and the Format that the
// first header gives.
func splitADTS(t testing.TB, data []byte) (media.Format, []media.Packet) {
	t.Helper()
	rates := []int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}
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
