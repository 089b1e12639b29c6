package abrtest_test

import (
	"testing"

	"github.com/segue-audio/segue/abr/abrtest"
)

// busy is ten and a half minutes of music over a link that changes each second.
func busy(b *testing.B) abrtest.Client {
	trace, err := abrtest.Fading{Kbps: 600, Latency: 80, Octaves: 1, Outages: 10}.Trace("busy")
	if err != nil {
		b.Fatal(err)
	}
	list, err := abrtest.Music{}.Playlist()
	if err != nil {
		b.Fatal(err)
	}
	return abrtest.Client{Trace: trace, Playlist: list}
}

func BenchmarkClient(b *testing.B) {
	c := busy(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Run(&abrtest.Driver{Rule: follower{}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOptimum(b *testing.B) {
	c := busy(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := c.Optimum(abrtest.Precision{}); err != nil {
			b.Fatal(err)
		}
	}
}
