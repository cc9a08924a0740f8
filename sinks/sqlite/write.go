package sqlite

import (
	"context"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/table"
	_ "crest/table/rowcoder" // the coder of table.Row
)

const (
	// maxRows and maxBytes bound what a bundle buffers before it is written.
	// The more, the better rows that belong together are kept together.
	maxRows  = 32 << 10
	maxBytes = 16 << 20
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[writeFn]())
	register.Emitter1[int64]()
}

// Write writes a PCollection of table.Row into the file, which Open creates. It
// returns a PCollection<int64> in the global window with the number of rows of
// each bundle: whoever waits for all of them knows that the rows can be read.
//
// A batch run's row of runs must come last, behind such a wait: it is what
// makes the run visible. A program that opens the file before the pipeline
// runs finds out early what is wrong with it, and saves each bundle opening it.
func Write(s beam.Scope, path string, rows beam.PCollection) beam.PCollection {
	s = s.Scope("sqlite.Write")
	// FinishBundle emits into the global window.
	rows = beam.WindowInto(s, window.NewGlobalWindows(), rows)
	return beam.ParDo(s, &writeFn{Path: path}, rows)
}

// writeFn writes rows in batches within a bundle.
type writeFn struct {
	Path string

	store  *Store
	buffer table.Buffer
}

// StartBundle forgets what a failed bundle has left.
func (f *writeFn) StartBundle(context.Context, func(int64)) error {
	f.buffer.Reset()
	return nil
}

// ProcessElement buffers a row.
func (f *writeFn) ProcessElement(ctx context.Context, row table.Row, _ func(int64)) error {
	if !f.buffer.Add(row, maxRows, maxBytes) {
		return nil
	}
	return f.flush(ctx)
}

// FinishBundle writes what is left, and emits the number of rows.
func (f *writeFn) FinishBundle(ctx context.Context, emit func(int64)) error {
	if err := f.flush(ctx); err != nil {
		return err
	}
	if err := f.Teardown(); err != nil {
		return err
	}
	emit(f.buffer.Count)
	return nil
}

// Teardown closes the file where a failed bundle has left it open.
func (f *writeFn) Teardown() error {
	if f.store == nil {
		return nil
	}
	err := f.store.Close()
	f.store = nil
	return err
}

func (f *writeFn) flush(ctx context.Context) error {
	if len(f.buffer.Rows) == 0 {
		return nil
	}
	if f.store == nil {
		var err error
		if f.store, err = Open(f.Path); err != nil {
			return err
		}
	}
	if err := f.store.Write(ctx, f.buffer.Rows); err != nil {
		return err
	}
	for _, r := range f.buffer.Rows {
		if r.Table == table.RunTable {
			f.sweep(ctx, r)
		}
	}
	f.buffer.Written()
	return nil
}

// sweep cleans up behind killed runs once a batch run is committed. That it
// cannot is no reason to fail the run.
func (f *writeFn) sweep(ctx context.Context, row table.Row) {
	run, err := table.Decode[table.Run](row)
	if err != nil || run.Kind != table.Batch || run.CommittedAt == 0 {
		return
	}
	n, err := f.store.Sweep(ctx, run.Job)
	switch {
	case err != nil:
		log.Warnf(ctx, "the rows of killed runs stay in the file: %v", err)
	case n > 0:
		log.Infof(ctx, "deleted the rows of %d killed runs of job %s from %s", n, run.Job, f.Path)
	}
}
