package codectest

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/media"
)

// Decode gives the samples of sound packets one after the other, interleaved. Each must give as many
// frames as its Duration says, where it says any.
func Decode(t testing.TB, d codec.Decoder, packets []media.Packet) (pcm []float32) {
	t.Helper()
	dst := make([]float32, codec.MaxFrames*d.Channels())
	for i := range packets {
		n, err := d.Decode(dst, &packets[i])
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		if told := packets[i].Duration; told > 0 && media.Frames(n) != told {
			t.Fatalf("packet %d: %d frames, its Duration is %d", i, n, told)
		}
		pcm = append(pcm, dst[:n*d.Channels()]...)
	}
	return pcm
}

// Benchmark decodes packets over and over; ×realtime is how many such streams one core could play at once.
func Benchmark(b *testing.B, d codec.Decoder, packets []media.Packet) {
	dst := make([]float32, codec.MaxFrames*d.Channels())
	frames, size := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		for i := range packets {
			n, err := d.Decode(dst, &packets[i])
			if err != nil {
				b.Fatal(err)
			}
			frames += n
			size += len(packets[i].Data)
		}
	}
	b.SetBytes(int64(size / b.N))
	b.ReportMetric(float64(frames)/float64(d.SampleRate())/b.Elapsed().Seconds(), "×realtime")
}

// Floats reads little-endian samples of 32 bits, as other decoders write them.
func Floats(raw []byte) []float32 {
	pcm := make([]float32, len(raw)/4)
	for i := range pcm {
		pcm[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return pcm
}

// Shorts reads little-endian integers of 16 bits, at full scale ±1.
func Shorts(raw []byte) []float32 {
	pcm := make([]float32, len(raw)/2)
	for i := range pcm {
		pcm[i] = float32(int16(binary.LittleEndian.Uint16(raw[2*i:]))) / 32_768
	}
	return pcm
}

// Difference compares two signals, which must be of one length: the root of the mean square and the
// largest of what they differ by, in steps of 16 bits.
func Difference(t testing.TB, got, want []float32) (rms, peak float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d samples, want %d", len(got), len(want))
	}
	for i, v := range got {
		d := 32_768 * math.Abs(float64(v)-float64(want[i]))
		rms += d * d
		peak = max(peak, d)
	}
	return math.Sqrt(rms / float64(max(1, len(got)))), peak
}

// WAV is a WAVE file of interleaved little-endian integers with f's rate, channels and depth, for
// encoders to read. It is an extensible one, which names the speakers and the valid bits, where a plain
// one can't tell them.
func WAV(f media.Format, data []byte) []byte {
	each := (f.BitDepth + 7) / 8
	le := binary.LittleEndian
	tag, rest := uint16(1), []byte(nil)
	if f.Channels > 2 || f.BitDepth > 16 || f.BitDepth%8 != 0 {
		mask := [9]uint32{0, 0x4, 0x3, 0x7, 0x33, 0x37, 0x3f, 0x70f, 0x63f}[f.Channels]
		tag, rest = 0xfffe, le.AppendUint16([]byte{22, 0}, uint16(f.BitDepth))
		rest = append(le.AppendUint32(rest, mask), "\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"...)
	}
	b := le.AppendUint32([]byte("RIFF"), uint32(4+8+16+len(rest)+8+len(data)))
	b = le.AppendUint32(append(b, "WAVEfmt "...), uint32(16+len(rest)))
	b = le.AppendUint16(b, tag)
	b = le.AppendUint16(b, uint16(f.Channels))
	b = le.AppendUint32(b, uint32(f.SampleRate))
	b = le.AppendUint32(b, uint32(f.SampleRate*each*f.Channels))
	b = le.AppendUint16(b, uint16(each*f.Channels))
	b = le.AppendUint16(b, uint16(8*each))
	b = append(append(b, rest...), "data"...)
	return append(le.AppendUint32(b, uint32(len(data))), data...)
}

// WAV16 is WAV of interleaved samples of 16 bits.
func WAV16(rate, channels int, pcm []int16) []byte {
	data := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		data = binary.LittleEndian.AppendUint16(data, uint16(v))
	}
	return WAV(media.Format{SampleRate: rate, Channels: channels, BitDepth: 16}, data)
}
