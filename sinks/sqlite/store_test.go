package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	lib "modernc.org/sqlite/lib"

	"crest/table"
)

// raw opens a file as another program would.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func exec(t *testing.T, db *sql.DB, queries ...string) {
	t.Helper()
	for _, q := range queries {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

func rowCount(t *testing.T, s *Store, from string) (n int) {
	t.Helper()
	if err := s.db.QueryRow("SELECT count(*) FROM " + from).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// mustFail checks that opening the file fails, and how.
func mustFail(t *testing.T, path string, want ...string) {
	t.Helper()
	s, err := Open(path)
	if err == nil {
		s.Close()
		t.Fatal("opened")
	}
	for _, w := range append(want, path) {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q is not in: %v", w, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	t.Run("a directory", func(t *testing.T) { mustFail(t, dir, "is a directory") })
	t.Run("no directory", func(t *testing.T) {
		mustFail(t, filepath.Join(dir, "no", "crest.db"), "no directory", "create it")
	})
	t.Run("not SQLite", func(t *testing.T) {
		path := filepath.Join(dir, "notes.txt")
		if err := os.WriteFile(path, []byte("buy milk"), 0o644); err != nil {
			t.Fatal(err)
		}
		mustFail(t, path, "not a SQLite database", "--sink=sqlite:FILE")
		if b, _ := os.ReadFile(path); string(b) != "buy milk" {
			t.Errorf("the file is now %q", b)
		}
	})
	t.Run("another program's", func(t *testing.T) {
		path := filepath.Join(dir, "other.db")
		db := raw(t, path)
		exec(t, db, "CREATE TABLE bookmarks (url TEXT)")
		mustFail(t, path, "not one of Crest's")
		var mode string
		if db.QueryRow("PRAGMA journal_mode").Scan(&mode); mode != "delete" {
			t.Errorf("the file was changed: journal_mode %s", mode)
		}
	})
	t.Run("a newer version's", func(t *testing.T) {
		path := filepath.Join(dir, "newer.db")
		open(t, path).Close()
		exec(t, raw(t, path), "PRAGMA user_version = 2")
		mustFail(t, path, "newer version", "format 2")
	})
	t.Run("other columns", func(t *testing.T) {
		path := filepath.Join(dir, "columns.db")
		open(t, path).Close()
		exec(t, raw(t, path),
			"DROP TABLE progress",
			"CREATE TABLE progress (job TEXT NOT NULL, run TEXT NOT NULL, path INTEGER NOT NULL, window_seconds INTEGER NOT NULL, "+
				"written_at TEXT, mood TEXT NOT NULL, shade TEXT, PRIMARY KEY (job, path, run, window_seconds))")
		mustFail(t, path, "progress.closed_through is missing", "progress.path is INTEGER, not TEXT",
			"progress.written_at is nullable, not NOT NULL", "progress.run has place 3 in the primary key, not 2",
			"progress.mood is required, and unknown")
	})
}

// TestOpenAdds opens a file that an older version has made.
func TestOpenAdds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crest.db")
	open(t, path).Close()
	exec(t, raw(t, path), "ALTER TABLE runs DROP COLUMN hash_seed", "DROP TABLE late",
		"DROP VIEW runs_eligible", "CREATE VIEW runs_eligible AS SELECT 1 AS one")
	s := open(t, path)
	if err := s.Write(t.Context(), []table.Row{row(t, table.Run{Job: "j", Run: "r", Kind: table.Streaming, HashSeed: "f00d"})}); err != nil {
		t.Fatal(err)
	}
	if n := rowCount(t, s, "runs_eligible JOIN runs USING (job, run) WHERE hash_seed = 'f00d'"); n != 1 {
		t.Errorf("%d runs", n)
	}
	rowCount(t, s, "late")
}

func TestShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), `a b?x=1#%41&é.db`)
	a := open(t, path)
	b, err := Open(path)
	if err != nil || a != b {
		t.Fatalf("%p %p %v", a, b, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Write(t.Context(), []table.Row{row(t, table.Count{Job: "j", Run: "r"})}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestValues writes what SQLite could get wrong.
func TestValues(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "crest.db"))
	long := strings.Repeat("ü", 1<<16)
	err := s.Write(t.Context(), []table.Row{
		row(t, table.Reject{Job: "j", Run: "r", Source: "a\x00b", Reason: long, Detail: `'"`, Count: 1<<63 - 1}),
		row(t, table.TopK{Job: "j", Items: []table.Item{{Item: "a\x00b\n\"\\"}}, WrittenAt: 1}),
	})
	if err != nil {
		t.Fatal(err)
	}
	var source, reason, detail, raw, item, written string
	var count int64
	if err := s.db.QueryRow("SELECT source, reason, detail, typeof(raw), count FROM rejects").Scan(&source, &reason, &detail, &raw, &count); err != nil {
		t.Fatal(err)
	}
	if source != "a\x00b" || reason != long || detail != `'"` || raw != "blob" || count != 1<<63-1 {
		t.Errorf("%q %d bytes %q %s %d", source, len(reason), detail, raw, count)
	}
	if err := s.db.QueryRow("SELECT json_extract(items, '$[0].item'), written_at FROM topk").Scan(&item, &written); err != nil {
		t.Fatal(err)
	}
	if item != "a\x00b\n\"\\" || written != "1970-01-01T00:00:00.001Z" {
		t.Errorf("%q %s", item, written)
	}
}

// TestWriteFails runs into a full disk and a file that cannot be written. The
// transaction leaves nothing, and the store goes on when there is room again.
func TestWriteFails(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "crest.db"))
	rows := []table.Row{row(t, table.Count{Job: "j", Run: "r", Item: "first"})}
	for _, c := range strings.Split("abcdefgh", "") {
		rows = append(rows, row(t, table.Reject{Job: "j", Run: "r", Source: c, Raw: make([]byte, 4096)}))
	}
	for _, c := range []struct {
		name, provoke, undo, want string
		code                      int
	}{
		{"full", "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", "disk is full", lib.SQLITE_FULL},
		{"read-only", "PRAGMA query_only = 1", "PRAGMA query_only = 0", "cannot be written", lib.SQLITE_READONLY},
	} {
		t.Run(c.name, func(t *testing.T) {
			pragma := func(q string) {
				if _, err := s.conn.ExecContext(t.Context(), q); err != nil {
					t.Fatal(err)
				}
			}
			pragma(c.provoke)
			err := s.Write(t.Context(), rows)
			var e *Error
			if !errors.As(err, &e) || code(err) != c.code || !strings.Contains(err.Error(), c.want) || e.Path != s.path {
				t.Errorf("got %v, want %s", err, c.want)
			}
			pragma(c.undo)
			if n := rowCount(t, s, "counts"); n != 0 {
				t.Errorf("%d rows of a failed transaction", n)
			}
		})
	}
	if err := s.Write(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if n := rowCount(t, s, "rejects"); n != 8 {
		t.Errorf("%d rejects", n)
	}
}

// TestCancelled cancels a write: nothing of it stays, and the next one works.
func TestCancelled(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "crest.db"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rows := []table.Row{row(t, table.Count{Job: "j", Run: "r"})}
	if err := s.Write(ctx, rows); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := s.Write(t.Context(), rows); err != nil {
		t.Error(err)
	}
}

// TestReadBeside reads with another connection while a transaction is open.
func TestReadBeside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crest.db")
	s := open(t, path)
	other := raw(t, path)
	count := func() (n int) {
		if err := other.QueryRow("SELECT count(*) FROM counts").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	err := s.transaction(t.Context(), func(ctx context.Context, c *sql.Conn) error {
		if _, err := c.ExecContext(ctx, "INSERT INTO counts VALUES ('j', 'r', '', '', '', 0, '', 1)"); err != nil {
			return err
		}
		if n := count(); n != 0 {
			t.Errorf("%d rows before the commit", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 1 {
		t.Errorf("%d rows after the commit", n)
	}
}

func TestHostileRow(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "crest.db"))
	for _, r := range []table.Row{{}, {Table: 99}, {Table: table.CountTable, Data: []byte{8, 255}}} {
		if err := s.Write(t.Context(), []table.Row{r}); err == nil || !strings.Contains(err.Error(), "decoding a row") {
			t.Errorf("%v: %v", r, err)
		}
	}
}
