package transforms

import (
	"slices"
	"sync"
	"sync/atomic"

	"crest/block"
)

// A portion is the rows of a block that belong to one worker's shards.
type portion struct {
	*split
	worker int
}

// A split is a block's rows, divided among the workers. It holds the block until
// every worker has done its portion; then it is used again.
type split struct {
	block   block.Block
	hashes  []uint64   // of all rows
	rows    [][]uint32 // by worker
	pending atomic.Int32
}

var splits sync.Pool

// newSplit returns a split of the block for so many workers, to be filled.
func newSplit(b *block.Block, workers int) *split {
	s, ok := splits.Get().(*split)
	if !ok || len(s.rows) != workers {
		s = &split{rows: make([][]uint32, workers)}
	}
	b.Hold()
	s.block = *b
	s.pending.Store(int32(workers))
	s.hashes = slices.Grow(s.hashes[:0], b.Rows())[:b.Rows()]
	for w := range s.rows {
		s.rows[w] = s.rows[w][:0]
	}
	return s
}

// done tells that one worker has done its portion.
func (s *split) done() {
	if s.pending.Add(-1) == 0 {
		s.block.Release()
		s.block = block.Block{}
		splits.Put(s)
	}
}
