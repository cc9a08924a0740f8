package store

import "crest/table"

// Select says which lists are meant.
type Select struct {
	Job string
	// Run restricts to one run's lists, committed or not. Where it is empty
	// the lists that count are meant (the view topk_latest).
	Run string
	// Path is table.Fast or table.Exact; empty for the best there is (the view
	// topk_best; together with Run the exact one where there are two).
	Path string
	// WindowSeconds is the size of the window, 0 for the one over everything.
	WindowSeconds int64
	// At is the window's start; nil means the newest window.
	At *table.Time
}

// SegmentTotal is a segment and its weight in one window.
type SegmentTotal struct {
	Segment            string
	WindowStart        table.Time
	Total              uint64
	Top                string // its first item, empty where it has none
	TopCount, TopLower uint64
}

// WindowSize sums up the lists of one size of window on one path.
type WindowSize struct {
	Path          string
	WindowSeconds int64
	Windows       int64 // windows with a list
	Segments      int64 // segments in them
	Oldest        table.Time
	Newest        table.Time // starts of the first and the last window
}

// AccuracySummary sums up the comparisons of one size of window.
type AccuracySummary struct {
	WindowSeconds  int64
	Lists          int64   // comparisons: a window and a segment each
	MeanRecall     float64 // 0 to 1
	MinRecall      float64
	MeanPrecision  float64
	MeanError      float64 // the mean of the lists' mean relative errors
	MaxError       float64 // the largest relative error of an item
	Coverage       float64 // the mean of fast total / exact total
	CertainPercent float64 // of the items of exact lists, how many are marked certain
	Violations     int64
}

// RejectSummary is one reason for rejects, with an example.
type RejectSummary struct {
	Reason string
	Count  uint64 // records rejected for it
	Source string // the first of them: where it was,
	Offset int64
	Detail string // what was wrong with it,
	Raw    []byte // and its bytes, or the first of them
}
