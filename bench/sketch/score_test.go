package main

import (
	"fmt"
	"testing"
)

// counted is a stream of 300 items, of which item i was counted 1000 − i times.
func counted() *stream {
	st := &stream{counts: map[string]uint64{}}
	for i := range 300 {
		item := fmt.Sprintf("i%03d", i)
		st.counts[item] = uint64(1000 - i)
		if i < top {
			st.top = append(st.top, item)
		}
	}
	return st
}

// truth is the exact result about the first n items.
func truth(st *stream, n int) *result {
	r := &result{Bounds: true, Absent: uint64(1000 - n)}
	for i := range n {
		item := fmt.Sprintf("i%03d", i)
		c := st.counts[item]
		r.Rows = append(r.Rows, row{item, c, c, c})
	}
	return r
}

func TestTheTruthScoresFull(t *testing.T) {
	st := counted()
	if got, want := st.judge(truth(st, 200)), (score{recall: top, certain: top}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestMistakesAreSeen(t *testing.T) {
	st := counted()
	for name, c := range map[string]struct {
		spoil func(*result)
		seen  func(score) bool
	}{
		"upper bound below the count": {func(r *result) { r.Rows[0].Upper-- }, func(s score) bool { return s.violated == 1 }},
		"lower bound above the count": {func(r *result) { r.Rows[150].Lower++ }, func(s score) bool { return s.violated == 1 }},
		"absent items counted more":   {func(r *result) { r.Absent -= 2 }, func(s score) bool { return s.violated == 2 }},
		"an item missing":             {func(r *result) { r.Rows = r.Rows[1:] }, func(s score) bool { return s.recall == top-1 && s.violated == 1 && s.err > 0.009 }},
		"nothing certain":             {func(r *result) { r.Absent = 2000 }, func(s score) bool { return s.certain == 0 }},
		"certain of a wrong one": {
			func(r *result) { r.Rows[199].Count, r.Rows[199].Lower = 5000, 5000 },
			func(s score) bool { return s.wrong == 1 && s.violated == 1 && s.recall == top-1 },
		},
		"no bounds promised": {func(r *result) { r.Bounds, r.Absent = false, 0 }, func(s score) bool { return s.certain == 0 && s.violated == 0 }},
	} {
		r := truth(st, 200)
		c.spoil(r)
		if got := st.judge(r); !c.seen(got) {
			t.Errorf("%s: not seen in %+v", name, got)
		}
	}
}
