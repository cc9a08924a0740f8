package bigquerystore

import (
	"fmt"
	"strings"

	bq "cloud.google.com/go/bigquery"

	"crest/store"
	"crest/table"
)

// A selection is which rows of a large table or view are read: SQL conditions and
// their parameters. It always bounds window_start, by which tables are partitioned.
type selection struct {
	conditions []string
	params     []bq.QueryParameter
}

// starting selects the rows of a job whose windows start from one time on and
// before another.
func starting(job string, from, before table.Time) *selection {
	s := &selection{conditions: []string{"window_start >= @from", "window_start < @before"},
		params: []bq.QueryParameter{param("from", from), param("before", before)}}
	return s.where("job", job)
}

// anyTime selects the rows of a job, whenever their windows are: it reads all
// partitions.
func anyTime(job string) *selection { return starting(job, table.MinTime, table.MaxTime) }

// where adds that a column has a value.
func (s *selection) where(column string, value any) *selection {
	s.conditions = append(s.conditions, column+" = @"+column)
	s.params = append(s.params, param(column, value))
	return s
}

// String is the WHERE clause.
func (s *selection) String() string { return " WHERE " + strings.Join(s.conditions, " AND ") }

// of selects the lists that s means in windows which start from one time on and
// before another. It returns what they are selected from: a view, or where one
// run's are meant its rows in the table, one of each identity.
func of(s store.Select, from, before table.Time) (source string, rows *selection) {
	rows = starting(s.Job, from, before).where("window_seconds", s.WindowSeconds)
	if s.Path != "" {
		rows.where("path", s.Path)
	}
	source = "topk_latest"
	switch {
	case s.Run != "":
		rows.where("run", s.Run)
		source = table.TopKTable.String()
	case s.Path == "":
		source = "topk_best"
	}
	return source, rows
}

// oneOfEach selects columns of rows, of a table one of each identity: a table may
// have a row more than once.
func oneOfEach(columns, source string, rows *selection) string {
	text := "SELECT " + columns + " FROM " + source + rows.String()
	for _, s := range table.Schemas() {
		if s.Name == source {
			return text + " QUALIFY ROW_NUMBER() OVER (PARTITION BY " + identity(s) + " ORDER BY " + newest(s) + ") = 1"
		}
	}
	return text
}

func identity(s *table.Schema) string {
	columns := make([]string, len(s.Key))
	for i, c := range s.Key {
		columns[i] = "`" + c + "`" // offset is a word of SQL too
	}
	return strings.Join(columns, ", ")
}

// newest orders rows of one identity, the one that counts first.
func newest(s *table.Schema) string {
	if s.Version != "" {
		return fmt.Sprintf("`%s` DESC, written_at DESC", s.Version)
	}
	return "written_at DESC"
}
