package replay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// maxUnderWay and maxUnderWayBytes bound what has been sent and has not
	// arrived.
	maxUnderWay      = 50_000
	maxUnderWayBytes = 64 << 20
	// answerTimeout is how long a service may take to answer a question, and
	// to acknowledge anything at all, before it counts as out of reach.
	answerTimeout = 15 * time.Second
	patience      = 30 * time.Second
)

// KafkaConfig says where in Kafka events go.
type KafkaConfig struct {
	Brokers []string // host:port
	Topic   string
	// Create creates the topic where it is missing, with that many Partitions,
	// or as many as the brokers give by default where that is 0.
	Create     bool
	Partitions int
	// Transaction is how many events make a transaction; 0 sends them without.
	// One that is open for ten seconds, or before a wait of a second, is ended
	// early.
	Transaction int
	// Abort is the share of the transactions that are aborted, and sent again
	// in another one: 0 to 1. Which ones they are follows from Seed.
	Abort float64
	Seed  uint64
	// Client are further options of the client: TLS, SASL.
	Client []kgo.Opt

	patience time.Duration // in place of the constant
}

// Validate reports everything that is wrong with a KafkaConfig.
func (c KafkaConfig) Validate() error {
	var errs []error
	if len(c.Brokers) == 0 {
		errs = append(errs, errors.New("there is no broker to send to"))
	}
	if c.Topic == "" {
		errs = append(errs, errors.New("there is no topic to send to"))
	}
	if c.Partitions < 0 || c.Partitions > 10_000 {
		errs = append(errs, fmt.Errorf("%d is no number of partitions: 1 to 10000, or 0 for the brokers' default", c.Partitions))
	}
	if c.Transaction < 0 || c.Transaction > maxUnderWay {
		errs = append(errs, fmt.Errorf("%d events are no transaction: 1 to %d, or 0 for none", c.Transaction, maxUnderWay))
	}
	if !(c.Abort >= 0 && c.Abort <= 1) {
		errs = append(errs, fmt.Errorf("%v is no share of the transactions: 0 to 1", c.Abort))
	}
	if c.Abort > 0 && c.Transaction == 0 {
		errs = append(errs, errors.New("nothing can be aborted without transactions"))
	}
	return errors.Join(errs...)
}

// Kafka is a sink that produces records: idempotent, acknowledged by all
// replicas, with the event's key and the time of sending.
type Kafka struct {
	config  KafkaConfig
	client  *kgo.Client
	connect *connectHook
	txn     *transaction // nil without transactions

	// alive ends, with its cause, when an event can't be delivered.
	alive context.Context
	fail  context.CancelCauseFunc
	// underWay has an element for each event that has not arrived.
	underWay chan struct{}
	arrived  atomic.Int64
	watcher  sync.WaitGroup
}

// OpenKafka connects, and finds or creates the topic. What is wrong with any of
// it is told within 30 s.
func OpenKafka(ctx context.Context, c KafkaConfig) (*Kafka, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.patience == 0 {
		c.patience = patience
	}
	k := &Kafka{config: c, connect: &connectHook{}, underWay: make(chan struct{}, maxUnderWay)}
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...), kgo.ClientID("crest-replay"), kgo.DefaultProduceTopic(c.Topic),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.MaxBufferedRecords(maxUnderWay), kgo.MaxBufferedBytes(maxUnderWayBytes),
		kgo.WithHooks(k.connect), kgo.DialTimeout(5 * time.Second),
	}
	if c.Transaction > 0 {
		k.txn = newTransaction(k)
		opts = append(opts, kgo.TransactionalID(k.txn.id))
	}
	var err error
	if k.client, err = kgo.NewClient(append(opts, c.Client...)...); err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", k.brokers(), err)
	}
	k.alive, k.fail = context.WithCancelCause(context.Background())
	asking, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if err := k.findTopic(asking); err != nil {
		k.fail(err)
		k.client.Close()
		return nil, err
	}
	k.watcher.Go(k.watch)
	return k, nil
}

func (k *Kafka) brokers() string { return strings.Join(k.config.Brokers, ", ") }

// Send produces a record. It waits while too many are under way.
func (k *Kafka) Send(ctx context.Context, key, value []byte) error {
	if k.txn != nil {
		return k.txn.send(ctx, key, value)
	}
	return k.produce(ctx, key, value)
}

func (k *Kafka) produce(ctx context.Context, key, value []byte) error {
	select {
	case <-k.alive.Done():
		return context.Cause(k.alive)
	case <-ctx.Done():
		return ctx.Err()
	case k.underWay <- struct{}{}:
	}
	// Not the caller's context: an event that was sent is delivered, even when
	// the replay is interrupted.
	k.client.Produce(k.alive, &kgo.Record{Key: key, Value: value}, func(_ *kgo.Record, err error) {
		if err != nil {
			k.fail(fmt.Errorf("producing to topic %s at %s: %w", k.config.Topic, k.brokers(), err))
		}
		k.arrived.Add(1)
		<-k.underWay
	})
	return nil
}

// Pause ends an open transaction before a longer wait.
func (k *Kafka) Pause(ctx context.Context, wait time.Duration) error {
	if k.txn != nil && wait >= time.Second {
		return k.txn.end(ctx)
	}
	return nil
}

// Flush waits until all records are acknowledged, in a committed transaction
// where there are transactions.
func (k *Kafka) Flush(ctx context.Context) error {
	if k.txn != nil {
		return k.txn.end(ctx)
	}
	return k.flush(ctx)
}

func (k *Kafka) flush(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(k.alive, cancel)()
	err := k.client.Flush(ctx)
	if k.alive.Err() != nil {
		return context.Cause(k.alive)
	}
	if err != nil {
		return fmt.Errorf("waiting for %d events to arrive in topic %s: %w", len(k.underWay), k.config.Topic, err)
	}
	return nil
}

// watch fails the sink when nothing arrives for too long, which an idempotent
// producer alone would wait out for ever.
func (k *Kafka) watch() {
	tick := time.NewTicker(k.config.patience / 30)
	defer tick.Stop()
	last, since := int64(-1), time.Now()
	for {
		select {
		case <-k.alive.Done():
			return
		case <-tick.C:
		}
		if now := k.arrived.Load(); now != last || len(k.underWay) == 0 {
			last, since = now, time.Now()
		} else if time.Since(since) > k.config.patience {
			k.fail(k.connect.explain(fmt.Errorf("producing to topic %s: %s acknowledged nothing for %v, and %d events have not arrived",
				k.config.Topic, k.brokers(), k.config.patience, len(k.underWay))))
		}
	}
}

// Close gives up what has not arrived: an open transaction is aborted.
func (k *Kafka) Close() error {
	if k.txn != nil {
		k.txn.abandon()
	}
	k.fail(errors.New("the sink is closed"))
	k.watcher.Wait()
	k.client.Close()
	return nil
}

// Transactions returns how many transactions were committed, and how many were
// aborted first.
func (k *Kafka) Transactions() (committed, aborted int64) {
	if k.txn == nil {
		return 0, 0
	}
	return k.txn.committed, k.txn.aborted
}
