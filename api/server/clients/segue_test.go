package clients_test

import (
	"errors"
	"testing"
	"time"

	"github.com/segue-audio/segue/api/server/encoder/goaac"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// segue is our own player, for comparison.
func segue() client {
	return client{name: "Segue", seeks: true, version: func() string { return "" }, play: func(t *testing.T, url string, from float64) ([]float32, error) {
		return listen(t, player.Item{URL: url, Start: time.Duration(from * float64(time.Second))}, player.Selection{})
	}}
}

func listen(t *testing.T, item player.Item, s player.Selection) ([]float32, error) {
	out := &playertest.Capture{Pace: sink.Unpaced}
	p := player.New(player.Config{Sink: out, SampleRate: rate, Selection: s})
	p.Append(item)
	p.Play()
	if err := errors.Join(p.Wait(t.Context()), p.Close()); err != nil {
		return nil, err
	}
	return out.Music(), nil
}

// shifted is by how many frames, within three, what was heard is more like the music than where it is.
func shifted(music, got []float32) (shift int) {
	best := -1.0
	for d := -3; d <= 3; d++ {
		if like := likeness(music, got, rate, rate+d); like > best {
			best, shift = like, d
		}
	}
	return shift
}

// TestSegue holds our own player to more than the others: it takes off the padding as well, in HLS and in DASH.
func TestSegue(t *testing.T) {
	music := glide(5*rate + 777)
	for _, s := range serve(t, music, goaac.New(goaac.Fast)) {
		if s.part {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			c := segue()
			got, err := c.play(t, s.url, 0)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(music) {
				t.Errorf("%d frames, want %d", len(got)/2, len(music)/2)
			}
			if h, err := compare(music, got); err != nil || len(h.gaps) > 0 {
				t.Errorf("%v, %v", h, err)
			}
			for i := range 5 { // from AAC at 48 kbps to FLAC
				got, err := listen(t, player.Item{URL: s.url}, player.Selection{Mode: player.ModeFixed, Index: i})
				if err != nil || len(got) != len(music) || shifted(music, got) != 0 {
					t.Errorf("rendition %d: %d frames of %d, shifted by %d, %v", i, len(got)/2, len(music)/2, shifted(music, got), err)
				}
			}
			const to = 4.2 // behind a border
			got, err = c.play(t, s.url, to)
			if err != nil {
				t.Fatal(err)
			}
			var r result
			if err := r.land(music, got, to); err != nil || r.seeks[0] < -0.1 || r.seeks[0] > 0.1 || len(got) != len(music)-2*int(to*rate) {
				t.Errorf("a seek: %v, %v, %d frames", r.seeks, err, len(got)/2)
			}
		})
	}
}
