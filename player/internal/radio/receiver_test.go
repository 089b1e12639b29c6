package radio

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
)

const (
	frameSize = 417 // of MP3 with 128 kbps and 44.1 kHz
	titleGap  = 8192
)

// mp3s is MP3 frames from one to another, each with its number in it.
func mp3s(from, to int) []byte {
	var all []byte
	for i := from; i < to; i++ {
		frame := make([]byte, frameSize)
		copy(frame, []byte{0xff, 0xfb, 0x90, 0x44})
		binary.BigEndian.PutUint32(frame[100:], uint32(i))
		all = append(all, frame...)
	}
	return all
}

// answer is a server's: audio, with a title behind each titleGap bytes of it as long as there are any, and then its end,
// unless it hangs.
type answer struct {
	body   io.Reader
	hangs  bool
	closed chan struct{}
}

func newAnswer(audio []byte, hangs bool, titles ...string) *answer {
	var b bytes.Buffer
	for len(audio) >= titleGap {
		b.Write(audio[:titleGap])
		audio = audio[titleGap:]
		var block []byte
		if len(titles) > 0 {
			block, titles = []byte("StreamTitle='"+titles[0]+"';"), titles[1:]
			block = append(block, make([]byte, -len(block)&15)...)
		}
		b.WriteByte(byte(len(block) / 16))
		b.Write(block)
	}
	b.Write(audio)
	return &answer{body: &b, hangs: hangs, closed: make(chan struct{})}
}

func (a *answer) Header() http.Header {
	return http.Header{"Icy-Metaint": {"8192"}, "Icy-Name": {"a station"}, "Icy-Br": {"128"}}
}

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.body.Read(p)
	if err == io.EOF && a.hangs {
		<-a.closed
		err = errClosed
	}
	return n, err
}

func (a *answer) Close() error {
	close(a.closed)
	return nil
}

// errClosed is what reading from what was closed gives.
var errClosed = errors.New("closed")

// station is a Receiver and what it says.
type station struct {
	*Receiver
	lapses  []bool
	recoded []func() (container.Demuxer, error)
}

func newStation(held int64) *station {
	s := &station{}
	s.Receiver = NewReceiver(Options{
		Bytes: held, Lapsed: func(on bool) { s.lapses = append(s.lapses, on) }, Logger: slog.New(slog.DiscardHandler),
		Recoded: func(open func() (container.Demuxer, error)) { s.recoded = append(s.recoded, open) },
	})
	return s
}

// run hears a connection out, in a goroutine of its own.
func (s *station) run(t *testing.T, ctx context.Context, a *answer) <-chan error {
	t.Helper()
	c, err := s.Connect(a)
	if err != nil {
		t.Fatal(err)
	}
	if s.Station().Name != "a station" {
		t.Errorf("the station is called %q", s.Station().Name)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	return ended
}

// tune gives the tuner of the tape that was begun, which it expects to begin so.
func (s *station) tune(t *testing.T, begins Break) *Tuner {
	t.Helper()
	tape := <-s.Fresh()
	if tape.Begins() != begins {
		t.Errorf("the tape begins with %d, want %d", tape.Begins(), begins)
	}
	d, err := s.Receiver.Tune(tape)
	if err != nil {
		t.Fatal(err)
	}
	s.OnAir()
	return d
}

// wants reads frames from one to another, once all that can come has come, and gives what is said from which on.
func wants(t *testing.T, d *Tuner, from, to int) string {
	t.Helper()
	synctest.Wait()
	said := ""
	var p media.Packet
	for i := from; i < to; i++ {
		if err := d.Next(&p); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if n := binary.BigEndian.Uint32(p.Data[100:]); n != uint32(i) || len(p.Data) != frameSize {
			t.Fatalf("frame %d is %d of %d bytes", i, n, len(p.Data))
		}
		for _, m := range d.Titles() {
			said += fmt.Sprint(i, m.Tags.Title)
		}
	}
	return said
}

// TestConnectionsJoin: a connection that repeats what is here goes on with it to the frame, on the same tape; one
// that comes too late begins a new one, and the music that is here is played before.
func TestConnectionsJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStation(1 << 20)
		if err := <-s.run(t, t.Context(), newAnswer(mp3s(0, 40), false)); err != ErrHungUp {
			t.Error(err)
		}
		if !s.Begun() || s.Bytes() != 40*frameSize || s.Left() != 40*frameSize || s.PerSecond() != 16000 || s.Given() != 0 {
			t.Errorf("%d bytes, %d left, %v a second", s.Bytes(), s.Left(), s.PerSecond())
		}
		tape := <-s.Fresh()
		if !tape.IsOver() {
			t.Error("what nobody could open yet is waited for")
		}
		// Nobody has tuned in, so it begins anew.
		s = newStation(1 << 20)
		first := newAnswer(mp3s(0, 200), true, "one")
		ended := s.run(t, t.Context(), first)
		d := s.tune(t, Continuous)
		if said := wants(t, d, 0, 100); said != "20one" {
			t.Errorf("titles at frames: %q", said)
		}
		first.Close()
		if err := <-ended; err != errClosed {
			t.Error(err)
		}
		if rest := s.Left(); rest != 100*frameSize {
			t.Errorf("%d bytes are left of 100 frames", rest)
		}
		if (s.Given() - 100*1152*time.Second/44100).Abs() > time.Millisecond {
			t.Errorf("%v were given", s.Given())
		}
		ended = s.run(t, t.Context(), newAnswer(mp3s(150, 400), false, "between", "two"))
		if said := wants(t, d, 100, 398); said != "200two" {
			t.Errorf("titles at frames: %q", said)
		}
		if err := <-ended; err != ErrHungUp {
			t.Error(err)
		}
		ended = s.run(t, t.Context(), newAnswer(mp3s(1000, 1000+spliceBytes/frameSize+100), false, "three"))
		next := s.tune(t, Lost)
		if err := wantsRest(d); err != io.EOF {
			t.Error(err)
		}
		if said := wants(t, next, 1000, 1200); said != "1020three" {
			t.Errorf("titles at frames: %q", said)
		}
		if err := <-ended; err != ErrHungUp {
			t.Error(err)
		}
		s.HangUp()
	})
}

// wantsRest reads a tuner to its end.
func wantsRest(d *Tuner) error {
	var p media.Packet
	for {
		if err := d.Next(&p); err != nil {
			return err
		}
	}
}

// TestLapse: what is held and not read for too long is given up, and who reads again hears what is live.
func TestLapse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStation(0)
		ended := s.run(t, t.Context(), newAnswer(mp3s(0, 2000), true))
		d := s.tune(t, Continuous)
		wants(t, d, 0, 10)
		time.Sleep(lapseAfter + time.Second)
		synctest.Wait()
		if len(s.lapses) != 1 || !s.lapses[0] {
			t.Fatalf("lapsed: %v", s.lapses)
		}
		if held := s.Left(); held < heldBehind-64<<10 || held > heldBehind+64<<10 {
			t.Errorf("%d bytes are held", held)
		}
		var p media.Packet
		for n := 0; d.Next(&p) == nil; n++ {
			if synctest.Wait(); n > 200 {
				t.Fatal("what is old by now is played on")
			}
		}
		if err := <-ended; err != ErrLapsed || len(s.lapses) != 2 || s.lapses[1] {
			t.Error(err, s.lapses)
		}
		ended = s.run(t, t.Context(), newAnswer(mp3s(5000, 5100), false))
		wants(t, s.tune(t, Lapsed), 5000, 5090)
		if err := <-ended; err != ErrHungUp {
			t.Error(err)
		}
		s.HangUp()
	})
}

// TestRecoded: where a station goes over to another coding, the tuner ends and says what goes on.
func TestRecoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStation(0)
		const size = 371
		frame := make([]byte, size)
		copy(frame, []byte{0xff, 0xf1, 1<<6 | 4<<2, 2<<6 | size>>11, size >> 3 & 0xff, size&7<<5 | 0x1f, 0xfc})
		ended := s.run(t, t.Context(), newAnswer(append(mp3s(0, 100), bytes.Repeat(frame, 300)...), false))
		d := s.tune(t, Continuous)
		if err := <-ended; err != ErrHungUp {
			t.Error(err)
		}
		s.HangUp()
		if err := wantsRest(d); err != io.EOF || len(s.recoded) != 1 {
			t.Fatal(err, len(s.recoded))
		}
		next, err := s.recoded[0]()
		if err != nil {
			t.Fatal(err)
		}
		if codec := next.Info().Format.Codec; codec != media.CodecAAC {
			t.Errorf("goes on in %s", codec)
		}
		if n := wantsRest(next.(*Tuner)); n != io.EOF || s.Left() > 2*size {
			t.Errorf("%v with %d bytes left", n, s.Left())
		}
	})
}
