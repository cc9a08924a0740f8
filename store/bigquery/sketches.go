package bigquerystore

import (
	"context"
	"fmt"
	"iter"
	"time"

	"crest/store"
	"crest/table"
)

// firstSpan is how many windows the first of an interval's sessions reads. The
// next reads more, where that was little.
const firstSpan = 256

// Sketches is store.Reader's. The service gives rows in no order, and some that do
// not count. So an interval is read span by span, each in a session of its own,
// and of each the rows that count are gathered and put in order.
func (r *Reader) Sketches(ctx context.Context, in store.Interval) iter.Seq2[table.Sketch, error] {
	return func(yield func(table.Sketch, error) bool) {
		if err := r.sketches(ctx, in, func(k table.Sketch) bool { return yield(k, nil) }); err != nil {
			yield(table.Sketch{}, r.explain("sketches", err))
		}
	}
}

// sketches gives sketches to visit until that says no more.
func (r *Reader) sketches(ctx context.Context, in store.Interval, visit func(table.Sketch) bool) error {
	if err := in.Validate(table.SketchTable); err != nil {
		return err
	}
	runs, err := r.eligible(ctx, in.Job, in.Path)
	if err != nil || len(runs) == 0 {
		return err
	}
	from, before := in.Starts()
	span, read := firstSpan*table.Time(in.WindowSeconds)*1000, int64(0)
	for from < before {
		end := min(from+span, before)
		g := &gathering{runs: runs, from: from, before: end, limit: r.gathered, windows: make(map[table.Time]*window)}
		if err := r.readSession(ctx, in, g, &read); err != nil {
			return fmt.Errorf("windows from %v on: %w", from, err)
		}
		for k := range g.inOrder() {
			k.Job, k.Path, k.Segment, k.WindowSeconds = in.Job, in.Path, in.Segment, in.WindowSeconds
			if !visit(k) {
				return nil
			}
		}
		switch {
		case g.before < end:
			span = g.before - from // so much fits
		case g.bytes < g.limit/8:
			span = min(4*span, before-from)
		}
		from = g.before
	}
	return nil
}

// maxRuns bounds how many runs of a job may be eligible.
const maxRuns = 100_000

// eligible returns from which window start on the rows of each run of a job and
// path count, by run.
func (r *Reader) eligible(ctx context.Context, job, path string) (map[string]table.Time, error) {
	type runRow struct {
		Run  string
		From time.Time
	}
	const sql = "SELECT run, counts_from AS `from` FROM runs_eligible WHERE job = @job AND path IN (@path, 'both') LIMIT @limit"
	runs := make(map[string]table.Time)
	err := each(ctx, r, ask("eligible-runs", sql, param("job", job), param("path", path), param("limit", maxRuns+1)), func(row *runRow) (bool, error) {
		runs[row.Run] = ceil(row.From)
		return true, nil
	})
	if err == nil && len(runs) > maxRuns {
		err = fmt.Errorf("job %s has more than %d runs: give a new one another name", job, maxRuns)
	}
	return runs, err
}

// ceil is table.TimeOf, rounded up.
func ceil(t time.Time) table.Time { return table.TimeOf(t.Add(time.Millisecond - 1)) }
