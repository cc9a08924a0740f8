package bigquery

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	zipf "crest/bench/stream"
	"crest/sketchcombine/frequentstrings"
	"crest/sketchcombine/summary"
	"crest/table"
)

// What docs/costs.md is about.
const (
	costEvents   = 1_000_000 // of a segment in a day
	costSegments = 1000
	costK        = 100
	costUniverse = 1_000_000
	costShards   = 2
	costMemory   = 256 << 10
	costEarly    = 5 * time.Second
)

// logicalSize is what BigQuery bills for a value, in bytes:
// https://cloud.google.com/bigquery/pricing#data (sizes of data types).
func logicalSize(v any) (n int64) {
	switch v := v.(type) {
	case nil:
		return 0
	case string:
		return 2 + int64(len(v))
	case []byte:
		return 2 + int64(len(v))
	case bool:
		return 1
	case table.Records:
		v.Each(func(_ int, fields []any) {
			for _, f := range fields {
				n += logicalSize(f)
			}
		})
		return n
	}
	return 8
}

// A cost is what rows take in a day, for one segment.
type cost struct{ rows, stored, wire int64 }

func (c *cost) add(t *testing.T, row table.Row, times int64) {
	t.Helper()
	values, err := row.Values(nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := (&encoder{schema: row.Table.Schema()}).append(nil, row)
	if err != nil {
		t.Fatal(err)
	}
	c.rows += times
	for _, v := range values {
		c.stored += times * logicalSize(v)
	}
	c.wire += times * int64(len(b))
}

// costs counts a day of one segment in panes of a minute, rolled up as by default,
// and returns what each kind of row takes.
func costs(t *testing.T) (names []string, all map[string]*cost) {
	cfg := summary.ForMemory(costMemory)
	z, r := zipf.NewZipf(1.1, costUniverse), rand.New(rand.NewPCG(1, 0))
	all = make(map[string]*cost)
	of := func(name string) *cost {
		if all[name] == nil {
			all[name] = new(cost)
			names = append(names, name)
		}
		return all[name]
	}
	sizes := []struct {
		name    string
		minutes int
	}{{"1m", 1}, {"5m", 5}, {"1h", 60}, {"24h", 1440}}
	open := make([][costShards]*summary.Summary, len(sizes))
	for minute := range 1440 {
		var pane [costShards]*summary.Summary
		for i := range pane {
			pane[i] = summary.New(&cfg)
		}
		for range costEvents / 1440 {
			item := fmt.Appendf(nil, "item-%07d", z.Rank(r))
			h := cfg.Seed.Hash(item)
			if err := pane[summary.Shard(h, costShards)].AddHashed(h, item, 1); err != nil {
				t.Fatal(err)
			}
		}
		for i, size := range sizes {
			for shard := range pane {
				if open[i][shard] == nil {
					open[i][shard] = summary.New(&cfg)
				}
				if err := open[i][shard].Merge(pane[shard]); err != nil {
					t.Fatal(err)
				}
			}
			if (minute+1)%size.minutes > 0 {
				continue
			}
			list, sketches := costRows(t, open[i], size.minutes, minute)
			of("topk, "+size.name).add(t, list, 1)
			for _, s := range sketches {
				of("sketches, "+size.name).add(t, s, 1)
			}
			if size.minutes == 1 {
				of("topk, early").add(t, list, int64(time.Minute/costEarly)-1)
			}
			open[i] = [costShards]*summary.Summary{}
		}
	}
	return names, all
}

func costRows(t *testing.T, shards [costShards]*summary.Summary, minutes, minute int) (list table.Row, sketches []table.Row) {
	t.Helper()
	const job, run, segment = "topk", "20260131T235900.000Z-00000000", "segment-0001"
	start := table.Time(1769817600000 + int64(minute+1-minutes)*60_000)
	end, seconds := start+table.Time(minutes*60_000), int64(minutes*60)
	var tops []summary.List
	for i, s := range shards {
		tops = append(tops, s.Top(costK))
		frequent, err := frequentstrings.Append(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		row, err := table.Encode(table.Sketch{Job: job, Run: run, Path: table.Fast, Segment: segment, WindowStart: start, WindowEnd: end, WindowSeconds: seconds,
			Shard: int64(i), Shards: costShards, Revision: s.Total(), Total: s.Total(), Summary: s.AppendBinary(nil), FrequentStrings: frequent, WrittenAt: end})
		if err != nil {
			t.Fatal(err)
		}
		sketches = append(sketches, row)
	}
	top := summary.Unite(costK, tops...)
	row := table.TopK{Job: job, Run: run, Path: table.Fast, Segment: segment, WindowStart: start, WindowEnd: end, WindowSeconds: seconds,
		Revision: top.Total, Total: top.Total, WrittenAt: end}
	for i, r := range top.Rows {
		row.Items = append(row.Items, table.Item{Rank: int64(i + 1), Item: r.Item, Count: r.Count, Lower: r.Lower, Upper: r.Upper, Certain: r.Certain})
	}
	list, err := table.Encode(row)
	if err != nil {
		t.Fatal(err)
	}
	return list, sketches
}

// TestCosts keeps the table of docs/costs.md equal to what rows take.
func TestCosts(t *testing.T) {
	if testing.Short() {
		t.Skip("it counts a million events")
	}
	names, all := costs(t)
	var b strings.Builder
	b.WriteString("\n| rows | rows a day | bytes a row | stored a day | sent a day |\n|---|---:|---:|---:|---:|\n")
	var closed cost
	write := func(name string, c cost) {
		fmt.Fprintf(&b, "| %s | %.2f M | %d | %.1f GB | %.1f GB |\n", name, float64(c.rows)*costSegments/1e6, c.stored/max(c.rows, 1),
			float64(c.stored)*costSegments/1e9, float64(c.wire)*costSegments/1e9)
	}
	for _, name := range names {
		if c := all[name]; name != "topk, early" {
			write(name, *c)
			closed = cost{closed.rows + c.rows, closed.stored + c.stored, closed.wire + c.wire}
		}
	}
	write("**all, as by default**", closed)
	early := *all["topk, early"]
	write("topk, early (`--bigquery_early`)", early)
	write("**all, with early lists**", cost{closed.rows + early.rows, closed.stored + early.stored, closed.wire + early.wire})
	b.WriteString("\n")

	const file, begin, end = "../docs/costs.md", "<!-- generated: costs -->\n", "<!-- end -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has lost its marks %q and %q", file, begin, end)
	}
	want := before + begin + b.String() + end + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date: go test ./bigquery -run Costs -update\n%s", file, b.String())
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
