package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"crest/store"
	"crest/table"
)

// within returns the conditions of an interval on a view with an index by size,
// segment and start, and their parameters.
func within(in store.Interval) (string, []any) {
	from, before := in.Starts()
	q, args := " job = ? AND segment = ? AND window_start >= ? AND window_start < ?",
		[]any{in.Job, in.Segment, from.String(), before.String()}
	if in.WindowSeconds > 0 {
		return " WHERE window_seconds = ? AND" + q, append([]any{in.WindowSeconds}, args...)
	}
	return " WHERE window_seconds > 0 AND window_end <= ? AND" + q, append([]any{before.String()}, args...)
}

// Windows is store.Reader's.
func (r *Reader) Windows(ctx context.Context, of table.ID, in store.Interval) ([]store.Window, error) {
	if err := in.ValidateWindows(of); err != nil {
		return nil, r.explain("windows", err)
	}
	view, path, total := of.String()+"_latest", "path", "sum(total)"
	where, args := within(in)
	switch {
	case of == table.CountTable:
		path, total = "'exact'", "sum(count)"
	case in.Path == "":
		view = "topk_best"
	default:
		where, args = where+" AND path = ?", append(args, in.Path)
	}
	rows, err := r.db.QueryContext(ctx, "SELECT "+path+", window_seconds, window_start, "+total+" FROM "+view+where+
		" GROUP BY 1, 2, 3 ORDER BY 2, 3 LIMIT ?", append(args, store.MaxWindows+1)...)
	found, err := collect(r, "windows", rows, err, func(rows *sql.Rows, w *store.Window) error {
		var start string
		err := rows.Scan(&w.Path, &w.WindowSeconds, &start, &w.Total)
		return errors.Join(err, parse(start, &w.WindowStart))
	})
	if err != nil {
		return nil, err
	}
	windows, err := store.TumblingOf(found)
	return windows, r.explain("windows", err)
}

// Lists is store.Reader's.
func (r *Reader) Lists(ctx context.Context, in store.Interval) iter.Seq2[table.TopK, error] {
	where, args := within(in)
	from := " FROM topk_best"
	if in.Path != "" {
		from, where, args = " FROM topk_latest", where+" AND path = ?", append(args, in.Path)
	}
	return each(ctx, r, "lists", in.Validate(table.TopKTable), "SELECT "+listColumns+from+where+" ORDER BY window_start", args,
		func(rows *sql.Rows, t *table.TopK) error {
			t.Job, t.Segment, t.WindowSeconds = in.Job, in.Segment, in.WindowSeconds
			return scanList(rows.Scan, t)
		})
}

// listColumns are what scanList reads.
const listColumns = "run, path, window_start, window_end, revision, total, items, written_at"

func scanList(scan func(...any) error, t *table.TopK) error {
	var start, end, written, items string
	if err := scan(&t.Run, &t.Path, &start, &end, &t.Revision, &t.Total, &items, &written); err != nil {
		return err
	}
	if items != "[]" {
		if err := json.Unmarshal([]byte(items), &t.Items); err != nil {
			return err
		}
	}
	return errors.Join(parse(start, &t.WindowStart), parse(end, &t.WindowEnd), parse(written, &t.WrittenAt))
}

// Sketches is store.Reader's.
func (r *Reader) Sketches(ctx context.Context, in store.Interval) iter.Seq2[table.Sketch, error] {
	where, args := within(in)
	return each(ctx, r, "sketches", in.Validate(table.SketchTable), `SELECT run, window_start, window_end, shard, shards, revision, total,
		summary, written_at FROM sketches_latest`+where+" AND path = ? ORDER BY window_start, shard", append(args, in.Path),
		func(rows *sql.Rows, k *table.Sketch) error {
			k.Job, k.Path, k.Segment, k.WindowSeconds = in.Job, in.Path, in.Segment, in.WindowSeconds
			var start, end, written string
			err := rows.Scan(&k.Run, &start, &end, &k.Shard, &k.Shards, &k.Revision, &k.Total, &k.Summary, &written)
			return errors.Join(err, parse(start, &k.WindowStart), parse(end, &k.WindowEnd), parse(written, &k.WrittenAt))
		})
}

// Counts is store.Reader's.
func (r *Reader) Counts(ctx context.Context, in store.Interval, k int) (store.Counts, error) {
	c, err := r.counts(ctx, in, k)
	return c, r.explain("counts", err)
}

func (r *Reader) counts(ctx context.Context, in store.Interval, k int) (store.Counts, error) {
	var c store.Counts
	if err := errors.Join(in.Validate(table.CountTable), store.ValidateItems(k)); err != nil {
		return c, err
	}
	where, args := within(in)
	rows, err := r.db.QueryContext(ctx, "SELECT item, sum(count), sum(sum(count)) OVER (), count(*) OVER () FROM counts_latest"+where+
		" GROUP BY item ORDER BY 2 DESC, item LIMIT ?", append(args, k)...)
	if err != nil {
		return c, err
	}
	defer rows.Close()
	for rows.Next() {
		var it store.ItemCount
		if err := rows.Scan(&it.Item, &it.Count, &c.Total, &c.Distinct); err != nil {
			return store.Counts{}, err
		}
		c.Items = append(c.Items, it)
	}
	return c, rows.Err()
}

// each gives the rows of a query's answer, one after another; wrong is an error of
// the question.
func each[T any](ctx context.Context, r *Reader, what string, wrong error, query string, args []any, scan func(*sql.Rows, *T) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if wrong != nil {
			yield(none, r.explain(what, wrong))
			return
		}
		rows, err := r.db.QueryContext(ctx, query, args...)
		if err != nil {
			yield(none, r.explain(what, err))
			return
		}
		defer rows.Close()
		for n := 1; rows.Next(); n++ {
			var v T
			if err := scan(rows, &v); err != nil {
				yield(none, r.explain(what, fmt.Errorf("row %d: %w", n, err)))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, r.explain(what, err))
		}
	}
}
