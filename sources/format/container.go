package format

import "crest/block"

// A Container reads the units of a file whose records are not text. A unit is
// the smallest part that can be read by itself: a block of Avro, a row group of
// Parquet.
type Container interface {
	// Next returns the next unit, or io.EOF. It is called by one goroutine.
	Next() (Unit, error)
}

// A Unit is a part of a container file.
type Unit interface {
	// Start is where the unit starts in the file, in bytes. It belongs to the
	// byte range that holds its start; starts rise.
	Start() int64
	// Decode emits the unit's records as blocks, until emit returns false. It may
	// be called by another goroutine than Next. What is wrong with the data is a
	// reject; an error is the storage's.
	Decode(emit func(block.Block) bool) error
}
