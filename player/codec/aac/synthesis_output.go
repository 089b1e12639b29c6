package aac

import "slices"

// output puts coded channels into the order of WAV.
type output struct {
	channels int
	routes   []route
	plain    []int // the coded channel of each output channel, where that is all there is to do
}

func newOutput(slots []slot) output {
	var coded []speaker
	for _, s := range slots {
		coded = append(coded, s.speakers...)
	}
	list, channels := routes(coded)
	o := output{channels: channels, routes: list}
	if len(list) != channels {
		return o
	}
	plain := slices.Repeat([]int{-1}, channels)
	for _, r := range list {
		if r.gain == 1 {
			plain[r.out] = r.in
		}
	}
	if !slices.Contains(plain, -1) {
		o.plain = plain
	}
	return o
}

// write interleaves as many samples of each plane as dst holds frames.
func (o *output) write(dst []float32, planes [][]float32) {
	n := len(dst) / o.channels
	switch {
	case o.plain != nil && o.channels == 1:
		copy(dst, planes[o.plain[0]])
	case o.plain != nil && o.channels == 2:
		l, r := planes[o.plain[0]][:n], planes[o.plain[1]][:n]
		for i, v := range l {
			if len(dst) < 2 {
				return
			}
			dst[0], dst[1] = v, r[i]
			dst = dst[2:]
		}
	case o.plain != nil:
		for out, in := range o.plain {
			for i, v := range planes[in][:n] {
				dst[i*o.channels+out] = v
			}
		}
	default:
		clear(dst)
		for _, r := range o.routes {
			for i, v := range planes[r.in][:n] {
				dst[i*o.channels+r.out] += r.gain * v
			}
		}
	}
}
