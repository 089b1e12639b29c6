package main

// list is the cursor and the scroll position of a list that is shown in part.
type list struct{ cursor, offset int }

// clamp keeps the cursor on one of n rows.
func (l *list) clamp(n int) { l.cursor = max(min(l.cursor, n-1), 0) }

func (l *list) move(by, n int) {
	l.cursor += by
	l.clamp(n)
}

// window scrolls as little as shows the cursor and gives the rows from ≤ i < to to be shown, at
// most height of n.
func (l *list) window(n, height int) (from, to int) {
	l.clamp(n)
	if height <= 0 {
		return 0, 0
	}
	l.offset = min(l.offset, l.cursor)
	l.offset = max(l.offset, l.cursor-height+1)
	l.offset = max(min(l.offset, n-height), 0)
	return l.offset, min(l.offset+height, n)
}
