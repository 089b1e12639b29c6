package mp3

// reservoirBytes is the farthest that main_data_begin points back (nine bits of it).
const reservoirBytes = 511

// reservoir keeps the last main data of the frames so far, behind which a frame's own is joined: an
// encoder may begin a frame's main data in the frames before, where there was room left (2.4.2.7).
type reservoir struct {
	buf [reservoirBytes + maxFrameBytes]byte
	n   int // bytes kept, up to reservoirBytes; they end at buf[reservoirBytes]
}

func (r *reservoir) clear() { r.n = 0 }

// join gives the main data that begins back bytes before own, a frame's own bytes. It stays valid until
// the next call. ok is false where the frames that it begins in weren't seen.
func (r *reservoir) join(back int, own []byte) (main []byte, ok bool) {
	if back > r.n {
		return nil, false
	}
	n := copy(r.buf[reservoirBytes:], own)
	return r.buf[reservoirBytes-back : reservoirBytes+n], true
}

// push keeps the frame's own bytes for those that follow. Where some are missing at the frame's end,
// nothing behind it can count back over them.
func (r *reservoir) push(f body) {
	if f.cut {
		r.clear()
		return
	}
	own := f.main[max(0, len(f.main)-reservoirBytes):]
	copy(r.buf[:reservoirBytes-len(own)], r.buf[len(own):reservoirBytes])
	copy(r.buf[reservoirBytes-len(own):], own)
	r.n = min(reservoirBytes, r.n+len(own))
}
