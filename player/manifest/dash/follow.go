package dash

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/segue-audio/segue/player/manifest"
)

// follow gives the segments that the document before had too the numbers that they had there.
func (d *Document) follow(old *Document) {
	before := map[string]*manifest.Playlist{}
	for _, r := range old.all() {
		before[identity(&r)] = r.Playlist
	}
	for _, r := range d.all() {
		if was := before[identity(&r)]; was != nil {
			renumber(r.Playlist, was)
		}
	}
}

// all gives all renditions.
func (d *Document) all() []manifest.Rendition {
	return slices.Concat(d.Presentation.Renditions, d.Presentation.Others)
}

// identity tells a rendition from the others of its MPD and of later ones.
func identity(r *manifest.Rendition) string {
	return strings.Join(append([]string{r.RenditionID, r.Language, r.Codecs, r.Bitrate.String()}, r.Roles...), "|")
}

// renumber counts a list's segments on from where the one before has them. Numbers in the MPD serve for URLs, and
// start anew with each period; where it begins changes as segments leave.
func renumber(list, was *manifest.Playlist) {
	if len(list.Segments) == 0 || len(was.Segments) == 0 {
		return
	}
	begin := list.Segments[0].Start + list.Segments[0].Duration/2
	first, end := was.Segments[0], was.Duration()
	length := max(was.Target, time.Millisecond)
	var next int64
	switch i := was.At(begin); {
	case begin >= end: // how many were there in between can't be known
		next = was.Segments[len(was.Segments)-1].Sequence + 1 + int64((begin-end)/length)
	case begin < first.Start:
		k := sort.Search(len(list.Segments), func(k int) bool {
			return list.Segments[k].Start+list.Segments[k].Duration/2 >= first.Start
		})
		next = first.Sequence - int64(k)
	default:
		next = was.Segments[i].Sequence
	}
	for i := range list.Segments {
		list.Segments[i].Sequence = next + int64(i)
	}
}
