package aac

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/codectest"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

// replicatedPreroll is the pre-roll of HE-AAC, in packets: until the next header (fdkaac writes one in
// nine, libxaac one in ten) and then until filters that never quite forget have forgotten: those of
// inverse filtering, and the all-passes of parametric stereo.
const replicatedPreroll = 32

// placed gives packets the times that a container would.
func placed(d *Decoder, packets []media.Packet) []media.Packet {
	for i := range packets {
		packets[i].Duration = media.Frames(d.frames())
		packets[i].Time = media.Frames(i * d.frames())
	}
	return packets
}

// replicatedFiles are encodes of music() with fdkaac, long enough for the pre-roll.
var replicatedFiles = []string{"hev2-long.aac", "he-long.aac"}

// TestReplicationSuite runs the suite on HE-AAC; by default on one of the files.
func TestReplicationSuite(t *testing.T) {
	for _, name := range replicatedFiles[:containertest.Sweep(1, len(replicatedFiles))] {
		t.Run(name, func(t *testing.T) {
			f, packets := committed(t, name)
			d, err := New(f)
			if err != nil {
				t.Fatal(err)
			}
			codectest.Run(t, codectest.Harness{
				New:       func() (codec.Decoder, error) { return New(f) },
				Packets:   placed(d, packets)[:containertest.Sweep(46, len(packets))],
				Preroll:   replicatedPreroll,
				AllocFree: true,
			})
		})
	}
}

func TestReplicationRandomSeeks(t *testing.T) {
	for _, name := range replicatedFiles {
		checkSeeks(t, name, replicatedPreroll, containertest.Sweep(3, 500))
	}
}

// TestReplicationSeeks starts new decoders anywhere, which know no header either.
func TestReplicationSeeks(t *testing.T) {
	longest := 0
	for i, e := range replicatedEncodings() {
		if !e.everyone && (containertest.Sweep(true, false) || i%4 != 0) {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			f, packets := e.encode(t)
			f = Inspect(f, packets[0].Data)
			whole, err := New(f)
			if err != nil {
				t.Fatal(err)
			}
			n := whole.frames() * whole.Channels()
			want := codectest.Decode(t, whole, placed(whole, packets))
			rng := rand.New(rand.NewPCG(uint64(i), 9))
			for range containertest.Sweep(4, 10) {
				at := rng.IntN(len(packets))
				d, err := New(f)
				if err != nil {
					t.Fatal(err)
				}
				got := codectest.Decode(t, d, packets[at:])
				settled := len(packets) - at
				for settled > 0 && slices.Equal(got[(settled-1)*n:settled*n], want[(at+settled-1)*n:(at+settled)*n]) {
					settled--
				}
				if settled > replicatedPreroll {
					t.Errorf("started at packet %d, %d packets sound different", at, settled)
				}
				if settled < len(packets)-at {
					longest = max(longest, settled)
				}
			}
		})
	}
	t.Logf("at most %d packets sound different after a seek", longest)
}
