package ogg

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/flac"
	"github.com/segue-audio/segue/player/codec/opus"
	"github.com/segue-audio/segue/player/codec/vorbis"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/media"
)

func decoder(t testing.TB, f media.Format) (d codec.Decoder) {
	t.Helper()
	var err error
	switch f.Codec {
	case media.CodecOpus:
		d, err = opus.New(f)
	case media.CodecVorbis:
		d, err = vorbis.New(f)
	default:
		d, err = flac.New(f)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// player plays as the pipeline does: what lies on raw time already is not given twice, a jump makes the
// decoder start anew, and what was lost is concealed.
type player struct {
	d    *Demuxer
	dec  codec.Decoder
	buf  []float32
	pcm  []float32    // what was played
	next media.Frames // raw time of what comes next
	raw  media.Frames // where the last packet ended; -1 where none did
}

func newPlayer(t testing.TB, data []byte) *player {
	d := openBytes(t, data)
	dec := decoder(t, d.Info().Format)
	return &player{d: d, dec: dec, buf: make([]float32, codec.MaxFrames*dec.Channels()), raw: -1}
}

// from moves to raw time at.
func (p *player) from(t testing.TB, at media.Frames) {
	t.Helper()
	if err := p.d.Seek(at); err != nil {
		t.Fatal(err)
	}
	p.next, p.pcm = at, p.pcm[:0]
}

// play plays until so many frames were heard, or to the end.
func (p *player) play(t testing.TB, frames int) []float32 {
	t.Helper()
	ch := p.dec.Channels()
	for len(p.pcm) < frames*ch {
		var packet media.Packet
		err := p.d.Next(&packet)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.raw >= 0 && packet.Time != p.raw {
			p.dec.Reset()
		}
		n, err := p.dec.Decode(p.buf, &packet)
		if errors.Is(err, codec.ErrCorrupt) {
			n = int(packet.Duration)
			if c, ok := p.dec.(codec.Concealer); ok {
				c.Conceal(p.buf, n)
			} else {
				clear(p.buf[:n*ch])
			}
		} else if err != nil {
			t.Fatal(err)
		} else if media.Frames(n) != packet.Duration {
			t.Fatalf("packet at %d gives %d frames, its Duration is %d", packet.Time, n, packet.Duration)
		}
		p.raw = packet.Time + media.Frames(n)
		if early := p.next - packet.Time; early < media.Frames(n) {
			if early < 0 {
				t.Fatalf("packet at %d, %d frames missing before it", packet.Time, -early)
			}
			p.pcm = append(p.pcm, p.buf[int(early)*ch:n*ch]...)
			p.next = p.raw
		}
	}
	return p.pcm[:min(len(p.pcm), frames*ch)]
}

// long repeats a sample's packets up to some bytes. Those of Vorbis get zeros behind, which no decoder
// looks at, so that they are long enough to go over pages.
func (s sample) long(t testing.TB, bytes int) (all []media.Packet) {
	short := media.Frames(0)
	if s.name == "tone.ogg" {
		short = media.Frames(openBytes(t, s.remux(9)).links[0].m.(*vorbisMapping).block[0])
	}
	for n := 0; n < bytes; {
		for _, p := range s.packets {
			if short > 0 {
				p.Data = append(p.Data[:len(p.Data):len(p.Data)], make([]byte, 700)...)
			}
			if short > 0 && p.Duration == 0 && n > 0 { // the last one's block is there to overlap with
				p.Duration = short / 2
			}
			all = append(all, p)
			n += len(p.Data)
		}
	}
	return all
}

const everything = math.MaxInt32

// TestSeekSounds plays from random places, to and fro. Vorbis and FLAC must sound as uninterrupted,
// bit by bit; Opus nearly so.
func TestSeekSounds(t *testing.T) {
	files := map[string][]byte{}
	for _, s := range samples(t) {
		files[s.name] = layout{serial: 8, headers: s.headers, perPage: 5}.write(s.long(t, 200_000))
		cuts := []int64{0, 30, 0, 70}
		if s.name == "tone.oga" { // nothing is cut from FLAC
			clear(cuts)
		}
		files[s.name+" chained"] = chain(s, cuts...)
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			whole := append([]float32(nil), newPlayer(t, data).play(t, everything)...)
			p := newPlayer(t, data)
			ch := p.dec.Channels()
			rng := rand.New(rand.NewPCG(7, 8))
			var worst, noise, signal float64
			rounds := containertest.Sweep(150, 1000)
			if p.d.info.Format.Codec == media.CodecOpus { // its pre-roll is long
				rounds = containertest.Sweep(30, 1000)
			}
			for range rounds {
				at := rng.IntN(len(whole)/ch - 1)
				p.from(t, media.Frames(at))
				got := p.play(t, 1500)
				want := whole[at*ch : min(len(whole), (at+1500)*ch)]
				if len(got) != len(want) {
					t.Fatalf("from %d: %d samples, want %d", at, len(got), len(want))
				}
				for i := range got {
					e := math.Abs(float64(got[i]) - float64(want[i]))
					worst = max(worst, e)
					noise += e * e
					signal += float64(want[i]) * float64(want[i])
				}
			}
			if p.d.info.Format.Codec != media.CodecOpus {
				if worst != 0 {
					t.Errorf("differs by %v", worst)
				}
				return
			}
			below := 10 * math.Log10(signal/max(noise, 1e-30))
			t.Logf("the error is %.1f dB below the music, %.6f at most", below, worst)
			if below < 60 {
				t.Errorf("the error is only %.1f dB below the music", below)
			}
		})
	}
}

// TestChainSounds plays links one after the other: what is heard of each is what is heard of it alone.
func TestChainSounds(t *testing.T) {
	for _, s := range samples(t) {
		cuts := []int64{40, 0, 90}
		if s.name == "tone.oga" { // nothing is cut from FLAC
			clear(cuts)
		}
		p := newPlayer(t, chain(s, cuts...))
		trim := p.d.Info().Trim
		p.from(t, trim.Start)
		got := p.play(t, int(trim.Length))
		var want []float32
		for i, cut := range cuts {
			one := newPlayer(t, layout{serial: 3, headers: s.headers, perPage: 6, cut: cut, base: int64(i) * 5000}.write(s.packets))
			trim := one.d.Info().Trim
			one.from(t, trim.Start)
			want = append(want, one.play(t, int(trim.Length))...)
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %d samples, want %d", s.name, len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%s: sample %d is %v, want %v", s.name, i, got[i], want[i])
			}
		}
	}
}

// TestLossSounds takes a page away: what lies well behind it sounds as before, at its time.
func TestLossSounds(t *testing.T) {
	for _, s := range samples(t) {
		pages := pagesOf(t, s.remux(4))
		at := len(s.headers) + 2
		lost := bytes.Join(append(append([][]byte(nil), pages[:at]...), pages[at+2:]...), nil)
		whole := newPlayer(t, bytes.Join(pages, nil)).play(t, everything)
		p := newPlayer(t, lost)
		got := p.play(t, everything)
		if len(got) != len(whole) {
			t.Fatalf("%s: %d samples, want %d", s.name, len(got), len(whole))
		}
		near := 0.0
		if p.d.info.Format.Codec == media.CodecOpus {
			near = 0.01
		}
		for i := len(got) * 3 / 4; i < len(got); i++ {
			if math.Abs(float64(got[i]-whole[i])) > near {
				t.Fatalf("%s: sample %d is %v, want %v", s.name, i, got[i], whole[i])
			}
		}
	}
}
