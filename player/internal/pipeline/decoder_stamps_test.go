package pipeline

import (
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/internal/loader"
)

// noted is a segment that notes what it was joined with.
type noted struct {
	container.Demuxer
	before container.Demuxer
}

func (j *noted) Continue(before container.Demuxer) { j.before = before }

// TestEveryRunIsJoined: a segment that comes in parts is opened several times, and each time its first frame,
// which begins in the segment before, must be there, or the packets of one run are not those of another.
func TestEveryRunIsJoined(t *testing.T) {
	var s stamps
	var last container.Demuxer
	for index := range 3 {
		for _, packets := range []int{3, 7, 0} { // two parts, and the whole
			demux := &noted{}
			s.begin(demux, &loader.Run{Index: index, Packets: packets, Continues: index > 0})
			if demux.before != last {
				t.Errorf("segment %d, %d packets: joined with %v, want %v", index, packets, demux.before, last)
			}
			s.finish(&loader.Run{Index: index, Packets: packets})
			if packets == 0 {
				last = demux
			}
		}
	}
}
