//go:build real && unix

package bigquery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	bq "cloud.google.com/go/bigquery"

	"crest/realtest"
	"crest/table"
)

// target is a dataset of an emulator.
func target(e realtest.BigQueryServer, dataset string) Target {
	return Target{Project: e.Project, Dataset: dataset, Endpoint: e.Endpoint, StorageEndpoint: e.StorageEndpoint}
}

// prepared is a client of a dataset that is ready.
func prepared(t *testing.T, target Target) *Client {
	t.Helper()
	c, err := Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// query returns the rows of a query.
func (c *Client) query(ctx context.Context, sql string) ([][]bq.Value, error) {
	rows, _, err := c.queryNamed(ctx, sql)
	return rows, err
}

// queryNamed returns the rows of a query, and the names of their columns.
func (c *Client) queryNamed(ctx context.Context, sql string) (rows [][]bq.Value, names []string, err error) {
	return realtest.Query(ctx, c.rest, c.target.Dataset, sql)
}

func number(t *testing.T, c *Client, sql string) int64 {
	t.Helper()
	rows, err := c.query(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	n, ok := rows[0][0].(int64)
	if !ok {
		t.Fatalf("%s: %v", sql, rows)
	}
	return n
}

func lists(t *testing.T, run string, from, to int) (rows []table.Row) {
	t.Helper()
	for i := from; i < to; i++ {
		row, err := table.Encode(table.TopK{Job: "j", Run: run, Path: table.Fast, Segment: fmt.Sprint("s", i), WindowStart: 1769900400000, WindowEnd: 1769900460000,
			WindowSeconds: 60, Revision: uint64(i), Total: uint64(i), WrittenAt: table.TimeOf(time.Now()),
			Items: []table.Item{{Rank: 1, Item: "ü\"\\\n", Count: 9, Lower: 8, Upper: 10, Certain: true}, {Rank: 2, Count: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestRealAppend(t *testing.T) {
	e := realtest.BigQuery(t)
	c := prepared(t, target(e, "append"))
	if err := c.Append(t.Context(), lists(t, "r1", 0, 3000)); err != nil {
		t.Fatal(err)
	}
	if n := number(t, c, `SELECT count(*) FROM topk`); n != 3000 {
		t.Errorf("%d rows", n)
	}
	rows, err := c.query(t.Context(), `SELECT job, segment, window_start, total, items FROM topk WHERE segment = 's7'`)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(rows), `[[j s7 2026-01-31 23:00:00 +0000 UTC 7 [[1 ü"\`+"\n"+` 9 8 10 true] [2  1 0 0 false]]]]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	prepared(t, c.target) // what is there is what is wanted
}

func TestRealPending(t *testing.T) {
	e := realtest.BigQuery(t)
	c := prepared(t, target(e, "pending"))
	var streams []string
	for i := range 3 {
		p, err := c.Pend(t.Context(), table.TopKTable)
		if err != nil {
			t.Fatal(err)
		}
		for j := range 4 {
			if _, err := p.Append(t.Context(), lists(t, "r1", 1000*i+100*j, 1000*i+100*j+100)); err != nil {
				t.Fatal(err)
			}
		}
		name, n, err := p.Finalize(t.Context())
		if err != nil || n != 400 {
			t.Fatalf("%d rows: %v", n, err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		streams = append(streams, name)
	}
	const count = `SELECT count(*) FROM topk`
	if n := number(t, c, count); n != 0 {
		t.Errorf("%d rows are seen before the commit", n)
	}
	for range 2 { // the second time they are committed already
		if err := c.Commit(t.Context(), table.TopKTable, streams); err != nil {
			t.Fatal(err)
		}
		if n := number(t, c, count); n != 1200 {
			t.Errorf("%d rows", n)
		}
	}
}

// TestRealPrepare prepares datasets whose tables are older, or somebody else's.
func TestRealPrepare(t *testing.T) {
	e := realtest.BigQuery(t)
	runs, topk := fields(table.RunTable.Schema().Columns), fields(table.TopKTable.Schema().Columns)
	with := func(dataset, name string, schema bq.Schema) *Client {
		t.Helper()
		c, err := Open(t.Context(), target(e, dataset))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if err := c.prepareDataset(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.rest.Dataset(dataset).Table(name).Create(t.Context(), &bq.TableMetadata{Schema: schema}); err != nil {
			t.Fatal(err)
		}
		return c
	}
	older := with("older", "runs", runs[:len(runs)-1])
	if err := older.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	m, err := older.rest.Dataset("older").Table("runs").Metadata(t.Context())
	if err != nil || len(m.Schema) != len(runs) || m.Schema[len(runs)-1].Name != "hash_seed" {
		t.Errorf("the column hash_seed was not added: %v", err)
	}
	for _, test := range []struct {
		dataset string
		schema  bq.Schema
		want    string
	}{
		{"theirs", bq.Schema{{Name: "job", Type: bq.IntegerFieldType, Required: true}}, "topk.job is INTEGER, not STRING"},
		{"lacking", topk[1:], "topk.job is missing"},
		{"demanding", append(slices.Clone(topk), &bq.FieldSchema{Name: "more", Type: bq.StringFieldType, Required: true}), "topk.more is required, and unknown to this version"},
	} {
		err := with(test.dataset, "topk", test.schema).Prepare(t.Context())
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "choose another dataset") {
			t.Errorf("%s: %v", test.dataset, err)
		}
	}
}
