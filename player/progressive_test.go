package player_test

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// plain serves a file without byte ranges, and its length where that is to be told.
func plain(body []byte, length bool) playertest.Serve {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		if length {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		_, _ = w.Write(body)
	}
}

// progressive is a file of every format, with what of it has to be here for the first 100 ms of music.
type progressive struct {
	name  string
	body  []byte
	first int     // bytes
	rate  float64 // bytes a second
}

// progressives encodes 20 s of music.
func progressives(t testing.TB) (list []progressive) {
	const seconds = 20
	pcm := playertest.Music(5, seconds*playertest.Rate)
	list = append(list, progressive{name: "a.wav", body: waveFile(pcm)})
	c := coding{rate: playertest.Rate}
	few := []string{"a.mp3", "a.flac", "a.ogg"}
	for name, args := range map[string][]string{
		"a.mp3": {"-c:a", "libmp3lame", "-b:a", "128k"}, "a.flac": {"-c:a", "flac"}, "a.ogg": {"-c:a", "libvorbis", "-q:a", "3"},
		"a.opus": {"-c:a", "libopus", "-b:a", "96k"}, "a.aac": {"-c:a", "aac", "-b:a", "128k", "-f", "adts"}, "a.m4a": {"-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart"},
	} {
		if !slices.Contains(containertest.Sweep(few, []string{name}), name) {
			continue
		}
		c.encode = ffmpeg(name, args...)
		path := c.stored(t, pcm, []int{len(pcm) / 2})[0]
		list = append(list, progressive{name: name, body: containertest.File(t, filepath.Clean(path))})
	}
	for i := range list {
		p := &list[i]
		p.rate = float64(len(p.body)) / seconds
		p.first = int(p.rate / 10)
	}
	slices.SortFunc(list, func(a, b progressive) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	return list
}

// TestProgressiveStart measures the time to the first sound of files from servers with byte ranges, without
// them, and without a word on the length.
func TestProgressiveStart(t *testing.T) {
	l := startLink{rate: media.Kbps(256), rtt: 300 * time.Millisecond}
	for _, p := range progressives(t) {
		for _, server := range containertest.Sweep([]string{"ranges", "no length"}, []string{"ranges", "no ranges", "no length"}) {
			t.Run(fmt.Sprintf("%s, %s", p.name, server), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := playertest.NewService()
					s.Put("/"+p.name, p.body)
					if server != "ranges" {
						s.Fail(playertest.Fault{Match: playertest.On(p.name), Serve: plain(p.body, server == "no ranges")})
					}
					r := start(t, l.over(s), player.Config{}, sink.RealTime, host+"/"+p.name)
					r.Play()
					limit, took := l.limit(2, p.first), firstAudio(r)
					t.Logf("limit %7.1f ms, took %7.1f ms", ms(limit), ms(took))
					slack := 800 * time.Millisecond // headers, and a page or frame that is whole
					if server == "ranges" {
						slack = 3200 * time.Millisecond // Ogg's length is looked up at its end
					}
					if took > limit+slack {
						t.Errorf("late")
					}
					r.Close()
					<-r.read
				})
			})
		}
	}
}

// TestProgressiveIsExact plays lossless files from a server without ranges to their last sample, with seeks
// in between: forward waits for what is to come, backward costs no request.
func TestProgressiveIsExact(t *testing.T) {
	const seconds = 20
	pcm := playertest.Music(5, seconds*playertest.Rate)
	files := map[string][]byte{"/a.wav": waveFile(pcm)}
	piped := bytes.Clone(files["/a.wav"]) // as a program writes it that doesn't know the length
	copy(piped[4:], "\xff\xff\xff\xff")
	copy(piped[40:], "\xff\xff\xff\xff")
	files["/piped.wav"] = piped
	c := coding{rate: playertest.Rate, encode: ffmpeg("a.flac", "-c:a", "flac")}
	files["/a.flac"] = containertest.File(t, c.stored(t, pcm, []int{len(pcm) / 2})[0])
	for name, body := range files {
		for _, length := range containertest.Sweep([]bool{name == "/a.wav"}, []bool{true, false}) {
			synctest.Test(t, func(t *testing.T) {
				s := playertest.NewService()
				s.Fail(playertest.Fault{Match: playertest.On(name), Serve: plain(body, length)})
				l := startLink{rate: media.Kbps(3000), rtt: 50 * time.Millisecond}
				r := start(t, l.over(s), player.Config{}, sink.RealTime, host+name)
				r.Play()
				firstAudio(r)
				began := time.Now()
				if err := r.Seek(t.Context(), 15*time.Second); err != nil {
					t.Fatal(err)
				}
				there := l.limit(0, len(body)*15/seconds)
				if took := time.Since(began); took > there+time.Second || took < there/2 {
					t.Errorf("%s, length %v: seeking forward took %v, what lies there comes after %v", name, length, took, there)
				}
				began = time.Now()
				if err := r.Seek(t.Context(), 2*time.Second); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took > 200*time.Millisecond {
					t.Errorf("%s, length %v: seeking back took %v", name, length, took)
				}
				if err := r.finish(t); err != nil {
					t.Fatal(err)
				}
				const ramp = playertest.Rate / 100 // music that a seek breaks into is faded in
				got, want := r.out.Music(), playertest.Floats(pcm[2*(2*playertest.Rate+ramp):])
				if len(got) < len(want) || !slices.Equal(got[len(got)-len(want):], want) {
					t.Errorf("%s, length %v: the music behind the last seek isn't the source's", name, length)
				}
				if n := s.Served(name); n != 1 {
					t.Errorf("%s, length %v: %d requests", name, length, n)
				}
			})
		}
	}
}

// TestProgressiveOutage breaks the connection of a server without ranges, and the network with it for a while:
// nothing is lost or heard twice.
func TestProgressiveOutage(t *testing.T) {
	pcm := playertest.Music(6, 20*playertest.Rate)
	body := waveFile(pcm)
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		s.Fail(playertest.Fault{Match: playertest.First(1, "a.wav"), Serve: func(w http.ResponseWriter, _ *http.Request, _ []byte) {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body[:len(body)/3])
		}})
		s.Fail(playertest.Fault{Match: playertest.On("a.wav"), Serve: plain(body, false)})
		l := startLink{rate: media.Kbps(6000), rtt: 50 * time.Millisecond}.over(s)
		l.Dark = func(since time.Duration) bool { return since > 2*time.Second && since < 40*time.Second }
		r := start(t, l, player.Config{}, sink.RealTime, host+"/a.wav")
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.out.Music(), playertest.Floats(pcm)) {
			t.Error("not the source's samples")
		}
	})
}
