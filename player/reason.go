package player

// Reason says why something changed: who or what was behind it.
type Reason string

// The reasons. Each stands in the events that it can be the reason of: StateChanged, TrackEnded, QueueChanged,
// LiveMoved, MusicMissing.
const (
	ReasonPlay      Reason = "play"       // the user's Play, or an entry added to a queue that had been played out
	ReasonPause     Reason = "pause"      // the user's Pause
	ReasonStop      Reason = "stop"       // the user's Stop
	ReasonSkip      Reason = "skip"       // Next, Previous or SkipTo
	ReasonSeek      Reason = "seek"       // Seek or SeekBy
	ReasonRemoved   Reason = "removed"    // the entry was taken out of the queue
	ReasonReplaced  Reason = "replaced"   // it is other music now, or all of the queue is
	ReasonAdded     Reason = "added"      // QueueChanged: Append, Insert, InsertNext
	ReasonMoved     Reason = "moved"      // QueueChanged: Move
	ReasonShuffled  Reason = "shuffled"   // QueueChanged: SetShuffle
	ReasonRepeated  Reason = "repeated"   // QueueChanged: SetRepeat
	ReasonRestored  Reason = "restored"   // Restore
	ReasonStart     Reason = "start"      // the first music is at hand
	ReasonRebuffer  Reason = "rebuffer"   // the music ran dry
	ReasonBuffered  Reason = "buffered"   // it flows again
	ReasonEnd       Reason = "end"        // played to the end
	ReasonError     Reason = "error"      // a Failed event tells which
	ReasonFocus     Reason = "focus"      // SetFocus: held back for a while, or going on
	ReasonFocusLost Reason = "focus lost" // SetFocus(FocusLost): another app has taken over
	ReasonNoisy     Reason = "noisy"      // BecomingNoisy: the headphones are gone
	ReasonSleep     Reason = "sleep"      // the sleep timer
	ReasonOutput    Reason = "output"     // the output was lost, or is back
	ReasonNetwork   Reason = "network"    // the network is gone, or is back
	ReasonWindow    Reason = "window"     // LiveMoved: what follows isn't offered any more
	ReasonServer    Reason = "restarted"  // LiveMoved: the server began the stream anew
	ReasonTimes     Reason = "times"      // LiveMoved: the stream's own clock goes on elsewhere
	ReasonGap       Reason = "gap"        // MusicMissing: the server says that it has nothing for this time
	ReasonMissing   Reason = "failed"     // MusicMissing: it couldn't be had, or was damaged
)
