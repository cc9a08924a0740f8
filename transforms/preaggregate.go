// Package transforms holds the composites of the graph: from blocks to partial
// summaries, from those to the summaries of panes and larger windows, from
// summaries to lists, and the comparison of the fast lists with the exact ones.
//
// The fast and the exact path are the same composites: the exact one's summaries
// have no budget, and it has more shards.
package transforms

import (
	"context"
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/block"
	_ "crest/block/blockcoder" // blocks are elements here
	"crest/metrics"
	"crest/sketchcombine"
	"crest/sketchcombine/summary"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[preAggregateFn]())
	register.Emitter3[beam.EventTime, sketchcombine.Key, sketchcombine.Summary]()
}

// Counting says how one path counts.
type Counting struct {
	// Summary sizes the summaries. No budget makes the path exact.
	Summary summary.Config
	// Shards is how many summaries the items of a segment are spread over.
	Shards int
	// Pane is the size of the windows that events are counted in; larger ones
	// are made by merging these. 0 is one pane for everything.
	Pane time.Duration
	// Lateness is how long after its end a pane takes rows, where the source
	// tells a watermark. Later ones are left out; AuditLive accounts for them.
	Lateness time.Duration
	// MaxSegments is how many segments of a live source have lists of their own,
	// 0 for no limit; Run is the run that they are chosen in. In batch
	// LimitSegments knows better which.
	MaxSegments int
	Run         string
	// Workers is how many goroutines count within a bundle: the number of CPUs
	// where the runner runs one bundle after another, else 1.
	Workers int
	// Memory is about how many bytes a bundle's summaries may hold before they
	// are passed on; 0 is DefaultMemory.
	Memory int
}

// DefaultMemory is how many bytes of summaries a bundle gathers.
const DefaultMemory = 256 << 20

// PreAggregate counts the rows of blocks: from PCollection<block.Block> to
// PCollection<KV<sketchcombine.Key, sketchcombine.Summary>> of partial
// summaries. It stands where events stop being elements: fused with the source,
// so that blocks are never encoded, and before any windowing, since what it
// passes on at the end of a bundle is stamped with the last millisecond of the
// pane that it belongs to.
func PreAggregate(s beam.Scope, c Counting, blocks beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.PreAggregate")
	if c.Memory <= 0 {
		c.Memory = DefaultMemory
	}
	return beam.ParDo(s, &preAggregateFn{
		Summary:     c.Summary,
		Shards:      max(1, c.Shards),
		Pane:        c.Pane.Milliseconds(),
		Lateness:    c.Lateness.Milliseconds(),
		MaxSegments: c.MaxSegments,
		Run:         c.Run,
		Workers:     max(1, min(c.Workers, c.Shards)),
		Memory:      c.Memory,
	}, blocks)
}

type preAggregateFn struct {
	Summary summary.Config
	Shards  int
	// Pane and Lateness are in milliseconds.
	Pane, Lateness int64
	MaxSegments    int
	Run            string
	Workers        int
	Memory         int

	workers []*counter
	began   time.Time // the bundle
	rows    int       // in it
}

// emitPartial is how partial summaries leave.
type emitPartial = func(beam.EventTime, sketchcombine.Key, sketchcombine.Summary)

func (fn *preAggregateFn) StartBundle(context.Context, emitPartial) {
	fn.stop() // of a bundle that did not come to its end
	fn.began, fn.rows = time.Now(), 0
	for w := range fn.Workers {
		fn.workers = append(fn.workers, startCounter(fn, w))
	}
}

// ProcessElement hashes the rows of a block and hands each to the worker that
// has its shard: no item is counted by two of them, so that nothing they pass on
// needs merging within the bundle.
func (fn *preAggregateFn) ProcessElement(ctx context.Context, b block.Block, emit emitPartial) error {
	fn.rows += b.Rows()
	s := newSplit(&b, fn.Shards, fn.Workers)
	closed := closedBefore(b.Watermark, fn.Pane, fn.Lateness)
	for i, item := range b.Items {
		if b.Times[i] < closed {
			continue
		}
		h := fn.Summary.Seed.Hash(b.Text(item))
		s.hashes[i] = h
		shard := summary.Shard(h, fn.Shards)
		s.rows[shard] = append(s.rows[shard], uint32(i))
	}
	for w, c := range fn.workers {
		if err := c.count(ctx, portion{s, w}); err != nil {
			return err
		}
		c.drain(fn.stamp(emit))
	}
	return nil
}

func (fn *preAggregateFn) FinishBundle(ctx context.Context, emit emitPartial) error {
	workers := fn.workers
	fn.workers = nil
	for _, c := range workers {
		c.close()
	}
	for _, c := range workers {
		if err := c.finish(); err != nil {
			return err
		}
		c.drain(fn.stamp(emit))
	}
	if fn.rows > 0 {
		metrics.BundleTime.Took(ctx, time.Since(fn.began))
	}
	return nil
}

// stop ends workers whose bundle failed.
func (fn *preAggregateFn) stop() {
	for _, c := range fn.workers {
		c.close()
	}
	fn.workers = nil
}

func (fn *preAggregateFn) Teardown() { fn.stop() }

// stamp emits a partial summary at the last millisecond of its pane.
func (fn *preAggregateFn) stamp(emit emitPartial) func(partial) {
	return func(p partial) {
		at := mtime.Time(p.pane)
		if fn.Pane > 0 {
			at = mtime.Time(p.pane + fn.Pane - 1)
		}
		emit(at, p.key, p.summary)
	}
}
