package pubsub

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

// A subscriber is what a process knows of a subscription: the messages that it
// holds, which streams bring in, decoders make blocks of, and turns of the
// reading DoFn take. It knows nothing that would be missed if it were lost.
type subscriber struct {
	cfg     Config
	client  *pubsub.SubscriptionAdminClient
	decoder *decoder
	cancel  context.CancelFunc
	halted  chan struct{}  // closed when no more messages are wanted
	reading sync.WaitGroup // streams
	running sync.WaitGroup // the others
	arrived chan struct{}  // something may be there to take
	acking  chan struct{}  // something is there to acknowledge
	wake    *sync.Cond     // room for streams, work for decoders, or the end

	mu     sync.Mutex // guards all below
	ledger ledger
	queue  []received // to be decoded
	queued int64      // their bytes
	ready  []decoded
	busy   int    // decoders that have something
	epoch  uint64 // counts how often what waited was thrown away
	turns  int    // that are being taken
	used   time.Time
	stream streamState

	over   bool  // no more messages are wanted
	closed bool  // and no more turns
	err    error // why it can't go on
}

// subscribers are those of this process.
var subscribers struct {
	sync.Mutex
	byKey    map[subscriberKey]*subscriber
	released map[subscriberKey]bool
}

type subscriberKey struct{ id, subscription string }

func (c Config) key() subscriberKey { return subscriberKey{c.ID, c.Subscription} }

var errReleased = errors.New("the subscription was released: this program stops")

// subscribe returns the subscriber of this process, and starts it where there is
// none.
func subscribe(cfg Config) (*subscriber, error) {
	subscribers.Lock()
	defer subscribers.Unlock()
	if subscribers.released[cfg.key()] {
		return nil, errReleased
	}
	if s := subscribers.byKey[cfg.key()]; s != nil {
		return s, nil
	}
	s, err := newSubscriber(cfg)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", cfg.source(), err)
	}
	if subscribers.byKey == nil {
		subscribers.byKey = make(map[subscriberKey]*subscriber)
	}
	subscribers.byKey[cfg.key()] = s
	return s, nil
}

func newSubscriber(cfg Config) (*subscriber, error) {
	d, err := newDecoder(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	client, err := newClient(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	s := &subscriber{
		cfg: cfg, client: client, decoder: d, cancel: cancel, halted: make(chan struct{}),
		arrived: make(chan struct{}, 1), acking: make(chan struct{}, 1),
		ledger: newLedger(cfg), used: time.Now(),
	}
	s.wake = sync.NewCond(&s.mu)
	for range streams {
		s.reading.Go(func() { s.read(ctx) })
	}
	for range cfg.Workers {
		s.running.Go(s.decodeFull)
	}
	for range ackers {
		s.running.Go(func() { s.acknowledge(ctx) })
	}
	s.running.Go(func() { s.keep(ctx) })
	return s, nil
}

// Release gives back at once what this process holds of the subscription and has
// not acknowledged, for a program that stops before its pipeline ends, as by
// Ctrl-C. It acknowledges nothing, and what is given back is delivered again.
// The pipeline can't read any more.
func Release(ctx context.Context, cfg Config) error {
	subscribers.Lock()
	if subscribers.released == nil {
		subscribers.released = make(map[subscriberKey]bool)
	}
	subscribers.released[cfg.key()] = true
	s := subscribers.byKey[cfg.key()]
	subscribers.Unlock()
	if s == nil {
		return nil
	}
	if err := s.close(ctx); err != nil {
		return fmt.Errorf("giving back messages of %s: %w", cfg.source(), err)
	}
	return nil
}

// close ends the subscriber, and gives back what it holds.
func (s *subscriber) close(ctx context.Context) error {
	subscribers.Lock()
	if subscribers.byKey[s.cfg.key()] == s {
		delete(subscribers.byKey, s.cfg.key())
	}
	subscribers.Unlock()
	s.mu.Lock()
	was := s.closed
	s.closed = true
	s.halt()
	s.mu.Unlock()
	if was {
		return nil
	}
	s.reading.Wait()
	s.cancel()
	s.running.Wait()
	s.mu.Lock()
	all, _ := s.ledger.leased(time.Now().Add(24 * time.Hour))
	s.mu.Unlock()
	return errors.Join(s.modify(ctx, all, 0), s.client.Close())
}

// halt has no more messages read.
func (s *subscriber) halt() {
	if !s.over {
		s.over = true
		close(s.halted)
		s.notify()
	}
}

// fail ends reading with an error, which the next turn returns.
func (s *subscriber) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = advised(err, s.cfg.Subscription)
	}
	s.halt()
	s.notify()
}

// notify tells a turn that waits, and all that wait for room or work.
func (s *subscriber) notify() {
	s.wake.Broadcast()
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// receive takes in what a stream brought.
func (s *subscriber) receive(messages []*pubsubpb.ReceivedMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.stream.changed = now
	for _, m := range messages {
		if r := newReceived(m.Message); s.ledger.lend(r.id, m.AckId, r.size, now) {
			s.queue = append(s.queue, r)
			s.queued += r.size
		}
	}
	if len(s.ledger.due) > 0 {
		s.ackSoon()
	}
	s.notify()
}

// ackSoon wakes those who acknowledge.
func (s *subscriber) ackSoon() {
	select {
	case s.acking <- struct{}{}:
	default:
	}
}
