package main

// A contender summarizes a stream within a budget of bytes.
type contender interface {
	name() string
	// run summarizes the stream whole, and in contiguous parts that it merges.
	run(st *stream, budget int) (one, merged *result, err error)
}

// A result is one summary, and what it took. It is also the JSON line that an
// external contender prints; README.md has its contract.
type result struct {
	Parts        int     `json:"parts"`
	Bytes        int     `json:"bytes"`         // memory, keys and slack included
	AddSeconds   float64 `json:"add_seconds"`   // to add the stream to all parts
	MergeSeconds float64 `json:"merge_seconds"` // to merge all parts into an empty summary
	Bounds       bool    `json:"bounds"`        // whether Lower, Upper and Absent are promised
	Absent       uint64  `json:"absent"`        // no item outside Rows has a larger count
	Rows         []row   `json:"rows"`          // every item that is retained
}

type row struct {
	Item  string `json:"item"`
	Count uint64 `json:"count"` // the estimate
	Lower uint64 `json:"lower"`
	Upper uint64 `json:"upper"`
}
