package hls

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// ErrWrite is wrapped by the errors of AppendMaster and AppendMedia: what was asked for can't be written.
var ErrWrite = errors.New("hls: not writable as a playlist")

// VariantSpec is one variant of a multivariant playlist to be written.
type VariantSpec struct {
	URI     string        // of its media playlist, as a rule relative
	Peak    media.Bitrate // BANDWIDTH, which must be there
	Average media.Bitrate // AVERAGE-BANDWIDTH; zero leaves it out
	Codecs  string        // RFC 6381, such as "fLaC" or "mp4a.40.34"; "" leaves it out
	Name    string        // for people; "" leaves it out
}

// MediaSpec is a media playlist on demand (VOD) to be written.
type MediaSpec struct {
	Init     string      // URI of the init section; "" for none
	Key      *KeySpec    // nil for segments in clear
	Trim     *media.Trim // nil leaves it out
	TrimRate int         // frames a second that Trim counts at
	Segments []SegmentSpec
}

// KeySpec says how all the segments of a playlist are encrypted: AES-128-CBC, each as a whole.
type KeySpec struct {
	URI string    // gives the 16 raw bytes
	IV  *[16]byte // nil for SequenceIV of the segment's index
}

// SegmentSpec is one segment to be written.
type SegmentSpec struct {
	URI           string
	Duration      time.Duration // written in whole microseconds
	Offset        int64         // of its byte range; used with Length
	Length        int64         // zero for the whole of URI
	Discontinuity bool          // the encoding changes before it
}

// AppendMaster appends a multivariant playlist. The variants are plain ones: an EXT-X-MEDIA group of an
// audio-only presentation makes hls.js load it twice and stall. Errors wrap ErrWrite.
func AppendMaster(dst []byte, variants []VariantSpec) ([]byte, error) {
	if len(variants) == 0 {
		return dst, fmt.Errorf("%w: no variants", ErrWrite)
	}
	dst = append(dst, "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n"...)
	for i := range variants {
		v := &variants[i]
		if v.Peak <= 0 || v.Average < 0 {
			return dst, fmt.Errorf("%w: variant %d: no bitrate", ErrWrite, i)
		}
		if err := errors.Join(checkURI(v.URI), checkQuoted(v.Codecs), checkQuoted(v.Name)); err != nil {
			return dst, fmt.Errorf("%w: variant %d: %w", ErrWrite, i, err)
		}
		dst = append(dst, "#EXT-X-STREAM-INF:BANDWIDTH="...)
		dst = strconv.AppendInt(dst, int64(v.Peak), 10)
		if v.Average > 0 {
			dst = append(dst, ",AVERAGE-BANDWIDTH="...)
			dst = strconv.AppendInt(dst, int64(v.Average), 10)
		}
		dst = appendQuoted(dst, ",CODECS=", v.Codecs)
		dst = appendQuoted(dst, ",NAME=", v.Name)
		dst = append(dst, '\n')
		dst = append(dst, v.URI...)
		dst = append(dst, '\n')
	}
	return dst, nil
}

// AppendMedia appends a media playlist, complete with EXT-X-ENDLIST. EXT-X-MAP comes before EXT-X-KEY,
// since the key would else speak of the init section too, which no player stands. Errors wrap ErrWrite.
func AppendMedia(dst []byte, p *MediaSpec) ([]byte, error) {
	if err := p.check(); err != nil {
		return dst, fmt.Errorf("%w: %w", ErrWrite, err)
	}
	// The type comes first, so that wherever the playlist is cut off, it is seen to be.
	dst = append(dst, "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-TARGETDURATION:"...)
	dst = strconv.AppendInt(dst, p.targetSeconds(), 10)
	dst = append(dst, "\n#EXT-X-MEDIA-SEQUENCE:0\n"...)
	if p.Trim != nil {
		dst = appendTrim(dst, p.Trim, p.TrimRate)
	}
	if p.Init != "" {
		dst = appendQuoted(dst, "#EXT-X-MAP:URI=", p.Init)
		dst = append(dst, '\n')
	}
	if p.Key != nil {
		dst = appendQuoted(dst, "#EXT-X-KEY:METHOD=AES-128,URI=", p.Key.URI)
		if p.Key.IV != nil {
			dst = append(dst, ",IV=0x"...)
			dst = hex.AppendEncode(dst, p.Key.IV[:])
		}
		dst = append(dst, '\n')
	}
	for i := range p.Segments {
		dst = appendSegment(dst, &p.Segments[i])
	}
	return append(dst, "#EXT-X-ENDLIST\n"...), nil
}

func appendSegment(dst []byte, s *SegmentSpec) []byte {
	if s.Discontinuity {
		dst = append(dst, "#EXT-X-DISCONTINUITY\n"...)
	}
	us := s.Duration.Round(time.Microsecond) / time.Microsecond
	dst = fmt.Appendf(dst, "#EXTINF:%d.%06d,\n", us/1e6, us%1e6)
	if s.Length > 0 {
		dst = fmt.Appendf(dst, "#EXT-X-BYTERANGE:%d@%d\n", s.Length, s.Offset)
	}
	dst = append(dst, s.URI...)
	return append(dst, '\n')
}

func (p *MediaSpec) check() error {
	if len(p.Segments) == 0 {
		return errors.New("no segments")
	}
	if p.Trim != nil && (p.Trim.Start < 0 || p.Trim.Start > maxTrimFrames || p.Trim.Length > maxTrimFrames ||
		p.TrimRate <= 0 || p.TrimRate > maxTrimRate) {
		return fmt.Errorf("trim %+v at %d Hz", *p.Trim, p.TrimRate)
	}
	if p.Init != "" {
		if err := checkQuoted(p.Init); err != nil {
			return fmt.Errorf("init section: %w", err)
		}
	}
	if p.Key != nil {
		if err := errors.Join(checkURI(p.Key.URI), checkQuoted(p.Key.URI)); err != nil {
			return fmt.Errorf("key: %w", err)
		}
	}
	for i := range p.Segments {
		s := &p.Segments[i]
		if err := checkURI(s.URI); err != nil {
			return fmt.Errorf("segment %d: %w", i, err)
		}
		if s.Duration < 0 || s.Offset < 0 || s.Length < 0 {
			return fmt.Errorf("segment %d: negative duration or range", i)
		}
	}
	return nil
}

// targetSeconds is the longest duration rounded to the nearest second (RFC 8216, 4.3.3.1), at least 1.
func (p *MediaSpec) targetSeconds() int64 {
	var longest time.Duration
	for i := range p.Segments {
		longest = max(longest, p.Segments[i].Duration)
	}
	return max(1, int64(longest.Round(time.Second)/time.Second))
}

func appendQuoted(dst []byte, before, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, before...)
	dst = append(dst, '"')
	dst = append(dst, value...)
	return append(dst, '"')
}

// checkURI: a line of its own that is no tag, comment or variable reference.
func checkURI(s string) error {
	if s == "" || s[0] == '#' || strings.TrimSpace(s) != s || strings.Contains(s, "{$") || hasControl(s) {
		return fmt.Errorf("URI %q", s)
	}
	return nil
}

// checkQuoted: what may stand between quotation marks (RFC 8216, 4.2).
func checkQuoted(s string) error {
	if strings.Contains(s, `"`) || strings.Contains(s, "{$") || hasControl(s) {
		return fmt.Errorf("string %q", s)
	}
	return nil
}

func hasControl(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0
}
