package tabletest

import "crest/table"

func rows(r ...table.Row) []table.Row { return r }

// latest is what topk_latest shows.
func latest(rows ...string) want { return want{"topk_latest", "run path window_start total", rows} }

// best is what topk_best shows.
func best(rows ...string) want { return want{"topk_best", "run path exact total", rows} }

func cases() []scenario { return append(runs(), writes()...) }

// runs are scenarios of which run's rows count.
func runs() []scenario {
	const (
		m0 = " 2026-01-31T23:00:00Z "
		m1 = " 2026-01-31T23:01:00Z "
		m2 = " 2026-01-31T23:02:00Z "
	)
	all := topk("j", "r1", table.Exact, "", 0, 50)
	all.WindowStart, all.WindowEnd, all.WindowSeconds = table.AllStart, table.AllEnd, 0
	return []scenario{
		{"a batch run is seen from its commit on", []step{
			{rows(list("r1", "fast", 0, 10), count("r1", "x", 0, 10), reject("r1", 1), accuracy("r1", 0, 1)), []want{
				latest(), best(), {"topk_items", "item", nil}, {"counts_latest", "item", nil},
				{"rejects_latest", "reason", nil}, {"accuracy_latest", "run", nil}}},
			{rows(committed("r1")), []want{
				latest("r1 fast" + m0 + "10"), best("r1 fast 0 10"), {"counts_latest", "run item count", []string{"r1 x 10"}},
				{"rejects_latest", "run reason source offset count", []string{"r1 no time f 1 1"}},
				{"accuracy_latest", "run recall", []string{"r1 1"}}}},
		}},
		{"a run without a commit row hides nothing", []step{
			{rows(list("r1", "fast", 0, 10), committed("r1")), nil},
			{rows(list("r2", "fast", 0, 7), row(table.Run{Job: "j", Run: "r2", Kind: table.Batch, Settings: "{}"})), []want{
				latest("r1 fast" + m0 + "10")}},
		}},
		{"the newest run of each window", []step{
			{rows(list("r1", "fast", 0, 10), list("r1", "fast", 1, 11), committed("r1")), nil},
			{rows(list("r2", "fast", 1, 5), list("r2", "fast", 2, 6), committed("r2")), []want{
				latest("r1 fast"+m0+"10", "r2 fast"+m1+"5", "r2 fast"+m2+"6")}},
			{rows(list("r0", "fast", 1, 99), committed("r0")), []want{
				latest("r1 fast"+m0+"10", "r2 fast"+m1+"5", "r2 fast"+m2+"6")}},
		}},
		{"a bundle again doubles nothing", []step{
			{rows(list("r1", "fast", 0, 10), count("r1", "x", 0, 3), reject("r1", 1), late("r1", 1), accuracy("r1", 0, 1), committed("r1")), nil},
			{rows(list("r1", "fast", 0, 10), count("r1", "x", 0, 3), reject("r1", 1), late("r1", 1), accuracy("r1", 0, 1), committed("r1")), []want{
				latest("r1 fast" + m0 + "10"), {"counts_latest", "item count", []string{"x 3"}},
				{"topk_items", "rank item", []string{"1 a b", `2 "ü"`}},
				{"late_latest", "offset count", []string{"1 1"}},
				{"rejects_latest", "offset count", []string{"1 1"}}, {"accuracy_latest", "run", []string{"r1"}}}},
		}},
		{"the highest revision of a run", []step{
			{rows(streaming("r1", minute(-1), 0), list("r1", "fast", 0, 10), list("r1", "fast", 0, 30), list("r1", "fast", 0, 20)), []want{
				latest("r1 fast" + m0 + "30")}},
			{rows(list("r1", "fast", 0, 25)), []want{latest("r1 fast" + m0 + "30")}},
			{rows(list("r1", "fast", 0, 31)), []want{latest("r1 fast" + m0 + "31")}},
			{rows(streaming("r2", minute(-1), 0), list("r2", "fast", 0, 2)), []want{latest("r2 fast" + m0 + "2")}},
		}},
		{"a streaming run counts from its start on", []step{
			{rows(list("r1", "fast", 0, 10), list("r1", "fast", 1, 10), list("r1", "fast", 2, 10), committed("r1")), nil},
			{rows(streaming("r2", minute(1), 0), list("r2", "fast", 0, 3), list("r2", "fast", 1, 4)), []want{
				latest("r1 fast"+m0+"10", "r2 fast"+m1+"4", "r1 fast"+m2+"10")}},
			{rows(streaming("r3", minute(1)+1, 0), list("r3", "fast", 0, 5), list("r3", "fast", 1, 6), list("r3", "fast", 2, 7)), []want{
				latest("r1 fast"+m0+"10", "r2 fast"+m1+"4", "r3 fast"+m2+"7")}},
			{rows(streaming("r4", minute(0.5), 0), list("r4", "fast", 0, 8)), []want{
				latest("r1 fast"+m0+"10", "r2 fast"+m1+"4", "r3 fast"+m2+"7")}},
		}},
		{"a streaming run that reads the past is complete from there", []step{
			{rows(streaming("r1", minute(90), minute(1)), list("r1", "fast", 0, 3), list("r1", "fast", 1, 4)), []want{
				latest("r1 fast" + m1 + "4")}},
		}},
		{"exact where it has all, else fast", []step{
			{rows(list("r1", "fast", 0, 10), list("r1", "fast", 1, 10), list("r1", "fast", 2, 10), committed("r1")), []want{
				best("r1 fast 0 10", "r1 fast 0 10", "r1 fast 0 10")}},
			{rows(list("r2", "exact", 0, 11), list("r2", "exact", 1, 10), list("r2", "exact", 2, 9), committed("r2")), []want{
				best("r2 exact 1 11", "r2 exact 1 10", "r1 fast 0 10"),
				latest("r1 fast"+m0+"10", "r1 fast"+m1+"10", "r1 fast"+m2+"10",
					"r2 exact"+m0+"11", "r2 exact"+m1+"10", "r2 exact"+m2+"9")}},
			{rows(list("r3", "exact", 2, 8)), []want{best("r2 exact 1 11", "r2 exact 1 10", "r1 fast 0 10")}},
		}},
		{"items, one a row", []step{
			{rows(list("r1", "fast", 0, 10), row(all), committed("r1")), []want{
				{"topk_items", "path segment window_start window_end window_seconds rank item count lower upper certain total revision", []string{
					"fast  2026-01-31T23:00:00Z 2026-01-31T23:01:00Z 60 1 a b 9 8 10 1 10 10",
					`fast  2026-01-31T23:00:00Z 2026-01-31T23:01:00Z 60 2 "ü" 1 0 2 0 10 10`,
					"exact  1970-01-01T00:00:00Z 9999-12-31T23:59:59Z 0 1 a b 49 48 50 1 50 50",
					`exact  1970-01-01T00:00:00Z 9999-12-31T23:59:59Z 0 2 "ü" 1 0 2 0 50 50`,
				}}}},
		}},
		{"jobs and segments are apart", []step{
			{rows(row(topk("j", "r1", "fast", "DE", 0, 5)), row(topk("j", "r1", "fast", "FR", 0, 6)),
				row(topk("other", "r9", "fast", "DE", 0, 7)), committed("r1")), []want{
				{"topk_latest", "job segment total", []string{"j DE 5", "j FR 6"}}}},
			{rows(row(table.Run{Job: "other", Run: "r9", Kind: table.Batch, CommittedAt: 1, Settings: "{}"})), []want{
				{"topk_latest", "job segment total", []string{"j DE 5", "j FR 6", "other DE 7"}}}},
		}},
		{"counts of the newest run of each window", []step{
			{rows(count("r1", "x", 0, 3), count("r1", "y", 0, 2), count("r1", "x", 60, 9), committed("r1")), nil},
			{rows(count("r2", "x", 0, 4), committed("r2")), []want{
				{"counts_latest", "run window_start item count", []string{
					"r2 2026-01-31T23:00:00Z x 4", "r1 2026-02-01T00:00:00Z x 9"}}}},
		}},
		{"sketches, like lists", []step{
			{rows(row(table.Sketch{Job: "j", Run: "r1", Path: "fast", WindowStart: hour, WindowSeconds: 60, Revision: 2, Total: 2, Summary: []byte{1}}),
				row(table.Sketch{Job: "j", Run: "r1", Path: "fast", WindowStart: hour, WindowSeconds: 60, Revision: 1, Total: 1, Summary: []byte{2}}),
				committed("r1")), []want{{"sketches_latest", "run total", []string{"r1 2"}}}},
		}},
		{"rejects of the newest run", []step{
			{rows(reject("r1", 1), reject("r1", 2), committed("r1"), late("r1", 1)), nil},
			{rows(reject("r2", 3), committed("r2")), []want{
				{"rejects_latest", "run offset", []string{"r2 3"}}, {"late_latest", "run", nil}}},
		}},
	}
}
