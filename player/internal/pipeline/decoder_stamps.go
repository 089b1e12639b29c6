package pipeline

import (
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/media"
)

const (
	stampRate = 90_000  // ticks a second of the time stamps of transport streams and packed audio
	stampWrap = 1 << 33 // where they begin anew
	stampPast = time.Second / 2

	// stampSlack is how far a segment's time stamp may be from where the one before ended without being
	// believed: packagers round, and what is rounded away is no silence.
	stampSlack = 100 * time.Millisecond
)

// stamps follow the time stamps of a stream's segments (RFC 8216, 3.2 and 3.4).
type stamps struct {
	demux container.Demuxer // of the run at hand

	known bool
	ticks int64        // of the last segment
	at    media.Frames // of the raw timeline: where that segment begins
	rate  int          // that at counts at

	tail      container.Demuxer // the last segment that was read to its end
	tailIndex int
	tailOf    int // its rendition
}

// begin takes note of the demuxer of a run, and joins it with the segment before.
func (s *stamps) begin(demux container.Demuxer, r *loader.Run) {
	if outer, ok := demux.(loader.Wrapper); ok {
		demux = outer.Unwrap()
	}
	s.demux = demux
	if c, ok := demux.(container.Continued); ok && s.tail != nil && r.Continues && s.tailOf == r.Rendition && s.tailIndex == r.Index-1 {
		c.Continue(s.tail)
	}
}

// finish takes note that a run was read to its end. A part of a segment leaves the tail of the one before in
// place: each run of a segment is joined with it, or its packets would not be numbered alike.
func (s *stamps) finish(r *loader.Run) {
	if r.Packets > 0 {
		return
	}
	s.tail, s.tailIndex, s.tailOf = nil, r.Index, r.Rendition
	if _, ok := s.demux.(container.Continued); ok {
		s.tail = s.demux
	}
}

// now is the time stamp of the segment at hand.
func (s *stamps) now() (ticks int64, ok bool) {
	if t, stamped := s.demux.(interface{ Timestamp() (int64, bool) }); stamped {
		return t.Timestamp()
	}
	return 0, false
}

// note remembers where the segment at hand begins.
func (s *stamps) note(at media.Frames, rate int) {
	s.ticks, s.known = s.now()
	s.at, s.rate = at, rate
}

// expected is where the segment at hand begins by its time stamp, and that of the one before.
func (s *stamps) expected(rate int) (at media.Frames, ok bool) {
	ticks, ok := s.now()
	if !ok || !s.known {
		return 0, false
	}
	passed := (ticks - s.ticks) & (stampWrap - 1)
	if passed > stampWrap/2 {
		passed -= stampWrap
	}
	from := media.Rescale(int64(s.at), int64(s.rate), int64(rate))
	return media.Frames(from + media.Rescale(passed, stampRate, int64(rate))), true
}

// alignStamped finds where a segment lies that has a time stamp. What follows the segment before goes on
// where the music stopped, whatever stamp and playlist round; only where the stamp tells of a hole, or of
// music that was given before, it is believed. Of another rendition the stamp is truer than the playlist.
func (d *decoderStage) alignStamped(p *media.Packet, r *loader.Run) bool {
	if _, ok := d.stamps.now(); !ok {
		return false
	}
	start := d.listed(p, r)
	if at, ok := d.stamps.expected(d.rate); ok && d.rawNext >= 0 {
		off := at - d.rawNext
		slack := media.FramesIn(stampSlack, d.rate)
		switch {
		case r.Continues && off > slack && off.Duration(d.rate) <= maxGap, r.Continues && off < -slack && -off.Duration(d.rate) <= stampPast:
			start = d.rawNext + media.Frames(media.Rescale(int64(off), max(1, int64(p.Duration)), 1))*max(1, p.Duration)
		case r.Continues:
		case near(at, d.rawNext, 2):
			start = d.rawNext
		case near(at, media.FramesIn(r.Start, d.rate), media.FramesIn(stampPast, d.rate)):
			start = at
		}
	}
	d.base = start - p.Time
	return true
}

// listed is where the playlist says that a run begins: where the one before stopped, if it says about that.
func (d *decoderStage) listed(p *media.Packet, r *loader.Run) media.Frames {
	start := media.FramesIn(r.Start, d.rate)
	switch {
	case d.rawNext >= 0 && (r.Continues || near(start, d.rawNext, p.Duration)):
		// Playlists round; the stream itself goes on where it stopped.
		return d.rawNext
	case (d.fmt.Codec == media.CodecMP3 || d.fmt.Codec == media.CodecAAC) && p.Duration > 0:
		// All frames are of one size, so the true start lies on their grid.
		return (start + p.Duration/2) / p.Duration * p.Duration
	}
	return start
}
