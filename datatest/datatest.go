// Package datatest reads the real events of testdata for tests.
package datatest

import (
	"bufio"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
)

// The files: commits of eight repositories, as NDJSON; a web server's log.
const (
	Commits   = "commits.ndjson.gz"
	AccessLog = "apache_access.log.gz"
)

// Path is where a file of testdata is, from any package of the module.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "testdata", name)
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the test does not run within the module")
		}
		dir = filepath.Dir(dir)
	}
}

// Lines calls each with every line of a file. A line is valid until each returns.
func Lines(t testing.TB, name string, each func(line []byte)) {
	t.Helper()
	f, err := os.Open(Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(z)
	for s.Scan() {
		each(s.Bytes())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}
