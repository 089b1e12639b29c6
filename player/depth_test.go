package player_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
)

// TestDepth: where the network is cheap, minutes are fetched ahead, the whole next track among them, and then the
// radio rests; where bytes cost, or the listener skips a lot, no more than the buffer.
func TestDepth(t *testing.T) {
	origin := playertest.NewService()
	item := host + origin.Padded(t, "a", []media.Bitrate{media.Kbps(48), media.Kbps(160), media.Kbps(320)}, 100*time.Second)
	for _, tt := range []struct {
		name        string
		network     player.Network
		skips       int
		least, most time.Duration // buffered after a minute
		rests       bool
	}{
		{"4G", player.Network{Kind: abr.Network4G}, 0, 130 * time.Second, 250 * time.Second, true},
		{"fixed", player.Network{Kind: abr.NetworkFixed}, 0, 55 * time.Second, 65 * time.Second, false},
		{"4G, metered", player.Network{Kind: abr.Network4G, Metered: true}, 0, 25 * time.Second, 38 * time.Second, false},
		{"4G, with many skips", player.Network{Kind: abr.Network4G}, 40, 25 * time.Second, 38 * time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				begun, last, longest := time.Now(), time.Now(), time.Duration(0)
				counting := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					mu.Lock()
					if time.Since(begun) > time.Minute {
						longest = max(longest, time.Since(last))
					}
					last = time.Now()
					mu.Unlock()
					origin.ServeHTTP(w, r)
				})
				link := &playertest.Link{Handler: counting, RTT: 60 * time.Millisecond, Rate: func(time.Duration) media.Bitrate { return media.Kbps(3000) }}
				out := &ear{begun: time.Now()}
				p := player.New(player.Config{Sink: out, HTTP: link.Client(), Network: tt.network, BufferMost: 5 * time.Minute})
				for i := range tt.skips + 4 {
					p.Append(player.Item{URL: item + "?" + string(rune('a'+i))})
				}
				p.Play()
				for range tt.skips {
					time.Sleep(time.Second)
					p.Next()
				}
				time.Sleep(time.Minute)
				if got := p.State().Buffered; got < tt.least || got > tt.most {
					t.Errorf("%v is buffered, not %v to %v", got, tt.least, tt.most)
				}
				time.Sleep(3 * time.Minute)
				mu.Lock()
				if rested := longest > 20*time.Second; rested != tt.rests {
					t.Errorf("no request for %v", longest)
				}
				mu.Unlock()
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				for _, piece := range out.all[:max(0, len(out.all)-1)] {
					if piece.rendition < 0 && tt.skips == 0 {
						t.Errorf("%v of silence", media.Frames(piece.frames).Duration(playertest.Rate))
					}
				}
			})
		})
	}
}
