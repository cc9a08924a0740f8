package format

import (
	"bytes"
	"slices"

	"crest/block"
)

// columns makes room in the columns of blocks by what the last block needed.
type columns struct {
	rowLen int // the bytes of data that a row came from, on average
}

// reserve makes room for the rows of b.Data.
func (c *columns) reserve(b *block.Block) {
	n := c.rowLen
	if n == 0 {
		head := b.Data[:min(len(b.Data), 4<<10)]
		n = len(head) / (bytes.Count(head, []byte{'\n'}) + 1)
	}
	rows := len(b.Data) / max(n, 2)
	rows += rows/16 + 16
	b.Times = slices.Grow(b.Times, rows)
	b.Items = slices.Grow(b.Items, rows)
}

// learn remembers how many rows came from how many bytes.
func (c *columns) learn(bytes, rows int) {
	if rows > 0 {
		c.rowLen = bytes / rows
	}
}

// finish completes the rows of a record whose items have been appended to
// b.Items.
func finish(b *block.Block, ms int64, segment block.Text, weight uint64) {
	first, rows := len(b.Times), len(b.Items)
	for len(b.Times) < rows {
		b.Times = append(b.Times, ms)
	}
	if segment.Len != 0 || b.Segments != nil {
		if segment.Len == 0 {
			segment = block.Text{}
		}
		if b.Segments == nil {
			b.OpenSegments(first)
		}
		for len(b.Segments) < rows {
			b.Segments = append(b.Segments, segment)
		}
	}
	if weight != 1 || b.Weights != nil {
		if b.Weights == nil {
			b.OpenWeights(first)
		}
		for len(b.Weights) < rows {
			b.Weights = append(b.Weights, weight)
		}
	}
}
