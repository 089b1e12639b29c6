package player_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// said is what one request told, by key.
type said struct {
	path string
	keys map[string]string
}

// told reads the four headers, or the query.
func told(r *http.Request) said {
	s := said{r.URL.Path, map[string]string{}}
	text := r.URL.Query().Get("CMCD")
	for _, name := range []string{"CMCD-Object", "CMCD-Request", "CMCD-Session", "CMCD-Status"} {
		if v := r.Header.Get(name); v != "" {
			text += "," + v
		}
	}
	for _, field := range strings.Split(text, ",") {
		if key, value, _ := strings.Cut(field, "="); key != "" {
			s.keys[key] = strings.Trim(value, `"`)
		}
	}
	return s
}

func TestCMCD(t *testing.T) {
	for _, query := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := playertest.NewService()
			master := host + s.Track(t, "t", playertest.Music(1, 40*playertest.Rate))
			var mu sync.Mutex
			var all []said
			recorder := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				all = append(all, told(r))
				mu.Unlock()
				s.ServeHTTP(w, r)
			})
			link := &playertest.Link{Handler: recorder, RTT: 50 * time.Millisecond,
				Dark: func(d time.Duration) bool { return d > 3*time.Second && d < 15*time.Second }}
			r := start(t, link, player.Config{CMCD: &player.CMCD{Query: query}, Buffer: 8 * time.Second, Speed: 1.25}, sink.RealTime)
			r.Append(player.Item{URL: master, ContentID: "song 1"})
			r.Play()
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			checkCMCD(t, all)
		})
	}
}

// checkCMCD holds what a run with one stall told against what it must have been.
func checkCMCD(t *testing.T, all []said) {
	t.Helper()
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	starved, startUp, next := 0, 0, map[string]bool{}
	for _, r := range all {
		k := r.keys
		if !uuid.MatchString(k["sid"]) || k["sid"] != all[0].keys["sid"] || k["cid"] != "song 1" || k["sf"] != "h" || k["st"] != "v" || k["pr"] != "1.25" {
			t.Errorf("%s: %v", r.path, k)
		}
		kind := "a"
		switch {
		case strings.HasSuffix(r.path, ".m3u8"):
			kind = "m"
		case strings.Contains(r.path, "init"):
			kind = "i"
		case strings.Contains(r.path, "key"):
			kind = "k"
		}
		if k["ot"] != kind {
			t.Errorf("%s is called %q", r.path, k["ot"])
		}
		if kind != "a" {
			continue
		}
		if k["br"] == "" || k["d"] == "" || k["bl"] == "" || k["tb"] != "1411" {
			t.Errorf("%s: %v", r.path, k)
		}
		if _, ok := k["bs"]; ok {
			starved++
		}
		if _, ok := k["su"]; ok {
			startUp++
		}
		if k["nor"] != "" {
			base := &url.URL{Scheme: "http", Host: "x", Path: r.path}
			ref, err := url.PathUnescape(k["nor"])
			if err != nil {
				t.Errorf("nor %q: %v", k["nor"], err)
			}
			next[base.JoinPath("..", ref).Path] = true
		}
	}
	if starved != 1 {
		t.Errorf("%d requests say that the music ran dry, want 1", starved)
	}
	if startUp == 0 || startUp > 6 {
		t.Errorf("%d requests at start-up", startUp)
	}
	came := 0
	for _, r := range all {
		if next[r.path] {
			came++
		}
	}
	if len(next) == 0 || came == 0 {
		t.Errorf("%d objects announced, %d of them asked for", len(next), came)
	}
}
