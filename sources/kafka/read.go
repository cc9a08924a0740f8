// Package kafka reads a topic, without anything of Java: live, or as a batch
// where an end is given.
//
// A partition is one restriction, whose positions are offsets; partitions that
// appear while a job runs are read by the restriction that looks for them. Behind
// the bundles a consumer fetches and decodes ahead. A block covers a range of
// offsets, with those in it that hold nothing to read: control records, aborted
// transactions, what was compacted. So a partition is read to an end by position,
// whatever is there, and blocks that follow one another touch.
//
// Offsets are kept in the restriction, never by the broker: there is no consumer
// group, and who else reads the topic does not matter.
package kafka

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/twmb/franz-go/pkg/kadm"

	"crest/block"
	_ "crest/block/blockcoder" // blocks are elements here
	"crest/sources/watermark"
)

func init() {
	beam.RegisterType(reflect.TypeFor[Restriction]())
	// By name, so that a binary without symbols finds them.
	register.Function1x1(encodeRestriction)
	register.Function1x2(decodeRestriction)
	beam.RegisterCoder(reflect.TypeFor[Restriction](), encodeRestriction, decodeRestriction)
	beam.RegisterDoFn(reflect.TypeFor[liveFn]())
	beam.RegisterDoFn(reflect.TypeFor[boundedFn]())
}

const (
	// settle is how long a bundle waits for something to come, and again when it
	// is tried again after nothing did.
	settle = 20 * time.Millisecond
	again  = 100 * time.Millisecond
	// lookAgain is how often the restriction that looks for new partitions asks
	// whether there are any.
	lookAgain = time.Second
)

// Read returns a PCollection<block.Block> of all records of the topic, in the
// global window, each block stamped with its earliest event time. It is bounded
// where the Config has an end. What cannot be decoded is a reject of its block.
func Read(s beam.Scope, cfg Config) beam.PCollection {
	s = s.Scope("kafka.Read")
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		panic(fmt.Sprintf("kafka.Read: %v", err))
	}
	if cfg.Bounded() {
		return beam.ParDo(s, &boundedFn{readFn{Config: cfg}}, beam.Impulse(s))
	}
	return beam.ParDo(s, &liveFn{readFn{Config: cfg}}, beam.Impulse(s))
}

// readFn is what the bounded and the live source have in common.
type readFn struct{ Config Config }

// CreateInitialRestriction asks for the partitions, and fixes where each starts
// and ends: a bundle that is tried again reads the same.
func (fn *readFn) CreateInitialRestriction(ctx context.Context, _ []byte) (Restriction, error) {
	cfg := &fn.Config
	client, err := newClient(cfg)
	if err != nil {
		return Restriction{}, fmt.Errorf("reading topic %s: %w", cfg.Topic, err)
	}
	defer client.Close()
	parts, err := cfg.resolve(ctx, kadm.NewClient(client))
	if err != nil {
		return Restriction{}, err
	}
	r := Restriction{Parts: parts}
	if !cfg.Bounded() {
		r.Discover, r.Known = true, int32(len(parts))
		if cfg.Local { // all before the first is read
			for _, p := range parts {
				cfg.watermarks().Register(source(cfg.Topic, p.ID), 0)
			}
		}
	}
	return r, nil
}

// SplitRestriction makes one of each partition.
func (fn *readFn) SplitRestriction(_ []byte, r Restriction) []Restriction {
	var split []Restriction
	for i := range r.Parts {
		split = append(split, Restriction{Parts: r.Parts[i : i+1]})
	}
	if r.Discover {
		split = append(split, Restriction{Discover: true, Known: r.Known})
	}
	return split
}

func (fn *readFn) RestrictionSize(_ []byte, r Restriction) float64 {
	_, remaining := newTracker(r).GetProgress()
	return remaining
}

func (fn *readFn) CreateTracker(r Restriction) *sdf.LockRTracker {
	return sdf.NewLockRTracker(newTracker(r))
}

// watermarks is the event time of this source.
func (c *Config) watermarks() *watermark.Source {
	return watermark.Of("kafka:"+c.Topic+"/"+c.ID, c.Watermark)
}

// boundedFn reads partitions to their end.
type boundedFn struct{ readFn }

func (fn *boundedFn) ProcessElement(ctx context.Context, at beam.EventTime, rt *sdf.LockRTracker, _ []byte, emit func(beam.EventTime, block.Block)) error {
	c, err := use(&fn.Config)
	if err != nil {
		return err
	}
	defer c.leave()
	b := newBundle(ctx, c, rt, at, emit)
	for i := range b.parts {
		p := &b.parts[i]
		for !p.done() {
			took, err := b.take(i)
			if err != nil || b.stopped {
				return err
			}
			if took {
				continue
			}
			if err := p.ahead.await(ctx, time.Second); err != nil {
				return err
			}
			if _, _, failing, why := p.ahead.state(); failing > outage {
				return fmt.Errorf("no answer for %v: %w", failing.Round(time.Second), why)
			}
		}
		c.done(p.ID)
	}
	return nil
}

// liveFn reads partitions for ever, a bundle at a time.
type liveFn struct{ readFn }

// TruncateRestriction stops reading where it is: what was read is emitted.
func (fn *liveFn) TruncateRestriction(rt *sdf.LockRTracker, _ []byte) Restriction {
	r := rt.GetRestriction().(Restriction)
	return r.none()
}

func (fn *liveFn) InitialWatermarkEstimatorState(_ beam.EventTime, r Restriction, _ []byte) int64 {
	if len(r.Parts) == 0 && !fn.Config.Local {
		return free
	}
	return 0
}

func (fn *liveFn) CreateWatermarkEstimator(state int64) *estimator {
	return newEstimator(fn.Config.watermarks(), state)
}

func (fn *liveFn) WatermarkEstimatorState(e *estimator) int64 { return e.State() }

func (fn *liveFn) ProcessElement(ctx context.Context, at beam.EventTime, e *estimator, rt *sdf.LockRTracker, _ []byte, emit func(beam.EventTime, block.Block)) (sdf.ProcessContinuation, error) {
	c, err := use(&fn.Config)
	if err != nil {
		return sdf.StopProcessing(), err
	}
	defer c.leave()
	b := newBundle(ctx, c, rt, at, emit)
	b.follow(fn.Config.watermarks(), e)
	if err := b.discover(); err != nil {
		return sdf.StopProcessing(), err
	}
	more, err := b.read()
	b.finish()
	switch {
	case err != nil || b.stopped || b.done():
		return sdf.StopProcessing(), err
	case more:
		return sdf.ResumeProcessingIn(0), nil
	case b.held:
		return sdf.ResumeProcessingIn(settle), nil
	case len(b.parts) == 0:
		return sdf.ResumeProcessingIn(min(lookAgain, fn.Config.Discover)), nil
	}
	return sdf.ResumeProcessingIn(again), nil
}
