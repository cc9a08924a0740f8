package pubsub

import (
	"testing"
	"time"
)

// TestTracker walks a tracker through a bundle: there is a residual only when
// the bundle has ended.
func TestTracker(t *testing.T) {
	rest := restriction{Tip: 1, Bundles: []bundle{{ID: 5, Count: 1}, {ID: 1, Count: 1}}}
	rt := newTracker(rest)
	split := func(fraction float64) any {
		t.Helper()
		_, residual, err := rt.TrySplit(fraction)
		if err != nil {
			t.Fatal(err)
		}
		return residual
	}
	if !rt.TryClaim(claim{{number: 8}, {number: 7}}) || !rt.TryClaim(claim{{text: "x"}}) {
		t.Fatal("a claim was refused")
	}
	if split(0) != nil || split(0.5) != nil || rt.IsDone() {
		t.Fatal("split before the bundle has ended")
	}
	at := time.UnixMilli(1234)
	if !rt.TryClaim(finish{bundle: 9, at: at, forget: map[uint64]bool{5: true}}) {
		t.Fatal("the end was refused")
	}
	if rt.TryClaim(claim{{number: 10}}) {
		t.Fatal("a claim behind the end")
	}
	if split(0.5) != nil || rt.IsDone() {
		t.Fatal("what is left was divided")
	}
	next := split(0).(restriction)
	if !rt.IsDone() || split(0) != nil {
		t.Fatal("not done behind the split")
	}
	if next.Tip != 9 || len(next.Bundles) != 2 || next.Bundles[0].ID != 1 {
		t.Fatalf("residual %+v", next)
	}
	last := next.Bundles[1]
	if ids, err := decodeIDs(last.IDs); err != nil || len(ids) != 3 || last.Count != 3 || !last.At.Equal(at) || last.ID != 9 {
		t.Errorf("bundle %+v of %v: %v", last, ids, err)
	}
	if len(rest.Bundles) != 2 || rest.Bundles[0].ID != 5 {
		t.Errorf("the restriction itself changed: %+v", rest)
	}

	rt = newTracker(next)
	rt.TryClaim(finish{bundle: 11, at: at})
	if again := split(0).(restriction); again.Tip != 9 || len(again.Bundles) != 2 {
		t.Errorf("an empty bundle left %+v", again)
	}
	rt = newTracker(next)
	if !rt.TryClaim(drained{}) || !rt.IsDone() || split(0) != nil {
		t.Error("drained, and not done")
	}
}
