package packager

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/manifest/hls"
	"github.com/segue-audio/segue/player/media"
)

// Names of files that the origin knows as well.
const (
	hlsName    = "master.m3u8"
	dashName   = "manifest.mpd"
	indexName  = "index.m3u8"
	initName   = "init.mp4"
	dashInit   = "init-dash.mp4"
	segmentExt = ".m4s"
	keyURI     = "../key.bin" // seen from a rendition's playlist
)

// maxSegments keeps segment names within the six digits that the origin takes.
const maxSegments = 999_999

// rendition writes one rendition's files, segment by segment, and then its playlist.
type rendition struct {
	dir    string
	name   string // its folder's too
	codecs string // RFC 6381
	format media.Format
	key    *[aes128.KeySize]byte // nil for segments in clear
	trim   media.Trim

	segments []segment
	raw      media.Frames
	cipher   []byte // reused

	peak, average media.Bitrate // once it is finished
}

// segment is one that was written.
type segment struct {
	length media.Frames
	bytes  int64 // as served
}

// open makes the folder and the init sections, of which HLS has its own. The edit list says what is to be
// heard of AAC; of FLAC all is.
func (r *rendition) open() error {
	if err := os.Mkdir(r.dir, 0o755); err != nil {
		return err
	}
	edit := r.trim
	if r.format.Codec == media.CodecFLAC {
		edit = media.Trim{}
	}
	if err := r.write(initName, fmp4.AppendInitHLS(nil, r.format, edit)); err != nil || r.key != nil {
		return err
	}
	return r.write(dashInit, fmp4.AppendInit(nil, r.format, edit))
}

func (r *rendition) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(r.dir, name), data, 0o644)
}

// fragment gathers the packets of a segment. A demuxer's packet lives until its next, so they are
// copied, one behind the other.
type fragment struct {
	data    []byte
	ends    []int
	packets []media.Packet
	length  media.Frames
	out     []byte // reused
}

func (f *fragment) add(p media.Packet) {
	f.data = append(f.data, p.Data...)
	f.ends = append(f.ends, len(f.data))
	f.packets = append(f.packets, p)
	f.length += p.Duration
}

// flush writes what was gathered as the next segment.
func (r *rendition) flush(f *fragment) error {
	if len(f.packets) == 0 {
		return nil
	}
	begin := 0
	for i, end := range f.ends {
		f.packets[i].Data = f.data[begin:end]
		begin = end
	}
	f.out = fmp4.AppendFragment(f.out[:0], uint32(len(r.segments)+1), r.raw, f.packets)
	if err := r.add(f.out, f.length); err != nil {
		return err
	}
	f.data, f.ends, f.packets, f.length = f.data[:0], f.ends[:0], f.packets[:0], 0
	return nil
}

// add encrypts and writes the next segment, which lasts for length.
//
// The IV is the segment's number, as HLS has it where a playlist gives none. Renditions share the
// key, so the same number serves once in each; CBC tells an attacker no more by that than whether
// two segments begin alike, which the format says anyway.
func (r *rendition) add(plain []byte, length media.Frames) (err error) {
	n := len(r.segments)
	if n >= maxSegments {
		return fmt.Errorf("%w: more than %d segments", ErrSource, maxSegments)
	}
	served := plain
	if r.key != nil {
		if r.cipher, err = aes128.Encrypt(r.cipher, plain, r.key[:], hls.SequenceIV(int64(n))); err != nil {
			return err
		}
		served = r.cipher
	}
	if err := r.write(segmentName(n), served); err != nil {
		return err
	}
	r.raw += length
	r.segments = append(r.segments, segment{length, int64(len(served))})
	return nil
}

func segmentName(n int) string { return fmt.Sprintf("%d%s", n, segmentExt) }

// durations are the segments' as HLS has them, in microseconds. They are differences of rounded times, not
// rounded differences, so that errors don't add up. AAC's ends are rounded up and FLAC's down: a player
// that changes from one to the other at their common end then doesn't find itself a microsecond too early,
// and fetches a segment for that.
func (r *rendition) durations() []time.Duration {
	list := make([]time.Duration, len(r.segments))
	var before time.Duration
	var raw media.Frames
	for i, s := range r.segments {
		raw += s.length
		end := raw.Duration(r.format.SampleRate)
		if r.format.Codec != media.CodecFLAC {
			end += time.Microsecond - 1
		}
		end = end.Truncate(time.Microsecond)
		list[i], before = end-before, end
	}
	return list
}

// finish writes the playlist and measures the bitrates.
func (r *rendition) finish() error {
	if len(r.segments) == 0 {
		return errors.New("packager: a rendition without segments")
	}
	spec := &hls.MediaSpec{Init: initName, Trim: &r.trim, TrimRate: r.format.SampleRate}
	if r.key != nil {
		spec.Key = &hls.KeySpec{URI: keyURI}
	}
	durations := r.durations()
	for i, d := range durations {
		spec.Segments = append(spec.Segments, hls.SegmentSpec{URI: segmentName(i), Duration: d})
	}
	list, err := hls.AppendMedia(nil, spec)
	if err != nil {
		return err
	}
	r.measure(durations)
	return r.write(indexName, list)
}

// variant is what the master playlist says of the rendition.
func (r *rendition) variant() hls.VariantSpec {
	return hls.VariantSpec{URI: r.name + "/" + indexName, Peak: r.peak, Average: r.average, Codecs: r.codecs, Name: r.name}
}

// measure finds the bitrates of the segments as served. Those shorter than half the longest don't count
// for the peak (RFC 8216, 4.1): they are fetched as fast as any, and soon over.
func (r *rendition) measure(durations []time.Duration) {
	var longest, total time.Duration
	for _, d := range durations {
		longest = max(longest, d)
	}
	var bytes int64
	for i, d := range durations {
		bytes += r.segments[i].bytes
		total += d
		if d*2 >= longest && d > 0 {
			r.peak = max(r.peak, bitrate(r.segments[i].bytes, d))
		}
	}
	r.average = bitrate(bytes, total)
	r.peak = max(r.peak, r.average) // the short ones may be dear
}

// bitrate rounds up: a rate that is told too low stalls a player, one too high does no harm.
func bitrate(bytes int64, d time.Duration) media.Bitrate {
	if d <= 0 {
		return 0
	}
	return media.Bitrate((float64(bytes)*8)/d.Seconds()) + 1
}
