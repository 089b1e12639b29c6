package xiph

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec"
)

// TestWAVOrder spells both orders out.
func TestWAVOrder(t *testing.T) {
	vorbis := [][]string{
		{"C"}, {"FL", "FR"}, {"FL", "FC", "FR"}, {"FL", "FR", "BL", "BR"}, {"FL", "FC", "FR", "BL", "BR"},
		{"FL", "FC", "FR", "BL", "BR", "LFE"}, {"FL", "FC", "FR", "SL", "SR", "BC", "LFE"},
		{"FL", "FC", "FR", "SL", "SR", "BL", "BR", "LFE"},
	}
	wav := [][]string{
		{"C"}, {"FL", "FR"}, {"FL", "FR", "FC"}, {"FL", "FR", "BL", "BR"}, {"FL", "FR", "FC", "BL", "BR"},
		{"FL", "FR", "FC", "LFE", "BL", "BR"}, {"FL", "FR", "FC", "LFE", "BC", "SL", "SR"},
		{"FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"},
	}
	for i := range vorbis {
		var got []string
		for _, at := range WAVOrder(i + 1) {
			got = append(got, vorbis[i][at])
		}
		if !slices.Equal(got, wav[i]) {
			t.Errorf("%d channels: %v, want %v", i+1, got, wav[i])
		}
	}
	if WAVOrder(0) != nil || WAVOrder(9) != nil || WAVOrder(-1) != nil {
		t.Error("an order for a count that has none")
	}
}

func TestUnlace(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 255+255+3)
	for _, want := range [][][]byte{
		{[]byte("one")},
		{[]byte("one"), {}, []byte("three")},
		{long, long[:255], long[:254], nil},
	} {
		laced := []byte{byte(len(want) - 1)}
		for _, p := range want[:len(want)-1] {
			n := len(p)
			for ; n >= 255; n -= 255 {
				laced = append(laced, 255)
			}
			laced = append(laced, byte(n))
		}
		laced = append(laced, bytes.Join(want, nil)...)
		got, err := Unlace(laced)
		if err != nil || !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("%d packets: %d, %v", len(want), len(got), err)
		}
	}
	for _, b := range [][]byte{nil, {1}, {1, 255}, {2, 1, 255, 1}, {1, 3, 0, 0}} {
		if _, err := Unlace(b); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("% x: %v", b, err)
		}
	}
}

func FuzzUnlace(f *testing.F) {
	f.Add([]byte{2, 1, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		packets, err := Unlace(b)
		n := 0
		for _, p := range packets {
			n += len(p)
		}
		if err == nil && (n >= len(b) || len(packets) != int(b[0])+1) {
			t.Fatalf("%d packets of %d bytes from %d", len(packets), n, len(b))
		}
	})
}
