package mp4

import (
	"github.com/segue-audio/segue/player/container/internal/bmff"
	"github.com/segue-audio/segue/player/container/internal/smpb"
	"github.com/segue-audio/segue/player/media"
)

// trim decides what is heard. An edit list is what the standard has for it, so it goes before iTunSMPB;
// but where it says no more than "all", or counts in ticks too coarse for a frame, and the comment agrees
// within such a tick, the comment is the better word. A comment that doesn't add up to the length of the
// track was left over from another encoding.
func trim(track *bmff.Track, end uint64, c smpb.Comment) media.Trim {
	edit := track.Trim(end)
	all := track.Frames(end)
	told, ok := scaled(c, all)
	if !ok {
		return edit
	}
	trivial := edit.Start == 0 && edit.Length >= all-tick(track)
	if !track.Edit.Set || trivial {
		return told
	}
	if near(edit.Start, told.Start, tick(track)) && near(edit.Length, told.Length, tick(track)) {
		return told
	}
	return edit
}

// tick is the frames in a tick of the movie's clock, rounded up.
func tick(track *bmff.Track) media.Frames {
	return media.Frames(track.Info.Format.SampleRate/int(track.Movie) + 1)
}

func near(a, b, within media.Frames) bool { return a-b <= within && b-a <= within }

// scaled puts a comment into the track's frames. It counts at the rate of the coded stream; what the track
// calls its rate can be the doubled one of HE-AAC, or the other way round.
func scaled(c smpb.Comment, all media.Frames) (media.Trim, bool) {
	if c.Length <= 0 || all <= 0 {
		return media.Trim{}, false
	}
	switch total := c.Total(); all {
	case total:
		return media.Trim{Start: c.Delay, Length: c.Length}, true
	case 2 * total:
		return media.Trim{Start: 2 * c.Delay, Length: 2 * c.Length}, true
	case total / 2:
		return media.Trim{Start: c.Delay / 2, Length: c.Length / 2}, true
	}
	return media.Trim{}, false
}

// comment looks for iTunSMPB among the items that iTunes made up ("----", with a domain, a name and data).
func comment(moov []byte) (c smpb.Comment) {
	items, err := bmff.Descend(moov, "udta", "meta")
	if err != nil {
		if items, err = bmff.Descend(moov, "meta"); err != nil {
			return c
		}
	}
	// The outline leaves out what meta has in front of its boxes.
	ilst, err := bmff.Descend(items, "ilst")
	if err != nil {
		return c
	}
	_ = bmff.Boxes(ilst, 0, func(b bmff.Box) (bool, error) {
		name, err := bmff.Descend(b.Body, "name")
		if err != nil || len(name) < 4 || string(name[4:]) != smpb.Name {
			return true, nil
		}
		data, err := bmff.Descend(b.Body, "data")
		if err != nil || len(data) < 8 {
			return true, nil
		}
		parsed, ok := smpb.Parse(string(data[8:])) // behind its type and its locale
		if ok {
			c = parsed
		}
		return !ok, nil
	})
	return c
}
