package pubsub

import (
	"context"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"

	"crest/block"
)

// A runner runs bundles of the only restriction, as a runner does.
type runner struct {
	testing.TB
	fn   *readFn
	rest restriction // of the last commit
	done bool
	got  tally // what was committed
}

func newRunner(t testing.TB, cfg Config) *runner {
	fn := &readFn{Config: cfg}
	r := &runner{TB: t, fn: fn, rest: fn.CreateInitialRestriction(nil)}
	r.got = tally{items: make(map[string]int), ids: make(map[string]int), rejects: make(map[block.Reason]int)}
	return r
}

// bundle runs a bundle, whose blocks it returns.
func (r *runner) bundle() (blocks []block.Block, residual *restriction, err error) {
	in, err := decodeRestriction(encodeRestriction(r.rest))
	if err != nil {
		r.Fatal(err)
	}
	we := r.fn.CreateWatermarkEstimator(0)
	rt := r.fn.CreateTracker(in)
	next, err := r.fn.ProcessElement(context.Background(), mtime.ZeroTimestamp, we, rt, nil, func(_ beam.EventTime, b block.Block) {
		blocks = append(blocks, b)
	})
	if err != nil || !next.ShouldResume() {
		return blocks, nil, err
	}
	_, rest, err := rt.TrySplit(0)
	if err != nil || rest == nil || !rt.IsDone() {
		r.Fatalf("no residual to resume: %v", err)
	}
	left := rest.(restriction)
	return blocks, &left, nil
}

// run runs a bundle and commits it. It returns how many records it had.
func (r *runner) run() (n int64) {
	r.Helper()
	blocks, residual, err := r.bundle()
	if err != nil {
		r.Fatal(err)
	}
	for i := range blocks {
		r.got.add(&blocks[i])
		n += blocks[i].Records
	}
	if r.done = residual == nil; !r.done {
		r.rest = *residual
	}
	return n
}

// fail runs bundles that are not committed until one has records. It returns the
// blocks of all.
func (r *runner) fail() (blocks []block.Block) {
	r.Helper()
	await(r, "a bundle has something", func() bool {
		more, _, err := r.bundle()
		if err != nil {
			r.Fatal(err)
		}
		blocks = append(blocks, more...)
		return len(blocks) > 0
	})
	return blocks
}

// until runs bundles until a condition holds.
func (r *runner) until(what string, cond func() bool) {
	r.Helper()
	await(r, what, func() bool { r.run(); return cond() })
}

// once checks that n messages were counted, each once.
func (r *runner) once(n int) {
	r.Helper()
	if len(r.got.ids) != n || r.got.records != int64(n) {
		r.Errorf("%d records of %d messages, want %d", r.got.records, len(r.got.ids), n)
	}
	for id, c := range r.got.ids {
		if c != 1 {
			r.Errorf("message %s was counted %d times", id, c)
		}
	}
}

// subscriberOf returns the subscriber of this process.
func subscriberOf(t testing.TB, cfg Config) *subscriber {
	s, err := subscribe(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// die ends the subscriber as the end of its process does: nothing is given back.
func die(s *subscriber) {
	s.cancel()
	s.reading.Wait()
	s.mu.Lock()
	s.closed = true
	s.halt()
	s.mu.Unlock()
	s.running.Wait()
	s.client.Close()
	subscribers.Lock()
	defer subscribers.Unlock()
	delete(subscribers.byKey, s.cfg.key())
}
