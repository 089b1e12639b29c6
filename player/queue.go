package player

import "slices"

func (a *actor) indexOf(id EntryID) int {
	return slices.IndexFunc(a.queue, func(e Entry) bool { return e.ID == id })
}

// add gives the ids at once; the entries come into the queue when the actor gets to it.
func (p *Player) add(items []Item, at func() int) []EntryID {
	ids := make([]EntryID, len(items))
	entries := make([]Entry, len(items))
	for i, it := range items {
		ids[i] = EntryID(p.idCounter.Add(1))
		entries[i] = Entry{ids[i], it}
	}
	p.mail.post(func() {
		p.queue = slices.Insert(slices.Clone(p.queue), at(), entries...)
		if p.current == 0 && len(p.queue) > 0 {
			p.current = p.queue[0].ID
		}
		if p.phase == Ended && p.intent == Playing && len(entries) > 0 {
			// The queue had been played out: what is added is played at once.
			p.begin(entries[0].ID, entries[0].Item.Start, "play")
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
		p.begin(p.queue[i].ID, p.queue[i].Item.Start, "removed")
	case i < len(p.queue):
		p.current = p.queue[i].ID
	case p.phase == Idle || len(p.queue) == 0:
		p.stop("removed")
	default:
		p.leave("removed")
		p.mixer.Cut(nil)
		p.finish()
	}
}

func (p *Player) clear() {
	p.queue = nil
	p.stop("removed")
}
