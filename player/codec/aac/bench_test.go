package aac

import (
	"testing"

	"github.com/segue-audio/segue/player/codec"
)

// BenchmarkDecode decodes the committed files over and over; ×realtime is what one core could play at once.
func BenchmarkDecode(b *testing.B) {
	for _, name := range append([]string{"he.aac", "hev2.aac"}, plainFiles...) {
		b.Run(name, func(b *testing.B) {
			f, packets := committed(b, name)
			d, err := New(f)
			if err != nil {
				b.Fatal(err)
			}
			dst := make([]float32, codec.MaxFrames*d.Channels())
			bytes, frames := 0, 0
			b.ReportAllocs()
			for b.Loop() {
				for i := range packets {
					n, err := d.Decode(dst, &packets[i])
					if err != nil {
						b.Fatal(err)
					}
					frames += n
					bytes += len(packets[i].Data)
				}
			}
			b.SetBytes(int64(bytes / b.N))
			b.ReportMetric(float64(frames)/float64(d.SampleRate())/b.Elapsed().Seconds(), "×realtime")
		})
	}
}

func BenchmarkIMDCT(b *testing.B) {
	for _, bank := range banks() {
		for _, m := range []*imdct{bank.long, bank.short} {
			b.Run("", func(b *testing.B) {
				lines, out := make([]float32, m.lines), make([]float32, m.lines)
				for i := range lines {
					lines[i] = float32(i%7) - 3
				}
				z := make([]complex64, m.lines/2)
				for b.Loop() {
					m.transform(out, lines, z)
				}
			})
		}
	}
}
