package format

import "crest/block"

// A cellReader reads records whose cells have no structure of their own. It is
// used by one goroutine at a time.
type cellReader struct {
	values
	columns columns
	blank   bool // the last record was an empty line
}

func newCellReader(w *wanted, unescape func(dst, raw []byte) []byte) *cellReader {
	return &cellReader{values: values{wanted: w, unescape: unescape, quickSlot: noSlot, stamp: block.NoTime}}
}

func (r *cellReader) begin(b *block.Block) {
	r.data = b.Data // what is appended to b.Data is not to be read
	r.columns.reserve(b)
}

// end lets go of the data: the reader goes back into a pool.
func (r *cellReader) end(b *block.Block) {
	r.columns.learn(len(r.data), len(b.Items))
	r.data = nil
}

// reject rejects the record [start, next), whose values r holds.
func (r *cellReader) reject(b *block.Block, offset int64, start, next int, reason block.Reason) {
	var detail string
	if wantsDetail(b, reason) {
		detail = r.detail(reason)
	}
	b.Reject(offset+int64(start), reason, detail, trimNewline(r.data[start:next]))
}
