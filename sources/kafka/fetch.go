package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// fetchSize is how much is asked for of a partition, in bytes. Brokers send a
	// batch that is larger whole.
	fetchSize = 1 << 20
	// maxFetchSize is what it grows to where a broker does not.
	maxFetchSize = 64 << 20
	// maxFetch is how much a broker sends at once, in bytes.
	maxFetch = 50 << 20
	// fetchWait is how long a broker waits for something to send, and heldWait
	// how long when partitions are not asked for because they are full: they may
	// not be, soon.
	fetchWait = 250 * time.Millisecond
	heldWait  = 5 * time.Millisecond
	// fetchTimeout bounds a fetch.
	fetchTimeout = 30 * time.Second
)

// fetchAll fetches from a broker what is wanted of the partitions that it leads,
// until the consumer is closed.
func (c *consumer) fetchAll(broker int32) {
	backoff := time.Duration(0)
	for c.ctx.Err() == nil {
		req, asked := c.request(broker)
		if len(asked) == 0 {
			continue // closed
		}
		ctx, cancel := context.WithTimeout(c.ctx, fetchTimeout)
		resp, err := req.RequestWith(ctx, c.client.Broker(int(broker)))
		cancel()
		if err == nil {
			err = kerr.ErrorForCode(resp.ErrorCode)
		}
		if err == nil {
			err = c.receive(resp, asked)
		} else {
			c.failed(asked, c.cfg.explain("fetching", err))
		}
		if err == nil {
			backoff = 0
			continue
		}
		backoff = min(max(2*backoff, 50*time.Millisecond), 2*time.Second)
		c.refresh()
		sleep(c.ctx, backoff)
	}
}

// request waits until something is wanted of a broker.
func (c *consumer) request(broker int32) (fetch, map[int32]*partition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.ctx.Err() == nil {
		asked := make(map[int32]*partition)
		held := false
		for id, p := range c.partitions {
			if p.leader != broker || p.fetching {
				continue
			}
			if p.wanted() {
				asked[id] = p
			} else {
				held = held || p.fetchAt < p.end
			}
		}
		if len(asked) == 0 {
			c.changed.Wait()
			continue
		}
		wait := fetchWait
		if held {
			wait = heldWait
		}
		req := newFetch(&c.cfg, c.topic, wait)
		for id, p := range asked {
			p.fetching = true
			req.add(id, p.fetchAt, p.fetchSize)
		}
		return req, asked
	}
	return fetch{}, nil
}

// failed notes that a fetch did not come back.
func (c *consumer) failed(asked map[int32]*partition, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range asked {
		p.fetching = false
		p.trouble(err)
	}
}

// receive hands what was fetched to its partitions. The error says that some of
// them could not be read.
func (c *consumer) receive(resp *kmsg.FetchResponse, asked map[int32]*partition) error {
	var failure error
	for t := range resp.Topics {
		for i := range resp.Topics[t].Partitions {
			rp := &resp.Topics[t].Partitions[i]
			p := asked[rp.Partition]
			if p == nil {
				continue
			}
			delete(asked, rp.Partition)
			err := kerr.ErrorForCode(rp.ErrorCode)
			if errors.Is(err, kerr.OffsetOutOfRange) {
				err = c.outOfRange(p)
			}
			c.mu.Lock()
			p.fetching = false
			switch {
			case p.gone:
			case err != nil:
				p.trouble(c.cfg.explain(fmt.Sprintf("fetching partition %d at offset %d", p.id, p.fetchAt), err))
				failure = err
			case rp.ErrorCode == 0:
				p.received(rp)
			}
			c.mu.Unlock()
		}
	}
	if len(asked) > 0 {
		failure = fmt.Errorf("a broker left out %d of the partitions that it was asked for", len(asked))
		c.failed(asked, failure)
	}
	return failure
}

// received takes what a fetch brought.
func (p *partition) received(rp *kmsg.FetchResponseTopicPartition) {
	p.failure, p.beyond = nil, 0
	p.highWater, p.visible = rp.HighWatermark, rp.HighWatermark
	if !p.c.cfg.ReadUncommitted {
		p.visible = rp.LastStableOffset
	}
	to := p.fetchAt
	for data := rp.RecordBatches; ; {
		b, rest, ok := nextBatch(data)
		if !ok {
			break
		}
		to, data = max(to, b.last+1), rest
	}
	if to = min(to, p.end); to > p.fetchAt {
		p.fetchSize = fetchSize
		p.append(&chunk{p: p, to: to, size: int64(len(rp.RecordBatches)), assembler: &assembler{
			source: p.source(), uncommitted: p.c.cfg.ReadUncommitted, decompressor: p.c.decompressor, decode: p.c.decode,
			gone: newAborted(rp.AbortedTransactions), data: rp.RecordBatches, at: p.fetchAt, end: to,
		}})
		return
	}
	if len(rp.RecordBatches) > 0 { // not even one batch
		if p.fetchSize >= maxFetchSize {
			p.stop(p.c.cfg.explain(fmt.Sprintf("fetching partition %d at offset %d", p.id, p.fetchAt), errors.New("what comes is no record batch, or is over 64 MiB")))
		}
		p.fetchSize = min(2*p.fetchSize, maxFetchSize)
	}
	p.notify()
}

// outOfRange finds out why a broker does not have the offset that was asked for.
// The partition goes on, or stops, or is to be tried again, for which there is an
// error.
func (c *consumer) outOfRange(p *partition) error {
	logs, err := c.cfg.logs(c.ctx, c.admin)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	log := logs[p.id]
	switch {
	case p.fetchAt < log.start && c.cfg.OnExpired == Earliest:
		p.append(p.expired(min(log.start, p.end)))
		p.notify()
		return nil
	case p.fetchAt < log.start:
		p.stop(fmt.Errorf("reading topic %s, partition %d: offset %d has expired, the earliest that the broker has is %d (to %d): start at the earliest or at a later time, or let expired offsets be skipped and counted",
			c.cfg.Topic, p.id, p.fetchAt, log.start, log.end))
		return nil
	case p.beyond < 10: // a leader that is new may not know yet how far it is
		p.beyond++
		return kerr.OffsetOutOfRange
	}
	p.stop(fmt.Errorf("reading topic %s, partition %d: it ends at offset %d, and %d was to be read: it was made anew, or its end was lost with a broker; start anew", c.cfg.Topic, p.id, log.end, p.fetchAt))
	return nil
}
