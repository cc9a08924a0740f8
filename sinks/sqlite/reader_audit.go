package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"crest/store"
	"crest/table"
)

// LastRun returns the newest run that the views show: a committed batch run or
// a streaming one; false where there is none.
func (r *Reader) LastRun(ctx context.Context, job string) (table.Run, bool, error) {
	var (
		t                              = table.Run{Job: job}
		started                        string
		committed, complete, seedPrint sql.NullString
	)
	err := r.db.QueryRowContext(ctx, `SELECT run, path, kind, started_at, committed_at, complete_from,
		read, counted, late, rejected, settings, hash_seed FROM runs
		WHERE job = ? AND (kind = 'streaming' OR committed_at IS NOT NULL) ORDER BY run DESC LIMIT 1`, job).
		Scan(&t.Run, &t.Path, &t.Kind, &started, &committed, &complete,
			&t.Read, &t.Counted, &t.Late, &t.Rejected, &t.Settings, &seedPrint)
	if errors.Is(err, sql.ErrNoRows) {
		return table.Run{}, false, nil
	}
	if err == nil {
		t.HashSeed = seedPrint.String
		err = errors.Join(parse(started, &t.StartedAt), parseNull(committed, &t.CommittedAt), parseNull(complete, &t.CompleteFrom))
	}
	return t, err == nil, r.explain("the last run", err)
}

func parseNull(s sql.NullString, t *table.Time) error {
	if !s.Valid {
		return nil
	}
	return parse(s.String, t)
}

// Accuracy returns the comparisons that count, or those of one run where it is
// not empty.
func (r *Reader) Accuracy(ctx context.Context, job, run string) ([]store.AccuracySummary, error) {
	q, args := " FROM accuracy_latest WHERE job = ?", []any{job}
	if run != "" {
		q, args = " FROM accuracy WHERE job = ? AND run = ?", append(args, run)
	}
	rows, err := r.db.QueryContext(ctx, `SELECT window_seconds, count(*), avg(recall), min(recall), avg(precision), avg(mean_error), max(max_error),
		avg(coverage), coalesce(100.0 * sum(certain) / nullif(sum(compared), 0), 0), sum(violations)`+q+
		` GROUP BY window_seconds ORDER BY window_seconds = 0, window_seconds`, args...)
	return collect(r, "accuracy", rows, err, func(rows *sql.Rows, a *store.AccuracySummary) error {
		return rows.Scan(&a.WindowSeconds, &a.Lists, &a.MeanRecall, &a.MinRecall, &a.MeanPrecision, &a.MeanError, &a.MaxError,
			&a.Coverage, &a.CertainPercent, &a.Violations)
	})
}

// Rejects returns the reasons for rejects, the most frequent first: of the
// newest run that the views show, or of one run where it is not empty.
func (r *Reader) Rejects(ctx context.Context, job, run string) ([]store.RejectSummary, error) {
	q, args := " FROM rejects_latest WHERE job = ?", []any{job}
	if run != "" {
		q, args = " FROM rejects WHERE job = ? AND run = ?", append(args, run)
	}
	// SQLite takes bare columns from the row that has the minimum.
	rows, err := r.db.QueryContext(ctx, `SELECT reason, n, source, offset, detail, raw FROM (
		SELECT reason, sum(count) AS n, min(source || ' ' || printf('%020d', offset)), source, offset, detail, raw`+q+
		` GROUP BY reason) ORDER BY n DESC, reason`, args...)
	return collect(r, "rejects", rows, err, func(rows *sql.Rows, s *store.RejectSummary) error {
		return rows.Scan(&s.Reason, &s.Count, &s.Source, &s.Offset, &s.Detail, &s.Raw)
	})
}
