package flac

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/window"
)

const (
	blockStreamInfo = 0
	blockSeekTable  = 3
	maxBlocks       = 4096  // metadata blocks; real files have a dozen
	maxSeekPoints   = 65536 // kept of a table; more only make seeking slower
	seekPointBytes  = 18
)

// blocks is what the blocks in front of the frames say.
type blocks struct {
	info  StreamInfo
	found bool   // there was a STREAMINFO
	raw   []byte // its 34 bytes
	seeks []seekPoint
	end   int64 // offset behind the last block; behind STREAMINFO where the walk went astray
	far   int64 // as far as the walk came
}

// seekPoint is an entry of the seek table (RFC 9639 section 8.5); its offset counts from the first
// frame. It is a claim to verify.
type seekPoint struct{ sample, offset int64 }

// lastBlockKind is the highest that RFC 9639 section 8.1 gives a meaning.
const lastBlockKind = 6

// readMetadata reads the blocks of a file whose "fLaC" stands at start. Blocks that make no sense end
// the reading without an error: what matters is whether frames are found behind. Since a wrong length
// may have led past the first frames, they are then searched from STREAMINFO on.
func readMetadata(w *window.Window, start int64) (m blocks, err error) {
	off := start + 4
	m.end, m.far = off, off
	for range maxBlocks {
		head, err := w.At(off, 4)
		if err != nil || len(head) < 4 || head[0]&0x7f > lastBlockKind {
			return m, err
		}
		last, kind := head[0]&0x80 != 0, head[0]&0x7f
		size := int64(head[1])<<16 | int64(head[2])<<8 | int64(head[3])
		off += 4
		if off+size > w.End {
			return m, nil
		}
		switch {
		case kind == blockStreamInfo && !m.found:
			body, err := w.At(off, StreamInfoBytes)
			if err != nil {
				return m, err
			}
			if info, err := ParseStreamInfo(body); err == nil {
				m.info, m.found, m.raw = info, true, append([]byte(nil), body...)
				m.end = off + size
			}
		case kind == blockSeekTable && m.seeks == nil:
			if m.seeks, err = readSeekTable(w, off, size); err != nil {
				return m, err
			}
		}
		off += size
		m.far = off
		if last {
			m.end = off
			return m, nil
		}
	}
	return m, fmt.Errorf("flac: more than %d metadata blocks: %w", maxBlocks, container.ErrLimit)
}

func readSeekTable(w *window.Window, off, size int64) ([]seekPoint, error) {
	n := min(size/seekPointBytes, maxSeekPoints)
	b, err := w.At(off, int(n*seekPointBytes))
	if err != nil {
		return nil, err
	}
	var points []seekPoint
	for ; len(b) >= seekPointBytes; b = b[seekPointBytes:] {
		sample, offset := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
		if sample == math.MaxUint64 || offset >= uint64(w.End) || sample >= 1<<36 {
			continue // a placeholder, or nonsense
		}
		points = append(points, seekPoint{int64(sample), int64(offset)})
	}
	return points, nil
}
