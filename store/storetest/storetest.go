// Package storetest holds readers of databases to what package store says of
// them. One suite for every database.
package storetest

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"testing"

	"crest/store"
	"crest/table"
)

// A Database is one under test.
type Database struct {
	// Write writes rows as one bundle of a pipeline does. They can be read when it
	// returns.
	Write func(context.Context, []table.Row) error
	store.Reader
}

// Run runs the suite; open returns an empty database, whose tables are there.
func Run(t *testing.T, open func(*testing.T) Database) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Database)
	}{
		{"nothing", testNothing},
		{"lists", testLists},
		{"the newest window", testNewest},
		{"runs", testRuns},
		{"accuracy and rejects", testAudit},
		{"closed through", testClosedThrough},
		{"windows", testWindows},
		{"lists of an interval", testInterval},
		{"sketches", testSketches},
		{"many sketches", testManySketches},
		{"counts", testCounts},
		{"text", testText},
		{"wrong questions", testWrong},
		{"an ended context", testEnded},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// write writes rows twice, as bundles that are repeated do.
func write(t *testing.T, d Database, rows ...table.Row) {
	t.Helper()
	for range 2 {
		if err := d.Write(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
	}
}

func row[T table.Any](v T) table.Row {
	r, err := table.Encode(v)
	if err != nil {
		panic(fmt.Sprintf("storetest: %v", err))
	}
	return r
}

// same checks an answer.
func same[T any](t *testing.T, what string, got T, err error, want T) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v\ngot  %+v\nwant %+v", what, err, got, want)
	}
}

// all collects a sequence; it fails where there is a value beside an error, or
// one after it.
func all[T any](t *testing.T, seq iter.Seq2[T, error]) ([]T, error) {
	t.Helper()
	var got []T
	var failed error
	for v, err := range seq {
		if failed != nil {
			t.Errorf("after the error %v: %+v, %v", failed, v, err)
		}
		if err == nil {
			got = append(got, v)
		}
		failed = err
	}
	return got, failed
}

// The rows that the tests are made of. Windows are of minutes after hour; runs
// are r1, r2, …, in the order of their age.

const hour table.Time = 1769900400000 // 2026-01-31T23:00:00Z

func minute(m int) table.Time { return hour + table.Time(m)*60_000 }

func committed(run string) table.Row {
	return row(table.Run{Job: "j", Run: run, Path: table.Both, Kind: table.Batch, StartedAt: minute(90), CommittedAt: minute(91), Settings: "{}"})
}

func streaming(run string, completeFrom table.Time) table.Row {
	return row(table.Run{Job: "j", Run: run, Path: table.Fast, Kind: table.Streaming, StartedAt: minute(90), CompleteFrom: completeFrom, Settings: "{}"})
}

// list is the list of a window of so many minutes.
func list(run, path, segment string, m, minutes int, total uint64) table.TopK {
	return table.TopK{Job: "j", Run: run, Path: path, Segment: segment, WindowStart: minute(m), WindowEnd: minute(m + minutes),
		WindowSeconds: int64(minutes) * 60, Revision: total, Total: total, WrittenAt: minute(100),
		Items: []table.Item{{Rank: 1, Item: "x", Count: total, Lower: 1, Upper: total, Certain: true}}}
}

func sketch(run string, m int, shard int64, revision uint64) table.Sketch {
	return table.Sketch{Job: "j", Run: run, Path: table.Fast, WindowStart: minute(m), WindowEnd: minute(m + 1), WindowSeconds: 60,
		Shard: shard, Shards: 2, Revision: revision, Total: revision, Summary: []byte{1, byte(m), byte(shard), 0xff}, WrittenAt: minute(100)}
}

// count is an item's count in an hour.
func count(run string, h int, item string, n uint64) table.Row {
	return row(table.Count{Job: "j", Run: run, Item: item, Count: n, WindowStart: minute(60 * h), WindowEnd: minute(60*h + 60), WindowSeconds: 3600})
}
