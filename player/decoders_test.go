package player_test

import (
	"encoding/binary"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/flac"
	lend "github.com/segue-audio/segue/player/codec/host"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/playertest"
	"github.com/segue-audio/segue/player/sink"
)

// lender lends FLAC decoders that hold back the last 1,500 frames, as a platform's may, and counts
// those that were given back.
type lender struct{ opened, closed atomic.Int32 }

func (l *lender) Open(s *lend.Stream) (lend.Codec, error) {
	d, err := flac.New(media.Format{Codec: media.CodecFLAC, SampleRate: int(s.SampleRate), Channels: int(s.Channels), Config: s.Config})
	if err != nil {
		return nil, err
	}
	l.opened.Add(1)
	return &lent{lender: l, dec: d, dst: make([]float32, codec.MaxFrames*d.Channels())}, nil
}

type lent struct {
	lender *lender
	dec    *flac.Decoder
	dst    []float32
	held   []byte
}

func (l *lent) SampleRate() int32 { return int32(l.dec.SampleRate()) }
func (l *lent) Channels() int32   { return int32(l.dec.Channels()) }
func (l *lent) IsFloat() bool     { return true }
func (l *lent) Reset() error      { l.held = nil; return nil }
func (l *lent) Close() error      { l.lender.closed.Add(1); return nil }

func (l *lent) Decode(packet []byte) ([]byte, error) {
	n, err := l.dec.Decode(l.dst, &media.Packet{Data: packet})
	if err != nil {
		return nil, err
	}
	for _, v := range l.dst[:n*l.dec.Channels()] {
		l.held = binary.LittleEndian.AppendUint32(l.held, math.Float32bits(v))
	}
	ready := max(0, len(l.held)-4*l.dec.Channels()*1500)
	out := l.held[:ready]
	l.held = slices.Clone(l.held[ready:])
	return out, nil
}

func (l *lent) Drain() ([]byte, error) {
	out := l.held
	l.held = nil
	return out, nil
}

// TestLentDecoders: an app's decoder goes before the built-in one, its lag is taken out to the frame,
// what it refuses falls to the built-in one, and each is given back.
func TestLentDecoders(t *testing.T) {
	for name, refuse := range map[string]bool{"lends": false, "refuses": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := playertest.NewService()
				whole := playertest.Music(6, 9*playertest.Rate+777)
				cut := 2 * (4*playertest.Rate + 123)
				s.Put("/a.flac", playertest.FLACFile(whole[:cut]))
				s.Put("/b.flac", playertest.FLACFile(whole[cut:]))
				var l lender
				r := start(t, &playertest.Link{Handler: s, RTT: 20 * time.Millisecond}, player.Config{
					Decoders: map[media.Codec]func(media.Format) (codec.Decoder, error){
						media.CodecFLAC: func(f media.Format) (codec.Decoder, error) {
							if refuse {
								return nil, codec.ErrUnsupported
							}
							return lend.New(f, &l)
						},
					},
				}, sink.RealTime, host+"/a.flac", host+"/b.flac")
				r.Play()
				if err := r.finish(t); err != nil {
					t.Fatal(err)
				}
				if n, err := playertest.Same(r.out.Music(), whole); err != nil || n != 0 {
					t.Errorf("%d switches, %v", n, err)
				}
				r.Close()
				want := int32(2)
				if refuse {
					want = 0
				}
				if l.opened.Load() != want || l.closed.Load() != want {
					t.Errorf("%d decoders were lent, %d given back; want %d", l.opened.Load(), l.closed.Load(), want)
				}
			})
		})
	}
}
