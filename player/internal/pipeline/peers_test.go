package pipeline

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/gomp3"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/media"
)

// peers are decoders beside which ours are measured, each on the same file. A peer writes its PCM to
// nowhere and uses one thread; those that have assembly are told to leave it, where they can be.
var peers = []struct {
	name   string
	file   string
	encode []string // a command that reads $IN and writes $OUT
	peer   []string // a command that reads $OUT
	start  []string // the same on next to nothing, whose time is taken off; nil where it starts at once
}{
	{"mp3-128/mpg123-generic", "128.mp3", []string{"lame", "--quiet", "-b", "128", "$IN", "$OUT"},
		[]string{"mpg123", "-q", "--cpu", "generic", "-e", "s16", "-w", "/dev/null", "$OUT"}, nil},
	{"mp3-320/mpg123-generic", "320.mp3", []string{"lame", "--quiet", "-b", "320", "$IN", "$OUT"},
		[]string{"mpg123", "-q", "--cpu", "generic", "-e", "s16", "-w", "/dev/null", "$OUT"}, nil},
	{"aac-128/ffmpeg-c", "128.aac", ffmpegEncode("aac", "-b:a", "128k"), ffmpegDecode("-c:a", "aac"), ffmpegNothing},
	{"aac-256/ffmpeg-c", "256.aac", ffmpegEncode("aac", "-b:a", "256k"), ffmpegDecode("-c:a", "aac"), ffmpegNothing},
	{"heaac2-32/ffmpeg-c", "32.aac", []string{"fdkaac", "-S", "-p", "29", "-b", "32000", "-f", "2", "-o", "$OUT", "$IN"},
		ffmpegDecode("-c:a", "aac"), ffmpegNothing},
	{"flac-16/flac", "16.flac", []string{"flac", "-s", "-f", "-8", "-o", "$OUT", "$IN"},
		[]string{"flac", "-s", "-d", "-c", "-f", "$OUT"}, nil},
	{"flac-24/flac", "24.flac", ffmpegEncode("flac", "-sample_fmt", "s32", "-af", "volume=-3.3dB"),
		[]string{"flac", "-s", "-d", "-c", "-f", "$OUT"}, nil},
	{"alac/ffmpeg-c", "alac.m4a", ffmpegEncode("alac", "-movflags", "empty_moov+default_base_moof", "-frag_duration", "10000000"), ffmpegDecode(), ffmpegNothing},
	{"opus-128/opusdec", "128.opus", []string{"opusenc", "--quiet", "--bitrate", "128", "$IN", "$OUT"},
		[]string{"opusdec", "--quiet", "--force-wav", "$OUT", "/dev/null"}, nil},
	{"vorbis-q5/oggdec", "q5.ogg", []string{"oggenc", "-Q", "-q", "5", "-o", "$OUT", "$IN"},
		[]string{"oggdec", "-Q", "-o", "/dev/null", "$OUT"}, nil},
}

var ffmpegNothing = []string{"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anullsrc=d=0.01", "-f", "null", "-"}

func ffmpegEncode(encoder string, options ...string) []string {
	args := append([]string{"ffmpeg", "-v", "error", "-y", "-i", "$IN", "-c:a", encoder}, options...)
	return append(args, "$OUT")
}

func ffmpegDecode(options ...string) []string {
	args := append([]string{"ffmpeg", "-v", "error", "-cpuflags", "0", "-threads", "1"}, options...)
	return append(args, "-i", "$OUT", "-c:a", "pcm_f32le", "-f", "null", "-")
}

// BenchmarkPeers measures user CPU time: ours is this process's, garbage collection and all. The
// music is SEGUE_MUSIC (a 16-bit WAV file) or four minutes made here.
func BenchmarkPeers(b *testing.B) {
	dir := b.TempDir()
	music := os.Getenv("SEGUE_MUSIC")
	if music == "" {
		music = filepath.Join(dir, "music.wav")
		if err := os.WriteFile(music, waveOf(4*time.Minute), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range peers {
		b.Run(c.name, func(b *testing.B) {
			out := filepath.Join(dir, c.file)
			userTimeOf(b, c.encode, music, out)
			var ours, theirs, music float64
			b.ResetTimer()
			for range b.N {
				ours += userTime(func() { music += decodeFile(b, out, nil) })
				theirs += userTimeOf(b, c.peer, "", out)
				if c.start != nil {
					theirs -= userTimeOf(b, c.start, "", out)
				}
			}
			report(b, ours, theirs, music)
		})
	}
	b.Run("mp3-128/go-mp3", func(b *testing.B) {
		out := filepath.Join(dir, "128.mp3")
		userTimeOf(b, peers[0].encode, music, out)
		lent := map[media.Codec]NewDecoder{
			media.CodecMP3: func(f media.Format) (codec.Decoder, error) { return gomp3.New(f) },
		}
		var ours, theirs, music float64
		for range b.N {
			ours += userTime(func() { music += decodeFile(b, out, nil) })
			theirs += userTime(func() { decodeFile(b, out, lent) })
		}
		report(b, ours, theirs, music)
	})
}

func report(b *testing.B, ours, theirs, music float64) {
	b.ReportMetric(ours/theirs, "×peer")
	b.ReportMetric(music/ours, "×realtime")
	b.ReportMetric(theirs/float64(b.N), "peer-s/op")
	b.ReportMetric(ours/float64(b.N), "our-s/op")
	b.ReportMetric(0, "ns/op") // wall time, of both together, says nothing
}

// userTimeOf runs a command of the table and returns the user CPU seconds that it took.
func userTimeOf(b *testing.B, command []string, in, out string) float64 {
	b.Helper()
	args := make([]string, len(command))
	for i, a := range command {
		args[i] = os.Expand(a, func(name string) string { return map[string]string{"IN": in, "OUT": out}[name] })
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		b.Skipf("%s is not installed", args[0])
	}
	cmd := exec.Command(path, args[1:]...)
	if err := cmd.Run(); err != nil {
		b.Fatalf("%v: %v", args, err)
	}
	return cmd.ProcessState.UserTime().Seconds()
}

// userTime is the user CPU seconds that this process spends in f.
func userTime(f func()) float64 {
	now := func() float64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			return 0
		}
		return time.Duration(u.Utime.Nano()).Seconds()
	}
	before := now()
	f()
	return now() - before
}

// decodeFile decodes a file as the pipeline would and returns how many seconds it lasts.
func decodeFile(b *testing.B, path string, lent map[media.Codec]NewDecoder) float64 {
	b.Helper()
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	var demux container.Demuxer
	if filepath.Ext(path) == ".m4a" {
		demux, err = openFragmented(f)
	} else {
		demux, err = detect.Open(f, info.Size())
	}
	if err != nil {
		b.Fatal(err)
	}
	var (
		p      media.Packet
		dec    codec.Decoder
		dst    = make([]float32, codec.MaxFrames*codec.MaxChannels)
		frames int
	)
	for {
		err := demux.Next(&p)
		if err == io.EOF {
			return float64(frames) / float64(dec.SampleRate())
		}
		if err != nil {
			b.Fatal(err)
		}
		if dec == nil {
			if dec, err = newDecoder(demux.Info().Format, p.Data, lent); err != nil {
				b.Fatal(err)
			}
		}
		n, err := dec.Decode(dst, &p)
		if err != nil {
			b.Fatal(err)
		}
		frames += n
	}
}

// openFragmented opens a fragmented MP4 file as if it were an init section and one segment.
func openFragmented(f io.Reader) (container.Demuxer, error) {
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	at := max(4, bytes.Index(data, []byte("moof"))) - 4
	init, err := fmp4.ParseInit(data[:at])
	if err != nil {
		return nil, err
	}
	return detect.OpenSegment(init, data[at:])
}

// waveOf is a WAV file of something like music: chords of decaying partials, a bass, noise on the
// beats, different on both sides.
func waveOf(length time.Duration) []byte {
	const rate = 44_100
	n := int(length.Seconds() * rate)
	mix := make([]float64, 2*n)
	rng := rand.New(rand.NewPCG(1, 2))
	note := func(at int, freq, level, seconds, pan float64) {
		for k := 1; k <= 8 && float64(k)*freq < rate/2; k++ {
			re, im := math.Cos(2*math.Pi*float64(k)*freq/rate), math.Sin(2*math.Pi*float64(k)*freq/rate)
			x, y, a := 0.0, level/float64(k), math.Exp(-5*math.Sqrt(float64(k))/(seconds*rate))
			for i := at; i < min(n, at+int(seconds*rate)); i++ {
				x, y = (x*re+y*im)*a, (y*re-x*im)*a
				mix[2*i] += x * (1 - pan)
				mix[2*i+1] += x * pan
			}
		}
	}
	for at := 0; at < n; at += rate / 4 {
		root := 55 * math.Pow(2, float64([]int{0, 5, 7, 3}[at/(2*rate)%4])/12)
		note(at, root*math.Pow(2, float64([]int{0, 4, 7, 12, 16, 19}[rng.IntN(6)])/12+float64(1+rng.IntN(4))), 0.12, 1.5, 0.2+0.6*rng.Float64())
		if at/(rate/4)%2 == 0 {
			note(at, root, 0.3, 0.6, 0.5)
		}
		hit := 0.25
		for i := at; i < min(n, at+rate/8); i++ {
			hit *= 0.9993
			mix[2*i] += hit * (rng.Float64() - 0.5)
			mix[2*i+1] += hit * (rng.Float64() - 0.5)
		}
	}
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(36+4*n))
	out = append(out, "WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00\x44\xac\x00\x00\x10\xb1\x02\x00\x04\x00\x10\x00data"...)
	out = binary.LittleEndian.AppendUint32(out, uint32(4*n))
	for _, v := range mix {
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(math.Round(max(-1, min(1, v))*32_000))))
	}
	return out
}
