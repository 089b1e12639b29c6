// Package playertest is a music service in one process, for tests: music that is made on the spot,
// packaged as an encrypted HLS ladder, behind a link of a scripted rate and scripted faults. Under
// testing/synctest an hour of it takes a second. It serves no one outside tests.
package playertest

import (
	"bytes"
	"math"
	"math/rand/v2"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"
)

// Rate of all music here, in frames a second.
const Rate = 44100

// Music makes n stereo frames (interleaved, 16 bit) that never repeat: gliding tones under a floor of
// noise, so that a frame lost, doubled or moved anywhere shows when the samples are compared. The
// same seed gives the same music.
func Music(seed uint64, n int) []int16 {
	noise := rand.New(rand.NewPCG(seed, 0x5e60e))
	pcm := make([]int16, 2*n)
	a, b := 0.0, 0.0
	for i := range n {
		t := float64(i) / Rate
		a += 2 * math.Pi * (220 + 90*math.Sin(0.37*t+float64(seed))) / Rate
		b += 2 * math.Pi * (331 + 170*math.Sin(0.23*t)) / Rate
		level := 0.6 + 0.4*math.Sin(0.9*t)
		pcm[2*i] = int16(9000*level*math.Sin(a) + 1200*(noise.Float64()-0.5))
		pcm[2*i+1] = int16(9000*level*math.Sin(b) + 1200*(noise.Float64()-0.5))
	}
	return pcm
}

// Coarse rounds music to the upper bits of its 16: a cheaper rendition whose samples still lie where
// the original's do.
func Coarse(pcm []int16, bits int) []int16 {
	drop := 16 - bits
	out := make([]int16, len(pcm))
	for i, s := range pcm {
		out[i] = s >> drop << drop
	}
	return out
}

// blockSize of the FLAC frames: no divisor of the segment length, so that frames straddle nothing
// by luck.
const blockSize = 4096

// EncodeFLAC makes a FLAC file of stereo 16-bit music whose lower bits, all but the upper `bits`, are
// zero. The samples are stored as they are, so the bit rate is exactly known: bits × 2 × Rate.
func EncodeFLAC(pcm []int16, bits int) ([]byte, error) {
	n := len(pcm) / 2
	var out bytes.Buffer
	info := &meta.StreamInfo{
		BlockSizeMin: blockSize, BlockSizeMax: blockSize, SampleRate: Rate, NChannels: 2,
		BitsPerSample: 16, NSamples: uint64(n),
	}
	enc, err := flac.NewEncoder(&out, info)
	if err != nil {
		return nil, err
	}
	enc.EnablePredictionAnalysis(false)
	for at, num := 0, uint64(0); at < n; at, num = at+blockSize, num+1 {
		k := min(blockSize, n-at)
		f := &frame.Frame{Header: frame.Header{
			HasFixedBlockSize: true, BlockSize: uint16(k), SampleRate: Rate,
			Channels: frame.ChannelsLR, BitsPerSample: 16, Num: num,
		}}
		for c := range 2 {
			sub := &frame.Subframe{NSamples: k, Samples: make([]int32, k)}
			for i := range k {
				sub.Samples[i] = int32(pcm[2*(at+i)+c])
			}
			sub.Pred, sub.Wasted = frame.PredVerbatim, uint(16-bits)
			f.Subframes = append(f.Subframes, sub)
		}
		if err := enc.WriteFrame(f); err != nil {
			return nil, err
		}
	}
	if err := enc.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
