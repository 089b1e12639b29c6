package flac_test

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/codec/flac"
	"github.com/segue-audio/segue/player/container/containertest"
	flacfile "github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/media"
)

// TestMain keeps the standard logger, to which the library writes, out of the tests' output.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

func demux(t testing.TB, data []byte) (d *flacfile.Demuxer, all []media.Packet) {
	t.Helper()
	d, err := flacfile.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for {
		var p media.Packet
		err := d.Next(&p)
		if err == io.EOF {
			return d, all
		}
		if err != nil {
			t.Fatal(err)
		}
		p.Data = bytes.Clone(p.Data)
		all = append(all, p)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// decode gives a file's samples as little-endian integers of the depth's whole bytes, as STREAMINFO's
// MD5 counts them, and the count of packets that failed.
func decode(t testing.TB, data []byte) (raw []byte, failed int) {
	t.Helper()
	d, all := demux(t, data)
	dec, err := flac.New(d.Info().Format)
	if err != nil {
		t.Fatal(err)
	}
	depth := d.Info().Format.BitDepth
	dst := make([]float32, codec.MaxFrames*dec.Channels())
	steps := float64(int64(1) << (depth - 1))
	for i := range all {
		n, err := dec.Decode(dst, &all[i])
		if err != nil {
			failed++
			continue
		}
		if media.Frames(n) != all[i].Duration {
			t.Fatalf("packet %d: %d frames, want %d", i, n, all[i].Duration)
		}
		for _, v := range dst[:n*dec.Channels()] {
			whole := int32(float64(v) * steps)
			if float64(whole) != float64(v)*steps {
				t.Fatalf("packet %d: sample %v isn't a whole number of steps", i, v)
			}
			for k := 0; k < depth; k += 8 {
				raw = append(raw, byte(whole>>k))
			}
		}
	}
	return raw, failed
}

// TestMD5 wants each file of others to decode to what its encoder was given.
func TestMD5(t *testing.T) {
	// What no MD5 can be right for: 32 bits, formats that change on the way, no MD5, no STREAMINFO.
	without := map[string]bool{
		"01 - changing samplerate.flac": true, "02 - increasing number of channels.flac": true,
		"03 - decreasing number of channels.flac": true, "04 - changing bitdepth.flac": true, "05 - 32bps audio.flac": true,
		"10 - file starting at frame header.flac": true, "11 - file starting with unparsable data.flac": true,
		"06 - missing streaminfo metadata block.flac": true, "03 - wrong bit depth.flac": true,
		"08 - blocksize 65536.flac": true, "bear_32bit.flac": true,
	}
	for _, pattern := range []string{"flac-test-files/*/*.flac", "media3/flac/*.flac"} {
		for _, path := range containertest.Corpus(t, pattern) {
			name := filepath.Base(path)
			if without[name] || strings.Contains(name, "no_num_samples") {
				continue
			}
			t.Run(name, func(t *testing.T) {
				data := read(t, path)
				d, _ := demux(t, data)
				raw, failed := decode(t, data)
				if failed > 0 || md5.Sum(raw) != d.StreamInfo().MD5 {
					t.Errorf("%d packets failed, MD5 %x, want %x", failed, md5.Sum(raw), d.StreamInfo().MD5)
				}
			})
		}
	}
}

// TestUncommon wants the files without an MD5 to do what can be done, and no worse.
func TestUncommon(t *testing.T) {
	for name, want := range map[string]struct{ bytes, failed int }{
		"uncommon/10 - file starting at frame header.flac":      {664_669 * 2, 0},
		"uncommon/11 - file starting with unparsable data.flac": {568_394 * 2, 0},
		"uncommon/01 - changing samplerate.flac":                {555_747 * 4, 0},
		"uncommon/02 - increasing number of channels.flac":      {147_456 * 2, 120},
		"faulty/06 - missing streaminfo metadata block.flac":    {69_743 * 2, 0},
		"faulty/03 - wrong bit depth.flac":                      {89_903 * 2, 0},
	} {
		raw, failed := decode(t, read(t, containertest.Corpus(t, "flac-test-files/"+name)[0]))
		if len(raw) != want.bytes || failed != want.failed {
			t.Errorf("%s: %d bytes, %d failed, want %+v", name, len(raw), failed, want)
		}
	}
	deep := read(t, containertest.Corpus(t, "flac-test-files/uncommon/05 - 32bps audio.flac")[0])
	d, _ := demux(t, deep)
	if _, err := flac.New(d.Info().Format); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("32 bits: %v", err)
	}
}

// fixture is a file of two channels and n bits that ffmpeg or flac makes of noise and tones.
func fixture(t testing.TB, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.flac")
	source := "aevalsrc=0.4*sin(2*PI*(200+500*t)*t)+0.3*(random(0)-0.5)|0.5*sin(2*PI*331*t):d=1.3:s=44100"
	args = append([]string{"-v", "error", "-f", "lavfi", "-i", source}, args...)
	containertest.Tool(t, "ffmpeg", append(args, path)...)
	return read(t, path)
}

func TestSuite(t *testing.T) {
	d, all := demux(t, fixture(t, "-sample_fmt", "s16"))
	codectest.Run(t, codectest.Harness{
		New:     func() (codec.Decoder, error) { return flac.New(d.Info().Format) },
		Packets: all,
		Checked: true,
	})
}

// TestAsReference compares with flac -d, at 16 and 24 bits and at rates of all kinds.
func TestAsReference(t *testing.T) {
	for _, args := range [][]string{
		{"-sample_fmt", "s16", "-compression_level", "12"},
		{"-sample_fmt", "s32", "-bits_per_raw_sample", "24"},
		{"-sample_fmt", "s16", "-ar", "24000", "-ac", "1"},
		{"-sample_fmt", "s16", "-ar", "192000"},
	} {
		data := fixture(t, args...)
		path := filepath.Join(t.TempDir(), "b.flac")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		want := containertest.Tool(t, "flac", "-d", "-s", "-c", "--force-raw-format", "--endian=little", "--sign=signed", path)
		if got, failed := decode(t, data); failed > 0 || !bytes.Equal(got, want) {
			t.Errorf("%v: %d packets failed; %d bytes, flac gives %d", args, failed, len(got), len(want))
		}
	}
}

// TestDamage flips bits all over a file: only frames that were hit are lost, and each is noticed.
func TestDamage(t *testing.T) {
	data := fixture(t, "-sample_fmt", "s16")
	d, all := demux(t, data)
	want, _ := decode(t, data)
	head := len(data)
	for _, p := range all {
		head -= len(p.Data)
	}
	block := int(all[0].Duration) * d.Info().Format.Channels * 2
	for n := range 10 {
		bad := bytes.Clone(data)
		at := head + (len(data)-head)*n/10
		bad[at] ^= 1 << (n % 8)
		got, failed := decode(t, bad)
		if failed < 1 || failed > 2 {
			t.Fatalf("a bit at %d costs %d packets", at, failed)
		}
		same := 0
		for same < len(got) && got[same] == want[same] {
			same++
		}
		rest := got[same/block*block:]
		if !bytes.HasSuffix(want, rest) {
			t.Fatalf("a bit at %d: what comes behind differs", at)
		}
		if lost := len(want) - len(got); lost > 2*block {
			t.Fatalf("a bit at %d costs %d bytes of sound", at, lost)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, f := range []media.Format{
		{Codec: media.CodecMP3, Channels: 2},
		{Codec: media.CodecFLAC, Channels: 0},
		{Codec: media.CodecFLAC, Channels: 9},
		{Codec: media.CodecFLAC, Channels: 2, BitDepth: 32},
		{Codec: media.CodecFLAC, Channels: 2, Config: make([]byte, 12)},
	} {
		if _, err := flac.New(f); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

// verbatim is a frame of 192 samples of mono that are stored plainly, made by hand.
func verbatim() []byte {
	b := []byte{0xff, 0xf8, 0x19, 0x08, 0x00}
	b = append(b, checksum(b, 8, 0x07))
	b = append(b, 0x02) // a verbatim subframe
	for i := range 192 {
		b = binary.BigEndian.AppendUint16(b, uint16(int16(i*200-20_000)))
	}
	crc := checksum16(b)
	return append(b, byte(crc>>8), byte(crc))
}

func checksum(b []byte, width int, poly byte) (crc byte) {
	for _, c := range b {
		crc ^= c
		for range width {
			crc = crc<<1 ^ crc>>7*poly
		}
	}
	return crc
}

func checksum16(b []byte) (crc uint16) {
	for _, c := range b {
		crc ^= uint16(c) << 8
		for range 8 {
			crc = crc<<1 ^ crc>>15*0x8005
		}
	}
	return crc
}

func TestVerbatim(t *testing.T) {
	d, err := flac.New(media.Format{Codec: media.CodecFLAC, SampleRate: 44_100, Channels: 1, BitDepth: 16})
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, codec.MaxFrames)
	n, err := d.Decode(dst, &media.Packet{Data: append(verbatim(), "rubbish behind"...)})
	if err != nil || n != 192 {
		t.Fatal(n, err)
	}
	for i, v := range dst[:n] {
		if want := float32(i*200-20_000) / 32_768; v != want {
			t.Fatalf("sample %d is %v, want %v", i, v, want)
		}
	}
	two, err := flac.New(media.Format{Codec: media.CodecFLAC, SampleRate: 44_100, Channels: 2, BitDepth: 16})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Decode(make([]float32, 2*192), &media.Packet{Data: verbatim()}); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("mono in a stereo stream: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(verbatim())
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := flac.New(media.Format{Codec: media.CodecFLAC, SampleRate: 44_100, Channels: 1, BitDepth: 16})
		if err != nil {
			t.Fatal(err)
		}
		codectest.Exercise(t, d, data)
		if len(data) > 2 { // past the checksum, to where the library trusts
			crc := checksum16(data[:len(data)-2])
			codectest.Exercise(t, d, append(data[:len(data)-2:len(data)-2], byte(crc>>8), byte(crc)))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	d, all := demux(b, fixture(b, "-sample_fmt", "s16"))
	dec, err := flac.New(d.Info().Format)
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]float32, codec.MaxFrames*2)
	b.ReportAllocs()
	frames := 0
	for i := 0; b.Loop(); i++ {
		n, err := dec.Decode(dst, &all[i%len(all)])
		if err != nil {
			b.Fatal(err)
		}
		frames += n
	}
	b.ReportMetric(float64(frames)/44_100/b.Elapsed().Seconds(), "×realtime")
}
