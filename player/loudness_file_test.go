package player_test

import (
	"encoding/binary"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// taggedFLAC is a FLAC file with a VORBIS_COMMENT block (RFC 9639, 8.6).
func taggedFLAC(pcm []int16, comments ...string) []byte {
	plain := playertest.FLACFile(pcm)
	body := binary.LittleEndian.AppendUint32(nil, 4)
	body = append(body, "test"...)
	body = binary.LittleEndian.AppendUint32(body, uint32(len(comments)))
	for _, c := range comments {
		body = binary.LittleEndian.AppendUint32(body, uint32(len(c)))
		body = append(body, c...)
	}
	const head = 4 + 4 + 34 // fLaC, the header of STREAMINFO, STREAMINFO
	file := append([]byte(nil), plain[:head]...)
	file[4] = 0 // not the last block
	file = append(file, 0x84, 0, byte(len(body)>>8), byte(len(body)))
	file = append(file, body...)
	return append(file, plain[head:]...)
}

// TestGainFromTheFile: the gain that a file carries counts from its first frame on, and what the app says
// goes before it.
func TestGainFromTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		one, two := playertest.Music(1, 3*playertest.Rate), playertest.Music(2, 3*playertest.Rate)
		s.Put("/one.flac", taggedFLAC(one, "REPLAYGAIN_TRACK_GAIN=-6.00 dB", "REPLAYGAIN_TRACK_PEAK=0.4"))
		s.Put("/two.flac", taggedFLAC(two, "REPLAYGAIN_TRACK_GAIN=-20.00 dB"))
		r := start(t, &playertest.Link{Handler: s, RTT: 20 * time.Millisecond}, player.Config{Loudness: dsp.Loudness{Mode: dsp.LoudnessTrack}}, sink.RealTime)
		gain := media.Decibels(-12)
		r.Append(player.Item{URL: host + "/one.flac"}, player.Item{URL: host + "/two.flac", Tags: media.Tags{TrackGain: &gain}})
		r.Play()
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		heard := r.out.Music()
		if len(heard) != len(one)+len(two) {
			t.Fatalf("%d frames were heard", len(heard)/2)
		}
		for i, v := range heard {
			src, want := float64(0), media.Decibels(-6).Amplitude()
			if i < len(one) {
				src = float64(one[i]) / 32768
			} else {
				src, want = float64(two[i-len(one)])/32768, gain.Amplitude()
			}
			if math.Abs(float64(v)-src*want) > 1e-6 {
				t.Fatalf("sample %d is %v, want %v", i, v, src*want)
			}
		}
	})
}

// TestLoudnessWhilePlaying: a change of mode is heard as a ramp, and off is bit for bit the music again.
func TestLoudnessWhilePlaying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playertest.NewService()
		urls, whole := album(t, s, 12*playertest.Rate)
		r := start(t, &playertest.Link{Handler: s}, player.Config{Selection: player.Selection{Mode: player.ModeHighest}}, sink.RealTime)
		track, album := media.Decibels(-6), media.Decibels(-9)
		r.Append(player.Item{URL: urls[0], Tags: media.Tags{TrackGain: &track, AlbumGain: &album}})
		r.Play()
		time.Sleep(time.Second)
		for _, step := range []struct {
			mode dsp.LoudnessMode
			want float64
		}{{dsp.LoudnessTrack, track.Amplitude()}, {dsp.LoudnessAlbum, album.Amplitude()}, {dsp.LoudnessOff, 1}} {
			r.SetLoudness(dsp.Loudness{Mode: step.mode})
			time.Sleep(2 * time.Second)
			before := len(r.out.Music())
			time.Sleep(time.Second)
			if got := level(r.out.Music()[before:], whole, before/2); math.Abs(got-step.want) > 1e-4 {
				t.Errorf("mode %v: factor %v, want %v", step.mode, got, step.want)
			}
		}
		before := len(r.out.Music())
		if err := r.finish(t); err != nil {
			t.Fatal(err)
		}
		heard := r.out.Music()
		if _, err := playertest.Same(heard[before:], whole[before:]); err != nil {
			t.Error(err)
		}
		worst := 0.0
		for i := 2; i < len(heard); i += 2 {
			own := math.Abs(float64(whole[i])-float64(whole[i-2])) / 32768
			worst = max(worst, math.Abs(float64(heard[i])-float64(heard[i-2]))-own)
		}
		if worst > 0.001 {
			t.Errorf("a step of %.5f that the music doesn't have", worst)
		}
	})
}
