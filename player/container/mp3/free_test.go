package mp3

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// freeFrames makes n frames of so many bytes, each third one with a byte of padding. What they carry is
// noise, in which 0xff is as common as elsewhere.
func freeFrames(n, size int) (data []byte) {
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range n {
		frame := make([]byte, size, size+1)
		padding := byte(0)
		if i%3 == 2 {
			frame, padding = frame[:size+1], 2
		}
		for j := range frame {
			frame[j] = byte(rng.Uint32())
		}
		copy(frame, []byte{0xff, 0xfb, padding, 0x64})
		data = append(data, frame...)
	}
	return data
}

func TestFreeFormat(t *testing.T) {
	data := freeFrames(40, 300)
	d, all := packets(t, data)
	if len(all) != 40 || d.Info().Preroll != 3*1152 {
		t.Fatalf("%d packets, pre-roll %d", len(all), d.Info().Preroll)
	}
	if got := joined(all); !bytes.Equal(got, data) {
		t.Error("the packets aren't the file")
	}
	containertest.Run(t, containertest.Opener(Open), data)
	t.Run("segment", func(t *testing.T) { containertest.Run(t, containertest.SegmentOpener(OpenSegment), data) })

	var rubbish []byte
	for i := range 8 { // headers at distances of which no two are the same
		rubbish = append(append(rubbish, make([]byte, 40<<i)...), "\xff\xfb\x00\x64"...)
	}
	rubbish = append(rubbish, data...)
	if _, all := packets(t, rubbish); len(all) != 40 {
		t.Errorf("%d packets behind rubbish", len(all))
	}
	damaged := bytes.Join([][]byte{data[:4000], data[4007:]}, nil)
	if _, all := packets(t, damaged); len(all) != 39 {
		t.Errorf("%d packets of 40, one of which lost seven bytes", len(all))
	}
	longest := freeFrames(5, maxFreeBytes-1)
	if _, all := packets(t, longest); len(all) != 5 {
		t.Errorf("%d packets of the longest kind", len(all))
	}
	long := freeFrames(5, maxFreeBytes+1)
	if _, err := Open(bytes.NewReader(long), int64(len(long))); !errors.Is(err, container.ErrUnsupported) {
		t.Errorf("frames past the limit give %v", err)
	}
}

// TestPreroll has the frames that hold 511 bytes of main data, or 255, at the lowest bit rate of each kind
// of stream, and those that fill the filter bank.
func TestPreroll(t *testing.T) {
	for _, c := range []struct {
		header [4]byte
		want   media.Frames
	}{
		{[4]byte{0xff, 0xfb, 0x90, 0x64}, 8 + 1},  // 44.1 kHz: frames of 104 bytes, 68 of them main data
		{[4]byte{0xff, 0xfa, 0x94, 0x64}, 9 + 1},  // 48 kHz, checksums: 96, 58
		{[4]byte{0xff, 0xfb, 0x94, 0xc4}, 7 + 1},  // 48 kHz, mono: 96, 75
		{[4]byte{0xff, 0xf3, 0x84, 0xc4}, 24 + 2}, // 24 kHz, mono: 24, 11
		{[4]byte{0xff, 0xf3, 0x84, 0x64}, 85 + 2}, // 24 kHz: 24, 3
		{[4]byte{0xff, 0xe3, 0x88, 0x64}, 5 + 2},  // 8 kHz: 72, 51
	} {
		h, err := ParseHeader(c.header[:])
		if err != nil {
			t.Fatal(err)
		}
		if got := prerollFrames(h); got != c.want {
			t.Errorf("% x: %d frames, want %d", c.header, got, c.want)
		}
	}
}
