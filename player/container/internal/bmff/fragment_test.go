package bmff

import (
	"testing"

	"github.com/segue-audio/segue/player/media"
)

// TestJoin has a segment with a sample, in MP4's words, for each frame.
func TestJoin(t *testing.T) {
	var all []Sample
	for i := range 10_000 {
		all = join(all, Sample{At: int64(4 * i), Size: 4, Time: media.Frames(i), Duration: 1}, true)
	}
	if len(all) != 3 || all[1] != (Sample{At: 4 * PacketFrames, Size: 4 * PacketFrames, Time: PacketFrames, Duration: PacketFrames}) {
		t.Errorf("%d packets, %+v", len(all), all)
	}
	all = join(all, Sample{At: 40_004, Size: 4, Time: 10_000, Duration: 1}, true)  // a hole in the file
	all = join(all, Sample{At: 40_008, Size: 4, Time: 10_002, Duration: 1}, true)  // a hole in time
	all = join(all, Sample{At: 40_012, Size: 4, Time: 10_003, Duration: 1}, false) // not PCM
	if len(all) != 6 {
		t.Errorf("%d packets, want 6", len(all))
	}
}
