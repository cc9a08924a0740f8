// Package pubsub reads a Pub/Sub subscription: an unbounded source for any
// runner, over streaming pull.
//
// # What is acknowledged, and when
//
// A message is acknowledged once the bundle that counted it is committed. A
// bundle can't know that of itself, and Beam's bundle finalization, which would
// tell, does not work in the Go SDK 2.77. So the restriction tells: it holds the
// ids of the messages that were counted, and what a bundle counted is in the
// residual that it leaves. When that residual is resumed the bundle is
// committed, and its messages are acknowledged. Until then their leases are
// extended; where a bundle fails, its residual is never resumed, and its
// messages are given back.
//
// What a commit is worth is the runner's. On prism, the local one, it lasts as
// long as the process: what was acknowledged and is not in written windows is
// lost with it. On Flink a commit is for good with the next checkpoint only, so
// Config.AckAfter holds acknowledgements back until there was one, or until the
// job has failed: then the older restriction that Flink goes back to does not
// have these messages, nor are they acknowledged. On Dataflow a commit is for
// good.
//
// # What is counted once
//
// Pub/Sub delivers a message at least once. The ids in the restriction are exact,
// and all meet in one restriction, whichever process resumes it, so that no
// message is counted twice as long as its id is remembered: until it is
// acknowledged, and Config.Remember longer, of the last Config.RememberIDs
// messages. A message that is published twice has two ids, and counts twice.
//
// The ids of a bundle that fails fail with it. A process holds leases, and
// nothing that is missed if it dies: what it held is delivered again after
// Config.Lease, and what of it was counted is known by the restriction, and
// acknowledged.
//
// # Event time
//
// Messages come in no order, also those with ordering keys. The watermark is the
// highest event time read less the disorder that is allowed for, so a backlog of
// which newer messages come first has late ones: Pub/Sub does not say how old
// the oldest is that waits.
package pubsub

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/block"
	_ "crest/block/blockcoder" // blocks are elements here
	"crest/metrics"
	"crest/sources/watermark"
)

func init() {
	beam.RegisterType(reflect.TypeFor[restriction]())
	// By name, so that a binary without symbols finds them.
	register.Function1x1(encodeRestriction)
	register.Function1x2(decodeRestriction)
	beam.RegisterCoder(reflect.TypeFor[restriction](), encodeRestriction, decodeRestriction)
	beam.RegisterDoFn(reflect.TypeFor[readFn]())
}

const (
	// pauseEmpty is how long a subscription is left alone that had nothing, and
	// pauseDry one that had not enough to fill a block.
	pauseEmpty = 100 * time.Millisecond
	pauseDry   = 10 * time.Millisecond
	// waitFor is how long a bundle waits for a first message.
	waitFor = 20 * time.Millisecond
)

var heldMessages = metrics.NewGauge("messages_held", "Messages leased and not acknowledged, by subscription.", "subscription")

// Read returns a PCollection<block.Block> of all messages of the subscription,
// in the global window, each block stamped with its earliest event time. It is
// unbounded. It panics where the Config is wrong: Check says so before.
func Read(s beam.Scope, cfg Config) beam.PCollection {
	s = s.Scope("pubsub.Read")
	if err := cfg.Validate(); err != nil {
		panic(fmt.Sprintf("pubsub.Read: %v", err))
	}
	cfg = cfg.orDefaults()
	if cfg.Dataflow {
		return readDataflow(s, cfg)
	}
	return beam.ParDo(s, &readFn{Config: cfg}, beam.Impulse(s))
}

// readFn reads a subscription.
type readFn struct{ Config Config }

func (fn *readFn) CreateInitialRestriction([]byte) restriction { return restriction{} }

// SplitRestriction doesn't: in one restriction all ids of messages meet, so that
// none is counted twice. One process has as many streams and decoders as it needs.
func (fn *readFn) SplitRestriction(_ []byte, r restriction) []restriction { return []restriction{r} }

func (fn *readFn) RestrictionSize([]byte, restriction) float64 { return 1 }

func (fn *readFn) CreateTracker(r restriction) *sdf.LockRTracker {
	return sdf.NewLockRTracker(newTracker(r))
}

// TruncateRestriction is called where the job is drained: what is counted is
// acknowledged still, what is not is given back.
func (fn *readFn) TruncateRestriction(rt *sdf.LockRTracker, _ []byte) restriction {
	r := rt.GetRestriction().(restriction)
	r.Draining = true
	return r
}

func (fn *readFn) InitialWatermarkEstimatorState(beam.EventTime, restriction, []byte) int64 { return 0 }

func (fn *readFn) CreateWatermarkEstimator(state int64) *watermark.Estimator {
	fn.source().Register(fn.Config.Subscription, state)
	return fn.source().Estimator(state)
}

func (fn *readFn) WatermarkEstimatorState(e *watermark.Estimator) int64 { return e.State() }

func (fn *readFn) source() *watermark.Source { return watermark.Of(fn.Config.ID, fn.Config.Watermark) }

// ProcessElement acknowledges what bundles before it counted, and counts what is
// there, until there is no more or the bundle is full.
func (fn *readFn) ProcessElement(ctx context.Context, at beam.EventTime, _ *watermark.Estimator, rt *sdf.LockRTracker, _ []byte, emit func(beam.EventTime, block.Block)) (sdf.ProcessContinuation, error) {
	t, err := takeTurn(ctx, fn.Config, rt.GetRestriction().(restriction))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", fn.Config.source(), err)
	}
	defer t.end(ctx)
	defer fn.measure(ctx, t)
	if t.rest.Draining {
		return fn.drain(rt, t)
	}
	pause, err := fn.count(ctx, at, rt, t, emit)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", fn.Config.source(), err)
	}
	return sdf.ResumeProcessingIn(pause), nil
}

// count emits the blocks of a bundle, and says how long there will be nothing.
func (fn *readFn) count(ctx context.Context, at beam.EventTime, rt *sdf.LockRTracker, t *turn, emit func(beam.EventTime, block.Block)) (pause time.Duration, err error) {
	published := fn.source().Begin(fn.Config.Subscription)
	records, start, place := int64(0), time.Now(), int64(t.rest.Number)
	for records < int64(fn.Config.BundleRecords) && time.Since(start) < fn.Config.BundleTime {
		d, last, err := t.next(ctx, waitFor)
		if err != nil {
			return 0, err
		}
		if len(d.ids) > 0 {
			if err := t.claim(rt, d.ids); err != nil {
				return 0, err
			}
			locate(&d.block, place, int64(len(d.ids)))
			place = d.block.To
			fn.emit(ctx, &d.block, published, at, emit)
			records += d.block.Records
		}
		if last {
			pause = pauseDry
			break
		}
	}
	if records == 0 {
		pause = pauseEmpty
		fn.source().Observe(fn.Config.Subscription, 0, t.ended())
	}
	return pause, t.finish(rt)
}

// locate says where a block and what it rejects stand among all that was
// counted, from the given place on.
func locate(b *block.Block, from, n int64) {
	b.From, b.To = from, from+n
	at := 0
	for i := range b.Rejects {
		for at < len(b.Messages) && !b.Messages[at].Rejected {
			at++
		}
		b.Rejects[i].Offset = from + int64(at)
		at++
	}
}

// drain ends the subscription here once all that was counted is acknowledged.
func (fn *readFn) drain(rt *sdf.LockRTracker, t *turn) (sdf.ProcessContinuation, error) {
	if !t.settled() {
		return sdf.ResumeProcessingIn(pauseEmpty), t.finish(rt)
	}
	rt.TryClaim(drained{})
	fn.source().Done(fn.Config.Subscription)
	return sdf.StopProcessing(), nil
}

// emit emits a block whose messages are claimed.
func (fn *readFn) emit(ctx context.Context, b *block.Block, published int64, at beam.EventTime, emit func(beam.EventTime, block.Block)) {
	b.Watermark = published
	metrics.Block(ctx, b)
	highest := int64(0)
	switch {
	case b.Rows() > 0:
		at = mtime.Time(b.Earliest(0))
		highest = slices.Max(b.Times)
	case published > 0:
		at = mtime.Time(published)
	}
	emit(at, *b)
	fn.source().Began(at.Milliseconds())
	fn.source().Observe(fn.Config.Subscription, highest, false)
}

// measure sets the metrics of now.
func (fn *readFn) measure(ctx context.Context, t *turn) {
	held, duplicates := t.gauge()
	heldMessages.Set(ctx, fn.Config.Subscription, int64(held))
	metrics.DuplicatesDropped.Add(ctx, duplicates)
	if w := fn.source().Published(); w > 0 {
		metrics.WatermarkAge.Set(ctx, fn.Config.source(), int64(time.Since(time.UnixMilli(w)).Seconds()))
	}
}
