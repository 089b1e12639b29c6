package packager

import (
	"fmt"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/media"
)

// appendMPD appends a static MPD (ISO 23009-1) of the renditions. Those of one coding make an adaptation
// set, within which a player may change at every segment: browsers can't change the coding on the way. The
// lossy set comes first and is to be preferred by players that aren't told, being the one that adapts.
//
// Times are those of the music: the edit list in the init section takes AAC's priming away before they
// count (5.3.9.2 by way of ISO 14496-12, 8.6.6), so the first segment's priming is in no duration.
func appendMPD(dst []byte, made []*rendition) []byte {
	var sets [][]*rendition
	for _, codecs := range []string{aacCodecs, flacCodecs} {
		var set []*rendition
		for _, r := range made {
			if r.codecs == codecs {
				set = append(set, r)
			}
		}
		if len(set) > 0 {
			sets = append(sets, set)
		}
	}
	var length, longest time.Duration
	for _, set := range sets {
		r := set[0]
		length = max(length, r.trim.Length.Duration(r.format.SampleRate))
		for _, d := range r.heard() {
			longest = max(longest, d.Duration(r.format.SampleRate))
		}
	}
	dst = append(dst, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"...)
	dst = fmt.Appendf(dst, `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019"`+
		` mediaPresentationDuration="%s" maxSegmentDuration="%s" minBufferTime="%s">`+"\n", xsDuration(length), xsDuration(longest), xsDuration(longest))
	dst = fmt.Appendf(dst, ` <Period id="0" start="PT0S" duration="%s">`+"\n", xsDuration(length))
	for i, set := range sets {
		dst = appendSet(dst, set, i, len(sets)-i)
	}
	return append(dst, " </Period>\n</MPD>\n"...)
}

// appendSet appends the adaptation set of renditions that are cut alike.
func appendSet(dst []byte, set []*rendition, id, priority int) []byte {
	f := set[0].format
	dst = fmt.Appendf(dst, `  <AdaptationSet id="%d" contentType="audio" mimeType="audio/mp4" codecs="%s" audioSamplingRate="%d" segmentAlignment="true" startWithSAP="1" selectionPriority="%d">`+"\n",
		id, set[0].codecs, f.SampleRate, priority)
	dst = fmt.Appendf(dst, `   <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="%d"/>`+"\n", f.Channels)
	dst = append(dst, `   <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>`+"\n"...)
	dst = fmt.Appendf(dst, `   <SegmentTemplate timescale="%d" startNumber="0" initialization="$RepresentationID$/%s" media="$RepresentationID$/$Number$%s">`+"\n"+`    <SegmentTimeline>`+"\n",
		f.SampleRate, dashInit, segmentExt)
	dst = appendTimeline(dst, set[0].heard())
	dst = append(dst, "    </SegmentTimeline>\n   </SegmentTemplate>\n"...)
	for _, r := range set {
		dst = fmt.Appendf(dst, `   <Representation id="%s" bandwidth="%d"/>`+"\n", r.name, r.peak)
	}
	return append(dst, "  </AdaptationSet>\n"...)
}

// appendTimeline writes runs of equal durations as one.
func appendTimeline(dst []byte, heard []media.Frames) []byte {
	for i := 0; i < len(heard); {
		n := i + 1
		for n < len(heard) && heard[n] == heard[i] {
			n++
		}
		dst = append(dst, "     <S "...)
		if i == 0 {
			dst = append(dst, `t="0" `...)
		}
		dst = fmt.Appendf(dst, `d="%d"`, heard[i])
		if n-i > 1 {
			dst = fmt.Appendf(dst, ` r="%d"`, n-i-1)
		}
		dst = append(dst, "/>\n"...)
		i = n
	}
	return dst
}

// heard is how much of each segment is music.
func (r *rendition) heard() []media.Frames {
	list := make([]media.Frames, len(r.segments))
	var raw, before media.Frames
	for i, s := range r.segments {
		raw += s.length
		end := min(max(raw-r.trim.Start, 0), r.trim.Length)
		list[i], before = end-before, end
	}
	return list
}

// xsDuration is a time as XML Schema writes it, rounded up to a microsecond: a player that stops there must
// not lose a sample.
func xsDuration(d time.Duration) string {
	us := (d + time.Microsecond - 1) / time.Microsecond
	s := fmt.Sprintf("PT%d.%06d", us/1e6, us%1e6)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".") + "S"
}
