package main

import (
	crest "crest/sketchcombine/summary"
)

// crestSummary is Crest's Summary with the settings that follow from the budget.
type crestSummary struct{ *crest.Summary }

func newCrest(seed uint64) func(budget int) summary {
	return func(budget int) summary {
		cfg := crest.ForMemory(budget)
		cfg.Seed = crest.Seed(seed)
		return crestSummary{crest.New(&cfg)}
	}
}

func (s crestSummary) add(item []byte) error { return s.Add(item, 1) }

func (s crestSummary) merge(other summary) error { return s.Merge(other.(crestSummary).Summary) }

func (s crestSummary) rows() (rows []row, absent uint64) {
	list := s.Top(s.Items())
	for _, r := range list.Rows {
		rows = append(rows, row{r.Item, r.Count, r.Lower, r.Upper})
	}
	return rows, list.Outside
}

func (s crestSummary) size() int { return s.Size() }
