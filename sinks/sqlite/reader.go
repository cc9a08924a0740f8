package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"crest/store"
	"crest/table"
)

// Reader is the store.Reader of a file.
type Reader struct {
	path string
	db   *sql.DB
}

var _ store.Reader = (*Reader)(nil)

// OpenReader opens a file that Open has made.
func OpenReader(path string) (*Reader, error) {
	r := &Reader{path: path}
	if err := r.open(); err != nil {
		if r.db != nil {
			r.db.Close()
		}
		return nil, explain(path, "opening", err)
	}
	return r, nil
}

func (r *Reader) open() error {
	abs, err := filepath.Abs(r.path)
	if err != nil {
		return err
	}
	if _, err := os.Stat(abs); err != nil {
		return err
	}
	if err := checkFile(abs); err != nil {
		return err
	}
	r.db, err = sql.Open("sqlite", dsn(abs, url.Values{
		"mode": {"ro"}, "_pragma": {"busy_timeout(" + milliseconds(busyTimeout) + ")"},
	}))
	if err != nil {
		return err
	}
	conn, err := r.db.Conn(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	fresh, err := checkHeader(context.Background(), conn)
	if err == nil && fresh {
		err = errText("it is empty: nothing has been written to it yet")
	}
	return err
}

// Close closes the file.
func (r *Reader) Close() error { return explain(r.path, "closing", r.db.Close()) }

// selected returns what lists are selected from, as SQL up to the conditions, and
// the parameters.
func selected(s store.Select) (string, []any) {
	q, args := " FROM topk_latest t WHERE", []any{}
	switch {
	case s.Run != "":
		q, args = " FROM topk t WHERE run = ? AND", append(args, s.Run)
	case s.Path == "":
		q = " FROM topk_best t WHERE"
	}
	q, args = q+" job = ? AND window_seconds = ?", append(args, s.Job, s.WindowSeconds)
	if s.Path != "" {
		q, args = q+" AND path = ?", append(args, s.Path)
	}
	if s.At != nil {
		q, args = q+" AND window_start = ?", append(args, s.At.String())
	}
	return q, args
}

// List returns the list of one segment, false where there is none.
func (r *Reader) List(ctx context.Context, s store.Select, segment string) (table.TopK, bool, error) {
	from, args := selected(s)
	t := table.TopK{Job: s.Job, Segment: segment, WindowSeconds: s.WindowSeconds}
	err := scanList(r.db.QueryRowContext(ctx, "SELECT "+listColumns+from+
		" AND segment = ? ORDER BY window_start DESC, run DESC, path LIMIT 1", append(args, segment)...).Scan, &t)
	if errors.Is(err, sql.ErrNoRows) {
		return table.TopK{}, false, nil
	}
	return t, err == nil, r.explain("a list", err)
}

// Heaviest returns the start of the window with the largest total over all
// segments, the newest of those that tie; false where there is no window.
func (r *Reader) Heaviest(ctx context.Context, s store.Select) (table.Time, bool, error) {
	from, args := selected(s)
	var text string
	err := r.db.QueryRowContext(ctx, "SELECT window_start"+from+
		" GROUP BY window_start ORDER BY sum(total) DESC, window_start DESC LIMIT 1", args...).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	var start table.Time
	if err == nil {
		err = parse(text, &start)
	}
	return start, err == nil, r.explain("the heaviest window", err)
}

// Segments returns the segments of one window, heaviest first, at most limit.
func (r *Reader) Segments(ctx context.Context, s store.Select, limit int) ([]store.SegmentTotal, error) {
	from, args := selected(s)
	if s.At == nil {
		var newest sql.NullString
		err := r.db.QueryRowContext(ctx, "SELECT max(window_start)"+from, args...).Scan(&newest)
		if err != nil || !newest.Valid {
			return nil, r.explain("segments", err)
		}
		at, err := table.ParseTime(newest.String)
		if err != nil {
			return nil, r.explain("segments", err)
		}
		s.At = &at
		from, args = selected(s)
	}
	rows, err := r.db.QueryContext(ctx, `SELECT segment, max(total), coalesce(json_extract(items, '$[0].item'), ''),
		coalesce(json_extract(items, '$[0].count'), 0), coalesce(json_extract(items, '$[0].lower'), 0)`+from+
		` GROUP BY segment ORDER BY 2 DESC, segment LIMIT ?`, append(args, limit)...)
	return collect(r, "segments", rows, err, func(rows *sql.Rows, t *store.SegmentTotal) error {
		t.WindowStart = *s.At
		return rows.Scan(&t.Segment, &t.Total, &t.Top, &t.TopCount, &t.TopLower)
	})
}

// WindowSizes returns the sizes of window that there are lists of. Of s only
// Job, Run and Path matter.
func (r *Reader) WindowSizes(ctx context.Context, s store.Select) ([]store.WindowSize, error) {
	q, args := " FROM topk_latest WHERE job = ?", []any{s.Job}
	if s.Run != "" {
		q, args = " FROM topk WHERE job = ? AND run = ?", append(args, s.Run)
	}
	if s.Path != "" {
		q, args = q+" AND path = ?", append(args, s.Path)
	}
	rows, err := r.db.QueryContext(ctx, `SELECT path, window_seconds, count(DISTINCT window_start), count(DISTINCT segment),
		min(window_start), max(window_start)`+q+` GROUP BY path, window_seconds ORDER BY path, window_seconds = 0, window_seconds`, args...)
	return collect(r, "window sizes", rows, err, func(rows *sql.Rows, w *store.WindowSize) error {
		var oldest, newest string
		err := rows.Scan(&w.Path, &w.WindowSeconds, &w.Windows, &w.Segments, &oldest, &newest)
		return errors.Join(err, parse(oldest, &w.Oldest), parse(newest, &w.Newest))
	})
}

func parse(s string, t *table.Time) (err error) {
	*t, err = table.ParseTime(s)
	return err
}

func (r *Reader) explain(what string, err error) error {
	return explain(r.path, "reading "+what+" from", err)
}

// collect reads all rows of a query's answer.
func collect[T any](r *Reader, what string, rows *sql.Rows, err error, scan func(*sql.Rows, *T) error) ([]T, error) {
	if err != nil {
		return nil, r.explain(what, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, r.explain(what, fmt.Errorf("row %d: %w", len(all)+1, err))
		}
		all = append(all, v)
	}
	return all, r.explain(what, rows.Err())
}
