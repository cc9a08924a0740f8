package templates_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"crest/seedtest"
	"crest/sketchcombine/summary"
	templates "crest/templates/bigquery"
)

// TestMergeAnswersAsGo checks every digit of the answers: against Go's where all
// is exact, against what the bounds of Go's merges come to otherwise.
func TestMergeAnswersAsGo(t *testing.T) {
	r, f := seedtest.Rand(t), newUDF(t)
	for range 300 {
		tr := newTrial(r)
		k := 1 + r.IntN(2*tr.universe)
		got, err := f.merge(tr.sketches, k, tr.cfg.Seed)
		if err != nil {
			t.Fatal(err)
		}
		checkTrue(t, got, tr.truth, tr.total)
		room, exact, outside := roomy(tr.cfg), true, uint64(0)
		var lists []summary.List
		bounds := make(map[string]bound)
		for _, all := range tr.byShard(t) {
			s := merge(t, room, all)
			exact = exact && s.Exact()
			lists = append(lists, s.Top(k))
			outside = max(outside, s.Top(s.Items()).Outside)
			maps.Copy(bounds, expect(t, room, all))
		}
		want := list(k, tr.total, outside, bounds)
		checkSame(t, got, want)
		if exact {
			checkSame(t, got, summary.Unite(k, lists...))
		}
	}
}

// TestMergeIsTighterThanGo checks that no bound is wider than those of a merge in
// Go that evicts candidates.
func TestMergeIsTighterThanGo(t *testing.T) {
	r, f := seedtest.Rand(t), newUDF(t)
	for range 300 {
		tr := newTrial(r)
		got, err := f.merge(tr.sketches, 1000, tr.cfg.Seed)
		if err != nil {
			t.Fatal(err)
		}
		known := make(map[string]answered)
		for _, row := range got.Items {
			known[row.Item] = row
		}
		for shard, all := range tr.byShard(t) {
			s := merge(t, &tr.cfg, all)
			s.Each(func(item []byte, _, _ uint64) bool {
				if _, ok := known[string(item)]; !ok {
					t.Fatalf("%q is a candidate in Go only", item)
				}
				return true
			})
			for item, row := range known {
				if summary.Shard(tr.cfg.Seed.Hash([]byte(item)), tr.shards) != shard {
					continue
				}
				if lower, upper := s.Bounds([]byte(item)); row.Lower < lower || row.Upper > upper {
					t.Fatalf("%+v: Go knows %d to %d", row, lower, upper)
				}
			}
		}
	}
}

func checkTrue(t *testing.T, a answer, truth map[string]uint64, total uint64) {
	t.Helper()
	if a.Total != total {
		t.Fatalf("total %d, it is %d", a.Total, total)
	}
	listed := make(map[string]bool)
	least := uint64(math.MaxUint64) // of what is certain
	for _, row := range a.Items {
		listed[row.Item] = true
		c := truth[row.Item]
		if c < row.Lower || c > row.Upper || row.Count < row.Lower || row.Count > row.Upper {
			t.Fatalf("%+v counts %d", row, c)
		}
		if row.Certain {
			least = min(least, c)
		}
	}
	for item, c := range truth {
		if !listed[item] && (c > a.Outside || c > least) {
			t.Fatalf("%.40q is outside with %d: outside is %d, and %d is certain", item, c, a.Outside, least)
		}
	}
}

// TestMergeOfRealSize merges summaries as a pipeline writes them, of items
// over more than one block of the hash.
func TestMergeOfRealSize(t *testing.T) {
	r, f := seedtest.Rand(t), newUDF(t)
	cfg := summary.ForMemory(64 << 10)
	zipf := rand.NewZipf(r, 1.1, 1, 1<<20)
	truth, total := make(map[string]uint64), uint64(0)
	big := roomy(cfg)
	big.Counters = 1 << 16
	var parts []*summary.Summary
	var rows []sketch
	for range 3 {
		s := summary.New(&cfg)
		for range 20_000 {
			i := zipf.Uint64()
			item := fmt.Appendf(nil, "item %d %s", i, strings.Repeat("of some length ", int(i%5)))
			truth[string(item)]++
			total++
			if err := s.Add(item, 1); err != nil {
				t.Fatal(err)
			}
		}
		if s.Exact() {
			t.Fatal("the summary is exact: it shows nothing")
		}
		rows = append(rows, sketch{0, s.AppendBinary(nil)})
		parts = append(parts, s)
	}
	whole := merge(t, big, parts)
	got, err := f.merge(rows, 100, 0)
	if err != nil {
		t.Fatal(err)
	}
	checkSame(t, got, list(100, total, whole.Top(whole.Items()).Outside, expect(t, big, parts)))
	checkTrue(t, got, truth, total)
}

// TestBodyFitsIntoBigQuery checks what BigQuery demands of a function's body, and
// of one in a string in triple quotes.
func TestBodyFitsIntoBigQuery(t *testing.T) {
	const most = 32 << 10
	if n := len(templates.SummaryJS); n > most-64 {
		t.Errorf("the body has %d bytes: with what follows it BigQuery takes %d", n, most)
	}
	for _, text := range []string{`"""`, `\`} {
		if strings.Contains(templates.SummaryJS, text) {
			t.Errorf("%s means something in the string that the body stands in", text)
		}
	}
}
