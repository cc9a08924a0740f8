package bigquery

import (
	"os"
	"strings"
	"testing"

	"crest/table"
)

// TestTables keeps templates/bigquery/tables.sql equal to the tables that Prepare
// makes.
func TestTables(t *testing.T) {
	const file = "../templates/bigquery/tables.sql"
	b, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if string(b) == DDL() {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date: go test ./bigquery -run Tables -update", file)
	}
	if err := os.WriteFile(file, []byte(DDL()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestOneSchema holds what Crest knows of its tables in several places against
// table.Schemas: the REST API's columns, the DDL, rows in flight and the docs.
func TestOneSchema(t *testing.T) {
	docs, err := os.ReadFile("../docs/format/tables.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(docs), table.Markdown()) {
		t.Error("docs/format/tables.md has other tables")
	}
	tables := strings.Split(DDL(), "CREATE TABLE IF NOT EXISTS ")[1:]
	if len(tables) != len(table.Schemas()) {
		t.Fatalf("the DDL has %d tables, not %d", len(tables), len(table.Schemas()))
	}
	for i, s := range table.Schemas() {
		if name, _, _ := strings.Cut(tables[i], " "); name != "`${DATASET}."+s.Name+"`" {
			t.Errorf("table %d is %s, not %s", i, name, s.Name)
		}
		m := Target{}.metadata(s)
		if len(m.Schema) != len(s.Columns) {
			t.Fatalf("%s has %d columns in the REST API, not %d", s.Name, len(m.Schema), len(s.Columns))
		}
		for j, c := range s.Columns {
			f := m.Schema[j]
			if f.Name != c.Name || f.Description != c.Doc || f.Required != (c.Mode == table.Required) || f.Repeated != (c.Mode == table.Repeated) || len(f.Schema) != len(c.Columns) {
				t.Errorf("%s.%s is %+v in the REST API", s.Name, c.Name, f)
			}
			if line := "\n  " + c.Name + " " + typeSQL(&c) + " OPTIONS (description = " + Literal(c.Doc) + ")"; !strings.Contains(tables[i], line) {
				t.Errorf("the DDL of %s lacks %s", s.Name, line)
			}
		}
	}
}
