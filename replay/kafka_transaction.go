package replay

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// maxOpen is how long a transaction stays open: readers of what is committed wait
// for it, and brokers abort it after 40 s.
const maxOpen = 10 * time.Second

// A transaction is the one that is open, and what is in it.
type transaction struct {
	kafka  *Kafka
	id     string
	random *mathrand.Rand

	events  []event // in the open transaction; none is open where there are none
	started time.Time

	committed, aborted int64
}

type event struct{ key, value []byte }

func newTransaction(k *Kafka) *transaction {
	return &transaction{
		kafka:  k,
		id:     "crest-replay-" + rand.Text(),
		random: mathrand.New(mathrand.NewPCG(k.config.Seed, 0)),
	}
}

// send produces an event in a transaction, and ends that when it is full.
func (t *transaction) send(ctx context.Context, key, value []byte) error {
	if len(t.events) == 0 {
		if err := t.begin(); err != nil {
			return err
		}
	}
	if err := t.kafka.produce(ctx, key, value); err != nil {
		return err
	}
	t.events = append(t.events, event{key, value})
	if len(t.events) >= t.kafka.config.Transaction || time.Since(t.started) > maxOpen {
		return t.end(ctx)
	}
	return nil
}

func (t *transaction) begin() error {
	t.started = time.Now()
	if err := t.kafka.client.BeginTransaction(); err != nil {
		return fmt.Errorf("beginning a transaction at %s: %w", t.kafka.brokers(), err)
	}
	return nil
}

// end commits the open transaction, if there is one. Some are aborted, and their
// events sent again, first.
func (t *transaction) end(ctx context.Context) error {
	if len(t.events) == 0 {
		return nil
	}
	if t.random.Float64() < t.kafka.config.Abort {
		if err := t.finish(ctx, kgo.TryAbort); err != nil {
			return err
		}
		t.aborted++
		if err := t.begin(); err != nil {
			return err
		}
		for _, e := range t.events {
			if err := t.kafka.produce(ctx, e.key, e.value); err != nil {
				return err
			}
		}
	}
	if err := t.finish(ctx, kgo.TryCommit); err != nil {
		return err
	}
	t.committed++
	clear(t.events)
	t.events = t.events[:0]
	return nil
}

// finish ends the transaction at the brokers.
func (t *transaction) finish(ctx context.Context, how kgo.TransactionEndTry) error {
	if err := t.kafka.flush(ctx); err != nil {
		return err
	}
	// Not the caller's context: interrupted here, nobody knew how it ended.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := t.kafka.client.EndTransaction(ctx, how); err != nil {
		doing := "committing"
		if how == kgo.TryAbort {
			doing = "aborting"
		}
		return t.kafka.connect.explain(fmt.Errorf("%s a transaction of %d events at %s: %w", doing, len(t.events), t.kafka.brokers(), err))
	}
	return nil
}

// abandon aborts the open transaction, so that readers do not wait for it. Where
// that can't be done, the brokers do it in a while.
func (t *transaction) abandon() {
	if len(t.events) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if t.kafka.client.AbortBufferedRecords(ctx) == nil {
		_ = t.kafka.client.EndTransaction(ctx, kgo.TryAbort)
	}
}
