package transforms

import (
	"slices"
	"sync"
	"sync/atomic"

	"crest/block"
)

// A portion is the rows of a block that one worker counts: of the shards worker,
// worker + workers, worker + 2·workers and so on.
type portion struct {
	*split
	worker int
}

// A split is a block's rows, divided among the shards. It holds the block until
// every worker has done its portion; then it is used again.
type split struct {
	block   block.Block
	hashes  []uint64   // of all rows
	rows    [][]uint32 // by shard
	pending atomic.Int32
}

var splits sync.Pool

// newSplit returns a split of the block, to be filled, for so many shards, whose
// rows so many workers will count.
func newSplit(b *block.Block, shards, workers int) *split {
	s, ok := splits.Get().(*split)
	if !ok {
		s = new(split)
	}
	s.rows = append(s.rows, make([][]uint32, max(shards-len(s.rows), 0))...) // the paths have not as many
	b.Hold()
	s.block = *b
	s.pending.Store(int32(workers))
	s.hashes = slices.Grow(s.hashes[:0], b.Rows())[:b.Rows()]
	for shard := range s.rows {
		s.rows[shard] = s.rows[shard][:0]
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
