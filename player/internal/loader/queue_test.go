package loader

import (
	"context"
	"testing"
	"testing/synctest"
)

// TestRecall: what the decoder has begun isn't taken back, nor is any part of a segment whose first part it has.
func TestRecall(t *testing.T) {
	q := newQueue()
	one, two := &SegmentID{1}, &SegmentID{2}
	runs := []*Run{{Segment: one, Packets: 3, bytes: 10}, {Segment: one, Packets: 7}, {Segment: one, bytes: 20}, {Segment: two, bytes: 5}}
	for _, r := range runs {
		q.push(r)
	}
	if r, ok, err := q.Pop(t.Context()); r != runs[0] || !ok || err != nil {
		t.Fatal(r, ok, err)
	}
	if back := q.recall(); len(back) != 1 || back[0] != runs[3] {
		t.Errorf("%d runs taken back, want the other segment's", len(back))
	}
	if n, bytes := q.Waiting(); n != 2 || bytes != 20 {
		t.Errorf("%d runs of %d bytes wait", n, bytes)
	}
	before := &Run{}
	q.insert(before)
	q.close()
	for _, want := range []*Run{before, runs[1], runs[2], nil} {
		if r, ok, err := q.Pop(t.Context()); r != want || ok != (want != nil) || err != nil {
			t.Error(r, ok, err)
		}
	}
}

// TestPopWaits: for a run, for the end, or for its context.
func TestPopWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		popped := make(chan bool)
		pop := func(ctx context.Context) {
			_, ok, err := q.Pop(ctx)
			if ctx.Err() != nil && err != ctx.Err() {
				t.Error(err)
			}
			popped <- ok
		}
		ctx, cancel := context.WithCancel(t.Context())
		go pop(ctx)
		synctest.Wait()
		q.push(&Run{})
		if !<-popped {
			t.Error("a run was not given")
		}
		go pop(ctx)
		synctest.Wait()
		cancel()
		if <-popped {
			t.Error("a run out of nothing")
		}
		go pop(t.Context())
		synctest.Wait()
		q.close()
		if <-popped {
			t.Error("a run behind the last")
		}
	})
}
