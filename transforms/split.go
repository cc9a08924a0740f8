package transforms

import (
	"slices"
	"sync"
	"sync/atomic"

	"crest/block"
)

// A portion is the rows of a block that belong to one worker's shards.
type portion struct {
	block  *block.Block
	hashes []uint64 // of all rows
	rows   []uint32
	split  *split
}

// A split is a block's rows, divided among the workers. Splits are used again
// once every worker has done its portion.
type split struct {
	hashes  []uint64
	rows    [][]uint32 // by worker
	pending atomic.Int32
}

var splits sync.Pool

// newSplit returns a split for so many workers, and room for so many rows.
func newSplit(workers, rows int) *split {
	s, ok := splits.Get().(*split)
	if !ok || len(s.rows) != workers {
		s = &split{rows: make([][]uint32, workers)}
	}
	s.pending.Store(int32(workers))
	s.hashes = slices.Grow(s.hashes[:0], rows)[:rows]
	for w := range s.rows {
		s.rows[w] = s.rows[w][:0]
	}
	return s
}

// done tells that one worker has done its portion.
func (s *split) done() {
	if s.pending.Add(-1) == 0 {
		splits.Put(s)
	}
}
