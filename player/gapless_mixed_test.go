package player_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/wav"
	"github.com/segue-audio/segue/player/playertest"
)

// inRate has sox put music into another sample rate.
func inRate(t testing.TB, pcm []int16, rate int) []int16 {
	t.Helper()
	dir := t.TempDir()
	out := filepath.Join(dir, "out.wav")
	containertest.Tool(t, "sox", "-D", wave(t, dir, pcm, playertest.Rate), "-b", "16", out, "rate", "-v", "-s", "-a", "-b", "99.7", "48000")
	_, packets := containertest.Packets(t, wav.Open, containertest.File(t, out))
	var made []int16
	for _, p := range packets {
		for r := bytes.NewReader(p.Data); r.Len() > 1; {
			lo, _ := r.ReadByte()
			hi, _ := r.ReadByte()
			made = append(made, int16(uint16(lo)|uint16(hi)<<8))
		}
	}
	if want := len(pcm) / 2 * rate / playertest.Rate; len(made)/2 != want {
		t.Fatalf("sox made %d frames, want %d", len(made)/2, want)
	}
	return made
}

// TestGaplessMixed plays an album whose tracks are each of another codec, container, sample rate or count of
// channels. Tracks at 48 kHz are cut from the same music, resampled whole.
func TestGaplessMixed(t *testing.T) {
	byName := map[string]coding{}
	for _, c := range codings() {
		byName[c.name] = c
	}
	order := []string{"FLAC", "MP3, LAME 128", "Opus 128", "FLAC at 48 kHz", "AAC in fMP4, HLS", "mono", "ALAC", "Vorbis q5"}
	byName["FLAC at 48 kHz"] = coding{rate: 48_000, encode: byName["FLAC"].encode}
	byName["mono"] = coding{rate: playertest.Rate, encode: tool("sox", "mono.wav", "-D IN -c 1 OUT")}
	const unit = 441 // frames that are a whole number at 48 kHz too
	var lengths []int
	for i := range order {
		lengths = append(lengths, unit*(71+13*i%37))
	}
	pcm, want := piece(lengths)
	var high []int16
	var urls []string
	at := 0
	for i, name := range order {
		c, from, n := byName[name], pcm, lengths[i]
		begin := at
		if c.rate == 48_000 {
			if high == nil {
				high = inRate(t, pcm, c.rate)
			}
			from, begin, n = high, at/unit*480, n/unit*480
		}
		urls = append(urls, c.stored(t, from[2*begin:2*(begin+n)], []int{n})...)
		if name == "mono" {
			for k := 2 * at; k < 2*(at+lengths[i]); k += 2 {
				want[k] = (want[k] + want[k+1]) / 2
				want[k+1] = want[k]
			}
		}
		at += lengths[i]
	}
	got := played(t, player.Config{SampleRate: playertest.Rate}, items(urls)...)
	r := coding{}.seams(got, want, lengths)
	t.Logf("length %+d, shifts %v, seam %.2f, bend %.2f", r.length, r.shifts, r.seam, r.bend)
	if r.length != 0 || r.missing != 0 || r.repeated != 0 || r.seam > seamLimit || r.bend > bendLimit {
		t.Errorf("%+v", r)
	}
}
