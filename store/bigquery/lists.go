package bigquerystore

import (
	"context"
	"errors"
	"time"

	bq "cloud.google.com/go/bigquery"

	"crest/store"
	"crest/table"
)

// listColumns are what a listRow has.
const listColumns = "run, path, window_start, window_end, revision, total, items, written_at"

type listRow struct {
	Run         string    `bigquery:"run"`
	Path        string    `bigquery:"path"`
	WindowStart time.Time `bigquery:"window_start"`
	WindowEnd   time.Time `bigquery:"window_end"`
	Revision    int64     `bigquery:"revision"`
	Total       int64     `bigquery:"total"`
	Items       []listItem
	WrittenAt   time.Time `bigquery:"written_at"`
}

type listItem struct {
	Rank    int64  `bigquery:"rank"`
	Item    string `bigquery:"item"`
	Count   int64  `bigquery:"count"`
	Lower   int64  `bigquery:"lower"`
	Upper   int64  `bigquery:"upper"`
	Certain bool   `bigquery:"certain"`
}

// list completes t, which has what the question said, with what a row says.
func (r *listRow) list(t table.TopK) (table.TopK, error) {
	t.Run, t.Path = r.Run, r.Path
	t.WindowStart, t.WindowEnd, t.WrittenAt = table.TimeOf(r.WindowStart), table.TimeOf(r.WindowEnd), table.TimeOf(r.WrittenAt)
	var errs [5]error
	t.Revision, errs[0] = weight(r.Revision)
	t.Total, errs[1] = weight(r.Total)
	for _, it := range r.Items {
		item := table.Item{Rank: it.Rank, Item: it.Item, Certain: it.Certain}
		item.Count, errs[2] = weight(it.Count)
		item.Lower, errs[3] = weight(it.Lower)
		item.Upper, errs[4] = weight(it.Upper)
		if err := errors.Join(errs[:]...); err != nil {
			return t, err
		}
		t.Items = append(t.Items, item)
	}
	return t, errors.Join(errs[:]...)
}

// List is store.Reader's.
func (r *Reader) List(ctx context.Context, s store.Select, segment string) (table.TopK, bool, error) {
	t, ok, err := r.list(ctx, s, segment)
	return t, ok, r.explain("a list", err)
}

func (r *Reader) list(ctx context.Context, s store.Select, segment string) (found table.TopK, ok bool, err error) {
	at, ok, err := r.at(ctx, s, &segment)
	if err != nil || !ok {
		return found, false, err
	}
	ok = false
	source, rows := of(s, at, at+1)
	sql := oneOfEach(listColumns, source, rows.where("segment", segment)) + " ORDER BY run DESC, path LIMIT 1"
	err = each(ctx, r, ask("list", sql, rows.params...), func(row *listRow) (bool, error) {
		ok = true
		found, err = row.list(table.TopK{Job: s.Job, Segment: segment, WindowSeconds: s.WindowSeconds})
		return false, err
	})
	if err != nil {
		return table.TopK{}, false, err
	}
	return found, ok, nil
}

// at returns the start of the window that s means: the newest one where it says
// none. Windows are looked for from where a live run has closed them, and
// where there is none, everywhere.
func (r *Reader) at(ctx context.Context, s store.Select, segment *string) (table.Time, bool, error) {
	switch {
	case s.At != nil:
		return *s.At, true, nil
	case s.WindowSeconds == 0:
		return table.AllStart, true, nil
	}
	froms := []table.Time{table.MinTime}
	if s.Run == "" {
		closed, ok, err := r.closedThrough(ctx, s.Job, s.WindowSeconds)
		if err != nil {
			return 0, false, err
		}
		if last := closed - table.Time(s.WindowSeconds)*1000; ok && last > table.MinTime {
			froms = []table.Time{last, table.MinTime}
		}
	}
	for _, from := range froms {
		source, rows := of(s, from, table.MaxTime)
		if segment != nil {
			rows.where("segment", *segment)
		}
		at, ok, err := r.start(ctx, ask("newest", "SELECT MAX(window_start) AS start FROM "+source+rows.String(), rows.params...))
		if err != nil || ok {
			return at, ok, err
		}
	}
	return 0, false, nil
}

// start runs a query for one time, which may be NULL.
func (r *Reader) start(ctx context.Context, q query) (at table.Time, ok bool, err error) {
	err = each(ctx, r, q, func(row *struct{ Start bq.NullTimestamp }) (bool, error) {
		at, ok = table.TimeOf(row.Start.Timestamp), row.Start.Valid
		return false, nil
	})
	if !ok {
		at = 0
	}
	return at, ok, err
}

// Heaviest is store.Reader's.
func (r *Reader) Heaviest(ctx context.Context, s store.Select) (table.Time, bool, error) {
	from, before := table.MinTime, table.MaxTime
	if s.At != nil {
		from, before = *s.At, *s.At+1
	}
	source, rows := of(s, from, before)
	at, ok, err := r.start(ctx, ask("heaviest", "SELECT window_start AS start FROM ("+oneOfEach("window_start, total", source, rows)+
		") GROUP BY window_start ORDER BY SUM(total) DESC, window_start DESC LIMIT 1", rows.params...))
	return at, ok, r.explain("the heaviest window", err)
}

// Segments is store.Reader's.
func (r *Reader) Segments(ctx context.Context, s store.Select, limit int) ([]store.SegmentTotal, error) {
	segments, err := r.segments(ctx, s, limit)
	return segments, r.explain("segments", err)
}

func (r *Reader) segments(ctx context.Context, s store.Select, limit int) (segments []store.SegmentTotal, err error) {
	at, ok, err := r.at(ctx, s, nil)
	if err != nil || !ok {
		return nil, err
	}
	source, rows := of(s, at, at+1)
	sql := "SELECT segment, total, items[SAFE_OFFSET(0)] AS top FROM " + source + rows.String() +
		" QUALIFY ROW_NUMBER() OVER (PARTITION BY segment ORDER BY total DESC, path) = 1 ORDER BY total DESC, segment LIMIT @limit"
	type segmentRow struct {
		Segment string
		Total   int64
		Top     *listItem
	}
	err = each(ctx, r, ask("segments", sql, append(rows.params, param("limit", limit))...), func(row *segmentRow) (bool, error) {
		t := store.SegmentTotal{Segment: row.Segment, WindowStart: at}
		var errs [3]error
		t.Total, errs[0] = weight(row.Total)
		if row.Top != nil {
			t.Top = row.Top.Item
			t.TopCount, errs[1] = weight(row.Top.Count)
			t.TopLower, errs[2] = weight(row.Top.Lower)
		}
		segments = append(segments, t)
		return true, errors.Join(errs[:]...)
	})
	return segments, err
}

// WindowSizes is store.Reader's.
func (r *Reader) WindowSizes(ctx context.Context, s store.Select) (sizes []store.WindowSize, err error) {
	rows, source := anyTime(s.Job), "topk_latest"
	if s.Run != "" {
		rows.where("run", s.Run)
		source = table.TopKTable.String()
	}
	if s.Path != "" {
		rows.where("path", s.Path)
	}
	type sizeRow struct {
		Path     string
		Seconds  int64
		Windows  int64
		Segments int64
		Oldest   time.Time
		Newest   time.Time
	}
	sql := `SELECT path, window_seconds AS seconds, COUNT(DISTINCT window_start) AS windows, COUNT(DISTINCT segment) AS segments,
  MIN(window_start) AS oldest, MAX(window_start) AS newest FROM ` + source + rows.String() +
		" GROUP BY path, window_seconds ORDER BY path, window_seconds = 0, window_seconds"
	err = each(ctx, r, ask("window-sizes", sql, rows.params...), func(row *sizeRow) (bool, error) {
		sizes = append(sizes, store.WindowSize{Path: row.Path, WindowSeconds: row.Seconds, Windows: row.Windows, Segments: row.Segments,
			Oldest: table.TimeOf(row.Oldest), Newest: table.TimeOf(row.Newest)})
		return true, nil
	})
	return sizes, r.explain("window sizes", err)
}
