package pubsub

import (
	"context"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
)

// TestFailedBundle has bundles fail before they are committed: what they emitted
// is not acknowledged, and is counted once by those that are.
func TestFailedBundle(t *testing.T) {
	srv, cfg := server(t), config(t)
	const n = 40
	r := newRunner(t, cfg)
	for i := range 4 {
		r.until("those before are acknowledged", func() bool { return acked(srv) == i*n/4 })
		publish(srv, i*n/4, (i+1)*n/4)
		r.fail()
		if now := acked(srv); now != i*n/4 {
			t.Fatalf("%d messages are acknowledged, and their bundle failed", now-i*n/4)
		}
		r.until("all are counted", func() bool { return len(r.got.ids) == (i+1)*n/4 })
	}
	r.until("all are acknowledged", func() bool { return acked(srv) == n })
	r.once(n)
}

// TestNotBeforeCommit holds a commit back: there is no acknowledgement until the
// bundle behind it begins.
func TestNotBeforeCommit(t *testing.T) {
	srv, cfg := server(t), config(t)
	publish(srv, 0, 10)
	r := newRunner(t, cfg)
	await(t, "all are there", func() bool { r.run(); return len(r.got.ids) == 10 })
	last := r.rest.Bundles[len(r.rest.Bundles)-1]
	s := subscriberOf(t, cfg)
	s.mu.Lock()
	if p := s.ledger.bundles[last.ID]; p.due || p.leased != last.Count {
		t.Errorf("the last bundle is %+v", p)
	}
	s.mu.Unlock()
	r.until("all are acknowledged", func() bool { return acked(srv) == 10 })
	r.once(10)
}

// TestRedelivered gives messages back behind the reader's back, before and after
// their bundle is committed: they come again, and are not counted again.
func TestRedelivered(t *testing.T) {
	srv, cfg := server(t), config(t)
	const n = 30
	publish(srv, 0, n)
	r := newRunner(t, cfg)
	s := subscriberOf(t, cfg)
	nack := func() {
		s.mu.Lock()
		ackIDs, _ := s.ledger.leased(time.Now().Add(time.Hour))
		s.mu.Unlock()
		if _, err := srv.GServer.ModifyAckDeadline(context.Background(), &pubsubpb.ModifyAckDeadlineRequest{Subscription: subName, AckIds: ackIDs}); err != nil {
			t.Fatal(err)
		}
	}
	again := func() bool {
		for _, m := range srv.Messages() {
			if m.Deliveries > 2 {
				return true
			}
		}
		nack()
		return false
	}
	await(t, "something is delivered", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.queue) > 0 })
	await(t, "it is delivered three times", again)
	r.until("all are acknowledged", func() bool { nack(); return len(r.got.ids) == n && acked(srv) == n })
	r.once(n)
}

// TestProcessDies ends processes between bundles. What was counted is delivered
// to the next one, which knows it by the restriction, and acknowledges it.
func TestProcessDies(t *testing.T) {
	srv, cfg := server(t), config(t)
	cfg.Lease = 2 * time.Second
	const n = 40
	r := newRunner(t, cfg)
	for i := range 4 {
		publish(srv, i*n/4, (i+1)*n/4)
		r.until("some are counted", func() bool { return len(r.got.ids) > i*n/4 })
		die(subscriberOf(t, cfg))
	}
	r.until("all are acknowledged", func() bool { return acked(srv) == n })
	r.once(n)
}

// TestOlderRestriction goes back to an earlier restriction, as Flink does to that
// of its last checkpoint: what was counted since counts again, once.
func TestOlderRestriction(t *testing.T) {
	srv, cfg := server(t), config(t)
	cfg.AckAfter = 200 * time.Millisecond
	publish(srv, 0, 10)
	r := newRunner(t, cfg)
	r.until("all are acknowledged", func() bool { return acked(srv) == 10 })
	checkpoint, counted := r.rest, r.got
	cfg.AckAfter = time.Hour
	r.fn.Config = cfg
	subscriberOf(t, cfg).ledger.cfg.AckAfter = time.Hour
	publish(srv, 10, 20)
	after := newRunner(t, cfg)
	after.rest = checkpoint
	after.until("the others are counted", func() bool { return len(after.got.ids) == 10 })
	after.run()
	if n := acked(srv); n != 10 {
		t.Errorf("%d messages are acknowledged before a checkpoint holds them", n-10)
	}
	r.rest, r.got = checkpoint, counted
	r.until("the others are counted", func() bool { return len(r.got.ids) == 20 })
	r.once(20)
}

// givenBack says whether a message was given back before its lease ended.
func givenBack(m *pstest.Message) bool {
	return slices.ContainsFunc(m.Modacks, func(m pstest.Modack) bool { return m.AckDeadline == 0 })
}

// TestDrain drains the job: what was counted is acknowledged, the rest is given
// back at once.
func TestDrain(t *testing.T) {
	srv, cfg := server(t), config(t)
	cfg.BundleRecords = 1       // one block
	cfg.Lease = 3 * time.Second // for what was on its way when the streams ended
	r := newRunner(t, cfg)
	publish(srv, 0, 20)
	r.until("some are counted", func() bool { return len(r.got.ids) > 0 })
	publish(srv, 20, 40)
	s := subscriberOf(t, cfg)
	var waiting []received
	await(t, "some wait", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		waiting = slices.Clone(s.queue)
		return len(waiting) > 0
	})
	r.rest = r.fn.TruncateRestriction(r.fn.CreateTracker(r.rest), nil)
	r.until("drained", func() bool { return r.done })
	r.once(len(r.got.ids))
	if n := acked(srv); n != len(r.got.ids) {
		t.Errorf("%d messages are acknowledged, %d were counted", n, len(r.got.ids))
	}
	for _, m := range waiting {
		if !givenBack(srv.Message(m.message.MessageId)) {
			t.Errorf("message %s waited, and was not given back", m.message.MessageId)
		}
	}
	left := make(map[string]bool)
	await(t, "the rest comes to another reader", func() bool {
		res, err := srv.GServer.Pull(context.Background(), &pubsubpb.PullRequest{Subscription: subName, MaxMessages: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range res.ReceivedMessages {
			if left[m.Message.MessageId] = true; r.got.ids[m.Message.MessageId] > 0 {
				t.Errorf("message %s was counted, and comes again", m.Message.MessageId)
			}
		}
		return len(left)+len(r.got.ids) == 40
	})
}

// TestRelease stops the program: nothing that is not committed is acknowledged,
// and all of it comes to the next one.
func TestRelease(t *testing.T) {
	srv, cfg := server(t), config(t)
	cfg.Lease = 3 * time.Second // for what was on its way when the streams ended
	publish(srv, 0, 20)
	r := newRunner(t, cfg)
	blocks := r.fail()
	if err := Release(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		for _, m := range b.Messages {
			if !givenBack(srv.Message(string(b.Text(m.ID)))) {
				t.Errorf("message %s is kept", b.Text(m.ID))
			}
		}
	}
	if n := acked(srv); n > 0 {
		t.Errorf("%d messages are acknowledged", n)
	}
	if _, _, err := r.bundle(); err == nil {
		t.Error("the subscription is still read")
	}
	next := newRunner(t, config(t))
	next.until("all are acknowledged", func() bool { return acked(srv) == 20 })
	next.once(20)
}

// TestAbandoned has nobody take turns any more: what is held goes to others.
func TestAbandoned(t *testing.T) {
	srv, cfg := server(t), config(t)
	cfg.Lease = 3 * time.Second
	publish(srv, 0, 10)
	r := newRunner(t, cfg)
	r.fail()
	s := subscriberOf(t, cfg)
	s.mu.Lock()
	s.used = time.Now().Add(-2 * idle)
	s.mu.Unlock()
	await(t, "it ends", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.closed })
	r.until("all are acknowledged", func() bool { return acked(srv) == 10 })
	r.once(10)
}
