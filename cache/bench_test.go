package cache

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// segmentBytes is four seconds of music at 320 kbps.
const segmentBytes = 160 << 10

// benchEntries is how many segments the readings go round over.
const benchEntries = 200

func BenchmarkPut(b *testing.B) {
	data := noise(1, segmentBytes)
	b.Run("store", func(b *testing.B) {
		s := open(b, Options{Path: filepath.Join(b.TempDir(), "c.db"), MaxBytes: benchEntries * segmentBytes})
		b.SetBytes(segmentBytes)
		for i := 0; b.Loop(); i++ {
			put(b, s, fmt.Sprint(i), data)
		}
	})
	b.Run("file", func(b *testing.B) {
		dir := b.TempDir()
		b.SetBytes(segmentBytes)
		for i := 0; b.Loop(); i++ {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i%benchEntries)), data, 0o600); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkGet(b *testing.B) {
	b.Run("store", func(b *testing.B) {
		s := open(b, Options{Path: filepath.Join(b.TempDir(), "c.db")})
		for i := range benchEntries {
			put(b, s, fmt.Sprint(i), noise(byte(i), segmentBytes))
		}
		b.SetBytes(segmentBytes)
		for i := 0; b.Loop(); i++ {
			if _, ok := s.Get(b.Context(), fmt.Sprint(i%benchEntries)); !ok {
				b.Fatal("miss")
			}
		}
	})
	b.Run("file", func(b *testing.B) {
		dir := b.TempDir()
		for i := range benchEntries {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), noise(byte(i), segmentBytes), 0o600); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(segmentBytes)
		for i := 0; b.Loop(); i++ {
			if _, err := os.ReadFile(filepath.Join(dir, fmt.Sprint(i%benchEntries))); err != nil {
				b.Fatal(err)
			}
		}
	})
}
