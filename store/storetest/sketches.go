package storetest

import (
	"testing"

	"crest/store"
	"crest/table"
)

func testSketches(t *testing.T, d Database) {
	other := sketch("r1", 1, 0, 9)
	other.Segment = "DE"
	all0, all1 := sketch("r1", 0, 0, 4), sketch("r1", 0, 1, 5)
	new1 := sketch("r2", 1, 1, 3) // r2 found nothing for shard 0
	live2 := sketch("r3", 2, 0, 2)
	write(t, d, row(sketch("r1", 0, 1, 2)), row(all1), row(all0), row(sketch("r1", 0, 0, 3)), row(other),
		row(sketch("r1", 1, 0, 7)), row(sketch("r1", 1, 1, 8)), row(new1), row(sketch("r1", 2, 0, 9)), row(live2), row(sketch("r3", 0, 0, 99)), row(sketch("r1", 3, 0, 1)),
		row(sketch("r4", 0, 0, 50)), committed("r1"), committed("r2"), streaming("r3", minute(1)+1))
	in := store.Interval{Job: "j", Path: table.Fast, WindowSeconds: 60, From: hour, To: minute(3)}
	got, err := all(t, d.Sketches(t.Context(), in))
	same(t, "sketches", got, err, []table.Sketch{all0, all1, new1, live2})
	in.Path = table.Exact
	got, err = all(t, d.Sketches(t.Context(), in))
	same(t, "exact", got, err, nil)
}

// testManySketches reads more than comes at once, in order.
func testManySketches(t *testing.T, d Database) {
	const windows = 600
	rows := []table.Row{committed("r1")}
	for m := windows - 1; m >= 0; m-- {
		rows = append(rows, row(sketch("r1", m, 1, 2)), row(sketch("r1", m, 0, 1)))
	}
	write(t, d, rows...)
	in := store.Interval{Job: "j", Path: table.Fast, WindowSeconds: 60, From: hour, To: minute(windows)}
	n := 0
	for k, err := range d.Sketches(t.Context(), in) {
		if err != nil || k.WindowStart != minute(n/2) || k.Shard != int64(n%2) {
			t.Fatalf("sketch %d: %+v, %v", n, k, err)
		}
		n++
	}
	if n != 2*windows {
		t.Errorf("%d sketches", n)
	}
	for k, err := range d.Sketches(t.Context(), in) {
		if err != nil || k.WindowStart != hour {
			t.Errorf("the first: %+v, %v", k, err)
		}
		break
	}
}
