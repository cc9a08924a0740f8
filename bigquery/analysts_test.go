//go:build real && unix

package bigquery

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	bq "cloud.google.com/go/bigquery"
	_ "modernc.org/sqlite" // what the pipeline writes

	"crest/realtest"
	"crest/table"
)

// analystsFrom is where the windows begin that docs/analysts.md asks about: older
// ones are not copied, to save time.
const analystsFrom = "2025-06-01"

// question is a statement of docs/analysts.md with the answer below it.
var question = regexp.MustCompile("(?s)(```sql\n)(.*?)(\n```\n)((?:\n\\|[^\n]*\n(?:\\|[^\n]*\n)*)?)")

// TestRealAnalysts runs every statement of docs/analysts.md over what the pipeline
// makes of the events that are named there.
func TestRealAnalysts(t *testing.T) {
	const file = "../docs/analysts.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	db := commits(t)
	c := prepared(t, target(realtest.BigQuery(t), "crest"))
	copyRows[table.TopK](t, c, db)
	copyRows[table.Run](t, c, db)
	copyRows[table.Count](t, c, db)
	copyRows[table.Sketch](t, c, db)
	copyRows[table.Accuracy](t, c, db)
	asked := 0
	answered := question.ReplaceAllStringFunc(string(text), func(s string) string {
		asked++
		parts := question.FindStringSubmatch(s)
		answer, err := c.markdown(t, parts[2])
		if err != nil {
			t.Errorf("%v\n%s", err, parts[2])
			return s
		}
		if answer = "\n" + answer; answer != parts[4] && !*update {
			t.Errorf("%s\n\nis answered by\n%s\nnot by\n%s", parts[2], answer, parts[4])
		}
		return parts[1] + parts[2] + parts[3] + answer
	})
	if asked != 10 {
		t.Errorf("%d questions", asked)
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(file, []byte(answered), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// commits is the SQLite file that the pipeline writes.
func commits(t *testing.T) *sql.DB {
	t.Helper()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"go", "build", "-o", dir + "/topk", "../pipelines/topk"},
		{dir + "/topk", "--input=../testdata/commits.ndjson.gz", "--segment_field=group", "--windows=1d,30d,all", "--path=both", "--counts=1d",
			"--sink=sqlite:" + dir + "/crest.db"},
	} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "crest.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// copyRows copies a table's rows.
func copyRows[T table.Any](t *testing.T, c *Client, db *sql.DB) {
	t.Helper()
	var v T
	empty, err := table.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	s := empty.Table.Schema()
	query := "SELECT * FROM " + s.Name
	if s.Index("window_start") >= 0 {
		query += " WHERE window_start >= '" + analystsFrom + "'"
		if s.Index("path") >= 0 {
			query += " OR window_seconds = 0"
		}
	}
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []table.Row
	for rows.Next() {
		v, err := scan[T](rows, s)
		if err != nil {
			t.Fatal(err)
		}
		row, err := table.Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.Append(t.Context(), all); err != nil {
		t.Fatalf("%d rows of %s: %v", len(all), s.Name, err)
	}
}

// scan reads a row of SQLite, whose columns are the struct's fields.
func scan[T table.Any](rows *sql.Rows, s *table.Schema) (v T, err error) {
	fields := reflect.ValueOf(&v).Elem()
	values := make([]any, len(s.Columns))
	for i := range values {
		values[i] = new(any)
	}
	if err := rows.Scan(values...); err != nil {
		return v, err
	}
	for i := range values {
		f := fields.Field(i)
		switch x := (*values[i].(*any)).(type) {
		case nil:
		case int64:
			f.Set(reflect.ValueOf(x).Convert(f.Type()))
		case float64:
			f.SetFloat(x)
		case []byte:
			f.SetBytes(x)
		case string:
			switch s.Columns[i].Type {
			case table.Timestamp:
				at, err := table.ParseTime(x)
				if err != nil {
					return v, err
				}
				f.SetInt(int64(at))
			case table.Record:
				if err := json.Unmarshal([]byte(x), f.Addr().Interface()); err != nil {
					return v, err
				}
			default:
				f.SetString(x)
			}
		}
	}
	return v, nil
}

// markdown is the answer to a query as a table.
func (c *Client) markdown(t *testing.T, query string) (string, error) {
	rows, names, err := c.queryNamed(t.Context(), query)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, row := range rows {
		for _, v := range row {
			fmt.Fprintf(&b, "| %s ", strings.ReplaceAll(cell(v), "|", `\|`))
		}
		b.WriteString("|\n")
	}
	return b.String(), nil
}

func cell(v bq.Value) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case float64:
		return strconv.FormatFloat(v, 'g', 6, 64)
	case time.Time:
		return table.TimeOf(v).String()
	}
	return fmt.Sprint(v)
}
