package demo

import (
	"context"
	"math"
	"slices"

	"github.com/segue-audio/segue/player/media"
)

// SampleRate is the piece's rate in frames a second.
const SampleRate = 44100

// blockFrames is how much the stems render at a time; a multiple of control, so that filters move at
// the same frames whatever the length of a block.
const blockFrames = 4096

// Piece is the music, composed and ready to be rendered any number of times.
type Piece struct {
	score *score
}

// NewPiece composes the piece. It is the same each time.
func NewPiece() *Piece { return &Piece{score: compose()} }

// Frames is the length of the whole piece at SampleRate.
func (p *Piece) Frames() media.Frames { return media.Frames(p.score.bars()) * framesPerBar }

// Cuts gives the frame at which each track begins, the first being 0. A cut lies in the middle of the
// music: a chord sounds and the drums run across it.
func (p *Piece) Cuts() []media.Frames {
	var cuts []media.Frames
	for _, m := range movements() {
		cuts = append(cuts, max(0, media.Frames(m.first)*framesPerBar-anacrusis))
	}
	return cuts
}

// Render plays the piece from its first to its last frame and hands it to emit in blocks, left and
// right interleaved, full scale at ±1, no sample beyond -1 dBFS. A block is emit's only until emit
// returns. Two calls give the same samples.
//
// It ends early with the error of ctx or of emit. The parts are played by goroutines of their own; all
// have ended when Render returns.
func (p *Piece) Render(ctx context.Context, emit func(interleaved []float32) error) error {
	ctx, cancel := context.WithCancel(ctx)
	t := newTables()
	strips := p.strips(t)
	for i := range strips {
		strips[i].start(ctx, int64(p.Frames()))
	}
	defer func() {
		cancel()
		for i := range strips {
			for range strips[i].played { // until the goroutine closes it
			}
		}
	}()
	console := newConsole(t, p.score)
	out := make([]float32, 0, 2*blockFrames)
	for at := int64(0); at < int64(p.Frames()); at += blockFrames {
		frames := int(min(blockFrames, int64(p.Frames())-at))
		console.begin(at, frames)
		for i := range strips {
			part, ok := <-strips[i].played
			if !ok {
				return ctx.Err()
			}
			console.add(&strips[i], part)
			strips[i].spent <- part
		}
		out = console.finish(out[:0])
		if err := emit(out); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// strip is a part's place in the mix: its level, what it sends to the hall and the echo, and how far
// the kick pushes it down.
type strip struct {
	stem                   stem
	gain, hall, echo, duck float64
	played, spent          chan stereo
}

// start plays the stem in its own goroutine, two blocks ahead of the mix at most, until frames or ctx
// ends; then it closes played.
func (s *strip) start(ctx context.Context, frames int64) {
	const ahead = 2
	s.played, s.spent = make(chan stereo, ahead), make(chan stereo, ahead)
	for range ahead {
		s.spent <- newStereo(blockFrames)
	}
	go func() {
		defer close(s.played)
		for at := int64(0); at < frames; at += blockFrames {
			select {
			case <-ctx.Done():
				return
			case b := <-s.spent:
				n := min(blockFrames, frames-at)
				s.stem.render(at, stereo{b.l[:n:blockFrames], b.r[:n:blockFrames]})
				s.played <- b // never waits: there are no more blocks than places
			}
		}
	}()
}

// decibels is a level as a factor.
func decibels(db float64) float64 { return math.Pow(10, db/20) }

// strips sets up the parts and the balance between them.
func (p *Piece) strips(t *tables) []strip {
	s, k := p.score, newKit(t)
	clone := slices.Clone[[]note]
	return []strip{
		{stem: newPadStem(t, clone(s.pad), s.padCutoff), gain: decibels(-10.5), hall: 0.3, duck: 0.55},
		{stem: newPianoStem(t, clone(s.piano)), gain: decibels(-6), hall: 0.16, echo: 0.1, duck: 0.25},
		{stem: newBassStem(t, clone(s.bass), s.bassTone), gain: decibels(-15), duck: 0.5},
		{stem: newStringStem(clone(s.strings)), gain: decibels(-1.5), hall: 0.22, echo: 0.3, duck: 0.15},
		{stem: newBellStem(t, clone(s.bells)), gain: decibels(-4.5), hall: 0.4, echo: 0.3},
		{stem: newSoloStem(t, clone(s.lead), 4800), gain: decibels(-8), hall: 0.22, echo: 0.22, duck: 0.1},
		{stem: newSoloStem(t, clone(s.harmony), 3200), gain: decibels(-11), hall: 0.26, echo: 0.15, duck: 0.1},
		{stem: newDrumStem(k, clone(s.kicks)), gain: decibels(-10.5)},
		{stem: newDrumStem(k, clone(s.drums)), gain: decibels(1), hall: 0.1},
		{stem: newSeaStem(s.seaLevel), gain: decibels(-3), hall: 0.1},
	}
}

// console sums the strips of a block, runs the hall, the echo and the master.
type console struct {
	kicks           []note
	at              int64
	pushed          []float64 // 0 to 1 by frame: how far the kick holds the others down
	dry, hall, echo stereo
	room            *reverb
	turns           *pingPong
	low             [2]filter
	limit           *limiter
	score           *score
	lastKick        int64
	lastVel, before float64
}

// The master's level into the saturation, and the ceiling: true peaks lie a little over the samples.
const (
	drive     = 0.99
	ceilingDB = -1.1
)

func newConsole(t *tables, s *score) *console {
	c := &console{
		kicks: slices.Clone(s.kicks), score: s, room: newReverb(t, 2.3), turns: newPingPong(),
		limit: newLimiter(decibels(ceilingDB)), lastKick: -SampleRate * 10,
		pushed: make([]float64, blockFrames),
		dry:    newStereo(blockFrames), hall: newStereo(blockFrames), echo: newStereo(blockFrames),
	}
	for i := range c.low {
		c.low[i] = newFilter(24, 0.7)
	}
	return c
}

// begin clears the buses for a block and works out the ducking.
func (c *console) begin(at int64, frames int) {
	c.at = at
	for _, s := range []*stereo{&c.dry, &c.hall, &c.echo} {
		s.l, s.r = s.l[:frames], s.r[:frames]
		s.clear()
	}
	c.pushed = c.pushed[:frames]
	for i := range c.pushed {
		frame := at + int64(i)
		if len(c.kicks) > 0 && c.kicks[0].at <= frame {
			c.before = c.push(frame)
			c.lastKick, c.lastVel = c.kicks[0].at, c.kicks[0].vel
			c.kicks = c.kicks[1:]
		}
		c.pushed[i] = c.push(frame)
	}
}

// push falls on the kick within 3 ms and lets go over a good eighth.
func (c *console) push(frame int64) float64 {
	since := float64(frame - c.lastKick)
	const down, up = 0.003 * SampleRate, 0.3 * SampleRate
	if since < down {
		x := smooth(since / down)
		return c.before*(1-x) + c.lastVel*x
	}
	return c.lastVel * (1 - smooth((since-down)/up))
}

func (c *console) add(s *strip, part stereo) {
	n := len(c.dry.l)
	pl, pr, pushed := part.l[:n], part.r[:n], c.pushed[:n]
	dl, dr := c.dry.l[:n], c.dry.r[:n]
	for i, down := range pushed {
		gain := s.gain * (1 - s.duck*down)
		pl[i] *= gain
		pr[i] *= gain
		dl[i] += pl[i]
		dr[i] += pr[i]
	}
	send(c.hall, part, s.hall)
	send(c.echo, part, s.echo)
}

// send adds part to a bus of the effects; nothing goes where the level is zero.
func send(bus, part stereo, level float64) {
	if level == 0 {
		return
	}
	n := len(bus.l)
	pl, pr, bl, br := part.l[:n], part.r[:n], bus.l[:n], bus.r[:n]
	for i := range bl {
		bl[i] += level * pl[i]
		br[i] += level * pr[i]
	}
}

// finish runs the effects and the master, and appends the block to out.
func (c *console) finish(out []float32) []float32 {
	c.turns.process(c.echo)
	for i := range c.hall.l {
		c.hall.l[i] += 0.25 * c.echo.l[i]
		c.hall.r[i] += 0.25 * c.echo.r[i]
	}
	c.room.process(c.hall)
	end := float64(c.score.bars()) * framesPerBar
	for i := range c.dry.l {
		wet := 1 - 0.25*c.pushed[i]
		l := warm(drive * (c.dry.l[i] + c.echo.l[i] + wet*c.hall.l[i]))
		r := warm(drive * (c.dry.r[i] + c.echo.r[i] + wet*c.hall.r[i]))
		// The last two seconds fade to nothing, or the room's tail would be cut.
		fade := smooth((end - lookAhead - float64(c.at+int64(i))) / (2 * SampleRate))
		c.dry.l[i], c.dry.r[i] = fade*c.low[0].high(l), fade*c.low[1].high(r)
	}
	c.limit.process(c.dry)
	for i := range c.dry.l {
		out = append(out, float32(c.dry.l[i]), float32(c.dry.r[i]))
	}
	return out
}
