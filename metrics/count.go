package metrics

// How the counting goes.
var (
	// BundleTime is how long bundles of the source take that hold records, with
	// the counting of them.
	BundleTime = NewDurations("bundle_seconds", "How long the bundles take that records are read and counted in.")
	// ListDelay is how long after its window's end a list of a live source is
	// made: below zero where it is early, years where a long past is read.
	ListDelay = NewDurations("list_delay_seconds", "How long after the end of its window a list is made.")
	// SummaryBytes is how large the encoded summaries of windows are: of one shard
	// of one segment each.
	SummaryBytes = NewSizes("summary_bytes", "Sizes of the summaries of windows, of one shard of one segment each.")
)
