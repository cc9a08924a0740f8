package live

import (
	"cmp"
	"context"
	"slices"
	"time"

	"crest/store"
	"crest/table"
)

// A window is the newest one of a size, as it is now.
type window struct {
	seconds    int64
	start, end time.Time // of the window over everything these say nothing
	written    time.Time // when the newest of its lists was made
	closed     time.Time // windows of this size are closed through here; zero where nobody says
	total      uint64    // of all segments that are shown
	segments   int
	rows       []row
}

// A row is one of the heaviest items.
type row struct {
	segment string
	table.Item
}

// maxSegments bounds how many segments of a window are looked at.
const maxSegments = 10_000

// sizes are the sizes of window that the file has. To count them takes a look at
// all lists, so it is not done for each drawing.
type sizes struct {
	seconds []int64
	asked   time.Time
}

const sizesEvery = 10 * time.Second

// read reads the newest window of each size.
func (v *view) read(ctx context.Context, now time.Time) ([]window, error) {
	seconds := v.Windows
	if len(seconds) == 0 {
		if err := v.ask(ctx, now); err != nil {
			return nil, err
		}
		seconds = v.sizes.seconds
	}
	var all []window
	for _, s := range seconds {
		w, ok, err := v.window(ctx, s)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, w)
		}
	}
	return all, nil
}

// ask finds the smallest and the largest size of window.
func (v *view) ask(ctx context.Context, now time.Time) error {
	if len(v.sizes.seconds) == 2 && now.Sub(v.sizes.asked) < sizesEvery {
		return nil
	}
	found, err := v.tables.WindowSizes(ctx, store.Select{Job: v.Job})
	if err != nil {
		return err
	}
	var seconds []int64
	for _, f := range found {
		seconds = append(seconds, f.WindowSeconds)
	}
	slices.SortFunc(seconds, func(a, b int64) int { return cmp.Compare(uint64(a-1), uint64(b-1)) }) // 0 is the largest
	seconds = slices.Compact(seconds)
	if len(seconds) > 2 {
		seconds = []int64{seconds[0], seconds[len(seconds)-1]}
	}
	v.sizes = sizes{seconds, now}
	return nil
}

// window reads the newest window of a size; false where there is none.
func (v *view) window(ctx context.Context, seconds int64) (window, bool, error) {
	sel := store.Select{Job: v.Job, WindowSeconds: seconds}
	segments, err := v.tables.Segments(ctx, sel, maxSegments)
	if err != nil || len(segments) == 0 {
		return window{}, false, err
	}
	start := segments[0].WindowStart
	sel.At = &start
	w := window{seconds: seconds, start: start.Time(), end: start.Time().Add(time.Duration(seconds) * time.Second)}
	if v.Segment != nil {
		segments = slices.DeleteFunc(segments, func(s store.SegmentTotal) bool { return s.Segment != *v.Segment })
	}
	w.segments = len(segments)
	for _, s := range segments {
		w.total += s.Total
	}
	// An item of the heaviest K is in one of the K segments whose first items
	// are the heaviest.
	slices.SortStableFunc(segments, func(a, b store.SegmentTotal) int { return cmp.Compare(b.TopCount, a.TopCount) })
	for _, s := range segments[:min(v.K, len(segments))] {
		if err := v.list(ctx, sel, s.Segment, &w); err != nil {
			return window{}, false, err
		}
	}
	slices.SortStableFunc(w.rows, func(a, b row) int { return cmp.Compare(b.Count, a.Count) })
	w.rows = w.rows[:min(v.K, len(w.rows))]
	through, ok, err := v.tables.ClosedThrough(ctx, v.Job, seconds)
	if ok {
		w.closed = through.Time()
	}
	return w, true, err
}

// list adds the head of one segment's list.
func (v *view) list(ctx context.Context, sel store.Select, segment string, w *window) error {
	l, ok, err := v.tables.List(ctx, sel, segment)
	if err != nil || !ok {
		return err
	}
	if written := l.WrittenAt.Time(); written.After(w.written) {
		w.written = written
	}
	for _, item := range l.Items[:min(v.K, len(l.Items))] {
		w.rows = append(w.rows, row{segment, item})
	}
	return nil
}

// rate is how many events a second of event time the window has; 0 where that
// can't be told. A window that is still open goes as far as its lists were made.
func (w *window) rate() float64 {
	if w.seconds == 0 {
		return 0
	}
	span := w.end.Sub(w.start)
	if open := w.written.Sub(w.start); open > 0 {
		span = min(span, max(open, time.Second))
	}
	return float64(w.total) / span.Seconds()
}
