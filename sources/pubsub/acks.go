package pubsub

import (
	"context"
	"errors"
	"strings"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/googleapis/gax-go/v2"
	"github.com/googleapis/gax-go/v2/apierror"
)

const (
	// ackers is how many acknowledgements are on their way at once.
	ackers = 4
	// A request is of at most 512 KiB.
	maxRequestIDs   = 2500
	maxRequestBytes = 450 << 10
)

// acknowledge acknowledges what is due, until the end.
func (s *subscriber) acknowledge(ctx context.Context) {
	pause := backoff()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.acking:
		}
		for {
			s.mu.Lock()
			acks := s.ledger.take(maxRequestIDs, maxRequestBytes)
			if len(s.ledger.due) > 0 {
				s.ackSoon() // for another to help
			}
			s.mu.Unlock()
			if len(acks) == 0 {
				break
			}
			again := s.send(ctx, acks)
			if ctx.Err() != nil {
				return
			}
			if !again {
				pause = backoff()
			} else if gax.Sleep(ctx, pause.Pause()) != nil {
				return
			}
		}
	}
}

// send acknowledges messages, and says whether some are to be tried again.
func (s *subscriber) send(ctx context.Context, acks []ack) (again bool) {
	ids := make([]string, len(acks))
	for i, a := range acks {
		ids[i] = a.ackID
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := s.client.Acknowledge(ctx, &pubsubpb.AcknowledgeRequest{Subscription: s.cfg.Subscription, AckIds: ids}, once)
	failures, told := ackFailures(err)
	if err != nil && !told && permanent(err) {
		s.fail(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range acks {
		retry := err != nil
		if told {
			retry = strings.HasPrefix(failures[a.ackID], "TRANSIENT_FAILURE_")
		}
		again = again || retry
		s.ledger.settle(a, retry)
	}
	s.notify()
	return again
}

// ackFailures reads what a subscription with exactly-once delivery tells of
// acknowledgements: why, by ack id, each failed that did. A failure is transient
// or permanent; the lease is lost then, and the message delivered again.
func ackFailures(err error) (byAckID map[string]string, told bool) {
	var e *apierror.APIError
	if !errors.As(err, &e) || len(e.Metadata()) == 0 {
		return nil, false
	}
	for _, why := range e.Metadata() {
		if strings.HasPrefix(why, "TRANSIENT_FAILURE_") || strings.HasPrefix(why, "PERMANENT_FAILURE_") {
			return e.Metadata(), true
		}
	}
	return nil, false
}

// modify moves the ends of leases to so long from now; 0 gives them back. What
// is not modified is delivered again when its lease ends.
func (s *subscriber) modify(ctx context.Context, ackIDs []string, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for len(ackIDs) > 0 {
		n, bytes := 0, 0
		for n < len(ackIDs) && n < maxRequestIDs && (n == 0 || bytes+len(ackIDs[n]) <= maxRequestBytes) {
			bytes += len(ackIDs[n])
			n++
		}
		err := s.client.ModifyAckDeadline(ctx, &pubsubpb.ModifyAckDeadlineRequest{
			Subscription: s.cfg.Subscription, AckIds: ackIDs[:n], AckDeadlineSeconds: int32(d / time.Second),
		})
		if _, told := ackFailures(err); err != nil && !told {
			return err
		}
		ackIDs = ackIDs[n:]
	}
	return nil
}

// idle is how long nobody takes turns until the subscriber ends: then another
// process reads, or none.
const idle = time.Minute

// keep extends the leases in time, and ends the subscriber when nobody uses it.
func (s *subscriber) keep(ctx context.Context) {
	tick := time.NewTicker(s.cfg.Lease / 6)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		s.mu.Lock()
		abandoned := s.turns == 0 && now.Sub(s.used) > idle
		ackIDs, leases := s.ledger.leased(now.Add(s.cfg.Lease * 2 / 3))
		s.mu.Unlock()
		if abandoned {
			go s.close(context.WithoutCancel(ctx)) // it waits for this to return
			return
		}
		if s.modify(ctx, ackIDs, s.cfg.Lease) != nil {
			continue // at the next tick
		}
		s.mu.Lock()
		for _, l := range leases {
			l.until = now.Add(s.cfg.Lease)
		}
		s.mu.Unlock()
	}
}
