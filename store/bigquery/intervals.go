package bigquerystore

import (
	"context"
	"errors"
	"iter"
	"time"

	"crest/store"
	"crest/table"
)

// within selects the rows of an interval.
func within(in store.Interval) *selection {
	from, before := in.Starts()
	rows := starting(in.Job, from, before).where("segment", in.Segment)
	if in.WindowSeconds > 0 {
		return rows.where("window_seconds", in.WindowSeconds)
	}
	rows.conditions = append(rows.conditions, "window_seconds > 0", "window_end <= @before")
	return rows
}

// Windows is store.Reader's.
func (r *Reader) Windows(ctx context.Context, of table.ID, in store.Interval) ([]store.Window, error) {
	windows, err := r.windows(ctx, of, in)
	return windows, r.explain("windows", err)
}

func (r *Reader) windows(ctx context.Context, of table.ID, in store.Interval) ([]store.Window, error) {
	if err := in.ValidateWindows(of); err != nil {
		return nil, err
	}
	view, path, groups, total := of.String()+"_latest", "path", "path, ", "total"
	rows := within(in)
	switch {
	case of == table.CountTable:
		path, groups, total = "'exact'", "", "`count`"
	case in.Path == "":
		view = "topk_best"
	default:
		rows.where("path", in.Path)
	}
	type windowRow struct {
		Path    string
		Seconds int64
		Start   time.Time
		Weight  int64
	}
	sql := "SELECT " + path + " AS path, window_seconds AS seconds, window_start AS start, SUM(" + total + ") AS weight FROM " + view + rows.String() +
		" GROUP BY " + groups + "window_seconds, window_start ORDER BY window_seconds, window_start LIMIT @limit"
	var found []store.Window
	err := each(ctx, r, ask("windows", sql, append(rows.params, param("limit", store.MaxWindows+1))...), func(row *windowRow) (bool, error) {
		n, err := weight(row.Weight)
		found = append(found, store.Window{Path: row.Path, WindowSeconds: row.Seconds, WindowStart: table.TimeOf(row.Start), Total: n})
		return true, err
	})
	if err != nil {
		return nil, err
	}
	return store.TumblingOf(found)
}

// Lists is store.Reader's. Its deadline is that of the whole sequence.
func (r *Reader) Lists(ctx context.Context, in store.Interval) iter.Seq2[table.TopK, error] {
	return func(yield func(table.TopK, error) bool) {
		err := in.Validate(table.TopKTable)
		if err == nil {
			rows, view := within(in), "topk_best"
			if in.Path != "" {
				rows.where("path", in.Path)
				view = "topk_latest"
			}
			q := ask("lists", "SELECT "+listColumns+" FROM "+view+rows.String()+" ORDER BY window_start", rows.params...)
			err = each(ctx, r, q, func(row *listRow) (bool, error) {
				t, err := row.list(table.TopK{Job: in.Job, Segment: in.Segment, WindowSeconds: in.WindowSeconds})
				return err == nil && yield(t, nil), err
			})
		}
		if err != nil {
			yield(table.TopK{}, r.explain("lists", err))
		}
	}
}

// Counts is store.Reader's.
func (r *Reader) Counts(ctx context.Context, in store.Interval, k int) (store.Counts, error) {
	c, err := r.counts(ctx, in, k)
	if err != nil {
		return store.Counts{}, r.explain("counts", err)
	}
	return c, nil
}

func (r *Reader) counts(ctx context.Context, in store.Interval, k int) (c store.Counts, err error) {
	if err := errors.Join(in.Validate(table.CountTable), store.ValidateItems(k)); err != nil {
		return c, err
	}
	type itemRow struct {
		Item   string
		Weight int64
	}
	type countsRow struct {
		Weight, Items int64
		Top           []itemRow
	}
	rows := within(in)
	sql := "SELECT IFNULL(CAST(SUM(weight) AS INT64), 0) AS weight, COUNT(*) AS items, ARRAY_AGG(STRUCT(item AS item, weight AS weight) ORDER BY weight DESC, item LIMIT @k) AS top\n" +
		"FROM (SELECT item, CAST(SUM(`count`) AS INT64) AS weight FROM counts_latest" + rows.String() + " GROUP BY item)"
	err = each(ctx, r, ask("counts", sql, append(rows.params, param("k", k))...), func(row *countsRow) (bool, error) {
		c.Distinct = row.Items
		var err error
		c.Total, err = weight(row.Weight)
		for _, top := range row.Top {
			n, bad := weight(top.Weight)
			err = errors.Join(err, bad)
			c.Items = append(c.Items, store.ItemCount{Item: top.Item, Count: n})
		}
		return false, err
	})
	return c, err
}
