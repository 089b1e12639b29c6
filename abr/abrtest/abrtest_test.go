package abrtest

import (
	"testing"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/media"
)

// TestByHand holds the simulation to figures worked out on paper: the rest of the package's word is
// worth no more than this.
func TestByHand(t *testing.T) {
	// 64 kbps of 4 s are 32,000 bytes, 256,000 bits. The link carries 128 kbps (2 s a segment, plus
	// 0.5 s of latency) for 10 s, then nothing for 10 s, then 1 Mbps.
	c := Client{
		Rule:   abr.Lowest{},
		Ladder: Ladder(),
		Link: Link{Latency: 500 * time.Millisecond, Steps: []Step{
			{0, media.Kbps(128)}, {10 * time.Second, 0}, {20 * time.Second, media.Kbps(1000)},
		}},
		Length: 22 * time.Second,
		Target: 12 * time.Second,
	}
	r := c.Run()
	// Segments are in at 2.5, 5, 7.5 and 10. The fourth leaves 16 − 7.5 = 8.5 s in the buffer, so the
	// fifth waits 0.5 s, until 10.5. Its bytes flow from 20 and are in at 20.256. The buffer was empty
	// at 18.5: 1.756 s of silence. The sixth is asked for at once and takes 0.756 s.
	want := []time.Duration{2500, 5000, 7500, 10000, 20256, 21012}
	if len(r.Choices) != len(want) || !r.Finished {
		t.Fatalf("%+v", r)
	}
	for i, w := range want {
		if got := r.Choices[i].Done.Round(time.Millisecond); got != w*time.Millisecond {
			t.Errorf("segment %d in at %v, want %v", i, got, w*time.Millisecond)
		}
	}
	if r.Startup != 2500*time.Millisecond || r.Stalls != 1 || r.Stalled.Round(time.Millisecond) != 1756*time.Millisecond {
		t.Errorf("start-up %v, %d stalls, %v", r.Startup, r.Stalls, r.Stalled)
	}
	if r.Switches != 0 || r.Average != media.Kbps(64) || r.Wasted != 0 {
		t.Errorf("%+v", r)
	}
}

// breakOff fetches the highest and breaks off once, after two seconds.
type breakOff struct{ abr.Highest }

func (breakOff) Abandon(_ abr.State, p abr.Progress) (abr.Decision, bool) {
	return abr.Decision{Index: 0, Reason: abr.ReasonAbandon}, p.Index == 3 && p.Elapsed >= 2*time.Second
}

func TestAbandonByHand(t *testing.T) {
	c := Client{Rule: breakOff{}, Ladder: Ladder(), Link: Constant(media.Kbps(128), 0), Length: 4 * time.Second}
	r := c.Run()
	// Two seconds of 128 kbps are 32,000 bytes for nothing, then two for 64 kbps.
	if r.Abandons != 1 || r.Wasted != 32_000 || r.Startup != 4*time.Second || r.Choices[0].Tries != 1 || r.Choices[0].Index != 0 {
		t.Errorf("%+v", r)
	}
}

func TestGivesUp(t *testing.T) {
	c := Client{Rule: abr.Lowest{}, Ladder: Ladder(), Link: Link{}, Length: time.Minute}
	if r := c.Run(); r.Finished || len(r.Choices) != 0 {
		t.Errorf("%+v", r)
	}
}
