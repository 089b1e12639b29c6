package mp4

import (
	"encoding/binary"
	"fmt"
	"io"
	"sort"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/bmff"
	"github.com/segue-audio/segue/player/container/internal/window"
	"github.com/segue-audio/segue/player/media"
)

// list is a table of a track: count entries of width bytes. It is read in place, a window at a time, so
// that a day of audio takes no more memory than a minute.
type list struct {
	name  string
	w     window.Window
	at    int64
	width int64
	count int64
}

// open finds the list in a box whose fields in front of it are head bytes long, the last four of them the
// count. The count may not claim more than the box holds.
func (l *list) open(r io.ReaderAt, size int64, t tables, name string, head, width int64) error {
	body, ok := t[bmff.CC(name)]
	if !ok {
		return fmt.Errorf("mp4: no %s box: %w", name, container.ErrFormat)
	}
	*l = list{name: name, w: window.Window{R: r, End: min(body.end, size)}, at: body.at + head, width: width}
	b, err := l.w.At(body.at, int(head))
	if err != nil {
		return err
	}
	if int64(len(b)) < head {
		return fmt.Errorf("mp4: %s box cut: %w", name, container.ErrFormat)
	}
	l.count = int64(binary.BigEndian.Uint32(b[head-4:]))
	if l.count*width > body.end-l.at {
		return fmt.Errorf("mp4: %s box of %d bytes claims %d entries: %w", name, body.end-body.at, l.count, container.ErrFormat)
	}
	return nil
}

// entry gives entry i, which must be less than count.
func (l *list) entry(i int64) ([]byte, error) {
	b, err := l.w.At(l.at+i*l.width, int(l.width))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) < l.width {
		return nil, fmt.Errorf("mp4: %s box cut: %w", l.name, container.ErrFormat)
	}
	return b, nil
}

// u32 gives field k of entry i.
func (l *list) u32(i int64, k int) (uint32, error) {
	b, err := l.entry(i)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(b[4*k:]), nil
}

// maxTicks bounds a track's length: at 192 kHz it is 186,000 years.
const maxTicks = 1 << 60

// sampleTable gives the samples of a track that isn't fragmented (ISO 14496-12, 8.6.1 and 8.7).
type sampleTable struct {
	track *bmff.Track
	times list // stts: runs of samples of one duration
	runs  list // stsc: runs of chunks with the same count of samples
	chunk list // stco, co64: where chunks lie
	sizes list // stsz, stz2: bytes of each sample

	total   int64  // samples
	fixed   int64  // bytes of each sample; zero where sizes tells
	bits    int    // of an entry of sizes
	group   int64  // samples that make one packet: uncompressed ones
	end     uint64 // counts: where the last sample ends
	fileEnd int64

	c cursor
}

// cursor is a place between two samples.
type cursor struct {
	sample int64
	at     int64  // offset of the sample
	inRun  int64  // of the chunk: samples that are left
	next   int64  // index of the next chunk
	run    int64  // of stsc: the entry for the next chunk, or one before it
	tick   uint64 // in counts
	timing int64  // of stts: the entry that is used up next
	same   int64  // samples that are left of the one in use
	delta  uint64 // in counts
}

func openTable(r io.ReaderAt, size int64, track *bmff.Track, t tables) (*sampleTable, error) {
	s := &sampleTable{track: track, fileEnd: size, group: 1}
	if err := s.times.open(r, size, t, "stts", 8, 8); err != nil {
		return nil, err
	}
	if err := s.runs.open(r, size, t, "stsc", 8, 12); err != nil {
		return nil, err
	}
	name, width := "stco", int64(4)
	if _, ok := t[bmff.CC("co64")]; ok {
		name, width = "co64", 8
	}
	if err := s.chunk.open(r, size, t, name, 8, width); err != nil {
		return nil, err
	}
	if err := s.openSizes(r, t); err != nil {
		return nil, err
	}
	if err := s.measure(); err != nil {
		return nil, err
	}
	return s, s.checkDescriptions()
}

// openSizes reads the heads of stsz and stz2 (8.7.3). Where all samples are of one size no table bounds their
// count, so the file's length does.
func (s *sampleTable) openSizes(r io.ReaderAt, t tables) error {
	if body, ok := t[bmff.CC("stz2")]; ok {
		// The count of bits stands before the count of entries; the check is by the smallest entry.
		if err := s.sizes.open(r, s.fileEnd, t, "stz2", 12, 0); err != nil {
			return err
		}
		b, err := s.sizes.w.At(body.at+7, 1)
		if err != nil {
			return err
		}
		s.total, s.bits = s.sizes.count, int(b[0])
		if s.bits != 4 && s.bits != 8 && s.bits != 16 {
			return fmt.Errorf("mp4: sizes of %d bits: %w", s.bits, container.ErrFormat)
		}
		s.sizes.width = max(1, int64(s.bits)/8)
		if s.total*int64(s.bits) > 8*(body.end-s.sizes.at) {
			return fmt.Errorf("mp4: stz2 box of %d bytes claims %d entries: %w", body.end-body.at, s.total, container.ErrFormat)
		}
		return nil
	}
	if err := s.sizes.open(r, s.fileEnd, t, "stsz", 12, 0); err != nil {
		return err
	}
	s.total, s.bits, s.sizes.width = s.sizes.count, 32, 4
	body := t[bmff.CC("stsz")]
	b, err := s.sizes.w.At(body.at+4, 4)
	if err != nil {
		return err
	}
	if s.fixed = int64(binary.BigEndian.Uint32(b)); s.fixed == 0 {
		if s.total*4 > body.end-s.sizes.at {
			return fmt.Errorf("mp4: stsz box of %d bytes claims %d entries: %w", body.end-body.at, s.total, container.ErrFormat)
		}
		return nil
	}
	if f := s.track.Info.Format; f.Codec == media.CodecPCM {
		// QuickTime's older files say 1 here whatever a frame takes.
		if n := int64(pcmBytes(f) * f.Channels); n > 0 {
			s.fixed = n
		}
		if d, err := s.times.u32(0, 1); s.times.count == 1 && err == nil && d == 1 {
			s.group = bmff.PacketFrames
		}
	}
	if s.fixed > container.MaxPacketBytes || s.total > s.fileEnd/s.fixed {
		return fmt.Errorf("mp4: %d samples of %d bytes in a file of %d: %w", s.total, s.fixed, s.fileEnd, container.ErrFormat)
	}
	return nil
}

// pcmBytes is how many bytes a sample of one channel takes.
func pcmBytes(f media.Format) int { return (f.BitDepth + 7) / 8 }

// measure adds up the durations.
func (s *sampleTable) measure() error {
	left := s.total
	var last uint64
	for i := int64(0); left > 0; i++ {
		n := left // a table too short goes on as it ends
		if i < s.times.count {
			b, err := s.times.entry(i)
			if err != nil {
				return err
			}
			n, last = min(int64(binary.BigEndian.Uint32(b)), left), s.track.Count(binary.BigEndian.Uint32(b[4:]))
		}
		over := uint64(n) > maxTicks/max(1, last)
		if s.end += uint64(n) * last; over || s.end > maxTicks {
			return fmt.Errorf("mp4: track of more than %d ticks: %w", int64(maxTicks), container.ErrLimit)
		}
		left -= n
	}
	return nil
}

// checkDescriptions refuses tracks that change what they are on the way.
func (s *sampleTable) checkDescriptions() error {
	for i := range s.runs.count {
		d, err := s.runs.u32(i, 2)
		if err != nil {
			return err
		}
		if d > 1 {
			return fmt.Errorf("mp4: a track of several sample descriptions: %w", container.ErrUnsupported)
		}
	}
	return nil
}

// size gives the bytes of sample i.
func (s *sampleTable) size(i int64) (int64, error) {
	if s.fixed > 0 {
		return s.fixed, nil
	}
	if s.bits == 4 {
		b, err := s.sizes.entry(i / 2)
		if err != nil {
			return 0, err
		}
		return int64(b[0] >> (4 - i%2*4) & 15), nil
	}
	b, err := s.sizes.entry(i)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for _, c := range b {
		n = n<<8 | int64(c)
	}
	return n, nil
}

// next gives the next sample that has bytes, or io.EOF.
func (s *sampleTable) next() (bmff.Sample, error) {
	for s.c.sample < s.total {
		c := s.c
		if c.inRun == 0 {
			if err := s.enter(&c); err != nil {
				return bmff.Sample{}, err
			}
		}
		n := min(s.group, c.inRun, s.total-c.sample)
		bytes, err := s.size(c.sample)
		if err != nil {
			return bmff.Sample{}, err
		}
		bytes *= n
		if bytes > container.MaxPacketBytes {
			return bmff.Sample{}, fmt.Errorf("mp4: sample of %d bytes: %w", bytes, container.ErrLimit)
		}
		from := s.track.Frames(c.tick)
		for range n {
			if err := s.advance(&c); err != nil {
				return bmff.Sample{}, err
			}
		}
		out := bmff.Sample{At: c.at, Size: int(bytes), Time: from, Duration: s.track.Frames(c.tick) - from}
		c.sample, c.at, c.inRun = c.sample+n, c.at+bytes, c.inRun-n
		s.c = c
		if bytes > 0 {
			return out, nil
		}
	}
	return bmff.Sample{}, io.EOF
}

// advance moves the time past one sample.
func (s *sampleTable) advance(c *cursor) error {
	for c.same == 0 && c.timing < s.times.count {
		b, err := s.times.entry(c.timing)
		if err != nil {
			return err
		}
		c.same, c.delta = int64(binary.BigEndian.Uint32(b)), s.track.Count(binary.BigEndian.Uint32(b[4:]))
		c.timing++
	}
	c.same = max(0, c.same-1)
	c.tick += c.delta
	return nil
}

// enter goes to the beginning of the next chunk that has samples.
func (s *sampleTable) enter(c *cursor) error {
	for c.inRun == 0 {
		if c.next >= s.chunk.count {
			return fmt.Errorf("mp4: %d samples, of which %d lie in chunks: %w", s.total, c.sample, container.ErrFormat)
		}
		for c.run+1 < s.runs.count {
			first, err := s.runs.u32(c.run+1, 0)
			if err != nil {
				return err
			}
			if int64(first) > c.next+1 {
				break
			}
			c.run++
		}
		if c.run >= s.runs.count {
			return fmt.Errorf("mp4: chunks of no known length: %w", container.ErrFormat)
		}
		n, err := s.runs.u32(c.run, 1)
		if err != nil {
			return err
		}
		b, err := s.chunk.entry(c.next)
		if err != nil {
			return err
		}
		at := uint64(0)
		for _, v := range b {
			at = at<<8 | uint64(v)
		}
		if at > 1<<60 {
			return fmt.Errorf("mp4: chunk at %d: %w", at, container.ErrFormat)
		}
		c.inRun, c.at = int64(n), int64(at)
		c.next++
	}
	return nil
}

// seek implements source.
func (s *sampleTable) seek(t, back media.Frames) error {
	var c cursor
	if t >= s.track.Frames(s.end) {
		s.c.sample = s.total
		return nil
	}
	if err := s.seekTime(&c, max(0, t-back)); err != nil {
		return err
	}
	if err := s.seekChunk(&c, c.sample); err != nil {
		return err
	}
	s.c = c
	return nil
}

// seekTime finds the sample by its time.
func (s *sampleTable) seekTime(c *cursor, t media.Frames) error {
	for c.sample < s.total {
		if c.timing < s.times.count {
			b, err := s.times.entry(c.timing)
			if err != nil {
				return err
			}
			c.same, c.delta = int64(binary.BigEndian.Uint32(b)), s.track.Count(binary.BigEndian.Uint32(b[4:]))
			c.timing++
		} else {
			c.same = s.total - c.sample
		}
		n := min(c.same, s.total-c.sample)
		if end := c.tick + uint64(n)*c.delta; n == 0 || s.track.Frames(end) <= t && c.sample+n < s.total {
			c.tick, c.sample = end, c.sample+n
			continue
		}
		k := int64(sort.Search(int(n), func(i int) bool { return s.track.Frames(c.tick+uint64(i+1)*c.delta) > t }))
		k = min(k, n-1)
		c.sample, c.tick, c.same = c.sample+k, c.tick+uint64(k)*c.delta, c.same-k
		return nil
	}
	return nil
}

// seekChunk finds where sample want lies, or the first one of its packet.
func (s *sampleTable) seekChunk(c *cursor, want int64) error {
	sample := int64(0) // the first one of chunk c.next
	for {
		n, last, err := s.chunkRun(c)
		if err != nil {
			return err
		}
		chunks := int64(0)
		if n > 0 {
			chunks = (want - sample) / n
		}
		if n == 0 || c.next+chunks >= last {
			if last >= s.chunk.count {
				return fmt.Errorf("mp4: sample %d lies in no chunk: %w", want, container.ErrFormat)
			}
			sample += (last - c.next) * n
			c.next, c.run = last, c.run+1
			continue
		}
		c.next += chunks
		sample += chunks * n
		break
	}
	back := (want - sample) % s.group // to where the packet begins
	if err := s.enter(c); err != nil {
		return err
	}
	if s.fixed > 0 {
		skip := want - back - sample
		sample, c.at, c.inRun = sample+skip, c.at+skip*s.fixed, c.inRun-skip
	}
	for ; sample < want-back; sample++ {
		n, err := s.size(sample)
		if err != nil {
			return err
		}
		c.at += n
		c.inRun--
	}
	c.sample -= back
	c.tick -= uint64(back) * c.delta
	c.same += back
	return nil
}

// chunkRun tells how many samples the chunks of run c.run have, and the index behind the last of them.
func (s *sampleTable) chunkRun(c *cursor) (samples, last int64, err error) {
	if c.run >= s.runs.count {
		return 0, 0, fmt.Errorf("mp4: chunks of no known length: %w", container.ErrFormat)
	}
	n, err := s.runs.u32(c.run, 1)
	if err != nil {
		return 0, 0, err
	}
	last = s.chunk.count
	if c.run+1 < s.runs.count {
		first, err := s.runs.u32(c.run+1, 0)
		if err != nil {
			return 0, 0, err
		}
		last = min(last, max(int64(first)-1, c.next))
	}
	return int64(n), last, nil
}
