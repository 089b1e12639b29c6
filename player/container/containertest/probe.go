package containertest

import (
	"fmt"
	"strings"
	"testing"
)

// Probed is what ffprobe says of a packet.
type Probed struct {
	PTS  int64 // in the container's ticks
	Size int
}

// Probe has ffprobe list the packets of a file's first stream of sound. The test is skipped where there is no
// ffprobe.
func Probe(t testing.TB, path string) (all []Probed) {
	t.Helper()
	out := string(Tool(t, "ffprobe", "-v", "quiet", "-select_streams", "a:0", "-show_entries", "packet=pts,size", "-of", "csv=p=0", path))
	for line := range strings.FieldsSeq(out) {
		var p Probed
		if _, err := fmt.Sscanf(strings.ReplaceAll(line, ",", " "), "%d %d", &p.PTS, &p.Size); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, p)
	}
	return all
}
