package playertest

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/manifest/hls"
	"github.com/segue-audio/segue/player/media"
)

// paddedBlock of frames is a tenth of a second, so that segments can be cut where one likes.
const paddedBlock = Rate / 10

// Padded makes a track that costs next to nothing to decode, for tests of what is fetched when: a ladder in
// clear of any bit rates, ascending. All frames of rendition k are PaddedLevel(k), and each segment is padded to exactly
// the bytes that its bit rate says. It gives the path of the master playlist. The length is rounded to
// tenths of a second.
func (s *Service) Padded(t testing.TB, name string, rates []media.Bitrate, length time.Duration) string {
	t.Helper()
	var variants []hls.VariantSpec
	for k, rate := range rates {
		dir := fmt.Sprint(k)
		if err := s.paddedRendition("/"+name+"/"+dir, k, rate, length); err != nil {
			t.Fatal(err)
		}
		variants = append(variants, hls.VariantSpec{URI: dir + "/index.m3u8", Peak: rate, Codecs: "fLaC", Name: dir})
	}
	master, err := hls.AppendMaster(nil, variants)
	if err != nil {
		t.Fatal(err)
	}
	s.Put("/"+name+"/master.m3u8", master)
	return "/" + name + "/master.m3u8"
}

// PaddedLevel is what the samples of a rendition of Padded are, from −1 to 1.
func PaddedLevel(rendition int) float32 { return float32(rendition+1) / 256 }

func (s *Service) paddedRendition(dir string, k int, rate media.Bitrate, length time.Duration) error {
	blocks := int(math.Round(length.Seconds() * 10))
	info := streamInfo(blocks*paddedBlock, 16)
	binary.BigEndian.PutUint16(info[0:], paddedBlock)
	binary.BigEndian.PutUint16(info[2:], paddedBlock)
	format := media.Format{Codec: media.CodecFLAC, SampleRate: Rate, Channels: 2, BitDepth: 16, Config: info}
	s.Put(dir+"/init.mp4", fmp4.AppendInit(nil, format, media.Trim{}))
	per := s.Segment
	if per <= 0 {
		per = SegmentLength
	}
	list := hls.MediaSpec{Init: "init.mp4"}
	for first := 0; first < blocks; {
		last := min(first+max(1, int(math.Round(per.Seconds()*10))), blocks)
		var packets []media.Packet
		for i := first; i < last; i++ {
			packets = append(packets, media.Packet{
				Data: constantFrame(int16(PaddedLevel(k)*32768), i), Time: media.Frames(i * paddedBlock), Duration: paddedBlock,
			})
		}
		n := len(list.Segments)
		body := fmp4.AppendFragment(nil, uint32(n+1), packets[0].Time, packets)
		duration := media.Frames((last - first) * paddedBlock).Duration(Rate)
		pad := int(float64(rate)/8*duration.Seconds()) - len(body)
		if pad < 8 {
			return fmt.Errorf("a segment of %v at %v has no room for its %d bytes", duration, rate, len(body))
		}
		body = binary.BigEndian.AppendUint32(body, uint32(pad))
		body = append(append(body, "free"...), make([]byte, pad-8)...)
		uri := fmt.Sprintf("%d.m4s", n)
		s.Put(dir+"/"+uri, body)
		list.Segments = append(list.Segments, hls.SegmentSpec{URI: uri, Duration: duration})
		first = last
	}
	body, err := hls.AppendMedia(nil, &list)
	s.Put(dir+"/index.m3u8", body)
	return err
}

// constantFrame is one FLAC frame of paddedBlock frames of one value (RFC 9639, 9.2.1).
func constantFrame(value int16, number int) []byte {
	b := appendNumber([]byte{0xff, 0xf8, 0x79, 0x18}, number)
	b = binary.BigEndian.AppendUint16(b, paddedBlock-1)
	b = append(b, crc8(b))
	for range 2 {
		b = binary.BigEndian.AppendUint16(append(b, 0x00), uint16(value))
	}
	return binary.BigEndian.AppendUint16(b, crc16(b))
}
