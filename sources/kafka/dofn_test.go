package kafka

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"

	"crest/block"
	"crest/metrics"
	"crest/sources/format"
)

// A runner runs a live source by hand, as a runner does it.
type runner struct {
	t    testing.TB
	fn   *liveFn
	rest []Restriction
}

func newRunner(t testing.TB, cfg Config) *runner {
	t.Helper()
	fn := &liveFn{readFn{Config: cfg.withDefaults()}}
	all, err := fn.CreateInitialRestriction(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &runner{t: t, fn: fn, rest: fn.SplitRestriction(nil, all)}
}

// bundle runs one of the restrictions, which it puts into bytes and back as a
// runner that stores it. It returns its blocks and what is left.
func (r *runner) bundle(rest Restriction) (blocks []block.Block, left Restriction, err error) {
	r.t.Helper()
	rest, err = decodeRestriction(encodeRestriction(rest))
	if err != nil {
		r.t.Fatal(err)
	}
	rt := r.fn.CreateTracker(rest)
	e := r.fn.CreateWatermarkEstimator(r.fn.InitialWatermarkEstimatorState(0, rest, nil))
	more, err := r.fn.ProcessElement(context.Background(), 0, e, rt, nil, func(_ beam.EventTime, b block.Block) { blocks = append(blocks, b) })
	if err != nil {
		return blocks, left, err
	}
	if !more.ShouldResume() {
		if !rt.IsDone() {
			r.t.Fatalf("it stops before its end: %+v", rt.GetRestriction())
		}
		return blocks, rest.none(), nil
	}
	_, residual, err := rt.TrySplit(0)
	if err != nil || residual == nil || !rt.IsDone() {
		r.t.Fatalf("checkpoint: residual %v, %v", residual, err)
	}
	return blocks, residual.(Restriction), nil
}

// until runs bundles of restriction i until there have been so many records.
func (r *runner) until(i int, records int64) (blocks []block.Block) {
	r.t.Helper()
	eventually(r.t, "records", func() bool {
		more, left, err := r.bundle(r.rest[i])
		if err != nil {
			r.t.Fatal(err)
		}
		r.rest[i] = left
		for _, b := range more {
			records -= b.Records
		}
		blocks = append(blocks, more...)
		return records <= 0
	})
	return blocks
}

// offsets are those of the messages of blocks.
func offsets(blocks []block.Block) (all []int64) {
	for i := range blocks {
		for _, m := range blocks[i].Messages {
			all = append(all, m.Offset)
		}
	}
	return all
}

func items(blocks []block.Block) map[string]int {
	all := make(map[string]int)
	for i := range blocks {
		b := &blocks[i]
		for j, it := range b.Items {
			n := 1
			if b.Weights != nil {
				n = int(b.Weights[j])
			}
			all[string(b.Text(it))] += n
		}
	}
	return all
}

// TestRetry: a bundle that is run again reads the same again, and one that goes
// on from its residual reads what follows.
func TestRetry(t *testing.T) {
	c := newCluster(t, 1)
	client := newProducer(t, c)
	produce(t, client, 0, events("x", 20_000, func(i int) int64 { return 1e12 + int64(i) })...)
	cfg := configOf(t, c)
	cfg.BundleRecords = 3000
	cfg.BundleTime = time.Minute
	r := newRunner(t, cfg)
	next := int64(0)
	for next < 20_000 {
		var first []block.Block
		var left Restriction
		for try := range 2 {
			var blocks []block.Block
			var err error
			eventually(t, "a bundle", func() bool {
				blocks, left, err = r.bundle(r.rest[0])
				return err != nil || len(blocks) > 0
			})
			if err != nil {
				t.Fatal(err)
			}
			if try == 0 {
				first = blocks
				continue
			}
			// The second may be cut elsewhere: it has the same offsets as far as it goes.
			a, b := offsets(first), offsets(blocks)
			n := min(len(a), len(b))
			if n == 0 || !reflect.DeepEqual(a[:n], b[:n]) || a[0] != next {
				t.Fatalf("again from %d: %v, then %v", next, a[:n], b[:n])
			}
			next = blocks[len(blocks)-1].To
		}
		r.rest[0] = left
		if left.Parts[0].Next != next {
			t.Fatalf("the residual is at %d behind %d", left.Parts[0].Next, next)
		}
	}
}

func batch(t testing.TB, producer string, epoch, sequence uint64, item string, n uint64) string {
	t.Helper()
	b := format.Batch{Producer: producer, Epoch: epoch, Sequence: sequence, Start: 999_999_960_000, Size: 60_000,
		Segments: []format.BatchSegment{{Name: "s", Items: []format.BatchItem{{Item: item, Count: n}, {Item: "all", Count: 1}}}}}
	p, err := b.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

// TestBatches: batches that come again are counted once, also when the job was
// stopped and started again in between, and when a bundle had failed.
func TestBatches(t *testing.T) {
	c := newCluster(t, 1)
	client := newProducer(t, c)
	cfg := configOf(t, c)
	cfg.Payload, cfg.Pane = format.BATCH, time.Minute
	dropped := metrics.DuplicatesDropped.Value()
	produce(t, client, 0, batch(t, "g1", 1, 1, "a", 10), batch(t, "g1", 1, 1, "a", 10), batch(t, "g2", 1, 1, "b", 5),
		"junk", batch(t, "g1", 1, 2, "a", 7), batch(t, "g2", 1, 1, "b", 5))
	r := newRunner(t, cfg)
	before := r.rest[0]
	if blocks := r.until(0, 4); !reflect.DeepEqual(items(blocks), map[string]int{"a": 17, "b": 5, "all": 3}) {
		t.Fatalf("%v", items(blocks))
	}
	// As if that bundle had failed: it knows nothing of what it saw.
	r.rest[0] = before
	blocks := r.until(0, 4)
	if !reflect.DeepEqual(items(blocks), map[string]int{"a": 17, "b": 5, "all": 3}) {
		t.Fatalf("again %v", items(blocks))
	}
	// Another process goes on.
	left := r.rest[0]
	cfg.ID += "-again"
	r = newRunner(t, cfg)
	r.rest[0] = left
	produce(t, client, 0, batch(t, "g1", 1, 2, "a", 7), batch(t, "g1", 1, 4, "a", 100), batch(t, "g1", 1, 3, "a", 1000),
		batch(t, "g2", 2, 1, "b", 3), batch(t, "g2", 1, 2, "b", 100))
	blocks = r.until(0, 4)
	if !reflect.DeepEqual(items(blocks), map[string]int{"a": 1100, "b": 3, "all": 3}) {
		t.Errorf("%v", items(blocks))
	}
	var records, rejected int64
	for i := range blocks {
		records += blocks[i].Records
		rejected += blocks[i].Rejected()
		for _, r := range blocks[i].Rejects {
			if r.Reason != Fenced || r.Offset != 10 || !strings.Contains(r.Detail, "g2") {
				t.Errorf("reject %+v", r)
			}
		}
	}
	if records != 4 || rejected != 1 || !reflect.DeepEqual(offsets(blocks), []int64{7, 8, 9, 10}) {
		t.Errorf("%d records, %d rejected, offsets %v", records, rejected, offsets(blocks))
	}
	if n := metrics.DuplicatesDropped.Value() - dropped; n != 2+2+1 {
		t.Errorf("%d duplicates dropped", n)
	}
}

// TestDrain: a source that is drained stops where it is.
func TestDrain(t *testing.T) {
	c := newCluster(t, 1)
	produce(t, newProducer(t, c), 0, events("x", 10, func(int) int64 { return 1e12 })...)
	r := newRunner(t, configOf(t, c))
	r.until(0, 10)
	for _, rest := range r.rest {
		rest = r.fn.TruncateRestriction(r.fn.CreateTracker(rest), nil)
		blocks, left, err := r.bundle(rest)
		if err != nil || len(blocks) > 0 || !left.done() {
			t.Errorf("%+v left %+v, %v", rest, left, err)
		}
	}
}

// TestFree: where every process sees only some partitions, one that has none
// holds nobody back.
func TestFree(t *testing.T) {
	c := newCluster(t, 1)
	cfg := configOf(t, c)
	cfg.Local = false
	r := newRunner(t, cfg)
	last := r.rest[len(r.rest)-1]
	state := r.fn.InitialWatermarkEstimatorState(0, last, nil)
	e := r.fn.CreateWatermarkEstimator(state)
	if time.Since(e.CurrentWatermark()) > time.Minute || r.fn.WatermarkEstimatorState(e) != state {
		t.Errorf("watermark %v, state %d of %d", e.CurrentWatermark(), r.fn.WatermarkEstimatorState(e), state)
	}
	if e := r.fn.CreateWatermarkEstimator(r.fn.InitialWatermarkEstimatorState(0, r.rest[0], nil)); e.CurrentWatermark().UnixMilli() != 0 {
		t.Errorf("a partition that was not read is at %v", e.CurrentWatermark())
	}
}

var _ sdf.WatermarkEstimator = (*estimator)(nil)
