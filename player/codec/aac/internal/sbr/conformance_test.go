package sbr_test

import (
	"fmt"
	"math"
	"os/exec"
	"testing"

	"github.com/segue-audio/segue/player/codec/aac"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// madeUpFrames is how many frames a made-up stream has.
const madeUpFrames = 24

// stream makes up a stream: packets and the same as an ADTS file.
func (m *madeUp) stream() (f media.Format, packets []media.Packet, adts []byte) {
	rates := []int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000}
	index := 0
	for rates[index] != m.coreRate {
		index++
	}
	for i := range madeUpFrames {
		data := m.frame(m.payload(i == 0))
		packets = append(packets, media.Packet{Data: data})
		h := bitWriter{}
		h.write(16, 0xfff1)
		h.write(2, 1)
		h.write(4, index)
		h.write(1, 0)
		h.write(3, m.channels)
		h.write(4, 0)
		h.write(13, 7+len(data))
		h.write(11, 0x7ff)
		h.write(2, 0)
		adts = append(append(adts, h.out...), data...)
	}
	c := aac.Config{SampleRate: m.coreRate, ChannelConfig: m.channels}
	f = media.Format{Codec: media.CodecAAC, SampleRate: m.coreRate, Channels: m.channels, Config: c.Append(nil)}
	return aac.Inspect(f, packets[0].Data), packets, adts
}

// TestMadeUpStreams compares with ffmpeg's float decoder on streams that use all of the syntax.
func TestMadeUpStreams(t *testing.T) {
	const count = 400
	sweep := containertest.Sweep(false, true)
	containertest.Tool(t, "ffmpeg", "-version")
	least, compared, phases := math.Inf(1), 0, 0
	for seed := range count {
		rates := []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}
		m := newMadeUp(uint64(seed), rates[seed%len(rates)], 1+seed/2%2)
		if m.channels == 1 && seed%4 == 1 {
			m.ps = newMadeUpStereo(uint64(seed))
		}
		if m.ps != nil && m.ps.phases {
			phases++
		}
		if !sweep && seed >= 10 && (m.ps == nil || !m.ps.phases || phases > 4) {
			continue // a few of any kind, and a few with phases, which are rare
		}
		name := fmt.Sprintf("%d: %d Hz, %d channels, stereo %v, %+v", seed, m.coreRate, m.channels, m.ps, m.header)
		f, packets, adts := m.stream()
		d, err := aac.New(f)
		if err != nil {
			t.Fatal(err)
		}
		got := codectest.Decode(t, d, packets)
		path := containertest.Store(t, "in.aac", adts)
		cmd := exec.Command("ffmpeg", "-hide_banner", "-loglevel", "error", "-i", path, "-f", "f32le", "-")
		var said errorText
		cmd.Stderr = &said
		raw, err := cmd.Output()
		if err != nil || len(said) > 0 {
			t.Errorf("%s: ffmpeg says %v %s", name, err, said)
			continue
		}
		compared++
		snr, at := compare(t, got, codectest.Floats(raw), d.Channels())
		least = min(least, snr)
		if snr < 90 {
			t.Errorf("%s\n%.1f dB from ffmpeg, worst in frame %d", name, snr, at)
		}
	}
	t.Logf("%d streams of %d frames, at least %.1f dB", compared, madeUpFrames, least)
}

// errorText is what a tool says on its standard error.
type errorText []byte

func (e *errorText) Write(p []byte) (int, error) {
	*e = append(*e, p...)
	return len(p), nil
}

// compare gives the signal-to-noise ratio of got against ffmpeg's samples and the worst frame. ffmpeg
// takes all mono for stereo, and fades parametric stereo in in the first frame, which the filter bank
// carries into the second.
func compare(t *testing.T, got, theirs []float32, channels int) (snr float64, frame int) {
	t.Helper()
	step := 1
	if channels == 1 {
		step = 2
	}
	if len(theirs) != len(got)*step {
		t.Fatalf("%d samples, ffmpeg gives %d", len(got), len(theirs))
	}
	var signal, noise, most float64
	for i := 2 * 2048 * channels; i < len(got); i++ {
		want := float64(theirs[i*step])
		e := float64(got[i]) - want
		signal += want * want
		noise += e * e
		if e*e > most {
			most, frame = e*e, i/(2048*channels)
		}
	}
	return 10 * math.Log10(signal/noise), frame
}
