package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"crest/bench/stream"
)

// A dataset is one file and who is measured on it.
type dataset struct {
	name       string
	path       string
	format     string
	events     int
	contenders []contender
}

// eventsPath names the file after what it holds: other settings, other file.
func eventsPath(s settings, n int, format string) string {
	return filepath.Join(s.cache, fmt.Sprintf("events-%d-seed%d.%s", n, s.events.Seed, format))
}

func datasets(s settings) ([]dataset, error) {
	full, naive, err := contenders(s)
	if err != nil {
		return nil, err
	}
	at := func(n int, format string, list []contender) dataset {
		return dataset{
			name:       fmt.Sprintf("%.1f M events, %s", float64(n)/1e6, format),
			path:       eventsPath(s, n, format),
			format:     format,
			events:     n,
			contenders: list,
		}
	}
	all := []dataset{
		at(s.events.N, "ndjson", full),
		at(s.events.N, "parquet", full),
		at(s.small, "ndjson", naive),
	}
	var kept []dataset
	for _, d := range all {
		if len(d.contenders) > 1 {
			kept = append(kept, d)
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("--only=%s: no contender beside %s has that in its name", s.only, referee)
	}
	return kept, nil
}

// prepare installs the peers and makes the files that are missing.
func prepare(s settings) error {
	if err := loud("bench/peers/setup.sh", "topk", s.cache); err != nil {
		return err
	}
	for _, n := range []int{s.events.N, s.small} {
		path := eventsPath(s, n, "ndjson")
		if _, err := os.Stat(path); err == nil {
			continue
		}
		fmt.Fprintln(os.Stderr, "making", path)
		c := s.events
		c.N = n
		if err := stream.WriteFile(path, c.WriteEvents); err != nil {
			return err
		}
	}
	parquet := eventsPath(s, s.events.N, "parquet")
	if _, err := os.Stat(parquet); err == nil {
		return nil
	}
	fmt.Fprintln(os.Stderr, "making", parquet)
	// Written beside its place first: a file that is there is whole.
	part := parquet + ".part"
	if err := loud(python(s), "-B", "bench/peers/topk/parquet.py", eventsPath(s, s.events.N, "ndjson"), part); err != nil {
		return err
	}
	return os.Rename(part, parquet)
}

func python(s settings) string { return filepath.Join(s.cache, "venv/bin/python") }

// loud runs a command whose messages a person should see.
func loud(args ...string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("running %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// warm brings a file into the page cache, so that the first to run has no
// handicap.
func warm(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(io.Discard, f)
	return err
}
