package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"crest/table"
)

// Reader answers what a report on the command line asks. It only reads, also
// while a pipeline writes.
type Reader struct {
	path string
	db   *sql.DB
}

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

// Select says which lists are meant.
type Select struct {
	Job string
	// Run restricts to one run's lists, committed or not. Where it is empty
	// the lists that count are meant (the view topk_latest).
	Run string
	// Path is table.Fast or table.Exact; empty for the best there is (the view
	// topk_best; together with Run the exact one where there are two).
	Path string
	// WindowSeconds is the size of the window, 0 for the one over everything.
	WindowSeconds int64
	// At is the window's start; nil means the newest window.
	At *table.Time
}

// from returns what lists are selected from, as SQL up to the conditions, and
// the parameters.
func (s Select) from() (string, []any) {
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
func (r *Reader) List(ctx context.Context, s Select, segment string) (table.TopK, bool, error) {
	from, args := s.from()
	t := table.TopK{Job: s.Job, Segment: segment, WindowSeconds: s.WindowSeconds}
	var start, end, written, items string
	err := r.db.QueryRowContext(ctx, `SELECT run, path, window_start, window_end, revision, total, items, written_at`+from+
		` AND segment = ? ORDER BY window_start DESC, run DESC, path LIMIT 1`, append(args, segment)...).
		Scan(&t.Run, &t.Path, &start, &end, &t.Revision, &t.Total, &items, &written)
	if errors.Is(err, sql.ErrNoRows) {
		return table.TopK{}, false, nil
	}
	if err == nil {
		err = errors.Join(parse(start, &t.WindowStart), parse(end, &t.WindowEnd), parse(written, &t.WrittenAt),
			json.Unmarshal([]byte(items), &t.Items))
	}
	return t, err == nil, r.explain("a list", err)
}

// Heaviest returns the start of the window with the largest total over all
// segments, the newest of those that tie; false where there is no window.
func (r *Reader) Heaviest(ctx context.Context, s Select) (table.Time, bool, error) {
	from, args := s.from()
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

// SegmentTotal is a segment and its weight in one window.
type SegmentTotal struct {
	Segment            string
	WindowStart        table.Time
	Total              uint64
	Top                string // its first item, empty where it has none
	TopCount, TopLower uint64
}

// Segments returns the segments of one window, heaviest first, at most limit.
func (r *Reader) Segments(ctx context.Context, s Select, limit int) ([]SegmentTotal, error) {
	from, args := s.from()
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
		from, args = s.from()
	}
	rows, err := r.db.QueryContext(ctx, `SELECT segment, max(total), coalesce(json_extract(items, '$[0].item'), ''),
		coalesce(json_extract(items, '$[0].count'), 0), coalesce(json_extract(items, '$[0].lower'), 0)`+from+
		` GROUP BY segment ORDER BY 2 DESC, segment LIMIT ?`, append(args, limit)...)
	return collect(r, "segments", rows, err, func(rows *sql.Rows, t *SegmentTotal) error {
		t.WindowStart = *s.At
		return rows.Scan(&t.Segment, &t.Total, &t.Top, &t.TopCount, &t.TopLower)
	})
}

// WindowSize sums up the lists of one size of window on one path.
type WindowSize struct {
	Path          string
	WindowSeconds int64
	Windows       int64 // windows with a list
	Segments      int64 // segments in them
	Oldest        table.Time
	Newest        table.Time // starts of the first and the last window
}

// WindowSizes returns the sizes of window that there are lists of. Of s only
// Job, Run and Path matter.
func (r *Reader) WindowSizes(ctx context.Context, s Select) ([]WindowSize, error) {
	q, args := " FROM topk_latest WHERE job = ?", []any{s.Job}
	if s.Run != "" {
		q, args = " FROM topk WHERE job = ? AND run = ?", append(args, s.Run)
	}
	if s.Path != "" {
		q, args = q+" AND path = ?", append(args, s.Path)
	}
	rows, err := r.db.QueryContext(ctx, `SELECT path, window_seconds, count(DISTINCT window_start), count(DISTINCT segment),
		min(window_start), max(window_start)`+q+` GROUP BY path, window_seconds ORDER BY path, window_seconds = 0, window_seconds`, args...)
	return collect(r, "window sizes", rows, err, func(rows *sql.Rows, w *WindowSize) error {
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
