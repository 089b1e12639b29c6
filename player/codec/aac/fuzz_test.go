package aac

import (
	"testing"

	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/media"
)

// FuzzDecode decodes two packets of any configuration, then conceals.
func FuzzDecode(f *testing.F) {
	for _, name := range append([]string{"he.aac", "hev2.aac"}, plainFiles...) {
		format, packets := committed(f, name)
		for i := 2; i < len(packets); i += 5 {
			f.Add(format.Config, packets[i].Data, packets[i-1].Data)
		}
	}
	f.Fuzz(func(t *testing.T, asc, first, second []byte) {
		format := Inspect(media.Format{Codec: media.CodecAAC, Config: asc}, first)
		d, err := New(format)
		if err != nil {
			return
		}
		codectest.Exercise(t, d, first, second)
		dst := make([]float32, 1000*d.Channels())
		d.Conceal(dst, 1000)
		for i, v := range dst {
			if v-v != 0 {
				t.Fatalf("concealed sample %d is %v", i, v)
			}
		}
	})
}

// FuzzConfig wants a configuration that is read to be written and read as the same.
func FuzzConfig(f *testing.F) {
	for _, asc := range []string{"1210", "2b920800", "eb8a0800", "138856e5a54880", "121056e500", "1200"} {
		f.Add(unhex(f, asc))
	}
	f.Add(Config{SampleRate: 48000, program: &program{front: []tagged{{kindPair, 1}}, lfe: []tagged{{kindLFE, 2}}}}.Append(nil))
	f.Fuzz(func(t *testing.T, asc []byte) {
		c, err := ParseConfig(asc)
		if err != nil {
			return
		}
		again, err := ParseConfig(c.Append(nil))
		if err != nil {
			t.Fatalf("%x reads as %+v, which is written as %x: %v", asc, c, c.Append(nil), err)
		}
		if again.SampleRate != c.SampleRate || again.ChannelConfig != c.ChannelConfig || again.SBR != c.SBR ||
			again.FrameLength != c.FrameLength || again.outputRate() != c.outputRate() || (again.program == nil) != (c.program == nil) {
			t.Fatalf("%+v, written and read: %+v", c, again)
		}
	})
}
