package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crest/table"
)

func batch(t *testing.T, run string) table.Row {
	return row(t, table.Run{Job: "j", Run: run, Kind: table.Batch, CommittedAt: table.TimeOf(time.Now()), Settings: "{}"})
}

func oneOfEach(t *testing.T, job, run string) []table.Row {
	return []table.Row{
		row(t, table.TopK{Job: job, Run: run, Path: table.Fast}),
		row(t, table.Count{Job: job, Run: run}),
		row(t, table.Sketch{Job: job, Run: run}),
		row(t, table.Accuracy{Job: job, Run: run}),
		row(t, table.Progress{Job: job, Run: run}),
		row(t, table.Late{Job: job, Run: run}),
		row(t, table.Reject{Job: job, Run: run}),
	}
}

func write(t *testing.T, s *Store, rows ...table.Row) {
	t.Helper()
	if err := s.Write(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
}

// left is how many rows a run has.
func left(t *testing.T, s *Store, job, run string) (n int) {
	for _, schema := range table.Schemas() {
		n += rowCount(t, s, schema.Name+" WHERE job = '"+job+"' AND run = '"+run+"'")
	}
	return n
}

func TestDiscard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crest.db")
	if err := Discard(path, "j", "r1"); err != nil {
		t.Fatalf("without a file: %v", err)
	}
	s := open(t, path)
	write(t, s, oneOfEach(t, "j", "r1")...)
	write(t, s, append(oneOfEach(t, "j", "r2"), batch(t, "r2"))...)
	if err := Discard(path, "j", "r1"); err != nil {
		t.Fatal(err)
	}
	if err := Discard(path, "j", "r2"); err == nil || !strings.Contains(err.Error(), "committed") {
		t.Errorf("a committed run: %v", err)
	}
	if a, b := left(t, s, "j", "r1"), left(t, s, "j", "r2"); a != 0 || b != 8 {
		t.Errorf("%d and %d rows are left", a, b)
	}
	// A run that writes again after all is noted again.
	write(t, s, oneOfEach(t, "j", "r1")...)
	if n := rowCount(t, s, "attempts WHERE run = 'r1'"); n != 1 {
		t.Errorf("noted %d times", n)
	}
}

func TestSweep(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "crest.db"))
	for _, run := range []string{"killed", "atwork", "stream", "done"} {
		write(t, s, oneOfEach(t, "j", run)...)
	}
	write(t, s, oneOfEach(t, "other", "killed")...)
	write(t, s, batch(t, "done"), row(t, table.Run{Job: "j", Run: "stream", Kind: table.Streaming, Settings: "{}"}))
	old := table.TimeOf(time.Now().Add(-25 * time.Hour)).String()
	if _, err := s.db.Exec("UPDATE attempts SET wrote_at = ? WHERE run <> 'atwork'", old); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Sweep(t.Context(), "j"); n != 1 || err != nil {
		t.Fatalf("%d runs, %v", n, err)
	}
	for run, want := range map[string]int{"killed": 0, "atwork": 7, "stream": 8, "done": 8} {
		if n := left(t, s, "j", run); n != want {
			t.Errorf("%s has %d rows, want %d", run, n, want)
		}
	}
	if n := left(t, s, "other", "killed"); n != 7 {
		t.Errorf("another job's run has %d rows", n)
	}
}
