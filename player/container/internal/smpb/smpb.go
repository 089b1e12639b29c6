// Package smpb reads iTunSMPB, the comment in which iTunes and the encoders that follow it say which
// part of a stream is music: in MP4 in a "----" item, in MP3 and ADTS in ID3's COMM.
package smpb

import (
	"strconv"
	"strings"

	"github.com/segue-audio/segue/player/media"
)

// Name is what the comment is called.
const Name = "iTunSMPB"

// most bounds each count: 66 hours at 192 kHz, so that sums and multiples of them can't overflow.
const most = 1 << 40

// Comment counts frames at the rate of the coded stream, which in HE-AAC is half that of the output.
type Comment struct {
	Delay   media.Frames // before the music
	Padding media.Frames // behind it
	Length  media.Frames // of the music
}

// Parse reads the comment: hexadecimal numbers between spaces, of which the second to the fourth are
// the counts. ok is false where they aren't there or tell of no music.
func Parse(text string) (c Comment, ok bool) {
	fields := strings.Fields(text[:min(len(text), 256)])
	if len(fields) < 4 {
		return c, false
	}
	for i, to := range []*media.Frames{&c.Delay, &c.Padding, &c.Length} {
		n, err := strconv.ParseUint(fields[i+1], 16, 64)
		if err != nil || n > most {
			return Comment{}, false
		}
		*to = media.Frames(n)
	}
	if c.Length == 0 {
		return Comment{}, false
	}
	return c, true
}

// Total is the length of the stream that the comment was written for.
func (c Comment) Total() media.Frames { return c.Delay + c.Length + c.Padding }
