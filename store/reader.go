// Package store says what can be asked of a database with Crest's tables,
// whatever the database: sinks/sqlite answers from a file, store/bigquery from a
// dataset. Package storetest holds each of them to what is said here.
//
// Which rows count is said in docs/format/tables.md.
package store

import (
	"context"
	"iter"

	"crest/table"
)

// A Reader answers questions. It only reads, also while a pipeline writes. Its
// methods may be called from several goroutines.
type Reader interface {
	// LastRun returns the newest run that the views show: a committed batch run
	// or a streaming one; false where there is none.
	LastRun(ctx context.Context, job string) (table.Run, bool, error)
	// ClosedThrough returns through which event time the newest live run has
	// closed its windows of a size, on the path that is least far; false where no
	// run says so.
	ClosedThrough(ctx context.Context, job string, windowSeconds int64) (table.Time, bool, error)

	// WindowSizes returns the sizes of window that there are lists of, by path and
	// size, the window over everything last. Of s only Job, Run and Path matter.
	WindowSizes(ctx context.Context, s Select) ([]WindowSize, error)
	// Heaviest returns the start of the window with the largest total over all
	// segments, the newest of those that tie; false where there is no window.
	Heaviest(ctx context.Context, s Select) (table.Time, bool, error)
	// Segments returns the segments of one window, heaviest first, at most limit.
	Segments(ctx context.Context, s Select, limit int) ([]SegmentTotal, error)
	// List returns the list of one segment, false where there is none.
	List(ctx context.Context, s Select, segment string) (table.TopK, bool, error)

	// Accuracy returns the comparisons that count, or those of one run where it is
	// not empty.
	Accuracy(ctx context.Context, job, run string) ([]AccuracySummary, error)
	// Rejects returns the reasons for rejects, the most frequent first: of the
	// newest run that the views show, or of one run where it is not empty.
	Rejects(ctx context.Context, job, run string) ([]RejectSummary, error)

	// Windows returns which tumbling windows of an interval a table has rows of:
	// topk, counts or sketches. Here WindowSeconds may be 0, which means all sizes
	// above it. They are in order of size, then of start. More than MaxWindows are
	// an error.
	Windows(ctx context.Context, of table.ID, in Interval) ([]Window, error)
	// Lists gives the lists of an interval, in order of their windows.
	Lists(ctx context.Context, in Interval) iter.Seq2[table.TopK, error]
	// Sketches gives the summaries of an interval, in order of their windows and
	// shards; those of a window are of one run. FrequentStrings is left out.
	Sketches(ctx context.Context, in Interval) iter.Seq2[table.Sketch, error]
	// Counts adds up the exact counts of an interval and returns the k heaviest
	// items, 1 to MaxItems. It is exact for the windows of the interval that there
	// are counts of, which Windows says.
	Counts(ctx context.Context, in Interval, k int) (Counts, error)

	// Close gives up what the reader holds.
	Close() error
}

const (
	// MaxWindows bounds an answer of Windows.
	MaxWindows = 1 << 20
	// MaxItems bounds an answer of Counts, as the longest list does.
	MaxItems = 10_000
)
