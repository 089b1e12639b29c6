package player_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
)

// TestAllowed: what an app forbids is not chosen, by the rule or by hand, and what it allows again is.
func TestAllowed(t *testing.T) {
	rates := []media.Bitrate{media.Kbps(48), media.Kbps(160), media.Kbps(320), media.Kbps(900)}
	origin := playertest.NewService()
	item := host + origin.Padded(t, "a", rates, 80*time.Second)
	fixed := func(i int) player.Selection { return player.Selection{Mode: player.ModeFixed, Index: i} }
	for name, c := range map[string]struct {
		cfg   player.Config
		then  func(*player.Player) // after half of it
		first int                  // the best rendition of the first half
		last  int                  // what is heard at the end
	}{
		"all":            {first: 3, last: 3},
		"plan":           {cfg: player.Config{Allowed: abr.Limits{Bitrate: media.Kbps(200)}}, first: 1, last: 1},
		"plan, by hand":  {cfg: player.Config{Allowed: abr.Limits{Bitrate: media.Kbps(200)}, Selection: fixed(3)}, first: 1, last: 1},
		"plan and cap":   {cfg: player.Config{Allowed: abr.Limits{Bitrate: media.Kbps(400)}, MaxBitrate: media.Kbps(200)}, first: 1, last: 1},
		"saver":          {cfg: player.Config{Allowed: abr.Limits{Saver: true}}, first: 0, last: 0},
		"lossy, by hand": {cfg: player.Config{Allowed: abr.Limits{Lossless: abr.Nowhere}, Selection: fixed(3)}, first: 0, last: 0},
		"home": {
			cfg:   player.Config{Allowed: abr.Limits{MeteredBitrate: media.Kbps(200)}, Network: player.Network{Kind: abr.Network4G, Metered: true}},
			then:  func(p *player.Player) { p.SetNetwork(player.Network{Kind: abr.NetworkFixed}) },
			first: 1, last: 3,
		},
		"paid": {
			cfg:   player.Config{Allowed: abr.Limits{Bitrate: media.Kbps(200)}},
			then:  func(p *player.Player) { p.SetAllowed(abr.Limits{}) },
			first: 1, last: 3,
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			link := &playertest.Link{Handler: origin, RTT: 50 * time.Millisecond, Rate: func(time.Duration) media.Bitrate { return media.Kbps(5000) }}
			out := &ear{begun: time.Now()}
			c.cfg.Sink, c.cfg.HTTP, c.cfg.Buffer = out, link.Client(), 12*time.Second
			p := player.New(c.cfg)
			p.Append(player.Item{URL: item})
			p.Play()
			time.Sleep(40 * time.Second)
			if c.then != nil {
				c.then(p)
			}
			if err := p.Wait(t.Context()); err != nil {
				t.Error(err)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			h := out.heard(4 * playertest.Rate).rendition
			if len(h) != 20 || slices.Max(h[:8]) != c.first || h[19] != c.last {
				t.Errorf("%s: %v, want at most %d and at the end %d", name, h, c.first, c.last)
			}
		})
	}
}
