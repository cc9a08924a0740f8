package transforms

import (
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window/trigger"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/sketchcombine"
	"crest/sketchcombine/summary"
	"crest/table"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[bySegmentFn]())
	beam.RegisterDoFn(reflect.TypeFor[listFn]())
	beam.RegisterDoFn(reflect.TypeFor[byShardFn]())
	beam.RegisterDoFn(reflect.TypeFor[windowEndFn]())
	beam.RegisterDoFn(reflect.TypeFor[progressRowFn]())
	register.Emitter2[sketchcombine.Key, sketchcombine.Summary]()
	register.Combiner1[int64](&latestFn{})
}

// Totals gathers what is known of each segment: from a live level's deltas to
// PCollection<KV<segment, sketchcombine.Shards>>, each with everything that came
// until then, in windows that end where the level's do. A window has one after its end, and another
// whenever something late was added. Only ParDos may stand behind it: a grouping
// would add up what was added up.
func Totals(s beam.Scope, merge *sketchcombine.MergeFn, pane time.Duration, level Level) beam.PCollection {
	s = s.Scope("transforms.Totals")
	shards := totals(s, level.Window, level.lateness+pane, beam.ParDo(s, &bySegmentFn{}, level.Summaries))
	return beam.CombinePerKey(s, &sketchcombine.GatherFn{Config: merge.Config}, shards)
}

type bySegmentFn struct{}

func (*bySegmentFn) ProcessElement(key sketchcombine.Key, s sketchcombine.Summary) (string, sketchcombine.Shard) {
	return key.Segment, sketchcombine.Shard{Shard: key.Shard, Summary: s}
}

// TopKOf ranks totals: to PCollection<KV<segment, summary.List>>.
func TopKOf(s beam.Scope, k int, totals beam.PCollection) beam.PCollection {
	return beam.ParDo(s.Scope("transforms.TopKOf"), &listFn{K: k}, totals)
}

type listFn struct{ K int }

func (fn *listFn) ProcessElement(segment string, s sketchcombine.Shards) (string, summary.List) {
	return segment, s.Top(fn.K)
}

// SummariesOf takes the totals of tumbling windows apart, to
// PCollection<KV<sketchcombine.Key, sketchcombine.Summary>>.
func SummariesOf(s beam.Scope, totals beam.PCollection) beam.PCollection {
	return beam.ParDo(s.Scope("transforms.SummariesOf"), &byShardFn{}, totals)
}

type byShardFn struct{}

func (*byShardFn) ProcessElement(segment string, s sketchcombine.Shards, emit func(sketchcombine.Key, sketchcombine.Summary)) {
	for _, shard := range s.All {
		emit(sketchcombine.Key{Segment: segment, Shard: shard.Shard}, shard.Summary)
	}
}

// ProgressRows makes rows of the table progress: how far a live level's windows
// are closed. A window that has fired is closed, and so are those before it. A
// row is made once the lists have had the time to be written.
func ProgressRows(s beam.Scope, l Label, level Level) beam.PCollection {
	s = s.Scope("transforms.ProgressRows")
	ends := beam.WindowInto(s, window.NewGlobalWindows(), beam.ParDo(s, &windowEndFn{}, level.Summaries),
		beam.Trigger(trigger.Repeat(trigger.AfterProcessingTime().PlusDelay(2*settle))), beam.PanesDiscard())
	return rows(s, &progressRowFn{Label: l}, beam.CombinePerKey(s, &latestFn{}, ends))
}

type windowEndFn struct{}

func (*windowEndFn) ProcessElement(w beam.Window, _ sketchcombine.Key, _ sketchcombine.Summary) (seconds, end int64, err error) {
	at, err := spanOf(w)
	return at.seconds, int64(at.end), err
}

type latestFn struct{}

func (*latestFn) MergeAccumulators(a, b int64) int64 { return max(a, b) }

type progressRowFn struct{ Label Label }

func (fn *progressRowFn) ProcessElement(seconds, end int64, emit func(table.Row)) error {
	return emitRow(table.Progress{
		Job: fn.Label.Job, Run: fn.Label.Run, Path: fn.Label.Path, WindowSeconds: seconds,
		ClosedThrough: table.Time(end), WrittenAt: table.TimeOf(time.Now()),
	}, emit)
}
