package storetest

import (
	"testing"

	"crest/store"
	"crest/table"
)

func testNothing(t *testing.T, d Database) {
	ctx := t.Context()
	in := store.Interval{Job: "j", Path: table.Fast, WindowSeconds: 60, From: table.MinTime, To: table.MaxTime}
	_, run, err := d.LastRun(ctx, "j")
	same(t, "the last run", run, err, false)
	_, closed, err := d.ClosedThrough(ctx, "j", 60)
	same(t, "closed through", closed, err, false)
	sizes, err := d.WindowSizes(ctx, store.Select{Job: "j"})
	same(t, "sizes", sizes, err, nil)
	_, heaviest, err := d.Heaviest(ctx, store.Select{Job: "j", WindowSeconds: 60})
	same(t, "the heaviest window", heaviest, err, false)
	segments, err := d.Segments(ctx, store.Select{Job: "j", WindowSeconds: 60}, 10)
	same(t, "segments", segments, err, nil)
	_, found, err := d.List(ctx, store.Select{Job: "j", WindowSeconds: 60}, "")
	same(t, "a list", found, err, false)
	accuracy, err := d.Accuracy(ctx, "j", "")
	same(t, "accuracy", accuracy, err, nil)
	rejects, err := d.Rejects(ctx, "j", "")
	same(t, "rejects", rejects, err, nil)
	for _, of := range []table.ID{table.TopKTable, table.CountTable, table.SketchTable} {
		windows, err := d.Windows(ctx, of, in)
		same(t, "windows of "+of.String(), windows, err, nil)
	}
	lists, err := all(t, d.Lists(ctx, in))
	same(t, "lists", lists, err, nil)
	sketches, err := all(t, d.Sketches(ctx, in))
	same(t, "sketches", sketches, err, nil)
	counts, err := d.Counts(ctx, in, 10)
	same(t, "counts", counts, err, store.Counts{})
}

func testLists(t *testing.T, d Database) {
	fast0, fast1 := list("r1", table.Fast, "", 0, 1, 10), list("r1", table.Fast, "", 1, 1, 11)
	exact0, lone := list("r1", table.Exact, "", 0, 1, 12), list("r2", table.Fast, "", 0, 1, 5)
	write(t, d, row(fast0), row(fast1), row(list("r1", table.Fast, "", 1, 1, 9)), row(exact0), row(list("r1", table.Fast, "DE", 1, 1, 99)),
		committed("r1"), row(lone))
	at := minute(0)
	for _, c := range []struct {
		name string
		sel  store.Select
		want table.TopK
	}{
		{"newest fast", store.Select{Job: "j", Path: table.Fast, WindowSeconds: 60}, fast1},
		{"fast at", store.Select{Job: "j", Path: table.Fast, WindowSeconds: 60, At: &at}, fast0},
		{"best at", store.Select{Job: "j", WindowSeconds: 60, At: &at}, exact0},
		{"best newest", store.Select{Job: "j", WindowSeconds: 60}, fast1},
		{"a run", store.Select{Job: "j", Run: "r2", WindowSeconds: 60}, lone},
		{"newest of a run", store.Select{Job: "j", Run: "r1", WindowSeconds: 60}, fast1},
		{"exact of a run", store.Select{Job: "j", Run: "r1", WindowSeconds: 60, At: &at}, exact0},
		{"another size", store.Select{Job: "j", WindowSeconds: 300}, table.TopK{}},
		{"another job", store.Select{Job: "k", WindowSeconds: 60}, table.TopK{}},
	} {
		got, ok, err := d.List(t.Context(), c.sel, "")
		same(t, c.name, got, err, c.want)
		same(t, c.name+" is there", ok, err, c.want.Job != "")
	}

	segments, err := d.Segments(t.Context(), store.Select{Job: "j", WindowSeconds: 60}, 10)
	same(t, "segments", segments, err, []store.SegmentTotal{{Segment: "DE", WindowStart: minute(1), Total: 99, Top: "x", TopCount: 99, TopLower: 1}, {Segment: "", WindowStart: minute(1), Total: 11, Top: "x", TopCount: 11, TopLower: 1}})
	segments, err = d.Segments(t.Context(), store.Select{Job: "j", Run: "r1", WindowSeconds: 60, Path: table.Fast}, 1)
	same(t, "the heaviest segment of a run", segments, err, []store.SegmentTotal{{Segment: "DE", WindowStart: minute(1), Total: 99, Top: "x", TopCount: 99, TopLower: 1}})
	start, _, err := d.Heaviest(t.Context(), store.Select{Job: "j", Run: "r1", Path: table.Fast, WindowSeconds: 60})
	same(t, "the heaviest window", start, err, minute(1))

	sizes, err := d.WindowSizes(t.Context(), store.Select{Job: "j"})
	same(t, "sizes", sizes, err, []store.WindowSize{{Path: "exact", WindowSeconds: 60, Windows: 1, Segments: 1, Oldest: minute(0), Newest: minute(0)}, {Path: "fast", WindowSeconds: 60, Windows: 2, Segments: 2, Oldest: minute(0), Newest: minute(1)}})
	sizes, err = d.WindowSizes(t.Context(), store.Select{Job: "j", Run: "r2", Path: table.Fast})
	same(t, "sizes of a run", sizes, err, []store.WindowSize{{Path: "fast", WindowSeconds: 60, Windows: 1, Segments: 1, Oldest: minute(0), Newest: minute(0)}})
}

// testNewest asks for the newest windows of a live run, which have closed far
// beyond what one segment has.
func testNewest(t *testing.T, d Database) {
	all := list("r1", table.Fast, "", 0, 1, 7)
	all.WindowStart, all.WindowEnd, all.WindowSeconds = table.AllStart, table.AllEnd, 0
	old, young := list("r2", table.Fast, "old", 0, 1, 7), list("r2", table.Fast, "young", 50, 1, 3)
	empty := list("r2", table.Fast, "empty", 50, 1, 2)
	empty.Items = nil
	write(t, d, streaming("r2", hour), row(old), row(young), row(empty), row(all), committed("r1"),
		row(table.Progress{Job: "j", Run: "r2", Path: table.Fast, WindowSeconds: 60, ClosedThrough: minute(50), WrittenAt: 1}))
	for _, want := range []table.TopK{old, young, empty} {
		got, _, err := d.List(t.Context(), store.Select{Job: "j", WindowSeconds: 60}, want.Segment)
		same(t, want.Segment, got, err, want)
	}
	got, _, err := d.List(t.Context(), store.Select{Job: "j"}, "")
	same(t, "everything", got, err, all)
	segments, err := d.Segments(t.Context(), store.Select{Job: "j", WindowSeconds: 60}, 10)
	same(t, "segments", segments, err, []store.SegmentTotal{{Segment: "young", WindowStart: minute(50), Total: 3, Top: "x", TopCount: 3, TopLower: 1}, {Segment: "empty", WindowStart: minute(50), Total: 2, Top: "", TopCount: 0, TopLower: 0}})
	start, _, err := d.Heaviest(t.Context(), store.Select{Job: "j", WindowSeconds: 60})
	same(t, "the heaviest window", start, err, minute(0))
}
