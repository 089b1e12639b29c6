// Package encodertest is the suite that every encoder runs. It judges what comes out by decoding it: an
// encoder whose delay is off by one frame, that loses the end, or whose sound is not the source's fails.
package encodertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"

	"github.com/segue-audio/segue/api/server/encoder"
	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/aac"
	"github.com/segue-audio/segue/player/media"
)

// Run tests an encoder.
func Run(t *testing.T, e encoder.Encoder) {
	t.Run("aligned", func(t *testing.T) { aligned(t, e) })
	t.Run("short", func(t *testing.T) { short(t, e) })
	t.Run("trouble", func(t *testing.T) { trouble(t, e) })
	t.Run("refused", func(t *testing.T) {
		err := e.Encode(t.Context(), encoder.Spec{SampleRate: 44_100, Channels: 3, Bitrates: []media.Bitrate{96_000}, Scratch: t.TempDir()},
			&Music{Samples: make([]float32, 3*2048), Channels: 3}, func(int, []byte) error { return nil })
		if !errors.Is(err, encoder.ErrUnsupported) {
			t.Errorf("three channels: %v", err)
		}
	})
}

// Music is a piece held in memory, given in chunks of odd sizes.
type Music struct {
	Samples  []float32 // interleaved
	Channels int
	Err      error // in place of io.EOF
	chunk    int
}

// Read is encoder.PCM's.
func (m *Music) Read(dst []float32) (int, error) {
	if len(m.Samples) == 0 {
		if m.Err != nil {
			return 0, m.Err
		}
		return 0, io.EOF
	}
	m.chunk = (m.chunk*7 + 313) % 2000
	n := min(len(dst), len(m.Samples), (1+m.chunk)*m.Channels)
	n -= n % m.Channels
	copy(dst, m.Samples[:n])
	m.Samples = m.Samples[n:]
	return n, nil
}

// Sound makes a piece that no shift of itself resembles: tones that glide and beat, others on each side.
func Sound(frames, channels, rate int) []float32 {
	out := make([]float32, frames*channels)
	for i := range frames {
		at := float64(i) / float64(rate)
		for c := range channels {
			f := 220 * (1 + 0.5*float64(c))
			v := math.Sin(2*math.Pi*(f+400*at)*at) + 0.5*math.Sin(2*math.Pi*(3.3*f+900*at)*at) + 0.25*math.Sin(2*math.Pi*(2500+1700*at)*at)
			out[i*channels+c] = float32(v * 0.4 * (0.6 + 0.4*math.Sin(2*math.Pi*5*at)))
		}
	}
	return out
}

// decoded gathers what an encoder emits, decoded.
type decoded struct {
	decoders []codec.Decoder
	channels int
	pcm      [][]float32
	bytes    []int
	units    []int
	buf      []float32
}

// config is the AudioSpecificConfig (ISO 14496-3, 1.6.2.1) of AAC-LC at one of the two rates.
func config(rate, channels int) []byte {
	index := map[int]byte{48_000: 3, 44_100: 4}[rate]
	return []byte{2<<3 | index>>1, index<<7 | byte(channels)<<3}
}

func encode(t *testing.T, e encoder.Encoder, spec encoder.Spec, m *Music) *decoded {
	t.Helper()
	d := &decoded{channels: spec.Channels, buf: make([]float32, codec.MaxFrames*spec.Channels)}
	for range spec.Bitrates {
		dec, err := aac.New(media.Format{Codec: media.CodecAAC, SampleRate: spec.SampleRate, Channels: spec.Channels, Config: config(spec.SampleRate, spec.Channels)})
		if err != nil {
			t.Fatal(err)
		}
		d.decoders, d.pcm = append(d.decoders, dec), append(d.pcm, nil)
		d.bytes, d.units = append(d.bytes, 0), append(d.units, 0)
	}
	spec.Scratch = t.TempDir()
	if err := e.Encode(t.Context(), spec, m, d.emit); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *decoded) emit(rung int, unit []byte) error {
	n, err := d.decoders[rung].Decode(d.buf, &media.Packet{Data: unit, Time: media.Frames(d.units[rung] * encoder.UnitFrames), Duration: encoder.UnitFrames})
	if err != nil {
		return fmt.Errorf("unit %d of stream %d: %w", d.units[rung], rung, err)
	}
	if n != encoder.UnitFrames {
		return fmt.Errorf("unit %d of stream %d has %d frames", d.units[rung], rung, n)
	}
	d.pcm[rung] = append(d.pcm[rung], d.buf[:n*d.channels]...)
	d.bytes[rung] += len(unit)
	d.units[rung]++
	return nil
}

// aligned wants every rung to lie where Delay says, to the frame, to be long enough, to have the rate that
// was asked for, and to sound the better the more bits it has.
func aligned(t *testing.T, e encoder.Encoder) {
	for _, c := range []struct{ rate, channels int }{{44_100, 2}, {48_000, 1}} {
		const frames = 16_000
		want := Sound(frames, c.channels, c.rate)
		spec := encoder.Spec{SampleRate: c.rate, Channels: c.channels, Bitrates: []media.Bitrate{64_000, 160_000}}
		d := encode(t, e, spec, &Music{Samples: want, Channels: c.channels})
		before := 0.0
		for i, got := range d.pcm {
			delay := int(e.Delay())
			if len(got) < (frames+delay)*c.channels {
				t.Fatalf("%d Hz, stream %d: %d frames for %d", c.rate, i, len(got)/c.channels, frames+delay)
			}
			best, at := math.Inf(-1), 0
			for shift := delay - 300; shift <= delay+300; shift++ {
				if s := snr(want, got, shift, c.channels); s > best {
					best, at = s, shift
				}
			}
			rate := float64(d.bytes[i]) * 8 * float64(c.rate) / float64(d.units[i]*encoder.UnitFrames)
			t.Logf("%s, %d Hz, %d channels, %v: delay %d, %.1f dB, %.0f bit/s", e.Name(), c.rate, c.channels, spec.Bitrates[i], at, best, rate)
			if at != delay {
				t.Errorf("%d Hz, stream %d: the music lies %d frames behind, not %d", c.rate, i, at, delay)
			}
			if best < 5 || best < before-1 {
				t.Errorf("%d Hz, stream %d: %.1f dB, %.1f at the rate below", c.rate, i, best, before)
			}
			if b := float64(spec.Bitrates[i]); rate > b*1.3 {
				t.Errorf("%d Hz: %.0f bit/s where %.0f were asked for", c.rate, rate, b)
			}
			before = best
		}
	}
}

// snr is how much stronger the music is than what differs, in decibels, when got is heard from shift on.
func snr(want, got []float32, shift, channels int) float64 {
	var signal, noise float64
	for i := 4000 * channels; i < 14_000*channels; i++ {
		x, y := float64(want[i]), float64(got[i+shift*channels])
		signal += x * x
		noise += (x - y) * (x - y)
	}
	return 10 * math.Log10(signal/(noise+1e-12))
}

// short has pieces around the length of a unit: each frame of them can be decoded.
func short(t *testing.T, e encoder.Encoder) {
	for _, frames := range []int{1, 1023, 1024, 1025} {
		spec := encoder.Spec{SampleRate: 44_100, Channels: 2, Bitrates: []media.Bitrate{64_000, 128_000}}
		d := encode(t, e, spec, &Music{Samples: Sound(frames, 2, 44_100), Channels: 2})
		for i, got := range d.pcm {
			if len(got)/2 < frames+int(e.Delay()) {
				t.Errorf("%d frames, stream %d: %d come out", frames, i, len(got)/2)
			}
		}
	}
}

// trouble: errors come out as they went in, and end the work.
func trouble(t *testing.T, e encoder.Encoder) {
	mine := errors.New("mine")
	spec := encoder.Spec{SampleRate: 44_100, Channels: 2, Bitrates: []media.Bitrate{64_000}, Scratch: t.TempDir()}
	silent := func(int, []byte) error { return nil }
	if err := e.Encode(t.Context(), spec, &Music{Samples: Sound(5000, 2, 44_100), Channels: 2, Err: mine}, silent); !errors.Is(err, mine) {
		t.Errorf("music that breaks off: %v", err)
	}
	calls := 0
	err := e.Encode(t.Context(), spec, &Music{Samples: Sound(50_000, 2, 44_100), Channels: 2}, func(int, []byte) error { calls++; return mine })
	if !errors.Is(err, mine) || calls != 1 {
		t.Errorf("emit's error: %v after %d calls", err, calls)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(mine)
	if err := e.Encode(ctx, spec, &Music{Samples: Sound(50_000, 2, 44_100), Channels: 2}, silent); !errors.Is(err, mine) {
		t.Errorf("an ended context: %v", err)
	}
}
