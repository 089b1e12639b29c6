package demo

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"hash"
	"io"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"

	"github.com/segue-audio/segue/player/media"
)

const (
	flacBlock = 4096
	// seekEvery is how many blocks lie between two seek points: about a second.
	seekEvery = 11
)

// flacTrack gathers the samples of one track and holds them coded. One goroutine at a time.
type flacTrack struct {
	body     bytes.Buffer // frames, and before them a header that is dropped
	encoder  *flac.Encoder
	analyst  *analyst
	block    [2][]int32
	sum      hash.Hash
	bytes    []byte // of a block, for sum
	frames   media.Frames
	start    int // of the first frame in body
	smallest int
	largest  int
	points   []meta.SeekPoint
}

func newFlacTrack() (*flacTrack, error) {
	t := &flacTrack{sum: md5.New(), analyst: newAnalyst(flacBlock)}
	for side := range t.block {
		t.block[side] = make([]int32, 0, flacBlock)
	}
	var err error
	if t.encoder, err = flac.NewEncoder(&t.body, t.info()); err != nil {
		return nil, fmt.Errorf("flac encoder: %w", err)
	}
	t.start = t.body.Len()
	return t, nil
}

// info is the STREAMINFO of what was coded so far. RFC 9639, section 8.2: the last block doesn't count
// for the smallest block size.
func (t *flacTrack) info() *meta.StreamInfo {
	info := &meta.StreamInfo{
		BlockSizeMin: flacBlock, BlockSizeMax: flacBlock,
		FrameSizeMin: uint32(t.smallest), FrameSizeMax: uint32(t.largest),
		SampleRate: SampleRate, NChannels: 2, BitsPerSample: 16, NSamples: uint64(t.frames),
	}
	t.sum.Sum(info.MD5sum[:0])
	return info
}

// code writes all samples of feed and ends the last block. It reads feed to its end even after an
// error, so that the sender never waits in vain.
func (t *flacTrack) code(feed <-chan []int16) error {
	var err error
	for samples := range feed {
		if err == nil {
			err = t.write(samples)
		}
	}
	if err != nil {
		return err
	}
	return t.flush()
}

// write adds interleaved samples.
func (t *flacTrack) write(interleaved []int16) error {
	for i := 0; i+1 < len(interleaved); i += 2 {
		t.block[0] = append(t.block[0], int32(interleaved[i]))
		t.block[1] = append(t.block[1], int32(interleaved[i+1]))
		if len(t.block[0]) == flacBlock {
			if err := t.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush codes the samples that wait, as one frame.
func (t *flacTrack) flush() error {
	n := len(t.block[0])
	if n == 0 {
		return nil
	}
	t.bytes = t.bytes[:0]
	for i := range n {
		l, r := t.block[0][i], t.block[1][i]
		t.bytes = append(t.bytes, byte(l), byte(l>>8), byte(r), byte(r>>8))
	}
	t.sum.Write(t.bytes)
	before := t.body.Len()
	if len(t.points)*seekEvery*flacBlock <= int(t.frames) {
		t.points = append(t.points, meta.SeekPoint{
			SampleNum: uint64(t.frames), Offset: uint64(before - t.start), NSamples: uint16(n),
		})
	}
	if err := t.encoder.WriteFrame(t.choose()); err != nil {
		return fmt.Errorf("flac frame at %d: %w", t.frames, err)
	}
	size := t.body.Len() - before
	if t.smallest == 0 || size < t.smallest {
		t.smallest = size
	}
	t.largest = max(t.largest, size)
	t.frames += media.Frames(n)
	t.block[0], t.block[1] = t.block[0][:0], t.block[1][:0]
	return nil
}

// choose makes the frame for the waiting block: as left and right, or as middle and side where that
// is smaller.
func (t *flacTrack) choose() *frame.Frame {
	n := len(t.block[0])
	f := &frame.Frame{Header: frame.Header{
		HasFixedBlockSize: true, BlockSize: uint16(n), SampleRate: SampleRate,
		Channels: frame.ChannelsLR, BitsPerSample: 16,
	}}
	// middle and side as Frame.Decorrelate will make them.
	mid, side := make([]int32, n), make([]int32, n)
	for i := range mid {
		l, r := t.block[0][i], t.block[1][i]
		mid[i], side[i] = (l+r)>>1, l-r
	}
	left, leftSize := t.analyst.predict(t.block[0])
	right, rightSize := t.analyst.predict(t.block[1])
	middle, middleSize := t.analyst.predict(mid)
	difference, differenceSize := t.analyst.predict(side)
	first, second := left, right
	if n == flacBlock && float64(middleSize)+float64(differenceSize) < float64(leftSize)+float64(rightSize) {
		f.Channels, first, second = frame.ChannelsMidSide, middle, difference
	}
	f.Subframes = []*frame.Subframe{
		{SubHeader: first, Samples: t.block[0], NSamples: n},
		{SubHeader: second, Samples: t.block[1], NSamples: n},
	}
	return f
}

// save writes the whole file: the header, now that all of it is known, and the frames.
func (t *flacTrack) save(w io.Writer, comment *meta.VorbisComment, picture *meta.Picture) error {
	blocks := []*meta.Block{
		{Header: meta.Header{Type: meta.TypeSeekTable, Length: 1}, Body: &meta.SeekTable{Points: t.points}},
		{Header: meta.Header{Type: meta.TypeVorbisComment, Length: 1}, Body: comment},
		{Header: meta.Header{Type: meta.TypePicture, Length: 1}, Body: picture},
	} // a Length of 0 would make the encoder write an empty block; it works the true ones out itself
	if _, err := flac.NewEncoder(onlyWriter{w}, t.info(), blocks...); err != nil {
		return fmt.Errorf("flac header: %w", err)
	}
	_, err := w.Write(t.body.Bytes()[t.start:])
	return err
}

// onlyWriter hides every other method of w: the encoder would seek in a file or close it.
type onlyWriter struct{ io.Writer }
