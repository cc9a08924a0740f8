package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"crest/table"
	"crest/table/tabletest"
)

// suiteStore reads with connections of its own, beside the writer's.
type suiteStore struct{ *Store }

func (s suiteStore) Query(ctx context.Context, view string, columns ...string) ([][]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+view)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all [][]string
	for rows.Next() {
		vals := make([]any, len(columns))
		text := make([]string, len(columns))
		for i := range vals {
			vals[i] = new(any)
		}
		if err := rows.Scan(vals...); err != nil {
			return nil, err
		}
		for i, v := range vals {
			if v := *v.(*any); v != nil {
				text[i] = fmt.Sprint(v)
			}
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func row[T table.Any](t testing.TB, v T) table.Row {
	t.Helper()
	r, err := table.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestViews(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) tabletest.Store {
		return suiteStore{open(t, filepath.Join(t.TempDir(), "crest.db"))}
	})
}
