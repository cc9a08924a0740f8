package main

import (
	"strings"
	"testing"
)

const minute = "2026-01-01T00:12"

func TestVerdicts(t *testing.T) {
	truth := answer{minute: {{"a", 9}, {"b", 5}, {"c", 2}}}
	for _, c := range []struct {
		name string
		got  answer
		want string // what the difference tells; empty: none
	}{
		{"equal", answer{minute: {{"a", 9}, {"b", 5}, {"c", 2}}}, ""},
		{"unordered", answer{minute: {{"c", 2}, {"a", 9}, {"b", 5}}}, ""},
		{"another item in the tie at the end", answer{minute: {{"a", 9}, {"b", 5}, {"d", 2}}}, ""},
		{"another item above the end", answer{minute: {{"a", 9}, {"x", 5}, {"c", 2}}}, `item "x" for "b"`},
		{"another count", answer{minute: {{"a", 9}, {"b", 4}, {"c", 2}}}, "rank 2: count 4 for 5"},
		{"a row short", answer{minute: {{"a", 9}, {"b", 5}}}, "2 rows for 3"},
		{"another minute", answer{"2026-01-01T00:13": {{"a", 9}, {"b", 5}, {"c", 2}}}, "0 rows for 3"},
		{"no list", answer{}, "0 lists for 1"},
	} {
		c.got.rank()
		got := difference(truth, c.got)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCloseness(t *testing.T) {
	truth := answer{minute: {{"a", 100}, {"b", 50}}}
	if got, want := closeness(truth, answer{minute: {{"a", 110}, {"x", 60}}}), "recall 50.0%, off by ≤ 10%"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
