package manifest_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/player/manifest"
)

var epoch = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// listed makes a list as a parser gives it: from sequence first on, n segments of 4 s. clock zero means that
// it has no program date-time.
func listed(first int64, n int, name string, clock time.Time) *manifest.Playlist {
	p := &manifest.Playlist{Target: 4 * time.Second, Live: &manifest.Live{Sliding: true}}
	for i := range n {
		s := manifest.Segment{Sequence: first + int64(i), Start: time.Duration(i) * 4 * time.Second, Duration: 4 * time.Second}
		s.Name = fmt.Sprintf("%s%d.m4s", name, s.Sequence)
		s.URL = &url.URL{Scheme: "http", Host: "h", Path: "/" + s.Name}
		if !clock.IsZero() {
			s.Time = clock.Add(s.Start)
		}
		p.Segments = append(p.Segments, s)
	}
	return p
}

// at is the wall clock of a segment of the stream "s" that began at the epoch.
func at(sequence int64) time.Time { return epoch.Add(time.Duration(sequence) * 4 * time.Second) }

func text(p *manifest.Playlist) string {
	if len(p.Segments) == 0 {
		return "empty"
	}
	s := fmt.Sprintf("%d…%d %v…%v", p.First(), p.Next()-1, p.Segments[0].Start, p.Duration())
	for i := range p.Segments {
		if g := &p.Segments[i]; g.Discontinuity {
			s += fmt.Sprintf(" /%d", g.Sequence)
		}
	}
	return s
}

func TestFollow(t *testing.T) {
	partial := func(p *manifest.Playlist, parts int) *manifest.Playlist {
		s := manifest.Segment{Sequence: p.Next(), Start: p.Duration(), Duration: time.Duration(parts) * time.Second}
		for i := range parts {
			s.Parts = append(s.Parts, manifest.Part{Duration: time.Second})
			s.Parts[i].Name = fmt.Sprintf("p%d.%d", s.Sequence, i)
		}
		p.Segments = append(p.Segments, s)
		return p
	}
	ended := func(p *manifest.Playlist) *manifest.Playlist { p.Ended = true; return p }
	none := time.Time{}
	for _, c := range []struct {
		name     string
		old, new *manifest.Playlist
		change   manifest.Change
		want     string
	}{
		{"the same", listed(10, 4, "s", none), listed(10, 4, "s", none), manifest.Unchanged, "10…13 0s…16s"},
		{"slid", listed(10, 4, "s", none), listed(12, 4, "s", none), manifest.Grown, "12…15 8s…24s"},
		{"slid to its end", listed(10, 4, "s", none), listed(14, 4, "s", none), manifest.Grown, "14…17 16s…32s"},
		{"grown", listed(0, 4, "s", none), listed(0, 9, "s", none), manifest.Grown, "0…8 0s…36s"},
		{"ended", listed(0, 4, "s", none), ended(listed(0, 4, "s", none)), manifest.Grown, "0…3 0s…16s"},
		{"end taken back", ended(listed(0, 4, "s", none)), listed(0, 4, "s", none), manifest.Older, "0…3 0s…16s"},
		{"older", listed(10, 4, "s", none), listed(9, 4, "s", none), manifest.Older, "10…13 0s…16s"},
		{"much older, by the clock", listed(10, 4, "s", at(10)), listed(2, 4, "s", at(2)), manifest.Older, "10…13 0s…16s"},
		{"skipped, by the clock", listed(10, 4, "s", at(10)), listed(20, 4, "s", at(20)), manifest.Skipped, "20…23 40s…56s"},
		{"skipped, by the numbers", listed(10, 4, "s", none), listed(20, 4, "s", none), manifest.Skipped, "20…23 40s…56s"},
		{"restarted from zero", listed(10, 4, "s", none), listed(0, 2, "s", none), manifest.Restarted, "14…15 16s…24s /14"},
		{"restarted from zero, same names, by the clock", listed(3, 4, "s", at(3)), listed(0, 5, "s", at(100)), manifest.Restarted, "7…11 16s…36s /7"},
		{"restarted under the same numbers", listed(10, 4, "s", none), listed(11, 4, "t", none), manifest.Restarted, "14…17 16s…32s /14"},
		{"restarted with numbers from the epoch", listed(10, 4, "s", none), listed(1_795_000_000, 3, "s", none), manifest.Restarted, "14…16 16s…28s /14"},
		{"renamed by the clock's word", listed(10, 4, "s", at(10)), listed(11, 4, "t", at(11)), manifest.Grown, "11…14 4s…20s"},
		{"more parts", partial(listed(10, 3, "s", none), 1), partial(listed(10, 3, "s", none), 3), manifest.Grown, "10…13 0s…15s"},
		{"fewer parts", partial(listed(10, 3, "s", none), 3), partial(listed(10, 3, "s", none), 1), manifest.Older, "10…13 0s…15s"},
		{"parts become a segment", partial(listed(10, 3, "s", none), 3), listed(10, 4, "s", none), manifest.Grown, "10…13 0s…16s"},
		{"nothing but parts, restarted", partial(listed(10, 0, "s", none), 2), partial(listed(0, 0, "t", none), 1), manifest.Restarted, "1…1 2s…3s /1"},
	} {
		if c.name == "nothing but parts, restarted" {
			c.old.Segments[0].Parts[0].Name = "other"
		}
		before := text(c.new)
		got, change := c.new.Follow(c.old)
		if change != c.change || text(got) != c.want {
			t.Errorf("%s: %v, %s; want %v, %s", c.name, change, text(got), c.change, c.want)
		}
		if text(c.new) != before {
			t.Errorf("%s: the list was changed", c.name)
		}
	}
}

// TestFollowKeepsPlaces walks along a live stream that slides, is measured and restarts, and sees that a
// segment once placed stays where it is, and that numbers and times rise.
func TestFollowKeepsPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := rapid.Bool().Draw(t, "clock")
		name, first, n, life := "a", int64(5), 6, 0
		wall := epoch
		make := func() *manifest.Playlist {
			if clock {
				return listed(first, n, name, wall)
			}
			return listed(first, n, name, time.Time{})
		}
		list := make()
		starts := map[string]time.Duration{}
		for range 30 {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				life++
				name, wall = fmt.Sprint("life", life, "-"), wall.Add(time.Minute)
				first = rapid.SampledFrom([]int64{0, first, first + 2}).Draw(t, "from")
			case 1:
				k := rapid.IntRange(0, len(list.Segments)-1).Draw(t, "measured")
				s := &list.Segments[k]
				list = list.Measured(s.Sequence, s.Duration+time.Duration(rapid.IntRange(-30, 30).Draw(t, "by"))*time.Millisecond)
				clear(starts)
			default:
				by := rapid.IntRange(0, 3).Draw(t, "slide")
				first, wall = first+int64(by), wall.Add(time.Duration(by)*4*time.Second)
			}
			before := list
			var change manifest.Change
			list, change = make().Follow(before)
			if change == manifest.Older {
				t.Fatalf("older: %s, then %s", text(before), text(make()))
			}
			for i := range list.Segments {
				s := &list.Segments[i]
				if was, ok := starts[s.Name]; ok && was != s.Start {
					t.Fatalf("%s lay at %v, now at %v", s.Name, was, s.Start)
				}
				starts[s.Name] = s.Start
				if i > 0 && (s.Sequence != list.Segments[i-1].Sequence+1 || s.Start < list.Segments[i-1].Start) {
					t.Fatalf("out of order: %s", text(list))
				}
				if list.Told(s.Sequence) != first+int64(i) {
					t.Fatalf("the server calls %d %d, not %d", s.Sequence, first+int64(i), list.Told(s.Sequence))
				}
			}
			if list.Next() < before.Next() || list.Duration() < before.Duration() {
				t.Fatalf("went back: %s, then %s", text(before), text(list))
			}
		}
	})
}

func TestBeside(t *testing.T) {
	ref := listed(10, 4, "hi", at(10))
	ref = ref.Measured(10, 3900*time.Millisecond)
	jitter := listed(210, 5, "lo", at(11).Add(20*time.Millisecond))
	if got := jitter.Beside(ref); text(got) != "11…15 3.9s…23.9s" {
		t.Errorf("by the clock, other numbers: %s", text(got))
	}
	if got := listed(40, 3, "lo", at(11).Add(time.Second)).Beside(ref); text(got) != "40…42 4.9s…16.9s" {
		t.Errorf("cut elsewhere: %s", text(got))
	}
	if got := listed(12, 4, "lo", time.Time{}).Beside(ref); text(got) != "12…15 7.9s…23.9s" {
		t.Errorf("by the numbers: %s", text(got))
	}
	if got := listed(500, 2, "lo", time.Time{}).Beside(ref); text(got) != "500…501 7.9s…15.9s" {
		t.Errorf("by the ends: %s", text(got))
	}
	again, _ := listed(0, 3, "hi", at(900)).Follow(ref)
	if got := listed(0, 3, "lo", time.Time{}).Beside(again); text(got) != text(again)[:len(text(again))-len(" /14")] {
		t.Errorf("beside a restarted one: %s, %s", text(got), text(again))
	}
}

func TestMeasuredMovesWhatFollows(t *testing.T) {
	p := listed(10, 4, "s", time.Time{})
	q := p.Measured(11, 4100*time.Millisecond)
	var starts []time.Duration
	for i := range q.Segments {
		starts = append(starts, q.Segments[i].Start)
	}
	if want := []time.Duration{0, 4 * time.Second, 8100 * time.Millisecond, 12100 * time.Millisecond}; !slices.Equal(starts, want) {
		t.Errorf("%v, want %v", starts, want)
	}
	if p.Duration() != 16*time.Second {
		t.Error("the list itself was changed")
	}
	if r, _ := listed(11, 4, "s", time.Time{}).Follow(q); text(r) != "11…14 4s…20.1s" {
		t.Errorf("what was measured is forgotten: %s", text(r))
	}
}

func TestOriginsMoveWithTheirSegments(t *testing.T) {
	old, p := listed(10, 2, "s", time.Time{}), listed(12, 2, "s", time.Time{})
	o := &manifest.Origin{Scale: 1, At: 0, Until: 8 * time.Second}
	for i := range p.Segments {
		p.Segments[i].Origin = o
	}
	p.Ranges = []manifest.DateRange{{From: time.Second}, {From: -1}}
	q, _ := p.Follow(old)
	if got := q.Segments[1].Origin; got.At != 8*time.Second || got.Until != 16*time.Second || o.At != 0 {
		t.Errorf("%+v, was %+v", got, o)
	}
	if q.Ranges[0].From != 9*time.Second || q.Ranges[1].From != -1 || p.Ranges[0].From != time.Second {
		t.Errorf("ranges %+v of %+v", q.Ranges, p.Ranges)
	}
}
