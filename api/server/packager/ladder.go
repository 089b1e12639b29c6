package packager

import (
	"fmt"

	"github.com/segue-audio/segue/player/media"
)

// mp3Rates are the bitrates of MPEG-1 Layer III from 64 kbps on (ISO 11172-3, 2.4.2.3), in kbps.
// Below that, stereo at 44.1 kHz is not worth a rendition.
func mp3Rates() []int64 { return []int64{64, 80, 96, 112, 128, 160, 192, 224, 256, 320} }

// ladder gives the bitrates in kbps, ascending, of the MP3 renditions of a source: 64, 128 and 320
// for a lossless one. What was lossy before gets nothing above its own rate, which would only cost
// bytes: its top rung is the nearest rate, and rungs close below that are left out.
func ladder(s Source) []int64 {
	rungs := []int64{64, 128, 320}
	if s.Kind != MP3 {
		return rungs
	}
	top := mp3Rates()[len(mp3Rates())-1]
	for _, r := range mp3Rates() {
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

// mp3Rate is the sample rate of the MP3 renditions: of the source's own family, so that resampling
// is by a small ratio where it can't be avoided.
func mp3Rate(source int) int {
	if source%11025 == 0 {
		return 44100
	}
	return 48000
}

func mp3Name(kbps int64) string { return fmt.Sprintf("mp3-%d", kbps) }
