package player

import "slices"

// Append adds items at the end of the queue and returns their ids. Nothing starts to play by it.
func (p *Player) Append(items ...Item) []EntryID {
	return p.add(items, func() int { return len(p.queue) })
}

// InsertNext adds items right behind the current entry and returns their ids.
func (p *Player) InsertNext(items ...Item) []EntryID {
	return p.add(items, func() int { return p.indexOf(p.current) + 1 })
}

// Remove takes an entry out of the queue; where it is the current one, the next one plays.
func (p *Player) Remove(id EntryID) { p.mail.post(func() { p.remove(id) }) }

// Clear empties the queue and stops.
func (p *Player) Clear() { p.mail.post(p.clear) }

func (a *actor) indexOf(id EntryID) int {
	return slices.IndexFunc(a.queue, func(e Entry) bool { return e.ID == id })
}

// What the rest of the actor asks of the queue.

func (a *actor) length() int { return len(a.queue) }

// entry finds an entry by its id.
func (a *actor) entry(id EntryID) (Entry, bool) { return a.nth(a.indexOf(id)) }

// first is where playing begins.
func (a *actor) first() (Entry, bool) { return a.nth(0) }

// after is the entry that is played behind another.
func (a *actor) after(id EntryID) (Entry, bool) {
	if i := a.indexOf(id); i >= 0 {
		return a.nth(i + 1)
	}
	return Entry{}, false
}

func (a *actor) before(id EntryID) (Entry, bool) { return a.nth(a.indexOf(id) - 1) }

func (a *actor) nth(i int) (Entry, bool) {
	if i < 0 || i >= len(a.queue) {
		return Entry{}, false
	}
	return a.queue[i], true
}

// add gives the ids at once; the entries come into the queue when the actor gets to it.
func (p *Player) add(items []Item, at func() int) []EntryID {
	ids := make([]EntryID, len(items))
	entries := make([]Entry, len(items))
	for i, it := range items {
		ids[i] = EntryID(p.lastID.Add(1))
		entries[i] = Entry{ids[i], it}
	}
	p.mail.post(func() {
		p.queue = slices.Insert(slices.Clone(p.queue), at(), entries...)
		if p.current == 0 && len(p.queue) > 0 {
			p.current = p.queue[0].ID
		}
		if p.phase == Ended && p.intent == Playing && len(entries) > 0 {
			// The queue had been played out: what is added is played at once.
			p.begin(entries[0].ID, entries[0].Item.Start, ReasonPlay)
			return
		}
		p.follow()
	})
	return ids
}

func (p *Player) remove(id EntryID) {
	i := p.indexOf(id)
	if i < 0 {
		return
	}
	wasCurrent := id == p.current || p.mixingEntry != nil && EntryID(p.mixingEntry.Key) == id
	p.queue = slices.Delete(slices.Clone(p.queue), i, i+1)
	switch {
	case !wasCurrent:
		p.follow()
	case i < len(p.queue) && p.phase != Idle:
		p.begin(p.queue[i].ID, p.queue[i].Item.Start, ReasonRemoved)
	case i < len(p.queue):
		p.current = p.queue[i].ID
	case p.phase == Idle || len(p.queue) == 0:
		p.stop(ReasonRemoved)
	default:
		p.leave(ReasonRemoved)
		p.mixer.Cut(nil)
		p.finish()
	}
}

func (p *Player) clear() {
	p.queue = nil
	p.stop(ReasonRemoved)
}
