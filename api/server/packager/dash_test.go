package packager

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/manifest/dash"
	"github.com/segue-audio/segue/player/media"
)

// What is written as an MPD is read as what was meant: every segment's place, name and time.
func TestMPD(t *testing.T) {
	made := []*rendition{
		{name: "aac-48", codecs: aacCodecs, format: media.Format{Codec: media.CodecAAC, SampleRate: 48_000, Channels: 2}, trim: media.Trim{Start: 1024, Length: 500_001},
			segments: []segment{{193_536, 1}, {192_512, 1}, {115_712, 1}}, peak: 50_001},
		{name: "aac-96", codecs: aacCodecs, format: media.Format{Codec: media.CodecAAC, SampleRate: 48_000, Channels: 2}, trim: media.Trim{Start: 1024, Length: 500_001},
			segments: []segment{{193_536, 1}, {192_512, 1}, {115_712, 1}}, peak: 100_001},
		{name: "flac", codecs: flacCodecs, format: media.Format{Codec: media.CodecFLAC, SampleRate: 96_000, Channels: 1}, trim: media.Trim{Length: 1_000_002},
			segments: []segment{{385_024, 1}, {385_024, 1}, {229_954, 1}}, peak: 900_001},
	}
	base := &url.URL{Scheme: "https", Host: "music.test", Path: "/media/TOKEN/t/manifest.mpd"}
	text := appendMPD(nil, made)
	doc, err := dash.Parse(text, base, time.Time{})
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	var got []string
	for _, r := range doc.Presentation.Renditions {
		list := r.Playlist
		got = append(got, fmt.Sprintf("%d %s %d Hz × %d", r.Bitrate, r.Codecs, r.SampleRate, r.Channels))
		for i, s := range list.Segments {
			got = append(got, fmt.Sprintf("%v + %v %s", s.Start, s.Duration, s.URL))
			if o := s.Origin; o == nil || o.From != 0 || o.At != 0 || !list.Ended {
				t.Errorf("%s: segment %d counts from %+v", r.Name, i, o)
			}
			if want := base.ResolveReference(&url.URL{Path: made[0].name + "/" + dashInit}).String(); r.Bitrate == 50_001 && s.Init.URL.String() != want {
				t.Errorf("init section at %s, want %s", s.Init.URL, want)
			}
		}
	}
	var want []string
	for _, r := range made {
		want = append(want, fmt.Sprintf("%d %s %d Hz × %d", r.peak, r.codecs, r.format.SampleRate, r.format.Channels))
		var at media.Frames
		for i, n := range r.heard() {
			start, end := at.Duration(r.format.SampleRate), (at + n).Duration(r.format.SampleRate)
			want = append(want, fmt.Sprintf("%v + %v https://music.test/media/TOKEN/t/%s/%d.m4s", start, end-start, r.name, i))
			at += n
		}
		if at != r.trim.Length {
			t.Errorf("%s: %d frames to be heard, want %d", r.name, at, r.trim.Length)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	for d, want := range map[time.Duration]string{4 * time.Second: "PT4S", 3_993_832_199: "PT3.993833S", 1: "PT0.000001S", 100 * time.Second: "PT100S"} {
		if got := xsDuration(d); got != want {
			t.Errorf("%v is written %s, want %s", d, got, want)
		}
	}
}
