package transforms

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/teststream"

	"crest/block"
	"crest/seedtest"
	"crest/sketchcombine"
	"crest/sketchcombine/frequentstrings"
	"crest/sketchcombine/summary"
	"crest/table"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[arrivalFn]())
}

// An arrival is a batch of events, as a test stream carries it, with the
// watermark that had been published before.
type arrival struct {
	Watermark, Offset int64
	Times             []int64
	Items             []string
	Segments          []string
}

// arrivalFn makes blocks of arrivals; an empty item is a record to reject.
type arrivalFn struct{}

func (*arrivalFn) ProcessElement(encoded string, emit func(block.Block)) error {
	var a arrival
	if err := json.Unmarshal([]byte(encoded), &a); err != nil {
		return err
	}
	b := block.Block{Source: "test/0", Watermark: a.Watermark, Records: int64(len(a.Items)), From: a.Offset, To: a.Offset + int64(len(a.Items))}
	for i, item := range a.Items {
		offset := a.Offset + int64(i)
		b.Append([]byte(item), nil, offset, a.Times[i])
		m := &b.Messages[i]
		if m.Rejected = item == ""; m.Rejected {
			b.Reject(offset, block.Malformed, "", nil)
			continue
		}
		m.Rows = 1
		b.Times = append(b.Times, a.Times[i])
		b.Items = append(b.Items, m.Raw)
		b.Segments = append(b.Segments, block.Text{Off: uint32(len(b.Data)), Len: uint32(len(a.Segments[i]))})
		b.Data = append(b.Data, a.Segments[i]...)
	}
	emit(b)
	return nil
}

// livePath builds the live path, from blocks to all its rows.
func livePath(s beam.Scope, c Counting, windows []Window, firing *Firing, blocks beam.PCollection) beam.PCollection {
	label := Label{Job: "job", Run: "run", Path: table.Fast}
	merge := &sketchcombine.MergeFn{Config: c.Summary}
	all := []beam.PCollection{AuditLive(s, label, c.Pane, firing, blocks)}
	partials := firing.Partials(s, PreAggregate(s, c, blocks))
	if firing.Early > 0 {
		early := firing.EarlyPanes(s, merge, c.Pane, partials)
		all = append(all, TopKRows(s, label, early.Window, TopKOf(s, testK, Totals(s, merge, c.Pane, early))))
		partials = early
	}
	for _, level := range firing.LiveRollUp(s, merge, c.Pane, windows, partials) {
		totals := Totals(s, merge, c.Pane, level)
		all = append(all, TopKRows(s, label, level.Window, TopKOf(s, testK, totals)), ProgressRows(s, label, level))
		if !level.Window.Sliding() {
			all = append(all, SketchRows(s, label, SketchForm{Shards: c.Shards, FrequentStrings: true}, SummariesOf(s, totals)))
		}
	}
	return beam.Flatten(s, all...)
}

// TestLive plays events that arrive out of order, some late and some too late,
// some not records at all: every record is counted, late or rejected, and the
// last list of every window is that of the events that were counted.
func TestLive(t *testing.T) {
	for _, early := range []time.Duration{0, 2 * time.Second} {
		t.Run(early.String(), func(t *testing.T) { testLive(t, early) })
	}
}

func testLive(t *testing.T, early time.Duration) {
	r := seedtest.Rand(t)
	const (
		pane     = 5 * time.Minute
		lateness = 20 * time.Minute
	)
	windows := []Window{Tumbling(pane), Tumbling(30 * time.Minute), {time.Hour, 15 * time.Minute}}
	c := Counting{Shards: 2, Workers: 1, Pane: pane, Lateness: lateness, Summary: summary.Config{Seed: 3, Budget: 1000, Counters: 1000, ItemBytes: 8, Width: 64, Depth: 2}}

	es := events(r.Uint64())
	slices.SortFunc(es, func(a, b event) int { return int(a.time - b.time) })
	for i := range es { // arrival is by time, but for some
		es[i].weight = uint64(es[i].time)
		if r.IntN(10) == 0 {
			es[i].weight += uint64(r.Int64N(int64(time.Hour / time.Millisecond)))
		}
	}
	slices.SortStableFunc(es, func(a, b event) int { return int(int64(a.weight) - int64(b.weight)) })

	stream := teststream.NewConfig()
	var counted []event
	var read, late, rejected uint64
	var watermark, highest int64
	for part := range slices.Chunk(es, 40) {
		a := arrival{Watermark: watermark, Offset: int64(read)}
		for _, e := range part {
			read++
			a.Times, a.Items, a.Segments = append(a.Times, e.time), append(a.Items, e.item), append(a.Segments, e.segment)
			switch closes := e.time - e.time%pane.Milliseconds() + (pane + lateness).Milliseconds(); {
			case r.IntN(50) == 0:
				a.Items[len(a.Items)-1] = ""
				rejected++
			case closes <= watermark:
				late++
			default:
				e.weight = 1
				counted = append(counted, e)
			}
			highest = max(highest, e.time)
		}
		encoded, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.AddElements(slices.Min(a.Times), string(encoded)); err != nil {
			t.Fatal(err)
		}
		if highest-5000 > watermark {
			watermark = highest - 5000
			if err := stream.AdvanceWatermark(watermark); err != nil {
				t.Fatal(err)
			}
		}
		stream.AdvanceProcessingTime(1000)
	}
	if err := stream.AdvanceWatermarkToInfinity(); err != nil {
		t.Fatal(err)
	}
	stream.AdvanceProcessingTimeToInfinity()
	if late == 0 || rejected == 0 {
		t.Fatalf("%d late and %d rejected: the test shows nothing", late, rejected)
	}

	delete(collected.rows, t.Name())
	p, s := beam.NewPipelineWithRoot()
	blocks := beam.ParDo(s, &arrivalFn{}, teststream.Create(s, stream))
	beam.ParDo0(s, &collectFn{Test: t.Name()}, livePath(s, c, windows, &Firing{Lateness: lateness, Early: early, Refresh: 10 * time.Second, Buckets: 1}, blocks))
	if err := ptest.Run(p); err != nil {
		t.Fatal(err)
	}
	rows := collected.rows[t.Name()]
	checkLive(t, rows, truth(counted, windows), early > 0)
	checkLedger(t, rows, read, late, rejected)
}

// checkLive holds the last revision of each list against the truth.
func checkLive(t *testing.T, rows []table.Row, want map[cell]map[string]uint64, early bool) {
	t.Helper()
	last := make(map[cell]table.TopK)
	firings := make(map[cell]int)
	sketched := make(map[cell]uint64)
	closed := make(map[int64]int64)
	for _, r := range rows {
		switch r.Table {
		case table.TopKTable:
			l := decoded[table.TopK](t, r)
			k := cell{l.WindowSeconds, int64(l.WindowStart), l.Segment}
			firings[k]++
			if l.Revision >= last[k].Revision {
				last[k] = l
			}
		case table.SketchTable:
			sk := decoded[table.Sketch](t, r)
			k := cell{sk.WindowSeconds, int64(sk.WindowStart), fmt.Sprint(sk.Segment, "/", sk.Shard)}
			sketched[k] = max(sketched[k], sk.Revision)
			if of, err := frequentstrings.Decode(sk.FrequentStrings); err != nil || of.Total() != sk.Total {
				t.Errorf("window %d of %ds, segment %s: frequent strings %v of a total of %d, %v", k.start, k.seconds, k.segment, of, sk.Total, err)
			}
		case table.ProgressTable:
			p := decoded[table.Progress](t, r)
			closed[p.WindowSeconds] = max(closed[p.WindowSeconds], int64(p.ClosedThrough))
		}
	}
	if len(last) != len(want) {
		t.Errorf("%d lists, not %d", len(last), len(want))
	}
	several := 0
	for k, counts := range want {
		var total uint64
		for _, n := range counts {
			total += n
		}
		l := last[k]
		if l.Total != total {
			t.Errorf("window %d of %ds, segment %s: total %d of %d", k.start, k.seconds, k.segment, l.Total, total)
		}
		for i, row := range ranked(counts, testK) {
			if i >= len(l.Items) || l.Items[i].Item != row.Item || l.Items[i].Count != row.Count {
				t.Fatalf("window %d of %ds, segment %s: %v, not %v at %d", k.start, k.seconds, k.segment, l.Items, row, i)
			}
		}
		if firings[k] > 1 {
			several++
		}
		tumbling := k.seconds < 3600
		if of := sketched[cell{k.seconds, k.start, k.segment + "/0"}] + sketched[cell{k.seconds, k.start, k.segment + "/1"}]; tumbling && of != total {
			t.Errorf("window %d of %ds, segment %s: sketches of %d, total %d", k.start, k.seconds, k.segment, of, total)
		}
		if end := k.start + k.seconds*1000; closed[k.seconds] < end {
			t.Errorf("windows of %ds are closed through %d, one ends at %d", k.seconds, closed[k.seconds], end)
		}
	}
	if several == 0 {
		t.Error("no window fired twice")
	}
}

func checkLedger(t *testing.T, rows []table.Row, read, late, rejected uint64) {
	t.Helper()
	var sum table.Ledger
	var lateSum, rejectSum uint64
	var spans [][2]int64
	last := make(map[table.Time]table.Ledger)
	for _, r := range rows {
		if r.Table == table.LedgerTable {
			if l := decoded[table.Ledger](t, r); l.Read >= last[l.WindowStart].Read {
				last[l.WindowStart] = l
			}
		}
	}
	for _, l := range last {
		if l.Read != l.Counted+l.Late+l.Rejected || l.Positions != l.To-l.From {
			t.Errorf("ledger %+v does not add up", l)
		}
		sum.Read, sum.Counted, sum.Late, sum.Rejected = sum.Read+l.Read, sum.Counted+l.Counted, sum.Late+l.Late, sum.Rejected+l.Rejected
		spans = append(spans, [2]int64{l.From, l.To})
	}
	for _, r := range rows {
		switch r.Table {
		case table.LateTable:
			l := decoded[table.Late](t, r)
			lateSum += l.Count
			if l.Count != l.Weight || l.BehindSeconds < 20*60 {
				t.Errorf("late %+v", l)
			}
		case table.RejectTable:
			rejectSum += decoded[table.Reject](t, r).Count
		}
	}
	if sum.Read != read || sum.Late != late || sum.Rejected != rejected || lateSum != late || rejectSum != rejected {
		t.Errorf("read %d of %d, late %d (rows %d) of %d, rejected %d (rows %d) of %d",
			sum.Read, read, sum.Late, lateSum, late, sum.Rejected, rejectSum, rejected)
	}
	slices.SortFunc(spans, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	var at int64
	for _, span := range spans {
		if span[0] != at {
			t.Errorf("offsets %d to %d are in no row of the ledger, or in two", at, span[0])
		}
		at = span[1]
	}
}

func decoded[T table.Any](t *testing.T, r table.Row) T {
	t.Helper()
	v, err := table.Decode[T](r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
