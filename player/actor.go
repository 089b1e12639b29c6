package player

import (
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/internal/queue"
	"github.com/segue-audio/segue/player/media"
)

// actor is the state that only the control goroutine touches. Everything arrives through the
// mailbox: commands, and notes of the loaders and decoders; and from the mixer: its notes, which are
// true at once, and its markers, which come true when their frame is heard.
type actor struct {
	queue   *queue.Queue[Item]
	current EntryID // heard, or about to be
	intent  Intent
	phase   Phase
	holds   Hold
	broken  error // why the phase is Broken

	mixingEntry *pipeline.Entry            // what the mixer is at, as far as is known
	following   *pipeline.Entry            // what it was told to go on with
	dropped     *pipeline.Entry            // what it was told before, and may have gone over to meanwhile
	ghost       *pipeline.Entry            // what it went over to, and was taken back: heard in its turn as a blink
	unheard     []*pipeline.Entry          // what it has gone over to since what is heard, the queue's current entry last
	wanted      bool                       // it asked what follows, and was not answered yet: see maxUnheard
	settled     bool                       // it was told that nothing follows
	cue         *cue                       // what to start once the commands at hand are done
	live        map[*pipeline.Entry]*track // not ended yet

	heardEntry *pipeline.Entry // audible
	started    *track          // TrackStarted was told, TrackEnded not yet
	fading     *track          // the same for the one before it, which is still fading out
	map0       mapping         // of heardEntry, or of what will be

	seeking   seekWait
	listener  listener
	sleep     sleepTimer
	output    output
	watch     watch
	telling   telling
	crossfade crossfade
	loudness  dsp.Loudness

	speed       float64
	skipSilence bool

	listed    place
	waiting   []chan error // calls of Wait
	replies   []reply      // to be given once what they speak of is published
	failures  []error
	failedRun int // entries in a row that failed before a frame of theirs was heard
	stats     Stats
	playedAt  time.Time // of the first Play
	dryAt     time.Duration
	moment    time.Time // when what is being told could be heard; zero for now
	told      time.Time // the latest time of an event
}

func newActor(cfg Config) actor {
	a := actor{
		queue: queue.New(albumOf),
		live:  map[*pipeline.Entry]*track{}, speed: 1, skipSilence: cfg.SkipSilence,
		crossfade: crossfade{cfg.Crossfade, cfg.CrossfadeCurve}, loudness: cfg.Loudness,
		listener: listener{volume: 1, duck: cfg.Duck.Amplitude(), sleep: 1},
	}
	if cfg.Volume != nil {
		a.listener.volume = clamp(*cfg.Volume, 0, 1)
	}
	if cfg.Speed != 0 {
		a.speed = clamp(cfg.Speed, MinSpeed, MaxSpeed)
	}
	return a
}

// headEntry is the entry that the mixer is at.
type headEntry struct{ e *pipeline.Entry }

// track is an entry of the queue on its way from the first byte to the last frame. A seek gives it a
// pipeline of its own and leaves it the same track.
type track struct {
	id         EntryID
	item       Item
	renditions []Rendition
	rendition  int // audible; −1 before
	loading    int
	duration   time.Duration // as the item says, until the media does
	measured   bool          // the media has said
	waiting    bool          // its loader waits for the network
	gain       float64       // for loudness
	known      media.Tags    // gains that the item, the file or a meter told
	left       mapping       // while it fades out
}

// mapping turns a frame index of the mixer into a position on an entry's timeline.
type mapping struct {
	frame    int64
	position time.Duration
	speed    float64
	running  bool // false until the first frame of the entry is heard

	// told is the furthest position that somebody was told. Where the music has slowed down a moment ago
	// and the player has yet to learn of it, that is too far: positions then stay until the music comes up.
	told *atomic.Int64
}

// mappingFrom is the mapping from a marker on.
func mappingFrom(k pipeline.Marker) mapping {
	return mapping{k.Frame, k.Position, k.Speed, true, new(atomic.Int64)}
}

// sped is the mapping from a change of speed on.
func (m mapping) sped(k pipeline.Marker) mapping {
	next := mappingFrom(k)
	if m.told != nil {
		next.told = m.told
	}
	return next
}

// atLeast is a position, or the furthest that was told before.
func (m mapping) atLeast(pos time.Duration) time.Duration {
	for {
		told := m.told.Load()
		if int64(pos) <= told {
			return time.Duration(told)
		}
		if m.told.CompareAndSwap(told, int64(pos)) {
			return pos
		}
	}
}

// run is the control loop.
func (p *Player) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		for _, f := range p.mail.take() {
			f()
		}
		next := p.hear()
		now := time.Now()
		for _, due := range []time.Duration{p.sleepDue(now), p.reopenDue(now), p.watchDue(now), p.tellDue(now)} {
			next = sooner(next, due)
		}
		p.launchCue()
		p.holdForNetwork()
		p.publish()
		p.sendReplies()
		if next < 0 {
			next = time.Hour
		}
		timer.Reset(next)
		select {
		case <-p.ctx.Done():
			p.shutDown()
			return
		case <-p.mail.wake:
		case <-p.mixer.Changed():
		case <-timer.C:
		}
	}
}

// sooner is the smaller of two waits; negative ones are for ever.
func sooner(a, b time.Duration) time.Duration {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

func (p *Player) shutDown() {
	p.answerSeek(ErrClosed)
	for e := range p.live {
		e.Stop()
	}
	for e := range p.live {
		e.Wait()
	}
	for _, w := range p.waiting {
		p.reply(w, ErrClosed)
	}
	p.sendReplies()
}

// reply is the answer to a command that somebody waits for.
type reply struct {
	to  chan<- error // has room
	err error
}

func (p *Player) reply(to chan<- error, err error) { p.replies = append(p.replies, reply{to, err}) }

func (p *Player) sendReplies() {
	for _, r := range p.replies {
		r.to <- r.err
	}
	p.replies = p.replies[:0]
}
