package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// Error is a failure of the file, with what can be done about it.
type Error struct {
	Path   string // the file
	Doing  string // what was being done
	Advice string // what a person can do; may be empty
	Err    error
}

// Error returns one line with all of it.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Doing, e.Path, e.Err)
	if e.Advice != "" {
		s += ": " + e.Advice
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// explain adds the path and advice to an error of the driver.
func explain(path, doing string, err error) error {
	if err == nil {
		return nil
	}
	var done *Error
	if errors.As(err, &done) {
		return err
	}
	return &Error{Path: path, Doing: doing, Advice: advice(code(err)), Err: err}
}

// code is the primary result code of a driver's error, 0 for other errors.
func code(err error) int {
	var e *driver.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

func advice(code int) string {
	switch code {
	case lib.SQLITE_FULL:
		return "the disk is full, or a quota is used up: free some space and run again; nothing half-written is visible"
	case lib.SQLITE_READONLY:
		return "it cannot be written: look at the permissions of the file and of its directory, or choose another file with --sink=sqlite:FILE"
	case lib.SQLITE_CANTOPEN:
		return "it cannot be opened: the directory must exist and be writable, for SQLite keeps FILE-wal and FILE-shm beside the file"
	case lib.SQLITE_IOERR:
		return "the disk or the file system failed: look at the system's log; SQLite needs a local file system, not a network one"
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return "another process has kept it locked for half a minute: end that process's transaction, or write to another file"
	case lib.SQLITE_NOTADB:
		return "it is not a SQLite database: choose another file with --sink=sqlite:FILE"
	case lib.SQLITE_CORRUPT:
		return "the file is damaged: move it away and run again, or restore it from a copy"
	}
	return ""
}
