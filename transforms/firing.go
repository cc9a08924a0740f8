package transforms

import (
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window/trigger"
)

// Firing says when the windows of a live source give their results.
type Firing struct {
	// Lateness is how long after its end, in event time, a pane takes events.
	Lateness time.Duration
	// Early is how often the lists of panes that are still open are made, in
	// processing time; 0 is never.
	Early time.Duration
	// Refresh is how often what windows of all sizes have so far is passed on
	// while they are open, in processing time; 0 is never, and they wait for their
	// end. The local runner needs it: as long as late elements wait there for
	// their firing, it fires other windows at their end without its triggers
	// noticing, and what comes for those later would wait until they expire.
	Refresh time.Duration
	// Slack is how far the watermark may move while a bundle of the source runs,
	// which decides by the one of its beginning what is late: so much longer every
	// stage takes what comes.
	Slack time.Duration
	// Buckets is how many elements a window's summaries travel in: as many as the
	// runner should work on side by side. The local runner needs 1, since a stage
	// of it that closes windows of several keys in one bundle holds its watermark
	// back for those of the first key only, and the next stage drops what comes of
	// the others.
	Buckets int
}

// lateEvery is how long late events of a window are gathered before they are
// passed on, in processing time: each time costs a list.
const lateEvery = 5 * time.Second

// deltas windows what is to be merged, so that each firing passes on what came
// since the one before: with early firings, if every is not 0, then at the
// window's end, then what is late.
func deltas(s beam.Scope, w Window, every, lateness time.Duration, col beam.PCollection) beam.PCollection {
	// Without an early firing, though it is never, Flink refuses the late one.
	var early trigger.Trigger = trigger.Never()
	late := trigger.AfterProcessingTime().PlusDelay(lateEvery)
	if every > 0 {
		early = trigger.AfterProcessingTime().PlusDelay(every)
		late = trigger.AfterProcessingTime().PlusDelay(min(every, lateEvery))
	}
	return beam.WindowInto(s, w.fn(), col,
		beam.Trigger(trigger.AfterEndOfWindow().EarlyFiring(early).LateFiring(late)),
		beam.PanesDiscard(), beam.AllowedLateness(lateness))
}

// promptly windows what is passed on soon after it came, whatever the watermark.
//
// A window that has fired stands at its last millisecond. So tumbling windows of
// the period hold one window each, also of those that overlap: putting such an
// element into windows that overlap would put it into several.
func promptly(s beam.Scope, period, delay, lateness time.Duration, col beam.PCollection) beam.PCollection {
	return beam.WindowInto(s, window.NewFixedWindows(period), col,
		beam.Trigger(trigger.Repeat(trigger.AfterProcessingTime().PlusDelay(delay))),
		beam.PanesDiscard(), beam.AllowedLateness(lateness))
}
