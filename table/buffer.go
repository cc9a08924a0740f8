package table

// A Buffer holds rows until there are enough to write: what a sink gathers within
// a bundle.
type Buffer struct {
	// Rows are those that wait.
	Rows []Row
	// Count is how many rows were added since Reset, written or not.
	Count int64

	bytes int
}

// Reset forgets everything, such as what a failed bundle has left.
func (b *Buffer) Reset() {
	b.Written()
	b.Count = 0
}

// Add adds a row, and tells whether so many rows or bytes wait that they should be
// written.
func (b *Buffer) Add(row Row, maxRows, maxBytes int) (full bool) {
	b.Rows = append(b.Rows, row)
	b.bytes += len(row.Data)
	b.Count++
	return len(b.Rows) >= maxRows || b.bytes >= maxBytes
}

// Written forgets the rows that wait.
func (b *Buffer) Written() {
	clear(b.Rows)
	b.Rows, b.bytes = b.Rows[:0], 0
}
