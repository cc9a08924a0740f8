// Package format decodes records into Blocks: newline-delimited JSON, CSV, TSV
// and web server access logs, whose records are text between newlines, and the
// container formats Avro and Parquet.
//
// A decoder never fails on a record: what it cannot decode becomes a reject of
// the Block, with its place, its reason and its bytes.
package format

import "crest/block"

// Options name the fields of a record. A name is a dotted path (geo.country) or
// a column's name; a field whose own name has dots is found too.
type Options struct {
	Time    string // must exist in each record
	Item    string // must exist in each record
	Segment string // empty where a record has none
	Weight  string // 1 where a record has none
	// Extract says what of the item field is counted.
	Extract Extract
}

// A Decoder turns raw text records into rows. It is immutable and may be used
// by several goroutines at once.
type Decoder interface {
	// Decode decodes the records in b.Data, which are whole and which start at
	// the given offset of the (decompressed) source, into b's columns, rejects
	// and Records. It may append to b.Data, for values that are not a span of
	// their record (unescaped strings); what was there stays as it was. Spare
	// capacity in b.Data saves a copy of it then.
	Decode(b *block.Block, offset int64)
}
