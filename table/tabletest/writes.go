package tabletest

import (
	"fmt"
	"strings"

	"crest/table"
)

// writes are scenarios of what is written, and of who writes at once.
func writes() []scenario {
	const m0, m1 = " 2026-01-31T23:00:00Z ", " 2026-01-31T23:01:00Z "
	return []scenario{
		{"two jobs at once", []step{
			{rows(streaming("r1", minute(-1), 0), runOf("other", "r2", table.Streaming, 0)), nil},
			{rows(list("r1", "fast", 0, 10), row(topk("other", "r2", "fast", "", 0, 7))), nil},
			{rows(row(topk("other", "r2", "fast", "", 0, 8)), list("r1", "fast", 0, 11)), []want{
				{"topk_latest", "job run total", []string{"j r1 11", "other r2 8"}},
				{"topk_best", "job exact total", []string{"j 0 11", "other 0 8"}}}},
			{rows(row(topk("other", "r3", "exact", "", 0, 9)), runOf("other", "r3", table.Batch, minute(91))), []want{
				{"topk_best", "job exact total", []string{"j 0 11", "other 1 9"}}}},
		}},
		{"a streaming run that starts in the middle of a window", []step{
			{rows(streaming("r1", minute(0.5), 0), list("r1", "fast", 0, 3), list("r1", "fast", 1, 4)), []want{latest("r1 fast" + m1 + "4")}},
			{rows(list("r2", "exact", 0, 9), list("r2", "exact", 1, 4), committed("r2")), []want{
				best("r2 exact 1 9", "r2 exact 1 4")}},
			{rows(list("r1", "fast", 0, 5), list("r1", "fast", 1, 6)), []want{best("r2 exact 1 9", "r1 fast 0 6")}},
		}},
		{"fast, then exact, then more of fast", []step{
			{rows(streaming("r1", minute(-1), 0), list("r1", "fast", 0, 10)), []want{best("r1 fast 0 10")}},
			{rows(list("r2", "exact", 0, 12), count("r2", "x", 0, 12)), []want{best("r1 fast 0 10"), {"counts_latest", "item", nil}}},
			{rows(committed("r2")), []want{best("r2 exact 1 12"), {"counts_latest", "item count", []string{"x 12"}}}},
			{rows(list("r1", "fast", 0, 13)), []want{best("r1 fast 0 13"), latest("r1 fast"+m0+"13", "r2 exact"+m0+"12")}},
		}},
		{"late rewrites", []step{
			{rows(streaming("r1", minute(-1), 0), list("r1", "fast", 0, 10), list("r1", "fast", 1, 5)), nil},
			{rows(list("r1", "fast", 0, 12)), []want{latest("r1 fast"+m0+"12", "r1 fast"+m1+"5")}},
			{rows(list("r1", "fast", 1, 5), list("r1", "fast", 0, 10)), []want{latest("r1 fast"+m0+"12", "r1 fast"+m1+"5")}},
		}},
		{"rows written several times, in any order", []step{
			{rows(list("r1", "fast", 0, 33), list("r1", "fast", 0, 11), sketch("r1", 0, 2), sketch("r1", 1, 4), ledger("r1", 5)), nil},
			{rows(sketch("r1", 1, 3), list("r1", "fast", 0, 22), ledger("r1", 7), list("r1", "fast", 0, 33)), nil},
			{rows(streaming("r1", minute(-1), 0), sketch("r1", 0, 6), ledger("r1", 6), streaming("r1", minute(-1), 0)), []want{
				latest("r1 fast" + m0 + "33"),
				{"sketches_latest", "shard total", []string{"0 6", "1 4"}},
				{"ledger_latest", "source read", []string{"f 7"}}}},
			{rows(sketch("r1", 1, 3), list("r1", "fast", 0, 33), ledger("r1", 7)), []want{
				latest("r1 fast" + m0 + "33"),
				{"sketches_latest", "shard total", []string{"0 6", "1 4"}},
				{"ledger_latest", "source read", []string{"f 7"}}}},
		}},
		{"summaries of one run", []step{
			{rows(sketch("r1", 0, 2), sketch("r1", 1, 4), committed("r1")), []want{
				{"sketches_latest", "run shard total", []string{"r1 0 2", "r1 1 4"}}}},
			{rows(sketch("r2", 0, 3), committed("r2")), []want{{"sketches_latest", "run shard total", []string{"r2 0 3"}}}},
		}},
		{"lists without items", []step{
			{rows(empty("r1", "fast"), committed("r1")), []want{
				latest("r1 fast" + m0 + "0"), best("r1 fast 0 0"), {"topk_items", "item", nil}}},
			{rows(empty("r2", "exact"), committed("r2")), []want{best("r2 exact 1 0"), {"topk_items", "item", nil}}},
		}},
		characters(),
		manySegments(),
	}
}

// characters has an item of every kind that is hard to carry.
func characters() scenario {
	items := []string{"", " ", "'", `"`, "`", `\`, `\n`, "\n", "\r\n", "\t", "\x00", "a\x00b", "\x1b[31m", "%s ${DATASET} {{.}}", "--", ";", "NULL", "0", "true",
		`{"rank":1}`, "</script>", "ü", "e\u0301", "👩‍👩‍👧‍👦", "\U0010ffff", "שלום עולם", "\u202eabc", "\u2028", "\ufeff", "日本語",
		strings.Repeat("x", 1024), strings.Repeat("é", 512)}
	l := topk("j", "r1", table.Exact, "", 0, uint64(len(items)))
	l.Items = nil
	write := rows(committed("r1"))
	var listed, counted []string
	for i, item := range items {
		l.Items = append(l.Items, table.Item{Rank: int64(i + 1), Item: item, Count: 1, Lower: 1, Upper: 1, Certain: true})
		segment := topk("j", "r1", table.Fast, item, 1, 1)
		segment.Items = nil
		write = append(write, count("r1", item, 0, 1), row(segment))
		listed = append(listed, fmt.Sprint(i+1, " ", item))
		counted = append(counted, item)
	}
	return scenario{"items and segments of every kind of character", []step{
		{append(write, row(l)), []want{
			{"topk_items", "rank item", listed},
			{"counts_latest", "item", counted},
			{"topk_latest", "segment total", append(prefixed(counted, " 1"), fmt.Sprint(" ", len(items)))}}}}}
}

func prefixed(of []string, end string) []string {
	all := make([]string, len(of))
	for i, s := range of {
		all[i] = s + end
	}
	return all
}

// manySegments has 1,000 lists of 100 items.
func manySegments() scenario {
	const segments, k = 1000, 100
	write := rows(committed("r1"))
	var totals, items []string
	for s := range segments {
		name := fmt.Sprintf("s%03d", s)
		l := topk("j", "r1", table.Fast, name, 0, uint64(s+k))
		l.Items = nil
		for i := range k {
			item := table.Item{Rank: int64(i + 1), Item: fmt.Sprintf("item %d of %s", i, name), Count: uint64(k - i), Lower: uint64(k - i), Upper: uint64(k - i + s)}
			l.Items = append(l.Items, item)
			items = append(items, fmt.Sprintf("%s %d %s %d", name, item.Rank, item.Item, item.Upper))
		}
		write = append(write, row(l))
		totals = append(totals, fmt.Sprint(name, " ", s+k))
	}
	return scenario{"1,000 segments of 100 items", []step{
		{write, []want{{"topk_latest", "segment total", totals}, {"topk_items", "segment rank item upper", items}}}}}
}

func runOf(job, run, kind string, committedAt table.Time) table.Row {
	return row(table.Run{Job: job, Run: run, Path: table.Both, Kind: kind, StartedAt: minute(-1), CommittedAt: committedAt, Settings: "{}"})
}

// empty is the list of a window in which nothing was counted.
func empty(run, path string) table.Row {
	l := topk("j", run, path, "", 0, 0)
	l.Items = nil
	return row(l)
}

func sketch(run string, shard int64, revision uint64) table.Row {
	return row(table.Sketch{Job: "j", Run: run, Path: table.Fast, WindowStart: hour, WindowEnd: minute(1), WindowSeconds: 60,
		Shard: shard, Shards: 2, Revision: revision, Total: revision, Summary: []byte{0, 255}})
}

func ledger(run string, read uint64) table.Row {
	return row(table.Ledger{Job: "j", Run: run, Source: "f", WindowStart: hour, WindowEnd: minute(1), WindowSeconds: 60,
		To: int64(read), Positions: int64(read), Read: read, Counted: read})
}
