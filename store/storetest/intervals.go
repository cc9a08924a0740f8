package storetest

import (
	"context"
	"testing"

	"crest/store"
	"crest/table"
)

func testWindows(t *testing.T, d Database) {
	slid := list("r1", table.Fast, "DE", 2, 5, 8) // 23:02: no multiple of five minutes
	write(t, d, row(list("r1", table.Fast, "DE", 0, 5, 20)), row(slid), row(list("r1", table.Fast, "DE", 0, 1, 10)), row(list("r1", table.Exact, "DE", 0, 1, 12)),
		row(list("r1", table.Fast, "DE", 1, 1, 11)), row(list("r1", table.Fast, "DE", 60, 1, 1)), row(list("r1", table.Fast, "FR", 2, 1, 5)),
		row(sketch("r1", 3, 0, 2)), row(sketch("r1", 3, 1, 5)), count("r1", 0, "a", 4), count("r1", 0, "b", 3), count("r1", 2, "b", 3), committed("r1"))
	de := store.Interval{Job: "j", Segment: "DE", Path: table.Fast, From: hour, To: minute(60)}
	w := func(path string, minutes, m int, total uint64) store.Window {
		return store.Window{Path: path, WindowSeconds: int64(minutes) * 60, WindowStart: minute(m), Total: total}
	}
	change := func(in store.Interval, f func(*store.Interval)) store.Interval { f(&in); return in }
	none := change(de, func(in *store.Interval) { in.Segment = "" })
	for _, c := range []struct {
		name string
		of   table.ID
		in   store.Interval
		want []store.Window
	}{
		{"fast", table.TopKTable, de, []store.Window{w("fast", 1, 0, 10), w("fast", 1, 1, 11), w("fast", 5, 0, 20)}},
		{"the best", table.TopKTable, change(de, func(in *store.Interval) { in.Path = "" }),
			[]store.Window{w("exact", 1, 0, 12), w("fast", 1, 1, 11), w("fast", 5, 0, 20)}},
		{"one size", table.TopKTable, change(de, func(in *store.Interval) { in.WindowSeconds = 300 }), []store.Window{w("fast", 5, 0, 20)}},
		{"short of a window", table.TopKTable, change(de, func(in *store.Interval) { in.To = minute(5) - 1 }),
			[]store.Window{w("fast", 1, 0, 10), w("fast", 1, 1, 11)}},
		{"from within a window", table.TopKTable, change(de, func(in *store.Interval) { in.From++ }), []store.Window{w("fast", 1, 1, 11)}},
		{"no room", table.TopKTable, change(de, func(in *store.Interval) { in.To = in.From }), nil},
		{"sketches", table.SketchTable, none, []store.Window{w("fast", 1, 3, 7)}},
		{"counts", table.CountTable, none, []store.Window{w("exact", 60, 0, 7)}},
		{"counts of two hours", table.CountTable, change(none, func(in *store.Interval) { in.To, in.WindowSeconds = minute(180), 3600 }),
			[]store.Window{w("exact", 60, 0, 7), w("exact", 60, 120, 3)}},
	} {
		got, err := d.Windows(t.Context(), c.of, c.in)
		same(t, c.name, got, err, c.want)
	}
}

func testInterval(t *testing.T, d Database) {
	old, fast, exact := list("r1", table.Fast, "", 0, 1, 10), list("r2", table.Fast, "", 1, 1, 9), list("r2", table.Exact, "", 1, 1, 11)
	write(t, d, row(fast), row(exact), row(old), row(list("r1", table.Fast, "", 1, 1, 10)), row(list("r1", table.Fast, "DE", 0, 1, 5)),
		row(list("r1", table.Fast, "", 0, 5, 5)), row(list("r1", table.Fast, "", 2, 1, 5)), row(list("r3", table.Fast, "", 0, 1, 5)),
		committed("r1"), committed("r2"))
	in := store.Interval{Job: "j", WindowSeconds: 60, From: hour, To: minute(2)}
	got, err := all(t, d.Lists(t.Context(), in))
	same(t, "the best", got, err, []table.TopK{old, exact})
	in.Path = table.Fast
	got, err = all(t, d.Lists(t.Context(), in))
	same(t, "fast", got, err, []table.TopK{old, fast})
	for l, err := range d.Lists(t.Context(), in) {
		same(t, "the first", l, err, old)
		break
	}
}

func testCounts(t *testing.T, d Database) {
	write(t, d, count("r1", 0, "a", 3), count("r1", 0, "b", 2), count("r1", 0, "c", 1), count("r1", 1, "b", 9), count("r1", 2, "c", 100),
		count("r2", 1, "d", 4), count("r2", 1, "c", 4), count("r3", 0, "z", 99), committed("r1"), committed("r2"))
	in := store.Interval{Job: "j", WindowSeconds: 3600, From: hour, To: minute(120)}
	got, err := d.Counts(t.Context(), in, 3)
	same(t, "two hours", got, err, store.Counts{Total: 14, Distinct: 4, Items: []store.ItemCount{{Item: "c", Count: 5}, {Item: "d", Count: 4}, {Item: "a", Count: 3}}})
	in.Segment = "DE"
	got, err = d.Counts(t.Context(), in, 3)
	same(t, "another segment", got, err, store.Counts{})
}

// testText asks for names that SQL could get wrong.
func testText(t *testing.T, d Database) {
	names := []string{"'", `"`, `\`, `\'`, "`", "a\nb\r\tc", "ü 服务器 😀", "' OR ''='", "@job ${x} %s ?1", "\u0085\u2028\ufeff", "null", "NaN"}
	rows := []table.Row{committed("r1")}
	want := make([]table.TopK, len(names))
	for i, name := range names {
		want[i] = list("r1", table.Fast, name, 0, 1, uint64(i+1))
		want[i].Items[0].Item = name
		k, c := sketch("r1", 0, 0, uint64(i+1)), table.Count{Job: "j", Run: "r1", Segment: name, Item: name, Count: 1, WindowStart: hour, WindowEnd: minute(60), WindowSeconds: 3600}
		k.Segment = name
		rows = append(rows, row(want[i]), row(k), row(c))
	}
	write(t, d, rows...)
	for i, name := range names {
		got, _, err := d.List(t.Context(), store.Select{Job: "j", WindowSeconds: 60}, name)
		same(t, "list", got, err, want[i])
		in := store.Interval{Job: "j", Segment: name, Path: table.Fast, WindowSeconds: 60, From: hour, To: minute(60)}
		sketches, err := all(t, d.Sketches(t.Context(), in))
		if err != nil || len(sketches) != 1 || sketches[0].Total != uint64(i+1) {
			t.Errorf("sketches of %q: %+v, %v", name, sketches, err)
		}
		in.WindowSeconds = 3600
		counts, err := d.Counts(t.Context(), in, 1)
		same(t, "counts", counts, err, store.Counts{Total: 1, Distinct: 1, Items: []store.ItemCount{{Item: name, Count: 1}}})
	}
}

func testWrong(t *testing.T, d Database) {
	in := store.Interval{Job: "j", Path: table.Fast, From: hour, To: minute(60)} // no size
	_, lists := all(t, d.Lists(t.Context(), in))
	_, sketches := all(t, d.Sketches(t.Context(), in))
	_, counts := d.Counts(t.Context(), in, 1)
	_, windows := d.Windows(t.Context(), table.RunTable, in)
	in.WindowSeconds = 60
	_, none := d.Counts(t.Context(), in, 0)
	_, many := d.Counts(t.Context(), in, store.MaxItems+1)
	for what, err := range map[string]error{"lists": lists, "sketches": sketches, "counts": counts, "windows": windows, "no items": none, "many items": many} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func testEnded(t *testing.T, d Database) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := store.Interval{Job: "j", Path: table.Fast, WindowSeconds: 60, From: hour, To: minute(60)}
	_, sketches := all(t, d.Sketches(ctx, in))
	_, counts := d.Counts(ctx, in, 1)
	_, _, run := d.LastRun(ctx, "j")
	for what, err := range map[string]error{"sketches": sketches, "counts": counts, "run": run} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}
