package opus

// A loss is hidden in full for holdFrames and fades to silence until fadeFrames: what the library makes
// of the past is music for a tenth of a second and a drone after.
const (
	holdFrames = rate / 10
	fadeFrames = 3 * rate / 10
	joinFrames = unit // in which music comes back from a loss that had begun to fade
)

// hiding is how far a loss goes on.
type hiding struct{ frames int }

// gain is the loudness at a frame of the loss.
func (h hiding) gain(frame int) float32 {
	return max(0, min(1, float32(fadeFrames-frame)/(fadeFrames-holdFrames)))
}

// leave ends a loss: it leads from the loudness at its end back to full.
func (h *hiding) leave(pcm []float32, channels int) {
	from := h.gain(h.frames)
	h.frames = 0
	if from == 1 {
		return
	}
	for i := range min(joinFrames, len(pcm)/channels) {
		g := from + (1-from)*float32(i)/joinFrames
		for c := range channels {
			pcm[i*channels+c] *= g
		}
	}
}

// Conceal lets the library go on with what it remembers of the music. After three tenths of a second
// there is silence, and decoding starts anew with the next packet.
func (d *Decoder) Conceal(dst []float32, frames int) {
	channels := d.head.channels
	for frames > 0 && d.hidden.frames < fadeFrames {
		// Steps of 20 ms, in whole units; what is over of the last is dropped.
		n := min((frames+unit-1)/unit*unit, rate/50)
		for _, s := range d.streams {
			if err := s.decode(nil, n); err != nil {
				s.reset()
				clear(s.pcm)
			}
		}
		k := min(n, frames)
		d.weave(dst, k)
		for i := range k {
			g := d.hidden.gain(d.hidden.frames + i)
			for c := range channels {
				dst[i*channels+c] *= g
			}
		}
		d.hidden.frames += k
		if d.hidden.frames >= fadeFrames {
			for _, s := range d.streams {
				s.reset()
			}
		}
		dst, frames = dst[k*channels:], frames-k
	}
	clear(dst[:frames*channels])
}
