package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"crest/block"
)

// A partition is read ahead by a consumer, whose lock guards it.
type partition struct {
	c  *consumer
	id int32
	// next is the offset that is taken next, fetchAt the one that is fetched
	// next, end the first that is not read.
	next, fetchAt, end int64
	leader             int32 // -1 where it is not known
	fetching, gone     bool
	fetchSize          int32

	chunks []*chunk // fetched and not taken, in their order
	bytes  int64    // of those, about
	// highWater is the end of the log, and visible how far of it may be read; -1
	// where that is not known.
	highWater, visible int64
	polled             time.Time

	err     error     // for good
	failure error     // for now
	failing time.Time // since when
	beyond  int       // how often the log seemed to end before fetchAt
	ready   chan struct{}
}

// A chunk is what one fetch brought of a partition, up to the offset to.
type chunk struct {
	p         *partition
	to        int64
	size      int64 // of what was fetched
	assembler *assembler
	pieces    []piece
	done      bool // there will be no more pieces
}

const (
	// outage is how long a bounded source waits for brokers that are away. An
	// unbounded one waits for ever.
	outage = 5 * time.Minute
	// unknownFor is how long a topic may be unknown to brokers that know it.
	unknownFor = 30 * time.Second
)

// take returns the next piece, if one is there.
func (p *partition) take() (piece, bool, error) {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	p.polled = time.Now()
	if len(p.chunks) == 0 || len(p.chunks[0].pieces) == 0 {
		return piece{}, false, p.err
	}
	ch := p.chunks[0]
	next := ch.pieces[0]
	ch.pieces[0] = piece{}
	ch.pieces = ch.pieces[1:]
	p.next = next.block.To
	p.bytes -= next.size()
	if len(ch.pieces) == 0 && ch.done {
		p.chunks = p.chunks[1:]
	}
	p.c.changed.Broadcast()
	return next, true, nil
}

// await waits until a piece may be there.
func (p *partition) await(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.ready:
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// state says how many offsets there are to read, -1 where that is not known;
// whether all was read that there is; and for how long brokers have not answered,
// with why.
func (p *partition) state() (lag int64, ended bool, failing time.Duration, why error) {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	lag = -1
	if p.highWater >= 0 {
		lag = max(min(p.highWater, p.end)-p.next, 0)
	}
	if p.failure != nil {
		return lag, false, time.Since(p.failing), p.failure
	}
	return lag, len(p.chunks) == 0 && p.visible >= 0 && p.next >= p.visible, 0, nil
}

// wanted says whether more should be fetched.
func (p *partition) wanted() bool {
	undecoded := 0
	for _, ch := range p.chunks {
		if !ch.done {
			undecoded++
		}
	}
	return p.fetchAt < p.end && p.err == nil && p.bytes < p.c.share() && undecoded <= p.c.cfg.Workers
}

// notify wakes who awaits.
func (p *partition) notify() {
	select {
	case p.ready <- struct{}{}:
	default:
	}
}

// trouble notes that the partition can't be read now. Errors that time does not
// heal are final.
func (p *partition) trouble(err error) {
	if p.failure == nil {
		p.failing = time.Now()
	}
	p.failure = err
	final := errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.SaslAuthenticationFailed) ||
		errors.Is(err, kerr.UnsupportedSaslMechanism) || errors.Is(err, kerr.UnknownTopicID)
	if errors.Is(err, kerr.UnknownTopicOrPartition) && time.Since(p.failing) > unknownFor {
		final = true
	}
	if final {
		p.stop(err)
	}
}

// stop makes the next take fail, behind what is there.
func (p *partition) stop(err error) {
	p.err = err
	p.notify()
}

// append adds what was fetched. It covers the offsets up to next.
func (p *partition) append(ch *chunk) {
	p.fetchAt = ch.to
	p.chunks = append(p.chunks, ch)
	p.bytes += ch.size
	if !ch.done {
		p.c.work = append(p.c.work, ch)
	}
	p.c.changed.Broadcast()
}

// expired is what there is of offsets that were deleted before they were read:
// one reject for all.
func (p *partition) expired(to int64) *chunk {
	b := block.Block{Source: p.source(), From: p.fetchAt, To: to, Records: to - p.fetchAt}
	b.Reject(p.fetchAt, Expired, fmt.Sprintf("offsets %d to %d were deleted before they were read", p.fetchAt, to-1), nil)
	b.Rejects[0].Count = to - p.fetchAt
	one := piece{block: b}
	return &chunk{p: p, to: to, size: one.size(), done: true, pieces: []piece{one}}
}

func (p *partition) source() string { return source(p.c.cfg.Topic, p.id) }

// source names a partition for a person.
func source(topic string, partition int32) string {
	return fmt.Sprintf("kafka:%s/%d", topic, partition)
}
