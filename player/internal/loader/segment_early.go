package loader

import (
	"io"
	"time"

	"github.com/segue-audio/segue/drm/aes128"
	codecflac "github.com/segue-audio/segue/player/codec/flac"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/media"
)

const (
	// earlyMusic is how much music a part of a segment holds at least.
	earlyMusic = 250 * time.Millisecond
	// earlyPace is how much faster than it will be played music must come, since it was asked for, so
	// that it is begun with before the segment is whole.
	earlyPace = 1.5
)

// early hands a segment to the decoder in parts while it comes in, when the listener waits for just this or
// will do so before it is whole. It sees the parts before the segment's digest and padding can be
// checked: what is whole goes the usual way after them. It runs on the loader's goroutine.
type early struct {
	l     *Loader
	seg   *manifest.Segment
	needs *needs
	run   *Run          // what the parts are like
	lead  time.Duration // of the raw timeline before the music, where the playlist tells
	begun time.Time

	given   int // packets handed over
	music   time.Duration
	refused bool // the segment is of no kind to do this with
}

// early is for a segment that the listener may come to wait for; nil for others.
func (l *Loader) early(w waiting) *early {
	if l.buffered() >= w.seg.Duration || w.seg.URL.Scheme == "file" || w.run.Discontinuity != (Discontinuity{}) {
		return nil
	}
	return &early{l: l, seg: w.seg, needs: w.needs, run: w.run, lead: trimStart(w.list), begun: time.Now()}
}

// waiting is a segment that is being loaded.
type waiting struct {
	list  *manifest.Playlist
	seg   *manifest.Segment
	next  *manifest.Segment // that will be wanted after it; nil where unknown
	needs *needs
	run   *Run
}

// restart forgets what came: the segment is fetched anew, and its bytes may be others.
func (e *early) restart() {
	if e != nil {
		e.refused = true
	}
}

// look hands over what has come since the last part, if it is worth while.
func (e *early) look(body []byte) {
	if e.refused || !e.needs.here() {
		return
	}
	clear := body
	if key := e.needs.key; key != nil {
		var err error
		if clear, err = aes128.DecryptPart(nil, body, key, e.seg.Key.IV); err != nil {
			e.refused = true
			return
		}
	}
	packets, music := e.measure(clear)
	start := e.seg.Start - e.leadOf(e.needs.init)
	ahead := music - max(0, e.l.pos-start) // of where the listener is
	switch {
	case packets <= e.given, music-e.music < earlyMusic:
		return
	case ahead < earlyMusic:
		return
	case e.given == 0 && e.l.buffered() <= 0 && music.Seconds() < earlyPace*time.Since(e.begun).Seconds():
		return
	}
	part := *e.run
	part.Packets = packets
	part.Open = func() (container.Demuxer, error) { return openPart(e.needs.init, clear) }
	e.given, e.music = packets, music
	e.l.progress.SetLoaded(max(e.l.pos, start+music))
	e.l.runs.push(&part)
}

// leadOf is how much of the raw timeline comes before the music.
func (e *early) leadOf(init *fmp4.Init) time.Duration {
	if e.lead == 0 && init != nil && e.seg.Origin == nil {
		info := init.Info()
		return info.Trim.Start.Duration(info.Format.SampleRate)
	}
	return e.lead
}

// measure counts the packets that are here as a whole, and their music.
func (e *early) measure(clear []byte) (packets int, music time.Duration) {
	demux, err := openPart(e.needs.init, clear)
	if err != nil {
		return 0, 0 // too little, or nothing to play: the whole segment will tell
	}
	format := demux.Info().Format
	if format.Codec == media.CodecPCM { // its packets grow
		e.refused = true
		return 0, 0
	}
	var p media.Packet
	var last media.Frames
	var total media.Frames
	for demux.Next(&p) == nil {
		if p.Encryption != nil {
			e.refused = true
			return 0, 0
		}
		if format.Codec == media.CodecFLAC && !codecflac.Sound(p.Data) {
			break // the whole segment will be fetched again
		}
		packets++
		last = p.Duration
		total += last
	}
	if e.needs.init == nil && packets > 0 { // where a frame ends shows in the one that follows
		packets--
		total -= last
	}
	return packets, total.Duration(format.SampleRate)
}

// openPart opens the beginning of a segment.
func openPart(init *fmp4.Init, clear []byte) (container.Demuxer, error) {
	if init != nil {
		return init.OpenPart(clear)
	}
	demux, err := detect.OpenSegment(nil, clear)
	if err != nil {
		return nil, err
	}
	return cutOff{demux}, nil
}

// cutOff is packed audio that ends anywhere: that is no error.
type cutOff struct{ container.Demuxer }

// Unwrap implements Wrapper.
func (c cutOff) Unwrap() container.Demuxer { return c.Demuxer }

// Next gives the next packet, or io.EOF where the bytes end.
func (c cutOff) Next(p *media.Packet) error {
	if err := c.Demuxer.Next(p); err != nil {
		return io.EOF
	}
	return nil
}
