package playertest

import (
	"fmt"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// mpd is the manifest at a time: a period for each run.
func (l *Live) mpd(now time.Duration, begun time.Time) []byte {
	seconds := func(d time.Duration) string { return fmt.Sprintf("PT%.6fS", d.Seconds()) }
	var b strings.Builder
	length := l.segment().Duration(Rate)
	kind := fmt.Sprintf(`type="dynamic" minimumUpdatePeriod="%s" suggestedPresentationDelay="%s" timeShiftBufferDepth="%s"`,
		seconds(length), seconds(3*length), seconds(time.Duration(max(l.Window, 1))*length))
	fmt.Fprintf(&b, `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" %s `+
		`availabilityStartTime="%s" publishTime="%s" minBufferTime="PT2S" maxSegmentDuration="%s">`+"\n",
		kind, begun.UTC().Format(time.RFC3339Nano), begun.Add(now).UTC().Format(time.RFC3339Nano), seconds(length))
	for i, r := range l.runs() {
		if r.From > now {
			break
		}
		fmt.Fprintf(&b, `<Period id="p%d" start="%s"`, i, seconds(r.From))
		if r.Until > 0 && r.Until <= now || i+1 < len(l.runs()) && l.until(i) <= now {
			fmt.Fprintf(&b, ` duration="%s"`, seconds(l.until(i)-r.From))
		}
		b.WriteString(`><AdaptationSet mimeType="audio/mp4" segmentAlignment="true" lang="en">` + "\n")
		fmt.Fprintf(&b, `<SegmentTemplate timescale="%d" presentationTimeOffset="%d" startNumber="0" media="$RepresentationID$/%s$Number$.m4s" initialization="%sinit.mp4"`,
			Rate, r.Times, r.Names, r.Names)
		if l.Timeline {
			b.WriteString(">\n" + l.timeline(i, r, now) + "</SegmentTemplate>\n")
		} else {
			fmt.Fprintf(&b, ` duration="%d"/>`+"\n", l.segment())
		}
		for k := range max(1, l.Renditions) {
			fmt.Fprintf(&b, `<Representation id="%d" bandwidth="%d" codecs="fLaC" audioSamplingRate="%d"/>`+"\n", k, 1_500_000+k*1000, Rate)
		}
		b.WriteString("</AdaptationSet></Period>\n")
	}
	fmt.Fprintf(&b, `<UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="/time"/></MPD>`)
	return []byte(b.String())
}

// timeline lists the segments of a run that are published.
func (l *Live) timeline(run int, r Run, now time.Duration) string {
	var b strings.Builder
	b.WriteString("<SegmentTimeline>")
	first := true
	for _, p := range l.listed(now) {
		if p.run != run || !p.whole {
			continue
		}
		if first {
			fmt.Fprintf(&b, `<S t="%d" n="%d" d="%d"/>`, p.from-media.FramesIn(r.From, Rate)+r.Times, p.number, p.to-p.from)
		} else {
			fmt.Fprintf(&b, `<S d="%d"/>`, p.to-p.from)
		}
		first = false
	}
	b.WriteString("</SegmentTimeline>")
	return b.String()
}
