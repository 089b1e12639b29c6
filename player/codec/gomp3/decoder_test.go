package gomp3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"testing"

	hajimehoshi "github.com/hajimehoshi/go-mp3"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/codec/gomp3"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	mp3file "github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/media"
)

// The files are those of the container's tests, coded by LAME.
func testFile(t testing.TB, name string) []byte {
	return containertest.File(t, "..", "..", "container", "mp3", "testdata", name)
}

func demux(t testing.TB, data []byte) (container.Info, []media.Packet) {
	t.Helper()
	d, all := containertest.Packets(t, mp3file.Open, data)
	return d.Info(), all
}

func newDecoder(t testing.TB, f media.Format) codec.Decoder {
	t.Helper()
	d, err := gomp3.New(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSuite(t *testing.T) {
	for name, preroll := range map[string]int{"tone.mp3": 10, "tone-lowrate.mp3": 12} {
		t.Run(name, func(t *testing.T) {
			info, all := demux(t, testFile(t, name))
			codectest.Run(t, codectest.Harness{
				New:     func() (codec.Decoder, error) { return gomp3.New(info.Format) },
				Packets: all,
				Preroll: preroll,
			})
		})
	}
}

// library decodes a whole stream as go-mp3 does by itself.
func library(t testing.TB, all []media.Packet) []float32 {
	t.Helper()
	var b []byte
	for _, p := range all {
		b = append(b, p.Data...)
	}
	lib, err := hajimehoshi.NewDecoder(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(lib)
	if err != nil {
		t.Fatal(err)
	}
	return codectest.Shorts(raw)
}

// TestAsLibrary wants the packets, one by one, to decode to the bits of the stream as a whole.
func TestAsLibrary(t *testing.T) {
	for _, name := range []string{"tone.mp3", "tone-lowrate.mp3"} {
		info, all := demux(t, testFile(t, name))
		if !slices.Equal(codectest.Decode(t, newDecoder(t, info.Format), all), library(t, all)) {
			t.Errorf("%s decodes otherwise packet by packet", name)
		}
	}
}

// reservoirUse gives the index of a packet that points into those before it.
func reservoirUse(t *testing.T, all []media.Packet) int {
	t.Helper()
	for i, p := range all {
		if i > 4 && int(p.Data[4])<<1|int(p.Data[5]>>7) > 0 && p.Data[1]&1 == 1 {
			return i
		}
	}
	t.Fatal("no packet uses the bit reservoir")
	return 0
}

// TestReservoir starts where main data is missing: silence first, not noise, and then the sound.
func TestReservoir(t *testing.T) {
	info, all := demux(t, testFile(t, "tone.mp3"))
	at := reservoirUse(t, all)
	whole := codectest.Decode(t, newDecoder(t, info.Format), all)
	d := newDecoder(t, info.Format)
	part := codectest.Decode(t, d, all[at:])
	for i, v := range part[:1152*2] {
		if v != 0 {
			t.Fatalf("sample %d of a packet without its reservoir is %v", i, v)
		}
	}
	for _, v := range part {
		if math.Abs(float64(v)) > 0.8 {
			t.Fatalf("noise of %v after a start in the middle", v)
		}
	}
	settled := 1152 * 2 * 10
	if !slices.Equal(part[settled:], whole[at*1152*2+settled:]) {
		t.Error("ten packets after a start in the middle it isn't the same sound")
	}

	// A damaged packet in the middle costs itself and the overlap into the next.
	d.Reset()
	codectest.Decode(t, d, all[:at])
	bad := media.Packet{Data: bytes.Repeat([]byte{0x55}, 400)}
	if _, err := d.Decode(make([]float32, 1152*2), &bad); !errors.Is(err, codec.ErrCorrupt) {
		t.Fatalf("rubbish gives %v", err)
	}
	after := codectest.Decode(t, d, all[at:])
	if !slices.Equal(after[2*1152*2:], whole[(at+2)*1152*2:]) {
		t.Error("rubbish between packets costs more than the overlap")
	}
}

func TestRefused(t *testing.T) {
	for _, f := range []media.Format{
		{Codec: media.CodecAAC, SampleRate: 44_100, Channels: 2},
		{Codec: media.CodecMP3, SampleRate: 11_025, Channels: 2},
		{Codec: media.CodecMP3, SampleRate: 96_000, Channels: 2},
	} {
		if _, err := gomp3.New(f); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

// source makes n frames of stereo that no two places of are alike, and gives the left side exactly too.
func source(rate, n int) (left []float64, pcm []int16) {
	for i := range n {
		x := float64(i) / float64(rate)
		v := 0.3*math.Sin(2*math.Pi*(200+400*x)*x) + 0.2*math.Sin(2*math.Pi*(1500-300*x)*x)*math.Sin(9*x)
		left = append(left, v)
		pcm = append(pcm, int16(v*32_767), int16(v*16_000))
	}
	return left, pcm
}

// snr compares got with want, shifted by lag frames.
func snr(want []float64, got []float32, lag int) float64 {
	var signal, noise float64
	for i := 3000; i < len(want)-3000; i++ {
		d := float64(got[2*(i+lag)]) - want[i]
		signal += want[i] * want[i]
		noise += d * d
	}
	return 10 * math.Log10(signal/noise)
}

// TestLAME codes a known signal with LAME and with ffmpeg at several settings. Demuxed, decoded and
// trimmed, it must have the source's length and lie where the source lies.
func TestLAME(t *testing.T) {
	dir := t.TempDir()
	const n = 44_100 + 777
	want, pcm := source(44_100, n)
	wav := containertest.Store(t, "a.wav", codectest.WAV16(44_100, 2, pcm))
	for i, args := range [][]string{
		{"lame", "--quiet", "-b", "128"},
		{"lame", "--quiet", "-V", "2"},
		{"lame", "--quiet", "-b", "320", "-m", "s"},
		{"lame", "--quiet", "--nores", "-b", "192"},
		{"ffmpeg", "-v", "error", "-i", wav, "-b:a", "160k", "-f", "mp3"},
		{"ffmpeg", "-v", "error", "-i", wav, "-reservoir", "0", "-b:a", "320k", "-f", "mp3"},
	} {
		t.Run(fmt.Sprint(args[0], i), func(t *testing.T) {
			out := filepath.Join(dir, fmt.Sprint(i, ".mp3"))
			if args[0] == "lame" {
				args = append(args, wav)
			}
			containertest.Tool(t, args[0], append(args[1:], out)...)
			info, all := demux(t, containertest.File(t, out))
			pcm := codectest.Decode(t, newDecoder(t, info.Format), all)
			if info.Trim.Length != n {
				t.Fatalf("Trim.Length %d, the source has %d", info.Trim.Length, n)
			}
			if have := media.Frames(len(pcm) / 2); have < info.Trim.Start+n {
				t.Fatalf("%d frames decoded, the trim wants %d", have, info.Trim.Start+n)
			}
			pcm = pcm[2*info.Trim.Start:][:2*n]
			here, before, behind := snr(want, pcm, 0), snr(want, pcm, -1), snr(want, pcm, 1)
			t.Logf("SNR %.1f dB; a frame early %.1f, late %.1f", here, before, behind)
			if here < 20 || here < before || here < behind {
				t.Errorf("not aligned: SNR %.1f dB, a frame early %.1f, late %.1f", here, before, behind)
			}
		})
	}
}

// TestVectors decodes the ISO streams; how near they come to the reference is the library's affair
// and is logged, that they have its length is ours.
func TestVectors(t *testing.T) {
	for name, limit := range map[string]float64{
		"l3-hecommon": 1e-4, "l3-si_block": 1e-4, "l3-compl": 1e-4,
		"M2L3_bitrate_24_all": 1e-4,
	} {
		t.Run(name, func(t *testing.T) {
			path := containertest.Corpus(t, "mp3-vectors/"+name+".bit")[0]
			ref := codectest.Shorts(containertest.File(t, path[:len(path)-3]+"pcm"))
			info, all := demux(t, containertest.File(t, path))
			pcm := codectest.Decode(t, newDecoder(t, info.Format), all)
			// Streams that start in the middle: the reference leaves frames out that are silent here.
			rms := math.Inf(1)
			for _, lead := range []int{0, 1152, 2304} {
				rms = min(rms, rmsError(pcm[min(2*lead, len(pcm)):], info.Format.Channels, ref))
			}
			t.Logf("rms error %.2g of full scale", rms)
			if rms > limit {
				t.Errorf("rms error %.2g", rms)
			}
		})
	}
}

// rmsError compares stereo with samples of as many channels as the stream has.
func rmsError(stereo []float32, channels int, ref []float32) float64 {
	var sum float64
	n := min(len(ref), len(stereo)*channels/2)
	for i := range n {
		d := float64(stereo[i*2/channels]) - float64(ref[i])
		sum += d * d
	}
	return math.Sqrt(sum / float64(n))
}

func FuzzDecode(f *testing.F) {
	_, all := demux(f, testFile(f, "tone.mp3"))
	_, low := demux(f, testFile(f, "tone-lowrate.mp3"))
	f.Add(all[0].Data, all[1].Data)
	f.Add(all[9].Data, all[10].Data)
	f.Add(low[3].Data, all[4].Data)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		d := newDecoder(t, media.Format{Codec: media.CodecMP3, SampleRate: 44_100, Channels: 2})
		codectest.Exercise(t, d, all[0].Data, a, b, all[1].Data)
	})
}

func BenchmarkDecode(b *testing.B) {
	info, all := demux(b, testFile(b, "tone.mp3"))
	codectest.Benchmark(b, newDecoder(b, info.Format), all)
}
