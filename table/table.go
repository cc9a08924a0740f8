// Package table is the one home of the names and types of Crest's tables.
//
// Each table is a Go struct: TopK, Run, Count, Sketch, Accuracy, Progress,
// Late, Reject, Ledger. A Schema is derived from the struct's tags once, at start-up,
// and everything else follows from it: the SQLite and BigQuery tables, the
// bytes of a Row, docs/format/tables.md. To add a column, add a field; a
// column that is added later has to be nullable and the last one, so that
// files, tables and rows in flight of an older version stay readable.
//
// The package knows neither Beam nor a database.
package table

import "fmt"

// An ID names a table in one byte. IDs are in the bytes of rows in flight:
// they are never given to another table.
type ID uint8

// The tables, in the order in which they are documented.
const (
	TopKTable ID = 1 + iota
	RunTable
	CountTable
	SketchTable
	AccuracyTable
	ProgressTable
	LateTable
	RejectTable
	LedgerTable
	endTable
)

// Valid says whether there is such a table.
func (id ID) Valid() bool { return id >= TopKTable && id < endTable }

// Schema returns the table's schema; it panics where there is no such table.
func (id ID) Schema() *Schema {
	if !id.Valid() {
		panic(fmt.Sprintf("table: no table %d", uint8(id)))
	}
	return schemas[id-1]
}

// String returns the table's name in SQL.
func (id ID) String() string {
	if !id.Valid() {
		return fmt.Sprintf("table(%d)", uint8(id))
	}
	return schemas[id-1].Name
}

// Schemas returns the schemas of all tables, in the order of their IDs. They
// must not be changed.
func Schemas() []*Schema { return schemas }

// Any is the set of row types, one a table.
type Any interface {
	TopK | Run | Count | Sketch | Accuracy | Progress | Late | Reject | Ledger
}

// A Row is one row of any table on its way to a sink. It is immutable: sinks
// may keep Data, and several may read it.
type Row struct {
	Table ID
	// Data holds the columns (docs/format/tables.md, "Rows in flight").
	Data []byte
}

// Encode makes a Row of v. Strings are made valid UTF-8. It is an error when a
// count is over 2^63-1, a float is not finite, or a time is not in the years 1
// to 9999.
func Encode[T Any](v T) (Row, error) { return encode(&v) }

// Decode is the inverse of Encode. It accepts only what Encode can have made
// for this table, now or before nullable columns were added; whatever the
// bytes are, it returns an error rather than panic, and allocates no more than
// a small multiple of their length.
func Decode[T Any](r Row) (T, error) {
	var v T
	err := decode(r, &v)
	return v, err
}
