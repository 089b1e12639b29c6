package player_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// startLink is a link that the time to the first sound is measured on.
type startLink struct {
	name string
	rate media.Bitrate // zero: unlimited
	rtt  time.Duration
}

var startLinks = []startLink{
	{"1 Mbps, 80 ms", media.Kbps(1000), 80 * time.Millisecond},
	{"256 kbps, 300 ms", media.Kbps(256), 300 * time.Millisecond},
	{"5 Mbps, 40 ms", media.Kbps(5000), 40 * time.Millisecond},
	{"no limit", 0, 0},
}

// over makes the link; every new connection costs a round trip.
func (l startLink) over(s *playertest.Service) *playertest.Link {
	k := &playertest.Link{Handler: s, RTT: l.rtt, Setup: l.rtt}
	if l.rate > 0 {
		k.Rate = func(time.Duration) media.Bitrate { return l.rate }
	}
	return k
}

// limit is what physics asks for: round trips that can't be avoided, and bytes over the rate.
func (l startLink) limit(trips, bytes int) time.Duration {
	d := time.Duration(trips) * l.rtt
	if l.rate > 0 {
		d += time.Duration(float64(bytes) * 8 / float64(l.rate) * float64(time.Second))
	}
	return d
}

// startSlack is what the player may add whatever the link: mixing 100 ms of music and the ticks of a
// device that asks every 10 ms.
const startSlack = 25 * time.Millisecond

// shortSegments makes a service whose lowest rendition's segments are about as long in bytes as 4 s of
// 64 kbps, 32 kB: what is measured is the player, not the uncompressed music of this package.
func shortSegments(t testing.TB) (*playertest.Service, string, []int16) {
	s := playertest.NewService()
	s.Segment = 400 * time.Millisecond
	music := playertest.Music(3, 30*playertest.Rate)
	return s, s.Track(t, "t0", music), music
}

// TestStartAtTheLimit: from Play to the first sound at most 1.2 times what physics asks for, of an
// encrypted ladder of fragmented MP4 that nothing is known of.
func TestStartAtTheLimit(t *testing.T) {
	whole, master, _ := shortSegments(t)
	for _, l := range startLinks {
		t.Run(l.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := whole.Clone()
				// A connection, the multivariant playlist, the media playlist, the segment.
				limit := l.limit(4, s.Size("/t0/flac8/0.m4s"))
				r := start(t, l.over(s), player.Config{}, sink.RealTime, host+master)
				r.Play()
				checkStart(t, r, "start", firstAudio(r), limit)
				r.Close()
				<-r.read
			})
		})
	}
}

// TestStartsBeforeTheSegmentIsWhole: on a link that is fast enough the music begins when a quarter of a second
// of it is here, at the start and after a seek, and nothing of it is lost or heard twice; on one that
// is not, it waits.
func TestStartsBeforeTheSegmentIsWhole(t *testing.T) {
	const rtt = 100 * time.Millisecond
	for _, l := range []struct {
		rate  media.Bitrate
		early bool
	}{{media.Kbps(3000), true}, {media.Kbps(800), false}} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService() // encrypted, in segments of 4 s at 700 kbps
			music := playertest.Music(3, 30*playertest.Rate)
			link := startLink{rate: l.rate, rtt: rtt}
			master := host + s.Track(t, "t0", music)
			part := s.Size("/t0/flac8/0.m4s") / 10 // 0.4 s of music
			soon, whole := link.limit(4, part), link.limit(4, s.Size("/t0/flac8/0.m4s"))
			r := start(t, link.over(s), player.Config{Selection: player.Selection{Mode: player.ModeLowest}}, sink.RealTime, master)
			r.Play()
			took := firstAudio(r)
			t.Logf("%v: heard after %v; 0.4 s of music are here after %v, the segment after %v", l.rate, took, soon, whole)
			switch {
			case l.early && took > soon*12/10+startSlack:
				t.Errorf("late")
			case !l.early && took < whole*9/10:
				t.Errorf("began on a link that doesn't carry it")
			}
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			if _, err := playertest.Same(r.out.Music(), music); err != nil {
				t.Error(err)
			}
			if n, frames := r.out.Gaps(); n != 0 {
				t.Errorf("%d gaps of %d frames", n, frames)
			}
		})
	}
}

func firstAudio(r *rig) time.Duration {
	for range 10_000 {
		if d := r.State().Stats.FirstAudio; d > 0 {
			return d
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Hour
}

func checkStart(t *testing.T, r *rig, what string, took, limit time.Duration) {
	t.Helper()
	t.Logf("%-18s limit %7.1f ms, took %7.1f ms (× %.2f)", what, ms(limit), ms(took), float64(took)/float64(max(limit, 1)))
	if took > limit*12/10+startSlack {
		t.Errorf("%s took %v, the limit is %v", what, took, limit)
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// TestSeekAtTheLimit: a seek to what is in memory, or was, needs no request; one to elsewhere a round
// trip and the segment.
func TestSeekAtTheLimit(t *testing.T) {
	whole, master, _ := shortSegments(t)
	// The music of this package takes 706 kbps at least: links that carry more than that.
	for _, l := range []startLink{
		{"1.5 Mbps, 80 ms", media.Kbps(1500), 80 * time.Millisecond}, {"3 Mbps, 300 ms", media.Kbps(3000), 300 * time.Millisecond}, startLinks[2], startLinks[3],
	} {
		t.Run(l.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := whole.Clone()
				link := l.over(s)
				r := start(t, link, player.Config{Buffer: 4 * time.Second, Selection: player.Selection{Mode: player.ModeLowest}},
					sink.RealTime, host+master)
				r.Play()
				firstAudio(r)
				time.Sleep(12 * time.Second) // the buffer fills, and the link comes to rest
				seek := func(what string, to time.Duration, limit time.Duration) {
					begin := time.Now()
					if err := r.Seek(context.Background(), to); err != nil {
						t.Fatal(err)
					}
					checkStart(t, r, what, time.Since(begin), limit)
					time.Sleep(3 * time.Second)
				}
				before := link.Requests()
				pos := r.State().Position
				seek("ahead, in memory", pos+time.Second, 0)
				seek("back, in memory", pos-3*time.Second, 0)
				if n := link.Requests() - before; n > 12 { // 4 s more are wanted after the first one
					t.Errorf("%d requests for what was in memory", n)
				}
				seek("elsewhere", 24700*time.Millisecond, l.limit(1, s.Size("/t0/flac8/53.m4s"))) // at the segment's beginning
				r.Close()
				<-r.read
			})
		})
	}
}

// TestNextIsInstant: the next entry's beginning is here before it is asked for.
func TestNextIsInstant(t *testing.T) {
	s := playertest.NewService()
	s.Segment = 400 * time.Millisecond
	var urls []string
	for i := range 3 {
		urls = append(urls, host+s.Track(t, fmt.Sprintf("t%d", i), playertest.Music(uint64(i), 30*playertest.Rate)))
	}
	l := startLink{"3 Mbps, 80 ms", media.Kbps(3000), 80 * time.Millisecond}
	synctest.Test(t, func(t *testing.T) {
		link := l.over(s)
		r := start(t, link, player.Config{Buffer: 4 * time.Second}, sink.RealTime, urls...)
		r.Play()
		firstAudio(r)
		time.Sleep(10 * time.Second)
		for range 2 {
			began := time.Now()
			n := len(r.out.Music())
			r.Next()
			time.Sleep(time.Millisecond)
			for r.State().Phase != player.Ready && time.Since(began) < 10*time.Second {
				time.Sleep(time.Millisecond)
			}
			checkStart(t, r, "next", time.Since(began), 0)
			if len(r.out.Music()) == n {
				t.Error("nothing is heard")
			}
			time.Sleep(10 * time.Second)
		}
		r.Close()
		<-r.read
	})
}
