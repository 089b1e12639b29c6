package abrtest

import (
	"context"
	"errors"
	"math"
	"sync"
)

// Lab runs algorithms over links, each in each cell.
type Lab struct {
	Traces  []*Trace // of all networks
	Cells   []Cell   // nil means Cells()
	Entries []Entry
	Optimum bool  // find it, for cells without skips; else gains are unknown
	Bounds  int   // find for every n-th session the bound that no plan passes; zero for none
	Cache   Cache // of optima; nil for none
	Workers int   // sessions at the same time; zero means 1

	// Progress, where set, is called after each link of each cell, by one goroutine at a time.
	Progress func(done, total int)
}

// Session is what became of one link in one cell.
type Session struct {
	Cell    Cell
	Trace   string
	Floor   float64   // QoE of the lowest rendition
	Optimum Metrics   // zero where it was not looked for
	Bound   float64   // QoE that no plan passes; NaN where it was not looked for
	Of      []Metrics // in the order of the entries, without Rendition and HeardOf
}

// job is a session to be.
type job struct {
	cell  Cell
	trace *Trace
}

// Run runs all of it, and gives the sessions in the order of cells and links. Links that are too slow for
// a cell are left out of it.
func (l Lab) Run(ctx context.Context) ([]Session, error) {
	var jobs []job
	if l.Cells == nil {
		l.Cells = Cells()
	}
	for _, c := range l.Cells {
		for _, t := range l.Traces {
			if t.Network == c.Network && c.carries(t) {
				jobs = append(jobs, job{c, t})
			}
		}
	}
	sessions, errs := make([]Session, len(jobs)), make([]error, len(jobs))
	var mu sync.Mutex
	next, done := 0, 0
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1
	}
	var group sync.WaitGroup
	for range max(1, l.Workers) {
		group.Go(func() {
			for i := take(); i < len(jobs) && ctx.Err() == nil; i = take() {
				sessions[i], errs[i] = l.session(jobs[i], l.Bounds > 0 && i%l.Bounds == 0)
				mu.Lock()
				done++
				if l.Progress != nil {
					l.Progress(done, len(jobs))
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return sessions, errors.Join(append(errs, ctx.Err())...)
}

// boundBucket is fine enough for a bound within some tenths of a point, in milliseconds.
const boundBucket = 25

// session runs every algorithm over one link.
func (l *Lab) session(j job, bound bool) (Session, error) {
	s := Session{Cell: j.cell, Trace: j.trace.Name, Bound: math.NaN()}
	client, err := j.cell.Client(j.trace)
	if err != nil {
		return s, err
	}
	floor, err := client.Run(Plan{})
	if err != nil {
		return s, err
	}
	s.Floor = floor.QoE
	if l.Optimum && !j.cell.Skips {
		plan, err := client.CachedOptimum(l.Cache)
		if err != nil {
			return s, err
		}
		if s.Optimum, err = client.Run(plan); err != nil {
			return s, err
		}
		s.Optimum.Rendition, s.Optimum.HeardOf = nil, nil
		if bound {
			if _, s.Bound, err = client.Optimum(Precision{Optimistic: true, Bucket: boundBucket}); err != nil {
				return s, err
			}
		}
	}
	for _, e := range l.Entries {
		m, err := client.Run(e.New())
		if err != nil {
			return s, err
		}
		m.Rendition, m.HeardOf = nil, nil
		s.Of = append(s.Of, m)
	}
	return s, nil
}
