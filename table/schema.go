package table

import (
	"fmt"
	"reflect"
	"strings"
)

// Type is the type of a column.
type Type uint8

// The types. An Int has 64 bits and a sign; a Timestamp has milliseconds.
const (
	String Type = 1 + iota
	Int
	Float
	Bool
	Timestamp
	Bytes
	Record
)

// String returns the type's name.
func (t Type) String() string {
	return [...]string{"", "string", "int", "float", "bool", "timestamp", "bytes", "record"}[t]
}

// Mode says how many values a column has in a row.
type Mode uint8

// The modes: one, none or one, any number.
const (
	Required Mode = iota
	Nullable
	Repeated
)

// String returns the mode's name.
func (m Mode) String() string { return [...]string{"required", "nullable", "repeated"}[m] }

// Column is a column of a table, or a field of a record. In a nullable column
// the zero value of the Go type means NULL.
type Column struct {
	Name string
	Type Type
	Mode Mode
	Doc  string
	// Columns are a Record's fields.
	Columns []Column

	unsigned bool
}

// Schema describes a table.
type Schema struct {
	ID      ID
	Name    string
	Doc     string
	Columns []Column
	// Key are the columns that tell rows apart within a table: writing a row
	// with the key of another replaces it. They are in the order that suits an
	// index.
	Key []string
	// Version is the column by which one of two rows with the same key wins,
	// the greater value, or the later write where they are equal; empty where
	// the later write always wins.
	Version string
	// Partition is the timestamp column that large tables are divided by, by
	// day; empty for small tables.
	Partition string
	// Cluster are the columns that rows are kept together by.
	Cluster []string

	goType reflect.Type
}

// Index returns the place of a column, -1 where there is none of this name.
func (s *Schema) Index(name string) int {
	for i := range s.Columns {
		if s.Columns[i].Name == name {
			return i
		}
	}
	return -1
}

var schemas = []*Schema{
	define[TopK](Schema{
		ID: TopKTable, Name: "topk",
		Doc:       "One row is one list: the K heaviest items of one segment in one window.",
		Key:       []string{"window_seconds", "segment", "window_start", "path", "job", "run"},
		Version:   "revision",
		Partition: "window_start", Cluster: []string{"window_seconds", "segment"},
	}),
	define[Run](Schema{
		ID: RunTable, Name: "runs",
		Doc: "One row is one launch of a job. A batch run's row is written last: the views show its rows from then on.",
		Key: []string{"job", "run"},
	}),
	define[Count](Schema{
		ID: CountTable, Name: "counts",
		Doc:       "The frequency table of the exact path: every item's count in a window. Counts of disjoint windows add up.",
		Key:       []string{"window_seconds", "segment", "window_start", "job", "run", "item"},
		Partition: "window_start", Cluster: []string{"window_seconds", "segment", "item"},
	}),
	define[Sketch](Schema{
		ID: SketchTable, Name: "sketches",
		Doc:       "Each window's summary, from which lists of any union of windows are made.",
		Key:       []string{"window_seconds", "segment", "window_start", "path", "shard", "job", "run"},
		Version:   "revision",
		Partition: "window_start", Cluster: []string{"window_seconds", "segment"},
	}),
	define[Accuracy](Schema{
		ID: AccuracyTable, Name: "accuracy",
		Doc:       "For each window that both paths have: how good the fast list was.",
		Key:       []string{"window_seconds", "segment", "window_start", "job", "run"},
		Partition: "window_start", Cluster: []string{"window_seconds", "segment"},
	}),
	define[Progress](Schema{
		ID: ProgressTable, Name: "progress",
		Doc:     "How far each path has closed its windows.",
		Key:     []string{"job", "run", "path", "window_seconds"},
		Version: "closed_through",
	}),
	define[Late](Schema{
		ID: LateTable, Name: "late",
		Doc:       "Records that came after their pane had closed, counted by batch read and pane.",
		Key:       []string{"job", "run", "source", "offset", "segment", "window_start"},
		Partition: "window_start", Cluster: []string{"job", "run"},
	}),
	define[Reject](Schema{
		ID: RejectTable, Name: "rejects",
		Doc:       "Records that could not be understood.",
		Key:       []string{"job", "run", "source", "offset", "reason"},
		Partition: "written_at", Cluster: []string{"job", "run", "reason"},
	}),
	define[Ledger](Schema{
		ID: LedgerTable, Name: "ledger",
		Doc:       "What became of the records of each partition of a live source, by the pane that was open when they were read.",
		Key:       []string{"job", "run", "source", "window_start"},
		Version:   "read",
		Partition: "window_start", Cluster: []string{"job", "run"},
	}),
}

// define completes a schema with the columns of T. What is wrong with it is
// wrong in this file, so it panics.
func define[T Any](s Schema) *Schema {
	s.goType = reflect.TypeFor[T]()
	s.Columns = columnsOf(s.goType)
	refs := append(append([]string{}, s.Key...), s.Cluster...)
	if s.Version != "" {
		refs = append(refs, s.Version)
	}
	if s.Partition != "" {
		refs = append(refs, s.Partition)
	}
	for _, name := range refs {
		if i := s.Index(name); i < 0 || s.Columns[i].Mode != Required {
			panic(fmt.Sprintf("table: %s has no required column %s", s.Name, name))
		}
	}
	return &s
}

func columnsOf(t reflect.Type) []Column {
	cols := make([]Column, t.NumField())
	for i := range cols {
		cols[i] = columnOf(t.Field(i))
	}
	return cols
}

func columnOf(f reflect.StructField) Column {
	name, mode, _ := strings.Cut(f.Tag.Get("table"), ",")
	c := Column{Name: name, Doc: f.Tag.Get("doc")}
	switch f.Type {
	case reflect.TypeFor[string]():
		c.Type = String
	case reflect.TypeFor[int64]():
		c.Type = Int
	case reflect.TypeFor[uint64]():
		c.Type, c.unsigned = Int, true
	case reflect.TypeFor[float64]():
		c.Type = Float
	case reflect.TypeFor[bool]():
		c.Type = Bool
	case reflect.TypeFor[Time]():
		c.Type = Timestamp
	case reflect.TypeFor[[]byte]():
		c.Type = Bytes
	default:
		if f.Type.Kind() != reflect.Slice || f.Type.Elem().Kind() != reflect.Struct {
			panic(fmt.Sprintf("table: %s cannot be a column: %v", f.Name, f.Type))
		}
		c.Type, c.Mode, c.Columns = Record, Repeated, columnsOf(f.Type.Elem())
	}
	switch {
	case name == "" || c.Doc == "":
		panic(fmt.Sprintf("table: column %s without name or doc", f.Name))
	case mode == "nullable" && c.Mode == Required:
		c.Mode = Nullable
	case mode != "":
		panic(fmt.Sprintf("table: column %s cannot be %s", name, mode))
	}
	return c
}
