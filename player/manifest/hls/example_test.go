package hls_test

import (
	"fmt"
	"net/url"
	"time"

	"github.com/segue-audio/segue/player/manifest/hls"
)

func ExampleParse() {
	base, _ := url.Parse("https://music.example/t1/master.m3u8")
	text, _ := hls.AppendMaster(nil, []hls.VariantSpec{
		{URI: "flac/index.m3u8", Peak: 900_000, Codecs: "fLaC"},
		{URI: "mp3-64/index.m3u8", Peak: 64_000, Codecs: "mp4a.40.34"},
	})
	master, err := hls.Parse(text, base, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	lowest := master.Presentation.Renditions[0]
	fmt.Println(lowest.Bitrate, lowest.URL)

	text, _ = hls.AppendMedia(nil, &hls.MediaSpec{Segments: []hls.SegmentSpec{{URI: "0.mp3", Duration: 4 * time.Second}}})
	list, err := hls.Parse(text, lowest.URL, master)
	if err != nil {
		fmt.Println(err)
		return
	}
	first := list.Playlist.Segments[0]
	fmt.Println(first.Duration, first.Name)
	// Output:
	// 64 kbps https://music.example/t1/mp3-64/index.m3u8
	// 4s mp3-64/0.mp3
}
