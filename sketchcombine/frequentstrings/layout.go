// Package frequentstrings is the binary layout of Apache DataSketches' frequent
// items sketch of strings (in Java ItemsSketch with ArrayOfStringsSerDe, elsewhere
// frequent_strings_sketch), which BigQuery's public functions
// bqutil.datasketches.frequent_strings_sketch_* read too. Append writes the heavy
// items of a summary in it; Decode reads it, whoever wrote it.
//
// The sketch is that of Anderson, Bevin, Lang, Liberty, Rhodes and Thaler, "A
// High-Performance Algorithm for Identifying Frequent Items in Data Streams" (IMC
// 2017): a table item → count, and one offset. An item of the table counts from
// count to count + offset, any other at most offset. Crest bounds each item on its
// own, so what Append writes bounds them less tightly than the summary does, but
// never wrongly; docs/format/frequent-strings.md has the bytes and the argument.
package frequentstrings

import "math/bits"

// Of the preamble.
const (
	preambleEmpty  = 1 // words of 8 bytes, in a sketch without items
	preambleFilled = 4 // and in any other

	serialVersion = 1
	family        = 10

	// Of a sketch without items: Java looks at bit 2, C++ before version 4 at
	// bit 0, later ones at both.
	flagsEmpty = 1<<2 | 1<<0

	// What a reader's table of items has at least, and what Crest lets it have at
	// most, as powers of two. It is filled to three quarters: with more items than
	// that a reader throws some away, and forgets to widen its bounds for them.
	lgLeast = 3
	lgMost  = 16
	// lgLimit is what Decode takes: more does not fit into a Java array.
	lgLimit = 30
)

// capacity is how many items a reader's table of 2^lg places holds.
func capacity(lg int) int { return 1 << lg / 4 * 3 }

// lgFor is the power of two of the smallest table that holds n items.
func lgFor(n int) int {
	lg := max(bits.Len(uint(n)), lgLeast)
	if n > capacity(lg) {
		lg++
	}
	return lg
}

const (
	wordBytes     = 8
	preambleBytes = preambleFilled * wordBytes
	// recordBytes is what an item takes besides its own bytes: its count, and its
	// length.
	recordBytes = 8 + 4
)
