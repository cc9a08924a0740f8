package sqlite

import (
	"path/filepath"
	"strings"
	"testing"

	"crest/store/storetest"
)

func reader(t *testing.T, path string) *Reader {
	t.Helper()
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestReaderRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenReader(filepath.Join(dir, "none.db")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("no file: %v", err)
	}
	path := filepath.Join(dir, "other.db")
	exec(t, raw(t, path), "CREATE TABLE bookmarks (url TEXT)")
	if _, err := OpenReader(path); err == nil || !strings.Contains(err.Error(), "not one of Crest's") {
		t.Errorf("another program's: %v", err)
	}
}

func TestReader(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Database {
		path := filepath.Join(t.TempDir(), "crest.db")
		s := open(t, path)
		return storetest.Database{Write: s.Write, Reader: reader(t, path)}
	})
}
