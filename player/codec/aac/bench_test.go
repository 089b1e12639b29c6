package aac

import (
	"testing"

	"github.com/segue-audio/segue/player/codec/codectest"
)

// BenchmarkDecode decodes the committed files .
func BenchmarkDecode(b *testing.B) {
	for _, name := range append([]string{"he.aac", "hev2.aac"}, plainFiles...) {
		b.Run(name, func(b *testing.B) {
			f, packets := committed(b, name)
			d, err := New(f)
			if err != nil {
				b.Fatal(err)
			}
			codectest.Benchmark(b, d, packets)
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
