package transforms

import (
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window/trigger"
)

// Firing says when the windows of a live source give their results. nil is
// batch: once, when everything has been read.
type Firing struct {
	// Lateness is how long after its end, in event time, a pane takes events.
	Lateness time.Duration
	// Early is how often the lists of panes that are still open are made, in
	// processing time; 0 is never.
	Early time.Duration
	// Patience is how much longer the runner keeps windows open for what is on its
	// way between two stages. The source has decided what is late. The local
	// runner needs it: a stage of it that closes many windows in one bundle holds
	// its watermark back for those of one key only, and what it makes of the
	// others would be dropped by the next one.
	Patience time.Duration
}

const (
	// lateEvery is how long late events of a window are gathered before they
	// are passed on, in processing time: each time costs a list.
	lateEvery = 5 * time.Second
	// settle is how long the shards of a segment are waited for.
	settle = 300 * time.Millisecond
)

// deltas windows what is to be merged, so that each firing passes on what came
// since the one before: once at the window's end, then what is late.
func (f *Firing) deltas(s beam.Scope, w Window, lateness time.Duration, col beam.PCollection) beam.PCollection {
	if f == nil {
		return beam.WindowInto(s, w.fn(), col)
	}
	late := trigger.AfterProcessingTime().PlusDelay(lateEvery)
	// Without an early firing, though it is never, Flink refuses the late one.
	return beam.WindowInto(s, w.fn(), col,
		beam.Trigger(trigger.AfterEndOfWindow().EarlyFiring(trigger.Never()).LateFiring(late)),
		beam.PanesDiscard(), beam.AllowedLateness(lateness+f.Patience))
}

// earlyDeltas is deltas with firings before the end of the window too.
func (f *Firing) earlyDeltas(s beam.Scope, w Window, col beam.PCollection) beam.PCollection {
	every := trigger.AfterProcessingTime().PlusDelay(f.Early)
	return beam.WindowInto(s, w.fn(), col,
		beam.Trigger(trigger.AfterEndOfWindow().EarlyFiring(every).LateFiring(every)),
		beam.PanesDiscard(), beam.AllowedLateness(f.Lateness+f.Patience))
}

// totals windows deltas, so that each firing has all of them. It fires soon
// after each, whatever the watermark: the local runner holds the watermark back
// where a grouping keeps what it fired, and would not know what is late.
//
// A window that has fired stands at its last millisecond. So tumbling windows of
// the period hold one window each, also of those that overlap: putting such an
// element into windows that overlap would put it into several.
func totals(s beam.Scope, w Window, lateness time.Duration, col beam.PCollection) beam.PCollection {
	return beam.WindowInto(s, Tumbling(w.Period).fn(), col,
		beam.Trigger(trigger.Repeat(trigger.AfterProcessingTime().PlusDelay(settle))),
		beam.PanesAccumulate(), beam.AllowedLateness(lateness))
}
