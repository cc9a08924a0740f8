package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	gen "crest/bench/stream"
)

// A source is a file of items, one a line, and how to make it.
type source struct {
	name  string
	path  string
	write func(io.Writer) error
}

// sources are the streams: skewed, flat and real.
func sources(s settings) []source {
	synthetic := func(exponent float64, universe int, name string) source {
		c := gen.Default
		c.N, c.Seed, c.Exponent, c.Universe = s.n, s.seed, exponent, universe
		return source{
			name:  fmt.Sprintf("%g M items, %s", float64(s.n)/1e6, name),
			path:  filepath.Join(s.cache, fmt.Sprintf("items-%g-%d-seed%d.txt", exponent, s.n, s.seed)),
			write: c.WriteItems,
		}
	}
	return []source{
		synthetic(1.1, gen.Default.Universe, "Zipf 1.1"),
		synthetic(0.8, 1_000_000, "rank^-0.8 of a million (flat)"),
		{
			name:  "commits: 194,002 paths of files changed (real)",
			path:  filepath.Join(s.cache, "items-commits.txt"),
			write: func(w io.Writer) error { return writeCommits(w, s.commits) },
		},
	}
}

// writeCommits writes the items of compressed events.
func writeCommits(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("decompressing %s: %w", path, err)
	}
	for events := json.NewDecoder(plain); ; {
		var e struct{ Item string }
		if err := events.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("decoding %s: %w", path, err)
		}
		if _, err := fmt.Fprintln(w, e.Item); err != nil {
			return err
		}
	}
}

// A stream is items in memory, and the truth about them.
type stream struct {
	name   string
	path   string
	items  [][]byte
	counts map[string]uint64
	top    []string // the true top, the largest first
}

// least is the count of the last item of the true top.
func (st *stream) least() uint64 { return st.counts[st.top[len(st.top)-1]] }

func load(src source) (*stream, error) {
	if _, err := os.Stat(src.path); err != nil {
		if err := gen.WriteFile(src.path, src.write); err != nil {
			return nil, err
		}
	}
	all, err := os.ReadFile(src.path)
	if err != nil {
		return nil, err
	}
	m := goMap{}
	st := &stream{name: src.name, path: src.path, items: make([][]byte, 0, bytes.Count(all, []byte("\n")))}
	for item := range bytes.Lines(all) {
		item = bytes.TrimSuffix(item, []byte("\n"))
		st.items = append(st.items, item)
		m.addCount(item, 1)
	}
	if len(m) < top {
		return nil, fmt.Errorf("%s has %d distinct items: the top %d needs more; remove it if it was cut short", src.path, len(m), top)
	}
	st.counts = make(map[string]uint64, len(m))
	for item, n := range m {
		st.counts[item] = *n
	}
	st.top = slices.SortedFunc(maps.Keys(st.counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(st.counts[b], st.counts[a]), cmp.Compare(a, b))
	})[:top]
	return st, nil
}
