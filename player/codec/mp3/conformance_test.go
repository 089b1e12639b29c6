package mp3_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	mp3file "github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/media"
)

// decodeFile decodes a whole file, with concealment for what is damaged; the packets that were are listed.
func decodeFile(t testing.TB, data []byte) (info container.Info, pcm []float32, damaged []int) {
	t.Helper()
	d, err := mp3file.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	dec := newDecoder(t, d.Info().Format)
	dst := make([]float32, 1152*2)
	for i := 0; ; i++ {
		var p media.Packet
		err := d.Next(&p)
		if errors.Is(err, io.EOF) {
			return d.Info(), pcm, damaged
		}
		if err != nil {
			t.Fatal(err)
		}
		n, err := dec.Decode(dst, &p)
		if errors.Is(err, codec.ErrCorrupt) {
			damaged = append(damaged, i)
			n = int(p.Duration)
			dec.Conceal(dst, n)
		} else if err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, dst[:n*dec.Channels()]...)
	}
}

// vector is a stream with the PCM that it must decode to.
type vector struct {
	name string
	lead int // frames at the start that the reference leaves out
	tail int // and at the end

	// A packet is damaged; gap frames from it on are missing in the reference.
	damaged, gap int
}

// vectors are the Layer III streams that have a reference of 16 bits. Left out: ILL4 are Layer I, and in
// l3-nonstandard-vbrtag-oob-read the reference has the frame that a Xing tag stands in, as silence, where
// mpg123 and ffmpeg have nothing as well.
var vectors = []vector{
	{name: "M2L3_bitrate_16_all"},
	{name: "M2L3_bitrate_24_all"},
	{name: "M2L3_noise"},
	{name: "l3-compl"},
	{name: "l3-he_44khz", tail: 1152},
	{name: "l3-he_free", tail: 1152},
	{name: "l3-hecommon"},
	{name: "l3-nonstandard-compl-sideinfo-blocktype", damaged: 81, gap: 4 * 1152},
	{name: "l3-nonstandard-he_44_48khz", tail: 1152}, // only its first half is of one sample rate
	{name: "l3-nonstandard-id3v1-apetag"},
	{name: "l3-nonstandard-sin1k0db_lame_vbrtag", lead: 1105, tail: 47}, // trimmed as LAME's tag says
	{name: "l3-si_block", tail: 1152},
	{name: "l3-sin1k0db", lead: 2304},
	{name: "l3-test45"},
}

// TestVectors measures as ISO 11172-4 does: full accuracy is an RMS error below 2⁻¹⁵/√12 of full scale and
// none above 2⁻¹⁴. The references are rounded to 16 bits, which alone is an error of 2⁻¹⁵/√12; so what is
// decoded is rounded likewise, and the errors that are left are those of samples near a half.
func TestVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			path := containertest.Corpus(t, "mp3-vectors/"+v.name+".bit")[0]
			ref := containertest.File(t, path[:len(path)-3]+"pcm")
			info, pcm, damaged := decodeFile(t, containertest.File(t, path))
			channels := info.Format.Channels
			pcm = pcm[v.lead*channels : len(pcm)-v.tail*channels]
			if got, want := len(pcm)-v.gap*channels, len(ref)/2; got != want {
				t.Fatalf("%d frames, the reference has %d", got/channels, want/channels)
			}
			from, until := len(pcm), len(pcm)
			if v.gap > 0 {
				if len(damaged) != 1 || damaged[0] != v.damaged {
					t.Fatalf("damaged: %v, want packet %d", damaged, v.damaged)
				}
				// The reference loses the overlap as well, hence a frame more.
				from, until = v.damaged*1152*channels, v.damaged*1152*channels+v.gap*channels+1152*channels
			} else if damaged != nil {
				t.Fatalf("packets %v are thought damaged", damaged)
			}
			var sum, most float64
			compared := 0
			for i, s := range pcm {
				if i >= from && i < until {
					continue
				}
				at := i
				if i >= until {
					at -= v.gap * channels
				}
				want := float64(int16(binary.LittleEndian.Uint16(ref[2*at:])))
				e := math.Abs(min(max(math.RoundToEven(float64(s)*32_768), -32_768), 32_767) - want)
				sum += e * e
				most = max(most, e)
				compared++
			}
			rms := math.Sqrt(sum / float64(compared))
			t.Logf("RMS error %.4f of 2⁻¹⁵, at most %.0f, of %d samples", rms, most, compared)
			if rms >= 1/math.Sqrt(12) || most >= 2 {
				t.Errorf("not of full accuracy: RMS error %.4f of 2⁻¹⁵, at most %.0f", rms, most)
			}
		})
	}
}
