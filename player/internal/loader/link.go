package loader

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player/media"
)

// Link is the estimate of the network, fed by all loaders. Any goroutine may call its methods.
type Link struct {
	Observer abr.Observer  // nil for nobody
	Arrived  *atomic.Int64 // bytes of all downloads, as they come; nil where nobody counts

	mu    sync.Mutex
	est   abr.Estimator
	flows *download // whose progress the estimator is told
}

// download is one that is under way over a Link.
type download struct {
	link  *Link
	began int64 // what had arrived before it
}

// begin takes note of a download, which ends with a call of done.
func (l *Link) begin() *download { return &download{l, l.arrived()} }

func (l *Link) arrived() int64 {
	if l.Arrived == nil {
		return 0
	}
	return l.Arrived.Load()
}

// flow tells how far the download has come, for the estimate to follow the link and not just whole segments. Of
// several at a time one tells for all.
func (d *download) flow(p abr.Progress) {
	l := d.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flows == nil {
		l.flows = d
	}
	if l.flows == d {
		p.BytesDone = max(p.BytesDone, l.arrived()-d.began)
		l.est.Flow(p)
	}
}

// done ends the download, with a sample of it if it is worth one.
func (d *download) done(samples ...abr.Sample) {
	l := d.link
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range samples {
		if !s.Again {
			s.Others = max(0, l.arrived()-d.began-s.Bytes)
		}
		s.Again = s.Again || l.flows != nil && l.flows != d
		l.est.Add(s)
		if l.Observer != nil {
			l.Observer.Sample(s)
		}
	}
	if l.flows == d {
		l.flows = nil
	}
}

// Expect forgets what was measured: the network is another one, of which this is known.
func (l *Link) Expect(p abr.Prior) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.est.Expect(p)
	if l.Observer != nil {
		l.Observer.Expect(p)
	}
}

// Doubt makes what was measured count for little beside what will be.
func (l *Link) Doubt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.est.Doubt()
	if l.Observer != nil {
		l.Observer.Doubt()
	}
}

// Learned is what the next session on this network may begin with.
func (l *Link) Learned() abr.Prior {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.est.Learned()
}

// Estimate gives the throughput and latency to expect; zero where nothing is known.
func (l *Link) Estimate() (media.Bitrate, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.est.Throughput(), l.est.Latency()
}

// describe tells a rule's state of the link.
func (l *Link) describe(s *abr.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Throughput, s.Latency, s.Link = l.est.Throughput(), l.est.Latency(), l.est.Link()
}
