package player_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
)

// steered is a live stream on several hosts, and a steering server that tells them apart.
type steered struct {
	*playertest.Live
	answers []string // of the steering server, one after the other; the last for ever
	broken  func(host string, since time.Duration) bool

	mu     sync.Mutex
	served map[string][]time.Duration // when a host gave segments
	asked  []string                   // queries of the steering server
}

func (s *steered) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	since := s.Age() - s.Head
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.URL.Host == "steer.test":
		n := min(len(s.asked), len(s.answers)-1)
		s.asked = append(s.asked, r.URL.RawQuery)
		if s.answers[n] == "" {
			w.WriteHeader(http.StatusGone)
			return
		}
		fmt.Fprint(w, s.answers[n])
	case r.URL.Path == "/master.m3u8":
		fmt.Fprint(w, "#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI=\"http://steer.test/d\",PATHWAY-ID=\"B\"\n")
		for _, host := range []string{"a", "b"} {
			fmt.Fprintf(w, "#EXT-X-STREAM-INF:BANDWIDTH=1500000,CODECS=\"fLaC\",PATHWAY-ID=%q,STABLE-VARIANT-ID=\"x\"\nhttp://%s.test/0.m3u8\n", strings.ToUpper(host), host)
		}
	default:
		if s.broken != nil && s.broken(r.URL.Host, since) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if strings.HasSuffix(r.URL.Path, ".m4s") {
			s.served[r.URL.Host] = append(s.served[r.URL.Host], since)
		}
		s.Live.ServeHTTP(w, r)
	}
}

// span is when a host was first and last asked for music.
func (s *steered) span(host string) (from, until time.Duration) {
	if at := s.served[host]; len(at) > 0 {
		return at[0], at[len(at)-1]
	}
	return -1, -1
}

func TestLiveIsSteered(t *testing.T) {
	const rest = `,"RELOAD-URI":"http://steer.test/d?session=7"}`
	clone := `{"VERSION":1,"TTL":10,"PATHWAY-PRIORITY":["C","A"],"PATHWAY-CLONES":[{"BASE-ID":"A","ID":"C","URI-REPLACEMENT":{"HOST":"c.test"}}]` + rest
	for name, c := range map[string]struct {
		answers []string
		broken  func(string, time.Duration) bool
		check   func(t *testing.T, s *steered)
	}{
		"goes over and back": {
			answers: []string{`{"VERSION":1,"TTL":15,"PATHWAY-PRIORITY":["A","B"]` + rest, `{"VERSION":1,"TTL":15,"PATHWAY-PRIORITY":["B","A"]` + rest},
			check: func(t *testing.T, s *steered) {
				from, until := s.span("a.test")
				if from < 0 || from > 3*time.Second || until < 12*time.Second || until > 18*time.Second {
					t.Errorf("host A gave music from %v to %v", from, until)
				}
				if _, until := s.span("b.test"); until < 27*time.Second {
					t.Errorf("host B gave music until %v", until)
				}
				if len(s.asked) < 2 || len(s.asked) > 3 || !strings.Contains(s.asked[0], "_HLS_pathway=B") || !strings.Contains(s.asked[1], "session=7") ||
					!strings.Contains(s.asked[1], "_HLS_pathway=A") || !strings.Contains(s.asked[1], "_HLS_throughput=") {
					t.Errorf("asked %q", s.asked)
				}
			},
		},
		"to a clone": {
			answers: []string{clone, ""},
			check: func(t *testing.T, s *steered) {
				if from, until := s.span("c.test"); from < 0 || from > 3*time.Second || until < 27*time.Second {
					t.Errorf("the clone gave music from %v to %v", from, until)
				}
				if len(s.asked) != 2 {
					t.Errorf("a server that is gone was asked: %q", s.asked)
				}
			},
		},
		"away from a host that fails": {
			answers: []string{`{"VERSION":1,"TTL":300,"PATHWAY-PRIORITY":["A","B"]` + rest},
			broken:  func(host string, since time.Duration) bool { return host == "a.test" && since > 10*time.Second },
			check: func(t *testing.T, s *steered) {
				if from, until := s.span("b.test"); until < 27*time.Second || from > 15*time.Second && from < 0 {
					t.Errorf("host B gave music from %v to %v", from, until)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &steered{
					Live:    &playertest.Live{Window: 10, Head: 20 * time.Second, Segment: time.Second},
					answers: c.answers, broken: c.broken, served: map[string][]time.Duration{},
				}
				out := &playertest.Numbered{}
				link := &playertest.Link{Handler: s, RTT: 20 * time.Millisecond}
				p := player.New(player.Config{Sink: out, HTTP: link.Client()})
				p.Append(player.Item{URL: host + "/master.m3u8"})
				p.Play()
				time.Sleep(30 * time.Second)
				st := p.State()
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				if heard := out.Stretches(); len(heard) != 1 || heard[0].Frames < 28*liveSecond {
					t.Errorf("heard %v; %v, %v", heard, st.Phase, st.Err)
				}
				c.check(t, s)
			})
		})
	}
}
