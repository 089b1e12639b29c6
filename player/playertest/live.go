package playertest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/media"
)

// Live is a live stream as HLS (/live.m3u8 with its renditions, /0.m3u8 and so on) and as DASH (/live.mpd), in
// which every frame tells its number: frame n is played n frames after the first request, and what
// Numbered hears of it is checked to the sample. It is an http.Handler. Its fields must not change once it
// serves.
type Live struct {
	Segment    time.Duration // zero means 2 s
	Parts      int           // of a segment; zero for none
	Window     int           // segments that are listed; zero for all, which is an EVENT
	Renditions int           // zero means one
	Head       time.Duration // of the stream that is there at the first request

	Clock    bool   // tell the wall clock (EXT-X-PROGRAM-DATE-TIME)
	Blocking bool   // hold requests for what is to come, and give delta updates
	Timeline bool   // DASH: list the segments one by one
	Lines    string // of HLS, to be put into every list

	// Runs are the lives of the packager, one after the other; none means one that begins with sequence
	// number 0 and never ends.
	Runs []Run
	// Frozen are the times in which what is published stays as it is.
	Frozen []Span
	// End is when the stream ends, for good; zero means never.
	End time.Duration

	// Gap tells which segments of a rendition don't exist (EXT-X-GAP), by their number in the run.
	Gap func(rendition, run int, number int64) bool
	// Late is how long a segment that is listed can't be had.
	Late time.Duration
	// Fail, where set, may answer in the stream's place; false for not.
	Fail func(w http.ResponseWriter, r *http.Request, since time.Duration) bool

	mu    sync.Mutex
	begun time.Time
	asked map[string]int
}

// Run is one life of the packager: what it makes of the stream from From on, until the next one begins or
// Until.
type Run struct {
	From, Until time.Duration // Until zero: until the next begins
	Sequence    int64         // of its first segment
	Keep        bool          // it goes on with the list of the run before, behind a discontinuity
	Names       string        // what its segments' names begin with
	Times       media.Frames  // what its timestamps begin with
	Other       bool          // its stream needs another decoder
}

// Span is a stretch of time.
type Span struct{ From, Until time.Duration }

// since is how old the stream is.
func (l *Live) since() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.begun.IsZero() {
		l.begun = time.Now().Add(-l.Head)
	}
	return time.Since(l.begun)
}

// Age is how old the stream is: its newest frame has that number in Rate.
func (l *Live) Age() time.Duration { return l.since() }

// Asked counts the requests for a path.
func (l *Live) Asked(path string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked[path]
}

func (l *Live) segment() media.Frames {
	if l.Segment <= 0 {
		return 2 * Rate
	}
	return media.FramesIn(l.Segment, Rate)
}

func (l *Live) runs() []Run {
	if len(l.Runs) == 0 {
		return []Run{{}}
	}
	return l.Runs
}

// until is when a run ends; a very long time where it doesn't.
func (l *Live) until(run int) time.Duration {
	end := time.Duration(1 << 62)
	if l.End > 0 {
		end = l.End
	}
	runs := l.runs()
	if runs[run].Until > 0 {
		return min(end, runs[run].Until)
	}
	if run+1 < len(runs) {
		return min(end, runs[run+1].From)
	}
	return end
}

// frames are those of a run's segment: the last may be shorter.
func (l *Live) frames(run int, number int64) (from, to media.Frames) {
	begin := media.FramesIn(l.runs()[run].From, Rate)
	from = begin + media.Frames(number)*l.segment()
	return from, min(from+l.segment(), media.FramesIn(l.until(run), Rate))
}

// published is when the stream up to a frame can be had.
func (l *Live) published(frame media.Frames) time.Duration {
	at := frame.Duration(Rate)
	for _, f := range l.Frozen {
		if at >= f.From && at < f.Until {
			at = f.Until
		}
	}
	return at
}

// piece is a segment of the list, or what there is of one.
type piece struct {
	run      int
	number   int64 // in the run
	sequence int64
	from, to media.Frames
	parts    int // that are there
	whole    bool
}

// listed gives the segments that are published at a time, and whether a last one with parts alone follows.
func (l *Live) listed(now time.Duration) (pieces []piece) {
	runs := l.runs()
	for i, r := range runs {
		if i > 0 && l.published(media.FramesIn(r.From, Rate)+l.pieceLength()) > now {
			break // until it has something to show, that of the run before stays
		}
		sequence := r.Sequence
		switch {
		case i > 0 && !r.Keep:
			pieces = nil
		case i > 0 && len(pieces) > 0:
			last := pieces[len(pieces)-1]
			sequence = last.sequence + 1
			if !last.whole {
				pieces[len(pieces)-1].to, pieces[len(pieces)-1].whole = l.partEnd(last), true
			}
		}
		first := int64(0)
		if l.Window > 0 { // what has slid out need not be looked at
			first = max(0, int64((media.FramesIn(min(now, l.until(i))-r.From, Rate))/l.segment())-int64(2*l.Window)-2)
		}
		for k := first; ; k++ {
			from, to := l.frames(i, k)
			if from >= to {
				break
			}
			p := piece{run: i, number: k, sequence: sequence + k, from: from, to: to}
			p.whole = l.published(to) <= now
			for p.parts < l.Parts && l.published(l.part(p, p.parts+1)) <= now {
				p.parts++
			}
			if !p.whole && p.parts == 0 {
				break
			}
			pieces = append(pieces, p)
			if !p.whole {
				break
			}
		}
	}
	if n := len(pieces); l.Window > 0 && n > l.Window {
		pieces = pieces[n-l.Window:]
	}
	return pieces
}

// pieceLength is what is published at a time.
func (l *Live) pieceLength() media.Frames { return l.segment() / media.Frames(max(1, l.Parts)) }

// part is the frame before which the k-th part of a segment ends.
func (l *Live) part(p piece, k int) media.Frames {
	return min(p.from+l.segment()*media.Frames(k)/media.Frames(max(1, l.Parts)), p.to)
}

// partEnd is the frame that the parts of a segment that was broken off end with.
func (l *Live) partEnd(p piece) media.Frames { return l.part(p, p.parts) }

// ended reports whether the stream is over.
func (l *Live) ended(now time.Duration) bool {
	return l.End > 0 && now >= l.End+l.segment().Duration(Rate)
}

// ServeHTTP implements http.Handler.
func (l *Live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := l.since()
	l.mu.Lock()
	if l.asked == nil {
		l.asked = map[string]int{}
	}
	l.asked[r.URL.Path]++
	if len(l.asked) > 10_000 {
		clear(l.asked)
	}
	begun := l.begun
	l.mu.Unlock()
	if l.Fail != nil && l.Fail(w, r, now) {
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	switch {
	case name == "time":
		fmt.Fprint(w, time.Now().UTC().Format(time.RFC3339Nano))
	case name == "live.m3u8":
		_, _ = w.Write(l.master())
	case name == "live.mpd":
		_, _ = w.Write(l.mpd(now, begun))
	case strings.HasSuffix(name, ".m3u8"):
		l.serveList(w, r, strings.TrimSuffix(name, ".m3u8"))
	case strings.HasSuffix(name, "init.mp4"):
		l.serveInit(w, r, name)
	default:
		l.serveMedia(w, r, name, now)
	}
}

// serveInit serves NAMESinit.mp4: of the latest run of that name that has begun.
func (l *Live) serveInit(w http.ResponseWriter, r *http.Request, name string) {
	for i := len(l.runs()) - 1; i >= 0; i-- {
		run := l.runs()[i]
		if run.From > l.since() || name != run.Names+"init.mp4" {
			continue
		}
		content(w, r, fmp4.AppendInit(nil, l.format(run), media.Trim{}))
		return
	}
	http.NotFound(w, r)
}

func (l *Live) format(run Run) media.Format {
	total := 0
	if run.Other {
		total = 1
	}
	return media.Format{Codec: media.CodecFLAC, SampleRate: Rate, Channels: 2, BitDepth: 16, Config: streamInfo(total, 16)}
}

// serveMedia serves RENDITION/NAMESnumber.m4s, and RENDITION/NAMESnumber.part.m4s.
func (l *Live) serveMedia(w http.ResponseWriter, r *http.Request, name string, now time.Duration) {
	rendition, rest, ok := strings.Cut(strings.TrimSuffix(name, ".m4s"), "/")
	k, err := strconv.Atoi(rendition)
	if !ok || err != nil {
		http.NotFound(w, r)
		return
	}
	for i := len(l.runs()) - 1; i >= 0; i-- {
		run := l.runs()[i]
		number, isOf := strings.CutPrefix(rest, run.Names)
		number, part, isPart := strings.Cut(number, ".")
		n, err := strconv.ParseInt(number, 10, 64)
		p, perr := strconv.Atoi(part)
		if !isOf || err != nil || isPart && perr != nil || n < 0 {
			continue
		}
		from, to := l.frames(i, n)
		if isPart {
			seg := piece{from: from, to: to}
			from, to = l.part(seg, p), l.part(seg, p+1)
		}
		at := l.published(to)
		if isPart && at > now && l.Blocking {
			if sleep(r.Context(), at-now) != nil {
				return
			}
			now = at
		}
		if from >= to || l.published(from+l.segment()/media.Frames(max(1, l.Parts))) > now && to-from == l.segment() {
			continue // an earlier run's, perhaps
		}
		if at+l.Late > now && !isPart && to == from+l.segment() || l.Gap != nil && l.Gap(k, i, n) {
			http.NotFound(w, r)
			return
		}
		keep := time.Duration(2*l.Window+2) * l.segment().Duration(Rate)
		if l.Window > 0 && now > to.Duration(Rate)+keep {
			break
		}
		content(w, r, l.media(run, media.FramesIn(run.From, Rate), from, to))
		return
	}
	http.NotFound(w, r)
}

// media makes the fragment of some frames.
func (l *Live) media(run Run, begin, from, to media.Frames) []byte {
	var packets []media.Packet
	for at := from; at < to; at += blockSize {
		n := int(min(blockSize, to-at))
		pcm := make([]int16, 2*n)
		for i := range n {
			pcm[2*i], pcm[2*i+1] = numbered(int64(at) + int64(i))
		}
		packets = append(packets, media.Packet{
			Data: storedFrame(pcm, int(at/blockSize)&0x7fff, 16), Time: at, Duration: media.Frames(n),
		})
	}
	return fmp4.AppendFragment(nil, uint32(from/l.segment()+1), from-begin+run.Times, packets)
}
