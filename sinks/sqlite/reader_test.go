package sqlite

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"crest/table"
)

func reader(t *testing.T, path string) *Reader {
	t.Helper()
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestReaderRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenReader(filepath.Join(dir, "none.db")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("no file: %v", err)
	}
	path := filepath.Join(dir, "other.db")
	exec(t, raw(t, path), "CREATE TABLE bookmarks (url TEXT)")
	if _, err := OpenReader(path); err == nil || !strings.Contains(err.Error(), "not one of Crest's") {
		t.Errorf("another program's: %v", err)
	}
}

func sampleList(run, path, segment string, start table.Time, total uint64) table.TopK {
	return table.TopK{Job: "j", Run: run, Path: path, Segment: segment, WindowStart: start, WindowEnd: start + 60000, WindowSeconds: 60,
		Revision: total, Total: total, WrittenAt: 5, Items: []table.Item{{Rank: 1, Item: "x", Count: total, Lower: 1, Upper: total, Certain: true}}}
}

func TestReaderLists(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crest.db")
	s := open(t, path)
	fast0, fast1 := sampleList("r1", table.Fast, "", 0, 10), sampleList("r1", table.Fast, "", 60000, 11)
	exact0 := sampleList("r1", table.Exact, "", 0, 12)
	write(t, s, row(t, fast0), row(t, fast1), row(t, exact0), row(t, sampleList("r1", table.Fast, "DE", 60000, 99)), batch(t, "r1"),
		row(t, sampleList("r2", table.Fast, "", 0, 5)))
	r := reader(t, path)
	at := table.Time(0)
	for _, c := range []struct {
		name string
		sel  Select
		want table.TopK
	}{
		{"newest fast", Select{Job: "j", Path: table.Fast, WindowSeconds: 60}, fast1},
		{"fast at", Select{Job: "j", Path: table.Fast, WindowSeconds: 60, At: &at}, fast0},
		{"best at", Select{Job: "j", WindowSeconds: 60, At: &at}, exact0},
		{"best newest", Select{Job: "j", WindowSeconds: 60}, fast1},
		{"a run", Select{Job: "j", Run: "r2", WindowSeconds: 60}, sampleList("r2", table.Fast, "", 0, 5)},
		{"exact of a run", Select{Job: "j", Run: "r1", WindowSeconds: 60, At: &at}, exact0},
		{"another size", Select{Job: "j", WindowSeconds: 300}, table.TopK{}},
		{"another job", Select{Job: "k", WindowSeconds: 60}, table.TopK{}},
	} {
		got, ok, err := r.List(t.Context(), c.sel, "")
		if err != nil || ok != (c.want.Job != "") || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v %v\ngot  %+v\nwant %+v", c.name, ok, err, got, c.want)
		}
	}
	segments, err := r.Segments(t.Context(), Select{Job: "j", WindowSeconds: 60}, 10)
	if want := []SegmentTotal{{"DE", 60000, 99, "x", 99, 1}, {"", 60000, 11, "x", 11, 1}}; err != nil || !reflect.DeepEqual(segments, want) {
		t.Errorf("%+v, %v", segments, err)
	}
	if none, err := r.Segments(t.Context(), Select{Job: "k"}, 10); len(none) != 0 || err != nil {
		t.Errorf("another job's segments: %v, %v", none, err)
	}
	sizes, err := r.WindowSizes(t.Context(), Select{Job: "j"})
	if want := []WindowSize{{"exact", 60, 1, 1, 0, 0}, {"fast", 60, 2, 2, 0, 60000}}; err != nil || !reflect.DeepEqual(sizes, want) {
		t.Errorf("%+v, %v", sizes, err)
	}
	sizes, err = r.WindowSizes(t.Context(), Select{Job: "j", Run: "r2", Path: table.Fast})
	if want := []WindowSize{{"fast", 60, 1, 1, 0, 0}}; err != nil || !reflect.DeepEqual(sizes, want) {
		t.Errorf("%+v, %v", sizes, err)
	}
}

func TestReaderAudit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crest.db")
	s := open(t, path)
	r := reader(t, path)
	if _, ok, err := r.LastRun(t.Context(), "j"); ok || err != nil {
		t.Fatalf("no run: %v, %v", ok, err)
	}
	run := table.Run{Job: "j", Run: "r1", Path: table.Both, Kind: table.Batch, StartedAt: 1, CommittedAt: 2000,
		Read: 10, Counted: 7, Rejected: 3, Settings: "{}", HashSeed: "f00d"}
	acc := func(m table.Time, recall float64, certain int64) table.Row {
		return row(t, table.Accuracy{Job: "j", Run: "r1", WindowStart: m * 60000, WindowSeconds: 60, K: 4, Compared: 4,
			Recall: recall, Precision: recall, MaxError: 1 - recall, Coverage: 0.5, Certain: certain})
	}
	rej := func(offset int64, reason string, n uint64) table.Row {
		return row(t, table.Reject{Job: "j", Run: "r1", Source: "f", Offset: offset, Reason: reason, Detail: "d", Raw: []byte{byte(offset)}, Count: n})
	}
	write(t, s, row(t, run), acc(0, 1, 4), acc(1, 0.5, 2), rej(9, "no time", 1), rej(10, "no item", 5), rej(100, "no time", 6))
	if got, ok, err := r.LastRun(t.Context(), "j"); err != nil || !ok || got != run {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
	for _, id := range []string{"", "r1"} {
		got, err := r.Accuracy(t.Context(), "j", id)
		if want := []AccuracySummary{{60, 2, 0.75, 0.5, 0.75, 0, 0.5, 0.5, 75, 0}}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("run %q: %+v, %v", id, got, err)
		}
		rejects, err := r.Rejects(t.Context(), "j", id)
		if want := []RejectSummary{{"no time", 7, "f", 9, "d", []byte{9}}, {"no item", 5, "f", 10, "d", []byte{10}}}; err != nil || !reflect.DeepEqual(rejects, want) {
			t.Errorf("run %q: %+v, %v", id, rejects, err)
		}
	}
}

func TestReaderClosedThrough(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crest.db")
	s := open(t, path)
	r := reader(t, path)
	if _, ok, err := r.ClosedThrough(t.Context(), "j", 60); ok || err != nil {
		t.Fatalf("nothing: %v, %v", ok, err)
	}
	closed := func(run, path string, through table.Time) table.Row {
		return row(t, table.Progress{Job: "j", Run: run, Path: path, WindowSeconds: 60, ClosedThrough: through, WrittenAt: 1})
	}
	streaming := row(t, table.Run{Job: "j", Run: "r2", Path: table.Both, Kind: table.Streaming, StartedAt: 1, Settings: "{}"})
	// r3 is a batch run that was not committed: nobody sees it.
	write(t, s, streaming, closed("r1", table.Fast, 300_000), closed("r2", table.Fast, 120_000), closed("r2", table.Exact, 60_000), closed("r3", table.Fast, 600_000))
	if at, ok, err := r.ClosedThrough(t.Context(), "j", 60); at != 60_000 || !ok || err != nil {
		t.Errorf("%v, %v, %v", at, ok, err)
	}
	if _, ok, err := r.ClosedThrough(t.Context(), "j", 300); ok || err != nil {
		t.Errorf("another size: %v, %v", ok, err)
	}
}
