package peers

import "github.com/segue-audio/segue/abr/abrtest"

// sabreDynamic is Sabre's Dynamic: ThroughputRule while the buffer is low, BOLA-U when it is not.
type sabreDynamic struct {
	sabre
	bola       sabreBola
	throughput sabreThroughput
	useBola    bool
}

const sabreLow = 10_000 // milliseconds of buffer

func (s *sabreDynamic) Start(v *abrtest.View) {
	*s = sabreDynamic{sabre: sabreStart(v)}
	s.bola.Start(v)
	s.throughput.Start(v)
}

func (s *sabreDynamic) Choose(v *abrtest.View) abrtest.Pick {
	if !s.known() {
		return abrtest.Pick{}
	}
	b, t := s.bola.choose(v, &s.sabre), s.throughput.choose(v, &s.sabre)
	if s.useBola {
		s.useBola = !(v.Buffer < sabreLow && b.Index < t)
	} else {
		s.useBola = v.Buffer > sabreLow && b.Index >= t
	}
	if s.useBola {
		return b
	}
	return abrtest.Pick{Index: t}
}

func (s *sabreDynamic) Done(_ *abrtest.View, d *abrtest.Download) { s.sample(d) }

// PollEvery implements abrtest.Abandoner.
func (s *sabreDynamic) PollEvery() float64 { return sabrePoll }

func (s *sabreDynamic) Abandon(v *abrtest.View, d *abrtest.Download) (int, bool) {
	return s.throughput.abandon(v, d, &s.sabre)
}

// sabreDynamicDash is Sabre's DynamicDash, what dash.js had then: ThroughputRule below 5 s of buffer,
// BOLA-E above 10 s.
type sabreDynamicDash struct {
	sabre
	bola       sabreBolaE
	throughput sabreThroughput
	useBola    bool
}

const sabreDashLow, sabreDashHigh = 5_000, 10_000 // milliseconds of buffer

func (s *sabreDynamicDash) Start(v *abrtest.View) {
	*s = sabreDynamicDash{sabre: sabreStart(v)}
	s.bola.Start(v)
	s.throughput.Start(v)
}

func (s *sabreDynamicDash) Choose(v *abrtest.View) abrtest.Pick {
	if !s.known() {
		return abrtest.Pick{}
	}
	if s.useBola {
		s.useBola = v.Buffer >= sabreDashLow
	} else {
		s.useBola = v.Buffer > sabreDashHigh
	}
	if s.useBola {
		return s.bola.choose(v, &s.sabre)
	}
	return abrtest.Pick{Index: s.throughput.choose(v, &s.sabre)}
}

// Idle implements abrtest.Idler.
func (s *sabreDynamicDash) Idle(v *abrtest.View, milliseconds float64) { s.bola.Idle(v, milliseconds) }

func (s *sabreDynamicDash) Done(v *abrtest.View, d *abrtest.Download) {
	if s.known() {
		s.bola.report(v, d)
	}
	s.sample(d)
}

// PollEvery implements abrtest.Abandoner.
func (s *sabreDynamicDash) PollEvery() float64 { return sabrePoll }

func (s *sabreDynamicDash) Abandon(v *abrtest.View, d *abrtest.Download) (int, bool) {
	if s.useBola {
		return s.bola.Abandon(v, d)
	}
	return s.throughput.abandon(v, d, &s.sabre)
}
