package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"time"

	"crest/table"
)

// orphanAge is how long a run without an end must have been silent before its
// rows are taken for those of a process that was killed.
const orphanAge = 24 * time.Hour

// Sweep deletes the rows of the job's runs that have not been committed and
// have written nothing for more than a day. It returns how many runs these were. Write calls it
// where a batch run is committed.
func (s *Store) Sweep(ctx context.Context, job string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	err := s.transaction(ctx, func(ctx context.Context, c *sql.Conn) error {
		// Those that ended well need no note any more.
		if _, err := c.ExecContext(ctx, `DELETE FROM attempts WHERE job = ?1 AND wrote_at < ?2
			AND run IN (SELECT run FROM runs_eligible WHERE job = ?1)`, job, orphansBefore()); err != nil {
			return err
		}
		runs, err := orphans(ctx, c, job)
		if err != nil {
			return err
		}
		for _, run := range runs {
			if err := s.deleteRun(ctx, c, attempt{job, run}); err != nil {
				return err
			}
		}
		n = len(runs)
		return nil
	})
	return n, explain(s.path, "deleting the rows of killed runs from", err)
}

func orphansBefore() string { return table.TimeOf(time.Now().Add(-orphanAge)).String() }

func orphans(ctx context.Context, c *sql.Conn, job string) ([]string, error) {
	rows, err := c.QueryContext(ctx, `SELECT run FROM attempts WHERE job = ?1 AND wrote_at < ?2
		AND run NOT IN (SELECT run FROM runs_eligible WHERE job = ?1)`, job, orphansBefore())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var runs []string
	for rows.Next() {
		var run string
		if err := rows.Scan(&run); err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, rows.Err()
}

// deleteRun deletes every row of a run.
func (s *Store) deleteRun(ctx context.Context, c *sql.Conn, a attempt) error {
	for _, schema := range table.Schemas() {
		if _, err := c.ExecContext(ctx, "DELETE FROM "+schema.Name+" WHERE job = ? AND run = ?", a.job, a.run); err != nil {
			return err
		}
	}
	_, err := c.ExecContext(ctx, "DELETE FROM attempts WHERE job = ? AND run = ?", a.job, a.run)
	delete(s.noted, a)
	return err
}

// Discard deletes the rows of a batch run that failed. It refuses a run that
// the views show: one that was committed, or a streaming one. Without a file
// there is nothing to do.
func Discard(path, job, run string) error {
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return nil
	}
	s, err := Open(path)
	if err != nil {
		return err
	}
	s.mu.Lock()
	err = s.transaction(context.Background(), func(ctx context.Context, c *sql.Conn) error {
		var n int
		err := c.QueryRowContext(ctx, "SELECT count(*) FROM runs_eligible WHERE job = ? AND run = ?", job, run).Scan(&n)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("run %s of job %s has been committed, or is streaming", run, job)
		}
		return s.deleteRun(ctx, c, attempt{job, run})
	})
	s.mu.Unlock()
	if err := s.Close(); err != nil {
		return err
	}
	return explain(path, "discarding a run from", err)
}
