package loader

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/internal/radio"
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

// broadcast is a loader's side of a live stream over HTTP. Its connections come and go, and the music goes on: what
// is here is played meanwhile.
type broadcast struct {
	l *Loader
	*radio.Receiver
}

func (l *Loader) newBroadcast() *broadcast {
	return &broadcast{l, radio.NewReceiver(radio.Options{
		Bytes: l.env.BufferBytes, Lapsed: l.progress.lapsed.Store, Logger: l.env.Logger,
		Recoded: func(open func() (container.Demuxer, error)) {
			l.runs.insert(&Run{
				Open: open, Reason: abr.ReasonOnly, Trim: Trimming{Known: true}, Continues: true, Discontinuity: Discontinuity{NewClock: true},
			})
		},
	})}
}

// runRadio plays a live stream for as long as there is one.
func (l *Loader) runRadio(ctx context.Context) error {
	if l.radio == nil {
		l.radio = l.newBroadcast()
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
		l.env.Logger.Info("the radio's connection is lost", "bytes", r.Bytes(), "err", err)
		switch {
		case r.Bytes() >= sound:
			r.ResetBytes()
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
		case errors.Is(err, errUnfit), !r.Begun() || l.otherPlace():
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
func (r *broadcast) outwait(ctx context.Context, err error) error {
	if werr := r.l.outwait(ctx, err); werr == nil || ctx.Err() != nil {
		return werr
	}
	if time.Since(r.Heard()) >= radioAbsent {
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
func (r *broadcast) listen(ctx context.Context) error {
	s, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	c, err := r.Connect(s)
	if err != nil {
		return unfit{err}
	}
	if !r.Begun() {
		r.l.tagged(metadata.Metadata{Station: r.Station()})
		r.l.known.settle(r.l.location, r.l.presentation)
	}
	ended := make(chan error, 1)
	r.l.tasks.Go(func() { ended <- c.Run(ctx) })
	look := time.NewTicker(radioLook)
	defer look.Stop()
	for {
		select {
		case t := <-r.Fresh():
			if err := r.air(t); err != nil {
				_ = s.Close()
				<-ended
				return err
			}
		case <-look.C:
			r.account()
		case err := <-ended:
			select {
			case t := <-r.Fresh():
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
func (r *broadcast) connect(ctx context.Context) (*fetch.Stream, error) {
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
func (r *broadcast) air(t *radio.Tape) error {
	d, err := r.Tune(t)
	if err != nil {
		if errors.Is(err, io.EOF) || t.IsOver() {
			return nil // the connection was lost before it told what it is
		}
		return unfit{err}
	}
	info := d.Info()
	perSecond := r.perSecond()
	if info.Format.Lossless() && r.Station().Bitrate == 0 {
		perSecond = max(perSecond, float64(info.Format.SampleRate*info.Format.Channels))
	}
	if r.l.current < 0 {
		t.Await(int64(perSecond * tuneAhead.Seconds()))
		r.l.current = 0
		name := Rendition{Bitrate: r.Station().Bitrate, Codecs: string(info.Format.Codec), Name: r.Station().Name, Lossless: info.Format.Lossless()}
		r.l.progress.opened.Store(true)
		r.l.task.Note(Opened{[]Rendition{name}, 0})
	}
	r.account()
	r.l.runs.push(&Run{
		Open: func() (container.Demuxer, error) { return d, nil }, Reason: abr.ReasonOnly,
		Start: r.l.progress.From(), Continues: true, Trim: Trimming{Known: true}, Discontinuity: discontinuityOf(t.Begins()),
	})
	r.OnAir()
	return nil
}

// discontinuityOf is what changes where a tape begins.
func discontinuityOf(b radio.Break) Discontinuity {
	switch b {
	case radio.Lost:
		return Discontinuity{NewClock: true, Why: WhyFailed}
	case radio.Lapsed:
		return Discontinuity{NewClock: true, Why: WhyWindow}
	}
	return Discontinuity{}
}

// perSecond is how many bytes a second of the music takes.
func (r *broadcast) perSecond() float64 {
	if known := r.PerSecond(); known > 0 {
		return known
	}
	return unknownRate
}

// account tells how much music is here.
func (r *broadcast) account() {
	if !r.Begun() {
		return
	}
	l, p := r.l, r.l.progress
	l.pos = p.From() + r.Given() + time.Duration(float64(r.Left())/r.perSecond()*float64(time.Second))
	p.SetLoaded(l.pos)
	l.liveAt.Store(int64(l.pos))
	p.window.Store(&Window{Start: p.Played(), End: l.pos, Sliding: true, list: &manifest.Playlist{}})
}

// hangUp lets the decoder come to the end of what is here.
func (l *Loader) hangUp() {
	if l.radio != nil {
		l.radio.HangUp()
	}
}
