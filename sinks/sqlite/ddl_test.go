package sqlite

import (
	"path/filepath"
	"slices"
	"testing"

	"crest/table"
)

// TestOneSchema holds the tables of a new file against table.Schemas.
func TestOneSchema(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "crest.db"))
	for _, schema := range table.Schemas() {
		rows, err := s.db.QueryContext(t.Context(), "SELECT name, type, \"notnull\" FROM pragma_table_info(?) ORDER BY cid", schema.Name)
		if err != nil {
			t.Fatal(err)
		}
		type column struct {
			name, kind string
			required   bool
		}
		var have, want []column
		for rows.Next() {
			var c column
			if err := rows.Scan(&c.name, &c.kind, &c.required); err != nil {
				t.Fatal(err)
			}
			have = append(have, c)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
		for i := range schema.Columns {
			c := &schema.Columns[i]
			want = append(want, column{c.Name, typeOf(c), c.Mode != table.Nullable})
		}
		if !slices.Equal(have, want) {
			t.Errorf("%s\nhas  %v\nwant %v", schema.Name, have, want)
		}
	}
}
