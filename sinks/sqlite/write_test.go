package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/transforms/stats"

	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"

	"crest/table"
)

func TestMain(m *testing.M) { ptest.MainWithDefault(m, "prism") }

func init() {
	register.Function2x0(makeRows)
	register.Function2x1(makeRun)
	register.Emitter2[beam.EventTime, table.Row]()
}

// bundle runs rows through the DoFn as one bundle, and returns its token.
func bundle(t *testing.T, f *writeFn, rows ...table.Row) (token int64, err error) {
	t.Helper()
	token = -1
	emit := func(n int64) { token = n }
	if err := f.StartBundle(t.Context(), emit); err != nil {
		return token, err
	}
	for _, r := range rows {
		if err := f.ProcessElement(t.Context(), r, emit); err != nil {
			return token, err
		}
	}
	return token, f.FinishBundle(t.Context(), emit)
}

func counts(t testing.TB, from, to int) []table.Row {
	var rows []table.Row
	for i := from; i < to; i++ {
		rows = append(rows, row(t, table.Count{Job: "j", Run: "r1", Item: fmt.Sprint(i), Count: uint64(i)}))
	}
	return rows
}

func TestBundles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crest.db")
	s := open(t, path)
	f := &writeFn{Path: path}
	if n, err := bundle(t, f); n != 0 || err != nil {
		t.Errorf("an empty bundle: %d, %v", n, err)
	}
	if n, err := bundle(t, f, counts(t, 0, 10)...); n != 10 || err != nil {
		t.Errorf("ten rows: %d, %v", n, err)
	}
	// A bundle that fails is run again, by this DoFn or another.
	if _, err := bundle(t, f, append(counts(t, 10, 20), table.Row{Table: 99})...); err == nil {
		t.Error("a row of no table was written")
	}
	if n, err := bundle(t, f, counts(t, 5, 20)...); n != 15 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	if n := rowCount(t, s, "counts"); n != 20 {
		t.Errorf("%d rows, want 20", n)
	}
}

// TestBound sends a bundle that is larger than what is buffered.
func TestBound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crest.db")
	s := open(t, path)
	f := &writeFn{Path: path}
	big := row(t, table.Reject{Job: "j", Run: "r1", Raw: make([]byte, maxBytes/4)})
	for i := range 4 {
		if err := f.ProcessElement(t.Context(), big, nil); err != nil {
			t.Fatal(err)
		}
		if wrote := rowCount(t, s, "rejects") == 1; wrote != (i == 3) {
			t.Errorf("after %d rows of a quarter: written: %v", i+1, wrote)
		}
	}
	if n := len(f.buffer.Rows); n != 0 {
		t.Errorf("%d rows are kept", n)
	}
	f.Teardown()
}

// TestSweepAtCommit leaves a killed run behind and commits another.
func TestSweepAtCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crest.db")
	s := open(t, path)
	write(t, s, oneOfEach(t, "j", "killed")...)
	if _, err := s.db.Exec("UPDATE attempts SET wrote_at = ?", table.TimeOf(time.Now().Add(-48*time.Hour)).String()); err != nil {
		t.Fatal(err)
	}
	f := &writeFn{Path: path}
	if _, err := bundle(t, f, row(t, table.Run{Job: "j", Run: "r2", Kind: table.Batch})); err != nil {
		t.Fatal(err)
	}
	if n := left(t, s, "j", "killed"); n != 7 {
		t.Errorf("%d rows before a commit", n)
	}
	if _, err := bundle(t, f, batch(t, "r2")); err != nil {
		t.Fatal(err)
	}
	if n := left(t, s, "j", "killed"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func makeRows(_ []byte, emit func(beam.EventTime, table.Row)) {
	for i := range 1000 {
		at := table.Time(60000 * (i % 10))
		r, err := table.Encode(table.TopK{Job: "j", Run: "r1", Path: table.Fast, Segment: fmt.Sprint(i / 10),
			WindowStart: at, WindowEnd: at + 60000, WindowSeconds: 60, Revision: 5, Total: 5})
		if err != nil {
			panic(err)
		}
		emit(mtime.Time(at), r)
	}
}

// makeRun waits for the number of rows, and makes the run's row.
func makeRun(_ []byte, rows int64) table.Row {
	r, err := table.Encode(table.Run{Job: "j", Run: "r1", Kind: table.Batch, CommittedAt: 1, Counted: uint64(rows), Settings: "{}"})
	if err != nil {
		panic(err)
	}
	return r
}

// TestPipeline writes windowed rows, then behind the barrier the run's.
func TestPipeline(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crest.db")
	p, s := beam.NewPipelineWithRoot()
	rows := beam.ParDo(s, makeRows, beam.Impulse(s))
	rows = beam.WindowInto(s, window.NewFixedWindows(time.Minute), rows)
	done := stats.Sum(s, Write(s, path, rows))
	passert.Equals(s, done, int64(1000))
	run := beam.ParDo(s, makeRun, beam.Impulse(s), beam.SideInput{Input: done})
	passert.Equals(s, Write(s, path, run), int64(1))
	ptest.RunAndValidate(t, p)

	if _, err := os.Stat(path + "-wal"); !os.IsNotExist(err) {
		t.Errorf("the file was left open: %v", err)
	}
	store := open(t, path)
	if n := rowCount(t, store, "topk_latest"); n != 1000 {
		t.Errorf("%d lists", n)
	}
	if n := rowCount(t, store, "runs WHERE counted = 1000"); n != 1 {
		t.Errorf("%d runs", n)
	}
}

// TestRegistered checks that the graph's coder is the row's own.
func TestRegistered(t *testing.T) {
	enc := beam.NewElementEncoder(reflect.TypeFor[table.Row]())
	var b lengthWriter
	r := row(t, table.Count{Job: "j"})
	if err := enc.Encode(r, &b); err != nil {
		t.Fatal(err)
	}
	if want := len(r.Data) + 2; int(b) != want { // a length and the table
		t.Errorf("%d bytes, want %d", b, want)
	}
}

type lengthWriter int

func (w *lengthWriter) Write(b []byte) (int, error) { *w += lengthWriter(len(b)); return len(b), nil }
