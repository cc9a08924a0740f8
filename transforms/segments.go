package transforms

import (
	"context"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/sketchcombine"
	"crest/sketchcombine/summary"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[weighSegmentsFn]())
	beam.RegisterDoFn(reflect.TypeFor[limitSegmentsFn]())
	register.Emitter2[beam.EventTime, sketchcombine.Summary]()
}

// OverflowSegment has the lists of all segments that are too many.
const OverflowSegment = "(other segments)"

// WeighSegments sums up the weight of each segment: from partial summaries to a
// PCollection<sketchcombine.Summary> of one element, whose items are segments.
// It is itself a summary of bounded size, good for the max heaviest.
func WeighSegments(s beam.Scope, max int, partials beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.WeighSegments")
	// A sketched summary keeps a quarter of its counters whatever the items are.
	cfg := summary.Config{Budget: 8 * max, Counters: 4 * max, ItemBytes: 64, Width: 16 * max, Depth: 2}
	return beam.Combine(s, &sketchcombine.MergeFn{Config: cfg}, beam.ParDo(s, &weighSegmentsFn{Config: cfg}, partials))
}

// LimitSegments moves what was counted of all but the max heaviest segments into
// OverflowSegment. weights is what WeighSegments returned: the choice is made
// once for the whole run, so that a segment is complete or not there at all.
func LimitSegments(s beam.Scope, max int, weights, partials beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.LimitSegments")
	return beam.ParDo(s, &limitSegmentsFn{Max: max}, partials, beam.SideInput{Input: weights})
}

type weighSegmentsFn struct {
	Config summary.Config

	weights *summary.Summary
}

func (fn *weighSegmentsFn) StartBundle(context.Context, func(beam.EventTime, sketchcombine.Summary)) {
	fn.weights = summary.New(&fn.Config)
}

func (fn *weighSegmentsFn) ProcessElement(_ context.Context, key sketchcombine.Key, s sketchcombine.Summary, _ func(beam.EventTime, sketchcombine.Summary)) error {
	return fn.weights.Add([]byte(key.Segment), s.Total())
}

func (fn *weighSegmentsFn) FinishBundle(_ context.Context, emit func(beam.EventTime, sketchcombine.Summary)) {
	emit(mtime.MinTimestamp, sketchcombine.Encoded(fn.weights))
}

type limitSegmentsFn struct {
	Max int

	kept map[string]bool // nil: all
	read bool
}

func (fn *limitSegmentsFn) StartBundle(func(*sketchcombine.Summary) bool, emitPartial) {
	fn.kept, fn.read = nil, false
}

func (fn *limitSegmentsFn) ProcessElement(at beam.EventTime, key sketchcombine.Key, s sketchcombine.Summary, weights func(*sketchcombine.Summary) bool, emit emitPartial) {
	if !fn.read {
		fn.choose(weights)
	}
	if fn.kept != nil && !fn.kept[key.Segment] {
		key.Segment = OverflowSegment
	}
	emit(at, key, s)
}

// choose reads the side input, which is the same for all of a bundle.
func (fn *limitSegmentsFn) choose(weights func(*sketchcombine.Summary) bool) {
	fn.read = true
	var w sketchcombine.Summary
	if !weights(&w) || w.Exact() && w.Items() <= fn.Max {
		return
	}
	fn.kept = make(map[string]bool, fn.Max)
	for _, r := range w.Top(fn.Max).Rows {
		fn.kept[r.Item] = true
	}
}
