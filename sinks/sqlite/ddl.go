package sqlite

import (
	"fmt"
	"strings"

	"crest/table"
)

// attemptsDDL is the one table that is the file's own: which runs have written
// rows, so that those of a run that was killed can be found without a scan.
const attemptsDDL = `CREATE TABLE attempts (
  job TEXT NOT NULL,
  run TEXT NOT NULL,
  wrote_at TEXT NOT NULL,
  PRIMARY KEY (job, run)
) WITHOUT ROWID`

// typeOf is a column's type in SQLite. Times are text in ISO 8601, which sorts
// as they do, can be read by eye, and is what SQLite's date functions take;
// records are JSON.
func typeOf(c *table.Column) string {
	switch c.Type {
	case table.Int, table.Bool:
		return "INTEGER"
	case table.Float:
		return "REAL"
	case table.Bytes:
		return "BLOB"
	default:
		return "TEXT"
	}
}

func columnDDL(c *table.Column) string {
	if c.Mode == table.Nullable {
		return c.Name + " " + typeOf(c)
	}
	return c.Name + " " + typeOf(c) + " NOT NULL"
}

// wide says whether rows are too long to be kept in the index of their key.
func wide(s *table.Schema) bool {
	for i := range s.Columns {
		if t := s.Columns[i].Type; t == table.Bytes || t == table.Record {
			return true
		}
	}
	return false
}

// tableDDL creates a table.
func tableDDL(s *table.Schema) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (\n", s.Name)
	for i := range s.Columns {
		fmt.Fprintf(&b, "  %s,\n", columnDDL(&s.Columns[i]))
	}
	fmt.Fprintf(&b, "  PRIMARY KEY (%s)\n)", strings.Join(s.Key, ", "))
	if !wide(s) {
		b.WriteString(" WITHOUT ROWID")
	}
	return b.String()
}

// upsert inserts n rows, replacing those of the same key whose version is not
// greater. OR FAIL, because the transaction is rolled back on any error: it
// saves the journal that SQLite would keep to undo the statement alone.
func upsert(s *table.Schema, n int) string {
	var b strings.Builder
	var sets []string
	fmt.Fprintf(&b, "INSERT OR FAIL INTO %s (", s.Name)
	for i := range s.Columns {
		name := s.Columns[i].Name
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name)
		if !isKey(s, name) {
			sets = append(sets, name+" = excluded."+name)
		}
	}
	row := "(" + strings.Repeat("?, ", len(s.Columns)-1) + "?)"
	fmt.Fprintf(&b, ") VALUES %s%s", strings.Repeat(row+", ", n-1), row)
	fmt.Fprintf(&b, " ON CONFLICT (%s) DO UPDATE SET %s", strings.Join(s.Key, ", "), strings.Join(sets, ", "))
	if s.Version != "" {
		fmt.Fprintf(&b, " WHERE excluded.%s >= %s.%s", s.Version, s.Name, s.Version)
	}
	return b.String()
}

func isKey(s *table.Schema, name string) bool {
	for _, k := range s.Key {
		if k == name {
			return true
		}
	}
	return false
}
