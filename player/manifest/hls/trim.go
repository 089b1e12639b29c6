package hls

import (
	"strconv"

	"github.com/segue-audio/segue/player/media"
)

// EXT-X-SEGUE-TRIM:START=<frames>,LENGTH=<frames>,RATE=<hertz> is our own tag. It tells which part of the
// raw timeline is to be heard, which packed audio has no place for: START frames are dropped (encoder and
// decoder delay) and LENGTH are played, counted at RATE. Without LENGTH the rest is played. Other
// players pass over it, as RFC 8216, 6.3.1, has them do, and play the padding.
const trimTag = "EXT-X-SEGUE-TRIM"

const (
	maxTrimFrames = 1 << 53
	maxTrimRate   = 1 << 22
)

// trim handles EXT-X-SEGUE-TRIM.
func (p *parser) trim(value string) error {
	a, err := p.attributes(value)
	if err != nil {
		return err
	}
	var t media.Trim
	rate, err := parseInt(a.value("RATE"))
	if err != nil {
		return in("RATE", err)
	}
	if rate == 0 || rate > maxTrimRate {
		return malformed("RATE of %d", rate)
	}
	if t.Start, err = trimFrames(a.value("START")); err != nil {
		return in("START", err)
	}
	if s, ok := a.get("LENGTH"); ok {
		if t.Length, err = trimFrames(s); err != nil {
			return in("LENGTH", err)
		}
	}
	p.media.playlist.Trim, p.media.playlist.TrimRate = &t, int(rate)
	return nil
}

func trimFrames(s string) (media.Frames, error) {
	n, err := parseInt(s)
	if err == nil && n > maxTrimFrames {
		err = overLimit("%d frames", n)
	}
	return media.Frames(n), err
}

func appendTrim(dst []byte, t *media.Trim, rate int) []byte {
	dst = append(dst, "#"+trimTag+":START="...)
	dst = strconv.AppendInt(dst, int64(t.Start), 10)
	if t.Length > 0 {
		dst = append(dst, ",LENGTH="...)
		dst = strconv.AppendInt(dst, int64(t.Length), 10)
	}
	dst = append(dst, ",RATE="...)
	dst = strconv.AppendInt(dst, int64(rate), 10)
	return append(dst, '\n')
}
