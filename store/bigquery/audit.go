package bigquerystore

import (
	"context"
	"errors"
	"time"

	bq "cloud.google.com/go/bigquery"

	"crest/store"
	"crest/table"
)

// LastRun is store.Reader's.
func (r *Reader) LastRun(ctx context.Context, job string) (run table.Run, ok bool, err error) {
	type runRow struct {
		Run          string           `bigquery:"run"`
		Path         string           `bigquery:"path"`
		Kind         string           `bigquery:"kind"`
		StartedAt    time.Time        `bigquery:"started_at"`
		CommittedAt  bq.NullTimestamp `bigquery:"committed_at"`
		CompleteFrom bq.NullTimestamp `bigquery:"complete_from"`
		Read         int64            `bigquery:"read"`
		Counted      int64            `bigquery:"counted"`
		Late         int64            `bigquery:"late"`
		Rejected     int64            `bigquery:"rejected"`
		Settings     string           `bigquery:"settings"`
		HashSeed     bq.NullString    `bigquery:"hash_seed"`
	}
	const sql = `SELECT run, path, kind, started_at, committed_at, complete_from, read, counted, late, rejected, settings, hash_seed
FROM runs WHERE job = @job AND (kind = 'streaming' OR committed_at IS NOT NULL) ORDER BY run DESC, committed_at DESC LIMIT 1`
	err = each(ctx, r, ask("last-run", sql, param("job", job)), func(row *runRow) (bool, error) {
		ok = true
		run = table.Run{Job: job, Run: row.Run, Path: row.Path, Kind: row.Kind, Settings: row.Settings, HashSeed: row.HashSeed.StringVal,
			StartedAt: table.TimeOf(row.StartedAt), CommittedAt: orZero(row.CommittedAt), CompleteFrom: orZero(row.CompleteFrom)}
		var errs [4]error
		run.Read, errs[0] = weight(row.Read)
		run.Counted, errs[1] = weight(row.Counted)
		run.Late, errs[2] = weight(row.Late)
		run.Rejected, errs[3] = weight(row.Rejected)
		return false, errors.Join(errs[:]...)
	})
	if err != nil {
		return table.Run{}, false, r.explain("the last run", err)
	}
	return run, ok, nil
}

func orZero(t bq.NullTimestamp) table.Time {
	if !t.Valid {
		return 0
	}
	return table.TimeOf(t.Timestamp)
}

// ClosedThrough is store.Reader's.
func (r *Reader) ClosedThrough(ctx context.Context, job string, windowSeconds int64) (table.Time, bool, error) {
	at, ok, err := r.closedThrough(ctx, job, windowSeconds)
	return at, ok, r.explain("progress", err)
}

func (r *Reader) closedThrough(ctx context.Context, job string, windowSeconds int64) (table.Time, bool, error) {
	const sql = `SELECT MIN(through) AS start FROM (
  SELECT path, MAX(closed_through) AS through FROM progress
  WHERE job = @job AND window_seconds = @window_seconds
    AND run = (SELECT MAX(run) FROM runs_eligible WHERE job = @job AND kind = 'streaming')
  GROUP BY path)`
	return r.start(ctx, ask("progress", sql, param("job", job), param("window_seconds", windowSeconds)))
}

// Accuracy is store.Reader's.
func (r *Reader) Accuracy(ctx context.Context, job, run string) (all []store.AccuracySummary, err error) {
	rows, source := anyTime(job), "accuracy_latest"
	if run != "" {
		rows.where("run", run)
		source = table.AccuracyTable.String()
	}
	type accuracyRow struct {
		Seconds, Lists, Violations                              int64
		Recall, Least, Precise, Error, Worst, Coverage, Certain float64
	}
	const columns = "window_seconds, recall, `precision`, mean_error, max_error, coverage, certain, compared, violations"
	sql := "SELECT window_seconds AS seconds, COUNT(*) AS lists, AVG(recall) AS recall, MIN(recall) AS least, AVG(`precision`) AS precise,\n" +
		"  AVG(mean_error) AS error, MAX(max_error) AS worst, AVG(coverage) AS coverage,\n" +
		"  IFNULL(100 * SUM(certain) / NULLIF(SUM(compared), 0), 0) AS certain, SUM(violations) AS violations\n" +
		"FROM (" + oneOfEach(columns, source, rows) + ") GROUP BY window_seconds ORDER BY window_seconds = 0, window_seconds"
	err = each(ctx, r, ask("accuracy", sql, rows.params...), func(row *accuracyRow) (bool, error) {
		all = append(all, store.AccuracySummary{WindowSeconds: row.Seconds, Lists: row.Lists, MeanRecall: row.Recall, MinRecall: row.Least,
			MeanPrecision: row.Precise, MeanError: row.Error, MaxError: row.Worst, Coverage: row.Coverage, CertainPercent: row.Certain, Violations: row.Violations})
		return true, nil
	})
	return all, r.explain("accuracy", err)
}

// Rejects is store.Reader's.
func (r *Reader) Rejects(ctx context.Context, job, run string) ([]store.RejectSummary, error) {
	rejects, err := r.rejects(ctx, job, run)
	return rejects, r.explain("rejects", err)
}

// skew is how far the clock of who writes a reject may be behind that of who named
// the run.
const skew = table.Time(24 * time.Hour / time.Millisecond)

func (r *Reader) rejects(ctx context.Context, job, run string) (rejects []store.RejectSummary, err error) {
	runs := []string{run}
	if run == "" {
		runs = nil
		err := each(ctx, r, ask("newest-runs", "SELECT run FROM runs_newest WHERE job = @job", param("job", job)),
			func(row *struct{ Run string }) (bool, error) {
				runs = append(runs, row.Run)
				return true, nil
			})
		if err != nil {
			return nil, err
		}
	}
	if len(runs) == 0 {
		return nil, nil
	}
	// The table is partitioned by when rejects were written: after their run began.
	from := table.MaxTime
	for _, run := range runs {
		launched, ok := table.RunTime(run)
		if !ok {
			from = table.MinTime
			break
		}
		from = min(from, table.TimeOf(launched)-skew)
	}
	type rejectRow struct {
		Reason string `bigquery:"reason"`
		Count  int64  `bigquery:"n"`
		Source string `bigquery:"source"`
		Offset int64  `bigquery:"place"`
		Detail string `bigquery:"detail"`
		Raw    []byte `bigquery:"raw"`
	}
	sql := "SELECT reason, SUM(n) OVER (PARTITION BY reason) AS n, source, place, detail, raw FROM (\n" +
		"  SELECT reason, `count` AS n, source, `offset` AS place, detail, raw FROM rejects\n" +
		"  WHERE job = @job AND run IN UNNEST(@runs) AND written_at >= @from\n" +
		"  QUALIFY ROW_NUMBER() OVER (PARTITION BY " + identity(table.RejectTable.Schema()) + " ORDER BY written_at DESC) = 1)\n" +
		"WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY reason ORDER BY source, place) = 1 ORDER BY n DESC, reason"
	err = each(ctx, r, ask("rejects", sql, param("job", job), param("runs", runs), param("from", from)), func(row *rejectRow) (bool, error) {
		n, err := weight(row.Count)
		rejects = append(rejects, store.RejectSummary{Reason: row.Reason, Count: n, Source: row.Source, Offset: row.Offset, Detail: row.Detail, Raw: row.Raw})
		return true, err
	})
	return rejects, err
}
