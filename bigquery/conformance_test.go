//go:build real && unix

package bigquery

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	bq "cloud.google.com/go/bigquery"

	"crest/realtest"
	"crest/table"
	"crest/table/tabletest"
)

// suiteStore is a dataset, which is read by queries and written by default streams.
type suiteStore struct{ *Client }

func (s suiteStore) Write(ctx context.Context, rows []table.Row) error { return s.Append(ctx, rows) }

func (s suiteStore) Query(ctx context.Context, view string, columns ...string) ([][]string, error) {
	rows, err := s.query(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM `"+s.target.String()+"."+view+"`")
	if err != nil {
		return nil, err
	}
	all := make([][]string, len(rows))
	for i, row := range rows {
		for _, v := range row {
			all[i] = append(all[i], textOf(v))
		}
	}
	return all, nil
}

// textOf is a value as tabletest wants it.
func textOf(v bq.Value) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "1"
		}
		return "0"
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return table.TimeOf(v).String()
	}
	return fmt.Sprint(v)
}

// TestRealConformance runs the suite that every store passes, each scenario in a
// dataset of its own.
func TestRealConformance(t *testing.T) {
	e := realtest.BigQuery(t)
	var n atomic.Int64
	tabletest.Run(t, func(t *testing.T) tabletest.Store {
		return suiteStore{prepared(t, target(e, fmt.Sprint("suite", n.Add(1))))}
	})
}

// TestRealObjects makes views and functions anew where they are another version's,
// and leaves alone those that are not.
func TestRealObjects(t *testing.T) {
	e := realtest.BigQuery(t)
	c := prepared(t, target(e, "objects"))
	made := func(name string) time.Time {
		t.Helper()
		m, err := c.rest.Dataset("objects").Table(name).Metadata(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return m.LastModifiedTime
	}
	before := made("topk_latest")
	if _, err := c.query(t.Context(), "CREATE OR REPLACE VIEW `"+c.target.String()+".topk_best` AS SELECT 1 AS one"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.query(t.Context(), "DROP TABLE FUNCTION `"+c.target.String()+".rising`"); err != nil {
		t.Fatal(err)
	}
	if err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !made("topk_latest").Equal(before) {
		t.Error("a view was made again that is this version's")
	}
	for _, sql := range []string{"SELECT COUNT(*) FROM topk_best WHERE exact", "SELECT COUNT(*) FROM `" + c.target.String() + ".rising`(TIMESTAMP '2026-01-31', 60, 5, 3)"} {
		if n := number(t, c, sql); n != 0 {
			t.Errorf("%s: %d", sql, n)
		}
	}
}

// TestRealTables makes the tables by templates/bigquery/tables.sql: Prepare takes
// them for its own.
func TestRealTables(t *testing.T) {
	c, err := Open(t.Context(), target(realtest.BigQuery(t), "made_by_hand"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.prepareDataset(t.Context()); err != nil {
		t.Fatal(err)
	}
	statements := strings.Split(strings.TrimSuffix(DDL(), ";\n"), ";\n\n")
	for i, s := range table.Schemas() {
		t.Run(s.Name, func(t *testing.T) {
			_, err := c.query(t.Context(), strings.ReplaceAll(statements[i], "${DATASET}", c.target.String()))
			if err != nil && s.ID == table.TopKTable {
				t.Skip(`the emulator has no NOT NULL within a STRUCT, which BigQuery has: Parser Error: syntax error at or near "NOT"`)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	if err := c.Prepare(t.Context()); err != nil {
		t.Error(err)
	}
}
