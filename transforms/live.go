package transforms

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/metrics"
	"crest/sketchcombine"
	"crest/sketchcombine/summary"
	"crest/table"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[bucketFn]())
	beam.RegisterDoFn(reflect.TypeFor[listFn]())
	beam.RegisterDoFn(reflect.TypeFor[byShardFn]())
	beam.RegisterDoFn(reflect.TypeFor[windowEndFn]())
	beam.RegisterDoFn(reflect.TypeFor[progressRowFn]())
	register.Emitter2[sketchcombine.Key, sketchcombine.Summary]()
	register.Combiner1[int64](&latestFn{})
}

// A LiveLevel is what all windows of one kind have of a live source.
type LiveLevel struct {
	Window Window
	// Deltas is a PCollection<KV<int, sketchcombine.Parts>> in those windows, by
	// bucket: what each firing of a window adds to the ones before.
	Deltas beam.PCollection
	// lateness is how long after its end a window of it fires.
	lateness time.Duration
}

// Partials begins the levels of a live source: from the partial summaries that
// PreAggregate makes, in no windows yet.
func (f *Firing) Partials(s beam.Scope, partials beam.PCollection) LiveLevel {
	s = s.Scope("transforms.Partials")
	return LiveLevel{Deltas: beam.ParDo(s, &bucketFn{Buckets: f.Buckets}, partials), lateness: f.Lateness + f.Slack}
}

type bucketFn struct{ Buckets int }

func (fn *bucketFn) ProcessElement(key sketchcombine.Key, s sketchcombine.Summary) (int, sketchcombine.Parts) {
	bucket := 0
	if fn.Buckets > 1 {
		h := fnv.New32a()
		io.WriteString(h, key.Segment)
		bucket = (int(h.Sum32()>>1) + key.Shard) % fn.Buckets
	}
	return bucket, sketchcombine.Parts{All: []sketchcombine.Part{{Key: key, Summary: s}}}
}

// EarlyPanes makes deltas of panes while they are open. Their lists are made of
// them, and they are partial summaries for LiveRollUp, merged already.
func (f *Firing) EarlyPanes(s beam.Scope, merge *sketchcombine.MergeFn, pane time.Duration, partials LiveLevel) LiveLevel {
	s = s.Scope("transforms.EarlyPanes")
	windowed := deltas(s, Tumbling(pane), f.Early, partials.lateness, partials.Deltas)
	return LiveLevel{Tumbling(pane), beam.CombinePerKey(s, &sketchcombine.GatherFn{Config: merge.Config}, windowed), partials.lateness}
}

// LiveRollUp makes the deltas of windows: those of panes of partial summaries,
// those of larger and of sliding windows by merging the deltas below, never by
// adding an event twice. The levels are returned as Plan orders them; an
// impossible plan panics.
func (f *Firing) LiveRollUp(s beam.Scope, merge *sketchcombine.MergeFn, pane time.Duration, windows []Window, partials LiveLevel) []LiveLevel {
	s = s.Scope("transforms.LiveRollUp")
	kinds, from, err := Plan(pane, windows)
	if err != nil {
		panic(fmt.Sprintf("transforms.LiveRollUp: %v", err))
	}
	levels := make([]LiveLevel, len(kinds))
	for i, w := range kinds {
		below := partials
		if from[i] >= 0 {
			below = levels[from[i]]
		}
		s := s.Scope(w.String())
		// What comes out of a grouping comes later than what goes into it: each
		// takes it a pane longer than the one before.
		lateness := below.lateness + pane
		windowed := deltas(s, w, f.Refresh, lateness, below.Deltas)
		levels[i] = LiveLevel{w, beam.CombinePerKey(s, &sketchcombine.GatherFn{Config: merge.Config}, windowed), lateness}
	}
	return levels
}

// TopKOf ranks totals: to PCollection<KV<segment, summary.List>>.
func TopKOf(s beam.Scope, k int, totals beam.PCollection) beam.PCollection {
	return beam.ParDo(s.Scope("transforms.TopKOf"), &listFn{K: k}, totals)
}

type listFn struct{ K int }

func (fn *listFn) ProcessElement(ctx context.Context, w beam.Window, segment string, p sketchcombine.Parts) (string, summary.List) {
	metrics.ListDelay.Took(ctx, time.Since(w.MaxTimestamp().ToTime()))
	return segment, p.Top(fn.K)
}

// SummariesOf takes the totals of tumbling windows apart, to
// PCollection<KV<sketchcombine.Key, sketchcombine.Summary>>.
func SummariesOf(s beam.Scope, totals beam.PCollection) beam.PCollection {
	return beam.ParDo(s.Scope("transforms.SummariesOf"), &byShardFn{}, totals)
}

type byShardFn struct{}

func (*byShardFn) ProcessElement(_ string, p sketchcombine.Parts, emit func(sketchcombine.Key, sketchcombine.Summary)) {
	for _, part := range p.All {
		emit(part.Key, part.Summary)
	}
}

// ProgressRows makes rows of the table progress: how far a live level's windows
// are closed. When the watermark passes a window's end, all that is before it is
// closed too; lists that were not written yet are on their way.
func ProgressRows(s beam.Scope, l Label, level LiveLevel) beam.PCollection {
	s = s.Scope("transforms.ProgressRows")
	ends := deltas(s, Tumbling(level.Window.Period), 0, level.lateness+level.Window.Period, beam.ParDo(s, &windowEndFn{}, level.Deltas))
	return rows(s, &progressRowFn{Label: l}, beam.CombinePerKey(s, &latestFn{}, ends))
}

type windowEndFn struct{}

func (*windowEndFn) ProcessElement(w beam.Window, _ int, _ sketchcombine.Parts) (seconds, end int64, err error) {
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
