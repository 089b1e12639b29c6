package player_test

import (
	"fmt"
	"time"

	"github.com/segue-audio/segue/player"
)

// causality looks at events in the order in which they come and says what is wrong with them.
type causality struct {
	open    []player.EntryID // started and not ended, the oldest first
	ended   bool             // the last thing told of a track is an end that came by itself
	state   player.StateChanged
	told    bool // a StateChanged was
	lost    bool // the output is
	dry     bool // the music ran, and waits
	last    time.Time
	started []player.EntryID // since they were taken out
	sought  bool             // since it was looked at
	fading  bool             // there may be crossfades
	starts  int
	ends    int // since they were taken out
	// Since it was looked at last:
	failedNow  bool // an entry failed
	startedNow []player.EntryID
	failed     map[player.EntryID]bool
	lastTrack  string
}

func (c *causality) see(e player.Event) error {
	if e.Time.Before(c.last) {
		return fmt.Errorf("%T at %v comes after an event at %v", e.What, e.Time, c.last)
	}
	c.last = e.Time
	switch w := e.What.(type) {
	case player.TrackStarted:
		return c.start(e.Entry, w)
	case player.TrackEnded:
		return c.end(e.Entry, w)
	case player.StateChanged:
		c.state, c.told = w, true
	case player.Seeked:
		c.sought = true
		if len(c.open) == 0 || c.open[len(c.open)-1] != e.Entry {
			return fmt.Errorf("sought in %d, open are %v", e.Entry, c.open)
		}
	case player.SilenceSkipped:
		c.sought = true
		if w.To < w.From {
			return fmt.Errorf("silence is skipped from %v back to %v", w.From, w.To)
		}
	case player.OutputLost:
		if c.lost {
			return fmt.Errorf("the output is lost twice")
		}
		c.lost = true
	case player.OutputRestored:
		if !c.lost {
			return fmt.Errorf("an output is restored that was there")
		}
		c.lost = false
	case player.Rebuffering:
		if c.dry {
			return fmt.Errorf("the music runs dry twice")
		}
		c.dry = true
	case player.Rebuffered:
		if !c.dry {
			return fmt.Errorf("it flows again, which it did")
		}
		c.dry = false
	case player.Failed:
		if w.Err.Fatal {
			c.failed[w.Err.Entry], c.failedNow = true, true
		}
	case player.Lagged:
		return fmt.Errorf("%d events are lost", w.N)
	}
	return nil
}

func (c *causality) start(id player.EntryID, w player.TrackStarted) error {
	defer func() { c.ended, c.lastTrack = false, fmt.Sprint("start of ", id) }()
	c.starts++
	c.started, c.startedNow = append(c.started, id), append(c.startedNow, id)
	most := 0 // open before
	if c.fading {
		most = 1
	}
	if len(c.open) > most {
		return fmt.Errorf("%d starts while %v are open", id, c.open)
	}
	if w.Gapless && !c.ended && len(c.open) == 0 {
		return fmt.Errorf("%d starts gapless behind %q", id, c.lastTrack)
	}
	c.open = append(c.open, id)
	return nil
}

func (c *causality) end(id player.EntryID, w player.TrackEnded) error {
	c.ended, c.lastTrack = w.Reason == player.ReasonEnd || w.Reason == player.ReasonError, fmt.Sprint("end of ", id, " by ", w.Reason)
	c.ends++
	for i, o := range c.open {
		if o == id {
			c.open = append(c.open[:i:i], c.open[i+1:]...)
			return nil
		}
	}
	return fmt.Errorf("%d ends and was not started; open are %v", id, c.open)
}

// quiet compares what was told with what State says, once nothing is under way.
func (c *causality) quiet(st player.State) error {
	if c.told && (c.state.Phase != st.Phase || c.state.Intent != st.Intent || c.state.Holds != st.Holds) {
		return fmt.Errorf("told was %v/%v/%v, and it is %v/%v/%v", c.state.Phase, c.state.Intent, c.state.Holds, st.Phase, st.Intent, st.Holds)
	}
	if c.lost != st.Holds.Has(player.HoldOutput) && st.Phase != player.Broken {
		return fmt.Errorf("the output is lost: %v, holds: %v", c.lost, st.Holds)
	}
	if n := len(c.open); n > 0 && st.Phase == player.Ready && c.open[n-1] != st.Current && !c.fading {
		return fmt.Errorf("%v are open and %d is current", c.open, st.Current)
	}
	if (st.Phase == player.Idle || st.Phase == player.Ended || st.Phase == player.Broken) && len(c.open) > 0 {
		return fmt.Errorf("%v are open and the phase is %v", c.open, st.Phase)
	}
	return nil
}
