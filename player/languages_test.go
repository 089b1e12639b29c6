package player_test

import (
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// mixed is a master playlist with one mix for each of three tracks.
const mixed = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,URI="en/flac16/index.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="Deutsch",LANGUAGE="de-CH",AUTOSELECT=YES,URI="de/flac16/index.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="With comments",LANGUAGE="en",CHARACTERISTICS="public.easy-to-read",URI="comments/flac16/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=800000,CODECS="fLaC",AUDIO="g"
en/flac16/index.m3u8
`

// TestLanguages plays a stream in the language and role that were asked for, and in its usual mix where it has neither.
func TestLanguages(t *testing.T) {
	mixes := map[string][]int16{}
	origin := playertest.NewService()
	for i, name := range []string{"en", "de", "comments"} {
		mixes[name] = playertest.Music(uint64(i+1), 2*playertest.Rate)
		origin.Track(t, name, mixes[name])
	}
	origin.Put("/mixed.m3u8", []byte(mixed))
	for _, c := range []struct {
		languages, roles []string
		want             string
	}{
		{nil, nil, "en"},
		{[]string{"de"}, nil, "de"},
		{[]string{"fr", "de-AT"}, nil, "de"},
		{[]string{"fr"}, nil, "en"},
		{[]string{"en"}, []string{"public.easy-to-read"}, "comments"},
		{[]string{"de"}, []string{"public.easy-to-read"}, "de"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, &playertest.Link{Handler: origin}, player.Config{Languages: c.languages, Roles: c.roles}, sink.Unpaced, host+"/mixed.m3u8")
			r.Play()
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			if _, err := playertest.Same(r.out.Music(), mixes[c.want]); err != nil {
				t.Errorf("%v, %v: not %q: %v", c.languages, c.roles, c.want, err)
			}
		})
	}
}

// TestLanguagesOfDASH does the same with adaptation sets (ISO 23009-1, 5.3.3).
func TestLanguagesOfDASH(t *testing.T) {
	dir := t.TempDir()
	mixes := [][]int16{playertest.Music(1, playertest.Rate), playertest.Music(2, playertest.Rate)}
	args := []string{"-v", "error"}
	for _, mix := range mixes {
		args = append(args, "-i", wave(t, t.TempDir(), mix, playertest.Rate))
	}
	list := filepath.Join(dir, "all.mpd")
	containertest.Tool(t, "ffmpeg", append(args, "-map", "0", "-map", "1", "-c:a", "flac", "-strict", "experimental",
		"-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu", "-adaptation_sets", "id=0,streams=0 id=1,streams=1", "-f", "dash", list)...)
	for language, mix := range map[string]int{"": 0, "eng": 0, "deu": 1, "fra": 0} {
		got := played(t, player.Config{SampleRate: playertest.Rate, Languages: []string{language}}, player.Item{URL: list})
		compare(t, language, got, playertest.Floats(mixes[mix]))
	}
}
