//go:build real && unix

package bigquerystore

import (
	"context"
	"errors"
	"testing"

	"crest/bigquery"
	"crest/realtest"
	"crest/store/storetest"
	"crest/table"
)

func TestRealReader(t *testing.T) {
	e := realtest.BigQuery(t)
	target := bigquery.Target{Project: e.Project, Dataset: "d", Endpoint: e.Endpoint, StorageEndpoint: e.StorageEndpoint}
	c, err := bigquery.Open(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Prepare(t.Context()), c.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), target, DefaultMaxBytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	storetest.Run(t, func(t *testing.T) storetest.Database {
		for _, s := range table.Schemas() {
			if _, err := r.run(t.Context(), ask("empty", "DELETE FROM `"+s.Name+"` WHERE TRUE")); err != nil {
				t.Fatalf("emptying %s: %v", s.Name, err)
			}
		}
		return storetest.Database{Reader: r, Write: func(ctx context.Context, rows []table.Row) error { return appendAlone(ctx, target, rows) }}
	})
}

// appendAlone appends with a client of its own: of the streams that are open at
// once, the emulator serves a few more than there are CPUs.
func appendAlone(ctx context.Context, target bigquery.Target, rows []table.Row) error {
	c, err := bigquery.Open(ctx, target)
	if err != nil {
		return err
	}
	return errors.Join(c.Append(ctx, rows), c.Close())
}
