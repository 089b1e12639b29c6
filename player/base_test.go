package player_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
)

// TestBase: on a cellular link the buffer is filled with the lowest rendition and raised. An outage that is nearly as
// long as the buffer isn't heard, and neither is the base, not even where a track ends. Where the renditions are not cut
// alike, nothing could be raised, so nothing is laid.
func TestBase(t *testing.T) {
	const length = 160 // seconds, of each of two tracks
	var rates []media.Bitrate
	for _, kbps := range abrtest.Rungs() {
		rates = append(rates, media.Kbps(int64(kbps)))
	}
	origin := playertest.NewService()
	item := host + origin.Padded(t, "a", rates, length*time.Second)
	link, err := abrtest.NewTrace("outage", []abrtest.Period{
		{Duration: 90_000, Kbps: 650, Latency: 60}, {Duration: 25_000, Kbps: 0, Latency: 60}, {Duration: 3e6, Kbps: 650, Latency: 60},
	})
	if err != nil {
		t.Fatal(err)
	}
	unlike := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "index.m3u8") {
			origin.ServeHTTP(w, r)
			return
		}
		got := httptest.NewRecorder()
		origin.ServeHTTP(got, r)
		longer := "#EXTINF:4.0" + r.URL.Path[3:4] + "0000," // by a hundredth of a second more in each rendition
		_, _ = w.Write([]byte(strings.ReplaceAll(got.Body.String(), "#EXTINF:4.000000,", longer)))
	})
	for _, tt := range []struct {
		name    string
		serve   http.Handler
		network abr.Network
		stalls  int // at most
		low     int // segments in the lowest rendition, at most
	}{
		{"cellular", origin, abr.Network4G, 0, 4},
		{"fixed", origin, abr.NetworkFixed, 1, 4},
		{"cellular, not cut alike", unlike, abr.Network4G, 1, 16},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				carrier := carried(link, origin)
				carrier.Handler = tt.serve
				h := hear(t, player.Config{HTTP: carrier.Client(), Network: player.Network{Kind: tt.network}}, item, item+"?2")
				low := 0
				for _, q := range h.rendition {
					if q == 0 {
						low++
					}
				}
				t.Logf("%d low, %d stalls", low, h.stalls)
				if h.stalls > tt.stalls || low > tt.low || len(h.rendition) != 2*length/4 {
					t.Errorf("%d of %d segments in the lowest rendition, %d stalls of %v: %v", low, len(h.rendition), h.stalls, h.stalled, h.rendition)
				} else if end := h.rendition[length/4-4 : length/4]; slices.Contains(end, 0) {
					t.Errorf("the first track ends with %v", end)
				}
			})
		})
	}
}
