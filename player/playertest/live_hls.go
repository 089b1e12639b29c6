package playertest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// master is the multivariant playlist. The renditions hold the same music.
func (l *Live) master() []byte {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-INDEPENDENT-SEGMENTS\n")
	for i := range max(1, l.Renditions) {
		fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,CODECS=\"fLaC\"\n%d.m3u8\n", 1_500_000+i*1000, i)
	}
	return []byte(b.String())
}

// serveList serves a rendition's list, in time.
func (l *Live) serveList(w http.ResponseWriter, r *http.Request, name string) {
	rendition, err := strconv.Atoi(name)
	if err != nil || rendition < 0 || rendition >= max(1, l.Renditions) {
		http.NotFound(w, r)
		return
	}
	now := l.since()
	if msn := r.URL.Query().Get("_HLS_msn"); msn != "" && l.Blocking {
		sequence, err := strconv.ParseInt(msn, 10, 64)
		part, perr := strconv.Atoi(r.URL.Query().Get("_HLS_part"))
		if perr != nil {
			part = -1
		}
		pieces := l.listed(now)
		if err != nil || len(pieces) == 0 || sequence > pieces[len(pieces)-1].sequence+2 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		for waited := time.Duration(0); !has(l.listed(now), sequence, part) && waited < 3*l.segment().Duration(Rate); {
			const step = 20 * time.Millisecond
			if sleep(r.Context(), step) != nil {
				return
			}
			waited += step
			now = l.since()
		}
	}
	skip := l.Blocking && r.URL.Query().Get("_HLS_skip") != ""
	w.Header().Set("Cache-Control", "max-age=1")
	_, _ = w.Write(l.list(rendition, now, skip))
}

// has reports whether a segment or part is listed; part −1 for the whole segment.
func has(pieces []piece, sequence int64, part int) bool {
	for _, p := range pieces {
		if p.sequence > sequence || p.sequence == sequence && (p.whole || part >= 0 && p.parts > part) {
			return true
		}
	}
	return false
}

// Shares of a live list's target duration, as RFC 8216bis 4.4.3.8 has them at least.
const (
	skipTargets = 6
	partTargets = 3
	holdTargets = 3
	partsListed = 3 // targets from the end
)

// list is a rendition's list at a time.
func (l *Live) list(rendition int, now time.Duration, skip bool) []byte {
	pieces := l.listed(now)
	target := (l.segment().Duration(Rate) + time.Second - 1).Truncate(time.Second)
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:%d\n", target/time.Second)
	b.WriteString(l.Lines)
	if l.Window == 0 {
		b.WriteString("#EXT-X-PLAYLIST-TYPE:EVENT\n")
	}
	if l.Blocking {
		fmt.Fprintf(&b, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=%d.0,HOLD-BACK=%.3f", skipTargets*target/time.Second, (holdTargets * target).Seconds())
		if l.Parts > 0 {
			fmt.Fprintf(&b, ",PART-HOLD-BACK=%.3f", partTargets*l.partTarget())
		}
		b.WriteString("\n")
	}
	if l.Parts > 0 {
		fmt.Fprintf(&b, "#EXT-X-PART-INF:PART-TARGET=%.5f\n", l.partTarget())
	}
	if len(pieces) == 0 {
		return []byte(b.String())
	}
	fmt.Fprintf(&b, "#EXT-X-MEDIA-SEQUENCE:%d\n", pieces[0].sequence)
	end := pieces[len(pieces)-1].to
	skipped := 0
	for skip && skipped < len(pieces) && (end-pieces[skipped].to).Duration(Rate) > skipTargets*target {
		skipped++
	}
	if skipped > 0 {
		fmt.Fprintf(&b, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%d\n", skipped)
	}
	for i := skipped; i < len(pieces); i++ {
		l.entry(&b, rendition, pieces, i)
	}
	last := pieces[len(pieces)-1]
	switch {
	case l.ended(now):
		b.WriteString("#EXT-X-ENDLIST\n")
	case l.Parts > 0 && l.Blocking:
		next, part := last.number, last.parts
		if last.whole {
			next, part = next+1, 0
		}
		fmt.Fprintf(&b, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%d/%s%d.%d.m4s\"\n", rendition, l.runs()[last.run].Names, next, part)
	}
	return []byte(b.String())
}

// partTarget is the longest part, in seconds.
func (l *Live) partTarget() float64 {
	return float64(l.segment()/media.Frames(l.Parts)+1) / Rate
}

// entry writes a segment and what belongs to it.
func (l *Live) entry(b *strings.Builder, rendition int, pieces []piece, i int) {
	p := pieces[i]
	run := l.runs()[p.run]
	if i > 0 && pieces[i-1].run != p.run {
		b.WriteString("#EXT-X-DISCONTINUITY\n")
	}
	if i == 0 || pieces[i-1].run != p.run {
		fmt.Fprintf(b, "#EXT-X-MAP:URI=\"%sinit.mp4\"\n", run.Names)
	}
	if l.Clock {
		at := l.begun.Add(p.from.Duration(Rate)).UTC()
		fmt.Fprintf(b, "#EXT-X-PROGRAM-DATE-TIME:%s\n", at.Format("2006-01-02T15:04:05.000Z"))
	}
	end := pieces[len(pieces)-1].to
	target := l.segment()
	if l.Parts > 0 && end-p.to <= partsListed*target {
		for k := range p.parts {
			length := l.part(p, k+1) - l.part(p, k)
			if length <= 0 {
				break
			}
			fmt.Fprintf(b, "#EXT-X-PART:DURATION=%.5f,INDEPENDENT=YES,URI=\"%d/%s%d.%d.m4s\"\n",
				float64(length)/Rate, rendition, run.Names, p.number, k)
		}
	}
	if !p.whole {
		return
	}
	if l.Gap != nil && l.Gap(rendition, p.run, p.number) {
		b.WriteString("#EXT-X-GAP\n")
	}
	fmt.Fprintf(b, "#EXTINF:%.3f,\n%d/%s%d.m4s\n", float64(p.to-p.from)/Rate, rendition, run.Names, p.number)
}
