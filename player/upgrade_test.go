package player_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// eager begins with the lowest rendition, goes on with it, and upgrades what will not be heard soon.
type eager struct{ abr.Lowest }

func (eager) Upgrade(s abr.State, queue []abr.Queued) (abr.Upgrade, bool) {
	top := len(s.Renditions) - 1
	for i, q := range queue {
		if q.Index < top && q.Starts > 5*time.Second {
			return abr.Upgrade{Place: i, Decision: abr.Decision{Index: top, Reason: abr.ReasonUpgrade}}, true
		}
	}
	return abr.Upgrade{}, false
}

// TestUpgrade replaces segments in the buffer by better ones: every frame is that of one of the renditions, and
// after the first seconds that of the best.
func TestUpgrade(t *testing.T) {
	origin := playertest.NewService()
	pcm := playertest.Music(1, 60*playertest.Rate)
	item := host + origin.Track(t, "a", pcm)
	synctest.Test(t, func(t *testing.T) {
		link := &playertest.Link{Handler: origin, RTT: 50 * time.Millisecond, Rate: func(time.Duration) media.Bitrate { return media.Kbps(8000) }}
		r := start(t, link, player.Config{Rule: eager{}, Buffer: 20 * time.Second}, sink.RealTime, item)
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		music := r.out.Music()
		if _, err := playertest.Same(music, pcm); err != nil {
			t.Error(err)
		}
		from := 2 * 24 * playertest.Rate // the last of what was there before the buffer was full
		best := 0
		for i := from; i < len(music); i++ {
			if music[i] == float32(pcm[i])/32768 {
				best++
			}
		}
		if best < (len(music)-from)*99/100 {
			t.Errorf("%d of %d samples are of the best rendition", best, len(music)-from)
		}
		if n, _ := r.out.Gaps(); n > 0 || len(count[player.Rebuffering](r)) > 0 {
			t.Errorf("%d gaps", n)
		}
	})
}

// TestUpgradeFails: where the better rendition can't be had, what is there is played, and each segment is
// tried once.
func TestUpgradeFails(t *testing.T) {
	origin := playertest.NewService()
	pcm := playertest.Music(1, 60*playertest.Rate)
	item := host + origin.Track(t, "a", pcm)
	var mu sync.Mutex
	asked := map[string]int{}
	refusing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "flac16/") && strings.HasSuffix(r.URL.Path, ".m4s") {
			mu.Lock()
			asked[r.URL.Path]++
			mu.Unlock()
			http.Error(w, "not today", http.StatusNotFound)
			return
		}
		origin.ServeHTTP(w, r)
	})
	synctest.Test(t, func(t *testing.T) {
		link := &playertest.Link{Handler: refusing, RTT: 50 * time.Millisecond, Rate: func(time.Duration) media.Bitrate { return media.Kbps(8000) }}
		r := start(t, link, player.Config{Rule: eager{}, Buffer: 20 * time.Second}, sink.RealTime, item)
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if switches, err := playertest.Same(r.out.Music(), pcm); err != nil || switches > 0 {
			t.Errorf("%d switches, %v", switches, err)
		}
	})
	for path, n := range asked {
		if n > 2 {
			t.Errorf("%s was asked for %d times", path, n)
		}
	}
	if len(asked) == 0 {
		t.Error("nothing was upgraded")
	}
}

// witness is eager, and notes what it is told of the end of the music.
type witness struct {
	eager
	left  *[]time.Duration
	allIn *int
}

func (w witness) Next(s abr.State) abr.Decision {
	if s.Finishes || s.Left > 0 {
		*w.left = append(*w.left, s.Left)
	}
	return w.eager.Next(s)
}

func (w witness) Upgrade(s abr.State, queue []abr.Queued) (abr.Upgrade, bool) {
	if s.AllIn && s.Finishes {
		*w.allIn++
	}
	return w.eager.Upgrade(s, queue)
}

// TestUpgradeUntilHeard: when the last segment of the last entry is here, what waits is made better until it is heard, and the
// rule knows how much music is left; where another entry follows, the link is that one's in time.
func TestUpgradeUntilHeard(t *testing.T) {
	origin := playertest.NewService()
	pcm := playertest.Music(1, 40*playertest.Rate)
	item := host + origin.Track(t, "a", pcm)
	next := host + origin.Track(t, "b", playertest.Music(2, 4*playertest.Rate))
	synctest.Test(t, func(t *testing.T) {
		best := func(items ...string) (n int, w witness) {
			w = witness{left: new([]time.Duration), allIn: new(int)}
			link := &playertest.Link{Handler: origin, RTT: 50 * time.Millisecond, Rate: func(time.Duration) media.Bitrate { return media.Kbps(4500) }}
			r := start(t, link, player.Config{Rule: w, Buffer: 60 * time.Second}, sink.RealTime, items...)
			r.Play()
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			music := r.out.Music()
			for i := range min(len(music), len(pcm)) {
				if music[i] == float32(pcm[i])/32768 {
					n++
				}
			}
			return n, w
		}
		alone, w := best(item)
		if left := *w.left; len(left) < 5 || left[0] > 40*time.Second || left[len(left)-1] > 8*time.Second || *w.allIn == 0 {
			t.Errorf("told of %v, and of the end %d times", left, *w.allIn)
		}
		followed, _ := best(item, next)
		t.Logf("%d and %d of %d samples are of the best rendition", alone, followed, len(pcm))
		if alone < len(pcm)*6/10 || followed > alone/2 {
			t.Errorf("%d and %d of %d samples are of the best rendition", alone, followed, len(pcm))
		}
	})
}
