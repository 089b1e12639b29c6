package player_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/cache"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// tag makes an ID3v2.4 tag of frames, given as a name and a body in turn.
func tag(frames ...string) []byte {
	var body []byte
	size := func(n int) []byte {
		return []byte{byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}
	}
	for i := 0; i < len(frames); i += 2 {
		body = append(body, frames[i]...)
		body = append(append(body, size(len(frames[i+1]))...), 0, 0)
		body = append(body, frames[i+1]...)
	}
	return append(append([]byte("ID3\x04\x00\x00"), size(len(body))...), body...)
}

func chapterFrame(id string, from, to time.Duration, title string) string {
	b := append([]byte(id), 0)
	b = binary.BigEndian.AppendUint32(b, uint32(from.Milliseconds()))
	b = binary.BigEndian.AppendUint32(b, uint32(to.Milliseconds()))
	b = append(b, bytes.Repeat([]byte{0xff}, 8)...)
	sub := tag("TIT2", "\x03"+title)
	return string(append(b, sub[10:]...))
}

// spoken is a WAV file of music with chunks in front of the samples and behind them.
func spoken(frames int, front, behind []byte) []byte {
	le := binary.LittleEndian
	chunk := func(kind string, body []byte) []byte {
		b := append(le.AppendUint32([]byte(kind), uint32(len(body))), body...)
		return append(b, make([]byte, len(body)%2)...)
	}
	pcm := make([]byte, 0, 4*frames)
	for _, v := range playertest.Music(3, frames) {
		pcm = le.AppendUint16(pcm, uint16(v))
	}
	format := []byte{1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 16, 0}
	le.PutUint32(format[4:], playertest.Rate)
	le.PutUint32(format[8:], 4*playertest.Rate)
	body := append([]byte("WAVE"), chunk("fmt ", format)...)
	if front != nil {
		body = append(body, chunk("id3 ", front)...)
	}
	body = append(body, chunk("data", pcm)...)
	if behind != nil {
		body = append(body, chunk("id3 ", behind)...)
	}
	return chunk("RIFF", body)
}

// files serves files by name.
func files(list map[string][]byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, ok := list[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	})
}

// heardAt lists events of one kind with the times they were stamped with, counted from a moment.
func heardAt[E any](events []player.Event, from time.Time, text func(E) string) (list []string) {
	for _, e := range events {
		if what, ok := e.What.(E); ok {
			list = append(list, fmt.Sprintf("%v %s", e.Time.Sub(from).Round(10*time.Millisecond), text(what)))
		}
	}
	return list
}

func startOf(t *testing.T, r *rig) time.Time {
	t.Helper()
	for _, e := range r.events {
		if _, ok := e.What.(player.TrackStarted); ok {
			return e.Time
		}
	}
	t.Fatal("no track has started")
	return time.Time{}
}

const second = time.Second

func book() []byte {
	return tag("TIT2", "\x03Book", "CHAP", chapterFrame("a", 0, 2*second, "one"), "CHAP", chapterFrame("b", 2*second, 4*second, "two"),
		"CHAP", chapterFrame("c", 5*second, 9*second, "three"), "USLT", "\x03deu\x00[00:01.00]first\n[00:03.50]second\n[00:06.00]third")
}

func chapterText(c player.ChapterChanged) string { return fmt.Sprint(c.Index, c.Chapter.Title) }

func TestChaptersAndLinesAreToldWhenHeard(t *testing.T) {
	for _, speed := range []float64{1, 2} {
		synctest.Test(t, func(t *testing.T) {
			h := files(map[string][]byte{"book.wav": spoken(10*playertest.Rate, book(), nil)})
			r := start(t, &playertest.Link{Handler: h, RTT: 20 * time.Millisecond}, player.Config{LyricLines: true, Speed: speed}, sink.RealTime, host+"/book.wav")
			told := r.Events(context.Background())
			go func() {
				for e := range told {
					switch e.What.(type) {
					case player.ChapterChanged, player.LyricLine:
						if late := time.Since(e.Time); late > 20*time.Millisecond {
							t.Errorf("%+v was told %v late", e.What, late)
						}
					}
				}
			}()
			r.Play()
			time.Sleep(time.Duration(6.5 * float64(second) / speed))
			if st := r.State(); st.Metadata == nil || st.Metadata.Tags.Title != "Book" || st.Chapter != 2 {
				t.Errorf("state: %+v, chapter %d", st.Metadata, st.Chapter)
			}
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			from := startOf(t, r)
			at := func(s float64) time.Duration {
				return time.Duration(s / speed * float64(second)).Round(10 * time.Millisecond)
			}
			chapters := heardAt(r.events, from, chapterText)
			want := []string{fmt.Sprint(at(0), " 0one"), fmt.Sprint(at(2), " 1two"), fmt.Sprint(at(4), " -1"), fmt.Sprint(at(5), " 2three"), fmt.Sprint(at(9), " -1")}
			near(t, speed, chapters, want)
			lines := heardAt(r.events, from, func(l player.LyricLine) string { return l.Line.Text })
			near(t, speed, lines, []string{fmt.Sprint(at(1), " first"), fmt.Sprint(at(3.5), " second"), fmt.Sprint(at(6), " third")})
		})
	}
}

// near compares lists of "time text", whose times may be off by the period of the sink.
func near(t *testing.T, speed float64, got, want []string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := 0; ok && i < len(want); i++ {
		gt, gtext, _ := strings.Cut(got[i], " ")
		wt, wtext, _ := strings.Cut(want[i], " ")
		g, _ := time.ParseDuration(gt)
		w, _ := time.ParseDuration(wt)
		tolerance := 10 * time.Millisecond
		if speed != 1 {
			tolerance = 40 * time.Millisecond // what the stretcher is off by in between
		}
		ok = gtext == wtext && (g-w).Abs() <= tolerance
	}
	if !ok {
		t.Errorf("speed %v:\n got %q\nwant %q", speed, got, want)
	}
}

func TestChaptersFollowASeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := files(map[string][]byte{"book.wav": spoken(10*playertest.Rate, book(), nil)})
		r := start(t, &playertest.Link{Handler: h}, player.Config{}, sink.RealTime, host+"/book.wav")
		r.Play()
		time.Sleep(second)
		for _, to := range []time.Duration{5500 * time.Millisecond, 5600 * time.Millisecond, 3 * second} {
			if err := r.Seek(context.Background(), to); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		r.Close()
		<-r.read
		var got []string
		for _, c := range count[player.ChapterChanged](r) {
			got = append(got, chapterText(c))
		}
		if want := []string{"0one", "2three", "1two"}; !slices.Equal(got, want) {
			t.Errorf("chapters %q, want %q", got, want)
		}
		for _, l := range count[player.LyricLine](r) {
			t.Errorf("nobody asked for %q", l.Line.Text)
		}
	})
}

// TestTagsBehindTheMusic: what would have to be fetched comes later, and doesn't hold up the start.
func TestTagsBehindTheMusic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		behind := tag("TIT2", "\x03Late", "APIC", "\x00image/png\x00\x03\x00"+strings.Repeat("x", 3<<20), "TPE1", "\x03Artist")
		h := files(map[string][]byte{"a.wav": spoken(60*playertest.Rate, nil, behind), "b.wav": spoken(60*playertest.Rate, nil, nil)})
		var first [2]time.Duration
		for i, name := range []string{"/a.wav", "/b.wav"} {
			link := &playertest.Link{Handler: h, RTT: 100 * time.Millisecond}
			r := start(t, link, player.Config{}, sink.RealTime, host+name)
			r.Play()
			time.Sleep(20 * second)
			first[i] = r.State().Stats.FirstAudio
			if i == 0 {
				st := r.State()
				if st.Metadata == nil || st.Metadata.Tags.Artist != "Artist" || len(st.Metadata.Pictures) != 1 || st.Metadata.Pictures[0].Data != nil {
					t.Errorf("metadata: %+v", st.Metadata)
				}
				m, err := r.ReadMetadata(context.Background(), st.Current)
				if err != nil || len(m.Pictures) != 1 || len(m.Pictures[0].Data) != 3<<20 {
					t.Errorf("all of it: %+v, %v", m.Tags, err)
				}
			}
			r.Close()
			<-r.read
		}
		if (first[0] - first[1]).Abs() > 10*time.Millisecond {
			t.Errorf("first audio after %v with tags behind it, %v without", first[0], first[1])
		}
	})
}

func TestReadMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, _ := album(t, s, 3*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{}, sink.RealTime, urls[0], host+"/nothing.wav")
		time.Sleep(second)
		queue := r.State().Queue
		if m, err := r.ReadMetadata(context.Background(), queue.At(0).ID); err != nil || !m.Empty() {
			t.Errorf("of a playlist: %+v, %v", m, err)
		}
		if _, err := r.ReadMetadata(context.Background(), queue.At(1).ID); !errors.Is(err, player.KindNotFound) {
			t.Errorf("of nothing: %v", err)
		}
		if _, err := r.ReadMetadata(context.Background(), 999); !errors.Is(err, player.ErrUnknownEntry) {
			t.Errorf("of no entry: %v", err)
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		gone := errors.New("gone")
		cancel(gone)
		if _, err := r.ReadMetadata(ctx, queue.At(1).ID); !errors.Is(err, gone) {
			t.Errorf("of interest to nobody: %v", err)
		}
		r.Close()
		<-r.read
	})
}

func TestLyricsOfTheApp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := files(map[string][]byte{"book.wav": spoken(10*playertest.Rate, book(), nil)})
		r := start(t, &playertest.Link{Handler: h}, player.Config{LyricLines: true}, sink.RealTime)
		id := r.Append(player.Item{URL: host + "/book.wav"})[0]
		l, err := metadata.ParseLRC("[00:00.50]ours\n[00:02.00]too")
		if err != nil {
			t.Fatal(err)
		}
		r.SetLyrics(id, l)
		r.Play()
		time.Sleep(3 * second)
		m, ok := r.Metadata(id)
		if !ok || len(m.Lyrics) != 2 || m.Tags.Title != "Book" {
			t.Errorf("%+v, %v", m, ok)
		}
		r.Close()
		<-r.read
		near(t, 1, heardAt(r.events, startOf(t, r), func(l player.LyricLine) string { return l.Line.Text }), []string{"500ms ours", "2s too"})
	})
}

// TestTimedMetadata plays packed audio whose segments carry tags beside their timestamps.
func TestTimedMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const frames, bytesPerFrame = 40, 417 // MP3 at 128 kbps and 44.1 kHz, without padding
		frame := append([]byte{0xff, 0xfb, 0x90, 0xc4}, make([]byte, bytesPerFrame-4)...)
		segment := func(n int, title string) []byte {
			ticks := uint64(n*frames*1152) * 90000 / 44100
			stamp := string(binary.BigEndian.AppendUint64([]byte(metadata.TransportTimestamp+"\x00"), ticks))
			list := []string{"PRIV", stamp}
			if title != "" {
				list = append(list, "TIT2", "\x03"+title)
			}
			return append(tag(list...), bytes.Repeat(frame, frames)...)
		}
		const length = frames * 1152.0 / 44100
		list := "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n"
		content := map[string][]byte{}
		for i, title := range []string{"opening", "", "middle", "", "", "last"} {
			name := fmt.Sprintf("s%d.mp3", i)
			content[name] = segment(i, title)
			list += fmt.Sprintf("#EXTINF:%.5f,\n%s\n", length, name)
		}
		content["l.m3u8"] = []byte(list + "#EXT-X-ENDLIST\n")
		r := start(t, &playertest.Link{Handler: files(content)}, player.Config{}, sink.RealTime, host+"/l.m3u8")
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		at := func(n float64) time.Duration {
			return time.Duration(n * length * float64(second)).Round(10 * time.Millisecond)
		}
		got := heardAt(r.events, startOf(t, r), func(m player.TimedMetadata) string { return m.Metadata.Tags.Title })
		near(t, 1, got, []string{fmt.Sprint(at(0), " opening"), fmt.Sprint(at(2), " middle"), fmt.Sprint(at(5), " last")})
	})
}

func TestWaveformOfATrack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, err := cache.Open(context.Background(), cache.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		data := spoken(20*playertest.Rate, nil, nil)
		play := func(seek bool) (*rig, player.EntryID) {
			r := start(t, &playertest.Link{Handler: files(map[string][]byte{"a.wav": data})}, player.Config{Waveforms: true, Cache: store}, sink.RealTime)
			id := r.Append(player.Item{URL: host + "/a.wav", ContentID: "a"})[0]
			r.Play()
			time.Sleep(second)
			if seek {
				if err := r.Seek(context.Background(), 10*second); err != nil {
					t.Fatal(err)
				}
				time.Sleep(second)
				if w, ok := r.Waveform(id); !ok || w.Complete {
					t.Errorf("after a seek: %d points, complete %v", len(w.Points), w.Complete)
				}
				if err := r.Seek(context.Background(), 0); err != nil {
					t.Fatal(err)
				}
				time.Sleep(25 * second)
			}
			r.Close()
			<-r.read
			return r, id
		}
		r, id := play(true)
		w, ok := r.Waveform(id)
		if !ok || !w.Complete || len(w.Points) != 400 || len(count[player.WaveformReady](r)) != 1 {
			t.Fatalf("%d points, complete %v, told %d times", len(w.Points), w.Complete, len(count[player.WaveformReady](r)))
		}
		r, id = play(false) // from the cache, without the whole being decoded
		again, ok := r.Waveform(id)
		if !ok || !again.Complete || !slices.Equal(again.Points, w.Points) {
			t.Errorf("from the cache: %d points, complete %v", len(again.Points), again.Complete)
		}
	})
}

// TestGainOfTheFile: what the file says of its loudness holds from its first frame on, unless the app knows
// better.
func TestGainOfTheFile(t *testing.T) {
	quiet := media.Decibels(0)
	for name, c := range map[string]struct {
		item player.Item
		gain float64
	}{
		"by the file": {player.Item{}, media.Decibels(-6).Amplitude()},
		"by the app":  {player.Item{Tags: media.Tags{TrackGain: &quiet}}, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := files(map[string][]byte{"a.wav": spoken(2*playertest.Rate, tag("TXXX", "\x03REPLAYGAIN_TRACK_GAIN\x00-6.00 dB"), nil)})
			r := start(t, &playertest.Link{Handler: h}, player.Config{Loudness: dsp.Loudness{Mode: dsp.LoudnessTrack}}, sink.RealTime)
			c.item.URL = host + "/a.wav"
			r.Append(c.item)
			r.Play()
			if err := r.finish(t); err != nil {
				t.Fatal(err)
			}
			heard, whole := r.out.Music(), playertest.Music(3, 2*playertest.Rate)
			if len(heard) != len(whole) {
				t.Fatalf("%s: %d frames, want %d", name, len(heard)/2, len(whole)/2)
			}
			for i, v := range heard[:len(heard)-2*fadeFrames] {
				if want := float64(whole[i]) / (1 << 15) * c.gain; i >= 2*fadeFrames && math.Abs(float64(v)-want) > 1e-4 {
					t.Fatalf("%s: sample %d is %v, want %v", name, i, v, want)
				}
			}
		})
	}
}

// TestChaptersAcrossACrossfade: from where the next track begins its chapters and lines are told, and those
// of the one that fades out no more.
func TestChaptersAcrossACrossfade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wave := spoken(10*playertest.Rate, book(), nil)
		h := files(map[string][]byte{"a.wav": wave, "b.wav": wave})
		r := start(t, &playertest.Link{Handler: h, RTT: 20 * time.Millisecond}, player.Config{LyricLines: true, Crossfade: 3 * second}, sink.RealTime)
		ids := r.Append(player.Item{URL: host + "/a.wav"}, player.Item{URL: host + "/b.wav"})
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		from := startOf(t, r)
		near(t, 1, heardAt(r.events, from, chapterText), []string{"0s 0one", "2s 1two", "4s -1", "5s 2three",
			"7s 0one", "9s 1two", "11s -1", "12s 2three", "16s -1"})
		near(t, 1, heardAt(r.events, from, func(l player.LyricLine) string { return fmt.Sprint(l.Index) }),
			[]string{"1s 0", "3.5s 1", "6s 2", "8s 0", "10.5s 1", "13s 2"})
		for _, e := range r.events {
			switch e.What.(type) {
			case player.ChapterChanged, player.LyricLine:
				if late := e.Time.Sub(from) > 6900*time.Millisecond; late != (e.Entry == ids[1]) {
					t.Errorf("%+v is told of entry %d", e, e.Entry)
				}
			}
		}
	})
}
