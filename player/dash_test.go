package player_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// segments is FLAC in fMP4, cut into pieces of about a second.
type segments struct {
	init   []byte
	data   [][]byte
	starts []media.Frames // and the end
}

// cutUp codes music, which its clock begins at base.
func cutUp(t testing.TB, pcm []int16, base media.Frames) (s segments) {
	t.Helper()
	return cutInto(t, pcm, base, playertest.Rate)
}

// cutInto is cutUp with pieces of another length.
func cutInto(t testing.TB, pcm []int16, base, length media.Frames) (s segments) {
	t.Helper()
	file := playertest.FLACFile(pcm)
	demux, err := flac.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	s.init = fmp4.AppendInit(nil, demux.Info().Format, media.Trim{})
	var packets []media.Packet
	end := media.Frames(0)
	flush := func() {
		if len(packets) > 0 {
			from := base + packets[0].Time
			s.starts = append(s.starts, from)
			s.data = append(s.data, fmp4.AppendFragment(nil, uint32(len(s.data)+1), from, packets))
		}
		packets = nil
	}
	for {
		var p media.Packet
		if err := demux.Next(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		p.Data = slices.Clone(p.Data)
		end = p.Time + p.Duration
		if packets = append(packets, p); end-packets[0].Time >= length {
			flush()
		}
	}
	flush()
	s.starts = append(s.starts, base+end)
	return s
}

// put stores them in a folder of a service.
func (s segments) put(to *playertest.Service, dir string) {
	to.Put(dir+"/init.mp4", s.init)
	for i, d := range s.data {
		to.Put(fmt.Sprintf("%s/%d.m4s", dir, i), d)
	}
}

// template describes them all, in a folder as seen from the MPD; offset is presentationTimeOffset.
func (s segments) template(dir string, offset media.Frames) string {
	text := fmt.Sprintf(`<AdaptationSet mimeType="audio/mp4" codecs="fLaC"><SegmentTemplate timescale="%d" presentationTimeOffset="%d" startNumber="0" initialization="%s/init.mp4" media="%s/$Number$.m4s"><SegmentTimeline>`,
		playertest.Rate, offset, dir, dir)
	for i := range s.data {
		text += fmt.Sprintf(`<S t="%d" d="%d"/>`, s.starts[i], s.starts[i+1]-s.starts[i])
	}
	return text + `</SegmentTimeline></SegmentTemplate><Representation id="a" bandwidth="1411200"/></AdaptationSet>`
}

func mpdOfPeriods(head string, periods ...string) []byte {
	return []byte(`<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">` + head + strings.Join(periods, "") + `</MPD>`)
}

// TestDASHPeriodsOfOneStream cuts one stream into periods anywhere, and writes their lengths to the microsecond
// and rounded: what is heard is the stream, bit for bit, also after a seek into a period and back.
func TestDASHPeriodsOfOneStream(t *testing.T) {
	pcm := playertest.Music(5, 300_007)
	want := playertest.Floats(pcm)
	const clock = 1_000_003 // where the stream's own clock begins
	s := cutUp(t, pcm, clock)
	service := playertest.NewService()
	s.put(service, "/s")
	for _, digits := range []int{6, 3} {
		var periods []string
		cuts := []media.Frames{0, 70_001, 111_111, 300_007}
		for i := range 3 {
			length := (cuts[i+1] - cuts[i])
			periods = append(periods, fmt.Sprintf(`<Period duration="PT%.*fS">%s</Period>`, digits, float64(length)/playertest.Rate, s.template("s", clock+cuts[i])))
		}
		service.Put(fmt.Sprintf("/%d.mpd", digits), mpdOfPeriods("", periods...))
	}
	for _, digits := range []int{6, 3} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, &playertest.Link{Handler: service}, player.Config{}, sink.Unpaced, fmt.Sprintf("%s/%d.mpd", host, digits))
			r.Play()
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			if got := r.out.Music(); !slices.Equal(got, want) {
				t.Errorf("%d digits: not the source's bits: %d frames, want %d", digits, len(got)/2, len(want)/2)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			r := start(t, &playertest.Link{Handler: service}, player.Config{}, sink.Unpaced, fmt.Sprintf("%s/%d.mpd", host, digits))
			if err := r.Seek(context.Background(), 2*time.Second); err != nil {
				t.Fatal(err)
			}
			r.Play()
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			// Where 2 s are is as exact as the periods' lengths.
			got, near := r.out.Music(), 2*int(media.FramesIn(time.Duration(1e9*math.Pow10(-digits)), playertest.Rate))
			if !slices.Equal(got, want[len(want)-len(got):]) || abs(len(want)-2*2*playertest.Rate-len(got)) > near {
				t.Errorf("%d digits, from 2 s on: %d frames, want %d", digits, len(got)/2, len(want)/2-2*playertest.Rate)
			}
		})
	}
}

// TestDASHSwitches changes the rendition at every segment, within periods and between them. Each has a clock and
// cuts of its own: what is heard is the source, bit for bit.
func TestDASHSwitches(t *testing.T) {
	pcm := playertest.Music(5, 400_003)
	service := playertest.NewService()
	var sets []segments
	for i, length := range []media.Frames{20_000, 30_000, 47_000} {
		sets = append(sets, cutInto(t, pcm, media.Frames(1_000_000*i), length))
		sets[i].put(service, fmt.Sprintf("/r%d", i))
	}
	cuts := []media.Frames{0, 123_456, 400_003}
	var periods []string
	for k := range 2 {
		text := fmt.Sprintf(`<Period duration="PT%.6fS">`, float64(cuts[k+1]-cuts[k])/playertest.Rate)
		for i, s := range sets {
			set := s.template(fmt.Sprintf("r%d", i), media.Frames(1_000_000*i)+cuts[k])
			text += strings.NewReplacer(`id="a"`, fmt.Sprintf(`id="r%d"`, i), "1411200", fmt.Sprint(1_411_200+i)).Replace(set)
		}
		periods = append(periods, text+"</Period>")
	}
	service.Put("/x.mpd", mpdOfPeriods("", periods...))
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &playertest.Link{Handler: service}, player.Config{Rule: &restless{rng: rand.New(rand.NewPCG(1, 2))}}, sink.Unpaced, host+"/x.mpd")
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if got := r.out.Music(); !slices.Equal(got, playertest.Floats(pcm)) {
			t.Errorf("%d frames, want %d", len(got)/2, len(pcm)/2)
		}
		for i := range sets {
			if service.Served(fmt.Sprintf("/r%d/init.mp4", i)) == 0 {
				t.Errorf("rendition %d was never played", i)
			}
		}
	})
}

// TestDASHHoles: a period whose media end early is filled with silence, and one without audio too.
func TestDASHHoles(t *testing.T) {
	pcm := playertest.Music(5, 120_000)
	s := cutUp(t, pcm, 0)
	service := playertest.NewService()
	s.put(service, "/s")
	service.Put("/x.mpd", mpdOfPeriods("", `<Period duration="PT3.000000S">`+s.template("s", 0)+`</Period>`,
		`<Period duration="PT1.000000S"></Period>`, `<Period duration="PT2.000000S">`+s.template("s", 0)+`</Period>`))
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &playertest.Link{Handler: service}, player.Config{}, sink.Unpaced, host+"/x.mpd")
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		music := playertest.Floats(pcm)
		want := slices.Concat(music, make([]float32, 2*(4*playertest.Rate-120_000)), music[:2*2*playertest.Rate])
		if got := r.out.Music(); !slices.Equal(got, want) {
			t.Errorf("%d frames, want %d", len(got)/2, len(want)/2)
		}
	})
}

// TestDASHEditList: what the edit list leaves out isn't heard, in front and behind, though no period ends there.
func TestDASHEditList(t *testing.T) {
	pcm := playertest.Music(5, 150_000)
	s := cutUp(t, pcm, 0)
	format, err := fmp4.ParseInit(s.init)
	if err != nil {
		t.Fatal(err)
	}
	s.init = fmp4.AppendInit(nil, format.Info().Format, media.Trim{Start: 1001, Length: 140_003})
	service := playertest.NewService()
	s.put(service, "/s")
	service.Put("/x.mpd", mpdOfPeriods("", `<Period>`+s.template("s", 0)+`</Period>`))
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &playertest.Link{Handler: service}, player.Config{}, sink.Unpaced, host+"/x.mpd")
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if got, want := r.out.Music(), playertest.Floats(pcm)[2*1001:2*141_004]; !slices.Equal(got, want) {
			t.Errorf("%d frames, want %d", len(got)/2, len(want)/2)
		}
	})
}

// TestDASHHosts: when one of two hosts fails, the other is asked, and what the cache has of it serves for both.
func TestDASHHosts(t *testing.T) {
	pcm := playertest.Music(5, 200_000)
	s := cutUp(t, pcm, 0)
	service := playertest.NewService()
	s.put(service, "/one/s")
	s.put(service, "/two/s")
	period := fmt.Sprintf(`<Period duration="PT%.6fS">%s</Period>`, 200_000.0/playertest.Rate, s.template("s", 0))
	service.Put("/x.mpd", mpdOfPeriods(`<BaseURL>http://one.test/one/</BaseURL><BaseURL>http://two.test/two/</BaseURL>`, period))
	service.Fail(playertest.Fault{Match: func(path string, _ int) bool {
		return strings.HasPrefix(path, "/one/") && path != "/one/s/init.mp4" && path != "/one/s/0.m4s"
	}, Serve: playertest.Status(404)})
	store := openCache(t, filepath.Join(t.TempDir(), "cache.db"))
	defer store.Close()
	item := player.Item{URL: host + "/x.mpd", ContentID: "x"}
	for _, offline := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			link := &playertest.Link{Handler: service}
			if offline {
				off := service.Clone()
				off.Fail(playertest.Fault{Match: playertest.On(""), Serve: playertest.Refused})
				link.Handler = off
			}
			r := start(t, link, player.Config{Cache: store, NetworkPatience: -1}, sink.Unpaced)
			r.Append(item)
			r.Play()
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			if got := r.out.Music(); !slices.Equal(got, playertest.Floats(pcm)) {
				t.Errorf("offline %v: %d frames", offline, len(got)/2)
			}
		})
	}
}

// TestDASHFileWithoutIndex plays a file that the MPD says nothing of but where it is.
func TestDASHFileWithoutIndex(t *testing.T) {
	pcm := playertest.Music(5, 200_000)
	s := cutUp(t, pcm, 0)
	service := playertest.NewService()
	service.Put("/a.mp4", slices.Concat(s.init, slices.Concat(s.data...)))
	service.Put("/x", mpdOfPeriods("", fmt.Sprintf(`<Period duration="PT%.6fS"><AdaptationSet mimeType="audio/mp4"><Representation><BaseURL>a.mp4</BaseURL></Representation></AdaptationSet></Period>`, 200_000.0/playertest.Rate)))
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &playertest.Link{Handler: service}, player.Config{}, sink.Unpaced, host+"/x")
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if got := r.out.Music(); !slices.Equal(got, playertest.Floats(pcm)) {
			t.Errorf("%d frames", len(got)/2)
		}
	})
}

// TestDASHRefused: what can't be played has an error that says why.
func TestDASHRefused(t *testing.T) {
	service := playertest.NewService()
	for name, body := range map[string]string{
		"/drm.mpd": `<Period duration="PT4S"><AdaptationSet mimeType="audio/mp4"><ContentProtection schemeIdUri="urn:uuid:x"/><SegmentTemplate duration="4" media="$Number$"/><Representation/></AdaptationSet></Period>`,
		"/own.mpd": `<Period duration="PT4S"><AdaptationSet mimeType="audio/mp4"><EssentialProperty schemeIdUri="urn:x"/><SegmentTemplate duration="4" media="$Number$"/><Representation/></AdaptationSet></Period>`,
		"/bad.mpd": `<Period>`,
	} {
		service.Put(name, mpdOfPeriods("", body))
	}
	service.Put("/no.mpd", []byte("no MPD"))
	for name, want := range map[string]player.Kind{
		"/drm.mpd": player.KindManifestUnsupported, "/own.mpd": player.KindManifestUnsupported,
		"/bad.mpd": player.KindManifest, "/no.mpd": player.KindManifest,
	} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, &playertest.Link{Handler: service}, player.Config{NetworkPatience: -1}, sink.Unpaced, host+name)
			r.Play()
			if err := r.finish(t); !errors.Is(err, want) {
				t.Errorf("%s: %v, want kind %d", name, err, want)
			}
		})
	}
}

// TestEncryptedInit plays HLS whose init section is encrypted as its segments are.
func TestEncryptedInit(t *testing.T) {
	pcm := playertest.Music(5, 100_000)
	s := cutUp(t, pcm, 0)
	key, iv := []byte("0123456789abcdef"), [16]byte{15: 9}
	seal := func(data []byte) []byte {
		sealed, err := aes128.Encrypt(nil, data, key, iv)
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	service := playertest.NewService()
	service.Put("/key.bin", key)
	service.Put("/init.mp4", seal(s.init))
	list := "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=AES-128,URI=\"key.bin\",IV=0x00000000000000000000000000000009\n#EXT-X-MAP:URI=\"init.mp4\"\n"
	for i, d := range s.data {
		service.Put(fmt.Sprintf("/%d.m4s", i), seal(d))
		list += fmt.Sprintf("#EXTINF:%.6f,\n%d.m4s\n", (s.starts[i+1] - s.starts[i]).Duration(playertest.Rate).Seconds(), i)
	}
	service.Put("/x.m3u8", []byte(list+"#EXT-X-ENDLIST\n"))
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &playertest.Link{Handler: service}, player.Config{}, sink.Unpaced, host+"/x.m3u8")
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		if got := r.out.Music(); !slices.Equal(got, playertest.Floats(pcm)) {
			t.Errorf("%d frames", len(got)/2)
		}
	})
}
