package transforms

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"crest/block"
	"crest/sketchcombine"
	"crest/sketchcombine/summary"
	"crest/table"
)

func TestMain(m *testing.M) {
	log.SetupLogging("error", "text")
	os.Exit(ptest.MainRetWithDefault(m, "prism"))
}

func init() {
	beam.RegisterDoFn(reflect.TypeFor[eventsFn]())
	register.Emitter1[block.Block]()
	beam.RegisterDoFn(reflect.TypeFor[collectFn]())
	beam.RegisterType(reflect.TypeFor[event]())
}

// An event is one row, as a test makes it.
type event struct {
	time          int64
	segment, item string
	weight        uint64
}

// events are some thousands of rows over three hours, out of order, in a few
// segments, skewed.
func events(seed uint64) []event {
	r := rand.New(rand.NewPCG(seed, 1))
	es := make([]event, 4000)
	for i := range es {
		es[i] = event{
			time:    1_700_000_000_000 + r.Int64N(3*3600_000),
			segment: fmt.Sprint("s", r.IntN(1+r.IntN(5))),
			item:    fmt.Sprint("item", int(r.ExpFloat64()*40)),
			weight:  1 + r.Uint64N(1+r.Uint64N(4)),
		}
	}
	return es
}

// eventsFn is a source of blocks.
type eventsFn struct{ Seed uint64 }

func (fn *eventsFn) ProcessElement(_ []byte, emit func(block.Block)) {
	for part := range slices.Chunk(events(fn.Seed), 700) {
		var b block.Block
		text := func(s string) block.Text {
			b.Data = append(b.Data, s...)
			return block.Text{Off: uint32(len(b.Data) - len(s)), Len: uint32(len(s))}
		}
		for _, e := range part {
			b.Times = append(b.Times, e.time)
			b.Items = append(b.Items, text(e.item))
			b.Segments = append(b.Segments, text(e.segment))
			b.Weights = append(b.Weights, e.weight)
			b.Records++
		}
		emit(b)
	}
}

// collected are the rows that pipelines of this process have made, by test.
var collected = struct {
	sync.Mutex
	rows map[string][]table.Row
}{rows: make(map[string][]table.Row)}

type collectFn struct{ Test string }

func (fn *collectFn) ProcessElement(r table.Row) error {
	collected.Lock()
	defer collected.Unlock()
	collected.rows[fn.Test] = append(collected.rows[fn.Test], r)
	return nil
}

// lists runs a pipeline and returns the rows of one of its tables.
func lists[T table.Any](t *testing.T, id table.ID, build func(s beam.Scope, blocks beam.PCollection) beam.PCollection, seed uint64) []T {
	t.Helper()
	p, s := beam.NewPipelineWithRoot()
	rows := build(s, beam.ParDo(s, &eventsFn{Seed: seed}, beam.Impulse(s)))
	beam.ParDo0(s, &collectFn{Test: t.Name()}, rows)
	collected.Lock()
	delete(collected.rows, t.Name())
	collected.Unlock()
	if err := ptest.Run(p); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	var out []T
	for _, r := range collected.rows[t.Name()] {
		if r.Table != id {
			continue
		}
		v, err := table.Decode[T](r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// windowsOf are the starts of the windows of a kind that a time lies in.
func windowsOf(w Window, t int64) (starts []int64) {
	if w.Size == 0 {
		return []int64{0}
	}
	period := w.Period.Milliseconds()
	for start := t - t%period; start > t-w.Size.Milliseconds(); start -= period {
		starts = append(starts, start)
	}
	return starts
}

type cell struct {
	seconds, start int64
	segment        string
}

// truth counts events one by one, in every window.
func truth(es []event, windows []Window) map[cell]map[string]uint64 {
	counts := make(map[cell]map[string]uint64)
	for _, w := range windows {
		for _, e := range es {
			for _, start := range windowsOf(w, e.time) {
				c := cell{int64(w.Size.Seconds()), start, e.segment}
				if counts[c] == nil {
					counts[c] = make(map[string]uint64)
				}
				counts[c][e.item] += e.weight
			}
		}
	}
	return counts
}

// ranked is the exact list of k items.
func ranked(counts map[string]uint64, k int) []summary.Row {
	var rows []summary.Row
	for item, n := range counts {
		rows = append(rows, summary.Row{Item: item, Count: n, Lower: n, Upper: n})
	}
	slices.SortFunc(rows, func(a, b summary.Row) int {
		if a.Count != b.Count {
			return int(int64(b.Count) - int64(a.Count))
		}
		return strings.Compare(a.Item, b.Item)
	})
	return rows[:min(k, len(rows))]
}

var testWindows = []Window{Tumbling(5 * time.Minute), Tumbling(30 * time.Minute), {time.Hour, 15 * time.Minute}, {}}

const testK = 12

// path builds one path, from blocks to rows of topk.
func path(c Counting) func(beam.Scope, beam.PCollection) beam.PCollection {
	return func(s beam.Scope, blocks beam.PCollection) beam.PCollection {
		c.Pane = 5 * time.Minute
		var rows []beam.PCollection
		for _, level := range RollUp(s, &sketchcombine.MergeFn{Config: c.Summary}, c.Pane, testWindows, PreAggregate(s, c, blocks)) {
			rows = append(rows, TopKRows(s, Label{Path: "test"}, level.Window, TopK(s, testK, level.Summaries)))
		}
		return beam.Flatten(s, rows...)
	}
}

// TestExactListsAreExact: however the items are sharded, whatever is flushed
// early, and however many workers count, every list of every window equals a
// count of the events one by one.
func TestExactListsAreExact(t *testing.T) {
	for _, c := range []Counting{
		{Shards: 1, Workers: 1},
		{Shards: 2, Workers: 2, Memory: 1},
		{Shards: 7, Workers: 3},
	} {
		t.Run(fmt.Sprint(c.Shards), func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			got := lists[table.TopK](t, table.TopKTable, path(c), seed)
			want := truth(events(seed), testWindows)
			if len(got) != len(want) {
				t.Errorf("seed %d: %d lists, not %d", seed, len(got), len(want))
			}
			for _, l := range got {
				rows := ranked(want[cell{l.WindowSeconds, int64(l.WindowStart), l.Segment}], testK)
				same := len(rows) == len(l.Items)
				for i := range min(len(rows), len(l.Items)) {
					r, it := rows[i], l.Items[i]
					same = same && it.Rank == int64(i+1) && it.Item == r.Item && it.Count == r.Count && it.Lower == r.Count && it.Upper == r.Count && it.Certain
				}
				if !same {
					t.Fatalf("seed %d: window %v of %ds, segment %s: %v, not %v", seed, l.WindowStart, l.WindowSeconds, l.Segment, l.Items, rows)
				}
			}
		})
	}
}

// TestFastListsKeepTheirBounds with summaries that are far too small.
func TestFastListsKeepTheirBounds(t *testing.T) {
	small := summary.Config{Seed: 3, Budget: 24, Counters: 16, ItemBytes: 8, Width: 32, Depth: 2}
	for _, c := range []Counting{{Shards: 1, Workers: 1}, {Shards: 2, Workers: 2, Memory: 1}, {Shards: 7, Workers: 2}} {
		t.Run(fmt.Sprint(c.Shards), func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			c.Summary = small
			got := lists[table.TopK](t, table.TopKTable, path(c), seed)
			want := truth(events(seed), testWindows)
			if len(got) != len(want) {
				t.Errorf("seed %d: %d lists, not %d", seed, len(got), len(want))
			}
			for _, l := range got {
				counts := want[cell{l.WindowSeconds, int64(l.WindowStart), l.Segment}]
				checkBounds(t, seed, l, counts)
			}
		})
	}
}

func checkBounds(t *testing.T, seed uint64, l table.TopK, counts map[string]uint64) {
	t.Helper()
	var total uint64
	for _, n := range counts {
		total += n
	}
	last := ranked(counts, len(l.Items))
	if l.Total != total || len(l.Items) < min(testK, len(counts)) {
		t.Fatalf("seed %d: total %d of %d, %d rows of %d items", seed, l.Total, total, len(l.Items), len(counts))
	}
	for _, it := range l.Items {
		n := counts[it.Item]
		if n < it.Lower || n > it.Upper {
			t.Fatalf("seed %d: %s was counted %d times, the bounds are [%d, %d]", seed, it.Item, n, it.Lower, it.Upper)
		}
		if it.Certain && n < last[len(last)-1].Count {
			t.Fatalf("seed %d: %s is marked certain with %d, the last of the true list has %d", seed, it.Item, n, last[len(last)-1].Count)
		}
	}
}

// TestTwoCombines: two combines of one PCollection leave each other's inputs
// alone, which a runner may hand to both.
func TestTwoCombines(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	c := Counting{Shards: 2, Workers: 2, Pane: 5 * time.Minute}
	merge := &sketchcombine.MergeFn{}
	got := lists[table.TopK](t, table.TopKTable, func(s beam.Scope, blocks beam.PCollection) beam.PCollection {
		partials := PreAggregate(s, c, blocks)
		var rows []beam.PCollection
		for range 2 {
			levels := RollUp(s, merge, c.Pane, []Window{{}}, partials)
			rows = append(rows, TopKRows(s, Label{}, levels[1].Window, TopK(s, testK, levels[1].Summaries)))
		}
		return beam.Flatten(s, rows...)
	}, seed)
	want := truth(events(seed), []Window{{}})
	if len(got) != 2*len(want) {
		t.Errorf("seed %d: %d lists, not %d", seed, len(got), 2*len(want))
	}
	for _, l := range got {
		checkBounds(t, seed, l, want[cell{0, 0, l.Segment}])
	}
}

// TestLimitSegments: the heaviest segments keep complete lists, everything else
// is counted in one.
func TestLimitSegments(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	const kept = 2
	c := Counting{Shards: 2, Workers: 2, Pane: 5 * time.Minute}
	got := lists[table.TopK](t, table.TopKTable, func(s beam.Scope, blocks beam.PCollection) beam.PCollection {
		partials := PreAggregate(s, c, blocks)
		partials = LimitSegments(s, kept, WeighSegments(s, kept, partials), partials)
		levels := RollUp(s, &sketchcombine.MergeFn{}, c.Pane, []Window{{}}, partials)
		return TopKRows(s, Label{}, levels[1].Window, TopK(s, testK, levels[1].Summaries))
	}, seed)
	weights := make(map[string]uint64)
	es := events(seed)
	for _, e := range es {
		weights[e.segment] += e.weight
	}
	heaviest := ranked(weights, kept)
	for i, e := range es {
		if !slices.ContainsFunc(heaviest, func(r summary.Row) bool { return r.Item == e.segment }) {
			es[i].segment = OverflowSegment
		}
	}
	want := truth(es, []Window{{}})
	if len(got) != kept+1 || len(want) != kept+1 {
		t.Fatalf("seed %d: %d lists, not %d", seed, len(got), kept+1)
	}
	for _, l := range got {
		checkBounds(t, seed, l, want[cell{0, 0, l.Segment}])
	}
}

// TestReconcile: the comparison finds what a comparison by hand finds, and no
// bound is violated.
func TestReconcile(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	small := summary.Config{Budget: 24, Counters: 16, ItemBytes: 8, Width: 32, Depth: 2}
	got := lists[table.Accuracy](t, table.AccuracyTable, func(s beam.Scope, blocks beam.PCollection) beam.PCollection {
		answer := func(cfg summary.Config, shards int) Answers {
			c := Counting{Summary: cfg, Shards: shards, Workers: 1, Pane: time.Hour}
			level := RollUp(s, &sketchcombine.MergeFn{Config: cfg}, c.Pane, nil, PreAggregate(s, c, blocks))[0]
			return Answers{Level: level, Lists: TopK(s, testK, level.Summaries)}
		}
		return Reconcile(s, Label{}, testK, 3, 0, answer(small, 2), answer(summary.Config{}, 3))
	}, seed)
	want := truth(events(seed), []Window{Tumbling(time.Hour)})
	if len(got) != len(want) {
		t.Errorf("seed %d: %d comparisons, not %d", seed, len(got), len(want))
	}
	for _, a := range got {
		items := len(want[cell{a.WindowSeconds, int64(a.WindowStart), a.Segment}])
		if a.Violations != 0 || a.Coverage != 1 || a.Compared != int64(min(testK, items)) || a.Recall <= 0 || a.Recall > 1 || a.Certain > a.Compared {
			t.Errorf("seed %d: %+v", seed, a)
		}
	}
}
