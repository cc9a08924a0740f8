package main

import (
	"database/sql"
	"fmt"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// window is the pane of all runs here.
const window = time.Minute

// A store is the SQLite file that a run writes to.
type store struct{ db *sql.DB }

func openStore(path string) (*store, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(10000)")
	return &store{db}, err
}

func (s *store) close() { s.db.Close() }

// counted is the weight of the lists of minutes that end at or before a time.
func (s *store) counted(until time.Time) (n int64, err error) {
	err = s.db.QueryRow(`SELECT coalesce(sum(total), 0) FROM topk WHERE window_seconds = ? AND window_end <= ?`,
		int(window.Seconds()), text(until)).Scan(&n)
	return n, err
}

// totals are the weights of the lists of minutes, in order.
func (s *store) totals() (all []int64, err error) {
	rows, err := s.db.Query(`SELECT total FROM topk WHERE window_seconds = ? ORDER BY window_start`, int(window.Seconds()))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, rows.Err()
}

// closedThrough is the end of the last minute that is closed; zero where none is.
func (s *store) closedThrough() (time.Time, error) {
	var at sql.NullString
	err := s.db.QueryRow(`SELECT max(closed_through) FROM progress WHERE window_seconds = ?`, int(window.Seconds())).Scan(&at)
	if err != nil || !at.Valid {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339, at.String)
}

// A paneList is the list of a closed minute: its weight, and when it was written.
type paneList struct {
	end, written time.Time
	total        int64
}

// lists are those of closed minutes that begin at or after a time, in order.
func (s *store) lists(from time.Time) (all []paneList, err error) {
	rows, err := s.db.Query(`SELECT window_end, written_at, total FROM topk
		WHERE window_seconds = ?1 AND window_start >= ?2 AND window_end <= (SELECT max(closed_through) FROM progress WHERE window_seconds = ?1)
		ORDER BY window_end`, int(window.Seconds()), text(from))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var end, written string
		var l paneList
		if err := rows.Scan(&end, &written, &l.total); err != nil {
			return nil, err
		}
		if l.end, err = time.Parse(time.RFC3339, end); err != nil {
			return nil, err
		}
		if l.written, err = time.Parse(time.RFC3339, written); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

// ledger is what became of everything that was read.
func (s *store) ledger() (text string, err error) {
	var read, counted, late, rejected int64
	err = s.db.QueryRow(`SELECT coalesce(sum(read), 0), coalesce(sum(counted), 0), coalesce(sum(late), 0), coalesce(sum(rejected), 0) FROM ledger`).
		Scan(&read, &counted, &late, &rejected)
	return fmt.Sprintf("%d read, %d counted, %d late, %d rejected", read, counted, late, rejected), err
}

// text is a time as the tables have it.
func text(t time.Time) string { return t.UTC().Format(time.RFC3339) }
