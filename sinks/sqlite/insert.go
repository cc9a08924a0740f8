package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"crest/table"
)

// maxParams is how many values one statement binds: the driver's time to bind
// them grows with their square.
const maxParams = 128

// noteEvery is how often a run that writes is noted: well within orphanAge.
const noteEvery = time.Hour

// attempt is a run that writes.
type attempt struct{ job, run string }

// Write writes rows in one transaction: all of them or, with an error, none.
// A row whose key is in the table replaces that one, unless its version
// (table.Schema.Version) is less. It returns when the rows can be read.
func (s *Store) Write(ctx context.Context, rows []table.Row) error {
	batches, err := decode(rows)
	if err != nil {
		return explain(s.path, "writing to", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var noted []attempt
	err = s.transaction(ctx, func(ctx context.Context, c *sql.Conn) error {
		for id, b := range batches {
			if len(b) == 0 {
				continue
			}
			schema := table.ID(id).Schema()
			if err := s.insert(ctx, schema, b); err != nil {
				return err
			}
			if noted, err = s.note(ctx, c, schema, b, noted); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return explain(s.path, "writing to", err)
	}
	for _, a := range noted {
		s.noted[a] = time.Now()
	}
	return nil
}

// decode sorts rows out by table, as values for SQLite, and each table's by
// key: neighbours share pages.
func decode(rows []table.Row) ([][][]any, error) {
	n := len(table.Schemas()) + 1
	counts := make([]int, n)
	for _, r := range rows {
		if r.Table.Valid() {
			counts[r.Table]++
		}
	}
	batches := make([][][]any, n)
	for id, k := range counts {
		batches[id] = make([][]any, 0, k)
	}
	for _, r := range rows {
		vals, err := values(r)
		if err != nil {
			return nil, err
		}
		batches[r.Table] = append(batches[r.Table], vals)
	}
	for id, b := range batches {
		if len(b) > 1 {
			sortByKey(table.ID(id).Schema(), b)
		}
	}
	return batches, nil
}

// values are a row's, as SQLite takes them.
func values(r table.Row) ([]any, error) {
	var dst []any
	if r.Table.Valid() {
		dst = make([]any, 0, len(r.Table.Schema().Columns))
	}
	vals, err := r.Values(dst)
	if err != nil {
		return nil, err
	}
	for i, v := range vals {
		switch v := v.(type) {
		case table.Time:
			vals[i] = v.String()
		case table.Records:
			vals[i] = string(v.AppendJSON(nil))
		}
	}
	return vals, nil
}

// sortByKey sorts by key; of rows with the same key the later one stays behind,
// and wins if its version is not less.
func sortByKey(s *table.Schema, rows [][]any) {
	key := make([]int, len(s.Key))
	for i, name := range s.Key {
		key[i] = s.Index(name)
	}
	type place struct {
		row []any
		n   int
	}
	places := make([]place, len(rows))
	for i, r := range rows {
		places[i] = place{r, i}
	}
	slices.SortFunc(places, func(a, b place) int {
		for _, k := range key {
			if c := compare(a.row[k], b.row[k]); c != 0 {
				return c
			}
		}
		return a.n - b.n
	})
	for i, p := range places {
		rows[i] = p.row
	}
}

// compare orders two values of one key column.
func compare(a, b any) int {
	if a, ok := a.(string); ok {
		return strings.Compare(a, b.(string))
	}
	return cmp.Compare(a.(int64), b.(int64))
}

// insert writes rows of one table, in statements of many and the rest in
// statements of one.
func (s *Store) insert(ctx context.Context, schema *table.Schema, rows [][]any) error {
	many := max(1, maxParams/len(schema.Columns))
	args := make([]any, 0, many*len(schema.Columns))
	for len(rows) > 0 {
		n := many
		if len(rows) < n {
			n = 1
		}
		args = args[:0]
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		rows = rows[n:]
		stmt, err := s.stmt(ctx, schema, n)
		if err != nil {
			return err
		}
		if _, err := stmt.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) stmt(ctx context.Context, schema *table.Schema, n int) (*sql.Stmt, error) {
	key := stmtKey{schema.ID, n}
	if stmt := s.stmts[key]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(ctx, upsert(schema, n))
	if err == nil {
		s.stmts[key] = stmt
	}
	return stmt, err
}

// note writes down that the runs which rows belong to are at work, unless it
// did so lately, and appends them to noted.
func (s *Store) note(ctx context.Context, c *sql.Conn, schema *table.Schema, rows [][]any, noted []attempt) ([]attempt, error) {
	job, run := schema.Index("job"), schema.Index("run")
	var last attempt
	for _, r := range rows {
		a := attempt{r[job].(string), r[run].(string)}
		if a == last {
			continue
		}
		last = a
		if time.Since(s.noted[a]) < noteEvery || slices.Contains(noted, a) {
			continue
		}
		_, err := c.ExecContext(ctx, `INSERT INTO attempts (job, run, wrote_at) VALUES (?, ?, ?)
			ON CONFLICT (job, run) DO UPDATE SET wrote_at = excluded.wrote_at`,
			a.job, a.run, table.TimeOf(time.Now()).String())
		if err != nil {
			return noted, err
		}
		noted = append(noted, a)
	}
	return noted, nil
}
