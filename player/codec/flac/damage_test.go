package flac

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	flacfile "github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/media"
)

// original is a file with what it decodes to.
type original struct {
	name    string
	data    []byte
	packets []media.Packet
	pcm     []float32
	dec     *Decoder
	dst     []float32
}

func newOriginal(t *testing.T, name string, data []byte) *original {
	t.Helper()
	d, all := demux(t, data)
	dec, err := New(d.Info().Format)
	if err != nil {
		t.Fatal(err)
	}
	return &original{name: name, data: data, packets: all, pcm: codectest.Decode(t, dec, all), dec: dec,
		dst: make([]float32, codec.MaxFrames*dec.channels)}
}

// lost plays a damaged copy and gives how many packets of the original don't come out of it, each sample
// at its place. Whatever comes out otherwise, or leaves a hole in time, is an error.
func (o *original) lost(damaged []byte) (int, error) {
	d, err := flacfile.Open(bytes.NewReader(damaged), int64(len(damaged)))
	if err != nil {
		return 0, err
	}
	heard := make(map[media.Frames]bool)
	at := media.Frames(0)
	for {
		var p media.Packet
		if err := d.Next(&p); err == io.EOF {
			break
		} else if err != nil {
			return 0, err
		}
		if p.Time != at {
			return 0, fmt.Errorf("packet at %d, the one before ends at %d", p.Time, at)
		}
		at += p.Duration
		n, err := o.dec.Decode(o.dst, &p)
		if err != nil {
			continue
		}
		if media.Frames(n) != p.Duration {
			return 0, fmt.Errorf("packet at %d: %d frames, its Duration is %d", p.Time, n, p.Duration)
		}
		for i, v := range o.dst[:n*o.dec.channels] {
			if k := int(p.Time)*o.dec.channels + i; k >= len(o.pcm) || o.pcm[k] != v {
				return 0, fmt.Errorf("packet at %d: other samples", p.Time)
			}
		}
		heard[p.Time] = true
	}
	end := media.Frames(0) // nothing tells of lost frames at the end
	for _, p := range o.packets {
		if heard[p.Time] {
			end = p.Time + p.Duration
		}
	}
	if at < end {
		return 0, fmt.Errorf("%d frames, want %d", at, end)
	}
	lost := 0
	for _, p := range o.packets {
		if !heard[p.Time] {
			lost++
		}
	}
	return lost, nil
}

// damageable are files whose frames are coded in unlike ways.
func damageable(t *testing.T) []*original {
	rng := rand.New(rand.NewPCG(8, 8))
	encode := func(name string, f media.Format, frames int, args ...string) *original {
		frames /= containertest.Sweep(3, 1)
		path := filepath.Join(t.TempDir(), "a.flac")
		args = append([]string{"-s", "--lax", "--no-padding", "-o", path, wave(t, sound(rng, f.Channels, f.BitDepth, frames), f)}, args...)
		containertest.Tool(t, "flac", args...)
		return newOriginal(t, name, containertest.File(t, path))
	}
	return []*original{
		encode("16 bits", media.Format{SampleRate: 44_100, Channels: 2, BitDepth: 16}, 60_000, "-b", "1152"),
		encode("plain samples", media.Format{SampleRate: 44_100, Channels: 1, BitDepth: 16}, 20_000, "-b", "576", "-l", "0", "-r", "0"),
		encode("24 bits", media.Format{SampleRate: 96_000, Channels: 2, BitDepth: 24}, 60_000, "-8", "-b", "4096"),
		encode("without listing", media.Format{SampleRate: 35_467, Channels: 3, BitDepth: 15}, 40_000, "-b", "1000"),
		newOriginal(t, "varying blocks", shape{rng: rng}.stream(containertest.Sweep(20, 40)).data),
	}
}

// TestOneByte damages a byte at places drawn by lot, metadata included: at most the frame that it lies
// in is lost, and all else is heard at its time.
func TestOneByte(t *testing.T) {
	for i, o := range damageable(t) {
		rng := rand.New(rand.NewPCG(uint64(i), 9))
		trials, worst, unhurt := containertest.Sweep(15, 1000), 0, 0
		for range trials {
			bad := bytes.Clone(o.data)
			at := 4 + rng.IntN(len(bad)-4) // behind the mark that tells players what the file is
			bad[at] ^= byte(1 + rng.IntN(255))
			lost, err := o.lost(bad)
			if err != nil || lost > 1 {
				t.Errorf("%s: byte %d of %d changed from %#x to %#x: %d packets lost, %v", o.name, at, len(bad), o.data[at], bad[at], lost, err)
			}
			if worst = max(worst, lost); lost == 0 {
				unhurt++
			}
		}
		t.Logf("%s: %d bytes changed in turn in %d frames, never more than %d lost, %d times none", o.name, trials, len(o.packets), worst, unhurt)
	}
}

// TestBursts overwrites, takes out and puts in runs of bytes: no frame is lost but those that were
// touched.
func TestBursts(t *testing.T) {
	for i, o := range damageable(t) {
		rng := rand.New(rand.NewPCG(uint64(i), 10))
		trials, most := containertest.Sweep(12, 1000), 0
		for trial := range trials {
			bad, touched := o.burst(rng, trial%4)
			lost, err := o.lost(bad)
			if err != nil || lost > touched {
				t.Errorf("%s: trial %d: %d packets lost, %d touched, %v", o.name, trial, lost, touched, err)
			}
			most = max(most, lost)
		}
		t.Logf("%s: %d runs of bytes changed in %d frames, %d lost at most, none that wasn't touched", o.name, trials, len(o.packets), most)
	}
}

// burst gives a damaged copy and how many frames were touched.
func (o *original) burst(rng *rand.Rand, how int) (bad []byte, touched int) {
	head := len(o.data)
	for _, p := range o.packets {
		head -= len(p.Data)
	}
	at := head + rng.IntN(len(o.data)-head)
	n := min(1+rng.IntN(1<<rng.IntN(14)), len(o.data)-at)
	end := at + n
	last, off := 0, head
	for i, p := range o.packets {
		if off+len(p.Data) > at && off < end {
			touched, last = touched+1, i
		}
		off += len(p.Data)
	}
	rubbish := make([]byte, n)
	for i := range rubbish {
		rubbish[i] = byte(rng.Uint32())
	}
	switch how {
	case 0: // taken out
		rubbish = nil
	case 1: // put in
		end = at
	case 2: // in place of them the start of another frame, but not of the one that is due next
		if other := rng.IntN(len(o.packets)); other != last+1 {
			copy(rubbish, o.packets[other].Data[:len(o.packets[other].Data)-1])
		}
	}
	return append(append(bytes.Clone(o.data[:at]), rubbish...), o.data[end:]...), touched
}
