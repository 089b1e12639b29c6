package loader

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/metadata"
)

const (
	// tuneAhead is how much of a radio is here before it is heard. Most servers begin with more at once.
	tuneAhead = time.Second
	// radioAbsent is for how long a stream that was heard may be refused (its source is being restarted, and
	// the server has no such mount meanwhile) before it is given up.
	radioAbsent = time.Minute
	// radioPause is how long after a refusal it is asked for again.
	radioPause = 2 * time.Second
	// sound is how many bytes of audio a connection has to bring to count as one that worked.
	sound = 4 << 10
	// radioLook is how often a radio's account is made up.
	radioLook = 250 * time.Millisecond
)

// errHungUp: the server ended a stream that has no end.
var errHungUp = errors.New("the server ended the stream")

// radio is a loader's side of a live stream over HTTP. Its connections come and go, and the music goes on: what
// is here is played meanwhile, and what a new connection repeats of it is passed over (see splice).
type radio struct {
	l       *Loader
	station metadata.Station
	got     reception
	tape    atomic.Pointer[tape] // the latest; nil before the first
	aired   atomic.Bool          // it is the decoder's
	fresh   chan *tape           // one that is to be put on air

	// The pump's while there is one, else the loader's.
	why    Turn      // what the next tape is a turn to
	text   string    // of the latest title
	titled bool      // there was one
	heard  time.Time // when the last byte came
	bytes  int64     // of audio, of the connection at hand
}

// runRadio plays a live stream for as long as there is one.
func (l *Loader) runRadio(ctx context.Context) error {
	if l.radio == nil {
		l.radio = &radio{l: l, fresh: make(chan *tape, 1)}
		if at := l.liveAt.Load(); at > 0 && (l.task.At == AtBegin || l.task.At == AtEdge) {
			l.progress.begin(time.Duration(at)) // the timeline goes on
		}
	}
	r := l.radio
	for {
		began := time.Now()
		err := r.listen(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		l.env.Logger.Info("the radio's connection is lost", "bytes", r.bytes, "err", err)
		switch {
		case r.bytes >= sound:
			r.bytes = 0
			if errors.Is(err, errUnfit) {
				return err
			}
			// At once: what is here plays on meanwhile. But for a server that hangs up on everybody.
			if soon := radioPause - time.Since(began); soon > 0 {
				if err := pause(ctx, soon); err != nil {
					return err
				}
			}
			continue
		case errors.Is(err, errUnfit), r.tape.Load() == nil || l.otherPlace():
			return err
		case l.refused(err) && l.task.Spec.Resolve != nil && l.location == 0 && !l.renewed:
			l.renewed = true
			if rerr := l.relocate(ctx); rerr != nil {
				return rerr
			}
			l.isRadio.Store(true)
			continue
		}
		if werr := r.outwait(ctx, err); werr != nil {
			return werr
		}
	}
}

// outwait waits until it is worth while to try again after err.
func (r *radio) outwait(ctx context.Context, err error) error {
	if werr := r.l.outwait(ctx, err); werr == nil || ctx.Err() != nil {
		return werr
	}
	if time.Since(r.heard) >= radioAbsent {
		return err
	}
	return pause(ctx, radioPause)
}

// errUnfit: what comes in can't be played, from however many connections.
var errUnfit = errors.New("not to be played")

// unfit is such an error.
type unfit struct{ error }

func (u unfit) Unwrap() []error { return []error{errUnfit, u.error} }

// listen hears one connection out.
func (r *radio) listen(ctx context.Context) error {
	s, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if r.station, err = metadata.ParseStation(s.Header()); err != nil {
		return unfit{err}
	}
	if r.tape.Load() == nil {
		m := metadata.Metadata{Station: &r.station}
		r.l.tagged(m)
		r.l.known.settle(r.l.location, r.l.presentation)
	}
	p := &pump{r: r, s: s, splice: newSplice(r.tape.Load())}
	ended := make(chan error, 1)
	r.l.tasks.Go(func() { ended <- p.run(ctx) })
	look := time.NewTicker(radioLook)
	defer look.Stop()
	for {
		select {
		case t := <-r.fresh:
			if err := r.air(t); err != nil {
				_ = s.Close()
				<-ended
				return err
			}
		case <-look.C:
			r.account()
		case err := <-ended:
			select {
			case t := <-r.fresh:
				if aerr := r.air(t); aerr != nil {
					err = aerr
				}
			default:
			}
			r.account()
			return err
		}
	}
}

// connect asks for the stream.
func (r *radio) connect(ctx context.Context) (*fetch.Stream, error) {
	l := r.l
	req := l.request(ObjectAudio, manifest.Resource{URL: l.top})
	req.URL, req.Stall = l.url, 0
	req.Header = l.header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Icy-MetaData", "1")
	req.Received = func(n int64) { l.count(n, 0) }
	s, err := l.client(true).Stream(ctx, req)
	if err == nil {
		l.recovered()
	}
	return s, err
}

// air opens a tape and gives it to the decoder, once enough is on it.
func (r *radio) air(t *tape) error {
	d, err := r.got.tune(r.l, t, 0)
	if err != nil {
		if errors.Is(err, io.EOF) || t.isOver() {
			return nil // the connection was lost before it told what it is
		}
		return unfit{err}
	}
	info := d.Info()
	perSecond := r.perSecond()
	if info.Format.Lossless() && r.station.Bitrate == 0 {
		perSecond = max(perSecond, float64(info.Format.SampleRate*info.Format.Channels))
	}
	if r.l.current < 0 {
		t.await(int64(perSecond * tuneAhead.Seconds()))
		r.l.current = 0
		name := Rendition{Bitrate: r.station.Bitrate, Codecs: string(info.Format.Codec), Name: r.station.Name, Lossless: info.Format.Lossless()}
		r.l.progress.opened.Store(true)
		r.l.task.Note(Opened{[]Rendition{name}, 0})
	}
	r.account()
	r.l.runs.push(&Run{
		Open: func() (container.Demuxer, error) { return d, nil }, Reason: abr.ReasonOnly,
		Start: r.l.progress.From(), Continues: true, Trim: Trimming{Known: true}, Turn: t.why,
	})
	r.aired.Store(true)
	return nil
}

// perSecond is how many bytes a second of the music takes.
func (r *radio) perSecond() float64 { return r.got.pace(float64(r.station.Bitrate) / 8) }

// account tells how much music is here.
func (r *radio) account() {
	t := r.tape.Load()
	if t == nil {
		return
	}
	end, _ := t.length()
	rest := end
	if r.got.tuned.Load() == t {
		rest = max(0, end-r.got.upTo.Load())
	}
	e := r.l.progress
	at := time.Duration(int64(e.From()) + r.got.music.Load())
	r.l.pos = at + time.Duration(float64(rest)/r.perSecond()*float64(time.Second))
	e.Reach(r.l.pos)
	r.l.liveAt.Store(int64(r.l.pos))
	e.window.Store(&Window{Start: e.Played(), End: r.l.pos, Sliding: true, list: &manifest.Playlist{}})
}

// hangUp lets the decoder come to the end of what is here.
func (l *Loader) hangUp() {
	if l.radio == nil {
		return
	}
	if t := l.radio.tape.Load(); t != nil {
		t.end()
	}
}

// title notes what the stream says of what begins at a byte of the tape.
func (r *radio) title(t *tape, at int64, block []byte) {
	said := metadata.ParseTitle(block)
	if r.titled && said.Text == r.text {
		return
	}
	r.text, r.titled = said.Text, true
	t.title(at, said.Metadata())
}

// pump moves a connection's bytes to a tape, on a goroutine of its own.
type pump struct {
	r      *radio
	s      *fetch.Stream
	splice *splice // nil when it is known where on the tape the bytes belong
	blocks []said  // until then
	tape   *tape
	shift  int64 // of the tape over the connection's audio
}

// run ends with the connection: with its error, errHungUp where it has none.
func (p *pump) run(ctx context.Context) error {
	in := metadata.NewICYReader(p.s, p.r.station.Interval, func(at int64, block []byte) {
		if p.splice == nil {
			p.r.title(p.tape, at+p.shift, block)
			return
		}
		p.blocks = append(p.blocks[max(0, len(p.blocks)-maxTitles):], said{at, append([]byte(nil), block...)})
	})
	buf := make([]byte, 8<<10)
	for {
		n, err := in.Read(buf)
		if n > 0 {
			p.take(ctx, buf[:n])
		}
		if err == nil && p.splice == nil {
			err = p.room(ctx)
		}
		if err == nil {
			continue
		}
		if p.tape != nil && !p.r.aired.Load() {
			p.tape.end() // nobody will go on with what can't be opened yet
		}
		if errors.Is(err, io.EOF) {
			err = errHungUp
		}
		return err
	}
}

// take puts audio where it belongs.
func (p *pump) take(ctx context.Context, audio []byte) {
	p.r.heard = time.Now()
	p.r.bytes += int64(len(audio))
	if p.splice == nil {
		p.tape.write(audio)
		return
	}
	j, known := p.splice.take(audio)
	if !known {
		return
	}
	p.splice = nil
	p.begin(ctx, j)
	for i, b := range p.blocks {
		if i+1 < len(p.blocks) && p.blocks[i+1].at <= j.at {
			continue // over, before what is new
		}
		p.r.title(p.tape, max(b.at, j.at)+p.shift, b.block)
	}
	p.blocks = nil
}

// said is a block of metadata at a byte of a connection's audio.
type said struct {
	at    int64
	block []byte
}

// begin goes on with the tape where the connection brings what is on it, or with a new one.
func (p *pump) begin(ctx context.Context, j joined) {
	r, old := p.r, p.r.tape.Load()
	if j.found {
		end, _ := old.length()
		p.tape, p.shift = old, end-j.at
		r.l.env.Logger.Info("the radio goes on without a gap", "repeated", j.at)
		old.write(j.rest)
		return
	}
	if old != nil {
		old.end()
		if r.why == (Turn{}) && r.got.music.Load() > 0 {
			r.why = Turn{Fresh: true, Why: WhyFailed}
		}
	}
	p.tape = newTape(ctx, r.why)
	r.why = Turn{}
	r.aired.Store(false)
	r.tape.Store(p.tape)
	p.tape.write(j.rest)
	r.fresh <- p.tape
}

// lapseAfter is how long nothing is read of a full tape before what it holds is too old to be gone on with.
const lapseAfter = 10 * time.Second

// errLapsed: the listener has paused for longer than the stream is held.
var errLapsed = errors.New("paused for longer than is held")

// room waits while the tape is full. Where nobody reads it, the connection is given up until somebody does, who
// then hears what is live.
func (p *pump) room(ctx context.Context) error {
	limit := min(radioBytes, max(radioBehind, p.r.l.env.BufferBytes))
	_, unread := p.tape.length()
	if unread < limit {
		return nil
	}
	timer := time.NewTimer(lapseAfter)
	defer timer.Stop()
	for unread >= limit {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.tape.read:
			timer.Reset(lapseAfter)
		case <-timer.C:
			_ = p.s.Close()
			p.r.l.progress.lapsed.Store(true)
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-p.tape.read:
			}
			p.r.l.progress.lapsed.Store(false)
			p.tape.cut()
			p.r.why = Turn{Fresh: true, Why: WhyWindow}
			return errLapsed
		}
		_, unread = p.tape.length()
	}
	return nil
}
