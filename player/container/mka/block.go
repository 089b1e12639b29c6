package mka

import (
	"encoding/binary"
	"fmt"

	"github.com/segue-audio/segue/player/container"
)

// maxLaces is how many frames a block can hold.
const maxLaces = 256

// block is a Block or SimpleBlock (RFC 9559, 10), its frames apart.
type block struct {
	track  int64
	time   int64 // against the cluster's
	frames [][]byte
}

// parseBlockHead reads what stands in front of the frames.
func parseBlockHead(b []byte) (k block, flags byte, n int) {
	k.track, n = parseSize(b)
	if n == 0 || len(b) < n+3 {
		return k, 0, 0
	}
	k.time = int64(int16(binary.BigEndian.Uint16(b[n:])))
	return k, b[n+2], n + 3
}

// parseBlock takes a block apart. The error wraps container.ErrFormat.
func parseBlock(b []byte) (block, error) {
	k, flags, n := parseBlockHead(b)
	if n == 0 {
		return k, errBlock
	}
	b = b[n:]
	lacing := flags >> 1 & 3
	if lacing == 0 {
		k.frames = [][]byte{b}
		return k, nil
	}
	if len(b) == 0 {
		return k, errBlock
	}
	count := int(b[0]) // frames, less one
	b = b[1:]
	var sizes []int
	ok := true
	switch lacing {
	case 1:
		sizes, n, ok = xiphSizes(b, count)
	case 3:
		sizes, n, ok = ebmlSizes(b, count)
	default: // all are of one size
		each := len(b) / (count + 1)
		ok = each*(count+1) == len(b)
		sizes, n = make([]int, count), 0
		for i := range sizes {
			sizes[i] = each
		}
	}
	last := len(b) - n - sum(sizes)
	if !ok || last < 0 {
		return k, errBlock
	}
	b = b[n:]
	for _, size := range append(sizes, last) {
		k.frames, b = append(k.frames, b[:size:size]), b[size:]
	}
	return k, nil
}

var errBlock = fmt.Errorf("mka: broken block: %w", container.ErrFormat)

// xiphSizes reads the sizes of all frames but the last (10.3.2); n is the length of what tells them.
func xiphSizes(b []byte, count int) (sizes []int, n int, ok bool) {
	for range count {
		size := 0
		for {
			if n == len(b) {
				return nil, 0, false
			}
			c := int(b[n])
			n++
			if size += c; c < 255 {
				break
			}
		}
		sizes = append(sizes, size)
	}
	return sizes, n, true
}

// ebmlSizes reads sizes that are told as differences (10.3.3).
func ebmlSizes(b []byte, count int) (sizes []int, n int, ok bool) {
	size := int64(0)
	for i := range count {
		v, k := parseSize(b[n:])
		if k == 0 || v == unknown {
			return nil, 0, false
		}
		if n += k; i > 0 {
			v += size - (1<<(7*k-1) - 1)
		}
		if size = v; size < 0 || size > int64(len(b)) {
			return nil, 0, false
		}
		sizes = append(sizes, int(size))
	}
	return sizes, n, true
}
