package sqlite

import (
	"context"
	"database/sql"

	"crest/table"
)

// ClosedThrough returns through which event time the newest live run has closed its windows of a size, on the path that is least far; false
// where no run says so.
func (r *Reader) ClosedThrough(ctx context.Context, job string, windowSeconds int64) (table.Time, bool, error) {
	var through sql.NullString
	err := r.db.QueryRowContext(ctx, `SELECT min(closed_through) FROM progress WHERE job = ?1 AND window_seconds = ?2 AND run =
		(SELECT max(run) FROM runs_eligible WHERE job = ?1 AND kind = 'streaming')`, job, windowSeconds).Scan(&through)
	var at table.Time
	if err == nil {
		err = parseNull(through, &at)
	}
	return at, err == nil && through.Valid, r.explain("progress", err)
}
