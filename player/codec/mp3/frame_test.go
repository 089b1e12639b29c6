package mp3

import (
	"errors"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/media"
)

// TestTrust has checksums that are wrong now and then, and checksums that always are.
func TestTrust(t *testing.T) {
	g := newWriter(3, header{checksum: true})
	d, err := New(media.Format{Codec: media.CodecMP3})
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 1152*2)
	decode := func(wrong bool) error {
		f := g.frame()
		if wrong {
			f[5] ^= 1
		}
		_, err := d.Decode(dst, &media.Packet{Data: f})
		return err
	}
	for range 100 {
		if err := decode(true); err != nil {
			t.Fatalf("where no checksum is right, one is damage: %v", err)
		}
	}
	for range 3 {
		if err := decode(false); err != nil {
			t.Fatal(err)
		}
	}
	if err := decode(true); !errors.Is(err, codec.ErrCorrupt) {
		t.Fatalf("where checksums are right, one that isn't gives %v", err)
	}
	if err := decode(false); err != nil {
		t.Fatal(err)
	}
	for range 2 * mostTrust {
		_ = decode(true)
	}
	if err := decode(true); err != nil {
		t.Fatalf("after many wrong checksums another is still damage: %v", err)
	}
}

// TestImpossible has side information that contradicts itself.
func TestImpossible(t *testing.T) {
	for name, change := range map[string]func(side *bitWriter){
		"main data longer than the frame": func(w *bitWriter) { w.put(4095, 12); w.put(0, 9) },
		"values longer than main data": func(w *bitWriter) {
			w.put(10, 12)
			w.put(200, 9)
			w.put(180, 8)
			w.put(0, 4)
			w.put(0, 1)
			w.put(13<<10, 15)
		},
		"too many big values": func(w *bitWriter) { w.put(10, 12); w.put(289, 9) },
		"a table that isn't": func(w *bitWriter) {
			w.put(100, 12)
			w.put(9, 9)
			w.put(180, 8)
			w.put(0, 4)
			w.put(0, 1)
			w.put(4<<10, 15)
		},
		"switching to no other window": func(w *bitWriter) {
			w.put(100, 12)
			w.put(9, 9)
			w.put(180, 8)
			w.put(0, 4)
			w.put(1, 1)
			w.put(0, 2)
		},
		"scale factors longer than both": func(w *bitWriter) { w.put(10, 12); w.put(0, 9); w.put(180, 8); w.put(15, 4) },
	} {
		var side bitWriter
		side.put(0, 9+5+4) // main_data_begin, private bits, scfsi: mono
		change(&side)
		frame := append([]byte{0xff, 0xfb, 0x90, 0xc4}, side.b...)
		frame = append(frame, make([]byte, 417-len(frame))...)
		d, err := New(media.Format{Codec: media.CodecMP3, SampleRate: 44_100, Channels: 1})
		if err != nil {
			t.Fatal(err)
		}
		n, err := d.Decode(make([]float32, 1152), &media.Packet{Data: frame})
		if n != 0 || !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: %d frames, %v", name, n, err)
		}
	}
}
