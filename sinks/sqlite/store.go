// Package sqlite keeps Crest's tables in one SQLite file: the sink that needs
// no service. It is for a laptop, tests and small jobs: the process that runs
// the pipeline writes, while others read (the file is in WAL mode).
//
// Rows are written by key in transactions: a bundle that is run again doubles
// nothing. Which rows count is decided by views (docs/format/tables.md), so a
// batch run is seen whole, from the moment its row in runs is written, or not
// at all.
package sqlite

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"crest/table"
)

// busyTimeout is how long a writer waits for one of another process.
const busyTimeout = 30 * time.Second

// Store is an open file. All users of a path in a process share one, and its
// methods may be called from several goroutines: writers take turns.
type Store struct {
	path string
	db   *sql.DB
	refs int // guarded by opened.Mutex

	mu    sync.Mutex // held by the writer
	conn  *sql.Conn
	stmts map[stmtKey]*sql.Stmt
	noted map[attempt]time.Time // when a run was last noted in the file
}

type stmtKey struct {
	table table.ID
	rows  int
}

// opened are the stores of this process, by absolute path.
var opened = struct {
	sync.Mutex
	byPath map[string]*Store
}{byPath: map[string]*Store{}}

// Open opens the file, creating it, its tables and its views where they are
// missing. It refuses a file that is not SQLite's, is not Crest's, has been
// written by a newer version, or cannot be written; the error says what to do.
// Close it as often as it was opened.
func Open(path string) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, explain(path, "opening", err)
	}
	opened.Lock()
	defer opened.Unlock()
	if s := opened.byPath[abs]; s != nil {
		s.refs++
		return s, nil
	}
	s := &Store{path: path, refs: 1, stmts: map[stmtKey]*sql.Stmt{}, noted: map[attempt]time.Time{}}
	if err := s.open(abs); err != nil {
		if s.db != nil {
			s.db.Close()
		}
		return nil, explain(path, "opening", err)
	}
	opened.byPath[abs] = s
	return s, nil
}

func (s *Store) open(abs string) error {
	if err := checkFile(abs); err != nil {
		return err
	}
	ctx := context.Background()
	var err error
	// temp_store: what a statement needs to undo itself stays in memory. The
	// log grows to 32 MB before it is folded into the file, so that pages that
	// are written again and again are written there less often.
	s.db, err = sql.Open("sqlite", dsn(abs, url.Values{"_pragma": {
		"busy_timeout(" + milliseconds(busyTimeout) + ")", "synchronous(NORMAL)", "temp_store(MEMORY)",
		"cache_size(-65536)", "wal_autocheckpoint(8000)",
	}}))
	if err != nil {
		return err
	}
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return err
	}
	if err := s.transaction(ctx, prepareFile); err != nil {
		return err
	}
	// Not before the file is known to be Crest's: it changes the file.
	_, err = s.conn.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	return err
}

// Close gives the store up; the last to do so closes the file.
func (s *Store) Close() error {
	opened.Lock()
	defer opened.Unlock()
	if s.refs--; s.refs > 0 {
		return nil
	}
	for abs, o := range opened.byPath {
		if o == s {
			delete(opened.byPath, abs)
		}
	}
	for _, stmt := range s.stmts {
		stmt.Close()
	}
	s.conn.Close()
	return explain(s.path, "closing", s.db.Close())
}

// transaction runs f in a write transaction, rolled back when f fails. The
// caller holds mu, or is the only user.
func (s *Store) transaction(ctx context.Context, f func(context.Context, *sql.Conn) error) error {
	if _, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := f(ctx, s.conn)
	if err == nil {
		_, err = s.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		// Some errors have rolled back already: then this one says so, and the
		// first is what matters.
		s.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	}
	return err
}

// dsn makes the driver's name of a file; the path may hold any character.
func dsn(abs string, query url.Values) string {
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(abs), RawQuery: query.Encode()}).String()
}

// checkFile finds out what SQLite's own errors say badly.
func checkFile(abs string) error {
	const advice = "choose another file with --sink=sqlite:FILE"
	fail := func(text, advice string) error {
		return &Error{Path: abs, Doing: "opening", Err: errText(text), Advice: advice}
	}
	dir, err := os.Stat(filepath.Dir(abs))
	if os.IsNotExist(err) || err == nil && !dir.IsDir() {
		return fail("there is no directory "+filepath.Dir(abs), "create it, or "+advice)
	}
	f, err := os.Open(abs)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fail(err.Error(), "look at its permissions, or "+advice)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return fail("it is a directory", advice)
	}
	var head [16]byte
	if n, _ := f.Read(head[:]); n > 0 && string(head[:n]) != "SQLite format 3\x00" {
		return fail("it is not a SQLite database", advice+", or move it away")
	}
	return nil
}
