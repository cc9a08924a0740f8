package main

import (
	"bufio"
	"cmp"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	_ "modernc.org/sqlite" // Crest's embedded store
)

// An answer holds each minute's list; a minute is the first 16 characters of its
// time, 2026-01-01T00:12.
type answer map[string][]row

type row struct {
	item  string
	count int64
}

// add appends a row to its minute's list.
func (a answer) add(minute, item string, count int64) {
	a[minute] = append(a[minute], row{item, count})
}

// rank puts every list in order: the largest count first, then by item, whatever
// order they were read in.
func (a answer) rank() {
	for _, list := range a {
		slices.SortFunc(list, func(x, y row) int {
			return cmp.Or(cmp.Compare(y.count, x.count), cmp.Compare(x.item, y.item))
		})
	}
}

// readLines reads minute, item, count between tabs.
func readLines(j job) (answer, error) {
	f, err := os.Open(j.answers)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a := answer{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		field := strings.Split(lines.Text(), "\t")
		if len(field) != 3 {
			return nil, fmt.Errorf("%q is not minute, item and count between tabs", lines.Text())
		}
		count, err := strconv.ParseInt(field[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", lines.Text(), err)
		}
		a.add(field[0], field[1], count)
	}
	a.rank()
	return a, lines.Err()
}

// readTables reads the lists that a path of Crest wrote.
func readTables(path string) func(job) (answer, error) {
	return func(j job) (answer, error) {
		db, err := sql.Open("sqlite", j.answers)
		if err != nil {
			return nil, err
		}
		defer db.Close()
		rows, err := db.Query(
			`select window_start, item, count from topk_items where path = ? and window_seconds = 60`, path)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		a := answer{}
		for rows.Next() {
			var start, item string
			var count int64
			if err := rows.Scan(&start, &item, &count); err != nil {
				return nil, err
			}
			a.add(start[:min(16, len(start))], item, count)
		}
		a.rank()
		return a, rows.Err()
	}
}
