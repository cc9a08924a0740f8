// Package bigquery writes Crest's tables into a BigQuery dataset: live, each row
// as soon as it is made; in batch, all rows of a table at one instant.
//
// Whichever it is, only views decide which rows count (docs/format/tables.md). So
// a batch run is seen whole, from the moment that its row in runs is written, or
// not at all; and a row that is written twice counts once.
package bigquery

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/bigquery"
	"crest/metrics"
	"crest/table"
	_ "crest/table/rowcoder" // the coder of table.Row
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[liveFn]())
	register.Emitter1[int64]()
}

var rowsRefused = metrics.NewCounter("bigquery_rows_refused_total", "Rows that BigQuery did not take; each is in the table rejects.")

// Config says what is written where.
type Config struct {
	Target bigquery.Target
	// Live is for rows that never end. Each bundle is written before it is committed,
	// to the default streams of the Storage Write API.
	Live bool
	// Writers is how many streams a table is written through in batch, at least 1 and
	// at most 100: more are committed in several steps.
	Writers int
}

// Write writes a PCollection of table.Row into a dataset that has been prepared
// (bigquery.Client.Prepare). It returns a PCollection<int64> in the global window
// with a number of rows for each step: whoever waits for all of them knows that
// the rows can be read.
//
// A batch run's row of runs must come last, behind such a wait: it is what makes
// the run visible.
func Write(s beam.Scope, cfg Config, rows beam.PCollection) beam.PCollection {
	s = s.Scope("bigquery.Write")
	rows = beam.WindowInto(s, window.NewGlobalWindows(), rows)
	if cfg.Live {
		return beam.ParDo(s, &liveFn{Target: cfg.Target}, rows)
	}
	return writeBatch(s, cfg, rows)
}

// clients are those of this process, which all bundles share. They end with it.
var clients = struct {
	sync.Mutex
	of map[bigquery.Target]*bigquery.Client
}{of: make(map[bigquery.Target]*bigquery.Client)}

func client(ctx context.Context, t bigquery.Target) (*bigquery.Client, error) {
	clients.Lock()
	defer clients.Unlock()
	if c := clients.of[t]; c != nil {
		return c, nil
	}
	c, err := bigquery.Open(ctx, t)
	if err == nil {
		clients.of[t] = c
	}
	return c, err
}

const (
	// maxRows and maxBytes bound what a bundle buffers before it is written.
	maxRows  = 16 << 10
	maxBytes = 8 << 20
)

// liveFn writes rows in batches within a bundle.
type liveFn struct {
	Target bigquery.Target

	client *bigquery.Client
	buffer table.Buffer
}

// Setup connects.
func (f *liveFn) Setup(ctx context.Context) (err error) {
	f.client, err = client(ctx, f.Target)
	return err
}

// StartBundle forgets what a failed bundle has left.
func (f *liveFn) StartBundle(context.Context, func(int64)) error {
	f.buffer.Reset()
	return nil
}

// ProcessElement buffers a row.
func (f *liveFn) ProcessElement(ctx context.Context, row table.Row, _ func(int64)) error {
	if !f.buffer.Add(row, maxRows, maxBytes) {
		return nil
	}
	return f.flush(ctx)
}

// FinishBundle writes what is left, and emits the number of rows.
func (f *liveFn) FinishBundle(ctx context.Context, emit func(int64)) error {
	if err := f.flush(ctx); err != nil {
		return err
	}
	if f.buffer.Count > 0 {
		emit(f.buffer.Count)
	}
	return nil
}

func (f *liveFn) flush(ctx context.Context) error {
	if len(f.buffer.Rows) == 0 {
		return nil
	}
	if err := f.client.Append(ctx, f.buffer.Rows); err != nil {
		return fmt.Errorf("writing %d rows: %w", len(f.buffer.Rows), err)
	}
	rowsRefused.Add(ctx, f.client.TakeRefused())
	f.buffer.Written()
	return nil
}
