package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
)

// measuring is a decoder's side of loudness normalisation: it looks up how loud the entry is before the
// first frame is given out, and where nobody knows it measures what it decodes, so that it is known the
// next time. That costs 0.1 % of a core.
type measuring struct {
	meter *dsp.Meter // nil where it isn't wanted
	rate  int
}

// heard takes frames before they are given out, in order.
func (m *measuring) heard(ctx context.Context, d *decoderStage, pcm []float32, rendition int) {
	if l := &d.e.levelling; !l.looked {
		l.looked = true
		if d.e.lookUpLevel(ctx, rendition) {
			m.begin(d)
		}
	}
	if m.meter == nil {
		return
	}
	if d.rate != m.rate { // two programmes in one: neither's level would be the other's
		m.meter = nil
		return
	}
	m.meter.Process(pcm)
}

// begin starts to measure, if what is decoded will be all of it.
func (m *measuring) begin(d *decoderStage) {
	if d.e.From() > 0 || d.e.Spec.Stop > 0 {
		return
	}
	meter, err := dsp.NewMeter(d.rate, Channels)
	if err != nil {
		return // a rate that no meter has
	}
	m.meter, m.rate = meter, d.rate
}

// done stores what was measured; all of the entry was decoded.
func (m *measuring) done(ctx context.Context, d *decoderStage) {
	if m.meter != nil {
		d.e.env.setLevel(ctx, d.e.Spec.Identity(), dsp.Level{Integrated: m.meter.Integrated(), TruePeak: m.meter.TruePeak()})
	}
}

// lookUpLevel settles the gain, and reports whether it takes measuring to know it.
func (e *Entry) lookUpLevel(ctx context.Context, rendition int) (unknown bool) {
	how := e.Spec.Loudness
	if how.Mode == dsp.LoudnessOff || e.hasGain() {
		return false
	}
	if level, ok := e.env.level(ctx, e.Spec.Identity()); ok {
		e.know(level.Tags())
		return false
	}
	if how.Measure == dsp.MeasureNever {
		return false
	}
	e.rendition = rendition
	close(e.unknown)
	return true
}

const (
	// aheadLead is the least music that is left of the entry before, for measuring ahead to be worth
	// while.
	aheadLead = 5 * time.Second
	// aheadBatch is how many blocks are decoded between two rests, 0.7 s of music.
	aheadBatch = 8
	// aheadRest is how long a rest is, in times of the work before: a fifth of a core at most.
	aheadRest = 4
	// longestAheadRest bounds it where the machine was busy with something else.
	longestAheadRest = 250 * time.Millisecond
	// aheadLook is how often a decoder that has nothing ready is looked at.
	aheadLook = 5 * time.Millisecond
)

// measureAhead decodes an entry of unknown loudness once in full, ahead of its turn, so that already
// its first playing is levelled. That takes as much work as playing it, at no more than a fifth of a
// core, and needs all of it to be here: nothing is fetched for it.
func (e *Entry) measureAhead(ctx context.Context) {
	if e.Spec.Loudness.Mode == dsp.LoudnessOff || e.Spec.Loudness.Measure != dsp.MeasureAhead || e.At > 0 || e.Spec.Stop > 0 {
		return
	}
	for _, c := range []<-chan struct{}{e.in, e.unknown} {
		select {
		case <-c:
		case <-ctx.Done():
			return
		}
	}
	if e.lead() < aheadLead || !e.env.levels.begin() {
		return
	}
	level, err := e.measureAll(ctx)
	e.env.levels.end()
	if err != nil {
		if ctx.Err() == nil {
			e.env.Logger.Info("loudness can't be measured ahead", "err", err)
		}
		return
	}
	e.env.setLevel(ctx, e.Spec.Identity(), level)
	if e.Played() == e.From() { // else it is too late: the music would change under the listener
		e.know(level.Tags())
	}
}

// begin reports whether nobody measures ahead; until end, the caller does.
func (b *levelBook) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.busy
	b.busy = true
	return !was
}

func (b *levelBook) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = false
}

// errSeveralRates says that what is to be measured changes its sample rate on the way.
var errSeveralRates = errors.New("several sample rates")

// measureAll decodes what e plays, beside its own decoder.
func (e *Entry) measureAll(ctx context.Context) (dsp.Level, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	spec := e.Spec
	spec.Loudness, spec.Outline = dsp.Loudness{}, nil
	twin := Start(ctx, e.env.still(e.rendition), e.Key, spec, 0, func() time.Duration { return 0 })
	defer twin.Wait()
	defer twin.Stop()
	var meter *dsp.Meter
	rate, began, blocks := 0, time.Now(), 0
	for {
		b, st := twin.blocks.take()
		switch {
		case st == over && twin.err != nil:
			return dsp.Level{}, twin.err
		case st == over && meter == nil:
			return dsp.Level{}, nil
		case st == over:
			return dsp.Level{Integrated: meter.Integrated(), TruePeak: meter.TruePeak()}, nil
		case st == starving:
			if err := rest(ctx, aheadLook); err != nil {
				return dsp.Level{}, err
			}
			continue
		}
		if meter == nil {
			var err error
			if meter, err = dsp.NewMeter(b.Rate, Channels); err != nil {
				return dsp.Level{}, err
			}
			rate = b.Rate
		}
		if b.Rate != rate {
			return dsp.Level{}, errSeveralRates
		}
		meter.Process(b.PCM)
		twin.SetPlayed((b.At + media.Frames(len(b.PCM)/Channels)).Duration(rate))
		twin.blocks.done(b)
		if blocks++; blocks%aheadBatch == 0 {
			if err := rest(ctx, min(aheadRest*time.Since(began), longestAheadRest)); err != nil {
				return dsp.Level{}, err
			}
			began = time.Now()
			twin.blocks.relieve()
		}
	}
}

// rest waits.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// still is an Env for entries that nobody hears: they read what is here already, in one rendition, and
// nothing tells of them.
func (v *Env) still(rendition int) *Env {
	return &Env{Env: v.Env.Still(rendition), Note: func(Note) {}}
}
