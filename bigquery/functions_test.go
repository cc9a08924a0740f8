//go:build real && unix

package bigquery

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"crest/realtest"
	"crest/seedtest"
	"crest/table"
)

const hourStart table.Time = 1769900400000 // 2026-01-31T23:00:00Z

// A miniature is what jobs counted of the same events in the minutes from hourStart
// on: lists of three items, of which there are a dozen.
type miniature struct {
	t    *testing.T
	rows []table.Row
	// minutes are the true counts, by item.
	minutes []map[string]uint64
}

func add[T table.Any](m *miniature, v T) {
	m.t.Helper()
	row, err := table.Encode(v)
	if err != nil {
		m.t.Fatal(err)
	}
	m.rows = append(m.rows, row)
}

func (m *miniature) run(job string) {
	add(m, table.Run{Job: job, Run: "r1", Path: table.Both, Kind: table.Batch, StartedAt: 1, CommittedAt: 2, Settings: "{}"})
}

// list adds the list of a minute, of either path: bounds of the fast one are up to
// slack away.
func (m *miniature) list(job, path string, minute int, slack uint64) {
	counts := m.minutes[minute]
	items := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return int(counts[b]) - int(counts[a])
		}
		return map[bool]int{true: -1, false: 1}[a < b]
	})
	start := hourStart + table.Time(minute)*60000
	l := table.TopK{Job: job, Run: "r1", Path: path, Segment: "s", WindowStart: start, WindowEnd: start + 60000, WindowSeconds: 60, WrittenAt: 1}
	for i, item := range items {
		n := counts[item]
		l.Total += n
		if i < 3 {
			lower := n - min(n, slack)
			outside := uint64(0)
			if len(items) > 3 {
				outside = counts[items[3]] + slack
			}
			l.Items = append(l.Items, table.Item{Rank: int64(i + 1), Item: item, Count: n, Lower: lower, Upper: n + slack, Certain: lower >= outside})
		}
	}
	l.Revision = l.Total
	add(m, l)
}

// counts adds the exact counts of five minutes.
func (m *miniature) counts(job string, from int) {
	start := hourStart + table.Time(from)*60000
	for item, n := range m.true(from, from+5) {
		add(m, table.Count{Job: job, Run: "r1", Segment: "s", WindowStart: start, WindowEnd: start + 300000, WindowSeconds: 300, Item: item, Count: n})
	}
}

func (m *miniature) true(from, to int) map[string]uint64 {
	sums := make(map[string]uint64)
	for _, counts := range m.minutes[from:to] {
		for item, n := range counts {
			sums[item] += n
		}
	}
	return sums
}

// TestRealTopKBetween asks for the top of an interval of jobs that have counts, lack
// some, or have none.
func TestRealTopKBetween(t *testing.T) {
	rng := seedtest.Rand(t)
	c := prepared(t, target(realtest.BigQuery(t), "between"))
	m := &miniature{t: t}
	for range 20 {
		counts := make(map[string]uint64)
		for i := range 12 {
			counts[fmt.Sprint("item", i)] = 1 + uint64(rng.IntN(200/(i+1)))
		}
		m.minutes = append(m.minutes, counts)
	}
	for _, job := range []string{"counted", "short", "exact", "fast"} {
		m.run(job)
	}
	for minute := range m.minutes {
		m.list("counted", table.Fast, minute, 3)
		m.list("short", table.Fast, minute, 3)
		m.list("exact", table.Exact, minute, 0)
		m.list("fast", table.Fast, minute, 3)
		if minute%5 == 0 {
			m.counts("counted", minute)
			if minute != 10 {
				m.counts("short", minute)
			}
		}
	}
	if err := c.Append(t.Context(), append(m.rows, m.rows...)); err != nil {
		t.Fatal(err)
	}
	for _, interval := range [][2]int{{0, 20}, {5, 15}, {3, 17}, {7, 8}} {
		m.checkBetween(c, interval[0], interval[1])
	}
}

func (m *miniature) checkBetween(c *Client, from, to int) {
	m.t.Helper()
	at := func(minute int) string {
		return "TIMESTAMP '" + (hourStart + table.Time(minute)*60000).String() + "'"
	}
	rows, err := c.query(m.t.Context(), fmt.Sprintf("SELECT job, item, count, lower, upper, exact, coverage, source, certain, total FROM `%s.topk_between`(%s, %s, 's', 5)",
		c.target, at(from), at(to)))
	if err != nil {
		m.t.Fatal(err)
	}
	truth := m.true(from, to)
	tiled := from%5 == 0 && to%5 == 0
	seen := make(map[string]int)
	for _, r := range rows {
		job, item, exact := r[0].(string), r[1].(string), r[5].(bool)
		seen[job]++
		n := int64(truth[item])
		if r[3].(int64) > n || r[4].(int64) < n || exact && r[2].(int64) != n || r[6].(float64) != 1 {
			m.t.Errorf("minutes %d to %d: the true count is %d, answered: %v", from, to, n, r)
		}
		counted := tiled && (job == "counted" || job == "short" && (from > 10 || to <= 10))
		if (r[7] == "counts") != counted || counted && !exact || exact && (job == "fast" || job == "short" && !counted) {
			m.t.Errorf("minutes %d to %d: %v", from, to, r)
		}
		if r[8].(bool) { // no more than 4 items have more
			more := 0
			for _, other := range truth {
				if int64(other) > n {
					more++
				}
			}
			if more > 4 {
				m.t.Errorf("minutes %d to %d: %d items have more than the %d of %v", from, to, more, n, r)
			}
		}
	}
	for _, job := range []string{"counted", "short", "exact", "fast"} {
		want := 5
		if to-from == 1 { // one list of three
			want = 3
		}
		if seen[job] != want {
			m.t.Errorf("minutes %d to %d: %d items of job %s", from, to, seen[job], job)
		}
	}
}

// TestRealRising has one item that rises among many that vary by chance.
func TestRealRising(t *testing.T) {
	rng := seedtest.Rand(t)
	c := prepared(t, target(realtest.BigQuery(t), "rising"))
	m := &miniature{t: t}
	m.run("j")
	for minute := range 8 {
		counts := map[string]uint64{"rose": 20, "new": 0, "few": 0}
		for i := range 4 {
			counts[fmt.Sprint("steady", i)] = 95 + uint64(rng.IntN(10))
		}
		if minute == 7 {
			counts["rose"], counts["new"], counts["few"] = 200, 150, 3
		}
		m.minutes = append(m.minutes, counts)
		m.list("j", table.Exact, minute, 0)
	}
	if err := c.Append(t.Context(), m.rows); err != nil {
		t.Fatal(err)
	}
	begin := (hourStart + 7*60000).Time().Format(time.RFC3339)
	rows, err := c.query(t.Context(), fmt.Sprintf("SELECT item, rank, windows, rise FROM `%s.rising`(TIMESTAMP '%s', 60, 7, 5) ORDER BY rank", c.target, begin))
	if err != nil {
		t.Fatal(err)
	}
	// A list of three hides both before, below about 100: neither can have risen
	// more than twice for certain, and nothing else has.
	if len(rows) != 2 || rows[0][0] != "rose" || rows[1][0] != "new" || rows[0][2] != int64(7) || rows[0][3].(float64) > 2.1 {
		t.Errorf("%v", rows)
	}
}
