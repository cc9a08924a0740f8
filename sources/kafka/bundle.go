package kafka

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"

	"crest/block"
	"crest/metrics"
	"crest/sources/watermark"
)

// A bundle is one call of ProcessElement.
type bundle struct {
	ctx  context.Context
	c    *consumer
	rt   *sdf.LockRTracker
	at   beam.EventTime // of blocks without rows
	emit func(beam.EventTime, block.Block)

	rest    Restriction
	parts   []reading
	stopped bool // a claim was refused
	held    bool // a partition waits for the watermark
	records int64
	until   time.Time

	// Of a live source.
	source    *watermark.Source
	estimator *estimator
	watermark int64 // what had been published before the bundle
}

// A reading is a part, and what is read ahead of it.
type reading struct {
	Part
	ahead *partition
}

func (r *reading) done() bool { return r.Next >= r.End }

func newBundle(ctx context.Context, c *consumer, rt *sdf.LockRTracker, at beam.EventTime, emit func(beam.EventTime, block.Block)) *bundle {
	b := &bundle{ctx: ctx, c: c, rt: rt, at: at, emit: emit, until: time.Now().Add(c.cfg.BundleTime)}
	b.restore()
	return b
}

// restore looks at the restriction, and has its partitions read ahead.
func (b *bundle) restore() {
	b.rest = b.rt.GetRestriction().(Restriction)
	b.parts = nil
	for _, p := range b.rest.Parts {
		r := reading{Part: p}
		if !r.done() {
			r.ahead = b.c.read(p.ID, p.Next, p.End)
		}
		b.parts = append(b.parts, r)
	}
}

// follow makes the bundle observe event time.
func (b *bundle) follow(s *watermark.Source, e *estimator) {
	b.source, b.estimator, b.watermark = s, e, s.Published()
	if !b.c.cfg.Local { // what is replayed after a fault is judged as it was
		b.watermark = e.of.Began()
	}
	if b.watermark > 0 {
		b.at = mtime.Time(b.watermark)
	}
	b.register()
}

func (b *bundle) register() {
	for i := range b.parts {
		name := source(b.c.cfg.Topic, b.parts[i].ID)
		b.source.Register(name, b.watermark)
		b.source.Begin(name)
	}
	b.estimator.free = b.estimator.free && len(b.parts) == 0
}

// discover adds partitions that have appeared to the restriction that looks for
// them.
func (b *bundle) discover() error {
	if !b.rest.Discover {
		return nil
	}
	known := b.c.known()
	if known <= b.rest.Known {
		return nil
	}
	starts, err := b.c.cfg.list(b.ctx, b.c.admin.ListStartOffsets)
	if err != nil {
		warn(b.ctx, "looking for new partitions: %v", err)
		return nil
	}
	var found []Part
	for id := b.rest.Known; id < known; id++ {
		start, ok := starts[id]
		if !ok {
			return nil // it is still being made
		}
		found = append(found, Part{ID: id, Next: start.Offset, End: endless})
	}
	if !b.rt.TryClaim(discovered{found}) {
		b.stopped = true
		return nil
	}
	log.Infof(b.ctx, "topic %s has %d partitions now: the new ones are read from their earliest offsets", b.c.cfg.Topic, known)
	b.restore()
	b.register()
	return nil
}

// read takes what there is, until the bundle is full or nothing comes for a
// moment. It says whether there may be more.
func (b *bundle) read() (more bool, err error) {
	waited := false
	for !b.stopped {
		took := false
		for i := range b.parts {
			if b.parts[i].done() {
				continue
			}
			one, err := b.take(i)
			if err != nil || b.stopped {
				return false, err
			}
			took = took || one
			if b.records >= b.c.cfg.BundleRecords || time.Now().After(b.until) {
				return true, nil
			}
		}
		if took {
			continue
		}
		if b.held || waited || len(b.parts) == 0 || b.parts[0].done() {
			return false, nil
		}
		waited = true
		if err := b.parts[0].ahead.await(b.ctx, settle); err != nil {
			return false, err
		}
	}
	return false, nil
}

// take claims and emits the next block of a part, if one is there.
func (b *bundle) take(i int) (bool, error) {
	p := &b.parts[i]
	if b.source != nil && b.source.Ahead(source(b.c.cfg.Topic, p.ID)) {
		b.held = true
		return false, nil
	}
	next, ok, err := p.ahead.take()
	if err != nil {
		return false, fmt.Errorf("reading %s at offset %d: %w", source(b.c.cfg.Topic, p.ID), p.Next, err)
	}
	if !ok {
		return false, nil
	}
	seen := p.Producers
	dropped := int64(0)
	if len(next.stamps) > 0 {
		seen = slices.Clone(seen)
		dropped = next.judge(&seen)
	}
	blk := &next.block
	if !b.rt.TryClaim(claim{part: i, from: blk.From, to: blk.To, producers: seen}) {
		b.stopped = true
		return false, nil
	}
	p.Next, p.Producers = blk.To, seen
	b.records += blk.Records + dropped
	blk.Watermark = b.watermark
	count(b.ctx, blk)
	metrics.DuplicatesDropped.Add(b.ctx, dropped)
	at := b.at
	if blk.Rows() > 0 {
		at = mtime.Time(next.low)
	}
	b.emit(at, *blk)
	if b.source != nil {
		b.source.Began(next.low)
		b.source.Observe(blk.Source, next.high, false)
	}
	return true, nil
}

// finish tells how far the partitions are.
func (b *bundle) finish() {
	for i := range b.parts {
		p := &b.parts[i]
		name := source(b.c.cfg.Topic, p.ID)
		if p.done() {
			b.source.Done(name)
			continue
		}
		lag, ended, failing, why := p.ahead.state()
		b.source.Observe(name, 0, ended)
		if lag >= 0 {
			metrics.Lag.Set(b.ctx, name, lag)
		}
		if failing > 0 {
			warn(b.ctx, "no answer for %v, trying on: %v", failing.Round(time.Second), why)
		}
	}
	watermarkAge(b.ctx, b.c.cfg.Topic, b.source.Published())
}

func (b *bundle) done() bool {
	return !b.rest.Discover && !slices.ContainsFunc(b.parts, func(r reading) bool { return !r.done() })
}

var warned atomic.Int64 // when, in seconds

// warn logs what goes on for long, every ten seconds.
func warn(ctx context.Context, text string, args ...any) {
	now := time.Now().Unix()
	if last := warned.Load(); now-last >= 10 && warned.CompareAndSwap(last, now) {
		log.Warnf(ctx, text, args...)
	}
}
