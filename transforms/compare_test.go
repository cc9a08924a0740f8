package transforms

import (
	"strings"
	"testing"

	"crest/block"
	"crest/sketchcombine/summary"
)

func TestCompare(t *testing.T) {
	exact := summary.List{Total: 100, Rows: []summary.Row{{Item: "a", Count: 50}, {Item: "b", Count: 20}, {Item: "c", Count: 10}}}
	truth := map[string]uint64{"a": 50, "b": 20, "c": 10, "d": 10, "e": 3}
	row := func(item string, count, lower, upper uint64, certain bool) summary.Row {
		return summary.Row{Item: item, Count: count, Lower: lower, Upper: upper, Certain: certain}
	}
	for name, c := range map[string]struct {
		fast              []summary.Row
		recall, precision float64
		violations        int64
		maxError          float64
	}{
		"the same":             {[]summary.Row{row("a", 50, 50, 50, true), row("b", 20, 20, 20, true), row("c", 10, 10, 10, true)}, 1, 1, 0, 0},
		"a tie for the last":   {[]summary.Row{row("a", 50, 50, 50, true), row("b", 20, 20, 20, true), row("d", 12, 9, 12, true)}, 1, 1, 0, .2},
		"one is wrong":         {[]summary.Row{row("a", 50, 50, 50, true), row("b", 20, 20, 20, true), row("e", 12, 3, 12, false)}, 2. / 3, 2. / 3, 0, 3},
		"a bound is violated":  {[]summary.Row{row("a", 40, 30, 45, true)}, 1. / 3, 1, 1, .2},
		"wrongly certain":      {[]summary.Row{row("e", 3, 3, 3, true)}, 0, 0, 1, 0},
		"what was never there": {[]summary.Row{row("z", 1, 0, 1, false)}, 0, 0, 0, 0},
		"nothing":              {nil, 0, 1, 0, 0},
	} {
		got := Compare(summary.List{Total: 90, Rows: c.fast}, exact, truth)
		if got.Recall != c.recall || got.Precision != c.precision || got.Violations != c.violations || got.MaxError != c.maxError || got.Coverage != .9 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestLedger(t *testing.T) {
	var add addLedgersFn
	l := add.MergeAccumulators(
		Ledger{Read: 90, Rejected: 1, Reasons: []Refusal{{block.BadTime, 1, "x"}}},
		Ledger{Read: 10, Rejected: 4, Reasons: []Refusal{{block.MissingItem, 3, "fields: time, video"}, {block.BadTime, 1, "y"}}})
	if l.Read != 100 || l.Rejected != 5 || l.Counted() != 95 || l.Reasons[0].Reason != block.MissingItem {
		t.Errorf("%+v", l)
	}
	if err := l.Check(.05); err != nil {
		t.Errorf("5 of 100 at 5%%: %v", err)
	}
	err := l.Check(.04)
	if err == nil || !strings.Contains(err.Error(), "fields: time, video") || !strings.Contains(err.Error(), "5 of 100") {
		t.Errorf("5 of 100 at 4%%: %v", err)
	}
	if err := (Ledger{}).Check(0); err != nil {
		t.Errorf("nothing read: %v", err)
	}
	same, err := func() (Ledger, error) {
		b, err := encodeLedger(l)
		if err != nil {
			return Ledger{}, err
		}
		return decodeLedger(b)
	}()
	if err != nil || same.Read != l.Read || len(same.Reasons) != 2 {
		t.Errorf("came back as %+v, %v", same, err)
	}
}
