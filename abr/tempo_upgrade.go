package abr

const (
	upgradeTrust  = 0.9  // of the rate
	upgradeEarly  = 0.8  // of the time until it is heard, that a replacement may take
	upgradeFilled = 0.8  // of the buffer, below which nothing is upgraded
	upgradeSpill  = 0.06 // of the buffer, that a replacement may take beyond the time that the link idles
	upgradeWorth  = 0.05 // seconds of the best rendition that must be in it
	spillPrice    = 1.0  // of a second of that, in the same
)

// Upgrade implements Upgrader: what of the base can be raised, and where there is none the replacement that the ear gains
// most by, of those that are sure to come in time; for each second of the link, once it has nothing else to do.
func (t *Tempo) Upgrade(s State, queue []Queued) (Upgrade, bool) {
	if !t.fits(&s) || s.Link.Rate <= 0 || s.Metered {
		return Upgrade{}, false
	}
	if u, ok := t.raise(&s, queue); ok {
		return u, true
	}
	target, segment := s.target(), s.segment()
	free := s.AllIn && s.Finishes
	if s.Buffer < share(target, upgradeFilled)-segment && !free {
		return Upgrade{}, false
	}
	rate := upgradeTrust * min(float64(s.Link.Rate), float64(s.Link.Level))
	idle := max(s.Buffer+segment-target, 0).Seconds()
	if free {
		idle = s.Buffer.Seconds()
	}
	limit := idle + upgradeSpill*target.Seconds()
	latency := max(s.Latency.Seconds(), float64(t.p.latency))
	top := s.ceiling()
	most, found := 0.0, Upgrade{}
	ok := false
	for i := 1; i < len(queue); i++ {
		x := &queue[i]
		for q := x.Index + 1; q <= top; q++ {
			need := t.queuedBits(x, q)/rate + latency
			if need > limit || need > upgradeEarly*x.Starts.Seconds() {
				break
			}
			gain := t.gain(queue, i, q) - spillPrice*max(0, need-idle)
			if gain <= upgradeWorth {
				continue
			}
			if free { // time is what there is too little of
				gain /= need
			}
			if gain > most {
				most, found, ok = gain, Upgrade{Place: i, Decision: Decision{q, ReasonUpgrade}}, true
			}
		}
	}
	return found, ok
}

func (t *Tempo) queuedBits(x *Queued, q int) float64 {
	if q < len(x.Bytes) && x.Bytes[q] > 0 {
		return float64(x.Bytes[q]) * 8
	}
	return float64(t.renditions[q].Bitrate) * x.Duration.Seconds()
}

// gain is what the ear gains by hearing the i-th of the queue in rendition q.
func (t *Tempo) gain(queue []Queued, i, q int) float64 {
	u := func(k int) float64 { return float64(t.p.utility[min(max(k, 0), t.p.n-1)]) }
	x := &queue[i]
	gain := (u(q) - u(x.Index)) * x.Duration.Seconds()
	beside := func(k int) {
		gain -= t.p.weights.Switch * (max(u(q)-u(k), u(k)-u(q)) - max(u(x.Index)-u(k), u(k)-u(x.Index)))
	}
	if !x.Seamless {
		beside(queue[i-1].Index)
	}
	if i+1 < len(queue) && !queue[i+1].Seamless {
		beside(queue[i+1].Index)
	}
	return gain
}
