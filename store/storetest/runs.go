package storetest

import (
	"testing"

	"crest/store"
	"crest/table"
)

func testRuns(t *testing.T, d Database) {
	want := table.Run{Job: "j", Run: "r1", Path: table.Both, Kind: table.Batch, StartedAt: minute(90), CommittedAt: minute(91),
		Read: 10, Counted: 7, Rejected: 3, Settings: `{"k":"\""}`, HashSeed: "f00d"}
	live := table.Run{Job: "j", Run: "r3", Path: table.Fast, Kind: table.Streaming, StartedAt: minute(90) + 5, CompleteFrom: minute(2), Settings: "{}"}
	write(t, d, row(want), row(table.Run{Job: "j", Run: "r2", Kind: table.Batch, Settings: "{}"}),
		row(table.Run{Job: "k", Run: "r9", Kind: table.Streaming, Settings: "{}"}))
	got, _, err := d.LastRun(t.Context(), "j")
	same(t, "a batch run", got, err, want)
	write(t, d, row(live))
	got, _, err = d.LastRun(t.Context(), "j")
	same(t, "a live run", got, err, live)
}

func testAudit(t *testing.T, d Database) {
	acc := func(m int, recall float64, certain int64) table.Row {
		return row(table.Accuracy{Job: "j", Run: "r1", WindowStart: minute(m), WindowEnd: minute(m + 1), WindowSeconds: 60, K: 4, Compared: 4,
			Recall: recall, Precision: recall, MaxError: 1 - recall, Coverage: 0.5, Certain: certain})
	}
	rej := func(run string, offset int64, reason string, n uint64) table.Row {
		return row(table.Reject{Job: "j", Run: run, Source: "f", Offset: offset, Reason: reason, Detail: "d", Raw: []byte{byte(offset)}, Count: n, WrittenAt: minute(90)})
	}
	write(t, d, acc(0, 1, 4), acc(1, 0.5, 2), rej("r1", 9, "no time", 1), rej("r1", 10, "no item", 5), rej("r1", 100, "no time", 6),
		committed("r1"), rej("r2", 1, "no time", 1))
	for _, run := range []string{"", "r1"} {
		accuracy, err := d.Accuracy(t.Context(), "j", run)
		same(t, "accuracy of run "+run, accuracy, err, []store.AccuracySummary{{WindowSeconds: 60, Lists: 2, MeanRecall: 0.75, MinRecall: 0.5,
			MeanPrecision: 0.75, MaxError: 0.5, Coverage: 0.5, CertainPercent: 75}})
		rejects, err := d.Rejects(t.Context(), "j", run)
		same(t, "rejects of run "+run, rejects, err, []store.RejectSummary{{Reason: "no time", Count: 7, Source: "f", Offset: 9, Detail: "d", Raw: []byte{9}}, {Reason: "no item", Count: 5, Source: "f", Offset: 10, Detail: "d", Raw: []byte{10}}})
	}
	rejects, err := d.Rejects(t.Context(), "j", "r2")
	same(t, "rejects of a run that was not committed", rejects, err, []store.RejectSummary{{Reason: "no time", Count: 1, Source: "f", Offset: 1, Detail: "d", Raw: []byte{1}}})
}

func testClosedThrough(t *testing.T, d Database) {
	closed := func(run, path string, through table.Time) table.Row {
		return row(table.Progress{Job: "j", Run: run, Path: path, WindowSeconds: 60, ClosedThrough: through, WrittenAt: 1})
	}
	// r3 is a batch run that was not committed: nobody sees it.
	write(t, d, streaming("r2", hour), closed("r1", table.Fast, minute(5)), closed("r2", table.Fast, minute(2)), closed("r2", table.Exact, minute(1)),
		closed("r2", table.Exact, minute(0)), closed("r3", table.Fast, minute(10)))
	at, _, err := d.ClosedThrough(t.Context(), "j", 60)
	same(t, "closed through", at, err, minute(1))
	_, ok, err := d.ClosedThrough(t.Context(), "j", 300)
	same(t, "another size", ok, err, false)
}
