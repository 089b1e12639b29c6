// Package radio keeps a live stream over HTTP going while its connections come and go: a Receiver writes what they bring
// to a Tape and a Tuner reads it as packets. What a new connection repeats is passed over, and what a server says
// between the audio (ICY titles) is told when it is due.
//
//	Connection → splice → Tape → Tuner → packets and titles
//
// When to connect, and to which server, is its caller's business, and so is where the music lies on a timeline.
package radio

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/metadata"
)

// Errors of Connection.Run, beside those of the connection itself.
var (
	// ErrHungUp: the server ended a stream that has no end.
	ErrHungUp = errors.New("the server ended the stream")
	// ErrLapsed: the listener has paused for longer than the stream is held.
	ErrLapsed = errors.New("paused for longer than is held")
)

// Options are how a Receiver receives.
type Options struct {
	// Bytes bounds what is held that was not decoded yet, between 256 KiB and 4 MiB.
	Bytes int64
	// Lapsed is told when nothing was read of what is held for so long that the connection was given up, and,
	// with false, when somebody reads again. It is called from Connection.Run.
	Lapsed func(bool)
	// Recoded is told that a Tuner has come to its end because another coding begins there, which open
	// opens. It is called by that Tuner's Next.
	Recoded func(open func() (container.Demuxer, error))
	Logger  *slog.Logger
}

// Receiver is where the connections to one station come together. There is one Connection at a time, and the
// methods are for the goroutine that makes them, but for what says otherwise.
type Receiver struct {
	opt     Options
	station *metadata.Station // whoever was told of it may keep it
	got     reception
	tape    atomic.Pointer[Tape] // the latest; nil before the first
	aired   atomic.Bool          // it is the decoder's
	fresh   chan *Tape           // one that is to be put on air

	// The connection's while it runs, else the caller's.
	next  Break     // what the next tape begins with
	said  string    // the latest title
	says  bool      // there was one
	heard time.Time // when the last byte came
	bytes int64     // see Bytes
}

// NewReceiver makes one that nothing was received by yet.
func NewReceiver(opt Options) *Receiver {
	return &Receiver{opt: opt, station: &metadata.Station{}, fresh: make(chan *Tape, 1)}
}

// Station is what the latest connection says of the station.
func (r *Receiver) Station() *metadata.Station { return r.station }

// Begun reports whether a connection brought audio.
func (r *Receiver) Begun() bool { return r.tape.Load() != nil }

// Heard is when the last byte came.
func (r *Receiver) Heard() time.Time { return r.heard }

// Bytes is how much audio came since ResetBytes.
func (r *Receiver) Bytes() int64 { return r.bytes }

// ResetBytes counts anew.
func (r *Receiver) ResetBytes() { r.bytes = 0 }

// Fresh gives a tape that was begun anew and is to be tuned in to.
func (r *Receiver) Fresh() <-chan *Tape { return r.fresh }

// Tune opens a fresh tape. Once the Tuner is given to a decoder, OnAir is to be called.
func (r *Receiver) Tune(t *Tape) (*Tuner, error) { return r.tune(t, 0) }

// OnAir says that the latest tape is the decoder's: it goes on when the connection is lost.
func (r *Receiver) OnAir() { r.aired.Store(true) }

// HangUp lets the decoder come to the end of what is here.
func (r *Receiver) HangUp() {
	if t := r.tape.Load(); t != nil {
		t.end()
	}
}

// Given is how much music was given to the decoder. Any goroutine.
func (r *Receiver) Given() time.Duration { return time.Duration(r.got.music.Load()) }

// Left is how many bytes are here that were not given to the decoder. Any goroutine.
func (r *Receiver) Left() int64 {
	t := r.tape.Load()
	if t == nil {
		return 0
	}
	end, _ := t.length()
	if r.got.tuned.Load() == t {
		return max(0, end-r.got.upTo.Load())
	}
	return end
}

// PerSecond is how many bytes a second of the music takes, as far as is known; zero for nothing.
func (r *Receiver) PerSecond() float64 {
	music, bytes := r.Given(), r.got.bytes.Load()
	if music > time.Second && bytes > 0 {
		return float64(bytes) / music.Seconds()
	}
	return float64(r.station.Bitrate) / 8
}

// title notes what the stream says of what begins at a byte of the tape.
func (r *Receiver) title(t *Tape, at int64, block []byte) {
	title := metadata.ParseTitle(block)
	if r.says && title.Text == r.said {
		return
	}
	r.said, r.says = title.Text, true
	t.title(at, title.Metadata())
}

// Stream is a server's answer, without an end: a fetch.Stream. Close may be called from any goroutine.
type Stream interface {
	io.ReadCloser
	// Header is what the server says of the stream, the same each time; never nil.
	Header() http.Header
}

// Connection moves a connection's bytes to a tape.
type Connection struct {
	r      *Receiver
	s      Stream
	splice *splice // nil when it is known where on the tape the bytes belong
	blocks []block // until then
	tape   *Tape
	shift  int64 // of the tape over the connection's audio
}

// block is metadata at a byte of a connection's audio.
type block struct {
	at   int64
	text []byte
}

// Connect begins with a new connection, whose headers tell of the station. The caller closes s.
func (r *Receiver) Connect(s Stream) (*Connection, error) {
	station, err := metadata.ParseStation(s.Header())
	if err != nil {
		return nil, err
	}
	r.station = &station
	return &Connection{r: r, s: s, splice: newSplice(r.tape.Load())}, nil
}

// Run ends with the connection: with its error, or ErrHungUp or ErrLapsed. It may be called from a goroutine of its own.
func (c *Connection) Run(ctx context.Context) error {
	in := metadata.NewICYReader(c.s, c.r.station.Interval, func(at int64, text []byte) {
		if c.splice == nil {
			c.r.title(c.tape, at+c.shift, text)
			return
		}
		c.blocks = append(c.blocks[max(0, len(c.blocks)-maxTitles):], block{at, append([]byte(nil), text...)})
	})
	buf := make([]byte, 8<<10)
	for {
		n, err := in.Read(buf)
		if n > 0 {
			c.take(ctx, buf[:n])
		}
		if err == nil && c.splice == nil {
			err = c.room(ctx)
		}
		if err == nil {
			continue
		}
		if c.tape != nil && !c.r.aired.Load() {
			c.tape.end() // nobody will go on with what can't be opened yet
		}
		if errors.Is(err, io.EOF) {
			err = ErrHungUp
		}
		return err
	}
}

// take puts audio where it belongs.
func (c *Connection) take(ctx context.Context, audio []byte) {
	c.r.heard = time.Now()
	c.r.bytes += int64(len(audio))
	if c.splice == nil {
		c.tape.write(audio)
		return
	}
	j, known := c.splice.take(audio)
	if !known {
		return
	}
	c.splice = nil
	c.begin(ctx, j)
	for i, b := range c.blocks {
		if i+1 < len(c.blocks) && c.blocks[i+1].at <= j.at {
			continue // over, before what is new
		}
		c.r.title(c.tape, max(b.at, j.at)+c.shift, b.text)
	}
	c.blocks = nil
}

// begin goes on with the tape where the connection brings what is on it, or with a new one.
func (c *Connection) begin(ctx context.Context, j joined) {
	r, old := c.r, c.r.tape.Load()
	if j.found {
		end, _ := old.length()
		c.tape, c.shift = old, end-j.at
		r.opt.Logger.Info("the radio goes on without a gap", "repeated", j.at)
		old.write(j.rest)
		return
	}
	if old != nil {
		old.end()
		if r.next == Continuous && r.Given() > 0 {
			r.next = Lost
		}
	}
	c.tape = newTape(ctx, r.next)
	r.next = Continuous
	r.aired.Store(false)
	r.tape.Store(c.tape)
	c.tape.write(j.rest)
	r.fresh <- c.tape
}

// lapseAfter is how long nothing is read of a full tape before what it holds is too old to be gone on with.
const lapseAfter = 10 * time.Second

// room waits while the tape is full. Where nobody reads it, the connection is given up until somebody does, who
// then hears what is live.
func (c *Connection) room(ctx context.Context) error {
	limit := min(heldBytes, max(heldBehind, c.r.opt.Bytes))
	_, unread := c.tape.length()
	if unread < limit {
		return nil
	}
	timer := time.NewTimer(lapseAfter)
	defer timer.Stop()
	for unread >= limit {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.tape.read:
			timer.Reset(lapseAfter)
		case <-timer.C:
			_ = c.s.Close()
			c.r.opt.Lapsed(true)
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-c.tape.read:
			}
			c.r.opt.Lapsed(false)
			c.tape.cut()
			c.r.next = Lapsed
			return ErrLapsed
		}
		_, unread = c.tape.length()
	}
	return nil
}
