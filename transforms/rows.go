package transforms

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/metrics"
	"crest/sketchcombine"
	"crest/sketchcombine/frequentstrings"
	"crest/sketchcombine/summary"
	"crest/table"
	_ "crest/table/rowcoder" // rows are elements here
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[topRowFn]())
	beam.RegisterDoFn(reflect.TypeFor[sketchRowFn]())
	beam.RegisterDoFn(reflect.TypeFor[countRowFn]())
	register.Emitter1[table.Row]()
}

// A Label says whose rows are made: it is in each of them.
type Label struct {
	Job, Run string
	// Path is table.Fast or table.Exact.
	Path string
}

// span is where a row's window lies.
type span struct {
	start, end table.Time
	seconds    int64
}

func spanOf(w beam.Window) (span, error) {
	switch w := w.(type) {
	case window.IntervalWindow:
		start, end := w.Start.Milliseconds(), w.End.Milliseconds()
		return span{table.Time(start), table.Time(end), (end - start) / 1000}, nil
	case window.GlobalWindow:
		return span{table.AllStart, table.AllEnd, 0}, nil
	}
	return span{}, fmt.Errorf("making a row of a window of unknown kind %T", w)
}

// emitRow encodes a row on its way to the sinks.
func emitRow[T table.Any](v T, emit func(table.Row)) error {
	r, err := table.Encode(v)
	if err == nil {
		emit(r)
	}
	return err
}

// rows brings rows back into the global window, where all sinks take them.
func rows(s beam.Scope, fn any, col beam.PCollection) beam.PCollection {
	return beam.WindowInto(s, window.NewGlobalWindows(), beam.ParDo(s, fn, col))
}

// TopKRows makes rows of the table topk from the lists of windows of a kind, as
// TopK and TopKOf return them.
func TopKRows(s beam.Scope, l Label, of Window, lists beam.PCollection) beam.PCollection {
	return rows(s.Scope("transforms.TopKRows"), &topRowFn{Label: l, Size: of.Size.Milliseconds()}, lists)
}

type topRowFn struct {
	Label Label
	// Size is the windows', in milliseconds, which Totals' are told apart from
	// by their end alone; 0 is the window over everything.
	Size int64
}

func (fn *topRowFn) ProcessElement(w beam.Window, segment string, l summary.List, emit func(table.Row)) error {
	at, err := spanOf(w)
	if err != nil {
		return err
	}
	if fn.Size > 0 {
		at.start, at.seconds = at.end-table.Time(fn.Size), fn.Size/1000
	}
	items := make([]table.Item, len(l.Rows))
	for i, r := range l.Rows {
		items[i] = table.Item{Rank: int64(i + 1), Item: r.Item, Count: r.Count, Lower: r.Lower, Upper: r.Upper, Certain: r.Certain}
	}
	return emitRow(table.TopK{
		Job: fn.Label.Job, Run: fn.Label.Run, Path: fn.Label.Path, Segment: segment,
		WindowStart: at.start, WindowEnd: at.end, WindowSeconds: at.seconds,
		Revision: l.Total, Total: l.Total, Items: items, WrittenAt: table.TimeOf(time.Now()),
	}, emit)
}

// SketchRows makes rows of the table sketches from a tumbling level's summaries.
func SketchRows(s beam.Scope, l Label, form SketchForm, summaries beam.PCollection) beam.PCollection {
	return rows(s.Scope("transforms.SketchRows"), &sketchRowFn{Label: l, Form: form}, summaries)
}

// SketchForm says what a row of the table sketches holds.
type SketchForm struct {
	// Shards is how many shards a segment has.
	Shards int
	// FrequentStrings adds the layout of Apache DataSketches, which BigQuery's public
	// functions read: almost as many bytes again.
	FrequentStrings bool
}

type sketchRowFn struct {
	Label Label
	Form  SketchForm
}

func (fn *sketchRowFn) ProcessElement(ctx context.Context, w beam.Window, key sketchcombine.Key, s sketchcombine.Summary, emit func(table.Row)) error {
	at, err := spanOf(w)
	if err != nil {
		return err
	}
	encoded := s.AppendBinary(nil)
	metrics.SummaryBytes.Add(ctx, int64(len(encoded)))
	var frequent []byte
	if fn.Form.FrequentStrings {
		if frequent, err = frequentstrings.Append(nil, s.Summary); err != nil {
			return fmt.Errorf("making a frequent-strings sketch of segment %q, shard %d: %w", key.Segment, key.Shard, err)
		}
	}
	return emitRow(table.Sketch{
		Job: fn.Label.Job, Run: fn.Label.Run, Path: fn.Label.Path, Segment: key.Segment,
		WindowStart: at.start, WindowEnd: at.end, WindowSeconds: at.seconds,
		Shard: int64(key.Shard), Shards: int64(fn.Form.Shards),
		Revision: s.Total(), Total: s.Total(), Summary: encoded, FrequentStrings: frequent, WrittenAt: table.TimeOf(time.Now()),
	}, emit)
}

// CountRows makes rows of the table counts, one an item, from the summaries of
// the exact path's level.
func CountRows(s beam.Scope, l Label, summaries beam.PCollection) beam.PCollection {
	return rows(s.Scope("transforms.CountRows"), &countRowFn{Label: l}, summaries)
}

type countRowFn struct{ Label Label }

func (fn *countRowFn) ProcessElement(w beam.Window, key sketchcombine.Key, s sketchcombine.Summary, emit func(table.Row)) error {
	at, err := spanOf(w)
	if err != nil {
		return err
	}
	if !s.Exact() {
		return fmt.Errorf("making exact counts of a sketched summary, segment %q", key.Segment)
	}
	s.Each(func(item []byte, count, _ uint64) bool {
		err = emitRow(table.Count{
			Job: fn.Label.Job, Run: fn.Label.Run, Segment: key.Segment,
			WindowStart: at.start, WindowEnd: at.end, WindowSeconds: at.seconds,
			Item: string(item), Count: count,
		}, emit)
		return err == nil
	})
	return err
}
