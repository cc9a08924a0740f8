package table

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// reserved are GoogleSQL's reserved words, which SQLite's that matter are
// among, and SQLite's others.
var reserved = strings.Fields(`all and any array as asc assert_rows_modified at between by case cast collate contains
	create cross cube current default define desc distinct else end enum escape except exclude exists extract false
	fetch following for from full group grouping groups hash having if ignore in inner intersect interval into is join
	lateral left like limit lookup merge natural new no not null nulls of on or order outer over partition preceding
	proto qualify range recursive respect right rollup rows select set some struct tablesample then to treat true
	union unnest unbounded using when where window with within
	add alter check column commit constraint delete drop foreign index insert isnull notnull primary references table
	transaction trigger unique update values`)

func TestSchemas(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z_]*$`)
	for i, s := range Schemas() {
		if s.ID != ID(i+1) || s.ID.Schema() != s || s.ID.String() != s.Name || !name.MatchString(s.Name) || s.Doc == "" {
			t.Errorf("schema %d: %+v", i, s)
		}
		var seen []string
		var check func(cols []Column)
		check = func(cols []Column) {
			for _, c := range cols {
				if !name.MatchString(c.Name) || slices.Contains(reserved, c.Name) {
					t.Errorf("%s.%s: not a name for SQL", s.Name, c.Name)
				}
				if c.Doc == "" || strings.Contains(c.Doc, "\n") {
					t.Errorf("%s.%s: doc %q", s.Name, c.Name, c.Doc)
				}
				check(c.Columns)
			}
		}
		check(s.Columns)
		for _, c := range s.Columns {
			if slices.Contains(seen, c.Name) {
				t.Errorf("%s.%s twice", s.Name, c.Name)
			}
			seen = append(seen, c.Name)
		}
		if slices.Contains(s.Key, "run") != slices.Contains(s.Key, "job") {
			t.Errorf("%s: job and run belong together: %v", s.Name, s.Key)
		}
	}
	if endTable.Valid() || ID(0).Valid() || len(Schemas()) != int(endTable)-1 {
		t.Errorf("%d schemas", len(Schemas()))
	}
}

func TestRunID(t *testing.T) {
	at := time.Date(2026, 1, 31, 23, 59, 59, 7e6, time.FixedZone("", 3600))
	a, b := NewRunID(at), NewRunID(at)
	if a == b || !strings.HasPrefix(a, "20260131T225959.007Z-") {
		t.Errorf("%s, %s", a, b)
	}
	if got, ok := RunTime(a); !ok || !got.Equal(at) {
		t.Errorf("%v, %v", got, ok)
	}
	if later := NewRunID(at.Add(time.Millisecond)); later <= a || RunIDAt(at) > a || RunIDAt(at.Add(time.Millisecond)) <= a {
		t.Errorf("%s is not after %s", later, a)
	}
	for _, id := range []string{"", "nightly", "20261331T225959.007Z-0"} {
		if _, ok := RunTime(id); ok {
			t.Errorf("%q has a time", id)
		}
	}
}

func TestTime(t *testing.T) {
	for _, c := range []struct {
		t    Time
		want string
	}{
		{AllStart, "1970-01-01T00:00:00Z"},
		{AllEnd, "9999-12-31T23:59:59Z"},
		{MinTime, "0001-01-01T00:00:00Z"},
		{MaxTime, "9999-12-31T23:59:59.999Z"},
		{1769903940001, "2026-01-31T23:59:00.001Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
	} {
		if got := c.t.String(); got != c.want {
			t.Errorf("%d: %s, want %s", c.t, got, c.want)
		}
		if got, err := ParseTime(c.want); got != c.t || err != nil {
			t.Errorf("%s: %d, %v", c.want, got, err)
		}
	}
	if _, err := ParseTime("yesterday"); err == nil {
		t.Error("yesterday is a time")
	}
}
