package detect_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/decoders"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/container/ts"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// hostileSeeds are small files of the corpora, one for each format; of the longer ones the beginning is taken.
var hostileSeeds = []string{
	"media3/mp3/test-cbr-info-header.mp3", "media3/mp3/bear-id3.mp3", "media3/aac/bbb_1ch_8kHz_aac_lc.aac",
	"media3/flac/bear_with_vorbis_comments.flac", "media3/ogg/bear.opus", "media3/ogg/bbb_1ch_16kHz_q10_vorbis.ogg", "media3/ogg/bear_flac.ogg",
	"media3/mka/bear-opus.mka", "media3/mka/bear-flac-16bit.mka", "mp4ff/opus.mp4", "media3/mp4/sample_alac_20bit.mp4",
	"media3/mp4/bbb_1ch_8kHz_aac_lc.m4a", "media3/mp4/sample_mp2_audio.mp4", "mp4ff/bbb5s_aac_sidx.mp4", "media3/hls/cea608/sd-hls0000000000.ts",
	"media3/wav/sample_8bit.wav", "media3/wav/sample_rf64.wav",
}

// seedBytes is the most that is taken of a seed.
const seedBytes = 32 << 10

func seeds(t testing.TB) map[string][]byte {
	t.Helper()
	root := filepath.Dir(containertest.Corpus(t, "media3")[0])
	all := map[string][]byte{}
	for _, name := range hostileSeeds {
		data := containertest.File(t, root, filepath.FromSlash(name))
		if filepath.Ext(name) != ".mp4" && filepath.Ext(name) != ".m4a" { // moov may stand at the end
			data = data[:min(len(data), seedBytes)]
		}
		all[name] = data
	}
	return all
}

// TestCut opens, reads and decodes a file of each format cut at every byte: a typed error, or less music.
func TestCut(t *testing.T) {
	for name, data := range seeds(t) {
		whole := drainAndTag(t, name, data)
		for n := 0; n < len(data); n += containertest.Sweep(1+len(data)/30, 1) {
			if got := drainAndTag(t, name, data[:n]); got > whole {
				t.Errorf("%s cut at %d has %d packets, the whole %d", name, n, got, whole)
			}
		}
	}
}

// TestFlipped does the same with one bit of every byte turned over, and decodes what comes of it.
func TestFlipped(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	dst := make([]float32, codec.MaxFrames*codec.MaxChannels)
	for name, data := range seeds(t) {
		bad := bytes.Clone(data)
		for n := 0; n < len(data); n += containertest.Sweep(1+len(data)/30, 1+len(data)/6000) {
			bit := byte(1) << rng.IntN(8)
			bad[n] ^= bit
			drainAndTag(t, name, bad)
			decodeSome(t, name, bad, dst, containertest.Sweep(5, 10))
			bad[n] = data[n]
		}
	}
}

// drainAndTag reads all packets and all metadata and counts the packets. Errors have to be typed.
func drainAndTag(t *testing.T, name string, data []byte) (count int) {
	t.Helper()
	d, err := detect.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		typed(t, name, err)
		return 0
	}
	var p media.Packet
	for err = d.Next(&p); err == nil; err = d.Next(&p) {
		if count++; count > 2*len(data)+1000 {
			t.Fatalf("%s: more than %d packets in %d bytes", name, count, len(data))
		}
	}
	if err != io.EOF {
		typed(t, name, err)
	}
	if tagged, ok := d.(container.Tagged); ok {
		_, err := tagged.ReadMetadata(bytes.NewReader(data), metadata.Options{})
		if err != nil && !errors.Is(err, metadata.ErrFormat) && !errors.Is(err, metadata.ErrLimit) && !errors.Is(err, metadata.ErrUnsupported) {
			t.Errorf("%s: metadata: %v", name, err)
		}
	}
	return count
}

func typed(t *testing.T, name string, err error) {
	t.Helper()
	if !errors.Is(err, container.ErrFormat) && !errors.Is(err, container.ErrUnsupported) && !errors.Is(err, container.ErrLimit) {
		t.Errorf("%s: %v", name, err)
	}
}

// decodeSome decodes the first packets of what data claims to be.
func decodeSome(t *testing.T, name string, data []byte, dst []float32, most int) {
	t.Helper()
	d, err := detect.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return
	}
	var p media.Packet
	var dec codec.Decoder
	for range most {
		if d.Next(&p) != nil {
			return
		}
		if dec == nil {
			if dec, err = decoders.New(d.Info().Format, p.Data); err != nil {
				if !errors.Is(err, codec.ErrUnsupported) && !errors.Is(err, codec.ErrCorrupt) {
					t.Errorf("%s: %v", name, err)
				}
				return
			}
			if dec.Channels() < 1 || dec.Channels() > codec.MaxChannels || dec.SampleRate() < 0 {
				t.Fatalf("%s: a decoder of %d channels at %d Hz", name, dec.Channels(), dec.SampleRate())
			}
		}
		n, err := dec.Decode(dst, &p)
		if err != nil && !errors.Is(err, codec.ErrCorrupt) && !errors.Is(err, codec.ErrUnsupported) || n < 0 || n > codec.MaxFrames {
			t.Fatalf("%s: %d frames, %v", name, n, err)
		}
	}
}

// mostAllocated is what a parser may allocate in all for a megabyte.
const mostAllocated = 64 << 20

// TestAllocations gives a megabyte of bad input to everything that parses media. What it allocates in all, freed or not,
// is counted.
func TestAllocations(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	all := seeds(t)
	initSection, err := fmp4.ParseInit(all["mp4ff/bbb5s_aac_sidx.mp4"])
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, codec.MaxFrames*codec.MaxChannels)
	parsers := map[string]func([]byte){
		"decoding":        func(b []byte) { decodeSome(t, "a megabyte", b, dst, 50) },
		"detect.Identify": func(b []byte) { _, _ = detect.Identify(bytes.NewReader(b), int64(len(b))) },
		"detect.Open": func(b []byte) {
			if d, err := detect.Open(bytes.NewReader(b), int64(len(b))); err == nil {
				var p media.Packet
				for d.Next(&p) == nil {
				}
				if tagged, ok := d.(container.Tagged); ok {
					_, _ = tagged.ReadMetadata(bytes.NewReader(b), metadata.Options{})
				}
			}
		},
		"detect.OpenSegment": func(b []byte) {
			if d, err := detect.OpenSegment(nil, b); err == nil {
				var p media.Packet
				for d.Next(&p) == nil {
				}
			}
		},
		"fmp4.ParseInit":   func(b []byte) { _, _ = fmp4.ParseInit(b) },
		"fmp4.ParseIndex":  func(b []byte) { _, _ = fmp4.ParseIndex(b, 0) },
		"fmp4.OpenSegment": func(b []byte) { _, _ = initSection.OpenSegment(b) },
		"ts.OpenSegment":   func(b []byte) { _, _ = ts.OpenSegment(b) },
		"metadata.ParseID3v2": func(b []byte) {
			_, _ = metadata.ParseID3v2(b)
		},
	}
	for name, data := range all {
		for range containertest.Sweep(1, 40) {
			bad := grown(rng, data)
			for parser, parse := range parsers {
				if n := allocated(func() { parse(bad) }); n > mostAllocated {
					t.Errorf("%s allocated %d MB for %d bytes made of %s", parser, n>>20, len(bad), name)
				}
			}
		}
	}
}

// TestManySamples has a segment claim a sample for each byte of a megabyte.
func TestManySamples(t *testing.T) {
	const n = 1_000_000
	u := func(values ...uint32) string {
		var b []byte
		for _, v := range values {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		return string(b)
	}
	moof := func(data uint32) string {
		return box("moof", box("mfhd", u(0, 1)), box("traf", box("tfhd", u(0x02_0018, 1, 1, 1)), box("tfdt", u(0, 0)), box("trun", u(1, n, data))))
	}
	head := flacInit()
	init, err := fmp4.ParseInit(head)
	if err != nil {
		t.Fatal(err)
	}
	segment := []byte(moof(uint32(len(moof(0)))+8) + box("mdat", strings.Repeat("\xff", n)))
	for name, open := range map[string]func() (container.Demuxer, error){
		"segment": func() (container.Demuxer, error) { return init.OpenSegment(segment) },
		"file": func() (container.Demuxer, error) {
			file := append(head[:len(head):len(head)], segment...)
			return detect.Open(bytes.NewReader(file), int64(len(file)))
		},
	} {
		if got := allocated(func() {
			d, err := open()
			var p media.Packet
			for err == nil {
				err = d.Next(&p)
			}
			if !errors.Is(err, container.ErrLimit) {
				t.Errorf("%s: %v, want a limit", name, err)
			}
		}); got > mostAllocated {
			t.Errorf("%s: %d MB allocated", name, got>>20)
		}
	}
}

// TestMadeToGrow has files whose few bytes ask for much: as many of the smallest pieces as a megabyte holds. A hang shows
// as the test's timeout.
func TestMadeToGrow(t *testing.T) {
	const most = 1_000_000
	fill := func(s string) string { return strings.Repeat(s, most/len(s)) }
	be := func(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }
	le := func(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }
	synchsafe := func(n int) string {
		return string([]byte{byte(n >> 21), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)})
	}
	tag := func(frames string) string { return "ID3\x04\x00\x00" + synchsafe(len(frames)) + frames }
	frame := func(name, body string) string { return name + synchsafe(len(body)) + "\x00\x00" + body }
	mp3 := strings.Repeat("\xff\xfb\x90\x64"+strings.Repeat("\x00", 413), 3)
	streamInfo := "\x00\x00\x00\x22" + strings.Repeat("\x10\x00", 2) + strings.Repeat("\x00", 6) + "\x0a\xc4\x42\xf0" + strings.Repeat("\x00", 20)
	comment := fill("\x00\x00\x00\x00")
	comments := "\x00\x00\x00\x00" + le(uint32(len(comment)/4)) + comment
	table := box("moov", box("mvhd", strings.Repeat("\x00", 12)+be(1000)+strings.Repeat("\x00", 84)), fill(box("trak")))
	link := func(serial uint32) string {
		return oggPage(2, serial, 0, "OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00") + oggPage(0, serial, 1, "OpusTags\x00\x00\x00\x00\x00\x00\x00\x00") +
			oggPage(4, serial, 2, "\xfc\xff\xfe")
	}
	var chain strings.Builder
	for serial := uint32(0); chain.Len() < most; serial++ {
		chain.WriteString(link(serial))
	}
	for name, text := range map[string]string{
		"frames of ID3":      tag(fill(frame("TIT2", "\x03"))) + mp3,
		"pictures":           tag(fill(frame("APIC", "\x00a\x00\x03\x00b"))) + mp3,
		"chapters":           tag(fill(frame("CHAP", "a\x00"+strings.Repeat("\x00", 16)))) + mp3,
		"tags":               fill(tag("")) + mp3,
		"frames of MP3":      fill("\xff\xfb\x10\x64" + strings.Repeat("\x00", 100)),
		"frames of ADTS":     fill("\xff\xf1\x50\x80\x00\xff\xfc"),
		"blocks of FLAC":     "fLaC" + streamInfo + fill("\x02\x00\x00\x00") + "\x82\x00\x00\x00",
		"comments":           "fLaC" + streamInfo + "\x84" + be(uint32(len(comments)))[1:] + comments,
		"seek points":        "fLaC" + streamInfo + "\x83" + be(999_990)[1:] + strings.Repeat("\xff", 999_990),
		"chunks of WAVE":     "RIFF\xff\xff\xff\xffWAVE" + fill("abcd\x00\x00\x00\x00"),
		"items of INFO":      "RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x44\xac\x00\x00\x88\x58\x01\x00\x02\x00\x10\x00LIST" + le(most) + "INFO" + fill("INAM\x02\x00\x00\x00a\x00") + "data\x02\x00\x00\x00aa",
		"chunks of AIFF":     "FORM\x7f\xff\xff\xffAIFF" + fill("abcd\x00\x00\x00\x00"),
		"pages of Ogg":       fill("OggS\x00\x02" + strings.Repeat("\x00", 20) + "\x00"),
		"a chain":            chain.String(),
		"boxes":              fill(box("free")),
		"tracks":             box("ftyp", "isom\x00\x00\x00\x00") + table,
		"moofs":              string(flacInit()) + fill(box("moof")),
		"fragments":          string(flacInit()) + fill(box("moof", box("traf", box("tfhd", be(0)+be(1)), box("trun", be(0)+be(1<<20))))),
		"items of iTunes":    string(flacInit()) + box("udta", box("meta", be(0)+fill(box("ilst", box("\xa9nam"))))),
		"elements of EBML":   "\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + fill("\xec\x80"),
		"clusters":           "\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + fill("\x1f\x43\xb6\x75\x80"),
		"transport packets":  fill("\x47\x40\x00\x10" + strings.Repeat("\x00", 184)),
		"nested boxes":       strings.Repeat("\x00\x0f\x42\x40moov", 100_000),
		"rubbish":            fill("\xff\xfb"),
		"rubbish like ADTS":  fill("\xff\xf1"),
		"rubbish like LATM":  fill("\x56\xe0"),
		"rubbish like a tag": fill("ID3\x04\x00\x00\x00\x00\x00\x00"),
	} {
		data := []byte(text)
		count := 0
		n := allocated(func() {
			count = drainAndTag(t, name, data)
			m := metadata.NewReader(bytes.NewReader(data), int64(len(data)), metadata.Options{}) // of a file that can't be opened too
			_, _ = m.ID3v2(0)
			_ = m.FLAC(0, 44_100)
			_ = m.MP4()
			_ = m.RIFF()
			_ = m.AIFF()
			_ = m.Matroska()
		})
		t.Logf("%s: %d packets, %d kB", name, count, n>>10)
		if n > mostAllocated {
			t.Errorf("%s: %d MB allocated for %d bytes", name, n>>20, len(data))
		}
	}
}

// oggPage is a page of one packet of less than 255 bytes.
func oggPage(flags byte, serial, sequence uint32, packet string) string {
	b := append([]byte("OggS\x00"), flags)
	b = binary.LittleEndian.AppendUint64(b, uint64(960*(sequence/2)))
	b = binary.LittleEndian.AppendUint32(b, serial)
	b = binary.LittleEndian.AppendUint32(b, sequence)
	b = append(append(b, 0, 0, 0, 0, 1, byte(len(packet))), packet...)
	sum := uint32(0)
	for _, c := range b {
		sum ^= uint32(c) << 24
		for range 8 {
			carry := sum >> 31
			sum = sum<<1 ^ carry*0x04c1_1db7
		}
	}
	binary.LittleEndian.PutUint32(b[22:], sum)
	return string(b)
}

// flacInit is an init section.
func flacInit() []byte {
	streamInfo := make([]byte, 34)
	binary.BigEndian.PutUint64(streamInfo[10:], 44_100<<44|1<<41|15<<36)
	return fmp4.AppendInit(nil, media.Format{Codec: media.CodecFLAC, SampleRate: 44_100, Channels: 2, BitDepth: 16, Config: streamInfo}, media.Trim{})
}

// grown makes a megabyte of a file: its second half over and over, with a few bytes of all of it changed, most of them
// to what a large count or length begins with.
func grown(rng *rand.Rand, data []byte) []byte {
	big := bytes.Clone(data)
	for len(big) < 1<<20 {
		big = append(big, data[len(data)/2:]...)
	}
	big = big[:1<<20]
	for range rng.IntN(20) {
		at := rng.IntN(min(len(big), 4096))
		if rng.IntN(2) == 0 {
			at = rng.IntN(len(big))
		}
		big[at] = []byte{0xff, 0x7f, 0x80, byte(rng.Uint32())}[rng.IntN(4)]
	}
	return big
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// FuzzSegment opens anything as a media segment, with an init section and without, and reads what it says of moments.
func FuzzSegment(f *testing.F) {
	init, err := fmp4.ParseInit(flacInit())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(fmp4.AppendFragment(nil, 1, 0, []media.Packet{{Data: []byte("frame"), Duration: 4096}, {Data: []byte("more"), Duration: 100}}))
	f.Add([]byte(id3(73) + "\xff\xf1\x50\x80\x01\x3f\xfc"))
	f.Add([]byte(strings.Repeat("\x47\x40\x00\x10"+strings.Repeat("\xff", 184), 5)))
	for _, data := range fuzzSeeds() {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, with := range []*fmp4.Init{nil, init} {
			d, err := detect.OpenSegment(with, data)
			if err != nil {
				typed(t, "segment", err)
				continue
			}
			if timed, ok := d.(container.Timed); ok {
				timed.Timed()
			}
			var p media.Packet
			count := 0
			for err = d.Next(&p); err == nil; err = d.Next(&p) {
				if count++; count > 2*len(data)+1000 {
					t.Fatalf("more than %d packets in %d bytes", count, len(data))
				}
			}
			if err != io.EOF {
				typed(t, "segment", err)
			}
		}
	})
}

// fuzzSeeds are the seeds where SEGUE_CORPORA names the corpora: fuzzing must not need them.
func fuzzSeeds() (all [][]byte) {
	root := os.Getenv("SEGUE_CORPORA")
	for _, name := range hostileSeeds {
		if data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name))); err == nil && root != "" {
			all = append(all, data[:min(len(data), seedBytes)])
		}
	}
	return all
}

// FuzzPlay opens and decodes anything. The corpora's files, where they are at hand, are what it begins with.
func FuzzPlay(f *testing.F) {
	for _, data := range [][]byte{movie("soun", "mp4a"), []byte(id3(20) + "\xff\xfb\x90\x64"), []byte("fLaC"), []byte("\x1a\x45\xdf\xa3")} {
		f.Add(data)
	}
	for _, data := range fuzzSeeds() {
		f.Add(data)
	}
	dst := make([]float32, codec.MaxFrames*codec.MaxChannels)
	f.Fuzz(func(t *testing.T, data []byte) {
		drainAndTag(t, "input", data)
		decodeSome(t, "input", data, dst, 20)
	})
}
