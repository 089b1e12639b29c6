package packager

import (
	"fmt"

	"github.com/segue-audio/segue/player/media"
)

// ladder gives the bitrates in kbps, ascending, of the AAC renditions of a source: 48, 96, 160 and 320
// for a lossless one. What was lossy before gets nothing above its own rate, which would only cost
// bytes: its top rung is the nearest of the usual rates, and rungs close below that are left out.
func ladder(s Source) []int64 {
	rungs := []int64{48, 96, 160, 320}
	if s.Kind != MP3 {
		return rungs
	}
	top := int64(320)
	for _, r := range []int64{48, 64, 80, 96, 112, 128, 160, 192, 224, 256} {
		if media.Kbps(r*103/100) >= s.Bitrate { // a VBR average a little above counts as it
			top = r
			break
		}
	}
	var list []int64
	for _, r := range rungs {
		if r*10 <= top*8 {
			list = append(list, r)
		}
	}
	return append(list, top)
}

// aacRate is the sample rate of the AAC renditions: of the source's own family, so that resampling
// is by a small ratio where it can't be avoided.
func aacRate(source int) int {
	if source%11025 == 0 {
		return 44100
	}
	return 48000
}

func aacName(kbps int64) string { return fmt.Sprintf("aac-%d", kbps) }
