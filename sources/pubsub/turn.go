package pubsub

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"

	"crest/block"
)

// A turn is a bundle's use of the subscriber.
type turn struct {
	*subscriber
	rest   restriction
	epoch  uint64
	bundle uint64 // its id
}

var (
	errClosed = errors.New("the subscriber has ended")
	errParted = errors.New("the bundle was given up: another one has gone on from before it")
)

// takeTurn begins a turn with the subscriber of this process.
func takeTurn(ctx context.Context, cfg Config, r restriction) (*turn, error) {
	for {
		s, err := subscribe(cfg)
		if err != nil {
			return nil, err
		}
		t, err := s.begin(r)
		switch {
		case err == nil:
			return t, nil
		case !errors.Is(err, errClosed):
			// It is told once; who tries again tries anew.
			return nil, errors.Join(err, s.close(ctx))
		}
	}
}

// begin begins a turn from where the restriction says. All in it is committed:
// it is acknowledged, if it is old enough.
func (s *subscriber) begin(r restriction) (*turn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, errClosed
	case s.err != nil:
		return nil, s.err
	}
	giveBack, parted, err := s.ledger.resume(r, time.Now())
	if err != nil {
		return nil, err
	}
	if parted {
		s.discard()
		s.giveBack(giveBack)
	}
	if r.Draining && !s.over {
		s.discard()
		s.halt()
		s.running.Go(s.drain)
	}
	if len(s.ledger.due) > 0 {
		s.ackSoon()
	}
	s.turns++
	return &turn{subscriber: s, rest: r, epoch: s.epoch, bundle: 1 + rand.Uint64N(math.MaxUint64)}, nil
}

// end ends the turn, and the subscriber where it can't go on.
func (t *turn) end(ctx context.Context) {
	t.mu.Lock()
	t.turns--
	t.used = time.Now()
	over := t.err != nil || t.rest.Draining && len(t.ledger.leases) == 0
	t.mu.Unlock()
	if over {
		_ = t.close(ctx) // what it couldn't give back comes when its lease ends
	}
}

// discard throws away what waits to be counted.
func (s *subscriber) discard() {
	s.epoch++
	s.queue, s.queued, s.ready = nil, 0, nil
	s.notify()
}

// giveBack gives messages back. What can't be comes when its lease ends.
func (s *subscriber) giveBack(ackIDs []string) {
	if len(ackIDs) > 0 {
		s.running.Go(func() { _ = s.modify(context.Background(), ackIDs, 0) })
	}
}

// drain gives back what is not counted, once the streams have ended.
func (s *subscriber) drain() {
	s.reading.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveBack(s.ledger.giveBack())
}

// next returns a block to count, and waits for a message so long at most. It is
// the last for now where it is not full.
func (t *turn) next(ctx context.Context, wait time.Duration) (d decoded, last bool, err error) {
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		t.mu.Lock()
		var messages []received
		switch err = t.check(); {
		case err != nil:
		case len(t.ready) > 0:
			d, t.ready = t.ready[0], t.ready[1:]
		case len(t.queue) > 0:
			messages, last = t.cut(), true
		}
		t.mu.Unlock()
		if last {
			d = t.decode(messages)
		}
		if err != nil || len(d.ids) > 0 {
			return d, last, err
		}
		select {
		case <-t.arrived:
		case <-timeout.C:
			return decoded{}, true, nil
		case <-ctx.Done():
			return decoded{}, true, ctx.Err()
		}
	}
}

// check says why the turn can't go on.
func (t *turn) check() error {
	switch {
	case t.err != nil:
		return t.err
	case t.closed:
		return errClosed
	case t.subscriber.epoch != t.epoch:
		return errParted
	}
	return nil
}

// claim claims messages for the bundle.
func (t *turn) claim(rt *sdf.LockRTracker, ids []messageID) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.check(); err != nil {
		return err
	}
	if !rt.TryClaim(claim(ids)) {
		return errParted
	}
	t.ledger.claim(t.bundle, ids)
	return nil
}

// finish claims the end of the bundle.
func (t *turn) finish(rt *sdf.LockRTracker) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.check(); err != nil {
		return err
	}
	now := time.Now()
	forget, err := t.ledger.forget(t.rest, now)
	if err != nil {
		return err
	}
	if !rt.TryClaim(finish{bundle: t.bundle, at: now, forget: forget}) {
		return errParted
	}
	return nil
}

// settled says whether nothing is held any more that is not acknowledged.
func (t *turn) settled() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.ledger.leases) == 0
}

// gauge returns how many messages are held, and how many deliveries were dropped
// since it was last asked for.
func (t *turn) gauge() (held int, duplicates int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	held, duplicates = len(t.ledger.leases), t.ledger.duplicates
	t.ledger.duplicates = 0
	return held, duplicates
}

// decoded is a block, and the ids of its messages.
type decoded struct {
	block block.Block
	ids   []messageID
}

// cut takes messages for a block off the queue.
func (s *subscriber) cut() (messages []received) {
	n, size := 0, int64(0)
	for n < len(s.queue) && size < blockSize {
		size += s.queue[n].size
		n++
	}
	messages, s.queue = s.queue[:n:n], s.queue[n:]
	s.queued -= size
	return messages
}

func (s *subscriber) decode(messages []received) decoded {
	ids := make([]messageID, len(messages))
	for i := range messages {
		ids[i] = messages[i].id
	}
	return decoded{block: s.decoder.decode(messages), ids: ids}
}

// decodeFull decodes full blocks ahead of the turns, until the end.
func (s *subscriber) decodeFull() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for s.queued < blockSize && !s.over {
			s.wake.Wait()
		}
		if s.over {
			return
		}
		epoch, messages := s.epoch, s.cut()
		s.busy++
		s.mu.Unlock()
		d := s.decode(messages)
		s.mu.Lock()
		s.busy--
		if s.epoch == epoch {
			s.ready = append(s.ready, d)
			s.notify()
		}
	}
}
