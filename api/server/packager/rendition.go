package packager

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player/manifest/hls"
	"github.com/segue-audio/segue/player/media"
)

// Names of files that the origin knows as well.
const (
	masterName = "master.m3u8"
	indexName  = "index.m3u8"
	initName   = "init.mp4"
	keyURI     = "../key.bin" // seen from a rendition's playlist
)

// maxSegments keeps segment names within the six digits that the origin takes.
const maxSegments = 999_999

// rendition writes one rendition's files, segment by segment, and then its playlist.
type rendition struct {
	dir    string // of the track
	name   string // of the rendition, and its folder
	codecs string // RFC 6381
	ext    string // of a segment
	key    [aes128.KeySize]byte
	trim   media.Trim
	rate   int // frames a second of trim and durations
	init   string

	segments []hls.SegmentSpec
	bytes    []int64 // of each segment as served
	raw      media.Frames
	cipher   []byte // reused
}

func (r *rendition) open() error { return os.Mkdir(filepath.Join(r.dir, r.name), 0o755) }

func (r *rendition) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(r.dir, r.name, name), data, 0o644)
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
	if r.cipher, err = aes128.Encrypt(r.cipher, plain, r.key[:], hls.SequenceIV(int64(n))); err != nil {
		return err
	}
	name := fmt.Sprintf("%d%s", n, r.ext)
	if err := r.write(name, r.cipher); err != nil {
		return err
	}
	// Durations are differences of rounded times, not rounded differences: the errors don't add up.
	begin := r.raw.Duration(r.rate).Round(time.Microsecond)
	r.raw += length
	r.segments = append(r.segments, hls.SegmentSpec{URI: name, Duration: r.raw.Duration(r.rate).Round(time.Microsecond) - begin})
	r.bytes = append(r.bytes, int64(len(r.cipher)))
	return nil
}

// finish writes the playlist and says what the master playlist has to say of the rendition.
func (r *rendition) finish() (hls.VariantSpec, error) {
	if len(r.segments) == 0 {
		return hls.VariantSpec{}, errors.New("packager: a rendition without segments")
	}
	list, err := hls.AppendMedia(nil, &hls.MediaSpec{Init: r.init, Key: &hls.KeySpec{URI: keyURI},
		Trim: &r.trim, TrimRate: r.rate, Segments: r.segments})
	if err != nil {
		return hls.VariantSpec{}, err
	}
	if err := r.write(indexName, list); err != nil {
		return hls.VariantSpec{}, err
	}
	peak, average := r.bandwidth()
	return hls.VariantSpec{URI: r.name + "/" + indexName, Peak: peak, Average: average, Codecs: r.codecs, Name: r.name}, nil
}

// bandwidth measures the segments as served. Those shorter than half the longest don't count for
// the peak (RFC 8216, 4.1): they are fetched as fast as any, and soon over.
func (r *rendition) bandwidth() (peak, average media.Bitrate) {
	var longest, total time.Duration
	for _, s := range r.segments {
		longest = max(longest, s.Duration)
	}
	var bytes int64
	for i, s := range r.segments {
		bytes += r.bytes[i]
		total += s.Duration
		if s.Duration*2 >= longest && s.Duration > 0 {
			peak = max(peak, bitrate(r.bytes[i], s.Duration))
		}
	}
	return peak, bitrate(bytes, total)
}

// bitrate rounds up: a rate that is told too low stalls a player, one too high does no harm.
func bitrate(bytes int64, d time.Duration) media.Bitrate {
	if d <= 0 {
		return 0
	}
	return media.Bitrate((float64(bytes)*8)/d.Seconds()) + 1
}
