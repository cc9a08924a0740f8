package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"crest/table"
)

const (
	// applicationID is in the file's header ("CRST"): what makes it Crest's.
	applicationID = 0x43525354
	// formatVersion is in the file's header. It is raised by a change that
	// older versions cannot live with.
	formatVersion = 1
)

type errText string

func (e errText) Error() string { return string(e) }

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// prepareFile makes the file what this version expects, or says why it is not.
func prepareFile(ctx context.Context, c *sql.Conn) error {
	fresh, err := checkHeader(ctx, c)
	if err != nil {
		return err
	}
	if fresh {
		for _, q := range []string{
			fmt.Sprintf("PRAGMA application_id = %d", applicationID),
			fmt.Sprintf("PRAGMA user_version = %d", formatVersion),
			attemptsDDL,
		} {
			if _, err := c.ExecContext(ctx, q); err != nil {
				return err
			}
		}
	}
	var wrong []string
	for _, s := range table.Schemas() {
		w, err := prepareTable(ctx, c, s)
		if err != nil {
			return err
		}
		wrong = append(wrong, w...)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("its tables are not this version's: %s: move the file away, or choose another with --sink=sqlite:FILE",
			strings.Join(wrong, "; "))
	}
	for _, v := range views {
		if err := prepareView(ctx, c, v); err != nil {
			return err
		}
	}
	return nil
}

// checkHeader returns whether the file is new; an error where it is another
// program's or a newer version's.
func checkHeader(ctx context.Context, c *sql.Conn) (fresh bool, err error) {
	var id, version, objects int64
	for q, v := range map[string]*int64{
		"PRAGMA application_id": &id, "PRAGMA user_version": &version, "SELECT count(*) FROM sqlite_master": &objects,
	} {
		if err := c.QueryRowContext(ctx, q).Scan(v); err != nil {
			return false, err
		}
	}
	switch {
	case id == 0 && objects == 0:
		return true, nil
	case id != applicationID:
		return false, errors.New("it is a SQLite database, but not one of Crest's: choose another file with --sink=sqlite:FILE")
	case version > formatVersion:
		return false, fmt.Errorf("it was written by a newer version of Crest (format %d, this one knows %d): use that version, or choose another file with --sink=sqlite:FILE",
			version, formatVersion)
	}
	return false, nil
}

// column is what SQLite says about one.
type column struct {
	typ     string
	notNull bool
	preset  bool // has a default
	pk      int  // place in the primary key, from 1
}

func columns(ctx context.Context, c *sql.Conn, name string) (map[string]column, error) {
	rows, err := c.QueryContext(ctx, "PRAGMA table_info("+name+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	cols := map[string]column{}
	for rows.Next() {
		var (
			cid    int
			name   string
			preset sql.NullString
			col    column
		)
		if err := rows.Scan(&cid, &name, &col.typ, &col.notNull, &preset, &col.pk); err != nil {
			return nil, err
		}
		col.preset = preset.Valid
		cols[name] = col
	}
	return cols, rows.Err()
}

// prepareTable creates a table, or adds the nullable columns it lacks. It
// returns what is wrong with an existing one.
func prepareTable(ctx context.Context, c *sql.Conn, s *table.Schema) (wrong []string, err error) {
	have, err := columns(ctx, c, s.Name)
	if err != nil {
		return nil, err
	}
	if len(have) == 0 {
		_, err := c.ExecContext(ctx, tableDDL(s))
		return nil, err
	}
	say := func(column, format string, args ...any) {
		wrong = append(wrong, s.Name+"."+column+" "+fmt.Sprintf(format, args...))
	}
	for i := range s.Columns {
		want := &s.Columns[i]
		got, ok := have[want.Name]
		delete(have, want.Name)
		pk := slices.Index(s.Key, want.Name) + 1
		switch {
		case !ok && want.Mode == table.Nullable:
			if _, err := c.ExecContext(ctx, "ALTER TABLE "+s.Name+" ADD COLUMN "+columnDDL(want)); err != nil {
				return nil, err
			}
		case !ok:
			say(want.Name, "is missing")
		case got.typ != typeOf(want):
			say(want.Name, "is %s, not %s", got.typ, typeOf(want))
		case got.notNull != (want.Mode != table.Nullable):
			say(want.Name, "is %s, not %s", nullness(got.notNull), nullness(!got.notNull))
		case got.pk != pk:
			say(want.Name, "has place %d in the primary key, not %d", got.pk, pk)
		}
	}
	for name, got := range have {
		if got.notNull && !got.preset {
			say(name, "is required, and unknown to this version")
		}
	}
	slices.Sort(wrong)
	return wrong, nil
}

func nullness(notNull bool) string {
	if notNull {
		return "NOT NULL"
	}
	return "nullable"
}

// prepareView creates a view, again where it has changed.
func prepareView(ctx context.Context, c *sql.Conn, v view) error {
	var have string
	err := c.QueryRowContext(ctx, "SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?", v.name).Scan(&have)
	switch {
	case err == nil && have == v.ddl:
		return nil
	case err == nil:
		if _, err := c.ExecContext(ctx, "DROP VIEW "+v.name); err != nil {
			return err
		}
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	_, err = c.ExecContext(ctx, v.ddl)
	return err
}
