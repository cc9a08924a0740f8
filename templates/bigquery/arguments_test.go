package templates_test

import (
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"testing"

	"crest/seedtest"
	"crest/sketchcombine/summary"
)

// TestArguments checks what is said of arguments that are wrong, and what is
// answered to those that hold nothing.
func TestArguments(t *testing.T) {
	f := newUDF(t)
	one := func(seed summary.Seed, items ...string) string {
		return encoded(t, &summary.Config{Seed: seed, Budget: 1, Counters: 1, ItemBytes: 8, Width: 4, Depth: 1}, 1, items...)
	}
	exact, of7 := one(0, "a"), one(7, "a", "b")
	other := encoded(t, &summary.Config{Budget: 1, Counters: 1, ItemBytes: 8, Width: 2, Depth: 2}, 1, "a", "b")
	most := encoded(t, &summary.Config{}, math.MaxInt64>>10, "a")
	over := encoded(t, &summary.Config{}, math.MaxInt64>>10+1, "a")

	const nothing = `total 0, outside 0, []`
	for _, c := range []struct{ args, want string }{
		{`{"sketches": null, "k": 10, "seed": null}`, nothing},
		{`{"sketches": [], "k": 10, "seed": "0"}`, nothing},
		{`{"sketches": [` + one(0) + `], "k": 10, "seed": "0"}`, nothing},
		{`{"sketches": [` + exact + `], "k": 10}`, `total 1, outside 0, [{1 {a 1 1 1 true}}]`},
		{`{"sketches": [` + exact + `], "k": "10"}`, `total 1, outside 0, [{1 {a 1 1 1 true}}]`},
		{`{"sketches": [` + most + `], "k": 1}`, `total 9007199254740991, outside 0, [{1 {a 9007199254740991 9007199254740991 9007199254740991 true}}]`},
		{`{"sketches": [` + of7 + `], "k": 1, "seed": "7"}`, `total 2, outside 1, [{1 {a 1 1 1 true}}]`},
		{`{"sketches": [` + of7 + `], "k": 1, "seed": "0x0000000000000007"}`, `total 2, outside 1, [{1 {a 1 1 1 true}}]`},

		{`{"sketches": [` + of7 + `], "k": 1}`, "sketches[0], shard 0: made under another hash seed"},
		{`{"sketches": [` + exact + `, ` + of7 + `], "k": 1}`, "sketches[1], shard 0: made under another hash seed"},
		{`{"sketches": [` + one(0, "a", "b") + `, ` + other + `], "k": 1}`, "a light part of 2×2 cells, not 1×4"},
		{`{"sketches": [` + over + `], "k": 1}`, "passes 2^53-1"},
		{`{"sketches": [` + most + `, ` + exact + `], "k": 1}`, "passes 2^53-1"},
		{`{"sketches": [` + exact + `, ` + strings.Replace(exact, "0", "1", 1) + `], "k": 1}`, `"a" is in shards 0 and 1`},
		{`{"sketches": [null], "k": 1}`, "sketches[0] has no summary"},
		{`{"sketches": [{"shard": 0, "summary": null}], "k": 1}`, "sketches[0] has no summary"},
		{`{"sketches": [{"shard": null, "summary": "QwEA"}], "k": 1}`, "sketches[0] has no shard"},
		{`{"sketches": [{"shard": 0, "summary": "QwE"}], "k": 1}`, "not BYTES"},
		{`{"sketches": [{"shard": 0, "summary": "QwE\u00e9"}], "k": 1}`, "not BYTES"},
		{`{"sketches": [{"shard": 0, "summary": ""}], "k": 1}`, "corrupt summary: 0 bytes"},
		{`{"sketches": [], "k": null}`, "k is not a whole number from 1"},
		{`{"sketches": [], "k": 0}`, "k is not a whole number from 1"},
		{`{"sketches": [], "k": 1.5}`, "k is not a whole number from 1"},
		{`{"sketches": [], "k": 1, "seed": "-1"}`, "the seed is not a number"},
		{`{"sketches": [], "k": 1, "seed": "0x"}`, "the seed is not a number"},
		{`{"sketches": [], "k": 1, "seed": "18446744073709551616"}`, "the seed is not a number"},
	} {
		a, err := f.json(c.args)
		got := fmt.Sprintf("total %d, outside %d, %v", a.Total, a.Outside, a.Items)
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != c.want || !strings.Contains(got, c.want) {
			t.Errorf("%.200s: %s, not %s", c.args, got, c.want)
		}
	}
}

// encoded is a row, in JSON, of a summary of these items.
func encoded(t *testing.T, cfg *summary.Config, weight uint64, items ...string) string {
	t.Helper()
	s := summary.New(cfg)
	for _, item := range items {
		if err := s.Add([]byte(item), weight); err != nil {
			t.Fatal(err)
		}
	}
	return `{"shard": 0, "summary": "` + base64.StdEncoding.EncodeToString(s.AppendBinary(nil)) + `"}`
}

// TestItemsOfAnyBytes checks that what is no UTF-8 becomes text all the same, and
// that items are told apart and ordered by their bytes.
func TestItemsOfAnyBytes(t *testing.T) {
	r, f := seedtest.Rand(t), newUDF(t)
	pieces := []string{"a", "\x80", "\xff", "\xc0\x80", "\xc3", "é", "\xe2\x82", "€", "\xed\xa0\x80", "\xf0\x9f\x98", "😀", "\xf4\x90\x80\x80", "\xf8\x88"}
	for range 100 {
		cfg := &summary.Config{Budget: 1000, Counters: 1000, ItemBytes: 24, Width: 8, Depth: 2}
		s := summary.New(cfg)
		for range 40 {
			var item []byte
			for range r.IntN(4) {
				item = append(item, pieces[r.IntN(len(pieces))]...)
			}
			if err := s.Add(item, 1); err != nil {
				t.Fatal(err)
			}
		}
		got, err := f.merge([]sketch{{0, s.AppendBinary(nil)}}, 50, 0)
		if err != nil {
			t.Fatal(err)
		}
		checkSame(t, got, s.Top(50))
	}
}
